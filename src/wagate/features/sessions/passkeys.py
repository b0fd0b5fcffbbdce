"""What a human does when WhatsApp asks for a passkey: look at the request, answer it, compare a code."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from wagate.domain.errors import SessionAlreadyPaired, SessionNotRunning, UnsupportedByEngine
from wagate.domain.passkey import PasskeyAssertion, PasskeyNotAsked, PasskeyStep
from wagate.domain.session import Session
from wagate.features.access import Principal
from wagate.features.sessions.lines import Running
from wagate.features.sessions.supervisor import Supervisor
from wagate.ports.abilities import PairsWithPasskeys
from wagate.ports.clock import Clock
from wagate.ports.engine import NotSent


class Passkeys:
    """Pairings that need a passkey.

    Every verb raises SessionNotFound, SessionAlreadyPaired, SessionNotRunning, UnsupportedByEngine and PasskeyNotAsked.
    """

    def __init__(
        self, get: Callable[[Principal, str], Awaitable[Session]], supervisor: Supervisor, clock: Clock
    ) -> None:
        """``get`` finds a session of the principal's tenant, by id or name."""
        self._get = get
        self._supervisor = supervisor
        self._clock = clock

    async def step(self, principal: Principal, ref: str) -> PasskeyStep:
        """What WhatsApp waits for right now."""
        running, _ = await self._pairing(principal, ref)
        step = running.passkey
        if step is None:
            raise PasskeyNotAsked
        if step.expires_at <= self._clock.now_ms():
            raise PasskeyNotAsked("The time for it has just run out; a new series of QR codes follows")
        return step

    async def answer(self, principal: Principal, ref: str, assertion: PasskeyAssertion) -> Session:
        """Hand an assertion in; returns once WhatsApp accepted it. Raises PasskeyRefused as well."""
        running, ability = await self._pairing(principal, ref)
        try:
            await ability.answer_passkey(assertion)
        except NotSent as error:
            raise SessionNotRunning(f"The line does not carry it ({error.detail})") from error
        return await self._get(principal, running.scope.session)

    async def confirm(self, principal: Principal, ref: str, *, matches: bool) -> Session:
        """Say whether the phone shows the same code; if it does not, the pairing ends and new QR codes are shown."""
        running, ability = await self._pairing(principal, ref)
        try:
            await ability.confirm_passkey(matches=matches)
        except NotSent as error:
            raise SessionNotRunning(f"The line does not carry it ({error.detail})") from error
        return await self._get(principal, running.scope.session)

    async def _pairing(self, principal: Principal, ref: str) -> tuple[Running, PairsWithPasskeys]:
        session = await self._get(principal, ref)
        if session.me is not None:
            raise SessionAlreadyPaired
        running = self._supervisor.running(session.id)
        if running is None:
            raise SessionNotRunning(f"The session is {session.state.value}; start it, then ask again")
        if not isinstance(running.connection, PairsWithPasskeys):
            raise UnsupportedByEngine(f"The engine {running.engine.name!r} does not pair with a passkey")
        return running, running.connection
