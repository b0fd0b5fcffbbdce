"""Sealing: what is secret is stored encrypted and bound to its place, so that no row can be read or moved elsewhere.

AES-256-GCM with a random 96-bit nonce. Every purpose (for records: every session) has its own key, derived from the
master key by HKDF-Expand: random nonces are good for about 2³² seals under one key (NIST SP 800-38D, 8.3), which one
busy gateway would use up in weeks and one session does not in years.

    1 byte version · 4 bytes master key id · 12 bytes nonce · ciphertext · 16 bytes tag
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from wagate.domain.errors import StorageUnavailable
from wagate.store.database import Database
from wagate.store.script import Script, sql

_VERSION = 1
_KEY = 32
_ID = 4
_NONCE = 12
_HEADER = 1 + _ID

_KNOWN = sql("SELECT id FROM sealing_key")
_LEARN = sql("INSERT INTO sealing_key (id, created_at) VALUES (:id, now_ms())")


class Unsealable(Exception):
    """What was stored is damaged, was moved, or was sealed with a master key that we do not have."""


class MasterKeyUnusable(StorageUnavailable):
    """The master key is missing, malformed, or not the one that this database was sealed with"""


@dataclass(frozen=True, slots=True)
class MasterKey:
    """The one secret that opens all others. ``id`` tells master keys apart and reveals nothing."""

    secret: bytes = field(repr=False)
    id: bytes

    @classmethod
    def of(cls, secret: bytes) -> MasterKey:
        """The key with these 32 bytes. Raises MasterKeyUnusable."""
        if len(secret) != _KEY:
            raise MasterKeyUnusable(f"A master key has {_KEY} bytes, not {len(secret)}")
        return cls(secret, hashlib.sha256(b"wagate master key id" + secret).digest()[:_ID])

    @classmethod
    def parse(cls, text: str) -> MasterKey:
        """The key written in base64. Raises MasterKeyUnusable."""
        try:
            return cls.of(base64.b64decode(text.strip(), validate=True))
        except binascii.Error as error:
            raise MasterKeyUnusable("The master key is not base64") from error

    @classmethod
    def load_or_make(cls, path: Path) -> MasterKey:
        """The key in a file, which is made (mode 0600, on disk before this returns) when there is none.

        Raises MasterKeyUnusable.
        """
        try:
            return cls.parse(path.read_text("ascii"))
        except FileNotFoundError:
            pass
        except (OSError, UnicodeDecodeError) as error:
            raise MasterKeyUnusable(f"{path} cannot be read: {error}") from error
        secret = os.urandom(_KEY)
        written = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(written, "wb") as file:
            file.write(base64.b64encode(secret) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return cls.of(secret)


class Box:
    """Seals and opens for one purpose."""

    __slots__ = ("_ciphers", "_header", "_sealing")

    def __init__(self, ciphers: dict[bytes, AESGCM], sealing: bytes) -> None:
        """``ciphers`` by master key id; ``sealing`` is the id that new seals are made with."""
        self._ciphers = ciphers
        self._header = bytes([_VERSION]) + sealing
        self._sealing = ciphers[sealing]

    def seal(self, place: str, plaintext: bytes) -> bytes:
        """Encrypt for one place, the only one where it can be opened again."""
        nonce = os.urandom(_NONCE)
        return self._header + nonce + self._sealing.encrypt(nonce, plaintext, self._header + place.encode())

    def open(self, place: str, sealed: bytes) -> bytes:
        """Decrypt what was sealed for this place. Raises Unsealable."""
        header = sealed[:_HEADER]
        cipher = self._ciphers.get(header[1:])
        if header[:1] != bytes([_VERSION]) or cipher is None:
            raise Unsealable("It is sealed with another master key, or it is no seal of ours")
        try:
            return cipher.decrypt(
                sealed[_HEADER : _HEADER + _NONCE], sealed[_HEADER + _NONCE :], header + place.encode()
            )
        except (InvalidTag, ValueError) as error:
            raise Unsealable("It is damaged or does not belong here") from error


class Sealer:
    """Makes boxes. With older master keys it still opens what they sealed, so that a key can be replaced."""

    def __init__(self, key: MasterKey, *older: MasterKey) -> None:
        """Seal with ``key``; open with any."""
        self._key = key
        self._keys = {known.id: known.secret for known in (key, *older)}

    def box(self, purpose: str) -> Box:
        """The box for one purpose, such as ``vault_record|ses_…``; boxes of other purposes cannot open its seals."""
        ciphers = {
            key_id: AESGCM(HKDFExpand(SHA256(), _KEY, b"wagate|" + purpose.encode()).derive(secret))
            for key_id, secret in self._keys.items()
        }
        return Box(ciphers, self._key.id)

    async def check(self, database: Database) -> None:
        """Make sure that the database was sealed with one of these keys, or has never been sealed.

        A lost key is thus noticed at the start, before anything new is sealed beside what nobody can open any more.
        Raises MasterKeyUnusable.
        """
        await database.write(self._check())

    def _check(self) -> Script[None]:
        known = {row["id"] for row in (yield _KNOWN())}
        ours = {key_id.hex() for key_id in self._keys}
        if not known <= ours:
            raise MasterKeyUnusable(
                f"This database is sealed with the master key {', '.join(sorted(known - ours))}; this one is "
                f"{self._key.id.hex()}. Restore the right key: without it the sessions' keys are lost."
            )
        if self._key.id.hex() not in known:
            yield _LEARN(id=self._key.id.hex())
