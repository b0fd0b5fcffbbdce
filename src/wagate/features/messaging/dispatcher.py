"""Hands queued messages to the engines: first in, first out within a chat, many chats at once.

One loop reads the outbox for all sessions that this process holds: what is new in one go, and a session's backlog page
by page when its line comes up or when it got more than fits in memory. What cannot leave now is forgotten and read
again later; the outbox is the only truth.
"""

from __future__ import annotations

import asyncio
import random
from asyncio import TaskGroup
from dataclasses import replace

import structlog
from typing_extensions import override

from wagate.domain.content import as_sent
from wagate.domain.errors import GatewayError, StorageUnavailable, TooBusy
from wagate.domain.ids import ChatId, SessionId, wa_id
from wagate.domain.jid import STATUS_LIST
from wagate.domain.message import MessageFailure
from wagate.features.messaging.lane import Lane
from wagate.features.messaging.outbox import Outbox
from wagate.features.messaging.repository import outbox, statuses
from wagate.features.messaging.repository.outbox import Waiting
from wagate.features.sessions.lines import LineWatcher, LiveLine
from wagate.ports.clock import Clock
from wagate.ports.engine import Connection, NotSent, Outgoing
from wagate.ports.vault import VaultFailed
from wagate.store.database import Database

_PAGE = 64
"""Messages of one session in memory at most."""

_BUDGET = 4096
"""Messages of all sessions in memory at most."""

_FRESH = 256
_POLL_S = 1.0
"""How often the outbox is looked at without being asked: for what other processes have accepted."""

_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_MISTAKES = 5
"""How often an engine may fail in an unforeseen way over the same message before the message is given up."""

_log = structlog.get_logger(__name__)


class Dispatcher(LineWatcher):
    """The one task that moves messages from the outbox to the engines, and its short-lived children."""

    def __init__(self, database: Database, way_out: Outbox, clock: Clock) -> None:
        """Give messages up through ``way_out``."""
        self._database = database
        self._way_out = way_out
        self._clock = clock
        self._lanes: dict[SessionId, Lane] = {}
        self._hungry: dict[SessionId, None] = {}
        self._held = 0
        self._tail: int | None = None
        self._woken = asyncio.Event()
        self._closing = False
        self._group: TaskGroup | None = None

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

    def connection(self, session: SessionId) -> Connection | None:
        """The connection of a session that can send right now; None when there is none in this process."""
        lane = self._lanes.get(session)
        return lane.line.connection if lane is not None and lane.live else None

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
            await self._read_backlog(session)
        while await self._read_fresh():
            pass

    async def _read_backlog(self, session: SessionId) -> None:
        """Read one page of what a session has waiting."""
        lane = self._lanes.get(session)
        if lane is None or not lane.behind or not lane.flows or lane.held >= _PAGE:
            del self._hungry[session]
            return
        room = min(_PAGE - lane.held, _BUDGET - self._held)
        if room <= 0:
            return  # stays hungry until others have made room
        page = await self._database.read(outbox.waiting(session, lane.cursor, room))
        if not lane.flows:
            return
        for waiting in page:
            self._hold(lane, waiting)
        lane.behind = len(page) == room
        self._hungry.pop(session, None)
        self._start(lane)

    async def _read_fresh(self) -> bool:
        """Read what was queued since the last look; whether there may be more."""
        assert self._tail is not None
        rows = await self._database.read(outbox.fresh(self._tail, _FRESH))
        touched: dict[SessionId, Lane] = {}
        for waiting in rows:
            self._tail = waiting.position
            lane = self._lanes.get(waiting.session)
            if lane is None or lane.behind or not lane.flows or waiting.position <= lane.cursor:
                continue  # nobody to serve, or a look at this session's backlog will find it
            if lane.held >= _PAGE or self._held >= _BUDGET:
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

    # ---- lanes

    def _hold(self, lane: Lane, waiting: Waiting) -> None:
        lane.add(waiting)
        self._held += 1

    def _start(self, lane: Lane) -> None:
        assert self._group is not None
        while (chat := lane.next_chat()) is not None:
            self._group.create_task(self._serve(lane, chat))

    def _feed(self, lane: Lane) -> None:
        """Read more of a session's backlog once it has worked off most of its page."""
        if lane.behind and lane.held <= _PAGE // 4:
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

    # ---- one chat

    async def _serve(self, lane: Lane, chat: ChatId) -> None:
        """Send a chat's messages, one after the other, until none is left or the lane stops."""
        try:
            while (waiting := lane.head(chat)) is not None:
                if not await self._has_left(lane, waiting):
                    self._pause(lane)
                    break
                lane.failures = 0
                lane.gone(chat)
                self._held -= 1
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

    async def _has_left(self, lane: Lane, waiting: Waiting) -> bool:
        """Hand one message to the engine. False: it waits for a better moment."""
        # A message accepted for another engine than the one that sends it may have an id too few, or one too many.
        known_as = (waiting.wa_id or wa_id()) if lane.line.chooses_ids else None
        said = as_sent(waiting.content)
        outgoing = Outgoing(
            waiting.message,
            known_as,
            waiting.to,
            said,
            waiting.quoted,
            waiting.context,
            # What was read here was read after all that this session's vault had under way was settled: a lane begins
            # anew whenever a send of it did not end well, and its line comes up only behind what the last one left.
            is_first=waiting.attempts == 0,
        )
        try:
            if waiting.to == STATUS_LIST:
                seen_by = await self._database.read(statuses.audience_of(lane.line.scope, waiting.message))
                outgoing = replace(outgoing, audience=seen_by)
            await lane.line.connection.send(outgoing)
            return True
        except (NotSent, VaultFailed, StorageUnavailable):
            return False
        except GatewayError as error:
            failure = MessageFailure(error.code, error.detail)
        except Exception as error:  # an engine's mistake must not stop the messages of all other sessions
            _log.error("engine_send_failed", session=waiting.session, message=waiting.message, error=repr(error))
            if not lane.is_hopeless(waiting.message, _MISTAKES):
                return False
            failure = MessageFailure("engine_failed", f"The engine failed {_MISTAKES} times: {error!r}", retryable=True)
        try:
            await self._database.write(self._way_out.give_up(lane.line.scope, waiting, failure))
        except (StorageUnavailable, TooBusy):
            return False
        return True
