"""What an account may send in a day, and how it is slowed down when WhatsApp or people say that it is too much."""

from __future__ import annotations

import pytest

from wagate.domain.pacing import Pacing
from wagate.features.messaging.guard import CALM_MS, DAY_MS, SIGNALS, Guard
from wagate.features.messaging.quotas import WARM_UP, Quotas, next_day
from wagate.features.messaging.retrying import TABLE, Retries

NOON = 20_000 * DAY_MS + DAY_MS // 2
MINUTE = 60_000
HOUR = 60 * MINUTE


# ---- the day's limits


def test_a_day_holds_so_many_messages_and_the_next_one_begins_anew() -> None:
    quotas, rules = Quotas(0), Pacing(per_day=3)
    for _ in range(3):
        assert quotas.may_send(rules, NOON, is_cold=False) is None
        quotas.count(NOON, is_cold=False)
    assert quotas.may_send(rules, NOON, is_cold=False) == "daily_cap"
    assert next_day(NOON) == NOON + DAY_MS // 2
    assert quotas.may_send(rules, next_day(NOON) - 1, is_cold=False) == "daily_cap"
    assert quotas.may_send(rules, next_day(NOON), is_cold=False) is None


def test_only_so_many_new_people_are_written_to_in_a_day() -> None:
    quotas, rules = Quotas(0), Pacing(cold_per_day=2)
    for _ in range(2):
        quotas.count(NOON, is_cold=True)
    assert quotas.may_send(rules, NOON, is_cold=True) == "cold_cap"
    assert quotas.may_send(rules, NOON, is_cold=False) is None


def test_a_number_that_is_new_here_warms_up() -> None:
    rules = Pacing(warm_up=True)
    quotas = Quotas(NOON)
    allowed = [quotas.most(rules, NOON + day * DAY_MS) for day in range(len(WARM_UP) + 1)]
    assert allowed == [*WARM_UP, None]
    for _ in range(WARM_UP[0]):
        quotas.count(NOON, is_cold=False)
    assert quotas.may_send(rules, NOON, is_cold=False) == "warm_up"
    assert quotas.may_send(rules, NOON + DAY_MS, is_cold=False) is None
    assert Quotas(NOON).most(Pacing(warm_up=True, per_day=30), NOON) == WARM_UP[0]
    assert Quotas(NOON).most(Pacing(warm_up=True, per_day=30), NOON + DAY_MS) == 30


def test_what_was_sent_counts_after_a_restart_and_when_the_clock_is_set_back() -> None:
    quotas, rules = Quotas(0), Pacing(per_day=1)
    quotas.count(NOON, is_cold=False)
    again = Quotas(0)
    again.restore(quotas.kept())
    assert again.may_send(rules, NOON, is_cold=False) == "daily_cap"
    assert again.may_send(rules, NOON - DAY_MS, is_cold=False) == "daily_cap"


# ---- the guard


@pytest.mark.parametrize("code", sorted(SIGNALS))
def test_each_signal_slows_down_and_costs_health(code: str) -> None:
    guard = Guard()
    assert guard.signal(code, NOON)
    health = guard.health(NOON)
    assert health.factor == SIGNALS[code].factor
    assert health.score == pytest.approx(1 - SIGNALS[code].cost)
    assert health.reasons == (code,)
    assert (health.paused_until is None) == (SIGNALS[code].pause_ms == 0)
    assert (health.cold_until is None) == (SIGNALS[code].cold_ms == 0)


def test_signals_that_come_again_weigh_more_but_not_without_end() -> None:
    guard = Guard()
    pauses = []
    for number in range(12):
        is_news = guard.signal("rate_limited", NOON)
        assert is_news == (number == 0)
        pauses.append(guard.paused_until - NOON)
    assert pauses[:3] == [MINUTE, 2 * MINUTE, 4 * MINUTE]
    assert max(pauses) <= DAY_MS
    assert guard.factor == 0.125
    assert guard.health(NOON).score == 0.0


def test_time_heals_step_by_step() -> None:
    guard = Guard()
    guard.signal("rate_limited", NOON)
    guard.signal("rate_limited", NOON)
    assert guard.factor == 0.25
    assert not guard.recover(NOON + CALM_MS - 1)
    assert guard.factor == 0.25
    assert not guard.recover(NOON + CALM_MS)
    assert guard.factor == 0.5
    assert guard.recover(NOON + 2 * CALM_MS)
    assert guard.factor == 1.0
    assert not guard.recover(NOON + 3 * CALM_MS)
    assert guard.health(NOON + DAY_MS).score == 1.0


def test_half_of_the_last_twenty_refused_is_a_signal_of_its_own() -> None:
    guard = Guard()
    for number in range(19):
        assert not guard.outcome(is_good=number % 2 == 0, now_ms=NOON)
    assert guard.outcome(is_good=False, now_ms=NOON)
    assert guard.health(NOON).reasons == ("many_failures",)
    assert not guard.outcome(is_good=False, now_ms=NOON), "it begins to count anew"


def test_a_few_refusals_among_many_are_none() -> None:
    guard = Guard()
    for number in range(200):
        assert not guard.outcome(is_good=number % 4 != 0, now_ms=NOON)
    assert not guard.is_limited


def test_what_is_no_signal_changes_nothing() -> None:
    guard = Guard()
    assert not guard.signal("recipient_not_on_whatsapp", NOON)
    assert guard.health(NOON).score == 1.0


def test_a_guard_remembers_across_restarts() -> None:
    guard, again = Guard(), Guard()
    guard.signal("account_restricted", NOON)
    again.restore(guard.kept())
    assert again.health(NOON) == guard.health(NOON)
    assert not again.recover(NOON + CALM_MS), "strangers are not written to yet"
    assert again.factor == 1.0
    assert again.recover(NOON + HOUR)


# ---- refusals


@pytest.mark.parametrize("code", sorted(TABLE))
def test_a_refusal_of_the_table_is_tried_again_longer_each_time_and_then_no_more(code: str) -> None:
    patience, retries = TABLE[code], Retries()
    waits = [retries.wait_ms(code, attempt) for attempt in range(1, patience.tries)]
    for attempt, wait in enumerate(waits):
        assert wait is not None
        assert wait == pytest.approx(min(patience.first_ms << attempt, patience.longest_ms), rel=0.21)
    assert retries.wait_ms(code, patience.tries) is None


def test_what_is_not_in_the_table_fails_at_once() -> None:
    assert Retries().wait_ms("recipient_not_on_whatsapp", 1) is None
    assert Retries().wait_ms("invalid_message", 1) is None
