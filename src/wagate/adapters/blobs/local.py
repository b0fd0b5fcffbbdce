"""Blobs on a disk: ``<root>/tnt_…/<two digits>/<digest>``, files 0600 in folders 0700.

A draft is a file in a folder of this process, locked for as long as the process lives, so that the next start can tell
the drafts of a dead process from those of a living one. It becomes a blob by rename, after the bytes, and before the
folder's own entry, are on disk. Folders are opened one by one and never through a symbolic link.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from wagate.adapters.blobs.drafts import PIECE, Disk, FileDraft, Write, address
from wagate.domain.errors import StorageFull
from wagate.domain.ids import TenantId
from wagate.ports.blobs import BlobMissing, Draft, Measured

RESERVE = 0.05
"""The part of the disk that media leave free, for the database and for what was accepted already."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_DRAFTS = "drafts"


def free_part(root: int) -> float:
    """Which part of the disk behind a folder is free to us, from 0 to 1."""
    disk = os.fstatvfs(root)
    return disk.f_bavail / disk.f_blocks if disk.f_blocks else 1.0


class LocalBlobs:
    """A store in a folder of this machine. One process may use it, or several that see the same file system."""

    def __init__(
        self,
        root: Path,
        *,
        reserve: float = RESERVE,
        free: Callable[[int], float] = free_part,
        write: Write = os.write,
    ) -> None:
        """Make the folder if need be, and clear away what dead processes left. Raises OSError.

        ``free`` and ``write`` stand for the disk, so that a test can have one that is full.
        """
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._disk = Disk(write)
        self._reserve = reserve
        self._free = free
        self._root = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        drafts = _make(self._root, _DRAFTS)
        _clear(root / _DRAFTS, drafts)
        self._mine = secrets.token_hex(8)
        self._drafts = _make(drafts, self._mine)
        fcntl.flock(self._drafts, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(drafts)
        self._drafts_path = root / _DRAFTS / self._mine

    async def draft(self, tenant: TenantId) -> Draft:
        """Begin to write."""
        name = secrets.token_hex(8)

        def work() -> int:
            if self._free(self._root) <= self._reserve:
                raise StorageFull
            return os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=self._drafts)

        async def keep(draft: FileDraft, measured: Measured) -> None:
            await self._disk.run(lambda: self._place(name, draft.fileno(), address(tenant, measured.sha256)))

        def forget() -> None:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=self._drafts)

        return FileDraft(self._disk, await self._disk.run(work), keep, forget)

    async def size(self, tenant: TenantId, sha256: str) -> int | None:
        """How many bytes a blob has."""
        parts = address(tenant, sha256)

        def work() -> int | None:
            file = self._open(parts)
            if file is None:
                return None
            try:
                return os.fstat(file).st_size
            finally:
                os.close(file)

        return await self._disk.run(work)

    async def read(
        self, tenant: TenantId, sha256: str, start: int = 0, stop: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes of a blob."""
        parts = address(tenant, sha256)
        file = await self._disk.run(lambda: self._open(parts))
        if file is None:
            raise BlobMissing(sha256)
        try:
            while stop is None or start < stop:
                length = PIECE if stop is None else min(PIECE, stop - start)
                piece = await self._disk.run(partial(os.pread, file, length, start))
                if not piece and stop is not None:
                    raise BlobMissing(sha256)
                if not piece:
                    return
                start += len(piece)
                yield piece
        finally:
            os.close(file)

    async def delete(self, tenant: TenantId, sha256: str) -> None:
        """Remove a blob."""
        *folders, name = address(tenant, sha256)

        def work() -> None:
            folder = self._descend(folders)
            if folder is None:
                return
            try:
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=folder)
            finally:
                os.close(folder)

        await self._disk.run(work)

    async def close(self) -> None:
        """Remove our folder of drafts, and let go."""
        self._disk.close()
        shutil.rmtree(self._drafts_path, ignore_errors=True)
        os.close(self._drafts)
        os.close(self._root)

    # ---- inside, on the disk's threads

    def _place(self, draft: str, content: int, parts: tuple[str, str, str]) -> None:
        *folders, name = parts
        if not _is_ours(draft, self._drafts):  # it is a blob already, or was one
            self._copy(content, draft)
        folder = os.dup(self._root)
        try:
            for part in folders:
                inner = _make(folder, part)
                os.close(folder)
                folder = inner
            os.rename(draft, name, src_dir_fd=self._drafts, dst_dir_fd=folder)
            os.fsync(folder)
        finally:
            os.close(folder)

    def _copy(self, content: int, draft: str) -> None:
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=self._drafts)
        try:
            place = 0
            while piece := os.pread(content, PIECE, place):
                self._disk.write_all(file, piece)
                place += len(piece)
            os.fsync(file)
        finally:
            os.close(file)

    def _open(self, parts: tuple[str, str, str]) -> int | None:
        *folders, name = parts
        folder = self._descend(folders)
        if folder is None:
            return None
        try:
            return os.open(name, _FILE, dir_fd=folder)
        except OSError:
            if _is_ours(name, folder):
                raise
            return None
        finally:
            os.close(folder)

    def _descend(self, folders: list[str]) -> int | None:
        folder = os.dup(self._root)
        for part in folders:
            try:
                inner = os.open(part, _FOLDER, dir_fd=folder)
            except OSError:
                if _is_ours(part, folder):
                    raise
                return None
            finally:
                os.close(folder)
            folder = inner
        return folder


def _is_ours(name: str, folder: int) -> bool:
    """Whether a name that could not be opened is a file or folder: all else is absent, or nothing that we made."""
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)


def _make(folder: int, name: str) -> int:
    """Open a folder within another, made if need be and then on disk before this returns. Raises OSError."""
    try:
        os.mkdir(name, 0o700, dir_fd=folder)
    except FileExistsError:
        pass
    else:
        os.fsync(folder)
    return os.open(name, _FOLDER, dir_fd=folder)


def _clear(path: Path, drafts: int) -> None:
    """Remove the folders of processes that are gone: those whose lock is free."""
    for name in os.listdir(drafts):
        try:
            folder = os.open(name, _FOLDER, dir_fd=drafts)
        except OSError:
            continue
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            shutil.rmtree(path / name, ignore_errors=True)
        finally:
            os.close(folder)
