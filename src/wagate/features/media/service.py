"""The verbs of the media room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog

from wagate.domain.errors import InvalidMedia, MediaGone, MediaNotFound, MediaNotReady, TooBusy
from wagate.domain.ids import MediaId, TenantId, media_id
from wagate.domain.media import Media, MediaKind, MediaState
from wagate.features.access import Principal
from wagate.features.media.filenames import clean
from wagate.features.media.intake import Claims, Intake, Taken
from wagate.features.media.policy import MediaPolicy
from wagate.features.media.repository import origins
from wagate.features.media.repository import rows as repository
from wagate.features.media.shelf import Shelf, Unsettled
from wagate.features.media.source import KeptFiles
from wagate.features.media.sweeper import Sweeper
from wagate.ports.blobs import BlobMissing, BlobStore
from wagate.ports.clock import Clock
from wagate.ports.egress import Egress
from wagate.ports.files import MediaSource
from wagate.store.database import Database
from wagate.store.scoped import Scoped, TenantScope
from wagate.store.script import Script

Changed = Callable[[Scoped, Media], Script[None]]
"""What else a media's new state changes; part of the write script that changes it."""

UPLOADS = 64
"""How many files may be on their way in at once; each holds about a megabyte."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Opened:
    """Media whose bytes are here."""

    media: Media
    size: int
    blobs: BlobStore

    async def read(self, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from ``start`` up to ``stop`` (None: the end), in pieces of at most 1 MB.

        Raises MediaGone when somebody deletes them meanwhile, StorageUnavailable.
        """
        assert self.media.sha256 is not None
        try:
            async for piece in self.blobs.read(self.media.tenant, self.media.sha256, start, stop):
                yield piece
        except BlobMissing as error:
            raise MediaGone from error


@dataclass(frozen=True, slots=True)
class Tools:
    """What the room works with."""

    database: Database
    blobs: BlobStore
    intake: Intake
    shelf: Shelf
    sweeper: Sweeper
    egress: Egress
    clock: Clock


class MediaRoom:
    """Media of all tenants; every verb is narrowed to the principal's. All may raise StorageUnavailable."""

    def __init__(self, tools: Tools, policy: MediaPolicy) -> None:
        """Made by ``bootstrap``."""
        self.policy = policy
        self._tools = tools
        self._database = tools.database
        self._uploads = 0
        self._closed = asyncio.Event()
        self._changed: Changed = _nobody_cares
        self._wanted: Callable[[], None] = lambda: None

    def serve(self, changed: Changed, wanted: Callable[[], None]) -> None:
        """Tell the room above of each change of an expected media, and that somebody ``wanted`` one. Before ``run``."""
        self._changed = changed
        self._wanted = wanted

    # ---- for doors

    async def upload(self, principal: Principal, claims: Claims, chunks: AsyncIterator[bytes]) -> Media:
        """Keep a file that is to be sent. Once this returns it is on disk and committed.

        Raises InvalidMedia, MediaTooLarge, MediaQuotaExceeded, StorageFull, TooBusy, and what ``chunks`` raises.
        """
        async with self._slot() as opened:
            taken = await self._tools.intake.take(opened, principal.tenant, chunks, claims)
            now = self._tools.clock.now_ms()
            media = _made(media_id(now), principal.tenant, taken, clean(claims.filename), now)

            def add(whole: Media) -> Script[Media]:
                yield from repository.add_media(whole, taken.found.thumbnail)
                return whole

            return await self._tools.shelf.put(taken.draft, taken.measured, media, add)

    async def fetch(self, principal: Principal, claims: Claims, url: str) -> Media:
        """Keep a file that lies somewhere on the web. Raises FetchFailed, and what ``upload`` raises."""
        async with self._tools.egress.get(url) as fetched:
            claimed = Claims(claims.filename or clean(fetched.filename), claims.mime, claims.kind, claims.max_edge)
            return await self.upload(principal, claimed, fetched.chunks)

    async def get(self, principal: Principal, media: str) -> Media:
        """What is known of a media, bytes or no bytes. Raises MediaNotFound."""
        found = await self._database.read(repository.get_media(principal, media))
        if found is None:
            raise MediaNotFound(f"There is no media {media[:100]!r}")
        return found

    async def open(self, principal: Principal, media: str) -> Opened:
        """A media to read from. Raises MediaNotFound, MediaNotReady, MediaGone.

        One that was left where it is until somebody asks for it is fetched from now on.
        """
        found = await self.get(principal, media)
        if found.state is MediaState.PENDING:
            await self.want(principal, media)
            raise MediaNotReady
        if found.state is not MediaState.READY or found.sha256 is None:
            raise MediaGone(f"The bytes of this media are not here: {found.state.value}")
        size = await self._tools.blobs.size(found.tenant, found.sha256)
        if size is None or size != found.size:
            again = await self.get(principal, media)  # it may have been deleted a moment ago
            _log.error("media_bytes_missing", media=again.id)
            raise MediaGone("The bytes of this media are missing from the store")
        return Opened(found, size, self._tools.blobs)

    async def want(self, scope: Scoped, media: str) -> None:
        """Have the bytes of a media fetched that was left where it is; anything else stays as it is."""
        if await self._database.write(origins.want(scope, media, self._tools.clock.now_ms())):
            self._wanted()

    async def fit(self, principal: Principal, media: str, kind: MediaKind) -> Media:
        """A media that can be sent as ``kind``: this one, or a new one that is made of it.

        Raises MediaNotFound, MediaNotReady, MediaGone, InvalidMedia, and what ``upload`` raises.
        """
        opened = await self.open(principal, media)
        if kind in (opened.media.kind, MediaKind.DOCUMENT):
            return opened.media
        return await self.upload(principal, Claims(opened.media.filename, kind=kind), opened.read())

    async def thumbnail(self, principal: Principal, media: str) -> bytes | None:
        """A JPEG or PNG of some kilobytes that shows a file in small, where there is one."""
        return await self._database.read(repository.get_thumbnail(principal, media))

    async def delete(self, principal: Principal, media: str) -> None:
        """Remove a media and, unless the tenant keeps the same bytes under another id, its bytes.

        Messages that show it then show it as ``omitted``. Raises MediaNotFound, MediaInUse.
        """
        if not await self._tools.shelf.remove(principal, media):
            raise MediaNotFound(f"There is no media {media[:100]!r}")

    # ---- for rooms above, and for engines' downloads through them

    async def fulfil(
        self, tenant: TenantId, media: str, chunks: AsyncIterator[bytes], *, sha256: str | None = None
    ) -> Media:
        """Give an expected media its bytes; when it has some already, nothing happens and they stay.

        With ``sha256`` they must be just these bytes. Raises MediaNotFound, InvalidMedia, MediaTooLarge,
        MediaQuotaExceeded, StorageFull, TooBusy, and what ``chunks`` raises; the media then is as it was.
        """
        scope = TenantScope(tenant)
        expected = await self._expected(scope, media)
        if expected.state is MediaState.READY:
            return expected
        async with self._slot() as opened:
            taken = await self._tools.intake.accept(opened, tenant, chunks, expected.kind, expected.mime)
            if sha256 is not None and taken.measured.sha256 != sha256:
                raise InvalidMedia("These are not the bytes that were announced")
            arrived = _made(expected.id, tenant, taken, expected.filename, expected.created_at, expected)

            def settle(whole: Media) -> Script[Media | None]:
                now = yield from repository.get_media(scope, media)
                if now is not None and now.state is MediaState.OMITTED and expected.state is not MediaState.OMITTED:
                    return None  # somebody deleted it while it was coming
                ready = yield from repository.fulfil_media(whole, taken.found.thumbnail)
                if ready is not None:
                    yield from origins.settle(scope, ready.id)
                    yield from self._changed(scope, ready)
                return ready

            try:
                return await self._tools.shelf.put(taken.draft, taken.measured, arrived, settle)
            except Unsettled:  # another attempt was quicker, or it is gone
                return await self._expected(scope, media)

    async def give_up(self, tenant: TenantId, media: str, state: MediaState) -> Media:
        """Say why an expected media has no bytes: omitted, expired or failed; or that it is pending again.

        One that has its bytes stays ready. Raises MediaNotFound; ValueError when ``state`` is ready, which bytes alone
        can make it.
        """
        if state is MediaState.READY:
            raise ValueError("Media becomes ready by its bytes")
        scope = TenantScope(tenant)
        moved = await self._database.write(self._give_up(scope, media, state))
        return moved or await self._expected(scope, media)

    def source(self, tenant: TenantId) -> MediaSource:
        """A tenant's files for its engines to send."""
        return KeptFiles(self._database, self._tools.blobs, tenant)

    async def pending(self, tenant: TenantId, *, after: str = "", limit: int = 100) -> list[Media]:
        """Media whose bytes have not come, oldest first, beyond the id ``after``: what is to be downloaded."""
        return await self._database.read(repository.list_pending(TenantScope(tenant), after, limit))

    # ---- life

    async def run(self) -> None:
        """Keep house (retention, and what crashes left), until ``shut_down``."""
        sweeping = asyncio.get_running_loop().create_task(self._tools.sweeper.run(), name="media-sweeper")
        closing = asyncio.get_running_loop().create_task(self._closed.wait(), name="media-closed")
        try:
            await asyncio.wait([sweeping, closing], return_when=asyncio.FIRST_COMPLETED)
            if sweeping.done():
                await sweeping
        finally:
            sweeping.cancel()
            closing.cancel()
            await asyncio.gather(sweeping, closing, return_exceptions=True)

    def shut_down(self) -> None:
        """Let ``run`` end."""
        self._closed.set()

    def _give_up(self, scope: Scoped, media: str, state: MediaState) -> Script[Media | None]:
        moved = yield from repository.move_media(scope, media, state)
        if moved is not None and state is not MediaState.PENDING:
            yield from origins.settle(scope, media)
            yield from self._changed(scope, moved)
        return moved

    async def _expected(self, scope: Scoped, media: str) -> Media:
        found = await self._database.read(repository.get_media(scope, media))
        if found is None:
            raise MediaNotFound(f"There is no media {media!r}")
        return found

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[AsyncExitStack]:
        if self._uploads >= UPLOADS:
            raise TooBusy(f"{UPLOADS} files are on their way in already")
        self._uploads += 1
        try:
            async with AsyncExitStack() as opened:
                yield opened
        finally:
            self._uploads -= 1


def _nobody_cares(_scope: Scoped, _media: Media) -> Script[None]:
    yield from ()


def _made(  # where a media comes from
    media: MediaId, tenant: TenantId, taken: Taken, filename: str | None, created_at: int, promised: Media | None = None
) -> Media:
    """A media of what was taken in; where the bytes do not tell, what was promised stands."""
    found = taken.found

    def known(value: int | None, said: int | None) -> int | None:
        return said if value is None else value

    return Media(
        id=media,
        tenant=tenant,
        state=MediaState.READY,
        kind=taken.kind,
        mime=found.mime,
        size=taken.measured.size,
        sha256=taken.measured.sha256,
        filename=filename,
        width=known(found.width, promised.width if promised else None),
        height=known(found.height, promised.height if promised else None),
        duration_ms=known(found.duration_ms, promised.duration_ms if promised else None),
        waveform=found.waveform or (promised.waveform if promised else None),
        created_at=created_at,
        has_thumbnail=found.thumbnail is not None or (promised is not None and promised.has_thumbnail),
    )
