"""Holds the lines of this process: opens and closes them, and knows what becomes of them.

Nothing here runs per session: engines report, and what they report is queued as a transaction. Only an opening, a
closing, or the wait before a new attempt is a task, for as long as it takes.
"""

from __future__ import annotations

import asyncio
from asyncio import TaskGroup
from collections.abc import Awaitable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from wagate.domain.errors import Conflict, GatewayError, StorageUnavailable
from wagate.domain.ids import SessionId
from wagate.domain.session import FINAL, LIVE, Reason, Session, SessionState
from wagate.features.sessions.lines import LineWatcher, LiveLine, QrCode, Running
from wagate.features.sessions.opening import Opening
from wagate.features.sessions.passkey_steps import step_after, step_of
from wagate.features.sessions.state_writer import StateWriter
from wagate.features.sessions.turns import Turns
from wagate.ports.clock import Clock
from wagate.ports.news import LineNews, PasskeyCodeShown, PasskeyRequired, QrShown, SeenAlive, StateChanged
from wagate.ports.vault import RecordUnreadable
from wagate.store.scoped import SessionScope

CLOSE_S = 5.0
"""How long an engine may take to hang up."""

_TICK_S = 1.0
_RESTARTS = 5
"""How often in a row a crashed engine is started again before the session is given up."""

_CALM_S = 600.0
"""After so long without a crash the count begins anew."""

GATEWAY_STOPPED = Reason("gateway_stopped")

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Crashes:
    count: int = 0
    last: float = 0.0


@dataclass(frozen=True, slots=True)
class Left:
    """What became of a line that had ended: whether it was to be started again, and whether its engine let go of it."""

    was_to_start: bool
    has_let_go: bool


class Supervisor:
    """The lines of this process, by session. Who opens or closes one holds its turn (``turns``)."""

    def __init__(self, opening: Opening, clock: Clock) -> None:
        """Open lines with the means of ``opening``."""
        self.turns = Turns()
        self.started = asyncio.Event()
        """Set once ``run`` works: from then on lines may be opened."""
        self._opening = opening
        self._clock = clock
        self._writer = StateWriter(opening.database, opening.states, clock, self._lost)
        self._watchers: list[LineWatcher] = []
        self._running: dict[SessionId, Running] = {}
        self._crashes: dict[SessionId, _Crashes] = {}
        self._revivals: dict[SessionId, tuple[float, SessionScope]] = {}
        self._group: TaskGroup | None = None
        self._closed = asyncio.Event()
        opening.node.on_loss(self._lost_all)

    def watch(self, watcher: LineWatcher) -> None:
        """Have somebody told which lines are live. Before the first line is opened."""
        self._watchers.append(watcher)

    def running(self, session: SessionId) -> Running | None:
        """The line of a session, if this process holds it and it has not ended."""
        running = self._running.get(session)
        return None if running is None or running.ended else running

    def cares_for(self, session: SessionId) -> bool:
        """Whether a session's line is here, ended or not, or is about to be opened again."""
        return session in self._running or session in self._revivals

    # ---- opening and closing; whoever calls these holds the session's turn

    async def open(self, session: Session) -> Running:
        """Claim a session and let its engine work on the line; how it goes is reported, and seen in what is returned.

        Raises UnknownEngine, HeldElsewhere, StorageUnavailable.
        """
        if self._closed.is_set():
            raise Conflict("The gateway is shutting down")
        self._revivals.pop(session.id, None)
        left_over = self._running.get(session.id)
        if left_over is not None:
            await self._hang_up(left_over)
        running = await self._opening.hold(session)
        self._running[session.id] = running
        report = partial(self._hear, running)
        try:
            running.connection = await self._opening.connect(running, session, report)
        except RecordUnreadable as error:
            report(StateChanged(SessionState.FAILED, Reason("credentials_corrupt", error.detail)))
        except Exception as error:  # an engine's mistake is one session's trouble, and is told like any other
            detail = error.detail if isinstance(error, GatewayError) else repr(error)
            report(StateChanged(SessionState.FAILED, Reason("engine_failed", detail)))
        else:
            self._watch_over(running, was_live=False)
        return running

    async def close(self, running: Running, state: SessionState, reason: Reason) -> None:
        """Hang up, leave the session in a state, and give it back."""
        self._enter(running, state, reason)
        await self._hang_up(running)

    def pause(self, running: Running) -> None:
        """Let no message leave over a line any more, though it stays as it is. It is about to be closed."""
        self._tell_down(running)

    def resume(self, running: Running) -> None:
        """Let messages leave again."""
        self._watch_over(running, was_live=False)

    async def let_go(self, session: SessionId) -> Left:
        """Hang up on a line that has ended by itself, and do not start it again by oneself."""
        was_to_start = self._revivals.pop(session, None) is not None
        left_over = self._running.get(session)
        if left_over is not None:
            await self._hang_up(left_over)
        return Left(was_to_start, left_over is None or left_over.has_let_go)

    # ---- the loop

    async def run(self) -> None:
        """Work until ``shut_down``, then hang up everywhere."""
        async with TaskGroup() as self._group:
            ticking = self._group.create_task(self._tick_for_ever())
            self.started.set()
            await self._closed.wait()
            ticking.cancel()
            async with TaskGroup() as closing:
                for running in list(self._running.values()):
                    closing.create_task(self._shut(running))
        self._writer.flush()

    async def _tick_for_ever(self) -> None:
        while True:
            await self._clock.sleep(_TICK_S)
            self._writer.tick()
            now = self._clock.monotonic()
            for session, (due, scope) in list(self._revivals.items()):
                if due <= now:
                    del self._revivals[session]
                    self._spawn(self._revive(scope))

    def shut_down(self) -> None:
        """Let ``run`` end."""
        self._closed.set()

    async def _shut(self, running: Running) -> None:
        async with self.turns.of(running.scope.session):
            if self._running.get(running.scope.session) is running:
                if running.ended:
                    await self._hang_up(running)
                else:
                    await self.close(running, SessionState.DISCONNECTED, GATEWAY_STOPPED)

    # ---- what engines report

    def _hear(self, running: Running, news: LineNews) -> None:
        if running.ended:
            return
        match news:
            case SeenAlive():
                self._writer.seen(running)
            case QrShown():
                self._show_qr(running, news)
            case PasskeyRequired() | PasskeyCodeShown():
                self._show_passkey(running, news)
            case StateChanged(SessionState.FAILED, Reason("engine_failed", detail)):
                self._crashed(running, detail)
            case StateChanged(state, reason):
                self._enter(running, state, _with_version(running, state, reason))
                if state in FINAL:
                    for watcher in self._watchers:
                        watcher.line_ended(running.scope, state)
                    running.ended = True
                    self._spawn(self._retire(running))

    def _enter(self, running: Running, state: SessionState, reason: Reason | None) -> None:
        was_live = running.state in LIVE
        if running.state is not state or running.reason != reason:
            running.state, running.reason = state, reason
            running.changed.set()
            self._writer.save(running)
        if state is not SessionState.AWAITING_SCAN:
            running.qr = None
        running.passkey = step_after(running.passkey, state, reason)
        self._watch_over(running, was_live)

    def _show_qr(self, running: Running, news: QrShown) -> None:
        if running.state is not SessionState.AWAITING_SCAN:
            self._enter(running, SessionState.AWAITING_SCAN, None)
        expires_at = self._clock.now_ms() + round(news.expires_in_s * 1000)
        running.qr = QrCode(news.text, expires_at, news.remaining)
        self._writer.shown_qr(running, running.qr)

    def _show_passkey(self, running: Running, news: PasskeyRequired | PasskeyCodeShown) -> None:
        expires_at = self._clock.now_ms() + round(news.expires_in_s * 1000)
        running.passkey = step_of(running.passkey, news, expires_at)
        self._writer.shown_passkey(running, running.passkey)

    def _watch_over(self, running: Running, was_live: bool) -> None:
        is_live = running.state in LIVE and not running.ended
        if is_live and not was_live and running.connection is not None:
            line = LiveLine(running.scope, running.connection, running.engine.features.chooses_message_id)
            for watcher in self._watchers:
                watcher.line_up(line)
            if running.spent is not None:
                self._spawn(self._bury(running))
        elif was_live and not is_live:
            self._tell_down(running)

    def _tell_down(self, running: Running) -> None:
        for watcher in self._watchers:
            watcher.line_down(running.scope.session)

    # ---- the end of a line

    def _crashed(self, running: Running, detail: str) -> None:
        """An engine failed: start it again a few times, later each time; then the session has failed."""
        crashes = self._crashes.setdefault(running.scope.session, _Crashes())
        now = self._clock.monotonic()
        crashes.count = 1 if now - crashes.last > _CALM_S else crashes.count + 1
        crashes.last = now
        _log.error("engine_failed", session=running.scope.session, crash=crashes.count, detail=detail)
        if crashes.count > _RESTARTS:
            del self._crashes[running.scope.session]
            self._enter(running, SessionState.FAILED, Reason("engine_failed", detail))
            running.ended = True
            self._spawn(self._retire(running))
            return
        delay = 2.0 ** (crashes.count - 1)
        told = f"{detail}; it is started again in {delay:.0f} s ({crashes.count} of {_RESTARTS})"
        self._enter(running, SessionState.DISCONNECTED, Reason("engine_failed", told))
        running.ended = True
        self._spawn(self._retire(running))
        self._revivals[running.scope.session] = (now + delay, running.scope)

    async def _retire(self, running: Running) -> None:
        """Let go of a line that has ended."""
        async with self.turns.of(running.scope.session):
            if self._running.get(running.scope.session) is running:
                await self._hang_up(running)

    async def _bury(self, running: Running) -> None:
        """The session's new engine works: delete what the one before it keeps."""
        async with self.turns.of(running.scope.session):
            if self._running.get(running.scope.session) is running and not running.ended:
                await self._opening.bury(running)

    async def _revive(self, scope: SessionScope) -> None:
        """Start a crashed session again, if it is still wanted and nobody was faster."""
        async with self.turns.of(scope.session):
            try:
                stored = await self._opening.find(scope)
                if stored is not None and stored.wanted and scope.session not in self._running:
                    await self.open(stored.session)
            except StorageUnavailable:
                self._revivals[scope.session] = (self._clock.monotonic() + _TICK_S, scope)

    async def _hang_up(self, running: Running) -> None:
        """Close everything, whatever goes wrong on the way, and give the session back."""
        running.ended = True
        running.changed.set()
        self._tell_down(running)
        session = running.scope.session
        closed = running.connection is None or await self._within(
            CLOSE_S, running.connection.close(), "connection_not_closed", session
        )
        settled = await self._within(CLOSE_S, running.vault.close(), "vault_not_closed", session)
        running.has_let_go = closed and settled
        try:
            if running.state is SessionState.LOGGED_OUT:
                await self._opening.wipe(running.scope)
            await self._opening.release(running)
        except StorageUnavailable as error:
            _log.warning("session_not_released", session=session, error=error.detail)
        del self._running[session]

    async def _within(self, seconds: float, work: Awaitable[None], failure: str, session: SessionId) -> bool:
        """Whether something got done in time and without an error."""
        try:
            async with asyncio.timeout(seconds):
                await work
        except Exception as error:  # a session is let go of however its engine takes it
            _log.warning(failure, session=session, error=repr(error))
            return False
        return True

    def _lost(self, running: Running) -> None:
        """Another process holds this session now: drop the line at once."""
        if not running.ended:
            _log.warning("ownership_lost", session=running.scope.session)
            running.ended = True
            running.changed.set()
            self._tell_down(running)
            self._spawn(self._retire(running))

    def _lost_all(self) -> None:
        for running in list(self._running.values()):
            self._lost(running)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        assert self._group is not None, "lines are opened while run() works"
        self._group.create_task(self._guarded(work))

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # one session's trouble must not end the others
            _log.error("session_task_failed", error=repr(error))


def _with_version(running: Running, state: SessionState, reason: Reason | None) -> Reason | None:
    """The reason of a session that was called outdated also says what its engine claimed to be."""
    version = running.engine.client_version
    if state is not SessionState.OUTDATED or reason is None or version is None:
        return reason
    told = f"the engine {running.engine.name} announced version {version}"
    return Reason(reason.code, f"{reason.detail}; {told}" if reason.detail else told)
