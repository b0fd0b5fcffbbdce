"""Keeps house in the media room: what crashes left is finished, and what is too old or too much goes."""

from __future__ import annotations

import structlog

from wagate.domain.errors import StorageUnavailable
from wagate.domain.ids import TenantId
from wagate.features.media.policy import MediaPolicy
from wagate.features.media.repository import rows as repository
from wagate.features.media.shelf import Shelf
from wagate.ports.clock import Clock
from wagate.store.database import Database
from wagate.store.scoped import TenantScope
from wagate.store.script import Script

EVERY_S = 60.0
BATCH = 100
BATCHES = 10
"""So many batches at most a run; a large backlog goes down minute by minute, and nobody else waits for it."""

ARRIVAL_MS = 3600 * 1000
"""How long a writer may be silent about bytes that it began to write before it is held dead."""

REMOVAL_MS = 5 * 60 * 1000
"""The same for a removal, whose own deadline is a minute."""

_log = structlog.get_logger(__name__)


class Sweeper:
    """One of them in each process; two at once do no harm, for each row is taken by one."""

    def __init__(self, database: Database, shelf: Shelf, policy: MediaPolicy, clock: Clock, *, alone: bool) -> None:
        """``alone`` says that no other process uses this database: what lies half done at the start is then ours."""
        self._database = database
        self._shelf = shelf
        self._policy = policy
        self._clock = clock
        self._alone = alone

    async def run(self) -> None:
        """Sweep at once and then every minute, for ever."""
        first = self._alone
        while True:
            try:
                await self.sweep(all_is_stale=first)
                first = False
            except StorageUnavailable as error:
                _log.warning("media_not_swept", error=error.detail)
            await self._clock.sleep(EVERY_S)

    async def sweep(self, *, all_is_stale: bool = False) -> int:
        """One run; how many media and blobs it took down. Raises StorageUnavailable.

        With ``all_is_stale``, whatever is half done is finished now, since nobody else can be at it.
        """
        now = self._clock.now_ms()
        doomed = await self._database.write(self._take_unfinished(now, all_is_stale))
        for blob in doomed:
            await self._shelf.clear(blob)
        gone = len(doomed)
        if self._policy.keep_ms:
            gone += await self._drop_old(now - self._policy.keep_ms)
        if self._policy.keep_bytes:
            gone += await self._drop_surplus(self._policy.keep_bytes)
        if gone:
            _log.info("media_swept", count=gone)
        return gone

    def _take_unfinished(self, now: int, everything: bool) -> Script[list[repository.BlobRef]]:
        yield from repository.give_up_arrivals(now if everything else now - ARRIVAL_MS, now)
        # What was given up just now is dated now, and comes along only when nobody else can be writing it still.
        return (yield from repository.take_doomed(now if everything else now - REMOVAL_MS, now))

    async def _drop_old(self, before_ms: int) -> int:
        gone = 0
        for _ in range(BATCHES):
            found = await self._database.read(repository.find_stale(before_ms, BATCH))
            for tenant, media in found:
                await self._shelf.expire(TenantScope(tenant), media)
            gone += len(found)
            if len(found) < BATCH:
                break
        return gone

    async def _drop_surplus(self, limit: int) -> int:
        gone = 0
        for tenant, kept in await self._database.read(repository.find_large_tenants(limit)):
            gone += await self._shrink(tenant, kept - limit, BATCH * BATCHES - gone)
        return gone

    async def _shrink(self, tenant: TenantId, surplus: int, most: int) -> int:
        """Take down a tenant's oldest until so many bytes are saved, or ``most`` are gone."""
        scope, gone = TenantScope(tenant), 0
        target = await self._database.read(repository.usage(scope)) - surplus
        while gone < most:
            found = await self._database.read(repository.find_oldest(scope, min(BATCH, most - gone)))
            for media, _ in found:
                if await self._database.read(repository.usage(scope)) <= target:
                    return gone
                await self._shelf.expire(scope, media)
                gone += 1
            if not found:
                break
        return gone
