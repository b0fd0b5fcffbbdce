"""The Signal protocol, version 3: sessions of two devices, sender keys of groups; pure functions on records."""
