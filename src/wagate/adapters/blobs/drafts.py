"""Drafts in files: every store writes into one first, because whoever inspects or converts media needs a file."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from wagate.domain.errors import StorageFull, StorageUnavailable
from wagate.domain.ids import TenantId
from wagate.ports.blobs import Measured

T = TypeVar("T")

PIECE = 1024 * 1024
"""The most bytes that are read or held at once, for one blob."""

_THREADS = 4
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_TENANT = re.compile(r"tnt_[0-9A-HJKMNP-TV-Z]{1,26}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)

Keep = Callable[["FileDraft", Measured], Awaitable[None]]
"""How a store takes over a finished draft."""

Write = Callable[[int, bytes], int]
"""``os.write``, or in a test a disk that fails."""


def address(tenant: TenantId, sha256: str) -> tuple[str, str, str]:
    """The parts of a blob's path: tenant, two digits that spread the rest, digest. Raises ValueError.

    Nothing that a user wrote gets here; the check holds also when somebody, one day, passes it by mistake.
    """
    if not _TENANT.fullmatch(tenant) or not _DIGEST.fullmatch(sha256):
        raise ValueError("A blob is found by a tenant's id and a SHA-256 in lower-case hex")
    return tenant, sha256[:2], sha256


class Disk:
    """The threads that wait for the disk, and its errors in the words of the house."""

    def __init__(self, write: Write = os.write) -> None:
        """``write`` replaces ``os.write`` (a failpoint)."""
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="wagate-blobs")
        self._write = write

    async def run(self, work: Callable[[], T]) -> T:
        """Do blocking work elsewhere. Raises StorageFull, StorageUnavailable, and what else ``work`` raises.

        Who is cancelled waits for the work all the same: a descriptor must not be closed under it.
        """
        working = asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            return await asyncio.shield(working)
        except asyncio.CancelledError:
            await asyncio.wait([working])
            raise
        except OSError as error:
            if error.errno in _FULL:
                raise StorageFull from error
            raise StorageUnavailable(f"The disk for media cannot be used: {error.strerror}") from error

    def write_all(self, file: int, chunk: bytes) -> None:
        """Write the whole of ``chunk``. Raises OSError."""
        rest = chunk
        while rest:
            rest = rest[self._write(file, rest) :]

    def close(self) -> None:
        """End the threads, once they are idle."""
        self._threads.shutdown()


class FileDraft:
    """A draft in a file, open for reading and writing."""

    def __init__(self, disk: Disk, file: int, keep: Keep, forget: Callable[[], None]) -> None:
        """``keep`` makes it a blob; ``forget`` removes its name, if it has one, and does not mind if it has none."""
        self._disk = disk
        self._file = file
        self._keep = keep
        self._forget = forget
        self._hash = hashlib.sha256()
        self._hashed = 0
        self._measured: Measured | None = None
        self._is_open = True

    async def write(self, chunk: bytes) -> None:
        """Append."""

        def work() -> None:
            self._disk.write_all(self._file, chunk)
            self._hash.update(chunk)
            self._hashed += len(chunk)

        await self._disk.run(work)

    def fileno(self) -> int:
        """The file's descriptor."""
        return self._file

    async def finish(self) -> Measured:
        """Have everything on disk and measure it; what others wrote into the file is read once more for that."""
        self._measured = await self._disk.run(self._measure)
        return self._measured

    async def keep(self) -> None:
        """Make it a blob."""
        if self._measured is None:
            raise RuntimeError("A draft is kept after it was finished")
        await self._keep(self, self._measured)

    async def discard(self) -> None:
        """Let go."""
        if self._is_open:
            self._is_open = False
            await self._disk.run(self._let_go)

    def _measure(self) -> Measured:
        os.fsync(self._file)
        size = os.fstat(self._file).st_size
        if size == self._hashed:
            return Measured(self._hash.hexdigest(), size)
        digest, place = hashlib.sha256(), 0
        while piece := os.pread(self._file, PIECE, place):
            digest.update(piece)
            place += len(piece)
        return Measured(digest.hexdigest(), place)

    def _let_go(self) -> None:
        try:
            self._forget()
        finally:
            os.close(self._file)
