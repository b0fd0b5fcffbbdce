"""Curve25519 key pairs, which agree on secrets (X25519, RFC 7748) and sign (XEdDSA)."""

import os
from dataclasses import dataclass, field
from typing import Self

from nacl import bindings as sodium
from nacl.exceptions import CryptoError

from whatsapp_wire.crypto import xeddsa
from whatsapp_wire.errors import InvalidKey

KEY_SIZE = xeddsa.KEY_SIZE

verify = xeddsa.verify


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key and its public key, 32 bytes each, without the type byte 5 that some messages put in front."""

    private: bytes = field(repr=False)
    public: bytes

    @classmethod
    def generate(cls) -> Self:
        """A new random key pair."""
        return cls.from_private(xeddsa.clamp(os.urandom(KEY_SIZE)))

    @classmethod
    def from_private(cls, private: bytes) -> Self:
        """The pair of a stored private key; raise `InvalidKey` when it is not 32 bytes."""
        if len(private) != KEY_SIZE:
            raise InvalidKey("a private key is 32 bytes")
        return cls(private, sodium.crypto_scalarmult_base(private))

    def agree(self, public: bytes) -> bytes:
        """The X25519 secret shared with another public key; raise `InvalidKey` for one of wrong size or low order."""
        if len(public) != KEY_SIZE:
            raise InvalidKey("a public key is 32 bytes")
        try:
            return sodium.crypto_scalarmult(self.private, public)
        except CryptoError as error:
            raise InvalidKey("the public key has low order") from error

    def sign(self, message: bytes) -> bytes:
        """An XEdDSA signature, 64 bytes."""
        return xeddsa.sign(self.private, message)
