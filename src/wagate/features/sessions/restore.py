"""After a start: bring back what was running, and nothing else.

Only a session that was wanted, paired and not in a final state connects again. One that nobody had paired yet is
stopped: no QR code appears that nobody asked for. A final state is left as it is, for a human to see.
"""

from __future__ import annotations

import asyncio
from asyncio import TaskGroup

import structlog

from wagate.domain.errors import GatewayError, StorageUnavailable
from wagate.domain.session import RESUMABLE_AT_BOOT, Reason, SessionState
from wagate.features.sessions import repository
from wagate.features.sessions.opening import Opening
from wagate.features.sessions.repository import Stored
from wagate.features.sessions.supervisor import Supervisor
from wagate.ports.clock import Clock

_PAGE = 200
_AT_ONCE = 32
_RETRY_S = 1.0

_log = structlog.get_logger(__name__)


class Restore:
    """One pass over all sessions. ``done`` once it is through."""

    def __init__(self, opening: Opening, supervisor: Supervisor, clock: Clock) -> None:
        """Open lines through ``supervisor``."""
        self.done = False
        self._opening = opening
        self._supervisor = supervisor
        self._clock = clock
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def run(self) -> None:
        """Look at every session once; wait while the database is away."""
        after = ""
        while True:
            try:
                page = await self._opening.database.read(repository.every_session(after, _PAGE, self._opening.box))
            except StorageUnavailable:
                await self._clock.sleep(_RETRY_S)
                continue
            async with TaskGroup() as group:
                for stored in page:
                    if stored.session.state in RESUMABLE_AT_BOOT:
                        group.create_task(self._bring_back(stored))
            if len(page) < _PAGE:
                break
            after = page[-1].session.id
        self.done = True

    async def _bring_back(self, stored: Stored) -> None:
        session = stored.session
        async with self._slots, self._supervisor.turns.of(session.id):
            if self._supervisor.running(session.id) is not None:
                return
            try:
                if not stored.wanted:
                    await self._opening.settle(session.id, SessionState.STOPPED, Reason("stopped_by_user"))
                elif session.engine not in self._opening.engines:
                    missing = Reason("engine_failed", f"This gateway has no engine {session.engine!r}")
                    await self._opening.settle(session.id, SessionState.FAILED, missing)
                elif session.me is None:
                    await self._opening.settle(session.id, SessionState.STOPPED, Reason("not_paired"))
                else:
                    await self._supervisor.open(session)
            except GatewayError as error:
                _log.warning("session_not_restored", session=session.id, code=error.code, error=error.detail)
