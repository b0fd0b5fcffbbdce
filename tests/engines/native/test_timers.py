"""A chat's timer: what the others are told and what the house is told are one step, whatever breaks between them."""

from __future__ import annotations

import pytest

from engines.native.lines import OTHER
from engines.native.replay import Replay
from wagate.adapters.engines.native.machine import timers
from wagate.domain.jid import Jid
from wagate.domain.marks import ChatMarks
from wagate.ports.news import ChatMarked
from whatsapp_wire.contents.timers import read_timer

DAY = 86_400
CHAT = Jid.from_phone(OTHER)


def begun() -> Replay:
    """A line that was just asked to set a timer."""
    replay = Replay(1)
    replay.machine.run(lambda us: timers.set_timer(us, CHAT, DAY), lambda *_: None)
    return replay


def said(replay: Replay) -> list[int]:
    """What the other phone was told, once for each time that it shows it."""
    timers_shown = (read_timer(shown.message) for shown in replay.world.phone(OTHER).inbox)
    return [seconds for seconds in timers_shown if seconds is not None]


def told(replay: Replay) -> list[ChatMarks]:
    """What the house was told."""
    return [news.marks for news in replay.disk.ledger if isinstance(news, ChatMarked)]


def test_a_timer_is_said_and_told() -> None:
    replay = begun()
    replay.settle()
    assert (said(replay), told(replay)) == ([DAY], [ChatMarks(disappearing_s=DAY)])


@pytest.mark.parametrize("accident", ["crash", "fail_commit"])
@pytest.mark.parametrize("after", range(3))
def test_a_timer_is_said_and_told_or_neither(accident: str, after: int) -> None:
    """Break it before each commit that may come."""
    replay, left = begun(), after
    for _ in range(20):
        for step in (replay.answer, replay.hear, replay.speak):
            step()
        if replay.shell.uncommitted and left:
            replay.commit()
            left -= 1
        elif replay.shell.uncommitted or not left:
            getattr(replay, accident)()
            break
    replay.settle()
    assert len(said(replay)) == len(told(replay))
