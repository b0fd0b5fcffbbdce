"""The verbs of the sessions room."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Any

from wagate.domain.errors import (
    InvalidRecipient,
    PreconditionFailed,
    QrNotReady,
    SessionAlreadyPaired,
    SessionNameTaken,
    SessionNotFound,
    SessionNotPaired,
    SessionNotRunning,
    UnknownEngine,
)
from wagate.domain.ids import session_id
from wagate.domain.jid import parse_recipient
from wagate.domain.page import DEFAULT_LIMIT, Order, Page, read_cursor, write_cursor
from wagate.domain.session import FINAL, Reason, Session, SessionSettings, SessionState
from wagate.features.access import Principal
from wagate.features.sessions import repository
from wagate.features.sessions.archive import checked_passphrase
from wagate.features.sessions.ending import Ending
from wagate.features.sessions.exporting import Exporting
from wagate.features.sessions.importing import Importing, Upload
from wagate.features.sessions.lines import QrCode, pairing_of
from wagate.features.sessions.moving import Moving
from wagate.features.sessions.naming import checked_name, merged_metadata, new_name
from wagate.features.sessions.opening import Opening
from wagate.features.sessions.passkeys import Passkeys
from wagate.features.sessions.repository import Stored
from wagate.features.sessions.sealed_settings import changed
from wagate.features.sessions.supervisor import Supervisor
from wagate.ports.abilities import PairingCode
from wagate.ports.clock import Clock
from wagate.ports.engine import NotSent
from wagate.store.script import Script

STOPPED_BY_USER = Reason("stopped_by_user")


@dataclass(frozen=True, slots=True)
class Passages:
    """The ways in which a session comes, goes, and changes hands."""

    importing: Importing
    moving: Moving
    ending: Ending
    exporting: Exporting


class Sessions:
    """Sessions of all tenants; every verb is narrowed to the principal's. ``ref`` is a session's id or its name.

    Every verb that names a session raises SessionNotFound. All of them may raise StorageUnavailable, and those that
    need the line HeldElsewhere, when another gateway process has it.
    """

    def __init__(
        self, opening: Opening, supervisor: Supervisor, passages: Passages, clock: Clock, default_engine: str
    ) -> None:
        """Sessions without an engine of their choice get ``default_engine``."""
        self._opening = opening
        self._database = opening.database
        self._box = opening.box
        self._supervisor = supervisor
        self._moving = passages.moving
        self._importing = passages.importing
        self._ending = passages.ending
        self._exporting = passages.exporting
        self._clock = clock
        self._default_engine = default_engine
        self.passkeys = Passkeys(self.get, supervisor, clock)
        """Pairings that need a passkey."""

    async def create(
        self,
        principal: Principal,
        *,
        name: str | None = None,
        engine: str | None = None,
        settings: Mapping[str, Any] | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Session:
        """Make a stopped, unpaired session. Without a name it is given one; without an engine, the default one.

        Raises InvalidRequest (name, metadata), SessionNameTaken, UnknownEngine, InvalidProxy.
        """
        engine = engine or self._default_engine
        if engine in self._opening.absent:
            raise UnknownEngine(
                f"The engine {engine!r} cannot be used: {self._opening.absent[engine]}", pointer="/engine"
            )
        if engine not in self._opening.engines:
            known = ", ".join(sorted(self._opening.engines))
            raise UnknownEngine(f"There is no engine {engine!r}; there are: {known}", pointer="/engine")
        now = self._clock.now_ms()
        session = Session(
            id=session_id(now),
            tenant=principal.tenant,
            name=new_name() if name is None else checked_name(name),
            engine=engine,
            state=SessionState.STOPPED,
            state_since=now,
            reason=Reason("not_paired"),
            me=None,
            settings=changed(SessionSettings(), settings or {}, self._box.usual),
            metadata=merged_metadata({}, metadata or {}),
            created_at=now,
            last_seen_at=None,
        )
        if not await self._database.write(repository.add_session(session, self._box)):
            raise SessionNameTaken(f"Another session is called {session.name!r}", pointer="/name")
        return session

    async def list(
        self,
        principal: Principal,
        *,
        state: SessionState | None = None,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
        order: Order = Order.ASC,
    ) -> Page[Session]:
        """The tenant's sessions by age. Raises InvalidCursor."""
        listed = f"sessions.{order.value}"
        after = read_cursor(listed, cursor) if cursor is not None else "" if order is Order.ASC else "~"
        script = repository.list_sessions(principal, state, order, after, limit + 1, self._box)
        found: builtins.list[Session] = await self._database.read(script)
        following = write_cursor(listed, found[limit - 1].id) if len(found) > limit else None
        return Page(tuple(found[:limit]), following)

    async def get(self, principal: Principal, ref: str) -> Session:
        """One session."""
        return (await self._find(principal, ref)).session

    async def update(
        self,
        principal: Principal,
        ref: str,
        *,
        name: str | None = None,
        settings: Mapping[str, Any] | None = None,
        metadata: Mapping[str, str | None] | None = None,
        editions: Collection[str] | None = None,
    ) -> Session:
        """Change what is given; a None inside ``settings`` or ``metadata`` removes that entry.

        With ``editions``, only a session that is still in one of them. A new proxy is used from the next start on.
        Raises InvalidRequest, SessionNameTaken, InvalidProxy, PreconditionFailed.
        """

        def script() -> Script[Session]:
            session = _found((yield from repository.find_session(principal, ref, self._box)), ref).session
            if editions is not None and session.edition not in editions:
                raise PreconditionFailed("The session was edited since you read it. Read it again, then decide.")
            if name is not None and (yield from repository.is_name_taken(principal, session.id, checked_name(name))):
                raise SessionNameTaken(f"Another session is called {name!r}", pointer="/name")
            session = replace(
                session,
                name=session.name if name is None else name,
                settings=changed(session.settings, settings or {}, self._box.usual),
                metadata=merged_metadata(session.metadata, metadata or {}),
            )
            yield from repository.update_session(session, self._box)
            return session

        return await self._database.write(script())

    async def start(self, principal: Principal, ref: str) -> Session:
        """Begin to connect, or to pair when no phone is linked; returns at once. A running session stays as it is."""
        session = await self.get(principal, ref)
        async with self._supervisor.turns.of(session.id):
            if self._supervisor.running(session.id) is None:
                await self._supervisor.open(await self.get(principal, session.id))
        return await self.get(principal, session.id)

    async def stop(self, principal: Principal, ref: str) -> Session:
        """Hang up cleanly and stay stopped, also after a restart. Messages wait until it is started again.

        A session in a final state keeps it, and its reason.
        """
        session = await self.get(principal, ref)
        async with self._supervisor.turns.of(session.id):
            await self._stop(await self.get(principal, session.id))
        return await self.get(principal, session.id)

    async def restart(self, principal: Principal, ref: str) -> Session:
        """``stop``, then ``start``."""
        session = await self.get(principal, ref)
        async with self._supervisor.turns.of(session.id):
            await self._stop(await self.get(principal, session.id))
            await self._supervisor.open(await self.get(principal, session.id))
        return await self.get(principal, session.id)

    async def move(self, principal: Principal, ref: str, engine: str) -> Session:
        """Have another engine go on with the session's linked device, without pairing again.

        Returns once the session is connected again, if it was running. Raises UnknownEngine, UnsupportedByEngine,
        SessionNotPaired, MoveFailed.
        """
        session = await self.get(principal, ref)
        async with self._supervisor.turns.of(session.id):
            await self._moving.move(await self.get(principal, session.id), engine)
        return await self.get(principal, session.id)

    async def export(self, principal: Principal, ref: str, passphrase: str) -> bytes:
        """Take a stopped session's linked device out, as an archive that a passphrase opens.

        The session is logged out by it, and its keys are deleted here: the archive is the only copy. Raises
        InvalidRequest (passphrase), SessionRunning, SessionNotPaired, UnsupportedByEngine.
        """
        passphrase = checked_passphrase(passphrase)
        session = await self.get(principal, ref)
        async with self._supervisor.turns.of(session.id):
            return await self._exporting.take_out(await self.get(principal, session.id), passphrase)

    def upload(self, source: str, passphrase: str | None = None) -> AbstractAsyncContextManager[Upload]:
        """A place for the files in which another program keeps a linked device, or for an archive of our own.

        Raises InvalidRequest.
        """
        return self._importing.upload(source, passphrase)

    async def import_device(
        self,
        principal: Principal,
        upload: Upload,
        *,
        jid: str | None = None,
        name: str | None = None,
        engine: str | None = None,
    ) -> Session:
        """Make a stopped, paired session of an uploaded device; ``jid`` chooses one of several.

        Raises DeviceUnreadable, DeviceNotNamed, DeviceInUse, SessionNameTaken, InvalidRequest, UnknownEngine,
        UnsupportedByEngine, MoveFailed.
        """
        chosen = engine or self._default_engine
        session = await self._importing.take(principal, upload, jid=jid, name=name, engine=chosen)
        return await self.get(principal, session.id)

    async def logout(self, principal: Principal, ref: str) -> Session:
        """Unlink the device from the phone and forget its keys; to use it again, start and pair.

        A session that is not connected is logged out on our side only: the phone shows the device until its owner
        removes it. Raises SessionNotPaired.
        """
        session = await self.get(principal, ref)
        async with self._supervisor.turns.of(session.id):
            session = await self.get(principal, session.id)
            if session.me is None:
                raise SessionNotPaired("No phone is linked to this session: there is nothing to log out of")
            await self._ending.log_out(session)
        return await self.get(principal, session.id)

    async def delete(self, principal: Principal, ref: str) -> None:
        """Remove the session with its keys, queue, messages, chats and contacts, in any state.

        A connected device is unlinked first, if that works quickly. Journalled events stay until they age out.
        """
        session = await self.get(principal, ref)
        async with self._supervisor.turns.of(session.id):
            await self._ending.delete(await self.get(principal, session.id))

    async def qr(self, principal: Principal, ref: str) -> QrCode:
        """The code to scan right now. Raises QrNotReady, whose detail says why and what to do."""
        session = await self.get(principal, ref)
        running = self._supervisor.running(session.id)
        if session.me is not None:
            raise QrNotReady(
                f"The session is paired with {session.me.phone or session.me.lid}; log it out to pair anew"
            )
        if running is None:
            raise QrNotReady(f"The session is {session.state.value}; start it, then ask again")
        if running.qr is None:
            raise QrNotReady(f"The session is {running.state.value} and has no code yet; ask again in a second")
        if running.qr.expires_at <= self._clock.now_ms():
            raise QrNotReady("The code has just expired; ask again in a second")
        return running.qr

    async def renew_qr(self, principal: Principal, ref: str) -> Session:
        """Begin a new series of codes, starting the session if need be.

        Raises SessionAlreadyPaired, UnsupportedByEngine.
        """
        session = await self.get(principal, ref)
        if session.me is not None:
            raise SessionAlreadyPaired
        running = self._supervisor.running(session.id)
        if running is None:
            return await self.start(principal, session.id)
        await pairing_of(running).renew_qr()
        return await self.get(principal, session.id)

    async def pairing_code(self, principal: Principal, ref: str, phone: str) -> PairingCode:
        """Ask for a code to type into the phone with this number. The session must be running (awaiting_scan).

        Raises InvalidRecipient, SessionAlreadyPaired, SessionNotRunning, UnsupportedByEngine.
        """
        session = await self.get(principal, ref)
        if session.me is not None:
            raise SessionAlreadyPaired
        try:
            number = parse_recipient(phone)
        except InvalidRecipient as error:
            raise InvalidRecipient(error.detail, pointer="/phone") from error
        if not number.is_phone:
            raise InvalidRecipient("A pairing code needs the phone's own number", pointer="/phone")
        running = self._supervisor.running(session.id)
        if running is None:
            raise SessionNotRunning(f"The session is {session.state.value}; start it, then ask again")
        try:
            code = await pairing_of(running).request_pairing_code(number)
        except NotSent as error:
            raise SessionNotRunning(f"The session is not connected to WhatsApp yet ({error.detail})") from error
        expires_at = self._clock.now_ms() + round(code.expires_in_s * 1000)
        await self._database.write(self._opening.states.issued_pairing_code(running.scope, expires_at))
        return code

    # ---- inside

    async def _find(self, principal: Principal, ref: str) -> Stored:
        return _found(await self._database.read(repository.find_session(principal, ref, self._box)), ref)

    async def _stop(self, session: Session) -> None:
        running = self._supervisor.running(session.id)
        if running is not None:
            await self._database.write(repository.want_session(running.scope, session.id, False))
            await self._supervisor.close(running, SessionState.STOPPED, STOPPED_BY_USER)
        elif session.state in FINAL:
            await self._database.write(repository.want_session(session, session.id, False))
        else:
            await self._opening.settle(session.id, SessionState.STOPPED, STOPPED_BY_USER)


def _found(stored: Stored | None, ref: str) -> Stored:
    if stored is None:
        raise SessionNotFound(f"There is no session {ref!r}")
    return stored
