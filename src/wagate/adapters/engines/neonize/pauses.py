"""How long to wait before a worker is started again, and whether a line drops too often."""

from __future__ import annotations

from random import Random
from typing import Final

_FIRST_S: Final = 0.5
_FLAPPING_DROPS: Final = 5
_FLAPPING_WINDOW_S: Final = 300.0


class Pauses:
    """Counts failures in a row and recent drops. Times are seconds on any one clock."""

    def __init__(self, random: Random, longest_s: float) -> None:
        """``random`` is the source of the jitter."""
        self._random = random
        self._longest_s = longest_s
        self._failures = 0
        self._drops: tuple[float, ...] = ()

    def came_up(self) -> None:
        """The line is connected."""
        self._failures = 0

    def failed(self) -> None:
        """A worker's line is over."""
        self._failures += 1

    def dropped(self, now: float) -> None:
        """The connection was lost after it had been there."""
        self._drops = (*self._drops, now)[-_FLAPPING_DROPS:]

    def is_flapping(self, now: float) -> bool:
        """Whether five connections were lost within the last five minutes."""
        return len(self._drops) == _FLAPPING_DROPS and now - self._drops[0] < _FLAPPING_WINDOW_S

    def next(self) -> float:
        """Seconds to wait: full jitter, doubling up to a limit with every failure in a row."""
        return self._random.uniform(0.0, min(self._longest_s, _FIRST_S * 2.0 ** min(10, self._failures - 1)))
