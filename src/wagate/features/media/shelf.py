"""Rows and bytes together: how a draft becomes media, and how media goes, with nothing lost or leaked by a crash.

First the row of the blob says that bytes are coming, then the bytes come, then one transaction makes them media's. On
the way out it is the other way round. A crash in between leaves a row that says what to finish; the sweeper does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import structlog

from wagate.domain.errors import MediaInUse, MediaQuotaExceeded, StorageUnavailable
from wagate.domain.media import Media, MediaState
from wagate.features.media.policy import MediaPolicy
from wagate.features.media.repository import origins
from wagate.features.media.repository import rows as repository
from wagate.features.media.repository.rows import BlobRef, BlobState
from wagate.ports.blobs import BlobStore, Draft, Measured
from wagate.ports.clock import Clock
from wagate.store.database import Database
from wagate.store.scoped import Scoped
from wagate.store.script import Script

_TRIES = 20
_PATIENCE_S = 0.25
_REMOVAL_S = 60.0

_log = structlog.get_logger(__name__)

Settle = Callable[[Media], Script[Media | None]]
"""What makes an adopted blob somebody's: a script that ends with None to have it all undone."""


class Unsettled(Exception):
    """The script that was to take the bytes did not want them."""


class Shelf:
    """Puts media up and takes it down."""

    def __init__(self, database: Database, blobs: BlobStore, policy: MediaPolicy, clock: Clock) -> None:
        """Rows in ``database``, bytes in ``blobs``."""
        self._database = database
        self._blobs = blobs
        self._policy = policy
        self._clock = clock

    async def put(self, draft: Draft, measured: Measured, media: Media, settle: Settle) -> Media:
        """Keep a finished draft and make it ``media``'s bytes. The caller discards the draft in any case.

        Raises MediaQuotaExceeded, StorageFull, StorageUnavailable, and Unsettled.
        """
        whole = replace(media, state=MediaState.READY, size=measured.size, sha256=measured.sha256)
        for _ in range(_TRIES):
            state = await self._database.write(self._claim(media, measured))
            if state is BlobState.DOOMED:  # somebody is about to remove the same bytes: after that
                await self._clock.sleep(_PATIENCE_S)
                continue
            if state is BlobState.ARRIVING or await self._blobs.size(media.tenant, measured.sha256) is None:
                await draft.keep()
            settled = await self._database.write(self._adopt(whole, settle))
            if settled is not None:
                return settled
        raise StorageUnavailable("The same bytes are being removed just now; try again")

    async def remove(self, scope: Scoped, media: str) -> bool:
        """Take media down for good; where messages show it, they show that it is left out. False when there is none.

        Raises MediaInUse.
        """
        found, blob = await self._database.write(self._remove(scope, media))
        await self._clear(blob)
        return found

    async def expire(self, scope: Scoped, media: str) -> None:
        """Take down media whose time is over; where messages show it, they show that. None, and needed: no error."""
        with suppress(MediaInUse):
            _, blob = await self._database.write(self._remove(scope, media, MediaState.EXPIRED))
            await self._clear(blob)

    async def clear(self, blob: BlobRef) -> None:
        """Remove the bytes of a doomed blob, then its row. Raises StorageUnavailable; it can be done again."""
        try:
            async with asyncio.timeout(_REMOVAL_S):
                await self._blobs.delete(blob.tenant, blob.sha256)
        except TimeoutError as error:
            raise StorageUnavailable("The store of media does not answer") from error
        await self._database.write(repository.forget_blob(blob))

    async def _clear(self, blob: BlobRef | None) -> None:
        if blob is None:
            return
        try:
            await self.clear(blob)
        except StorageUnavailable as error:  # it is written down as doomed: the sweeper will
            _log.warning("blob_not_removed", tenant=blob.tenant, error=error.detail)

    # ---- transactions

    def _claim(self, scope: Scoped, measured: Measured) -> Script[BlobState]:
        state = yield from repository.claim_blob(scope, measured.sha256, measured.size, self._clock.now_ms())
        quota = self._policy.quota_bytes
        if quota and state is BlobState.ARRIVING and (yield from repository.usage(scope)) + measured.size > quota:
            raise MediaQuotaExceeded(f"The tenant may keep {quota} bytes of media; delete some")
        return state

    def _adopt(self, media: Media, settle: Settle) -> Script[Media | None]:
        assert media.sha256 is not None
        if not (yield from repository.adopt_blob(media, media.sha256, self._clock.now_ms())):
            return None
        settled = yield from settle(media)
        if settled is None:
            raise Unsettled
        return settled

    def _remove(
        self, scope: Scoped, media: str, left: MediaState = MediaState.OMITTED
    ) -> Script[tuple[bool, BlobRef | None]]:
        found = yield from repository.get_media(scope, media)
        if found is None:
            return False, None
        shown, needed = yield from repository.references(scope, media)
        if needed:
            raise MediaInUse(f"A message that waits to leave needs {media}; delete it once the message is sent")
        now = self._clock.now_ms()
        if not shown:
            return True, (yield from repository.remove_media(scope, media, now))
        if found.state is not MediaState.READY:
            yield from repository.move_media(scope, media, left)
            yield from origins.settle(scope, media)
            return True, None
        return True, (yield from repository.drop_bytes(scope, media, left, now))
