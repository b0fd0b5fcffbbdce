"""Sender keys: order, repetition, new chains, bounds, and forgery by other members."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.errors import (
    BadMac,
    DuplicateMessage,
    MalformedCiphertext,
    NoSession,
    SignalError,
    TooFarAhead,
)
from whatsapp_wire.proto.signal_pb2 import SenderKeyDistributionMessage, SenderKeyMessage, SenderKeyRecord
from whatsapp_wire.signal import ratchet, sender_keys
from whatsapp_wire.signal.envelope import SIGNATURE_LENGTH, VERSION_BYTE, typed
from whatsapp_wire.signal.session import message_counter


def send(own: bytes, *texts: bytes) -> tuple[bytes, list[bytes]]:
    messages = []
    for text in texts:
        done = sender_keys.encrypt(own, text)
        own = done.record
        messages.append(done.ciphertext)
    return own, messages


def joined(own: bytes) -> bytes:
    return sender_keys.process_distribution(None, sender_keys.distribution(own))


@settings(max_examples=30, deadline=None)
@given(order=st.permutations(range(8)))
def test_any_order_is_read_once(order: list[int]) -> None:
    own = sender_keys.create()
    member = joined(own)
    texts = [b"%d" % number for number in range(8)]
    _, messages = send(own, *texts)
    for index in order:
        done = sender_keys.decrypt(member, messages[index])
        assert done.plaintext == texts[index]
        member = done.record
        with pytest.raises(DuplicateMessage):
            sender_keys.decrypt(member, messages[index])


def test_a_member_reads_from_the_distribution_on() -> None:
    own, (early,) = send(sender_keys.create(), b"before")
    member = joined(own)
    _, (late,) = send(own, b"after")
    assert sender_keys.decrypt(member, late).plaintext == b"after"
    with pytest.raises(DuplicateMessage):
        sender_keys.decrypt(member, early)


def test_a_chain_handed_out_again_does_not_rewind() -> None:
    own = sender_keys.create()
    handed_out = sender_keys.distribution(own)
    _, (message,) = send(own, b"once")
    member = sender_keys.decrypt(joined(own), message).record
    with pytest.raises(DuplicateMessage):
        sender_keys.decrypt(sender_keys.process_distribution(member, handed_out), message)


def test_a_new_chain_leaves_the_old_one_readable_for_a_while() -> None:
    old = sender_keys.create()
    _, (late,) = send(old, b"late")
    member = joined(old)
    for _ in range(sender_keys.MAX_STATES - 1):
        member = sender_keys.process_distribution(member, sender_keys.distribution(sender_keys.create()))
    assert sender_keys.decrypt(member, late).plaintext == b"late"
    member = sender_keys.process_distribution(member, sender_keys.distribution(sender_keys.create()))
    assert len(SenderKeyRecord.FromString(member).states) == sender_keys.MAX_STATES
    with pytest.raises(NoSession):
        sender_keys.decrypt(member, late)


def test_another_member_cannot_speak_for_the_sender() -> None:
    own = sender_keys.create()
    member = joined(own)
    _, (message,) = send(own, b"mine")
    with pytest.raises(NoSession):
        sender_keys.encrypt(member, b"pretended")
    signed = message[:-SIGNATURE_LENGTH]
    with pytest.raises(BadMac):
        sender_keys.decrypt(member, signed + KeyPair.generate().sign(signed))


def test_jumps_are_bounded_and_cheap_to_keep() -> None:
    own = sender_keys.create()
    member = joined(own)
    ahead = SenderKeyRecord.FromString(own)
    ahead.states[0].next_iteration = ratchet.MAX_FORWARD + 1
    _, (message,) = send(ahead.SerializeToString(), b"far")
    with pytest.raises(TooFarAhead):
        sender_keys.decrypt(member, message)
    lost, _ = send(own, *[b"lost"] * (ratchet.MAX_SKIPPED + 10))
    _, (message,) = send(lost, b"here")
    record = SenderKeyRecord.FromString(sender_keys.decrypt(member, message).record)
    assert len(record.states[0].skipped) == ratchet.MAX_SKIPPED


def test_skipped_keys_are_bounded_over_all_chains() -> None:
    member = None
    for _ in range(2):
        own = sender_keys.create()
        member = sender_keys.process_distribution(member, sender_keys.distribution(own))
        lost, _ = send(own, *[b"lost"] * (ratchet.MAX_SKIPPED * 3 // 4))
        _, (message,) = send(lost, b"here")
        member = sender_keys.decrypt(member, message).record
    newest, oldest = SenderKeyRecord.FromString(member or b"").states
    assert (len(newest.skipped), len(oldest.skipped)) == (ratchet.MAX_SKIPPED * 3 // 4, ratchet.MAX_SKIPPED // 4)


@pytest.mark.parametrize(
    "distributed",
    [
        b"",
        b"\x33\xff",
        VERSION_BYTE
        + SenderKeyDistributionMessage(id=1, chain_key=bytes(32), signing_key=b"short").SerializeToString(),
        VERSION_BYTE
        + SenderKeyDistributionMessage(id=1, chain_key=b"short", signing_key=typed(bytes(32))).SerializeToString(),
    ],
)
def test_a_malformed_distribution_is_refused(distributed: bytes) -> None:
    with pytest.raises(MalformedCiphertext):
        sender_keys.process_distribution(None, distributed)


def test_the_last_iteration_of_all_can_be_read() -> None:
    own = SenderKeyRecord.FromString(sender_keys.create())
    own.states[0].next_iteration = 2**32 - 1
    record = own.SerializeToString()
    _, (message,) = send(record, b"last")
    assert sender_keys.decrypt(joined(record), message).plaintext == b"last"


def test_unknown_chains_and_empty_records_have_no_session() -> None:
    _, (message,) = send(sender_keys.create(), b"hello")
    for record in (None, joined(sender_keys.create())):
        with pytest.raises(NoSession):
            sender_keys.decrypt(record, message)
    with pytest.raises(NoSession):
        sender_keys.distribution(b"")


def test_positions_count_iterations_of_one_chain() -> None:
    _, messages = send(sender_keys.create(), b"one", b"two")
    first, second = (message_counter("skmsg", message) for message in messages)
    assert (first.chain, first.counter + 1) == (second.chain, second.counter)


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_a_damaged_message_raises_only_signal_errors(place: int, flip: int) -> None:
    own = sender_keys.create()
    member = joined(own)
    _, (message,) = send(own, b"content")
    damaged = bytearray(message)
    damaged[place % len(damaged)] ^= flip
    with pytest.raises(SignalError):
        sender_keys.decrypt(member, bytes(damaged))


def test_a_signed_nonsense_is_malformed() -> None:
    own = SenderKeyRecord.FromString(sender_keys.create()).states[0]
    member = SenderKeyRecord(states=[own]).SerializeToString()
    signed = VERSION_BYTE + SenderKeyMessage(id=own.id, iteration=0, ciphertext=b"odd").SerializeToString()
    with pytest.raises(MalformedCiphertext):
        sender_keys.decrypt(member, signed + KeyPair.from_private(own.signing_private).sign(signed))
