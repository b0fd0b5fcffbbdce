"""Taking a session's linked device out of this gateway, as a sealed archive.

A ratchet must never be used twice, so the archive is the only copy from the moment at which it is handed out: the
session is logged out in the transaction before, and its keys are deleted here.
"""

from __future__ import annotations

import asyncio
from functools import partial

from wagate.domain.errors import SessionNotPaired, SessionRunning
from wagate.domain.session import Reason, Session
from wagate.features.sessions.archive import write_archive
from wagate.features.sessions.carrying import COPY_S, carrier
from wagate.features.sessions.leaping import leap
from wagate.features.sessions.opening import Opening
from wagate.features.sessions.supervisor import Supervisor

EXPORTED = Reason("exported")


class Exporting:
    """Makes archives of sessions. Who calls ``take_out`` holds the session's turn."""

    def __init__(self, opening: Opening, supervisor: Supervisor) -> None:
        """``supervisor`` knows what runs."""
        self._opening = opening
        self._supervisor = supervisor

    async def take_out(self, session: Session, passphrase: str) -> bytes:
        """The archive of a stopped session's device, which is not here any more on return.

        Raises SessionRunning, SessionNotPaired, UnsupportedByEngine, HeldElsewhere, DeviceUnreadable.
        """
        engine = carrier(self._opening.engines, session.engine)
        if session.me is None:
            raise SessionNotPaired("No phone is linked to this session: there is nothing to export")
        if self._supervisor.cares_for(session.id):
            raise SessionRunning("Stop the session first: a device that is in use cannot be taken out")
        scope = await self._opening.database.write(self._opening.claimed(session.id))
        await self._opening.tidy(scope)
        vault = self._opening.keeper.open(scope.session, scope.tenant, scope.epoch)
        try:
            async with asyncio.timeout(COPY_S):
                device = await engine.export_device(session.id, vault)
        finally:
            await vault.close()
            await self._opening.database.write(self._opening.node.release(scope))
        if not self._opening.engines[session.engine].features.acks_after_persist:
            device = leap(device)
        archive = await asyncio.to_thread(partial(write_archive, device, passphrase))
        await self._opening.discard(session.id, EXPORTED)
        return archive
