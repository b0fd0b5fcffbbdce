"""When an account may send: on the grid, never above the cap, by chance within bounds, and across restarts."""

from __future__ import annotations

import itertools
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wagate.domain.conditions import Priority
from wagate.domain.pacing import UNPACED, Pacing
from wagate.features.messaging.pace import MINUTE_S, Pace

HOUR_S = 3600.0
NORMAL, BULK, URGENT = Priority.NORMAL, Priority.BULK, Priority.URGENT


def send_as_fast_as_it_goes(pace: Pace, until: float, priority: Priority = NORMAL, now: float = 0.0) -> list[float]:
    """The moments at which messages go, one right after another as soon as they may."""
    sent = []
    while (at := max(now, pace.ready_at(priority, now))) < until:
        pace.take(priority, at)
        sent.append(at)
        now = at
    return sent


def most_in_a_minute(sent: list[float]) -> int:
    """The most messages in any sixty seconds: the first of them counts, one sixty seconds later does not."""
    minute = MINUTE_S - 0.001  # what is kept is kept in milliseconds
    return max((sum(1 for later in sent[place:] if later < at + minute) for place, at in enumerate(sent)), default=0)


@pytest.mark.parametrize("rate", [1, 3, 7, 20, 60, 200])
def test_over_hours_the_pace_is_exact_and_no_minute_holds_more(rate: int) -> None:
    sent = send_as_fast_as_it_goes(Pace(Pacing(per_minute=rate), Random(rate)), 10 * HOUR_S)
    assert len(sent) == pytest.approx(rate * 600, rel=0.01)
    assert most_in_a_minute(sent[: rate * 30]) <= rate


def test_bulk_has_a_pace_of_its_own_and_counts_for_both() -> None:
    pace = Pace(Pacing(), Random(1))
    bulk = send_as_fast_as_it_goes(pace, HOUR_S, BULK)
    assert len(bulk) == pytest.approx(180, rel=0.02)
    assert most_in_a_minute(bulk) <= 3
    both: list[float] = []
    pace, now = Pace(Pacing(), Random(2)), 0.0
    while now < HOUR_S / 4:
        priority = BULK if pace.ready_at(BULK, now) <= now else NORMAL
        now = max(now, pace.ready_at(priority, now))
        pace.take(priority, now)
        both.append(now)
    assert most_in_a_minute(both) <= 20


def test_urgent_messages_do_not_break_the_cap_either() -> None:
    pace = Pace(Pacing(), Random(1))
    send_as_fast_as_it_goes(pace, MINUTE_S)
    assert pace.ready_at(URGENT, MINUTE_S) == pace.ready_at(NORMAL, MINUTE_S)
    sent = send_as_fast_as_it_goes(Pace(Pacing(), Random(1)), HOUR_S, URGENT)
    assert most_in_a_minute(sent) <= 20


def test_after_a_rest_a_few_go_at_once() -> None:
    pace = Pace(Pacing(burst=3, jitter=0.0), Random(1))
    sent = send_as_fast_as_it_goes(pace, 1000.0 + 9.5, now=1000.0)
    assert sent == pytest.approx([1000.0, 1000.0, 1000.0, 1003.0, 1006.0, 1009.0])


def test_chance_spreads_the_messages_within_their_part_of_the_grid() -> None:
    sent = send_as_fast_as_it_goes(Pace(Pacing(burst=1, jitter=0.5), Random(3)), HOUR_S)
    gaps = {round(later - earlier, 3) for earlier, later in itertools.pairwise(sent)}
    assert len(gaps) > 100
    assert min(gaps) >= 1.5 - 0.001
    assert max(gaps) <= 4.5 + 0.001


def test_without_a_pace_everything_goes_at_once() -> None:
    pace = Pace(UNPACED, Random(1))
    assert pace.is_free
    assert pace.ready_at(BULK, 5.0) <= 5.0
    pace.slow_down(0.5)
    assert not pace.is_free
    assert most_in_a_minute(send_as_fast_as_it_goes(pace, HOUR_S)) <= 10


def test_who_is_slowed_down_sends_less_and_then_as_before() -> None:
    pace = Pace(Pacing(), Random(1))
    pace.slow_down(0.25)
    slow = send_as_fast_as_it_goes(pace, HOUR_S)
    assert len(slow) == pytest.approx(300, rel=0.02)
    assert most_in_a_minute(slow) <= 5
    pace.slow_down(1.0)
    again = send_as_fast_as_it_goes(pace, 2 * HOUR_S, now=HOUR_S)
    assert len(again) == pytest.approx(1200, rel=0.02)
    assert most_in_a_minute(slow[-20:] + again[:100]) <= 20


def test_a_slot_that_was_not_used_can_be_used_again() -> None:
    pace = Pace(Pacing(burst=1, jitter=0.0), Random(1))
    pace.take(NORMAL, 0.0)
    pace.give_back(NORMAL)
    assert pace.ready_at(NORMAL, 0.1) <= 0.1
    pace.take(NORMAL, 0.1)
    assert pace.ready_at(NORMAL, 0.2) == pytest.approx(3.0)


@pytest.mark.parametrize("downtime", [0.0, 1.0, 20.0, 59.0, 300.0])
def test_a_restart_does_not_burst(downtime: float) -> None:
    before = Pace(Pacing(), Random(1))
    sent = send_as_fast_as_it_goes(before, 90.0)
    kept = before.kept(90.0, 1_800_000_090.0)
    # Another process: its clock that never jumps began elsewhere.
    after = Pace(Pacing(), Random(2))
    began = 90.0 + downtime
    after.restore(kept, began - 1_000_000.0, 1_800_000_000.0 + began)
    again = send_as_fast_as_it_goes(after, began + 200.0 - 1_000_000.0, now=began - 1_000_000.0)
    everything = sent + [at + 1_000_000.0 for at in again]
    assert most_in_a_minute(everything) <= 20
    assert len(again) > 50


def test_a_clock_that_was_set_back_holds_nobody_up_for_long() -> None:
    before = Pace(Pacing(), Random(1))
    send_as_fast_as_it_goes(before, 90.0)
    after = Pace(Pacing(), Random(1))
    after.restore(before.kept(90.0, 1_800_086_400.0), 0.0, 1_800_000_000.0)
    assert after.ready_at(NORMAL, 0.0) <= 2 * MINUTE_S


def test_what_was_never_used_can_be_kept_too() -> None:
    fresh, other = Pace(Pacing(), Random(1)), Pace(Pacing(), Random(1))
    other.restore(fresh.kept(5.0, 1_800_000_000.0), 9.0, 1_800_000_000.0)
    assert other.ready_at(NORMAL, 9.0) <= 9.0


def test_one_can_say_about_when_a_message_goes() -> None:
    pace = Pace(Pacing(burst=1, jitter=0.0), Random(1))
    pace.take(NORMAL, 0.0)
    assert pace.expected_at(NORMAL, 1.0, 0) == pytest.approx(3.0)
    assert pace.expected_at(NORMAL, 1.0, 10) == pytest.approx(33.0)
    assert Pace(UNPACED, Random(1)).expected_at(NORMAL, 1.0, 1000) == 1.0


_RULES = st.builds(
    Pacing,
    per_minute=st.integers(1, 60),
    bulk_per_minute=st.none() | st.integers(1, 10),
    burst=st.integers(1, 10),
    jitter=st.floats(0.0, 1.0),
)
_STEPS = st.lists(
    st.tuples(
        st.sampled_from(Priority), st.floats(0.0, 40.0), st.sampled_from(["send", "give back", "restart", "slow"])
    ),
    max_size=200,
)


@given(rules=_RULES, steps=_STEPS, seed=st.integers(0, 1000))
@settings(max_examples=200, deadline=None)
def test_whatever_happens_no_minute_holds_more_than_the_cap(
    rules: Pacing, steps: list[tuple[Priority, float, str]], seed: int
) -> None:
    assert rules.per_minute is not None
    pace, now = Pace(rules, Random(seed)), 0.0
    sent: list[float] = []
    bulk: list[float] = []
    for priority, wait, act in steps:
        if act == "restart":
            kept = pace.kept(now, 1_800_000_000.0 + now)
            pace = Pace(rules, Random(seed))
            now += wait
            pace.restore(kept, now, 1_800_000_000.0 + now)
        elif act == "slow":
            pace.slow_down(min(1.0, 0.1 + wait / 40.0))
        if wait < 20.0:
            now += wait
        now = max(now, pace.ready_at(priority, now))
        pace.take(priority, now)
        if act == "give back":
            pace.give_back(priority)
            continue
        sent.append(now)
        if priority is BULK:
            bulk.append(now)
    assert most_in_a_minute(sent) <= rules.per_minute
    if rules.bulk_per_minute is not None:
        assert most_in_a_minute(bulk) <= rules.bulk_per_minute
