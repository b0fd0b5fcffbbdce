"""Under which conditions a message goes out: how urgent it is, from and until when, and what if nobody knows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Priority(StrEnum):
    """Who goes first: within one priority a chat keeps its order, and an urgent message overtakes all others."""

    URGENT = "urgent"
    NORMAL = "normal"
    BULK = "bulk"

    @property
    def rank(self) -> int:
        """The lower goes first."""
        return _RANKS[self]

    @classmethod
    def of_rank(cls, rank: int) -> Priority:
        """The inverse of `rank`."""
        return _PRIORITIES[rank]


_PRIORITIES = (Priority.URGENT, Priority.NORMAL, Priority.BULK)
_RANKS = {priority: rank for rank, priority in enumerate(_PRIORITIES)}


class OnUnknown(StrEnum):
    """What becomes of a message that may have gone out or not, once there has been time for evidence."""

    HOLD = "hold"
    """It stays unknown until there is evidence."""

    RESEND = "resend"
    """It is sent again, and may come twice."""

    FAIL = "fail"
    """It counts as failed, and may have come all the same."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a caller may ask for besides what is said and to whom. Moments are milliseconds since 1970, UTC.

    ``send_at``: it waits until then. ``expires_at``: what has not been handed to WhatsApp by then fails.
    ``types_first``: we are seen typing before it goes out (None: as the session's settings say).
    """

    priority: Priority = Priority.NORMAL
    send_at: int | None = None
    expires_at: int | None = None
    on_unknown: OnUnknown = OnUnknown.HOLD
    types_first: bool | None = None


PLAIN_CONDITIONS = Conditions()
