"""Linking a device to an account by QR code or by eight-character code, the companion's and the phone's side."""
