"""Pairing on from where the server asks for a passkey, after a QR code or a pairing code was used.

The companion sends an assertion of the account's passkey together with a prologue: its ephemeral key, and a commitment
to a nonce. The phone answers with an ephemeral key and a nonce of its own; then the companion shows its nonce. Both
derive the key that seals the companion's request, and a code of eight characters for a human to compare. A handoff
proof, made from the secret that was in the QR code, spares the comparing. Facts: whatsmeow `pair-passkey.go`.
"""

import hmac
import os
from base64 import b32encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from google.protobuf.message import DecodeError

from whatsapp_wire.crypto.ciphers import aes_gcm_decrypt, aes_gcm_encrypt
from whatsapp_wire.crypto.kdf import hkdf, hmac_sha256
from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.errors import DecryptionFailed, InvalidKey, PairingRefused
from whatsapp_wire.pairing.link_code import ALPHABET, CODE_LENGTH
from whatsapp_wire.proto.passkey_pb2 import (
    CompanionCommitment,
    CompanionEphemeralIdentity,
    EncryptedPairingRequest,
    PairingRequest,
    PrimaryEphemeralIdentity,
    ProloguePayload,
)

_KEY, _IV = 32, 12
_CODE_BYTES: Final = CODE_LENGTH * 5 // 8
_HANDOFF_LABEL: Final = b"shortcake-passkey-handoff-v1"
_REQUEST_LABEL: Final = b"Pairing Information Encryption Key"
_LETTERS: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", ALPHABET)


@dataclass(frozen=True, slots=True)
class Companion:
    """The companion's side of one attempt: ephemeral key, nonce (32 bytes), and where and as what it pairs.

    `ref` is the server's word for the attempt, `device_type` a number of `DeviceProps.PlatformType`.
    """

    ephemeral: KeyPair
    nonce: bytes = field(repr=False)
    ref: str
    device_type: int

    @classmethod
    def new(cls, ref: str, device_type: int) -> "Companion":
        """Begin an attempt, with a new key and a new nonce."""
        return cls(KeyPair.generate(), os.urandom(_KEY), ref, device_type)

    def prologue(self) -> bytes:
        """What is sent along with the assertion (`ProloguePayload`); the nonce is in it as a commitment only."""
        identity = CompanionEphemeralIdentity(
            public_key=self.ephemeral.public, device_type=self.device_type, ref=self.ref
        ).SerializeToString()
        commitment = CompanionCommitment(hash=sha256(identity + self.nonce).digest())
        return ProloguePayload(companion_ephemeral_identity=identity, commitment=commitment).SerializeToString()


@dataclass(frozen=True, slots=True)
class Primary:
    """What the companion learns of the phone: its ephemeral public key and its nonce, 32 bytes each."""

    public: bytes
    nonce: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Prologue:
    """What the phone learns of the companion from its prologue. `identity` is what the commitment was made over."""

    public: bytes
    ref: str
    device_type: int
    identity: bytes
    commitment: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """What the companion wants to be linked as: its Noise and identity public keys, and the new secret of the link."""

    noise_public: bytes
    identity_public: bytes
    adv_secret: bytes = field(repr=False)


def handoff_key(adv_secret: bytes) -> bytes:
    """The key of handoff proofs, from the secret that the phone saw in the QR code or agreed on by the code."""
    return hkdf(adv_secret, _HANDOFF_LABEL, _KEY)


def handoff_proof(key: bytes, prologue: bytes) -> bytes:
    """That the companion of a prologue is the one whose code was used, 32 bytes."""
    return hmac_sha256(key, prologue)


def proves_handoff(key: bytes, prologue: bytes, proof: bytes) -> bool:
    """Whether a proof is the one of this prologue."""
    return hmac.compare_digest(handoff_proof(key, prologue), proof)


def request_key(ephemeral: KeyPair, other_public: bytes, ref: str, device_type: int) -> bytes:
    """The key under which the companion's request travels, the same on both sides; raises PairingRefused."""
    try:
        shared = ephemeral.agree(other_public)
    except InvalidKey as error:
        raise PairingRefused(401, "the other side sent an unusable key") from error
    salt = f"Companion Pairing {device_type} with ref {ref}".encode()
    return hkdf(shared, _REQUEST_LABEL, _KEY, salt)


def comparison_code(companion_nonce: bytes, primary: Primary) -> str:
    """Eight characters that both sides show, unless somebody stands between them; see `link_code.shown`."""
    digest = sha256(companion_nonce + primary.public).digest()
    mixed = bytes(one ^ other for one, other in zip(primary.nonce, digest[:_CODE_BYTES], strict=False))
    return b32encode(mixed).decode().translate(_LETTERS)


def seal_request(key: bytes, request: Request) -> bytes:
    """The companion's last word (`EncryptedPairingRequest`); a `pair-success` follows."""
    plain = PairingRequest(
        companion_public_key=request.noise_public,
        companion_identity_key=request.identity_public,
        adv_secret=request.adv_secret,
    ).SerializeToString()
    iv = os.urandom(_IV)
    return EncryptedPairingRequest(encrypted_payload=aes_gcm_encrypt(key, iv, plain), iv=iv).SerializeToString()


def open_request(key: bytes, sealed: bytes) -> Request:
    """Undo `seal_request`, on the phone; raises PairingRefused."""
    try:
        outer = EncryptedPairingRequest.FromString(sealed)
        if len(outer.iv) != _IV:
            raise PairingRefused(400, "the pairing request has no IV")
        inner = PairingRequest.FromString(aes_gcm_decrypt(key, outer.iv, outer.encrypted_payload))
    except (DecodeError, DecryptionFailed) as error:
        raise PairingRefused(401, "the pairing request cannot be opened") from error
    keys = inner.companion_public_key, inner.companion_identity_key, inner.adv_secret
    if any(len(each) != _KEY for each in keys):
        raise PairingRefused(400, "the pairing request lacks a key")
    return Request(*keys)


def read_prologue(payload: bytes) -> Prologue:
    """Read a prologue, on the phone; raises PairingRefused."""
    try:
        outer = ProloguePayload.FromString(payload)
        identity = CompanionEphemeralIdentity.FromString(outer.companion_ephemeral_identity)
    except DecodeError as error:
        raise PairingRefused(400, "the prologue is not a protobuf") from error
    if len(identity.public_key) != _KEY or len(outer.commitment.hash) != _KEY or not identity.ref:
        raise PairingRefused(400, "the prologue is incomplete")
    return Prologue(
        identity.public_key,
        identity.ref,
        identity.device_type,
        outer.companion_ephemeral_identity,
        outer.commitment.hash,
    )


def check_commitment(prologue: Prologue, nonce: bytes) -> None:
    """Whether the nonce is the one that was committed to; raises PairingRefused."""
    if not hmac.compare_digest(sha256(prologue.identity + nonce).digest(), prologue.commitment):
        raise PairingRefused(401, "the nonce is not the one that was committed to")


def write_primary(primary: Primary) -> bytes:
    """What the phone answers a prologue with (`PrimaryEphemeralIdentity`)."""
    return PrimaryEphemeralIdentity(public_key=primary.public, nonce=primary.nonce).SerializeToString()


def read_primary(payload: bytes) -> Primary:
    """Read the phone's answer; raises PairingRefused."""
    try:
        identity = PrimaryEphemeralIdentity.FromString(payload)
    except DecodeError as error:
        raise PairingRefused(400, "the phone's key is not a protobuf") from error
    if len(identity.public_key) != _KEY or len(identity.nonce) != _KEY:
        raise PairingRefused(400, "the phone's key or nonce has another length than 32 bytes")
    return Primary(identity.public_key, identity.nonce)
