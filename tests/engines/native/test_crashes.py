"""Whatever breaks, whenever it breaks: nothing is lost, nothing comes twice, no ratchet key is used twice."""

from enum import Enum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.native import sayings
from engines.native.lines import OTHER
from engines.native.replay import THIRD, Replay
from wagate.domain.acts import PollVote
from wagate.domain.jid import Jid
from wagate.ports.news import MessageArrived, MessageUndecryptable


class Act(Enum):
    """What can happen next; the name is `Replay`'s."""

    POST_TO_OTHER = "post"
    POST_TO_THIRD = "post_"
    OTHER_TYPES = "type"
    THIRD_TYPES = "type_"
    POST_TO_GROUP = "post_to_group"
    THIRD_TYPES_IN_GROUP = "type_in_group"
    CHANGE_GROUP = "change_group"
    DISPATCH = "dispatch"
    REPEAT = "repeat"
    ANSWER = "answer"
    POSTPONE = "postpone"
    COMMIT = "commit"
    HEAR = "hear"
    SPEAK = "speak"
    CUT = "cut"
    DIAL = "dial"
    CRASH = "crash"
    FAIL_COMMIT = "fail_commit"
    FORGET_CLEAN = "forget_clean"


_TO = {
    Act.POST_TO_OTHER: OTHER,
    Act.POST_TO_THIRD: THIRD,
    Act.OTHER_TYPES: OTHER,
    Act.THIRD_TYPES: THIRD,
}
_OFTEN = [Act.ANSWER, Act.COMMIT, Act.HEAR, Act.SPEAK]
_ACTS = st.sampled_from([*Act, *_OFTEN, *_OFTEN, *_OFTEN])
_EXCHANGE = [Act.ANSWER, Act.SPEAK, Act.HEAR, Act.COMMIT]
_STEPS = st.lists(st.tuples(_ACTS, st.integers(1, 4)), max_size=60)


def play(replay: Replay, act: Act, times: int) -> None:
    for _ in range(times if act in _OFTEN else 1):
        step = getattr(replay, act.value.rstrip("_"))
        if act in _TO:
            step(_TO[act])
        else:
            step()


def check(replay: Replay) -> None:
    """Nothing lost, nothing doubled, order kept within each chat."""
    violations = replay.world.audit.violations
    assert violations == []
    assert [news for news in replay.disk.ledger if isinstance(news, MessageUndecryptable)] == []
    posted = {chat: [p.outgoing.chosen_id for p in replay.posts if p.outgoing.to == chat] for chat in replay.chats}
    for phone in (OTHER, THIRD):
        for chat in (Jid.from_phone(phone), replay.group):
            assert replay.shown(phone, chat) == posted[chat]
    assert sorted(replay.accepted()) == sorted(wa_id for wa_ids in posted.values() for wa_id in wa_ids)
    assert sorted(replay.arrived()) == sorted(replay.typed)
    said = [news.content for news in replay.disk.ledger if isinstance(news, MessageArrived)]
    assert {act.selected for act in said if isinstance(act, PollVote)} <= {sayings.OPTIONS[:1]}
    assert [key for key in replay.disk.records if key[0] == "unacked"] == []


@given(seed=st.integers(0, 7), is_warm=st.booleans(), steps=_STEPS)
@settings(max_examples=100, deadline=None)
def test_nothing_is_lost_or_doubled(seed: int, is_warm: bool, steps: list[tuple[Act, int]]) -> None:
    replay = Replay(seed, is_warm=is_warm)
    for act, times in steps:
        play(replay, act, times)
    replay.settle()
    check(replay)


@pytest.mark.parametrize("is_warm", [True, False])
@pytest.mark.parametrize("accident", [Act.CRASH, Act.CUT, Act.FAIL_COMMIT])
def test_every_step_may_be_the_last(accident: Act, is_warm: bool) -> None:
    """One busy exchange, with one accident at each of its steps in turn."""
    for at in range(48):
        replay = Replay(at, is_warm=is_warm)
        for step in range(48):
            if step == at:
                play(replay, accident, 1)
            if step % 12 == 0:
                play(replay, Act.POST_TO_OTHER if step % 24 else Act.POST_TO_THIRD, 1)
                play(replay, Act.THIRD_TYPES, 1)
                play(replay, Act.POST_TO_GROUP, 1)
                play(replay, Act.CHANGE_GROUP if step % 24 else Act.THIRD_TYPES_IN_GROUP, 1)
            play(replay, _EXCHANGE[step % 4], 2 if is_warm else 6)
        replay.settle()
        check(replay)
