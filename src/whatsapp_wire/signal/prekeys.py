"""The keys a device publishes so that others can start a session with it while it is away."""

from dataclasses import dataclass
from typing import Self

from whatsapp_wire.crypto.keys import KeyPair, verify
from whatsapp_wire.errors import BadBundle
from whatsapp_wire.signal.envelope import typed

MAX_PREKEY_ID = 0xFFFFFE
"""Ids are 24 bits on the wire; whatsmeow and the official clients wrap around before the last one."""


@dataclass(frozen=True, slots=True)
class PreKey:
    """A one-time prekey: `id` 1 to MAX_PREKEY_ID; it serves one session and is then deleted."""

    id: int
    key: KeyPair

    @classmethod
    def generate(cls, id: int) -> Self:
        """A new one-time prekey under that id."""
        return cls(id, KeyPair.generate())


@dataclass(frozen=True, slots=True)
class SignedPreKey:
    """A prekey of medium life, signed by the identity key (XEdDSA over the type byte 05 and the public key)."""

    id: int
    key: KeyPair
    signature: bytes

    @classmethod
    def generate(cls, id: int, identity: KeyPair) -> Self:
        """A new signed prekey under that id."""
        key = KeyPair.generate()
        return cls(id, key, identity.sign(typed(key.public)))


@dataclass(frozen=True, slots=True)
class PreKeyBundle:
    """What the server hands out to whoever writes to a device; every key is public, 32 bytes, without type byte."""

    registration_id: int
    identity: bytes
    signed_prekey_id: int
    signed_prekey: bytes
    signature: bytes
    prekey_id: int | None = None
    prekey: bytes | None = None

    def check(self) -> None:
        """Raise BadBundle unless the identity key signed the signed prekey."""
        if not verify(self.identity, typed(self.signed_prekey), self.signature):
            raise BadBundle("the signed prekey is not signed by the identity key")


def next_prekey_id(id: int) -> int:
    """The id after this one, wrapping to 1."""
    return id % MAX_PREKEY_ID + 1
