"""Sender keys: one chain per sender and group, whose key every member holds, signed by the sender.

Facts: libsignal `rust/protocol/src/group_cipher.rs` and `sender_keys.rs`. Pure functions on records, like `session`.
"""

import os
import secrets
from dataclasses import dataclass

from whatsapp_wire.crypto.ciphers import aes_cbc_decrypt, aes_cbc_encrypt
from whatsapp_wire.crypto.keys import KeyPair, verify
from whatsapp_wire.errors import BadMac, DecryptionFailed, DuplicateMessage, MalformedCiphertext, NoSession
from whatsapp_wire.proto.signal_pb2 import (
    SenderKeyDistributionMessage,
    SenderKeyMessage,
    SenderKeyRecord,
    SenderKeyState,
)
from whatsapp_wire.signal import ratchet, skipped
from whatsapp_wire.signal.envelope import (
    VERSION_BYTE,
    SenderKeyEnvelope,
    open_sender_key_envelope,
    parse,
    typed,
    untyped,
)
from whatsapp_wire.signal.session import Decrypted

MAX_STATES = 5
"""Chains of one sender that are kept while members still send with an older one (libsignal `MAX_SENDER_KEY_STATES`)."""

_CHAIN_KEY_LENGTH = 32


@dataclass(frozen=True, slots=True)
class SenderEncrypted:
    """A `skmsg` ciphertext and the record to store before a byte of it leaves."""

    ciphertext: bytes
    record: bytes


def create() -> bytes:
    """A record of our own for one group: a random chain with a new signing key."""
    signing = KeyPair.generate()
    state = SenderKeyState(
        id=secrets.randbits(31),
        next_iteration=0,
        chain_key=os.urandom(_CHAIN_KEY_LENGTH),
        signing_public=signing.public,
        signing_private=signing.private,
    )
    return SenderKeyRecord(states=[state]).SerializeToString()


def distribution(record: bytes) -> bytes:
    """The SenderKeyDistributionMessage that lets a member read what we send from the next message on.

    Raises NoSession when the record is empty.
    """
    state = _newest(SenderKeyRecord.FromString(record))
    message = SenderKeyDistributionMessage(
        id=state.id,
        iteration=state.next_iteration,
        chain_key=state.chain_key,
        signing_key=typed(state.signing_public),
    )
    return VERSION_BYTE + message.SerializeToString()


def process_distribution(record: bytes | None, distributed: bytes) -> bytes:
    """The record of another sender with the chain it distributed in front; raises MalformedCiphertext.

    A chain that is known already stays where it is: handing it out again must not make read messages readable twice.
    """
    message = parse(SenderKeyDistributionMessage(), distributed)
    signing = untyped(message.signing_key)
    if len(message.chain_key) != _CHAIN_KEY_LENGTH:
        raise MalformedCiphertext(f"a chain key has {_CHAIN_KEY_LENGTH} bytes, not {len(message.chain_key)}")
    old = SenderKeyRecord.FromString(record or b"").states
    known = next((state for state in old if state.id == message.id and state.signing_public == signing), None)
    newest = known or SenderKeyState(
        id=message.id, next_iteration=message.iteration, chain_key=message.chain_key, signing_public=signing
    )
    others = [state for state in old if state.id != message.id]
    return SenderKeyRecord(states=[newest, *others[: MAX_STATES - 1]]).SerializeToString()


def encrypt(record: bytes, plaintext: bytes) -> SenderEncrypted:
    """Encrypt a padded plaintext for the group; raises NoSession when the record is not one of our own."""
    kept = SenderKeyRecord.FromString(record)
    state = _newest(kept)
    if not state.signing_private:
        raise NoSession("this sender key belongs to somebody else")
    keys = ratchet.sender_message_keys(ratchet.message_seed(state.chain_key))
    message = SenderKeyMessage(
        id=state.id,
        iteration=state.next_iteration,
        ciphertext=aes_cbc_encrypt(keys.cipher_key, keys.iv, plaintext),
    )
    signed = VERSION_BYTE + message.SerializeToString()
    signature = KeyPair(state.signing_private, state.signing_public).sign(signed)
    state.chain_key = ratchet.next_chain_key(state.chain_key)
    state.next_iteration += 1
    return SenderEncrypted(signed + signature, kept.SerializeToString())


def decrypt(record: bytes | None, ciphertext: bytes) -> Decrypted:
    """Decrypt a `skmsg`.

    Raises NoSession when its chain is unknown, BadMac when the signature is wrong, DuplicateMessage when that iteration
    was used before, TooFarAhead and MalformedCiphertext.
    """
    message = open_sender_key_envelope(ciphertext)
    kept = SenderKeyRecord.FromString(record or b"")
    state = next((state for state in kept.states if state.id == message.id), None)
    if state is None:
        raise NoSession("the sender's key has not been distributed to us")
    if not verify(state.signing_public, message.signed, message.signature):
        raise BadMac("the signature of the group message is wrong")
    if message.iteration < state.next_iteration:
        plaintext = _decrypt_overtaken(state, message)
    else:
        step = ratchet.advance(state.chain_key, state.next_iteration, message.iteration)
        plaintext = _open(message, step.seed)
        skipped.remember(state.skipped, step)
        state.chain_key, state.next_iteration = step.chain_key, message.iteration + 1
        skipped.bound(state.skipped for state in reversed(kept.states))
    return Decrypted(plaintext, kept.SerializeToString())


def _newest(record: SenderKeyRecord) -> SenderKeyState:
    if not record.states:
        raise NoSession("the record holds no sender key")
    return record.states[0]


def _decrypt_overtaken(state: SenderKeyState, message: SenderKeyEnvelope) -> bytes:
    index = skipped.find(state.skipped, message.iteration)
    if index is None:
        raise DuplicateMessage(f"iteration {message.iteration} was decrypted before; next is {state.next_iteration}")
    plaintext = _open(message, state.skipped[index].seed)
    del state.skipped[index]
    return plaintext


def _open(message: SenderKeyEnvelope, seed: bytes) -> bytes:
    keys = ratchet.sender_message_keys(seed)
    try:
        return aes_cbc_decrypt(keys.cipher_key, keys.iv, message.ciphertext)
    except DecryptionFailed as error:
        raise MalformedCiphertext("the sender signed something that is no ciphertext") from error
