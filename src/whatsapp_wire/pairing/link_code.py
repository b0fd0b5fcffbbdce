"""Pairing with an eight-character code: a key exchange authenticated by what the user types into the phone.

Each side wraps an ephemeral public key in AES-CTR under a key stretched from the code; the companion then sends its
identity key under the agreed secret, and both derive the secret of the link. Facts: whatsmeow `pair-code.go`.
Stretching takes about 60 ms, so it is a function of its own, to be run off an event loop.
"""

import hashlib
import os
import secrets
from dataclasses import dataclass
from typing import Final

from whatsapp_wire.crypto.ciphers import aes_ctr, aes_gcm_decrypt, aes_gcm_encrypt
from whatsapp_wire.crypto.kdf import hkdf
from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.errors import DecryptionFailed, InvalidKey, PairingRefused

ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTVWXYZ"
CODE_LENGTH: Final = 8
PBKDF2_ITERATIONS: Final = 131_072

_SALT, _IV, _KEY, _NONCE = 32, 16, 32, 12
_WRAPPED: Final = _SALT + _IV + _KEY
_BUNDLE_LABEL: Final = b"link_code_pairing_key_bundle_encryption_key"
_SECRET_LABEL: Final = b"adv_secret"


@dataclass(frozen=True, slots=True)
class KeyBundle:
    """What the companion sends to finish, and the secret that will authenticate the `pair-success`."""

    wrapped: bytes
    adv_secret: bytes


@dataclass(frozen=True, slots=True)
class CompanionKeys:
    """What the phone learns from the companion's bundle."""

    identity_public: bytes
    adv_secret: bytes


def new_code() -> str:
    """A random code, 40 bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def shown(code: str) -> str:
    """The code as people read it: ``ABCD-EFGH``."""
    return f"{code[:4]}-{code[4:]}"


def typed(text: str) -> str:
    """What a person typed, as a code; raise PairingRefused when it cannot be one."""
    code = text.replace("-", "").replace(" ", "").upper()
    if len(code) != CODE_LENGTH or not set(code) <= set(ALPHABET):
        raise PairingRefused(400, "a pairing code has eight letters and digits, without 0, I, O and U")
    return code


def new_salt() -> bytes:
    """A salt for `stretch`, 32 bytes."""
    return os.urandom(_SALT)


def salt_of(wrapped: bytes) -> bytes:
    """The salt with which the other side stretched the code; raise PairingRefused for another shape."""
    if len(wrapped) != _WRAPPED:
        raise PairingRefused(400, f"a wrapped key has {_WRAPPED} bytes, not {len(wrapped)}")
    return wrapped[:_SALT]


def stretch(code: str, salt: bytes) -> bytes:
    """The wrapping key of a code (PBKDF2-HMAC-SHA256, 131,072 rounds): about 60 ms, interpreter lock released."""
    return hashlib.pbkdf2_hmac("sha256", code.encode(), salt, PBKDF2_ITERATIONS, _KEY)


def wrap(public: bytes, wrapping_key: bytes, salt: bytes) -> bytes:
    """An ephemeral public key under a stretched code: salt, IV, ciphertext."""
    iv = os.urandom(_IV)
    return salt + iv + aes_ctr(wrapping_key, iv, public)


def unwrap(wrapped: bytes, wrapping_key: bytes) -> bytes:
    """The public key inside `wrapped`; a wrong code gives a wrong key, which only the bundle will tell."""
    return aes_ctr(wrapping_key, wrapped[_SALT : _SALT + _IV], wrapped[_SALT + _IV :])


def finish_companion(
    ephemeral: KeyPair, primary_ephemeral: bytes, primary_identity: bytes, identity: KeyPair
) -> KeyBundle:
    """The companion's last step, from the phone's unwrapped ephemeral and its identity key; raises PairingRefused."""
    random, salt, nonce = os.urandom(_KEY), os.urandom(_SALT), os.urandom(_NONCE)
    shared = _agree(ephemeral, primary_ephemeral)
    key = hkdf(shared, _BUNDLE_LABEL, _KEY, salt)
    bundle = aes_gcm_encrypt(key, nonce, identity.public + primary_identity + random)
    return KeyBundle(salt + nonce + bundle, _adv_secret(shared, _agree(identity, primary_identity), random))


def finish_primary(
    ephemeral: KeyPair, companion_ephemeral: bytes, account: KeyPair, bundle: bytes, companion_identity: bytes
) -> CompanionKeys:
    """The phone's last step; raises PairingRefused when the bundle does not open, that is, when the code was wrong."""
    shared = _agree(ephemeral, companion_ephemeral)
    key = hkdf(shared, _BUNDLE_LABEL, _KEY, bundle[:_SALT])
    try:
        plain = aes_gcm_decrypt(key, bundle[_SALT : _SALT + _NONCE], bundle[_SALT + _NONCE :])
    except (DecryptionFailed, ValueError) as error:
        raise PairingRefused(401, "the code does not match") from error
    if len(plain) != 3 * _KEY or plain[: 2 * _KEY] != companion_identity + account.public:
        raise PairingRefused(401, "the bundle is for another pair of devices")
    return CompanionKeys(
        companion_identity, _adv_secret(shared, _agree(account, companion_identity), plain[2 * _KEY :])
    )


def _adv_secret(ephemeral_secret: bytes, identity_secret: bytes, random: bytes) -> bytes:
    return hkdf(ephemeral_secret + identity_secret + random, _SECRET_LABEL, _KEY)


def _agree(own: KeyPair, theirs: bytes) -> bytes:
    try:
        return own.agree(theirs)
    except InvalidKey as error:
        raise PairingRefused(401, "the other side sent an unusable key") from error
