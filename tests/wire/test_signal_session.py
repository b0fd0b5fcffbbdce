"""Sessions of two devices: first messages, order, repetition, bounds, and what a forger can reach."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.errors import (
    BadBundle,
    BadMac,
    DuplicateMessage,
    MalformedCiphertext,
    MissingPreKey,
    NoSession,
    SignalError,
    TooFarAhead,
)
from whatsapp_wire.proto.signal_pb2 import PreKeySignalMessage, SessionRecord, SignalMessage
from whatsapp_wire.signal import ratchet, session, states
from whatsapp_wire.signal.envelope import VERSION_BYTE, typed
from whatsapp_wire.signal.prekeys import PreKeyBundle, SignedPreKey
from wire.signal_parties import Party, acquainted

LOW_ORDER = bytes(32)


def forged(message: SignalMessage) -> bytes:
    return VERSION_BYTE + message.SerializeToString() + bytes(8)


def test_a_first_message_carries_the_session_until_the_other_side_has_spoken() -> None:
    alice, bob = Party(), Party()
    alice.initiate(bob)
    first, second = alice.encrypt(b"one"), alice.encrypt(b"two")
    assert (first[0], second[0]) == ("pkmsg", "pkmsg")
    assert bob.decrypt(*second) == b"two"
    assert bob.decrypt(*first) == b"one"
    assert alice.decrypt(*bob.encrypt(b"hi")) == b"hi"
    assert alice.encrypt(b"three")[0] == "msg"


@pytest.mark.parametrize("with_prekey", [True, False])
def test_a_first_message_uses_up_its_one_time_prekey(with_prekey: bool) -> None:
    alice, bob = Party(), Party()
    alice.initiate(bob, with_prekey)
    kind, ciphertext = alice.encrypt(b"hello")
    plaintext, record, used = bob.open(kind, ciphertext)
    assert plaintext == b"hello"
    assert used == (1 if with_prekey else None)
    assert session.remote_identity(record) == alice.identity.public
    bob.record = record
    assert bob.open(*alice.encrypt(b"again"))[2] is None


def test_a_first_message_names_what_to_look_up() -> None:
    alice, bob = Party(), Party()
    alice.initiate(bob)
    _, ciphertext = alice.encrypt(b"hello")
    ids = session.prekey_ids(ciphertext)
    assert ids == (1, 1, SessionRecord.FromString(alice.stored()).current.base_key)


def test_a_missing_prekey_is_named() -> None:
    alice, bob = Party(), Party()
    alice.initiate(bob)
    _, ciphertext = alice.encrypt(b"hello")
    with pytest.raises(MissingPreKey) as one_time:
        session.decrypt_prekey(None, bob.identity, ciphertext, bob.signed.key, None)
    assert one_time.value.id == 1
    bob.signed = SignedPreKey.generate(9, bob.identity)
    with pytest.raises(MissingPreKey):
        bob.open("pkmsg", ciphertext)


def test_a_bundle_must_be_signed_and_hold_real_keys() -> None:
    alice, bob = Party(), Party()
    good = bob.bundle()
    swapped = PreKeyBundle(7, good.identity, 1, KeyPair.generate().public, good.signature)
    with pytest.raises(BadBundle):
        session.initiate(alice.identity, swapped)
    weak = PreKeyBundle(7, good.identity, 1, good.signed_prekey, good.signature, 2, LOW_ORDER)
    with pytest.raises(BadBundle):
        session.initiate(alice.identity, weak)


def test_the_identity_in_a_later_first_message_cannot_be_exchanged() -> None:
    alice, bob = Party(), Party()
    alice.initiate(bob)
    bob.decrypt(*alice.encrypt(b"one"))
    _, ciphertext = alice.encrypt(b"two")
    message = PreKeySignalMessage.FromString(ciphertext[1:])
    message.identity_key = typed(KeyPair.generate().public)
    with pytest.raises(BadMac):
        bob.open("pkmsg", VERSION_BYTE + message.SerializeToString())


def test_every_counter_is_read_once() -> None:
    alice, bob = acquainted()
    messages = [alice.encrypt(b"%d" % number) for number in range(6)]
    for index in (0, 4, 2):
        assert bob.decrypt(*messages[index]) == b"%d" % index
    for index in (0, 4, 2):
        with pytest.raises(DuplicateMessage):
            bob.open(*messages[index])
    for index in (5, 1, 3):
        assert bob.decrypt(*messages[index]) == b"%d" % index


def test_a_repeated_first_message_is_a_duplicate() -> None:
    alice, bob = Party(), Party()
    alice.initiate(bob)
    first = alice.encrypt(b"hello")
    bob.decrypt(*first)
    with pytest.raises(DuplicateMessage):
        bob.open(*first)


def test_the_previous_counter_is_the_index_of_the_last_message() -> None:
    alice, bob = acquainted()

    def previous(sent: int) -> int:
        for number in range(sent):
            bob.decrypt(*alice.encrypt(b"%d" % number))
        alice.decrypt(*bob.encrypt(b"turn"))
        _, ciphertext = alice.encrypt(b"first of its chain")
        bob.decrypt("msg", ciphertext)
        return SignalMessage.FromString(ciphertext[1:-8]).previous_counter

    assert previous(sent=5) == 4
    assert previous(sent=0) == 0  # the message of the round before was the only one of its chain


def test_two_sides_that_start_at_once_read_everything_and_agree_in_the_end() -> None:
    alice, bob = Party(), Party()
    alice.initiate(bob)
    bob.initiate(alice)
    from_alice, from_bob = alice.encrypt(b"from alice"), bob.encrypt(b"from bob")
    assert bob.decrypt(*from_alice) == b"from alice"
    assert alice.decrypt(*from_bob) == b"from bob"
    for number in range(4):
        assert bob.decrypt(*alice.encrypt(b"a%d" % number)) == b"a%d" % number
        assert alice.decrypt(*bob.encrypt(b"b%d" % number)) == b"b%d" % number
    current = [SessionRecord.FromString(party.stored()).current.base_key for party in (alice, bob)]
    assert current[0] == current[1]


def test_a_message_of_an_archived_session_brings_it_back() -> None:
    alice, bob = acquainted()
    late = alice.encrypt(b"late")
    old = SessionRecord.FromString(bob.stored()).current.base_key
    bob.initiate(alice)
    assert SessionRecord.FromString(bob.stored()).current.base_key != old
    assert bob.decrypt(*late) == b"late"
    assert SessionRecord.FromString(bob.stored()).current.base_key == old


def test_a_record_keeps_a_bounded_number_of_states_and_chains() -> None:
    alice, bob = acquainted()
    for number in range(states.MAX_ARCHIVED + 5):
        alice.initiate(bob)
        bob.decrypt(*alice.encrypt(b"%d" % number))
    assert len(SessionRecord.FromString(alice.stored()).archived) == states.MAX_ARCHIVED
    assert len(SessionRecord.FromString(bob.stored()).archived) == states.MAX_ARCHIVED
    for _ in range(states.MAX_RECEIVER_CHAINS + 3):
        alice.decrypt(*bob.encrypt(b"ping"))
        bob.decrypt(*alice.encrypt(b"pong"))
    assert len(SessionRecord.FromString(bob.stored()).current.receiving) == states.MAX_RECEIVER_CHAINS


def lose(sender: Party, receiver: Party, count: int) -> tuple[tuple[str, bytes], tuple[str, bytes]]:
    """The first and the last of messages that a later one overtakes."""
    letters = [sender.encrypt(b"late") for _ in range(count)]
    receiver.decrypt(*sender.encrypt(b"here"))
    return letters[0], letters[-1]


def skipped(party: Party) -> int:
    kept = states.of(SessionRecord.FromString(party.stored()))
    return sum(len(chain.skipped) for state in kept for chain in state.receiving)


def test_skipped_keys_are_bounded_over_all_chains_and_the_oldest_go_first() -> None:
    alice, bob = acquainted()
    late = []
    for _ in range(3):
        late.append(lose(alice, bob, ratchet.MAX_SKIPPED // 2 + 1))
        alice.decrypt(*bob.encrypt(b"turn"))
    assert skipped(bob) == ratchet.MAX_SKIPPED
    for gone in (*late[0], late[1][0]):
        with pytest.raises(DuplicateMessage):
            bob.open(*gone)
    for kept in (late[1][1], *late[2]):
        assert bob.decrypt(*kept) == b"late"


def test_skipped_keys_of_the_oldest_sessions_go_first() -> None:
    alice, bob = acquainted()
    late = []
    for _ in range(3):
        late.append(lose(alice, bob, ratchet.MAX_SKIPPED * 3 // 4))
        alice.initiate(bob)
    assert skipped(bob) == ratchet.MAX_SKIPPED
    for gone in (*late[0], late[1][0]):
        with pytest.raises(DuplicateMessage):
            bob.open(*gone)
    for kept in (*late[2], late[1][1]):
        assert bob.decrypt(*kept) == b"late"


def test_a_counter_may_jump_only_so_far() -> None:
    alice, bob = acquainted()
    record = SessionRecord.FromString(alice.stored())
    record.current.sending_counter += ratchet.MAX_FORWARD + 1
    alice.record = record.SerializeToString()
    with pytest.raises(TooFarAhead):
        bob.open(*alice.encrypt(b"far"))


def test_refusing_a_forged_jump_is_cheap_whatever_the_record_holds() -> None:
    alice, bob = acquainted()
    for _ in range(states.MAX_ARCHIVED):
        bob.initiate(alice)
    message = SignalMessage(ratchet_key=typed(KeyPair.generate().public), counter=ratchet.MAX_FORWARD, ciphertext=b"x")
    begin = time.process_time()
    with pytest.raises(SignalError):
        bob.open("msg", forged(message))
    assert time.process_time() - begin < 0.5


@pytest.mark.parametrize(
    ("ciphertext", "error"),
    [
        (b"", MalformedCiphertext),
        (b"\x33", MalformedCiphertext),
        (b"\x23" + bytes(40), MalformedCiphertext),
        (b"\x33" + b"\xff" * 40, MalformedCiphertext),
        (forged(SignalMessage(ratchet_key=b"\x05" + bytes(31), ciphertext=b"x")), MalformedCiphertext),
        (forged(SignalMessage(ratchet_key=b"\x06" + bytes(32), ciphertext=b"x")), MalformedCiphertext),
        (forged(SignalMessage(ratchet_key=typed(LOW_ORDER), ciphertext=b"x")), MalformedCiphertext),
        (forged(SignalMessage(ratchet_key=typed(KeyPair.generate().public), ciphertext=b"x")), BadMac),
    ],
)
def test_what_is_no_message_is_refused(ciphertext: bytes, error: type[SignalError]) -> None:
    _, bob = acquainted()
    with pytest.raises(error):
        bob.open("msg", ciphertext)


def test_without_a_session_nothing_can_be_read_or_written() -> None:
    alice, bob = acquainted()
    kind, ciphertext = alice.encrypt(b"hello")
    bob.record = None
    with pytest.raises(NoSession):
        bob.open(kind, ciphertext)
    with pytest.raises(NoSession):
        bob.encrypt(b"hello")
    with pytest.raises(NoSession):
        session.remote_identity(b"")


def test_positions_tell_reuse_from_progress() -> None:
    alice, bob = Party(), Party()
    alice.initiate(bob)
    before = alice.record
    kind, ciphertext = alice.encrypt(b"one")
    alice.record, after = before, alice.record
    _, reused = alice.encrypt(b"other")
    alice.record = after
    _, following = alice.encrypt(b"two")
    place = session.message_counter(kind, ciphertext)
    assert session.message_counter(kind, reused) == place
    assert session.message_counter(kind, following) == (place.chain, place.counter + 1)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_message_raises_only_signal_errors(data: st.DataObject) -> None:
    alice, bob = acquainted()
    kind, ciphertext = alice.encrypt(b"content")
    damaged = bytearray(ciphertext)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    if bytes(damaged) == ciphertext:
        return
    before = bob.stored()
    with pytest.raises(SignalError):
        bob.open(kind, bytes(damaged))
    assert bob.stored() == before
    assert bob.decrypt(kind, ciphertext) == b"content"


@settings(max_examples=60, deadline=None)
@given(noise=st.binary(max_size=200), kind=st.sampled_from(["msg", "pkmsg"]))
def test_noise_raises_only_signal_errors(noise: bytes, kind: str) -> None:
    _, bob = acquainted()
    with pytest.raises(SignalError):
        bob.open(kind, VERSION_BYTE + noise)
