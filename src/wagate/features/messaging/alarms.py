"""Wakes lanes when their next message may go. Those whose moments lie close together are woken together, so that what
they send shares its COMMITs: a thousand accounts at twenty a minute would else commit each message by itself.
"""

from __future__ import annotations

from asyncio import Task, TaskGroup
from bisect import bisect_left, insort
from collections.abc import Callable
from dataclasses import dataclass, field

from wagate.domain.ids import SessionId
from wagate.features.messaging.lane import Lane
from wagate.ports.clock import Clock

_SHARED_S = 0.025
"""How much later than it could a message may go, for company; next to nothing beside the time between two slots."""


@dataclass(slots=True)
class _Alarm:
    """Whom it wakes."""

    task: Task[None]
    lanes: dict[SessionId, Lane] = field(default_factory=dict)


class Alarms:
    """The alarms of all lanes, one for each at most. Moments are seconds on the clock that never jumps."""

    def __init__(self, clock: Clock, wake: Callable[[Lane], None]) -> None:
        """Call ``wake`` for a lane when its moment has come."""
        self._clock = clock
        self._wake = wake
        self._alarms: dict[float, _Alarm] = {}
        self._moments: list[float] = []

    def set(self, group: TaskGroup, lane: Lane, at: float) -> None:
        """Wake a lane at a moment or a little later, and not when it was to be woken before."""
        self.cancel(lane)
        place = bisect_left(self._moments, at)
        if place < len(self._moments) and self._moments[place] <= at + _SHARED_S:
            at = self._moments[place]
        else:
            insort(self._moments, at)
            self._alarms[at] = _Alarm(group.create_task(self._ring(at)))
        self._alarms[at].lanes[lane.line.scope.session] = lane
        lane.alarm = at

    def cancel(self, lane: Lane) -> None:
        """Do not wake a lane."""
        if lane.alarm is None:
            return
        alarm = self._alarms[lane.alarm]
        del alarm.lanes[lane.line.scope.session]
        if not alarm.lanes:
            alarm.task.cancel()
            self._forget(lane.alarm)
        lane.alarm = None

    async def _ring(self, at: float) -> None:
        await self._clock.sleep(at - self._clock.monotonic())
        lanes = list(self._alarms[at].lanes.values())
        self._forget(at)
        for lane in lanes:
            lane.alarm = None
        for lane in lanes:
            self._wake(lane)

    def _forget(self, at: float) -> None:
        del self._alarms[at]
        del self._moments[bisect_left(self._moments, at)]
