"""A media room on a real database, with blobs in memory or on disk, and without a gateway around it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import pytest

from wagate.adapters.blobs.memory import MemoryBlobs
from wagate.adapters.clock import ManualClock
from wagate.adapters.inspector import ForkingInspector
from wagate.domain.errors import FetchFailed, StorageUnavailable
from wagate.domain.ids import TenantId
from wagate.domain.media import Media
from wagate.features.access import Principal
from wagate.features.media import Claims, MediaRoom
from wagate.features.media.intake import Intake
from wagate.features.media.policy import MediaPolicy
from wagate.features.media.service import Tools
from wagate.features.media.shelf import Shelf
from wagate.features.media.sweeper import Sweeper
from wagate.ports.blobs import BlobStore, Draft, Measured
from wagate.ports.egress import Fetched
from wagate.store.database import Database
from wagate.store.script import Row, Script, sql

T = TypeVar("T")

one_database = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
"""For tests of what happens before any database is asked: SQLite alone will do."""

A = TenantId("tnt_01KAGQ4R2T0A3D6G9K2N5R8V1Y")
B = TenantId("tnt_01KAGQ4R2T0A3D6G9K2N5R8V1Z")
US = Principal.system(A)
THEM = Principal.system(B)

_BLOBS = sql("SELECT tenant_id, sha256, size, state, users FROM blob ORDER BY tenant_id, sha256")
_MEDIA = sql("SELECT id, state, sha256 FROM media ORDER BY id")
_USAGE = sql("SELECT tenant_id, bytes FROM media_usage ORDER BY tenant_id")


class Nowhere:
    """A way out that leads nowhere."""

    def get(self, url: str) -> AbstractAsyncContextManager[Fetched]:
        """Refuse."""
        raise FetchFailed(url)


class Died(BaseException):
    """The process is gone: nobody catches this, and nobody cleans up after it."""


@dataclass
class Failing:
    """Blobs that fail, or in whose midst the process dies, where the test says so."""

    inner: BlobStore
    die_before_keep: bool = False
    die_after_keep: bool = False
    die_before_delete: bool = False
    die_after_delete: bool = False
    fail_delete: bool = False
    before_keep: Callable[[], Awaitable[object]] | None = None
    deleted: list[str] = field(default_factory=list)

    async def draft(self, tenant: TenantId) -> Draft:
        return _FailingDraft(await self.inner.draft(tenant), self)

    async def size(self, tenant: TenantId, sha256: str) -> int | None:
        return await self.inner.size(tenant, sha256)

    def read(self, tenant: TenantId, sha256: str, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        return self.inner.read(tenant, sha256, start, stop)

    async def delete(self, tenant: TenantId, sha256: str) -> None:
        if self.die_before_delete:
            raise Died
        if self.fail_delete:
            raise StorageUnavailable("injected")
        self.deleted.append(sha256)
        await self.inner.delete(tenant, sha256)
        if self.die_after_delete:
            raise Died

    async def close(self) -> None:
        await self.inner.close()


class _FailingDraft:
    def __init__(self, inner: Draft, blobs: Failing) -> None:
        self._inner = inner
        self._blobs = blobs

    async def write(self, chunk: bytes) -> None:
        await self._inner.write(chunk)

    def fileno(self) -> int:
        return self._inner.fileno()

    async def finish(self) -> Measured:
        return await self._inner.finish()

    async def keep(self) -> None:
        if self._blobs.before_keep is not None:
            await self._blobs.before_keep()
        if self._blobs.die_before_keep:
            raise Died
        await self._inner.keep()
        if self._blobs.die_after_keep:
            raise Died

    async def discard(self) -> None:
        await self._inner.discard()


@dataclass
class Corner:
    """The room, what it stands on, and a look behind it."""

    database: Database
    clock: ManualClock
    blobs: BlobStore
    inspector: ForkingInspector
    policy: MediaPolicy = field(default_factory=MediaPolicy)
    alone: bool = True

    def __post_init__(self) -> None:
        self.rebuild()

    def rebuild(self, **changes: object) -> None:
        """A new process on the same rows and bytes."""
        self.policy = replace(self.policy, **changes)  # type: ignore[arg-type]  # as MediaPolicy checks
        shelf = Shelf(self.database, self.blobs, self.policy, self.clock)
        intake = Intake(self.blobs, self.inspector, self.inspector, self.policy)
        self.sweeper = Sweeper(self.database, shelf, self.policy, self.clock, alone=self.alone)
        tools = Tools(self.database, self.blobs, intake, shelf, self.sweeper, Nowhere(), self.clock)
        self.room = MediaRoom(tools, self.policy)

    async def upload(self, content: bytes, claims: Claims | None = None, who: Principal = US) -> Media:
        return await self.room.upload(who, claims or Claims(), pieces(content))

    async def content(self, media: Media, who: Principal = US) -> bytes:
        opened = await self.room.open(who, media.id)
        return b"".join([piece async for piece in opened.read()])

    async def turning(self, work: Coroutine[Any, Any, T]) -> T:
        """Await something while the clock is turned for it, as often as it sleeps."""
        task = asyncio.get_running_loop().create_task(work)
        while not task.done():
            await asyncio.sleep(0.001)
            if self.clock.sleepers:
                self.clock.turn(1.0)
        return await task

    async def rows(self) -> list[tuple[str, int]]:
        """State and users of every blob."""
        return [(row["state"], row["users"]) for row in await self._all(_BLOBS)]

    async def usage(self) -> dict[str, int]:
        return {row["tenant_id"]: row["bytes"] for row in await self._all(_USAGE)}

    async def is_sound(self) -> None:
        """What is promised is there; what is there is promised; and the sums are right."""
        blobs = {(row["tenant_id"], row["sha256"]): row for row in await self._all(_BLOBS)}
        ready = [row for row in await self._all(_MEDIA) if row["state"] == "ready"]
        sums: dict[str, int] = {}
        for (tenant, sha256), row in blobs.items():
            assert row["state"] == "kept"
            assert await self.blobs.size(TenantId(tenant), sha256) == row["size"]
            assert row["users"] == sum(one["sha256"] == sha256 for one in ready) > 0
            sums[tenant] = sums.get(tenant, 0) + row["size"]
        assert {row["sha256"] for row in ready} == {sha256 for _, sha256 in blobs}
        assert {tenant: size for tenant, size in (await self.usage()).items() if size} == sums

    async def _all(self, statement: Callable[[], object]) -> list[Row]:
        def script() -> Script[list[Row]]:
            return (yield statement())  # type: ignore[misc]  # a statement makes a query

        return await self.database.read(script())


async def pieces(content: bytes, size: int = 50_000) -> AsyncIterator[bytes]:
    """A body as it comes in."""
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def stream(*chunks: bytes | BaseException) -> AsyncIterator[bytes]:
    """A body that may break off."""
    for chunk in chunks:
        if isinstance(chunk, BaseException):
            raise chunk
        yield chunk


def all_bytes(blobs: MemoryBlobs) -> Iterable[str]:
    """The digests of everything that lies in a store in memory."""
    return {sha256 for _, _, sha256 in blobs.kept}
