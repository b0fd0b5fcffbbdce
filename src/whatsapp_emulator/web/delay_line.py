"""Latency as a pipe: everything comes out a while after it went in, in order, however much is inside."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class DelayLine(Generic[T]):
    """Passes items on after a delay that may differ from item to item; none overtakes an earlier one."""

    def __init__(self, pass_on: Callable[[T], None]) -> None:
        self._pass_on = pass_on
        self._inside: deque[tuple[float, T]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def put(self, item: T, delay_s: float) -> None:
        """Let an item in; without a delay, and with nothing before it, it passes at once."""
        if delay_s <= 0 and not self._inside:
            self._pass_on(item)
            return
        loop = asyncio.get_running_loop()
        due = loop.time() + delay_s
        self._inside.append((due, item))
        if self._timer is None:
            self._timer = loop.call_at(due, self._pass_due)

    def clear(self) -> None:
        """Lose what is inside."""
        self._inside.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _pass_due(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        while self._inside and self._inside[0][0] <= loop.time():
            self._pass_on(self._inside.popleft()[1])
        if self._inside:
            self._timer = loop.call_at(self._inside[0][0], self._pass_due)
