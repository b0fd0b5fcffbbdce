"""The two ways in which a session ends for good: logged out, and deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from wagate.domain.session import LIVE, Reason, Session, SessionState
from wagate.features.sessions import repository
from wagate.features.sessions.lines import Running
from wagate.features.sessions.opening import Opening
from wagate.features.sessions.supervisor import Supervisor
from wagate.ports.abilities import LogsOut
from wagate.store.scoped import SessionScope
from wagate.store.script import Script

Eraser = Callable[[SessionScope, int], Script[int]]
"""Removes up to so many rows that another room keeps of a session; returns how many there were."""

_LOG_OUT_S = 5.0
_CHUNK = 500
_LOGGED_OUT = Reason("logged_out_by_user")
_DELETED = Reason("stopped_by_user", "The session is being deleted")

_log = structlog.get_logger(__name__)


class Ending:
    """Ends sessions. Who calls these holds the session's turn."""

    def __init__(self, opening: Opening, supervisor: Supervisor, erasers: Sequence[Eraser]) -> None:
        """``erasers`` are called again until nothing is left for them."""
        self._opening = opening
        self._database = opening.database
        self._supervisor = supervisor
        self._erasers = erasers

    async def log_out(self, session: Session) -> None:
        """Unlink the device, on the service's side too if the line is up, and forget its keys."""
        running = self._supervisor.running(session.id)
        if running is None:
            await self._opening.discard(session.id, _LOGGED_OUT)
            return
        await self._unlink(running)
        await self._database.write(repository.want_session(running.scope, session.id, False))
        await self._supervisor.close(running, SessionState.LOGGED_OUT, _LOGGED_OUT)

    async def delete(self, session: Session) -> None:
        """Remove a session and all that is kept of it. If that is interrupted, it can be asked for again."""
        running = self._supervisor.running(session.id)
        if running is not None:
            await self._unlink(running)
            await self._supervisor.close(running, SessionState.STOPPED, _DELETED)
        scope = await self._database.write(self._opening.claimed(session.id))
        await self._opening.forget_outside(session.id)
        while not await self._database.write(self._erase(scope)):
            pass

    async def _unlink(self, running: Running) -> None:
        connection = running.connection
        if running.state not in LIVE or not isinstance(connection, LogsOut):
            return
        try:
            async with asyncio.timeout(_LOG_OUT_S):
                await connection.log_out()
        except Exception as error:  # the session ends on our side however the service takes it
            _log.warning("log_out_failed", session=running.scope.session, error=repr(error))

    def _erase(self, scope: SessionScope) -> Script[bool]:
        """Remove a chunk; with the last one, in the same transaction, the session itself. Whether that was it."""
        for eraser in (*self._erasers, repository.delete_records):
            if (yield from eraser(scope, _CHUNK)) == _CHUNK:
                return False
        yield from repository.delete_session(scope, scope.session)
        return True
