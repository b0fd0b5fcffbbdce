"""Taking over a linked device that another program kept until now. That program must never run again.

The session exists from the moment at which copying begins; ``session_move`` says that it is not whole yet, and if this
process dies, the next one deletes it.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from wagate.domain.errors import DeviceUnreadable, InvalidRequest, SessionNameTaken
from wagate.domain.ids import session_id
from wagate.domain.jid import LID_SERVER, PHONE_SERVER, Jid
from wagate.domain.session import Reason, Session, SessionSettings, SessionState
from wagate.features.access import Principal
from wagate.features.sessions import repository
from wagate.features.sessions.archive import SOURCE, ArchiveReader, checked_passphrase
from wagate.features.sessions.carrying import carrier, copy_device
from wagate.features.sessions.ending import Ending
from wagate.features.sessions.leaping import leap
from wagate.features.sessions.naming import checked_name, new_name
from wagate.features.sessions.opening import HeldElsewhere, Opening
from wagate.features.sessions.repository import Move, Phase
from wagate.features.sessions.supervisor import Supervisor
from wagate.ports.clock import Clock
from wagate.ports.device import LinkedDevice, ReadsDevices
from wagate.ports.news import DurableNews, IdentityLinked, Paired
from wagate.ports.vault import OwnershipLost, Unit
from wagate.store.scoped import SessionScope
from wagate.store.script import Script

IMPORTED = Reason("imported")

_READ_S = 120.0
_SLICE = 200
"""News that one transaction tells."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Upload:
    """A folder (0700) for the files of an import, deleted afterwards, and the program that they come from."""

    folder: Path
    reader: ReadsDevices


class Importing:
    """Makes sessions of foreign devices."""

    def __init__(
        self,
        opening: Opening,
        supervisor: Supervisor,
        ending: Ending,
        readers: Mapping[str, ReadsDevices],
        scratch: Path,
        clock: Clock,
    ) -> None:
        """``readers`` by the name of the program; ``scratch`` is where uploads lie while they are read."""
        self._opening = opening
        self._database = opening.database
        self._supervisor = supervisor
        self._ending = ending
        self._readers = readers
        self._scratch = scratch
        self._clock = clock
        self._prefix = secrets.token_hex(8) + "-"

    @asynccontextmanager
    async def upload(self, source: str, passphrase: str | None = None) -> AsyncIterator[Upload]:
        """A place for the files of a program. Raises InvalidRequest when it is not known.

        For `archive.SOURCE`, an archive of our own, there must be a passphrase.
        """
        reader = self._readers.get(source)
        if source == SOURCE:
            reader = ArchiveReader(checked_passphrase(passphrase))
        if reader is None:
            known = ", ".join(sorted((*self._readers, SOURCE)))
            raise InvalidRequest(f"Nothing is known about {source!r}; imports come from: {known}", pointer="/source")
        folder = await asyncio.to_thread(self._make_folder)
        try:
            yield Upload(folder, reader)
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def take(
        self, principal: Principal, upload: Upload, *, jid: str | None, name: str | None, engine: str
    ) -> Session:
        """Read a device and make a stopped session of it; when anything goes wrong, nothing is left behind.

        Raises DeviceUnreadable, DeviceNotNamed, DeviceInUse, SessionNameTaken, InvalidRequest, UnknownEngine,
        UnsupportedByEngine, MoveFailed.
        """
        carrier(self._opening.engines, engine)
        name = new_name() if name is None else checked_name(name)
        try:
            async with asyncio.timeout(_READ_S):
                device = leap(await asyncio.to_thread(upload.reader.read, upload.folder, jid))
        except (OSError, TimeoutError) as error:
            raise DeviceUnreadable(f"The files cannot be read: {error}") from error
        now = self._clock.now_ms()
        session = Session(
            id=session_id(now),
            tenant=principal.tenant,
            name=name,
            engine=engine,
            state=SessionState.STOPPED,
            state_since=now,
            reason=Reason("not_paired"),
            me=None,
            settings=SessionSettings(),
            metadata={},
            created_at=now,
            last_seen_at=None,
        )
        async with self._supervisor.turns.of(session.id):
            await self._database.write(self._add(session, device))
            try:
                await self._keep(session, device)
            except BaseException:
                await self._ending.delete(session)
                raise
        return session

    async def clear(self) -> None:
        """Delete what a process left that died over an import. Raises StorageUnavailable."""
        await asyncio.to_thread(self._sweep)
        for move in await self._database.read(repository.unfinished_imports()):
            async with self._supervisor.turns.of(move.session):
                scope = SessionScope(move.tenant, move.session, 0)
                stored = await self._opening.find(scope)
                # It may have been one of ours, which was under way when we looked and is finished by now.
                is_over = await self._database.read(repository.find_move(scope, move.session)) is None
                if stored is None or is_over or self._supervisor.cares_for(move.session):
                    continue
                try:
                    await self._ending.delete(stored.session)
                except HeldElsewhere:
                    continue
                _log.warning("unfinished_import_deleted", session=move.session)

    # ---- inside

    def _make_folder(self) -> Path:
        self._scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=self._prefix, dir=self._scratch))

    def _sweep(self) -> None:
        """Delete uploads that were not made by this process."""
        for folder in self._scratch.iterdir() if self._scratch.exists() else ():
            if not folder.name.startswith(self._prefix):
                shutil.rmtree(folder, ignore_errors=True)

    def _add(self, session: Session, device: LinkedDevice) -> Script[None]:
        if not (yield from repository.add_session(session, self._opening.box)):
            raise SessionNameTaken(f"Another session is called {session.name!r}", pointer="/name")
        yield from self._opening.states.claim_device(SessionScope(session.tenant, session.id, 0), device.pn)
        move = Move(session.id, session.tenant, "", session.engine, Phase.COPYING)
        yield from repository.put_move(move, session.created_at)

    async def _keep(self, session: Session, device: LinkedDevice) -> None:
        scope = await self._database.write(self._opening.claimed(session.id))
        vault = self._opening.keeper.open(scope.session, scope.tenant, scope.epoch)
        try:
            await copy_device(carrier(self._opening.engines, session.engine), session.id, vault, device)
            for slice in _slices(_news(device)):
                await vault.submit(Unit(news=slice))
            await self._database.write(self._finish(scope))
        finally:
            await vault.close()

    def _finish(self, scope: SessionScope) -> Script[None]:
        stored = yield from repository.owned_session(scope, self._opening.box)
        if stored is None:
            raise OwnershipLost(f"{scope.session} is held by another process, or was deleted")
        yield from repository.end_move(scope, scope.session)
        yield from self._opening.states.change_stored(stored, SessionState.STOPPED, IMPORTED)
        yield from self._opening.node.release(scope)


def _news(device: LinkedDevice) -> list[DurableNews]:
    """What the rooms have to know: whose account it is, and both addresses of those that it talks with."""
    talked_with = {session.device.partition("@")[0].partition(":")[0] for session in device.sessions}
    return [
        Paired(device.me),
        *(
            IdentityLinked(Jid.of(phone, PHONE_SERVER), Jid.of(lid, LID_SERVER))
            for phone, lid in device.people
            if phone in talked_with or lid in talked_with
        ),
    ]


def _slices(news: list[DurableNews]) -> Iterator[list[DurableNews]]:
    for start in range(0, len(news), _SLICE):
        yield news[start : start + _SLICE]
