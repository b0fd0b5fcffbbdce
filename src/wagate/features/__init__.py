"""Rooms: what we do. ``Gateway`` is all of them together, put together by ``bootstrap``."""

from __future__ import annotations

import asyncio
from asyncio import Task, TaskGroup
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import structlog

from wagate.domain.errors import GatewayError
from wagate.features.access import Access, IssuedKey
from wagate.features.journal import Journal
from wagate.features.media import MediaRoom
from wagate.features.messaging.chat_marks import ChatMarking
from wagate.features.messaging.chats import Chats
from wagate.features.messaging.contacts import Contacts
from wagate.features.messaging.groups import Groups
from wagate.features.messaging.profile import OwnProfile
from wagate.features.messaging.queueing import Queueing
from wagate.features.messaging.search import Search
from wagate.features.messaging.service import Messaging
from wagate.features.realtime import Hub
from wagate.features.sessions.catalogue import Catalogue
from wagate.features.sessions.restore import Restore
from wagate.features.sessions.service import Sessions
from wagate.features.sessions.supervisor import Supervisor
from wagate.features.templates import Templates
from wagate.ports.engine import Engine
from wagate.store.database import Database
from wagate.store.folder import DataFolder
from wagate.store.leases import Node
from wagate.store.script import Script

_STOP_S = 15.0
"""How long the rooms may take to come to rest; with what is closed after them, a stop takes less than 20 s."""

_PROBE_S = 2.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rooms:
    """The verbs that doors may use."""

    access: Access
    journal: Journal
    realtime: Hub
    sessions: Sessions
    messaging: Messaging
    engines: Catalogue
    media: MediaRoom
    groups: Groups
    contacts: Contacts
    profile: OwnProfile
    chats: Chats
    search: Search
    chat_marks: ChatMarking
    templates: Templates
    queues: Queueing


@dataclass(frozen=True, slots=True)
class Cellar:
    """What the rooms stand on, and what runs in the background. Nobody's business but the gateway's."""

    folder: DataFolder
    database: Database
    node: Node
    engines: Mapping[str, Engine]
    supervisor: Supervisor
    restore: Restore
    closers: Sequence[Callable[[], Awaitable[None]]]
    """How the plugs that only rooms know are let go."""


class Gateway:
    """The running product: ``async with gateway:`` (or ``start`` and ``stop``), then ``gateway.messaging.send(…)``."""

    def __init__(self, rooms: Rooms, cellar: Cellar) -> None:
        """Made by ``bootstrap.build``."""
        self.access = rooms.access
        self.journal = rooms.journal
        self.realtime = rooms.realtime
        self.sessions = rooms.sessions
        self.messaging = rooms.messaging
        self.engines = rooms.engines
        self.media = rooms.media
        self.groups = rooms.groups
        self.contacts = rooms.contacts
        self.profile = rooms.profile
        self.chats = rooms.chats
        self.search = rooms.search
        self.chat_marks = rooms.chat_marks
        self.templates = rooms.templates
        self.queues = rooms.queues
        self.first_key: IssuedKey | None = None
        """The admin key, on the very first start only: show it, for nobody can show it again."""
        self._cellar = cellar
        self._work: Task[None] | None = None
        self._is_stopped = False

    async def start(self) -> None:
        """Take up work; the sessions that were running come back in the background (``restored``).

        Raises StorageUnavailable.
        """
        await self._cellar.node.join()
        self.first_key = await self.access.bootstrap()
        self._work = asyncio.get_running_loop().create_task(self._run(), name="gateway")
        self._work.add_done_callback(_report)
        await self._cellar.supervisor.started.wait()

    async def stop(self) -> None:
        """Hang up cleanly and close everything, within 20 s. Nothing that was accepted is lost; twice does no harm."""
        if self._is_stopped:
            return
        self._is_stopped = True
        async with AsyncExitStack() as closing:
            cellar = self._cellar
            closing.callback(cellar.folder.close)
            closing.push_async_callback(cellar.database.close)
            for closer in cellar.closers:
                closing.push_async_callback(closer)
            closing.push_async_callback(cellar.node.leave)
            for engine in cellar.engines.values():
                closing.push_async_callback(engine.close)
            closing.push_async_callback(self.journal.relay.close)
            closing.push_async_callback(self.realtime.close)
            await self._come_to_rest()

    async def can_write(self) -> bool:
        """Whether the database takes a transaction within two seconds, and the rooms are at work."""
        if self._work is None or self._work.done():
            return False
        try:
            async with asyncio.timeout(_PROBE_S):
                await self._cellar.database.write(_nothing())
        except (GatewayError, TimeoutError):
            return False
        return True

    @property
    def restored(self) -> bool:
        """Whether every session that was running has been taken up again (not: whether it is connected already)."""
        return self._cellar.restore.done

    async def __aenter__(self) -> Self:
        """``start``; when that fails, what was opened is closed."""
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """``stop``."""
        await self.stop()

    async def _run(self) -> None:
        async with TaskGroup() as group:
            supervising = group.create_task(self._cellar.supervisor.run())
            group.create_task(self.messaging.run())
            group.create_task(self.media.run())
            group.create_task(self.search.run())
            await self._cellar.supervisor.started.wait()
            restoring = group.create_task(self._cellar.restore.run())
            await supervising
            restoring.cancel()

    async def _come_to_rest(self) -> None:
        if self._work is None:
            return
        self.messaging.shut_down()
        self.media.shut_down()
        self.search.shut_down()
        self._cellar.supervisor.shut_down()
        done, _ = await asyncio.wait([self._work], timeout=_STOP_S)
        if not done:
            _log.warning("stop_took_too_long", seconds=_STOP_S)
            self._work.cancel()
            await asyncio.wait([self._work])


def _report(work: Task[None]) -> None:
    if not work.cancelled() and work.exception() is not None:
        _log.critical("gateway_failed", error=repr(work.exception()))


def _nothing() -> Script[None]:
    yield from ()
