"""Time as it passes, and time as a test turns it."""

from __future__ import annotations

import asyncio
import heapq
import time
from itertools import count

from typing_extensions import override

from wagate.ports.clock import Clock


class SystemClock(Clock):
    """The machine's clock."""

    @override
    def now_ms(self) -> int:
        """Wall-clock milliseconds since 1970, UTC."""
        return time.time_ns() // 1_000_000

    @override
    def monotonic(self) -> float:
        """Seconds on a clock that never jumps."""
        return time.monotonic()

    @override
    async def sleep(self, seconds: float) -> None:
        """Wait for a number of seconds."""
        await asyncio.sleep(max(seconds, 0.0))


class ManualClock(Clock):
    """A clock that stands still until a test turns it. Wall and monotonic time move together."""

    def __init__(self, now_ms: int = 1_800_000_000_000) -> None:
        """Start at ``now_ms`` (the default is in January 2027); the monotonic clock starts at 0."""
        self._started_ms = now_ms
        self._elapsed = 0.0
        self._order = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    @override
    def now_ms(self) -> int:
        """Wall-clock milliseconds since 1970, UTC."""
        return self._started_ms + round(self._elapsed * 1000)

    @override
    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return self._elapsed

    @override
    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was turned by ``seconds``; 0 or less only lets others run."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._order), woken))
        await woken

    @property
    def sleepers(self) -> int:
        """How many are asleep: what a test waits for before it turns the clock."""
        return sum(not woken.done() for _, _, woken in self._sleepers)

    def turn(self, seconds: float) -> None:
        """Move time on and wake everybody who is due, in the order of their deadlines."""
        until = self._elapsed + seconds
        while self._sleepers and self._sleepers[0][0] <= until:
            deadline, _, woken = heapq.heappop(self._sleepers)
            self._elapsed = max(self._elapsed, deadline)
            if not woken.done():
                woken.set_result(None)
        self._elapsed = until

    async def run(self, seconds: float, rounds: int = 10) -> None:
        """Move time on from deadline to deadline; whoever wakes gets ``rounds`` turns of the loop to sleep again."""
        until = self._elapsed + seconds
        while True:
            for _ in range(rounds):
                await asyncio.sleep(0)
            due = self._sleepers[0][0] if self._sleepers else until
            if due >= until:
                break
            self.turn(due - self._elapsed)
        self.turn(until - self._elapsed)
        for _ in range(rounds):
            await asyncio.sleep(0)
