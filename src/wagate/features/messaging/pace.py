"""When one account may send its next message. Pure: moments are seconds on a clock that never jumps.

Slots lie on a grid of one every ``60 / per_minute`` seconds, each put off by chance within its part of it, so that
the pace over time is exact and nothing looks like a machine. After a rest the grid may lag behind by a few slots: those
messages go at once. Whatever the grid says, no sixty seconds ever hold more than ``per_minute``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from math import ceil, isinf
from random import Random
from typing import Any, Final

from wagate.domain.conditions import Priority
from wagate.domain.pacing import Pacing

MINUTE_S: Final = 60.0
_EXACT: Final = 64
"""So many messages are remembered each by its moment: all of an account that sends up to 32 a minute."""

_GROUP_S: Final = 5.0


class Grid:
    """Slots of one kind of message: so many a minute, ``burst`` of them at once after a rest."""

    __slots__ = ("_due", "_groups", "_jitter", "_next", "_random", "_taken", "burst")

    def __init__(self, burst: int, jitter: float, random: Random) -> None:
        """Nothing was sent yet."""
        self.burst = burst
        self._jitter = jitter
        self._random = random
        self._due = self._next = float("-inf")
        self._taken: deque[float] = deque()
        # The same in groups of some seconds: when each began and ended, and how many there are.
        self._groups: deque[tuple[float, float, int]] = deque()

    def ready_at(self, now: float, rate: float) -> float:
        """When the next slot comes, at ``rate`` a minute; in the past if it is there already."""
        at = self._next
        most = max(int(rate), 1)
        self._forget(now)
        if len(self._taken) >= most:
            at = max(at, self._taken[-most] + max(MINUTE_S, MINUTE_S / rate))
        return at

    def take(self, now: float, rate: float) -> None:
        """Somebody sends now."""
        step = MINUTE_S / rate
        self._taken.append(now)
        self._count(now, 1)
        if now - self._due >= step:
            # Whoever is later than chance may put it has rested, and goes on from here, but for the burst.
            self._due = max(self._due, now - (self.burst - 1) * step)
        self._due += step
        self._next = self._due + self._random.uniform(0.0, self._jitter * step)

    def give_back(self, rate: float) -> None:
        """Whoever took the last slot did not send after all."""
        if self._taken:
            self._taken.pop()
            began, ended, count = self._groups.pop()
            if count > 1:
                self._groups.append((began, ended, count - 1))
            self._due -= MINUTE_S / rate
            self._next = self._due

    def _forget(self, now: float) -> None:
        """Keep what any slower pace could still ask for."""
        while self._taken and self._taken[0] <= now - 2 * MINUTE_S:
            self._taken.popleft()
        while self._groups and self._groups[0][1] <= now - 2 * MINUTE_S:
            self._groups.popleft()

    def _count(self, at: float, count: int) -> None:
        if self._groups and at - self._groups[-1][0] < _GROUP_S:
            began, _, before = self._groups.pop()
            self._groups.append((began, at, before + count))
        else:
            self._groups.append((at, at, count))

    def kept(self, offset: float) -> dict[str, Any]:
        """What to remember beyond this process, with moments moved by ``offset`` seconds.

        It is written with every message, so of many that were sent only groups are kept, as of the last of each.
        """
        due = None if isinf(self._due) else round(self._due + offset, 3)
        if len(self._taken) <= _EXACT:
            return {"due": due, "taken": [(_rounded_up(at + offset), 1) for at in self._taken]}
        return {"due": due, "taken": [(_rounded_up(ended + offset), count) for _, ended, count in self._groups]}

    def restore(self, kept: Mapping[str, Any], offset: float, now: float) -> None:
        """The inverse of ``kept``. A clock that was set back meanwhile holds nobody up for longer than two minutes."""
        if kept["due"] is not None:
            self._due = self._next = min(float(kept["due"]) - offset, now + 2 * MINUTE_S)
        self._taken.clear()
        self._groups.clear()
        for at, count in kept["taken"]:
            moment = min(float(at) - offset, now)
            self._taken.extend([moment] * int(count))
            self._count(moment, int(count))


class Pace:
    """The slots of one account."""

    __slots__ = ("_bulk", "_factor", "_main", "is_free", "rules")

    def __init__(self, rules: Pacing, random: Random) -> None:
        """Nothing was sent yet."""
        self.rules = rules
        self._factor = 1.0
        self.is_free = rules.per_minute is None and rules.bulk_per_minute is None
        """Whether there is no pace to keep at all."""

        self._main = Grid(rules.burst, rules.jitter, random)
        self._bulk = Grid(1, rules.jitter, random)

    def slow_down(self, factor: float) -> None:
        """Go on at this part of the pace that was set; 1 is all of it."""
        self._factor = factor
        self.is_free = self.rules.per_minute is None and self.rules.bulk_per_minute is None and factor == 1.0

    def ready_at(self, priority: Priority, now: float) -> float:
        """When a message of this priority may go; in the past if it may go now."""
        at = float("-inf")
        if self.is_free:
            return at
        for grid, rate in self._grids(priority):
            at = max(at, grid.ready_at(now, rate))
        return at

    def take(self, priority: Priority, now: float) -> None:
        """A message of this priority goes now."""
        for grid, rate in self._grids(priority):
            grid.take(now, rate)

    def give_back(self, priority: Priority) -> None:
        """The message that took a slot just now did not go."""
        for grid, rate in self._grids(priority):
            grid.give_back(rate)

    def expected_at(self, priority: Priority, now: float, ahead: int) -> float:
        """About when a message goes that has so many others before it."""
        at = max(self.ready_at(priority, now), now)
        rates = [rate for _, rate in self._grids(priority)]
        return at + ahead * MINUTE_S / min(rates) if rates else at

    def kept(self, now: float, wall_s: float) -> dict[str, Any]:
        """What to remember beyond this process: moments are seconds since 1970."""
        return {"main": self._main.kept(wall_s - now), "bulk": self._bulk.kept(wall_s - now)}

    def restore(self, kept: Mapping[str, Any], now: float, wall_s: float) -> None:
        """Go on as another process, or this one before it was restarted, would have."""
        for name, grid in (("main", self._main), ("bulk", self._bulk)):
            if name in kept:
                grid.restore(kept[name], wall_s - now, now)

    def _grids(self, priority: Priority) -> list[tuple[Grid, float]]:
        grids = []
        if self.rules.per_minute is not None:
            grids.append((self._main, self.rules.per_minute * self._factor))
        elif self._factor < 1.0:
            grids.append((self._main, _SLOWED * self._factor))
        if priority is Priority.BULK and self.rules.bulk_per_minute is not None:
            grids.append((self._bulk, self.rules.bulk_per_minute * self._factor))
        return grids


_SLOWED: Final = 20.0
"""Messages a minute that an account without a pace is slowed down from."""


def _rounded_up(moment: float) -> float:
    """A moment in whole milliseconds, not before it was."""
    return ceil(moment * 1000) / 1000
