"""Sealing with a passphrase, for what leaves the house: scrypt (RFC 7914) and AES-256-GCM, in a header that says so.

    14 bytes magic · 1 byte version · 1 byte log2(N) · 16 bytes salt · 16 bytes check · 12 bytes nonce
    ciphertext · 16 bytes tag

The key comes from the passphrase and the salt; the check is derived beside it and tells a wrong passphrase from a
damaged file. Everything in front of the ciphertext is authenticated with it.
"""

from __future__ import annotations

import hmac
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from wagate.domain.errors import ArchiveNewer, ArchiveUnreadable, PassphraseWrong

_MAGIC: Final = b"wagate-archive"
_VERSION: Final = 1
_LOG_N: Final = 16
_MOST_LOG_N: Final = 18
"""Of what comes from outside, no more work (256 MiB) than this is done."""

_SALT, _CHECK, _NONCE, _TAG, _KEY = 16, 16, 12, 16, 32
_HEADER: Final = len(_MAGIC) + 2 + _SALT + _CHECK + _NONCE


def seal(passphrase: str, plaintext: bytes, *, log_n: int = _LOG_N) -> bytes:
    """Seal; takes a quarter of a second and 64 MiB."""
    salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
    key, check = _stretch(passphrase, salt, log_n)
    header = _MAGIC + bytes((_VERSION, log_n)) + salt + check + nonce
    return header + AESGCM(key).encrypt(nonce, plaintext, header)


def unseal(passphrase: str, sealed: bytes) -> bytes:
    """The inverse of ``seal``. Raises ArchiveUnreadable, ArchiveNewer, PassphraseWrong."""
    at = len(_MAGIC)
    if not sealed.startswith(_MAGIC) or len(sealed) < at + 1:
        raise ArchiveUnreadable("This is no archive of wagate")
    if sealed[at] != _VERSION:
        raise ArchiveNewer(f"The archive has version {sealed[at]}, this gateway reads {_VERSION}; upgrade it")
    if len(sealed) < _HEADER + _TAG or not 1 <= sealed[at + 1] <= _MOST_LOG_N:
        raise ArchiveUnreadable("The archive is cut short or damaged")
    header, ciphertext = sealed[:_HEADER], sealed[_HEADER:]
    salt, check = header[at + 2 : at + 2 + _SALT], header[at + 2 + _SALT : _HEADER - _NONCE]
    key, expected = _stretch(passphrase, salt, header[at + 1])
    if not hmac.compare_digest(check, expected):
        raise PassphraseWrong
    try:
        return AESGCM(key).decrypt(header[_HEADER - _NONCE :], ciphertext, header)
    except InvalidTag as error:
        raise ArchiveUnreadable("The archive is cut short, or was changed") from error


def _stretch(passphrase: str, salt: bytes, log_n: int) -> tuple[bytes, bytes]:
    stretched = Scrypt(salt=salt, length=_KEY + _CHECK, n=1 << log_n, r=8, p=1).derive(passphrase.encode())
    return stretched[:_KEY], stretched[_KEY:]
