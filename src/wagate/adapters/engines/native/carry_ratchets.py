"""Signal sessions and sender keys in this engine's records, to and from the plain form that all engines share."""

from __future__ import annotations

from wagate.domain.errors import DeviceUnreadable
from wagate.ports.ratchets import (
    MessageKey,
    Opening,
    ReceivingChain,
    SenderKey,
    SenderKeyState,
    Session,
    SessionState,
)
from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.proto import signal_pb2 as kept
from whatsapp_wire.signal.skipped import SkippedKeys
from whatsapp_wire.signal.states import of as states_of


def read_session(device: str, record: bytes) -> Session:
    """The session with a device. Raises DeviceUnreadable, or DecodeError."""
    states = [_read_state(state) for state in states_of(kept.SessionRecord.FromString(record))]
    if not states:
        raise DeviceUnreadable(f"The session with {device} is empty")
    return Session(device, states[0], tuple(states[1:]))


def session_record(session: Session) -> bytes:
    """The record of a session."""
    archived = [_state(state) for state in session.archived]
    return kept.SessionRecord(current=_state(session.current), archived=archived).SerializeToString()


def read_sender_key(address: str, record: bytes) -> SenderKey:
    """The chains of a sender in a group; ``address`` is ``group/device``. Raises DeviceUnreadable, DecodeError."""
    group, slash, device = address.partition("/")
    if not slash:
        raise DeviceUnreadable(f"{address[:100]!r} names no group and sender")
    states = kept.SenderKeyRecord.FromString(record).states
    return SenderKey(group, device, tuple(_read_chain(state) for state in states))


def sender_key_record(sender_key: SenderKey) -> bytes:
    """The record of a sender key."""
    return kept.SenderKeyRecord(
        states=[
            kept.SenderKeyState(
                id=state.id,
                next_iteration=state.next_iteration,
                chain_key=state.chain_key,
                signing_public=state.signing_public,
                signing_private=state.signing_private or None,
                skipped=_skipped(state.skipped),
            )
            for state in sender_key.states
        ]
    ).SerializeToString()


def _read_state(state: kept.SessionState) -> SessionState:
    opening = None
    if state.HasField("pending_base_key"):
        prekey_id = state.pending_prekey_id if state.HasField("pending_prekey_id") else None
        opening = Opening(state.pending_base_key, state.pending_signed_prekey_id, prekey_id)
    return SessionState(
        remote_identity=state.remote_identity,
        remote_registration_id=state.remote_registration_id,
        root_key=state.root_key,
        base_key=state.base_key,
        ratchet_private=state.ratchet_private,
        sending_key=state.sending_chain_key,
        sending_counter=state.sending_counter,
        previous_counter=state.previous_counter,
        receiving=tuple(
            ReceivingChain(chain.ratchet_key, chain.chain_key, chain.next_counter, _read_skipped(chain.skipped))
            for chain in state.receiving
        ),
        opening=opening,
    )


def _state(state: SessionState) -> kept.SessionState:
    opening = state.opening
    return kept.SessionState(
        remote_identity=state.remote_identity,
        remote_registration_id=state.remote_registration_id,
        root_key=state.root_key,
        base_key=state.base_key,
        ratchet_private=state.ratchet_private,
        ratchet_public=KeyPair.from_private(state.ratchet_private).public,
        sending_chain_key=state.sending_key,
        sending_counter=state.sending_counter or None,
        previous_counter=state.previous_counter or None,
        receiving=[
            kept.ReceiverChain(
                ratchet_key=chain.ratchet_key,
                chain_key=chain.key,
                next_counter=chain.next_counter,
                skipped=_skipped(chain.skipped),
            )
            for chain in state.receiving
        ],
        pending_base_key=opening.base_key if opening else None,
        pending_signed_prekey_id=opening.signed_prekey_id if opening else None,
        pending_prekey_id=opening.prekey_id if opening else None,
    )


def _read_chain(state: kept.SenderKeyState) -> SenderKeyState:
    return SenderKeyState(
        id=state.id,
        chain_key=state.chain_key,
        next_iteration=state.next_iteration,
        signing_public=state.signing_public,
        signing_private=state.signing_private,
        skipped=_read_skipped(state.skipped),
    )


def _read_skipped(keys: SkippedKeys) -> tuple[MessageKey, ...]:
    return tuple(MessageKey(key.counter, key.seed) for key in keys)


def _skipped(keys: tuple[MessageKey, ...]) -> list[kept.SkippedKey]:
    return [kept.SkippedKey(counter=key.counter, seed=key.secret) for key in keys]
