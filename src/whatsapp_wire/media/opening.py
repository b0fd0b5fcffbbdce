"""Decrypting a media file as it arrives, and the proof at its end that it was the right one.

Facts: whatsmeow `download.go`.
"""

import hmac
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from whatsapp_wire.crypto.ciphers import BLOCK_SIZE
from whatsapp_wire.errors import MediaDamaged
from whatsapp_wire.media.keys import MediaKeys
from whatsapp_wire.media.kinds import MediaKind
from whatsapp_wire.media.sealing import MAX_FILE, sealed_size
from whatsapp_wire.media.sidecar import MAC_SIZE

_TAIL: Final = BLOCK_SIZE + MAC_SIZE
"""The last bytes of a file are held back until they are known to be the last: padding and MAC."""


@dataclass(frozen=True, slots=True)
class MediaSecret:
    """What a message says about how to read its file: the key, and both SHA-256 hashes; the plain size if it is told.

    The kind belongs to it, because the same key encrypts a thumbnail otherwise.
    """

    kind: MediaKind
    media_key: bytes = field(repr=False)
    sha256: bytes
    enc_sha256: bytes
    size: int | None = None


class MediaOpener:
    """Takes an encrypted file in order, chunks of any size, and gives its plain form.

    **Nothing it gave may be believed before `finish` has returned**: the MAC and the hashes stand at the end.
    """

    def __init__(self, secret: MediaSecret) -> None:
        """Begin a file; raises InvalidKey."""
        keys = MediaKeys.expand(secret.media_key, secret.kind)
        self._secret = secret
        self._longest = sealed_size(MAX_FILE if secret.size is None else secret.size)
        self._cipher = Cipher(AES(keys.cipher_key), CBC(keys.iv)).decryptor()
        self._mac = hmac.new(keys.mac_key, keys.iv, "sha256")
        self._plain_hash = sha256()
        self._sealed_hash = sha256()
        self._tail = b""
        self._taken = 0
        self._size = 0

    @property
    def taken(self) -> int:
        """How many encrypted bytes have come: where a download that broke off goes on."""
        return self._taken

    def update(self, sealed: bytes) -> bytes:
        """The plain bytes that are ready once these have come, perhaps none; raises MediaDamaged if too many came."""
        self._taken += len(sealed)
        if self._taken > self._longest:
            raise MediaDamaged("the file is longer than its message says")
        self._sealed_hash.update(sealed)
        held = self._tail + sealed
        self._tail = held[-_TAIL:]
        ready = memoryview(held)[:-_TAIL]
        self._mac.update(ready)
        return self._told(self._cipher.update(ready))

    def finish(self) -> bytes:
        """The last plain bytes, once everything is proven; raises MediaDamaged, and then the whole file is void."""
        if self._taken < _TAIL or (self._taken - MAC_SIZE) % BLOCK_SIZE:
            raise MediaDamaged("the file is cut short")
        last, mac = self._tail[:BLOCK_SIZE], self._tail[BLOCK_SIZE:]
        self._mac.update(last)
        if not hmac.compare_digest(self._mac.digest()[:MAC_SIZE], mac):
            raise MediaDamaged("the file's MAC is wrong")
        padded = self._cipher.update(last) + self._cipher.finalize()
        pad = padded[-1]
        if not 1 <= pad <= BLOCK_SIZE or padded[-pad:] != bytes((pad,)) * pad:
            raise MediaDamaged("the file's padding is wrong")
        plain = self._told(padded[:-pad])
        self._compare()
        return plain

    def _told(self, plain: bytes) -> bytes:
        self._size += len(plain)
        self._plain_hash.update(plain)
        return plain

    def _compare(self) -> None:
        secret = self._secret
        if self._sealed_hash.digest() != secret.enc_sha256:
            raise MediaDamaged("the encrypted file is not the one that its message names")
        if self._plain_hash.digest() != secret.sha256 or secret.size not in (None, self._size):
            raise MediaDamaged("the file is not the one that its message names")
