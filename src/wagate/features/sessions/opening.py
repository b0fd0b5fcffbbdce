"""What it takes to get hold of a session: the claim, its keys, its engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog

from wagate.domain.errors import Conflict, StorageUnavailable, UnknownEngine
from wagate.domain.ids import SessionId, TenantId
from wagate.domain.pacing import Pacing
from wagate.domain.session import ChatFilters, Reason, Session, SessionSettings, SessionState
from wagate.features.sessions import repository
from wagate.features.sessions.lines import Running
from wagate.features.sessions.repository import Move, Phase, Stored
from wagate.features.sessions.sealed_settings import UNREADABLE, SettingsBox
from wagate.features.sessions.states import States
from wagate.ports.device import CarriesDevices
from wagate.ports.engine import Connection, Engine, Line, LineOptions
from wagate.ports.files import MediaSource
from wagate.ports.news import LineNews
from wagate.ports.vault import RecordUnreadable, Vault
from wagate.store.database import Database
from wagate.store.leases import Node
from wagate.store.scoped import SessionScope
from wagate.store.script import Script
from wagate.store.vault import VaultKeeper

_WIPE = 500
"""Records that one transaction deletes."""

_log = structlog.get_logger(__name__)

Forget = Callable[[SessionScope, int], Script[int]]
"""Deals with up to so many things that lost keys leave behind elsewhere; returns how many there were."""


class HeldElsewhere(Conflict):
    """Another gateway process holds this session"""

    code = "session_held_elsewhere"


@dataclass(frozen=True, slots=True)
class Opening:
    """The means that opening and closing need. ``forget`` is part of throwing a session's keys away.

    ``media`` has the files of a tenant for its lines. ``absent`` names engines that exist and are not installed, each
    with what to do about it. ``filters``, ``eager_limits`` (of files that arrive) and ``pacing`` are those of
    the sessions that were started here, where they are not the default ones.
    """

    database: Database
    node: Node
    keeper: VaultKeeper
    engines: Mapping[str, Engine]
    states: States
    box: SettingsBox
    absent: Mapping[str, str]
    login_gate: Callable[[], Awaitable[None]]
    media: Callable[[TenantId], MediaSource]
    forget: Forget
    filters: dict[SessionId, ChatFilters]
    eager_limits: dict[SessionId, int]
    pacing: dict[SessionId, Pacing]

    async def hold(self, session: Session) -> Running:
        """Claim a session and open its vault; it is ``starting`` and wanted from here on. Old keys are thrown away.

        Raises UnknownEngine, SessionNotFound, HeldElsewhere.
        """
        engine = self.engines.get(session.engine)
        if engine is None:
            raise UnknownEngine(f"This gateway has no engine {session.engine!r}")
        if session.state is SessionState.LOGGED_OUT:
            # While this goes on the session stays logged out: if it fails, the next start begins here again.
            await self.wipe(await self.database.write(self.claimed(session.id)))
        scope, move = await self.database.write(self._claim(session))
        if move is not None and move.phase is Phase.COPYING:
            await self.tidy(scope)
        vault = self.keeper.open(scope.session, scope.tenant, scope.epoch)
        spent = move.origin if move is not None and move.phase is Phase.SETTLING else None
        return Running(scope, engine, vault, SessionState.STARTING, spent=spent)

    async def tidy(self, scope: SessionScope) -> None:
        """Delete the copy that a move left which did not come to its end; while it stays, it is not used.

        Raises StorageUnavailable.
        """
        move = await self.database.read(repository.find_move(scope, scope.session))
        if move is None or move.phase is not Phase.COPYING:
            return
        vault = self.keeper.open(scope.session, scope.tenant, scope.epoch)
        if await self._discard(move.target, scope.session, vault):
            await self.database.write(self._end_move(scope))
        await vault.close()

    async def bury(self, running: Running) -> None:
        """Delete what the engine keeps that the session has left; later, if that does not work now."""
        spent, running.spent = running.spent, None
        if spent is None:
            return
        try:
            if await self._discard(spent, running.scope.session, running.vault):
                await self.database.write(self._end_move(running.scope))
                return
        except StorageUnavailable as error:
            _log.warning("move_not_ended", session=running.scope.session, error=error.detail)
        running.spent = spent

    async def _discard(self, engine: str, session: SessionId, vault: Vault) -> bool:
        """Delete the device that an engine keeps for a session; whether that worked."""
        plug = self.engines.get(engine)
        if not isinstance(plug, CarriesDevices):
            return False
        try:
            await plug.discard_device(session, vault)
        except Exception as error:  # what stays is not used, and the next start tries again
            _log.warning("device_not_discarded", session=session, engine=engine, error=repr(error))
            return False
        return True

    def _end_move(self, scope: SessionScope) -> Script[None]:
        if (yield from repository.owned_session(scope, self.box)) is not None:
            yield from repository.end_move(scope, scope.session)

    async def connect(self, running: Running, session: Session, report: Callable[[LineNews], None]) -> Connection:
        """Have the engine begin. Raises RecordUnreadable, or whatever an engine may raise."""
        proxy = session.settings.proxy
        if proxy == UNREADABLE:
            raise RecordUnreadable("The proxy setting cannot be read; set it again")
        self.filters.pop(session.id, None)
        if session.settings.filters != ChatFilters():
            self.filters[session.id] = session.settings.filters
        self.eager_limits.pop(session.id, None)
        if session.settings.media_eager_limit is not None:
            self.eager_limits[session.id] = session.settings.media_eager_limit
        self.pacing.pop(session.id, None)
        if session.settings.pacing is not None:
            self.pacing[session.id] = session.settings.pacing
        options, media = _options(session.settings), self.media(session.tenant)
        line = Line(session.id, running.vault, proxy, report, self.login_gate, options, media)
        return await running.engine.connect(line)

    async def find(self, scope: SessionScope) -> Stored | None:
        """The session as it is now. Raises StorageUnavailable."""
        return await self.database.read(repository.find_session(scope, scope.session, self.box))

    async def release(self, running: Running) -> None:
        """Give a session back. Raises StorageUnavailable."""
        await self.database.write(self.node.release(running.scope))

    async def settle(self, session: SessionId, state: SessionState, reason: Reason) -> None:
        """Leave a session that nobody runs in a state; it is no longer wanted. Raises HeldElsewhere."""
        await self.database.write(self._settle(session, state, reason))

    async def discard(self, session: SessionId, reason: Reason) -> None:
        """Log a session out that nobody runs: its keys are thrown away. Raises HeldElsewhere."""
        scope = await self.database.write(self._settle(session, SessionState.LOGGED_OUT, reason))
        await self.wipe(scope)

    async def wipe(self, scope: SessionScope) -> None:
        """Throw a session's keys away, piece by piece, and first what they were needed for."""
        while await self.database.write(self._forget_owned(scope)) == _WIPE:
            pass
        while await self.database.write(repository.delete_records(scope, _WIPE)) == _WIPE:
            pass
        await self.forget_outside(scope.session)

    async def forget_outside(self, session: SessionId) -> None:
        """Throw away what any engine keeps of a session in places of its own; it may have had several."""
        for engine in self.engines.values():
            await engine.forget(session)

    def claimed(self, session: SessionId) -> Script[SessionScope]:
        """Part of a write script: take a session. Raises HeldElsewhere."""
        scope = yield from self.node.claim(session)
        if scope is None:
            raise HeldElsewhere("Another gateway process holds this session; ask that one, or wait until it lets go")
        return scope

    def _claim(self, session: Session) -> Script[tuple[SessionScope, Move | None]]:
        scope = yield from self.claimed(session.id)
        stored = yield from repository.owned_session(scope, self.box)
        if stored is None or stored.session.engine != session.engine:
            # What the former engine keeps is spent: with it, ratchets would be used twice.
            raise Conflict("The session has moved to another engine meanwhile; start it again")
        yield from repository.want_session(scope, session.id, True)
        yield from self.states.change_stored(stored, SessionState.STARTING, None)
        return scope, (yield from repository.find_move(scope, session.id))

    def _settle(self, session: SessionId, state: SessionState, reason: Reason) -> Script[SessionScope]:
        scope = yield from self.claimed(session)
        yield from repository.want_session(scope, session, False)
        yield from self.states.change(scope, state, reason)
        yield from self.node.release(scope)
        return scope

    def _forget_owned(self, scope: SessionScope) -> Script[int]:
        if (yield from repository.owned_session(scope, self.box)) is None:
            return 0
        return (yield from self.forget(scope, _WIPE))


def _options(settings: SessionSettings) -> LineOptions:
    """How the line of a session with these settings behaves."""
    return LineOptions(
        rejects_calls=settings.auto_reject_calls,
        always_online=settings.always_online,
        tells_reading=settings.read_receipts,
        device_name=settings.device_name,
        device_platform=settings.device_platform,
        history=settings.history,
    )
