"""Sessions between two devices: X3DH and the double ratchet, version 3, as pure functions on record bytes.

Every function takes a record and returns a new one; the old bytes stay true until the caller stores the new ones, so a
message that cannot be decrypted leaves nothing half moved. Which state of a record is in front is decided by `states`.
"""

from dataclasses import dataclass
from hmac import compare_digest
from typing import Literal, NamedTuple

from whatsapp_wire.crypto.ciphers import aes_cbc_decrypt, aes_cbc_encrypt
from whatsapp_wire.crypto.kdf import hmac_sha256
from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.errors import (
    BadBundle,
    BadMac,
    DecryptionFailed,
    DuplicateMessage,
    InvalidKey,
    MalformedCiphertext,
    MissingPreKey,
    NoSession,
    SignalError,
)
from whatsapp_wire.proto.signal_pb2 import (
    PreKeySignalMessage,
    ReceiverChain,
    SessionRecord,
    SessionState,
    SignalMessage,
)
from whatsapp_wire.signal import ratchet, skipped, states
from whatsapp_wire.signal.envelope import (
    MAC_LENGTH,
    VERSION_BYTE,
    Envelope,
    PreKeyEnvelope,
    open_envelope,
    open_prekey_envelope,
    open_sender_key_envelope,
    typed,
)
from whatsapp_wire.signal.prekeys import PreKeyBundle

_GUESSED_FORWARD = ratchet.MAX_SKIPPED
"""Tighter than MAX_FORWARD: an unknown ratchet key is tried on every archived state before anything is proved."""


@dataclass(frozen=True, slots=True)
class Encrypted:
    """A ciphertext, the `type` its `enc` node carries, and the record to store before a byte of it leaves."""

    kind: Literal["pkmsg", "msg"]
    ciphertext: bytes
    record: bytes


@dataclass(frozen=True, slots=True)
class Decrypted:
    """A plaintext (still padded) and the record to store with it."""

    plaintext: bytes
    record: bytes


@dataclass(frozen=True, slots=True)
class PreKeyDecrypted:
    """A first message; `used_prekey_id` is to be deleted, `remote_identity` (32 bytes) compared with the known one."""

    plaintext: bytes
    record: bytes
    used_prekey_id: int | None
    remote_identity: bytes


class PreKeyIds(NamedTuple):
    """Which of our prekeys a `pkmsg` was built on, and the base key that names its session."""

    prekey_id: int | None
    signed_prekey_id: int
    base_key: bytes


class MessagePosition(NamedTuple):
    """A place in a chain; two different ciphertexts in one place mean that a ratchet was used twice."""

    chain: bytes
    counter: int


def initiate(identity: KeyPair, bundle: PreKeyBundle, previous: bytes | None = None) -> bytes:
    """Start a session with the device that published the bundle; a previous record's state is archived, not lost.

    Raises BadBundle when the signed prekey is not signed by the bundle's identity, or a key is unusable.
    """
    bundle.check()
    base, sending = KeyPair.generate(), KeyPair.generate()
    try:
        secrets = identity.agree(bundle.signed_prekey) + base.agree(bundle.identity) + base.agree(bundle.signed_prekey)
        if bundle.prekey is not None:
            secrets += base.agree(bundle.prekey)
        turn = sending.agree(bundle.signed_prekey)
    except InvalidKey as error:
        raise BadBundle("a key of the bundle is no usable Curve25519 key") from error
    root = ratchet.next_root(ratchet.first_root(secrets).root_key, turn)
    record = SessionRecord.FromString(previous or b"")
    states.archive_current(record)
    record.current.MergeFrom(
        SessionState(
            remote_identity=bundle.identity,
            remote_registration_id=bundle.registration_id,
            root_key=root.root_key,
            ratchet_private=sending.private,
            ratchet_public=sending.public,
            sending_chain_key=root.chain_key,
            base_key=base.public,
            pending_base_key=base.public,
            pending_signed_prekey_id=bundle.signed_prekey_id,
            pending_prekey_id=bundle.prekey_id if bundle.prekey is not None else None,
        )
    )
    return record.SerializeToString()


def encrypt(record: bytes | None, identity: KeyPair, registration_id: int, plaintext: bytes) -> Encrypted:
    """Encrypt a padded plaintext with the current state.

    The result is a `pkmsg` until the other side's first message arrives. Raises NoSession without a usable state.
    """
    kept = SessionRecord.FromString(record or b"")
    state = kept.current
    if not state.sending_chain_key:
        raise NoSession("there is no session to encrypt with")
    keys = ratchet.message_keys(ratchet.message_seed(state.sending_chain_key))
    signed = (
        VERSION_BYTE
        + SignalMessage(
            ratchet_key=typed(state.ratchet_public),
            counter=state.sending_counter,
            previous_counter=state.previous_counter,
            ciphertext=aes_cbc_encrypt(keys.cipher_key, keys.iv, plaintext),
        ).SerializeToString()
    )
    message = signed + _mac(keys.mac_key, identity.public, state.remote_identity, signed)
    state.sending_chain_key = ratchet.next_chain_key(state.sending_chain_key)
    state.sending_counter += 1
    if not state.HasField("pending_base_key"):
        return Encrypted("msg", message, kept.SerializeToString())
    first = PreKeySignalMessage(
        prekey_id=state.pending_prekey_id if state.HasField("pending_prekey_id") else None,
        base_key=typed(state.pending_base_key),
        identity_key=typed(identity.public),
        message=message,
        registration_id=registration_id,
        signed_prekey_id=state.pending_signed_prekey_id,
    )
    return Encrypted("pkmsg", VERSION_BYTE + first.SerializeToString(), kept.SerializeToString())


def decrypt(record: bytes | None, identity: KeyPair, ciphertext: bytes) -> Decrypted:
    """Decrypt a `msg` with the current state or an archived one, which then becomes current.

    Raises NoSession without a record, DuplicateMessage when that counter was used before, BadMac when no state fits,
    TooFarAhead and MalformedCiphertext.
    """
    if record is None:
        raise NoSession("there is no session with the sender")
    kept = SessionRecord.FromString(record)
    plaintext = _decrypt_with_any(kept, identity.public, open_envelope(ciphertext))
    return Decrypted(plaintext, kept.SerializeToString())


def decrypt_prekey(
    record: bytes | None,
    identity: KeyPair,
    ciphertext: bytes,
    signed_prekey: KeyPair | None,
    prekey: KeyPair | None,
) -> PreKeyDecrypted:
    """Decrypt a `pkmsg`, building the session it begins unless the record holds it already.

    The caller looks up the two keys that `prekey_ids` names; None means there is no such key (any more), which raises
    MissingPreKey if it was needed. Other errors as in `decrypt`.
    """
    first = open_prekey_envelope(ciphertext)
    kept = SessionRecord.FromString(record or b"")
    used = None
    if not states.promote(kept, first.base_key):
        _accept(kept, identity, first, signed_prekey, prekey)
        used = first.prekey_id
    elif not compare_digest(kept.current.remote_identity, first.identity):
        raise BadMac("the identity key differs from the one this session began with")
    plaintext = _decrypt_with(kept, kept.current, identity.public, open_envelope(first.message))
    return PreKeyDecrypted(plaintext, kept.SerializeToString(), used, first.identity)


def prekey_ids(ciphertext: bytes) -> PreKeyIds:
    """Which prekeys to look up before `decrypt_prekey`; raises MalformedCiphertext."""
    first = open_prekey_envelope(ciphertext)
    return PreKeyIds(first.prekey_id, first.signed_prekey_id, first.base_key)


def message_counter(kind: str, ciphertext: bytes) -> MessagePosition:
    """The place of a `msg`, `pkmsg` or `skmsg` in its chain, readable by anyone; raises MalformedCiphertext."""
    if kind == "skmsg":
        group_message = open_sender_key_envelope(ciphertext)
        return MessagePosition(group_message.id.to_bytes(4, "big"), group_message.iteration)
    message = open_envelope(open_prekey_envelope(ciphertext).message if kind == "pkmsg" else ciphertext)
    return MessagePosition(message.ratchet_key, message.counter)


def remote_identity(record: bytes) -> bytes:
    """The identity key (32 bytes) of the other side of the current state; raises NoSession when there is none."""
    kept = SessionRecord.FromString(record)
    if not kept.HasField("current"):
        raise NoSession("the record holds no session")
    return kept.current.remote_identity


def _accept(
    record: SessionRecord,
    identity: KeyPair,
    first: PreKeyEnvelope,
    signed_prekey: KeyPair | None,
    prekey: KeyPair | None,
) -> None:
    """Put the state that answers a first message in front; our own sending begins when the ratchet first turns."""
    if signed_prekey is None:
        raise MissingPreKey(first.signed_prekey_id)
    agreements = [(signed_prekey, first.identity), (identity, first.base_key), (signed_prekey, first.base_key)]
    if first.prekey_id is not None:
        if prekey is None:
            raise MissingPreKey(first.prekey_id)
        agreements.append((prekey, first.base_key))
    secrets = b"".join(_agree(own, theirs) for own, theirs in agreements)
    root = ratchet.first_root(secrets)
    states.archive_current(record)
    record.current.MergeFrom(
        SessionState(
            remote_identity=first.identity,
            remote_registration_id=first.registration_id,
            root_key=root.root_key,
            ratchet_private=signed_prekey.private,
            ratchet_public=signed_prekey.public,
            sending_chain_key=root.chain_key,
            base_key=first.base_key,
        )
    )


def _decrypt_with_any(record: SessionRecord, own_identity: bytes, message: Envelope) -> bytes:
    """Decrypt with the state that knows the ratchet key, else with each in turn; the one that fits becomes current."""
    familiar = next(
        (state for state in states.of(record) if states.chain(state, message.ratchet_key) is not None), None
    )
    failure: SignalError = NoSession("the record holds no session")
    for attempt, state in enumerate(tuple(states.of(record)) if familiar is None else (familiar,)):
        try:
            forward = _GUESSED_FORWARD if attempt else ratchet.MAX_FORWARD
            plaintext = _decrypt_with(record, state, own_identity, message, forward)
        except SignalError as error:
            failure = failure if attempt else error
            continue
        states.promote(record, state.base_key)
        return plaintext
    raise failure


def _decrypt_with(
    record: SessionRecord,
    state: SessionState,
    own_identity: bytes,
    message: Envelope,
    forward: int = ratchet.MAX_FORWARD,
) -> bytes:
    """Decrypt with one state of the record, which changes only when the MAC is right and the plaintext is whole."""
    chain = states.chain(state, message.ratchet_key)
    if chain is not None and message.counter < chain.next_counter:
        return _decrypt_overtaken(state, chain, own_identity, message)
    if chain is not None:
        root, chain_key, counter = None, chain.chain_key, chain.next_counter
    else:
        root = ratchet.next_root(state.root_key, _agree(_ratchet_pair(state), message.ratchet_key))
        chain_key, counter = root.chain_key, 0
    step = ratchet.advance(chain_key, counter, message.counter, forward)
    plaintext = _open(state, own_identity, message, step.seed)
    if root is not None:
        chain = _turn(state, root.root_key, message.ratchet_key)
    assert chain is not None
    chain.chain_key, chain.next_counter = step.chain_key, message.counter + 1
    if message.counter > counter:
        skipped.remember(chain.skipped, step)
        states.bound_skipped(record)
    _stop_announcing(state)
    return plaintext


def _decrypt_overtaken(state: SessionState, chain: ReceiverChain, own_identity: bytes, message: Envelope) -> bytes:
    index = skipped.find(chain.skipped, message.counter)
    if index is None:
        raise DuplicateMessage(f"message {message.counter} was decrypted before; next is {chain.next_counter}")
    plaintext = _open(state, own_identity, message, chain.skipped[index].seed)
    del chain.skipped[index]
    _stop_announcing(state)
    return plaintext


def _open(state: SessionState, own_identity: bytes, message: Envelope, seed: bytes) -> bytes:
    keys = ratchet.message_keys(seed)
    expected = _mac(keys.mac_key, state.remote_identity, own_identity, message.signed)
    if not compare_digest(expected, message.mac):
        raise BadMac("the message was not made with this session")
    try:
        return aes_cbc_decrypt(keys.cipher_key, keys.iv, message.ciphertext)
    except DecryptionFailed as error:
        raise MalformedCiphertext("the sender authenticated something that is no ciphertext") from error


def _turn(state: SessionState, root_key: bytes, ratchet_key: bytes) -> ReceiverChain:
    """Turn the Diffie-Hellman ratchet: a receiving chain for their new key, then a new key and chain of our own."""
    own = KeyPair.generate()
    root = ratchet.next_root(root_key, own.agree(ratchet_key))
    # libsignal sends the index of the last message here, not their number, and 0 for both none and one.
    state.previous_counter = max(state.sending_counter - 1, 0)
    state.root_key, state.sending_chain_key, state.sending_counter = root.root_key, root.chain_key, 0
    state.ratchet_private, state.ratchet_public = own.private, own.public
    state.receiving.add(ratchet_key=ratchet_key)
    del state.receiving[: -states.MAX_RECEIVER_CHAINS]
    return state.receiving[-1]


def _stop_announcing(state: SessionState) -> None:
    """The other side has the session: what we send need not carry its beginning any more."""
    for field in ("pending_base_key", "pending_prekey_id", "pending_signed_prekey_id"):
        state.ClearField(field)


def _agree(own: KeyPair, theirs: bytes) -> bytes:
    try:
        return own.agree(theirs)
    except InvalidKey as error:
        raise MalformedCiphertext("the message carries a key of low order") from error


def _ratchet_pair(state: SessionState) -> KeyPair:
    return KeyPair(state.ratchet_private, state.ratchet_public)


def _mac(key: bytes, sender: bytes, receiver: bytes, signed: bytes) -> bytes:
    return hmac_sha256(key, typed(sender) + typed(receiver) + signed)[:MAC_LENGTH]
