"""The kept files of one tenant, as engines read them when they send."""

from __future__ import annotations

from collections.abc import AsyncIterator

from typing_extensions import override

from wagate.domain.errors import MediaGone, MediaNotFound, MediaNotReady
from wagate.domain.ids import MediaId, TenantId
from wagate.domain.media import MediaState
from wagate.features.media.repository import rows as repository
from wagate.ports.blobs import BlobMissing, BlobStore
from wagate.ports.files import Enclosure, MediaSource
from wagate.store.database import Database
from wagate.store.scoped import TenantScope
from wagate.store.script import Script


class KeptFiles(MediaSource):
    """Rows from the database, bytes from the store of blobs."""

    def __init__(self, database: Database, blobs: BlobStore, tenant: TenantId) -> None:
        """Read ``tenant``'s files."""
        self._database = database
        self._blobs = blobs
        self._scope = TenantScope(tenant)

    @override
    async def find(self, media: MediaId) -> Enclosure:
        """Look it up."""
        return await self._database.read(self._find(media))

    @override
    async def read(self, enclosure: Enclosure) -> AsyncIterator[bytes]:
        """Read the blob."""
        sha256 = enclosure.media.sha256
        assert sha256 is not None, "what was found has bytes"
        try:
            async for piece in self._blobs.read(self._scope.tenant, sha256):
                yield piece
        except BlobMissing as error:
            raise MediaGone from error

    def _find(self, media: MediaId) -> Script[Enclosure]:
        found = yield from repository.get_media(self._scope, media)
        if found is None:
            raise MediaNotFound(f"There is no media {media!r}")
        if found.state is MediaState.PENDING:
            raise MediaNotReady
        if found.state is not MediaState.READY:
            raise MediaGone
        return Enclosure(found, (yield from repository.get_thumbnail(self._scope, media)))
