"""Spaces the logins of all sessions of this process, so that a crowd coming back does not look like an attack."""

from __future__ import annotations

from wagate.ports.clock import Clock


class LoginGate:
    """A token bucket (as a virtual schedule): ``burst`` logins at once, then ``rate`` a second, first come first in."""

    def __init__(self, clock: Clock, rate: float, burst: int) -> None:
        """``rate`` 0 lets everybody through at once."""
        self._clock = clock
        self._interval_s = 1.0 / rate if rate else 0.0
        self._credit_s = self._interval_s * (burst - 1)
        self._next = 0.0

    async def __call__(self) -> None:
        """Wait for one's turn to log in."""
        now = self._clock.monotonic()
        due = max(self._next, now)
        self._next = due + self._interval_s
        delay = due - self._credit_s - now
        if delay > 0:
            await self._clock.sleep(delay)
