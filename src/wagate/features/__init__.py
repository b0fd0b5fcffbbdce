"""Rooms: what we do. ``Gateway`` is all of them together, put together by ``bootstrap``."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from wagate.features.access import Access
from wagate.features.journal import Journal
from wagate.features.messaging.service import Messaging
from wagate.features.realtime import Hub
from wagate.features.sessions.service import Sessions


class Gateway:
    """The running product: ``async with gateway:`` (or ``start`` and ``stop``), then ``gateway.messaging.send(…)``."""

    access: Access
    journal: Journal
    realtime: Hub
    sessions: Sessions
    messaging: Messaging

    async def start(self) -> None:
        """Open the storage (migrating it if need be), then bring back the sessions that were running.

        Raises DataInUse when another process works on the same data.
        """

    async def stop(self) -> None:
        """Hang up cleanly and close everything, within 20 s. Nothing that was accepted is lost."""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
