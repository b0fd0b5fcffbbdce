"""Two parties over a network that reorders, repeats, loses and damages: every message is read exactly once."""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from whatsapp_wire.errors import DuplicateMessage, SignalError
from whatsapp_wire.proto.signal_pb2 import SessionRecord
from whatsapp_wire.signal import session, states
from wire.signal_parties import Party

MAX_INITIATIONS = 8
"""Together fewer than the states a record keeps, so that no message outlives its session."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message on its way to a party (0 or 1), with what it says and the session it was written in."""

    to: int
    kind: str
    ciphertext: bytes
    plaintext: bytes
    base_key: bytes

    @property
    def chain(self) -> bytes:
        return session.message_counter(self.kind, self.ciphertext).chain


@dataclass(slots=True)
class Reader:
    """What a party has opened, per session: ratchet keys in the order of their first message."""

    opened: dict[bytes, list[bytes]] = field(default_factory=dict)

    def note(self, letter: Letter) -> None:
        chains = self.opened.setdefault(letter.base_key, [])
        if letter.chain not in chains:
            chains.append(letter.chain)

    def has_forgotten(self, letter: Letter) -> bool:
        chains = self.opened.get(letter.base_key, [])
        return letter.chain in chains and letter.chain not in chains[-states.MAX_RECEIVER_CHAINS :]


class Network(RuleBasedStateMachine):
    """Any interleaving of sending, delivery, repetition, loss, damage and new sessions from either side."""

    @initialize(first=st.sampled_from([0, 1]))
    def meet(self, first: int) -> None:
        self.parties = (Party(), Party())
        self.readers = (Reader(), Reader())
        self.flying: list[Letter] = []
        self.read: list[Letter] = []
        self.sent = 0
        self.initiations = 0
        self.initiate(first)

    @precondition(lambda self: self.initiations < MAX_INITIATIONS)
    @rule(side=st.sampled_from([0, 1]), with_prekey=st.booleans())
    def initiate(self, side: int, with_prekey: bool = True) -> None:
        self.initiations += 1
        self.parties[side].initiate(self.parties[1 - side], with_prekey)

    @rule(side=st.sampled_from([0, 1]), burst=st.integers(1, 4))
    def send(self, side: int, burst: int) -> None:
        party = self.parties[side]
        for _ in range(burst if party.record else 0):
            self.sent += 1
            plaintext = b"message %d" % self.sent
            base_key = SessionRecord.FromString(party.stored()).current.base_key
            self.flying.append(Letter(1 - side, *party.encrypt(plaintext), plaintext, base_key))

    @precondition(lambda self: self.flying)
    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        letter = self.flying.pop(data.draw(st.integers(0, len(self.flying) - 1)))
        party, reader = self.parties[letter.to], self.readers[letter.to]
        if reader.has_forgotten(letter):
            self.refuse(letter, SignalError)
            return
        assert party.decrypt(letter.kind, letter.ciphertext) == letter.plaintext
        reader.note(letter)
        self.read.append(letter)

    @precondition(lambda self: self.read)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        letter = data.draw(st.sampled_from(self.read))
        self.refuse(letter, SignalError if self.readers[letter.to].has_forgotten(letter) else DuplicateMessage)

    @precondition(lambda self: self.flying)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        self.flying.pop(data.draw(st.integers(0, len(self.flying) - 1)))

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), place=st.integers(0, 10_000), flip=st.integers(1, 255))
    def damage(self, data: st.DataObject, place: int, flip: int) -> None:
        letter = data.draw(st.sampled_from(self.flying))
        damaged = bytearray(letter.ciphertext)
        damaged[place % len(damaged)] ^= flip
        try:
            plaintext, _, _ = self.parties[letter.to].open(letter.kind, bytes(damaged))
        except SignalError:
            return
        # Only the wrapping of a first message is not authenticated; what is inside it is.
        assert (letter.kind, plaintext) == ("pkmsg", letter.plaintext)

    def refuse(self, letter: Letter, error: type[SignalError]) -> None:
        party = self.parties[letter.to]
        before = party.record
        try:
            party.decrypt(letter.kind, letter.ciphertext)
        except error:
            assert party.record == before
            return
        raise AssertionError(f"{letter} was read again, or refused for another reason")


TestNetwork = Network.TestCase
TestNetwork.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
