"""How Signal ciphertexts look on the wire: a version byte, a protobuf, and a MAC or a signature behind it.

Facts: libsignal `rust/protocol/src/protocol.rs`. Nothing here holds a key: `session` and `sender_keys` do the
cryptography.
"""

from dataclasses import dataclass
from typing import Protocol, TypeVar

from google.protobuf.message import DecodeError

from whatsapp_wire.errors import MalformedCiphertext
from whatsapp_wire.proto.signal_pb2 import PreKeySignalMessage, SenderKeyMessage, SignalMessage

VERSION = 3
VERSION_BYTE = bytes((VERSION << 4 | VERSION,))
"""Version of the message and newest version the sender speaks, four bits each."""

MAC_LENGTH = 8
SIGNATURE_LENGTH = 64

_KEY_TYPE = b"\x05"
_KEY_LENGTH = 32


class _Parsed(Protocol):
    def ParseFromString(self, serialized: bytes, /) -> int: ...


_M = TypeVar("_M", bound=_Parsed)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A SignalMessage taken apart: `signed` is what the MAC covers besides the two identity keys."""

    ratchet_key: bytes
    counter: int
    ciphertext: bytes
    signed: bytes
    mac: bytes


@dataclass(frozen=True, slots=True)
class PreKeyEnvelope:
    """A PreKeySignalMessage taken apart: what is needed to build the session, and the first message inside it."""

    registration_id: int
    prekey_id: int | None
    signed_prekey_id: int
    base_key: bytes
    identity: bytes
    message: bytes


@dataclass(frozen=True, slots=True)
class SenderKeyEnvelope:
    """A SenderKeyMessage taken apart: `signed` is what the signature covers."""

    id: int
    iteration: int
    ciphertext: bytes
    signed: bytes
    signature: bytes


def typed(key: bytes) -> bytes:
    """A public key as Signal writes it: type byte 05 (Curve25519), then 32 bytes."""
    return _KEY_TYPE + key


def untyped(key: bytes) -> bytes:
    """The 32 bytes of a typed public key; raises MalformedCiphertext for any other shape."""
    if len(key) != _KEY_LENGTH + 1 or key[:1] != _KEY_TYPE:
        raise MalformedCiphertext(f"a public key of {len(key)} bytes is not a typed Curve25519 key")
    return key[1:]


def parse(message: _M, versioned: bytes) -> _M:
    """Fill a protobuf from bytes that begin with the version byte; raises MalformedCiphertext."""
    if not versioned or versioned[0] >> 4 != VERSION:
        raise MalformedCiphertext("not a version 3 message")
    try:
        message.ParseFromString(versioned[1:])
    except DecodeError as error:
        raise MalformedCiphertext("the message is not a protobuf") from error
    return message


def open_envelope(ciphertext: bytes) -> Envelope:
    """Take a `msg` ciphertext apart; raises MalformedCiphertext."""
    signed, mac = ciphertext[:-MAC_LENGTH], ciphertext[-MAC_LENGTH:]
    message = parse(SignalMessage(), signed)
    return Envelope(untyped(message.ratchet_key), message.counter, message.ciphertext, signed, mac)


def open_prekey_envelope(ciphertext: bytes) -> PreKeyEnvelope:
    """Take a `pkmsg` ciphertext apart; raises MalformedCiphertext."""
    message = parse(PreKeySignalMessage(), ciphertext)
    return PreKeyEnvelope(
        registration_id=message.registration_id,
        prekey_id=message.prekey_id if message.HasField("prekey_id") else None,
        signed_prekey_id=message.signed_prekey_id,
        base_key=untyped(message.base_key),
        identity=untyped(message.identity_key),
        message=message.message,
    )


def open_sender_key_envelope(ciphertext: bytes) -> SenderKeyEnvelope:
    """Take a `skmsg` ciphertext apart; raises MalformedCiphertext."""
    signed, signature = ciphertext[:-SIGNATURE_LENGTH], ciphertext[-SIGNATURE_LENGTH:]
    message = parse(SenderKeyMessage(), signed)
    return SenderKeyEnvelope(message.id, message.iteration, message.ciphertext, signed, signature)
