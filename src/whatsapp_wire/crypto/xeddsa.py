"""XEdDSA: Ed25519 signatures made with X25519 keys (Signal's "The XEdDSA and VXEdDSA Signature Schemes", revision 1).

WhatsApp, like libsignal, moves the sign bit of the Edwards public key into the top bit of the signature instead of
negating the private key, so signing needs no secret-dependent branch. All arithmetic on secrets is libsodium's, which
is constant time.
"""

import os
from hashlib import sha512

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from nacl import bindings as sodium

from whatsapp_wire.errors import InvalidKey

KEY_SIZE = 32
SIGNATURE_SIZE = 64
NONCE_SIZE = 64

_FIELD = 2**255 - 19
_COORDINATE = (1 << 255) - 1
# The encoding of 2^256 - 2, which separates the hash of the nonce from every other hash in the scheme.
_NONCE_DOMAIN = b"\xfe" + b"\xff" * 31


def sign(private: bytes, message: bytes, nonce: bytes | None = None) -> bytes:
    """Sign with an X25519 private key; 64 bytes.

    ``nonce`` is 64 random bytes, drawn here when absent. Giving one is for test vectors: the signature stays safe as
    long as the same nonce never signs two messages.
    """
    if len(private) != KEY_SIZE:
        raise InvalidKey("a private key is 32 bytes")
    secret = clamp(private)
    scalar = sodium.crypto_core_ed25519_scalar_reduce(secret + bytes(KEY_SIZE))
    public = sodium.crypto_scalarmult_ed25519_base_noclamp(secret)
    blind = _scalar(_NONCE_DOMAIN + secret + message + (nonce or os.urandom(NONCE_SIZE)))
    commitment = sodium.crypto_scalarmult_ed25519_base_noclamp(blind)
    challenge = _scalar(commitment + public + message)
    answer = sodium.crypto_core_ed25519_scalar_add(sodium.crypto_core_ed25519_scalar_mul(challenge, scalar), blind)
    sign_bit = public[31] & 0x80
    return commitment + answer[:31] + bytes((answer[31] & 0x7F | sign_bit,))


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the holder of this X25519 public key signed the message; never raises on bad keys or signatures."""
    if len(public) != KEY_SIZE or len(signature) != SIGNATURE_SIZE:
        return False
    edwards = _edwards(public, signature[63] & 0x80)
    try:
        Ed25519PublicKey.from_public_bytes(edwards).verify(signature[:63] + bytes((signature[63] & 0x7F,)), message)
    except InvalidSignature:
        return False
    return True


def clamp(private: bytes) -> bytes:
    """Fix the bits of a private key that RFC 7748 §5 fixes before every use."""
    return bytes((private[0] & 0xF8,)) + private[1:31] + bytes((private[31] & 0x7F | 0x40,))


def _scalar(hashed: bytes) -> bytes:
    return sodium.crypto_core_ed25519_scalar_reduce(sha512(hashed).digest())


def _edwards(public: bytes, sign_bit: int) -> bytes:
    """Map a Montgomery u-coordinate to the Edwards point with this sign: y = (u - 1) / (u + 1)."""
    u = int.from_bytes(public, "little") & _COORDINATE
    inverse = pow(u + 1, -1, _FIELD) if (u + 1) % _FIELD else 0
    y = (u - 1) * inverse % _FIELD
    return (y | sign_bit << 248).to_bytes(KEY_SIZE, "little")
