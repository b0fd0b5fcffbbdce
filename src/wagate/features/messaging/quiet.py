"""When somebody may be written to who does not want to be woken: by the clock where they live. Pure but for the tables
of zones.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from wagate.domain.pacing import QuietHours

_NOWHERE: Final = "Etc/Unknown"
_STEP: Final = timedelta(minutes=15)
_LONGEST: Final = timedelta(days=2)


@lru_cache(maxsize=4096)
def zones_of(phone: str) -> tuple[str, ...]:
    """Where a phone number (E.164) may be: the names of its zones, several for large countries; none if unknown."""
    # Its tables take memory, and few sessions keep quiet hours.
    import phonenumbers
    from phonenumbers.timezone import time_zones_for_number

    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return ()
    return tuple(name for name in time_zones_for_number(number) if name != _NOWHERE)


def quiet_until(now_ms: int, quiet: QuietHours, zones: Sequence[str]) -> int | None:
    """When the quiet hours are over in every one of these zones (ms); None when it is not quiet in any.

    An hour that a change of the clocks leaves out or repeats is judged by what the clock shows.
    """
    clocks: list[tzinfo] = [clock for name in zones if (clock := _clock(name)) is not None] or [UTC]
    moment = datetime.fromtimestamp(now_ms / 1000, UTC)
    if not any(_is_quiet(moment.astimezone(clock), quiet) for clock in clocks):
        return None
    # Quarters of an hour are the finest that any zone's offset is.
    latest = moment + _LONGEST
    at = moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0) + _STEP
    while at < latest:
        if not any(_is_quiet(at.astimezone(clock), quiet) for clock in clocks):
            return _first_minute(at, quiet, clocks)
        at += _STEP
    return None  # zones so far apart that somebody always sleeps: then nobody is waited for


def _first_minute(at: datetime, quiet: QuietHours, clocks: Sequence[tzinfo]) -> int:
    """The first minute of the quarter before ``at`` in which it is quiet nowhere, in ms."""
    begin = at - _STEP
    for minute in range(1, 16):
        candidate = begin + timedelta(minutes=minute)
        if not any(_is_quiet(candidate.astimezone(clock), quiet) for clock in clocks):
            return round(candidate.timestamp() * 1000)
    return round(at.timestamp() * 1000)


def _is_quiet(local: datetime, quiet: QuietHours) -> bool:
    shown = local.time().replace(tzinfo=None)
    if quiet.begin <= quiet.end:
        return quiet.begin <= shown < quiet.end
    return shown >= quiet.begin or shown < quiet.end


@lru_cache(maxsize=512)
def _clock(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None
