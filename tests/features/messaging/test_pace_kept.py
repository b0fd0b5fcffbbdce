"""What a pace remembers beyond its process: enough not to burst, and little, for it is written with every message."""

from random import Random

import orjson
import pytest

from wagate.domain.conditions import Priority
from wagate.domain.pacing import Pacing
from wagate.features.messaging.pace import Pace

NORMAL = Priority.NORMAL


def sent(pace: Pace, until: float, now: float = 0.0) -> list[float]:
    """Send whenever that is allowed; the moments."""
    moments = []
    while (now := max(now, pace.ready_at(NORMAL, now))) < until:
        pace.take(NORMAL, now)
        moments.append(now)
    return moments


def most_in_a_minute(moments: list[float]) -> int:
    """The most that any sixty seconds hold."""
    return max(sum(begin <= at < begin + 59.999_999 for at in moments) for begin in moments)


@pytest.mark.parametrize("per_minute", [20, 32, 33, 100, 600])
def test_a_restart_at_full_speed_keeps_the_cap(per_minute: int) -> None:
    rules = Pacing(per_minute, burst=per_minute)
    before = Pace(rules, Random(1))
    moments = sent(before, 95.0)
    kept = orjson.loads(orjson.dumps(before.kept(95.0, 1_800_000_000.0)))
    after = Pace(rules, Random(2))
    after.restore(kept, 5.0, 1_800_000_000.0)  # another process has another clock
    moments += [at + 90.0 for at in sent(after, 200.0, 5.0)]
    assert most_in_a_minute(moments) == per_minute
    assert len(moments) >= per_minute * 4


def test_little_is_kept_of_an_account_that_sends_much() -> None:
    pace = Pace(Pacing(60_000, burst=60_000), Random(1))
    for number in range(20_000):
        pace.take(NORMAL, number * 0.005)
    assert len(orjson.dumps(pace.kept(100.0, 1_800_000_000.0))) < 1_000


def test_what_did_not_go_is_not_kept() -> None:
    pace = Pace(Pacing(600, burst=600), Random(1))
    for _ in range(100):
        pace.take(NORMAL, 1.0)
    for _ in range(99):
        pace.give_back(NORMAL)
    assert pace.kept(1.0, 1_001.0)["main"]["taken"] == [(1_001.0, 1)]
    pace.give_back(NORMAL)
    assert pace.kept(1.0, 1_001.0)["main"]["taken"] == []
