"""Fetches the files of messages that arrived: at once or when somebody wants them, a few at a time, until they are in.

What is to be fetched stands in the database with when it is due, so a restart forgets nothing; in memory there is only
what is under way.
"""

from __future__ import annotations

import asyncio
import random
from asyncio import Task, TaskGroup
from contextlib import aclosing, suppress

import structlog
from typing_extensions import override

from wagate.domain.errors import (
    GatewayError,
    InvalidMedia,
    MediaNotFound,
    MediaQuotaExceeded,
    MediaTooLarge,
    StorageFull,
    StorageUnavailable,
    TooBusy,
)
from wagate.domain.ids import MediaId, SessionId
from wagate.domain.media import MediaState
from wagate.domain.session import SessionState
from wagate.features.media import Arrivals, MediaRoom, Wanted, due, due_sessions, later
from wagate.features.sessions.lines import LineWatcher, LiveLine
from wagate.ports.abilities import FetchesFiles
from wagate.ports.clock import Clock
from wagate.ports.engine import NotSent
from wagate.ports.files import FileDamaged, FileExpired
from wagate.store.database import Database
from wagate.store.scoped import SessionScope, TenantScope

AT_ONCE = 8
"""Files under way in this process at most."""

PER_SESSION = 4
POLL_S = 1.0
"""How often it is looked for what has become due, or was wanted in another process."""

ATTEMPTS = 10
"""So often a file is tried that nobody gives; between the attempts lie seconds at first, and an hour in the end."""

_PAUSE_S = 5.0
_LONGEST_PAUSE_S = 3600.0
_NO_ROOM_S = 600.0
_LOOK = 1_000

_log = structlog.get_logger(__name__)


class Downloads(LineWatcher):
    """One loop, and a task for each file that is under way."""

    def __init__(self, database: Database, room: MediaRoom, arrivals: Arrivals, clock: Clock) -> None:
        """Give the bytes to ``room``."""
        self._database = database
        self._room = room
        self._arrivals = arrivals
        self._clock = clock
        self._lines: dict[SessionId, LiveLine] = {}
        self._hungry: dict[SessionId, None] = {}
        self._running: dict[MediaId, tuple[SessionId, Task[None]]] = {}
        self._woken = asyncio.Event()
        self._is_noted = False
        self._is_closed = False
        database.on_commit(self._committed)

    # ---- what others tell it

    def wake(self) -> None:
        """Something is wanted."""
        self._woken.set()

    def note(self) -> None:
        """Called while a script announces a file: the commit that follows is worth waking up for."""
        self._is_noted = True

    @override
    def line_up(self, line: LiveLine) -> None:
        """Look for what this session is to fetch."""
        if isinstance(line.connection, FetchesFiles):
            self._lines[line.scope.session] = line
            self._hungry[line.scope.session] = None
            self._woken.set()

    @override
    def line_ended(self, scope: SessionScope, state: SessionState) -> None:
        """It went down before."""

    @override
    def line_down(self, session: SessionId) -> None:
        """Begin nothing more for this session. What is under way will find that it cannot go on."""
        self._lines.pop(session, None)
        self._hungry.pop(session, None)

    def close(self) -> None:
        """Let ``run`` end; what is under way begins anew after the next start."""
        self._is_closed = True
        self._woken.set()

    # ---- the loop

    async def run(self) -> None:
        """Work until ``close``."""
        try:
            while not self._is_closed:
                self._woken.clear()
                try:
                    await self._look()
                    await self._begin()
                except StorageUnavailable as error:
                    _log.warning("downloads_unreadable", error=error.detail)
                await self._rest()
        finally:
            under_way = [task for _, task in self._running.values()]
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _rest(self) -> None:
        async with TaskGroup() as group:
            nap = group.create_task(self._clock.sleep(POLL_S))
            nap.add_done_callback(lambda done: None if done.cancelled() else self._woken.set())
            await self._woken.wait()
            nap.cancel()

    async def _look(self) -> None:
        """Find the sessions that have something to fetch."""
        if self._lines:
            found = await self._database.read(due_sessions(self._clock.now_ms(), _LOOK))
            self._hungry.update(dict.fromkeys(found & self._lines.keys()))

    async def _begin(self) -> None:
        """Begin with what is due, one session after the other, as far as there is room."""
        for session in list(self._hungry):
            line = self._lines.get(session)
            busy = sum(1 for served, _ in self._running.values() if served == session)
            if line is not None and busy < PER_SESSION:
                wanted = await self._database.read(due(line.scope, self._clock.now_ms(), PER_SESSION + busy))
                fresh = [each for each in wanted if each.media not in self._running][: PER_SESSION - busy]
                for each in fresh:
                    if len(self._running) >= AT_ONCE:
                        return
                    self._start(line, each)
            # What is left is found again by the next look: whatever ends wakes the loop.
            self._hungry.pop(session, None)

    def _start(self, line: LiveLine, wanted: Wanted) -> None:
        task = asyncio.get_running_loop().create_task(self._fetch(line, wanted), name=f"download {wanted.media}")
        self._running[wanted.media] = (wanted.session, task)
        task.add_done_callback(lambda _: self._ended(wanted))

    def _ended(self, wanted: Wanted) -> None:
        del self._running[wanted.media]
        if wanted.session in self._lines:
            self._hungry[wanted.session] = None
        self._woken.set()

    def _committed(self) -> None:
        if self._is_noted:
            self._is_noted = False
            self._woken.set()

    # ---- one file

    async def _fetch(self, line: LiveLine, wanted: Wanted) -> None:
        try:
            await self._try(line, wanted)
        except StorageUnavailable as error:
            _log.warning("download_not_kept", media=wanted.media, error=error.detail)
            await self._clock.sleep(POLL_S)
        except Exception as error:  # one file's trouble must not end the others
            _log.error("download_failed", media=wanted.media, error=repr(error))
            with suppress(StorageUnavailable, TooBusy):
                await self._again(wanted, repr(error))

    async def _try(self, line: LiveLine, wanted: Wanted) -> None:
        reference = self._arrivals.reference(wanted)
        if reference is None:
            await self._give_up(wanted, MediaState.FAILED, "what is needed to fetch it cannot be read any more")
            return
        connection = line.connection
        assert isinstance(connection, FetchesFiles), "only such lines are kept"
        try:
            async with aclosing(connection.fetch_file(reference)) as pieces:
                await self._room.fulfil(wanted.tenant, wanted.media, pieces)
        except NotSent as error:
            if self._lines.get(line.scope.session) is line:
                await self._again(wanted, error.detail)
        except MediaNotFound:
            _log.info("download_of_nothing", media=wanted.media)
        except GatewayError as error:
            await self._judge(wanted, error)

    async def _judge(self, wanted: Wanted, error: GatewayError) -> None:
        """What follows from a failure."""
        match error:
            case FileExpired():
                await self._give_up(wanted, MediaState.EXPIRED, error.detail)
            case FileDamaged() | InvalidMedia():
                await self._give_up(wanted, MediaState.FAILED, error.detail)
            case MediaTooLarge():
                await self._give_up(wanted, MediaState.OMITTED, error.detail)
            case MediaQuotaExceeded() | StorageFull():
                # All of it came, and there is no room for it: it would not be otherwise in a moment.
                await self._postpone(wanted, wanted.attempts, error.detail, _NO_ROOM_S)
            case StorageUnavailable() | TooBusy():
                await self._postpone(wanted, wanted.attempts, error.detail, _PAUSE_S)
            case _:
                await self._again(wanted, error.detail)

    async def _again(self, wanted: Wanted, detail: str) -> None:
        """It did not succeed; try it later, if it has not been tried too often."""
        attempts = wanted.attempts + 1
        if attempts >= ATTEMPTS:
            await self._give_up(wanted, MediaState.FAILED, detail)
        else:
            await self._postpone(wanted, attempts, detail, min(_PAUSE_S * 3.0**attempts, _LONGEST_PAUSE_S))

    async def _postpone(self, wanted: Wanted, attempts: int, detail: str, pause_s: float) -> None:
        pause_s *= random.uniform(0.8, 1.2)  # noqa: S311  no secret
        _log.info("download_postponed", media=wanted.media, attempts=attempts, seconds=round(pause_s), reason=detail)
        due_at = self._clock.now_ms() + round(pause_s * 1000)
        await self._database.write(later(TenantScope(wanted.tenant), wanted.media, attempts, due_at))

    async def _give_up(self, wanted: Wanted, state: MediaState, detail: str) -> None:
        _log.info("download_given_up", media=wanted.media, state=state.value, reason=detail)
        with suppress(MediaNotFound):
            await self._room.give_up(wanted.tenant, wanted.media, state)
