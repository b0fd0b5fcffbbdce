"""How a line has been doing over its connections: spaces the dials, and tells when it flaps."""

from __future__ import annotations

from random import Random

_FIRST_S = 0.5
_LONGEST_S = 60.0
_FLAPPING_DROPS = 5
_FLAPPING_WINDOW_S = 300.0


class Outlook:
    """Counts failures in a row and recent drops. Times are seconds on any one clock."""

    __slots__ = ("_drops", "_failures", "random")

    def __init__(self, random: Random) -> None:
        """``random`` is the source of all jitter of the line."""
        self.random = random
        self._failures = 0
        self._drops: tuple[float, ...] = ()

    def came_up(self) -> None:
        """A login succeeded."""
        self._failures = 0

    def failed(self) -> None:
        """A connection ended before its login succeeded."""
        self._failures += 1

    def dropped(self, now: float) -> None:
        """A connection ended after its login had succeeded."""
        self._drops = (*self._drops, now)[-_FLAPPING_DROPS:]

    def is_flapping(self, now: float) -> bool:
        """Whether five connections dropped within the last five minutes."""
        return len(self._drops) == _FLAPPING_DROPS and now - self._drops[0] < _FLAPPING_WINDOW_S

    def delay(self) -> float:
        """Seconds to wait before the next dial: full jitter, doubling up to a minute; short after a drop."""
        return self.random.uniform(0.0, min(_LONGEST_S, _FIRST_S * 2.0 ** min(self._failures, 10)))
