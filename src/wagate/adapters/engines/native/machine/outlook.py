"""How a line has been doing over its connections: spaces the dials, and tells when it flaps."""

from __future__ import annotations

from random import Random

_FIRST_S = 0.5
_FLAPPING_DROPS = 5
_FLAPPING_WINDOW_S = 300.0
_STORM_WINDOW_S = 60.0
_KEPT_DROPS = 12


class Outlook:
    """Counts failures in a row and recent drops. Times are seconds on any one clock."""

    __slots__ = ("_drops", "_failures", "_longest_s", "_vault_failures", "random")

    def __init__(self, random: Random, longest_s: float = 60.0) -> None:
        """``random`` is the source of all jitter of the line, ``longest_s`` the longest wait before a dial."""
        self.random = random
        self._longest_s = longest_s
        self._failures = 0
        self._vault_failures = 0
        self._drops: tuple[float, ...] = ()

    def came_up(self) -> None:
        """A login succeeded."""
        self._failures = 0

    def failed(self) -> None:
        """A connection ended before its login succeeded."""
        self._failures += 1

    def dropped(self, now: float) -> None:
        """A connection ended after its login had succeeded."""
        self._drops = (*self._drops, now)[-_KEPT_DROPS:]

    def vault_failed(self, *, after_success: bool) -> None:
        """A commit failed: one among others that succeeded, or one more in a row."""
        self._vault_failures = 0 if after_success else self._vault_failures + 1

    def is_flapping(self, now: float) -> bool:
        """Whether five connections dropped within the last five minutes."""
        return self._drops_within(_FLAPPING_WINDOW_S, now) >= _FLAPPING_DROPS

    def delay(self, now: float) -> float:
        """Seconds to wait before the next dial: full jitter, doubling up to a limit with every failure in a row.

        More than five drops within a minute count as failures, too: something breaks every connection.
        """
        excess = max(0, self._drops_within(_STORM_WINDOW_S, now) - _FLAPPING_DROPS)
        in_a_row = max(self._failures + excess, self._vault_failures)
        return self.random.uniform(0.0, min(self._longest_s, _FIRST_S * 2.0 ** min(10, in_a_row)))

    def _drops_within(self, seconds: float, now: float) -> int:
        return sum(now - drop < seconds for drop in self._drops)
