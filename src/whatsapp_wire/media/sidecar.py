"""The streaming sidecar: a MAC for each part of an encrypted file, so that a player may trust a part before the whole.

The parts are windows of 64 KiB and 16 bytes, one every 64 KiB, over the initial vector, the ciphertext and the file's
own MAC: with CBC, the first 16 bytes of a window are what decrypts the rest. Each MAC is the first 10 bytes of
HMAC-SHA256 (checked against files that an official client had encrypted).
"""

import hmac
from typing import Final

WINDOW_STEP: Final = 65_536
WINDOW_OVERLAP: Final = 16
MAC_SIZE: Final = 10


class Sidecar:
    """Takes the encrypted file in order, chunks of any size; holds less than one window."""

    def __init__(self, mac_key: bytes, iv: bytes) -> None:
        self._mac_key = mac_key
        self._macs = bytearray()
        self._window = bytearray(iv)

    def update(self, sealed: bytes) -> None:
        """Take the next bytes."""
        rest = memoryview(sealed)
        while rest:
            room = WINDOW_STEP + WINDOW_OVERLAP - len(self._window)
            self._window += rest[:room]
            rest = rest[room:]
            if len(self._window) == WINDOW_STEP + WINDOW_OVERLAP:
                self._sign()
                del self._window[:WINDOW_STEP]

    def finish(self) -> bytes:
        """All MACs in a row: 10 bytes for every 64 KiB of the encrypted file that were begun."""
        # Its own MAC keeps a file from ending where a window does, so there is always something left to sign.
        self._sign()
        return bytes(self._macs)

    def _sign(self) -> None:
        self._macs += hmac.digest(self._mac_key, self._window, "sha256")[:MAC_SIZE]
