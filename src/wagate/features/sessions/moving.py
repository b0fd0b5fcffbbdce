"""Moving a session to another engine: the linked device stays the same, and nobody pairs again.

A ratchet must never be used twice, so exactly one engine owns the device at any moment: the one in the session's row.
The order is: stop, copy, compare, then in one transaction the other engine owns the device, then start. Until that
transaction the copy counts for nothing, from it on the origin's store does: it is deleted once the line has come up.
What was begun stands in ``session_move``, so that a killed process leaves nothing undecided (``Opening.tidy``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from wagate.domain.errors import GatewayError, MoveFailed, SessionNotPaired, StorageUnavailable
from wagate.domain.session import FINAL, LIVE, Reason, Session, SessionState
from wagate.features.sessions import repository
from wagate.features.sessions.carrying import COPY_S, carrier, copy_device
from wagate.features.sessions.comparison import is_untouched
from wagate.features.sessions.leaping import leap
from wagate.features.sessions.lines import Running
from wagate.features.sessions.opening import Opening
from wagate.features.sessions.repository import Move, Phase
from wagate.features.sessions.supervisor import Left, Supervisor
from wagate.ports.clock import Clock
from wagate.ports.device import LinkedDevice
from wagate.ports.vault import OwnershipLost, Vault
from wagate.store.scoped import SessionScope
from wagate.store.script import Script

MOVING = Reason("moving")

_GLANCE_S = 0.05
_CHUNK = 500

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a move waits: for the outcomes of what was sent before, and for the line to come up after. Seconds."""

    outcomes_s: float = 10.0
    line_s: float = 45.0


@dataclass(frozen=True, slots=True)
class OnTheWay:
    """What another room knows of messages on their way. All are parts of scripts.

    ``in_flight``: whether an engine has taken over something whose outcome is not known. ``disown``: such messages, up
    to so many, may have gone out or not, and are not sent again; how many there were. ``fit``: what waits gets what
    the engine of this name needs.
    """

    in_flight: Callable[[SessionScope], Script[bool]]
    disown: Callable[[SessionScope, int], Script[int]]
    fit: Callable[[SessionScope, str], Script[None]]


class Moving:
    """Moves sessions. Who calls ``move`` holds the session's turn."""

    def __init__(
        self,
        opening: Opening,
        supervisor: Supervisor,
        on_the_way: OnTheWay,
        clock: Clock,
        patience: Patience,
    ) -> None:
        """Open and close lines through ``supervisor``."""
        self._opening = opening
        self._database = opening.database
        self._supervisor = supervisor
        self._on_the_way = on_the_way
        self._clock = clock
        self._patience = patience

    async def move(self, session: Session, target: str) -> None:
        """Have another engine go on with a session's linked device; one that was running runs again on return.

        Raises UnknownEngine, UnsupportedByEngine, SessionNotPaired, HeldElsewhere, StorageUnavailable; MoveFailed when
        it goes on with the engine that it had.
        """
        carrier(self._opening.engines, session.engine)
        carrier(self._opening.engines, target)
        if session.engine == target:
            return
        if session.me is None:
            raise SessionNotPaired("No phone is linked to this session: there is nothing to move")
        left = await self._stop(session)
        try:
            if not left.has_let_go:
                raise MoveFailed(
                    f"The engine {session.engine!r} does not let go of the line; restart the gateway first"
                )
            copy = await self._hand_over(session, target)
        except Exception as error:
            _log.warning("move_failed", session=session.id, target=target, error=repr(error))
            if left.was_to_start:
                await self._reopen(session)
            if isinstance(error, GatewayError):
                raise MoveFailed(error.detail) from error
            raise MoveFailed(f"The linked device could not be carried over: {error!r}") from error
        _log.info("session_moved", session=session.id, origin=session.engine, target=target)
        if left.was_to_start:
            await self._start(session, target, copy)

    # ---- before

    async def _stop(self, session: Session) -> Left:
        """Hang up, once what was sent has an outcome; whether the session is to run again afterwards."""
        running = self._supervisor.running(session.id)
        if running is None:
            return await self._supervisor.let_go(session.id)
        try:
            await self._wait_for_outcomes(running)
        except BaseException:
            self._supervisor.resume(running)
            raise
        await self._supervisor.close(running, SessionState.DISCONNECTED, MOVING)
        return Left(was_to_start=True, has_let_go=running.has_let_go)

    async def _wait_for_outcomes(self, running: Running) -> None:
        """Send nothing more, and wait until what was sent has an outcome, as long as that may still come."""
        self._supervisor.pause(running)
        deadline = self._clock.monotonic() + self._patience.outcomes_s
        quiet = 0
        while running.state in LIVE and self._clock.monotonic() < deadline:
            # Looked at twice: what an engine was given just now may not be written down yet.
            quiet = 0 if await self._database.read(self._on_the_way.in_flight(running.scope)) else quiet + 1
            if quiet > 1:
                return
            await self._clock.sleep(_GLANCE_S)

    # ---- the move itself

    async def _hand_over(self, session: Session, target: str) -> LinkedDevice:
        """Copy the device, and let the target own it; what the target holds. On any error the origin owns it still."""
        origin = carrier(self._opening.engines, session.engine)
        scope = await self._database.write(self._begin(session, target))
        vault = self._opening.keeper.open(scope.session, scope.tenant, scope.epoch)
        copy: LinkedDevice | None = None
        try:
            async with asyncio.timeout(COPY_S):
                device = await origin.export_device(session.id, vault)
            if not self._opening.engines[session.engine].features.acks_after_persist:
                device = await asyncio.to_thread(leap, device)
            copy = await copy_device(carrier(self._opening.engines, target), session.id, vault, device)
            await self._database.write(self._switch(scope, device.pn, target))
        except Exception:  # whatever went wrong: unless the switch was committed, the origin owns the device
            if copy is None or not await self._is_with(scope, target):
                await self._opening.tidy(scope)
                raise
        finally:
            await self._close(vault, scope)
        return copy

    def _begin(self, session: Session, target: str) -> Script[SessionScope]:
        scope = yield from self._opening.claimed(session.id)
        stored = yield from repository.owned_session(scope, self._opening.box)
        if stored is None or stored.session.engine != session.engine or stored.session.me is None:
            raise MoveFailed("The session was changed meanwhile; look at it, then decide")
        move = Move(session.id, scope.tenant, session.engine, target, Phase.COPYING)
        yield from repository.put_move(move, self._clock.now_ms())
        return scope

    def _switch(self, scope: SessionScope, device: str, target: str) -> Script[None]:
        """From this transaction on the target owns the device, and the origin never again by what it has kept."""
        stored = yield from repository.owned_session(scope, self._opening.box)
        if stored is None:
            raise OwnershipLost(f"{scope.session} is held by another process, or was deleted")
        move = Move(scope.session, scope.tenant, stored.session.engine, target, Phase.SETTLING)
        yield from repository.put_move(move, self._clock.now_ms())
        yield from repository.set_engine(scope, scope.session, target)
        yield from self._opening.states.claim_device(scope, device)
        yield from self._opening.states.moved(scope, stored.session.engine, target)
        while (yield from self._on_the_way.disown(scope, _CHUNK)) == _CHUNK:
            pass
        yield from self._on_the_way.fit(scope, target)

    async def _is_with(self, scope: SessionScope, target: str) -> bool:
        """Whether the switch was committed after all: an answer may get lost when a database goes away."""
        stored = await self._opening.find(scope)
        return stored is not None and stored.session.engine == target

    # ---- after

    async def _start(self, session: Session, target: str, copy: LinkedDevice) -> None:
        """Start the session with its new engine; if that cannot connect at all, go back, provided it used no key."""
        running = await self._reopen(session)
        if running is None:
            return
        if await self._comes_up(running):
            await self._opening.bury(running)
            return
        reason = running.reason
        if not running.ended:
            await self._supervisor.close(running, SessionState.DISCONNECTED, MOVING)
        await self._supervisor.let_go(session.id)
        if running.state is SessionState.LOGGED_OUT:
            return  # the device is gone, whoever had it
        goes_back = running.has_let_go and await self._take_back(session, target, copy)
        if goes_back or running.state not in FINAL:
            await self._reopen(session)
        if goes_back:
            why = "it did not connect in time" if reason is None else f"{reason.code}: {reason.detail}".rstrip(": ")
            raise MoveFailed(f"The engine {target!r} cannot connect ({why}); {session.engine!r} goes on")

    async def _reopen(self, session: Session) -> Running | None:
        """Start the session with the engine that owns it now."""
        stored = await self._opening.find(SessionScope(session.tenant, session.id, 0))
        return None if stored is None else await self._supervisor.open(stored.session)

    async def _close(self, vault: Vault, scope: SessionScope) -> None:
        await vault.close()
        try:
            await self._database.write(self._opening.node.release(scope))
        except StorageUnavailable as error:
            _log.warning("session_not_released", session=scope.session, error=error.detail)

    async def _comes_up(self, running: Running) -> bool:
        """Whether the line can send before patience ends; False at once when it has failed for good."""
        try:
            async with asyncio.timeout(self._patience.line_s):
                while running.state not in LIVE and not running.ended:
                    running.changed.clear()
                    await running.changed.wait()
        except TimeoutError:
            return False
        return running.state in LIVE

    async def _take_back(self, session: Session, target: str, copy: LinkedDevice) -> bool:
        """Let the origin own the device again, if the target left every ratchet as it was. Whether it does."""
        scope = await self._database.write(self._opening.claimed(session.id))
        vault = self._opening.keeper.open(scope.session, scope.tenant, scope.epoch)
        try:
            async with asyncio.timeout(COPY_S):
                now = await carrier(self._opening.engines, target).export_device(session.id, vault)
            if not await asyncio.to_thread(is_untouched, copy, now):
                return False
            await self._database.write(self._switch_back(scope, session, target))
        except Exception as error:
            _log.warning("move_not_taken_back", session=session.id, error=repr(error))
            if not await self._is_with(scope, session.engine):
                return False
        finally:
            await self._close(vault, scope)
        return True

    def _switch_back(self, scope: SessionScope, session: Session, target: str) -> Script[None]:
        if (yield from repository.owned_session(scope, self._opening.box)) is None:
            raise OwnershipLost(f"{scope.session} is held by another process, or was deleted")
        move = Move(scope.session, scope.tenant, session.engine, target, Phase.COPYING)
        yield from repository.put_move(move, self._clock.now_ms())
        yield from repository.set_engine(scope, scope.session, session.engine)
        yield from self._opening.states.moved(scope, target, session.engine)
