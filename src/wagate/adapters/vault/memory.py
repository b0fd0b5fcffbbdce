"""A vault in memory. It keeps every promise of the port but the one about power cuts."""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Callable, Iterable

from typing_extensions import override

from wagate.adapters.clock import SystemClock
from wagate.domain.ids import SessionId
from wagate.ports.clock import Clock
from wagate.ports.news import DurableNews
from wagate.ports.vault import NotLoaded, RecordKey, Unit, Vault, VaultFailed

Records = list[tuple[str, bytes]]
"""(address, value) pairs."""


def _nothing(_session: SessionId, _news: DurableNews) -> None:
    """Nobody wants to know."""


class MemoryStorage:
    """What outlives the vaults: the committed records of all sessions, as long as this object lives."""

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        on_news: Callable[[SessionId, DurableNews], None] = _nothing,
        before_commit: Callable[[], None] | None = None,
    ) -> None:
        """``on_news`` is told of every piece of news that was committed; what ``before_commit`` raises fails a unit."""
        self.clock = clock or SystemClock()
        self.on_news = on_news
        self.before_commit = before_commit
        self.records: dict[SessionId, dict[RecordKey, tuple[bytes, int]]] = {}
        """Value and moment of the last change (ms since 1970) by session and key."""

    def open(self, session: SessionId) -> MemoryVault:
        """The vault of a session; one at a time for each."""
        return MemoryVault(self, session)


class MemoryVault(Vault):
    """One session's records. A unit is committed one turn of the loop after it was submitted."""

    def __init__(self, storage: MemoryStorage, session: SessionId) -> None:
        """Made by ``MemoryStorage.open``."""
        self._storage = storage
        self._session = session
        self._committed = storage.records.setdefault(session, {})
        self._loaded: dict[RecordKey, bytes | None] = {}
        self._waiting: list[tuple[Unit, Future[None]]] = []
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._failure: VaultFailed | None = None

    @override
    async def load(self, keys: Iterable[RecordKey]) -> None:
        """Bring records into memory."""
        for key in keys:
            if key not in self._loaded:
                value = self._committed.get(key)
                self._loaded[key] = None if value is None else value[0]

    @override
    def get(self, kind: str, address: str) -> bytes | None:
        """The newest value, submitted ones included."""
        if self._failure is not None:
            raise self._failure
        try:
            return self._loaded[kind, address]
        except KeyError:
            raise NotLoaded(f"{kind} {address}") from None

    @override
    async def list(self, kind: str) -> Records:
        """All committed records of a kind."""
        return sorted((address, value) for (of, address), (value, _) in self._committed.items() if of == kind)

    @override
    async def expire(self, kind: str, before_ms: int) -> None:
        """Delete old records of a kind."""
        for key in [key for key, (_, at) in self._committed.items() if key[0] == kind and at < before_ms]:
            del self._committed[key]
            self._loaded.pop(key, None)

    @override
    def submit(self, unit: Unit) -> Future[None]:
        """Queue a unit."""
        loop = asyncio.get_running_loop()
        future: Future[None] = loop.create_future()
        if self._failure is not None:
            future.set_exception(self._failure)
            return future
        self._loaded.update(unit.changes)
        self._waiting.append((unit, future))
        if len(self._waiting) == 1:
            self._quiet.clear()
            loop.call_soon(self._commit)
        return future

    @override
    async def reopen(self) -> None:
        """Forget what was not committed."""
        await self._settled()
        self._loaded.clear()
        self._failure = None

    @override
    async def close(self) -> None:
        """Let go."""
        await self._settled()
        self._loaded.clear()
        self._failure = VaultFailed("The vault is closed")

    async def _settled(self) -> None:
        await self._quiet.wait()

    def _commit(self) -> None:
        for unit, future in self._waiting:
            if self._failure is None:
                self._failure = self._try(unit)
            if future.done():
                continue
            if self._failure is None:
                future.set_result(None)
            else:
                future.set_exception(self._failure)
        self._waiting.clear()
        self._quiet.set()

    def _try(self, unit: Unit) -> VaultFailed | None:
        try:
            if self._storage.before_commit is not None:
                self._storage.before_commit()
        except VaultFailed as failure:
            return failure
        except Exception as error:  # the failpoint may raise anything
            return VaultFailed(repr(error))
        now = self._storage.clock.now_ms()
        for key, value in unit.changes.items():
            if value is None:
                self._committed.pop(key, None)
            else:
                self._committed[key] = (value, now)
        for news in unit.news:
            self._storage.on_news(self._session, news)
        return None
