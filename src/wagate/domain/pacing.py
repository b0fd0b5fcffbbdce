"""How fast an account sends: what a human sets. How it is kept is in ``features.messaging``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When people are not written to, by the clock where they live; it may span midnight. Urgent messages go all the
    same.
    """

    begin: time
    end: time


@dataclass(frozen=True, slots=True)
class Pacing:
    """What one account may send. None lifts a limit.

    ``per_minute``: never more than so many in any sixty seconds, however urgent. ``bulk_per_minute``: of those, so many
    of bulk. ``burst``: so many may follow one another at once after a rest. ``jitter``: the part of the time between
    two messages that is left to chance. ``chat_gap_s``: seconds between two messages to one chat. ``per_day`` and
    ``cold_per_day``: messages, and first messages to people who never wrote or were written to, in a day (UTC).
    ``warm_up``: a number that was linked lately may send fewer a day at first, and each day twice as many.
    ``quiet_hours``: in the recipient's own zone. ``types_first``: we are seen typing before a text goes out.
    ``checks_numbers``: whether somebody new is on WhatsApp is asked before anything is sent to them.
    """

    per_minute: int | None = 20
    bulk_per_minute: int | None = 3
    burst: int = 3
    jitter: float = 0.3
    chat_gap_s: float = 1.0
    per_day: int | None = None
    cold_per_day: int | None = None
    warm_up: bool = False
    quiet_hours: QuietHours | None = None
    types_first: bool = False
    checks_numbers: bool = True


UNPACED = Pacing(per_minute=None, bulk_per_minute=None, chat_gap_s=0.0, checks_numbers=False)
"""As fast as it goes."""
