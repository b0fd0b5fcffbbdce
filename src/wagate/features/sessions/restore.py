"""After a start: bring back what was running, and nothing else.

Only a session that was wanted, paired and not in a final state connects again. One that nobody had paired yet is
stopped: no QR code appears that nobody asked for. A final state is left as it is, for a human to see.
"""

from __future__ import annotations

import asyncio
from asyncio import TaskGroup
from collections.abc import Awaitable, Callable, Collection

import structlog

from wagate.domain.errors import GatewayError, StorageUnavailable
from wagate.domain.ids import SessionId
from wagate.domain.session import RESUMABLE_AT_BOOT, Reason, SessionState
from wagate.features.sessions import repository
from wagate.features.sessions.opening import HeldElsewhere, Opening
from wagate.features.sessions.repository import Stored
from wagate.features.sessions.supervisor import Supervisor
from wagate.ports.clock import Clock

_PAGE = 200
_AT_ONCE = 32
_FREE = 10_000
_RETRY_S = 1.0

_log = structlog.get_logger(__name__)


class Restore:
    """A pass over all sessions, then a look now and then at what other processes left behind."""

    def __init__(
        self,
        opening: Opening,
        supervisor: Supervisor,
        clock: Clock,
        *,
        clear: Callable[[], Awaitable[None]],
        adopt_every_s: float | None,
    ) -> None:
        """Open lines through ``supervisor``, after ``clear`` has put away what was left half done.

        ``adopt_every_s`` is None where no other process can be.
        """
        self.done = False
        """Whether the first pass is through."""
        self._opening = opening
        self._supervisor = supervisor
        self._clock = clock
        self._clear = clear
        self._adopt_every_s = adopt_every_s
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def run(self) -> None:
        """Look at every session once; then, where there may be other processes, adopt what they let go of."""
        while not self.done:
            try:
                await self._clear()
                await self._pass(None)
                self.done = True
            except StorageUnavailable:
                await self._clock.sleep(_RETRY_S)
        while self._adopt_every_s is not None:
            await self._clock.sleep(self._adopt_every_s)
            try:
                await self._adopt()
            except StorageUnavailable as error:
                _log.warning("sessions_not_adopted", error=error.detail)

    async def _pass(self, only: Collection[SessionId] | None) -> None:
        """Bring back sessions, all of them or only some."""
        after = ""
        while True:
            page = await self._opening.database.read(repository.every_session(after, _PAGE, self._opening.box))
            async with TaskGroup() as group:
                for stored in page:
                    if stored.session.state in RESUMABLE_AT_BOOT and (only is None or stored.session.id in only):
                        group.create_task(self._bring_back(stored))
            if len(page) < _PAGE:
                return
            after = page[-1].session.id

    async def _adopt(self) -> None:
        """Sessions that ought to run and that nobody runs, because their process died or we lost our lease."""
        free = await self._opening.database.read(self._opening.node.waiting(_FREE))
        orphans = {session for session in free if not self._supervisor.cares_for(session)}
        if orphans:
            await self._pass(orphans)

    async def _bring_back(self, stored: Stored) -> None:
        session = stored.session
        while True:
            try:
                async with self._slots, self._supervisor.turns.of(session.id):
                    if not self._supervisor.cares_for(session.id):
                        await self._decide(stored)
                return
            except HeldElsewhere:
                return
            except StorageUnavailable:
                await self._clock.sleep(_RETRY_S)
            except GatewayError as error:
                _log.warning("session_not_restored", session=session.id, code=error.code, error=error.detail)
                return

    async def _decide(self, stored: Stored) -> None:
        session = stored.session
        settle = self._opening.settle
        if not stored.wanted:
            await settle(session.id, SessionState.STOPPED, Reason("stopped_by_user"))
        elif session.engine not in self._opening.engines:
            missing = Reason("engine_failed", f"This gateway has no engine {session.engine!r}")
            await settle(session.id, SessionState.FAILED, missing)
        elif session.me is None:
            await settle(session.id, SessionState.STOPPED, Reason("not_paired"))
        else:
            await self._supervisor.open(session)
