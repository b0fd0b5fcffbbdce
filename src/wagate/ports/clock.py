"""Time as the house needs it."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """A clock that tests can turn by hand."""

    def now_ms(self) -> int:
        """Wall-clock milliseconds since 1970, UTC: for what people read."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never jumps: for deadlines and intervals."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for a number of seconds (0 or less: let others run)."""
        ...
