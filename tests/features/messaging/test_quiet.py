"""Nobody is written to at night, where they live, also in the two nights of the year that are not like others."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from wagate.domain.pacing import QuietHours
from wagate.features.messaging.quiet import quiet_until, zones_of

NIGHT = QuietHours(time(21), time(8))
LUNCH = QuietHours(time(12), time(13, 30))


def at(text: str, zone: str = "UTC") -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def shown(ms: int | None, zone: str) -> str | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC).astimezone(ZoneInfo(zone)).isoformat()


@pytest.mark.parametrize(
    ("phone", "zones"),
    [
        ("+5511999999999", {"America/Sao_Paulo"}),
        ("+4915112345678", {"Europe/Berlin"}),
        ("+390612345678", {"Europe/Rome"}),
        ("+6281234567890", {"Asia/Jakarta"}),
    ],
)
def test_a_number_says_where_it_is(phone: str, zones: set[str]) -> None:
    assert zones & set(zones_of(phone))


def test_a_large_country_has_several_zones_and_nonsense_none() -> None:
    assert len(zones_of("+13135551234")) >= 1
    assert zones_of("+999000000") == ()
    assert zones_of("nonsense") == ()


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-30T20:59", None),
        ("2026-11-30T21:00", "2026-12-01T08:00:00+01:00"),
        ("2026-12-01T03:17", "2026-12-01T08:00:00+01:00"),
        ("2026-12-01T07:59", "2026-12-01T08:00:00+01:00"),
        ("2026-12-01T08:00", None),
    ],
)
def test_the_night_spans_midnight(now: str, until: str | None) -> None:
    assert shown(quiet_until(at(now, "Europe/Berlin"), NIGHT, ["Europe/Berlin"]), "Europe/Berlin") == until


def test_hours_within_a_day() -> None:
    assert shown(quiet_until(at("2026-11-30T12:10"), LUNCH, []), "UTC") == "2026-11-30T13:30:00+00:00"
    assert quiet_until(at("2026-11-30T13:30"), LUNCH, []) is None


@pytest.mark.parametrize(
    ("now", "until"),
    [
        # The clocks go from 2 to 3 in the morning: the night is an hour shorter.
        ("2027-03-28T01:30:00+01:00", "2027-03-28T08:00:00+02:00"),
        # They go from 3 back to 2: it is an hour longer.
        ("2026-10-25T02:30:00+02:00", "2026-10-25T08:00:00+01:00"),
        ("2026-10-25T02:30:00+01:00", "2026-10-25T08:00:00+01:00"),
    ],
)
def test_in_the_nights_of_the_change_the_clock_on_the_wall_counts(now: str, until: str) -> None:
    moment = round(datetime.fromisoformat(now).timestamp() * 1000)
    assert shown(quiet_until(moment, NIGHT, ["Europe/Berlin"]), "Europe/Berlin") == until


def test_hours_that_the_change_leaves_out_are_over_when_it_comes() -> None:
    quiet = QuietHours(time(2), time(2, 45))
    moment = round(datetime.fromisoformat("2027-03-28T01:59:00+01:00").timestamp() * 1000)
    assert quiet_until(moment, quiet, ["Europe/Berlin"]) is None
    assert quiet_until(moment + 60_000, quiet, ["Europe/Berlin"]) is None


def test_hours_that_come_twice_are_quiet_twice() -> None:
    quiet = QuietHours(time(2), time(2, 45))
    first = round(datetime.fromisoformat("2026-10-25T02:10:00+02:00").timestamp() * 1000)
    assert shown(quiet_until(first, quiet, ["Europe/Berlin"]), "Europe/Berlin") == "2026-10-25T02:45:00+02:00"
    second = round(datetime.fromisoformat("2026-10-25T02:10:00+01:00").timestamp() * 1000)
    assert shown(quiet_until(second, quiet, ["Europe/Berlin"]), "Europe/Berlin") == "2026-10-25T02:45:00+01:00"


def test_who_may_be_in_several_zones_is_waited_for_in_all_of_them() -> None:
    zones = ["America/New_York", "America/Los_Angeles"]
    until = quiet_until(at("2026-11-30T07:30", "America/New_York"), NIGHT, zones)
    assert shown(until, "America/Los_Angeles") == "2026-11-30T08:00:00-08:00"


def test_an_unknown_zone_counts_as_utc() -> None:
    assert shown(quiet_until(at("2026-11-30T22:00"), NIGHT, ["Nowhere/Land"]), "UTC") == "2026-12-01T08:00:00+00:00"


def test_where_somebody_always_sleeps_nobody_is_waited_for() -> None:
    always = QuietHours(time(0), time(23, 59, 59))
    zones = [f"Etc/GMT{sign}{hours}" for sign in "+-" for hours in range(1, 13)]
    assert quiet_until(at("2026-11-30T12:00"), always, zones) is None
