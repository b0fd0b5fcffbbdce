"""Blobs in memory: for tests and demonstrations. They are gone with the process."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator

from wagate.adapters.blobs.drafts import PIECE, Disk, FileDraft, address
from wagate.domain.ids import TenantId
from wagate.ports.blobs import BlobMissing, Draft, Measured


class MemoryBlobs:
    """A store in memory. Drafts are unnamed files all the same, for others read them by descriptor."""

    def __init__(self) -> None:
        """An empty store."""
        self._disk = Disk()
        self.kept: dict[tuple[str, str, str], bytes] = {}
        """Everything that is kept, by the parts of its address."""

    async def draft(self, tenant: TenantId) -> Draft:
        """Begin to write."""

        async def keep(draft: FileDraft, measured: Measured) -> None:
            content = await self._disk.run(lambda: os.pread(draft.fileno(), measured.size, 0))
            self.kept[address(tenant, measured.sha256)] = content

        return FileDraft(self._disk, await self._disk.run(unnamed_file), keep, _nothing)

    async def size(self, tenant: TenantId, sha256: str) -> int | None:
        """How many bytes a blob has."""
        found = self.kept.get(address(tenant, sha256))
        return None if found is None else len(found)

    async def read(
        self, tenant: TenantId, sha256: str, start: int = 0, stop: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes of a blob."""
        found = self.kept.get(address(tenant, sha256))
        if found is None or (stop is not None and stop > len(found)):
            raise BlobMissing(sha256)
        for place in range(start, len(found) if stop is None else stop, PIECE):
            yield found[place : min(place + PIECE, len(found) if stop is None else stop)]

    async def delete(self, tenant: TenantId, sha256: str) -> None:
        """Remove a blob."""
        self.kept.pop(address(tenant, sha256), None)

    async def close(self) -> None:
        """Forget everything."""
        self._disk.close()
        self.kept.clear()


def unnamed_file() -> int:
    """A new file of the system's temporary folder that has no name, and that vanishes when it is closed."""
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _nothing() -> None:
    return None
