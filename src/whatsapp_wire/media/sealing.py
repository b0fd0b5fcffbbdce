"""Encrypting a media file as it passes by: AES-256-CBC, then 10 bytes of HMAC-SHA256 (whatsmeow `upload.go`)."""

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from whatsapp_wire.crypto.ciphers import BLOCK_SIZE
from whatsapp_wire.media.keys import MediaKeys
from whatsapp_wire.media.kinds import MediaKind
from whatsapp_wire.media.sidecar import MAC_SIZE, Sidecar

MAX_FILE: Final = 2 << 30
"""Bytes that the largest file may have: 2 GiB, for documents; the host may allow less."""


@dataclass(frozen=True, slots=True)
class SealedMedia:
    """An encrypted file as a message announces it: hashes (SHA-256) and sizes (bytes) of the plain and encrypted form.

    ``sidecar`` is there for streamed media only.
    """

    sha256: bytes
    enc_sha256: bytes
    size: int
    sealed_size: int
    sidecar: bytes | None


def sealed_size(size: int) -> int:
    """How many bytes a file of so many bytes has once it is encrypted."""
    return (size // BLOCK_SIZE + 1) * BLOCK_SIZE + MAC_SIZE


class MediaSealer:
    """Takes a file in order, chunks of any size, and gives its encrypted form; holds less than a block of it.

    The same key, kind and file give the same bytes, so a file may be encrypted once to learn its hashes, which its
    upload begins with, and once more to send it.
    """

    def __init__(self, media_key: bytes, kind: MediaKind) -> None:
        """Begin a file; raises InvalidKey. A key is for one file (and its thumbnails) only."""
        keys = MediaKeys.expand(media_key, kind)
        self._cipher = Cipher(AES(keys.cipher_key), CBC(keys.iv)).encryptor()
        self._mac = hmac.new(keys.mac_key, keys.iv, "sha256")
        self._sidecar = Sidecar(keys.mac_key, keys.iv) if kind.is_streamed else None
        self._plain_hash = sha256()
        self._sealed_hash = sha256()
        self._size = 0
        self._sealed_size = 0

    def update(self, plaintext: bytes) -> bytes:
        """The encrypted bytes that are ready once these have come; perhaps none."""
        self._size += len(plaintext)
        self._plain_hash.update(plaintext)
        sealed = self._cipher.update(plaintext)
        self._mac.update(sealed)
        self._count(sealed)
        return sealed

    def finish(self) -> tuple[bytes, SealedMedia]:
        """The last encrypted bytes, and what there is to announce."""
        pad = BLOCK_SIZE - self._size % BLOCK_SIZE
        last = self._cipher.update(bytes((pad,)) * pad) + self._cipher.finalize()
        self._mac.update(last)
        last += self._mac.digest()[:MAC_SIZE]
        self._count(last)
        sidecar = None if self._sidecar is None else self._sidecar.finish()
        hashes = self._plain_hash.digest(), self._sealed_hash.digest()
        return last, SealedMedia(*hashes, self._size, self._sealed_size, sidecar)

    def _count(self, sealed: bytes) -> None:
        self._sealed_size += len(sealed)
        self._sealed_hash.update(sealed)
        if self._sidecar is not None:
            self._sidecar.update(sealed)
