"""A lane gives out messages in their order, the urgent first, one at a time for each chat, each once."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wagate.domain.conditions import Conditions, Priority
from wagate.domain.content import PLAIN_CONTEXT, Text
from wagate.domain.ids import ChatId, MessageId, SessionId
from wagate.domain.jid import Jid
from wagate.domain.pacing import UNPACED, Pacing
from wagate.features.messaging.lane import IN_FLIGHT, Lane
from wagate.features.messaging.pace import MINUTE_S, Pace
from wagate.features.messaging.repository.outbox import Waiting
from wagate.features.sessions.lines import LiveLine

URGENT, NORMAL, BULK = Priority


def waiting(position: int, chat: str = "a", priority: Priority = NORMAL) -> Waiting:
    return Waiting(
        position=position,
        message=MessageId(f"msg_{position}"),
        session=SessionId("ses_1"),
        chat=ChatId(chat),
        wa_id=None,
        to=Jid.from_phone("4915100000000"),
        content=Text(str(position)),
        quoted=None,
        context=PLAIN_CONTEXT,
        attempts=0,
        conditions=Conditions(priority=priority),
        due_at=0,
    )


def a_lane(rules: Pacing = UNPACED, seed: int = 1) -> Lane:
    return Lane(cast(LiveLine, None), Pace(rules, Random(seed)))


def filled(messages: Iterable[Waiting], rules: Pacing = UNPACED) -> Lane:
    lane = a_lane(rules)
    for each in messages:
        lane.add(each)
    return lane


def sent(lane: Lane, now: float = 0.0) -> list[int]:
    """Everything that may leave at a moment, one chat after the other."""
    gone = []
    while (chat := lane.next_chat(now)) is not None:
        while (head := lane.head(chat)) is not None:
            gone.append(head.position)
            lane.gone(head)
        lane.let_go(chat)
    return gone


def test_the_urgent_go_first_and_bulk_last() -> None:
    lane = filled([waiting(1, "a", BULK), waiting(2, "b"), waiting(3, "c", URGENT), waiting(4, "d")])
    assert sent(lane) == [3, 2, 4, 1]


def test_within_a_chat_the_urgent_overtake_too_and_the_others_keep_their_order() -> None:
    lane = filled([waiting(1, priority=BULK), waiting(2), waiting(3), waiting(4, priority=URGENT)])
    assert sent(lane) == [4, 2, 3, 1]


def test_a_chat_sends_one_message_at_a_time() -> None:
    lane = filled([waiting(1), waiting(2), waiting(3, "b")])
    assert lane.next_chat(0.0) == "a"
    assert lane.next_chat(0.0) == "b"
    assert lane.next_chat(0.0) is None
    lane.add(waiting(4, "a", URGENT))
    assert lane.next_chat(0.0) is None


def test_only_so_many_chats_send_at_once() -> None:
    lane = filled(waiting(number, f"chat {number}") for number in range(IN_FLIGHT + 5))
    chats = [lane.next_chat(0.0) for _ in range(IN_FLIGHT + 1)]
    assert len({chat for chat in chats if chat is not None}) == IN_FLIGHT
    assert chats[-1] is None


def test_what_was_put_off_keeps_its_chat_waiting_and_nobody_else() -> None:
    lane = a_lane()
    lane.add(waiting(1, "a"), rests_until=60.0)
    lane.add(waiting(2, "a"))
    lane.add(waiting(3, "b"))
    assert sent(lane) == [3]
    assert lane.wake_at == 60.0
    assert sent(lane, 60.0) == [1, 2]


def test_a_paced_lane_says_when_the_next_one_may_go() -> None:
    lane = filled([waiting(1, "a"), waiting(2, "b")], Pacing(burst=1, jitter=0.0))
    assert lane.next_chat(0.0) == "a"
    assert lane.next_chat(0.0) is None
    assert lane.wake_at == pytest.approx(3.0)
    assert lane.next_chat(3.0) == "b"


def test_a_chat_rests_after_each_message_and_others_have_their_turn() -> None:
    lane = filled([waiting(1, "a"), waiting(2, "a"), waiting(3, "b")], Pacing(per_minute=600, chat_gap_s=5.0, jitter=0))
    now, order = 0.0, []
    while lane.held:
        chat = lane.next_chat(now)
        if chat is None:
            assert lane.wake_at is not None
            now = max(now, lane.wake_at)
            continue
        head = lane.head(chat)
        assert head is not None
        order.append((head.position, round(now, 1)))
        lane.gone(head)
        lane.rest(chat, now)
        lane.let_go(chat)
    assert [position for position, _ in order] == [1, 3, 2]
    assert order[-1][1] >= 5.0


def test_what_is_withdrawn_does_not_leave_unless_it_is_leaving() -> None:
    lane = filled([waiting(1), waiting(2), waiting(3, "b")])
    assert lane.next_chat(0.0) == "a"
    assert not lane.withdraw(MessageId("msg_1"))
    assert lane.withdraw(MessageId("msg_2"))
    assert lane.withdraw(MessageId("msg_3"))
    assert lane.withdraw(MessageId("msg_9")), "what is not here is nobody's"
    assert lane.next_chat(0.0) is None
    head = lane.head(ChatId("a"))
    assert head is not None
    assert lane.gone(head) == 1
    assert lane.head(ChatId("a")) is None
    lane.let_go(ChatId("a"))
    assert not lane.queues
    assert not lane.held


def test_nothing_is_taken_in_twice() -> None:
    lane = filled([waiting(1)])
    assert not lane.add(waiting(1))
    assert sent(lane) == [1]


def test_a_halted_lane_gives_out_nothing() -> None:
    lane = filled([waiting(1)])
    lane.halted = True
    assert lane.next_chat(0.0) is None
    lane.halted = False
    assert sent(lane) == [1]


_MESSAGES = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(Priority)), min_size=1, max_size=40)
_ACTS = st.lists(st.sampled_from(["add", "begin", "end", "withdraw", "wait", "forget"]), max_size=200)


class Play:
    """A lane, what is outside of it, and what has left, with every step that can happen to them."""

    def __init__(self, messages: list[tuple[str, Priority]], seed: int, rules: Pacing) -> None:
        self.random = Random(seed)
        self.lane = a_lane(rules, seed)
        todo = [waiting(place, chat, priority) for place, (chat, priority) in enumerate(messages, 1)]
        self.messages = {each.position: each for each in todo}
        self.outside = dict.fromkeys(self.messages)
        self.in_flight: dict[ChatId, Waiting] = {}
        self.left: list[Waiting] = []
        self.dropped: set[int] = set()
        self.now = 0.0

    def add(self) -> None:
        for position in sorted(self.outside)[:5]:
            del self.outside[position]
            self.lane.add(self.messages[position])

    def begin(self) -> None:
        chat = self.lane.next_chat(self.now)
        if chat is not None:
            assert chat not in self.in_flight, "one at a time"
            head = self.lane.head(chat)
            assert head is not None
            assert head.turn == min(each.turn for each in self.lane.held.values() if each.chat == chat)
            self.in_flight[chat] = head

    def end(self) -> None:
        if self.in_flight:
            head = self.in_flight.pop(self.random.choice(sorted(self.in_flight)))
            self.left.append(head)
            self.lane.gone(head)
            self.lane.rest(head.chat, self.now)
            self.lane.let_go(head.chat)

    def withdraw(self) -> None:
        message = self.messages[self.random.choice(sorted(self.messages))]
        was_leaving = message in self.in_flight.values()
        is_free = self.lane.withdraw(message.message)
        assert is_free != was_leaving
        if is_free:
            self.outside.pop(message.position, None)
            self.dropped.add(message.position)

    def wait(self) -> None:
        self.now += self.random.uniform(0, 5)

    def forget(self) -> None:
        if not self.in_flight:
            self.outside.update(dict.fromkeys(self.lane.held))
            self.lane.begin()


@given(messages=_MESSAGES, acts=_ACTS, seed=st.integers(0, 99), is_paced=st.booleans())
@settings(max_examples=200, deadline=None)
def test_whatever_happens_each_leaves_once_and_in_order(
    messages: list[tuple[str, Priority]], acts: list[str], seed: int, is_paced: bool
) -> None:
    play = Play(messages, seed, Pacing(per_minute=120, bulk_per_minute=60) if is_paced else UNPACED)
    for act in acts:
        getattr(play, act)()
    for _ in range(400):
        play.add()
        play.begin()
        play.end()
        play.now += 1.0
    gone = [each.position for each in play.left]
    assert len(gone) == len(set(gone))
    assert set(gone) | play.dropped == set(play.messages)
    assert not play.lane.held


def test_a_thousand_accounts_keep_their_pace_and_order_also_across_a_restart() -> None:
    """1,000 sessions with 100 messages each, at 20 a minute, on a clock that is turned by hand."""
    rules, chats = Pacing(), [f"chat {number}" for number in range(7)]
    for session in range(1000):
        random = Random(session)
        everything = [waiting(place, random.choice(chats)) for place in range(100)]
        lane, now, moments, order = filled(everything, rules), 0.0, list[float](), list[Waiting]()
        while lane.held:
            if len(order) == 40 and lane.pace is not None:  # killed, and up again ten seconds later
                kept, rest = lane.pace.kept(now, 1_800_000_000.0 + now), list(lane.held.values())
                now += 10.0
                lane = a_lane(rules, session)
                assert lane.pace is not None
                lane.pace.restore(kept, now, 1_800_000_000.0 + now)
                for each in rest:
                    lane.add(each)
            chat = lane.next_chat(now)
            if chat is None:
                assert lane.wake_at is not None
                now = max(now, lane.wake_at)
                continue
            head = lane.head(chat)
            assert head is not None
            order.append(head)
            moments.append(now)
            lane.gone(head)
            lane.rest(chat, now)
            lane.let_go(chat)
        for chat_ in chats:
            positions = [each.position for each in order if each.chat == chat_]
            assert positions == sorted(positions)
        assert all(later - earlier >= MINUTE_S - 1e-6 for earlier, later in zip(moments, moments[20:], strict=False))
        paced = moments[40:]
        assert (len(paced) - 1) / (paced[-1] - paced[0]) * MINUTE_S == pytest.approx(20, rel=0.05)
