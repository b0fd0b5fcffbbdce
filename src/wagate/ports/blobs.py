"""Where the bytes of media are. What they belong to is known to the rows of the media room, not here.

A blob is found by its tenant and the SHA-256 of its bytes. It is written first as a draft, which nobody else sees, is
read from a file descriptor by whoever has to look at it, and becomes a blob in one step or not at all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from wagate.domain.ids import TenantId


class BlobMissing(Exception):
    """There is no such blob, or it is shorter than was asked for."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a finished draft holds: its SHA-256 in lower-case hex, and its size in bytes."""

    sha256: str
    size: int


class Draft(Protocol):
    """Bytes that are being written. Used by one task; ends with ``discard`` in any case."""

    async def write(self, chunk: bytes) -> None:
        """Append. Raises StorageFull, StorageUnavailable."""
        ...

    def fileno(self) -> int:
        """A descriptor of the file, for another process to read or to write; its position is nobody's business."""
        ...

    async def finish(self) -> Measured:
        """Have everything on disk, whoever wrote it, and measure it. Raises StorageFull, StorageUnavailable."""
        ...

    async def keep(self) -> None:
        """After ``finish``: make it the blob of its tenant and digest, durable when this returns.

        One that is there already is the same and is replaced. It can be done again, should the blob be deleted
        meanwhile. Raises StorageFull, StorageUnavailable.
        """
        ...

    async def discard(self) -> None:
        """Let go of the draft; the blob that was made of it stays. Twice does no harm."""
        ...


class BlobStore(Protocol):
    """A store of blobs. A tenant is an id of ours and a digest 64 hex digits, else ValueError."""

    async def draft(self, tenant: TenantId) -> Draft:
        """Begin to write. Raises StorageFull when no more than the reserve is free, StorageUnavailable."""
        ...

    async def size(self, tenant: TenantId, sha256: str) -> int | None:
        """How many bytes a blob has; None when it is not there. Raises StorageUnavailable."""
        ...

    def read(self, tenant: TenantId, sha256: str, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from ``start`` up to ``stop`` (None: the end), in pieces of at most 1 MB.

        Raises BlobMissing, at the first piece or in between, and StorageUnavailable.
        """
        ...

    async def delete(self, tenant: TenantId, sha256: str) -> None:
        """Remove a blob; none is no error. Whoever reads it may still finish. Raises StorageUnavailable."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...
