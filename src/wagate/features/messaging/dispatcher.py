"""Hands queued messages to the engines: the urgent first, in order within a chat, many chats at once, each account at
its pace.

One loop reads the outbox for all sessions that this process holds: what is new in one go, and a session's backlog page
by page when its line comes up or when it got more than fits in memory. What cannot leave now is forgotten and read
again later; the outbox is the only truth.
"""

from __future__ import annotations

import asyncio
import random
from asyncio import TaskGroup

import structlog
from typing_extensions import override

from wagate.domain.conditions import Priority
from wagate.domain.errors import StorageUnavailable
from wagate.domain.ids import ChatId, MessageId, SessionId
from wagate.domain.session import SessionState
from wagate.features.messaging.accounts import Accounts
from wagate.features.messaging.alarms import Alarms
from wagate.features.messaging.handover import Fate, Handover
from wagate.features.messaging.lane import Lane
from wagate.features.messaging.receipts import Receipts
from wagate.features.messaging.repository import outbox, queues
from wagate.features.messaging.repository.outbox import Waiting
from wagate.features.sessions.lines import LineWatcher, LiveLine
from wagate.ports.clock import Clock
from wagate.ports.engine import Connection
from wagate.store.database import Database
from wagate.store.scoped import SessionScope

_PAGE = 64
"""Messages of one session in memory at most; twice as many if those are urgent."""

_PACED_PAGE = 8
"""The same for a session whose pace lets few of them leave."""

_BUDGET = 4096
"""Messages of all sessions in memory at most."""

_FRESH = 256
_POLL_S = 1.0
"""How often the outbox is looked at without being asked: for what other processes have accepted."""

_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0

_log = structlog.get_logger(__name__)


class Dispatcher(LineWatcher):
    """The one task that moves messages from the outbox to the engines, and its short-lived children."""

    def __init__(
        self, database: Database, handover: Handover, receipts: Receipts, accounts: Accounts, clock: Clock
    ) -> None:
        """Hand messages over by ``handover``; what ``receipts`` puts back is read again."""
        self._database = database
        self._handover = handover
        self._receipts = receipts
        self._accounts = accounts
        self._clock = clock
        self._alarms = Alarms(clock, self._start_again)
        self._lanes: dict[SessionId, Lane] = {}
        self._hungry: dict[SessionId, None] = {}
        self._held = 0
        self._tail: int | None = None
        self._woken = asyncio.Event()
        self._closing = False
        self._group: TaskGroup | None = None
        database.on_commit(self._read_what_came_back)

    # ---- what others tell it

    def wake(self) -> None:
        """Something was queued."""
        self._woken.set()

    @override
    def line_up(self, line: LiveLine) -> None:
        """Serve this session, beginning with what waits in the outbox."""
        if self._closing:
            return
        lane = self._lanes.get(line.scope.session)
        if lane is None:
            lane = self._lanes[line.scope.session] = Lane(line)
        elif lane.line.scope != line.scope:
            lane.pace = None
        lane.line = line
        lane.live = True
        lane.failures = 0
        self._end_pause(lane)
        self._refresh(lane)

    @override
    def line_down(self, session: SessionId) -> None:
        """Stop serving this session. What is with the engine already stays with it."""
        lane = self._lanes.get(session)
        if lane is not None:
            lane.live = False
            self._end_pause(lane)
            self._drop_if_idle(lane)

    @override
    def line_ended(self, scope: SessionScope, state: SessionState) -> None:
        """WhatsApp suspended the account: when it is back it sends little, and nothing to people who are new."""
        if state is SessionState.BANNED:
            self._database.enqueue(self._accounts.refused(scope, "banned"), lambda *_: None, vital=True)

    def connection(self, session: SessionId) -> Connection | None:
        """The connection of a session that can send right now; None when there is none in this process."""
        lane = self._lanes.get(session)
        return lane.line.connection if lane is not None and lane.live else None

    def is_sending(self, session: SessionId) -> bool:
        """Whether what is ready in this session leaves from here, as its pace allows."""
        lane = self._lanes.get(session)
        return lane is not None and lane.live and not lane.halted

    def look_again(self, session: SessionId) -> None:
        """Something of this session is ready that was not, or stands elsewhere in the queue."""
        lane = self._lanes.get(session)
        if lane is not None:
            self._refresh(lane)

    def halt(self, session: SessionId, *, is_halted: bool) -> None:
        """Let nothing leave, or let it leave again; what is with the engine already stays with it."""
        lane = self._lanes.get(session)
        if lane is not None:
            lane.halted = is_halted
            self._refresh(lane)

    def withdraw(self, session: SessionId, message: MessageId) -> bool:
        """Whether a message is not being handed over right now; it will not be before the outbox is read again."""
        lane = self._lanes.get(session)
        if lane is None:
            return True
        before = len(lane.held)
        may_go = lane.withdraw(message)
        self._held -= before - len(lane.held)
        return may_go

    def close(self) -> None:
        """Let ``run`` end once nothing is in flight any more."""
        self._closing = True
        for session in list(self._lanes):
            self.line_down(session)
        self._woken.set()

    # ---- the loop

    async def run(self) -> None:
        """Work until ``close``."""
        async with TaskGroup() as self._group:
            while not self._closing:
                self._woken.clear()
                try:
                    await self._read()
                except StorageUnavailable as error:
                    _log.warning("outbox_unreadable", detail=error.detail)
                    await self._clock.sleep(_POLL_S)
                else:
                    await self._rest()

    async def _read(self) -> None:
        if self._tail is None:
            # Known before the first backlog is read: what is queued in between is behind the tail, not lost.
            self._tail = await self._database.read(outbox.newest_position())
        for session in list(self._hungry):
            if self._held >= _BUDGET:
                break  # the others stay hungry until somebody has made room
            await self._read_backlog(session)
        while await self._read_fresh():
            pass

    async def _read_backlog(self, session: SessionId) -> None:
        """Read what a session has ready, from the first on, as far as there is room for it."""
        lane = self._lanes.get(session)
        if lane is not None and lane.pace is None and lane.live:
            await self._open(lane)
        if lane is None or not lane.behind or not lane.flows or len(lane.held) >= self._page(lane):
            self._hungry.pop(session, None)
            return
        room = min(self._page(lane) - len(lane.held), _BUDGET - self._held)
        if room <= 0:
            return
        limit = len(lane.held) + room
        page = await self._database.read(outbox.waiting(session, limit))
        if not lane.flows:
            return
        for waiting in page:
            lane.seen = max(lane.seen, waiting.position)
            self._hold(lane, waiting)
        lane.behind = len(page) == limit
        self._hungry.pop(session, None)
        self._start(lane)

    async def _open(self, lane: Lane) -> None:
        """Find out how a session's queue stands."""
        scope = lane.line.scope
        stands = await self._database.read(queues.state_of(scope))
        if lane.line.scope == scope:
            lane.halted = stands.halted_at is not None
            lane.pace = self._accounts.open(scope, stands).pace

    async def _read_fresh(self) -> bool:
        """Read what was queued since the last look; whether there may be more."""
        assert self._tail is not None
        rows = await self._database.read(outbox.fresh(self._tail, _FRESH))
        touched: dict[SessionId, Lane] = {}
        for waiting in rows:
            self._tail = waiting.position
            lane = self._lanes.get(waiting.session)
            if lane is None or not lane.flows:
                continue  # nobody to serve
            if waiting.position <= lane.seen:
                continue  # a look at this session's backlog has found it already, and it may have left since
            is_urgent = waiting.priority is Priority.URGENT
            if lane.behind and not is_urgent:
                continue  # a look at this session's backlog will find it, in its order
            if len(lane.held) >= self._page(lane) * (1 + is_urgent) or self._held >= _BUDGET:
                lane.behind = True
                self._feed(lane)
                continue
            self._hold(lane, waiting)
            touched[waiting.session] = lane
        for lane in touched.values():
            self._start(lane)
        return len(rows) == _FRESH

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(_POLL_S):
                await self._woken.wait()
        except TimeoutError:
            return

    def _read_what_came_back(self) -> None:
        for session in self._receipts.take_put_back():
            lane = self._lanes.get(session)
            if lane is not None:
                lane.behind = True
                self._feed(lane)

    # ---- lanes

    def _hold(self, lane: Lane, waiting: Waiting) -> None:
        late_ms = waiting.due_at - self._clock.now_ms()
        if lane.add(waiting, self._clock.monotonic() + late_ms / 1000 if late_ms > 0 else None):
            self._held += 1

    def _start(self, lane: Lane) -> None:
        assert self._group is not None
        now = self._clock.monotonic()
        while (chat := lane.next_chat(now)) is not None:
            self._group.create_task(self._serve(lane, chat))
        self._set_alarm(lane)

    def _set_alarm(self, lane: Lane) -> None:
        """Begin again when the next message may go, if it may not now."""
        if lane.wake_at is not None and self._group is not None and lane.live:
            self._alarms.set(self._group, lane, lane.wake_at)
        else:
            self._alarms.cancel(lane)

    def _start_again(self, lane: Lane) -> None:
        if lane.live:
            self._start(lane)

    def _feed(self, lane: Lane) -> None:
        """Read more of a session's backlog once it has worked off most of its page."""
        if lane.behind and (lane.pace is None or len(lane.held) <= self._page(lane) // 4):
            self._hungry[lane.line.scope.session] = None
        if self._hungry:
            self._woken.set()

    def _refresh(self, lane: Lane) -> None:
        """Begin anew with what the outbox says, as soon as nothing is in flight."""
        if lane.busy:
            lane.stale = True
            return
        self._held -= lane.begin()
        self._feed(lane)

    def _drop_if_idle(self, lane: Lane) -> None:
        if not lane.busy:
            lane.wake_at = None
            self._set_alarm(lane)
            self._held -= lane.begin()
            del self._lanes[lane.line.scope.session]

    def _pause(self, lane: Lane) -> None:
        """Leave a lane alone for a while, longer each time, unless its line comes up anew before."""
        if lane.pause is not None or not lane.live or self._group is None:
            return
        lane.stale = True
        delay = min(_PAUSE_S * 2.0**lane.failures, _LONGEST_PAUSE_S) * random.uniform(0.8, 1.2)  # noqa: S311  no secret
        lane.failures += 1
        lane.pause = self._group.create_task(self._resume(lane, delay))

    async def _resume(self, lane: Lane, delay: float) -> None:
        await self._clock.sleep(delay)
        lane.pause = None
        self._refresh(lane)

    def _end_pause(self, lane: Lane) -> None:
        if lane.pause is not None:
            lane.pause.cancel()
            lane.pause = None

    def _page(self, lane: Lane) -> int:
        """How many of a session's messages are in memory at most: fewer of many sessions that keep a pace."""
        return min(_PACED_PAGE, max(_BUDGET // (len(self._lanes) or 1), 1)) if lane.takes_turns else _PAGE

    # ---- one chat

    async def _serve(self, lane: Lane, chat: ChatId) -> None:
        """Send a chat's messages, one after the other, until none is left or it is others' turn."""
        try:
            while (waiting := lane.head(chat)) is not None:
                fate = await self._handover.hand(lane, waiting)
                if fate is not Fate.LEFT:
                    lane.give_back(waiting)
                if fate is Fate.STUCK:
                    self._pause(lane)
                    break
                lane.failures = 0
                self._held -= lane.gone(waiting)
                if lane.takes_turns:
                    if fate is Fate.LEFT:
                        lane.rest(chat, self._clock.monotonic())
                    break
        finally:
            lane.let_go(chat)
            self._continue(lane)

    def _continue(self, lane: Lane) -> None:
        if not lane.live:
            self._drop_if_idle(lane)
        elif not lane.stale:
            self._start(lane)
            self._feed(lane)
        elif lane.pause is None:
            self._refresh(lane)
