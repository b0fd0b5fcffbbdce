"""The disk under the blobs: rights, symbolic links, dead processes, and a disk that is full."""

import asyncio
import errno
import os
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from contracts.blobs import A, keep, read
from wagate.adapters.blobs.drafts import PIECE
from wagate.adapters.blobs.local import LocalBlobs, free_part
from wagate.domain.errors import StorageFull, StorageUnavailable
from wagate.ports.blobs import BlobMissing


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[LocalBlobs]:
    opened = LocalBlobs(tmp_path / "media", reserve=0.0)
    yield opened
    await opened.close()


def _blob(root: Path, sha256: str) -> Path:
    return root / "media" / A / sha256[:2] / sha256


async def test_nobody_else_can_read_anything(store: LocalBlobs, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        draft = await store.draft(A)
        await keep(store, b"private")
    finally:
        os.umask(before)
    for path in (tmp_path / "media", *(tmp_path / "media").rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path
    await draft.discard()


async def test_a_link_where_a_blob_should_be_is_not_followed(store: LocalBlobs, tmp_path: Path) -> None:
    outside = tmp_path / "secret"
    outside.write_bytes(b"the master key")
    found = await keep(store, b"content")
    blob = _blob(tmp_path, found.sha256)
    blob.unlink()
    blob.symlink_to(outside)
    assert await store.size(A, found.sha256) is None
    with pytest.raises(BlobMissing):
        await read(store, found.sha256)
    await store.delete(A, found.sha256)
    assert outside.read_bytes() == b"the master key"


async def test_a_link_where_a_folder_should_be_is_not_followed(store: LocalBlobs, tmp_path: Path) -> None:
    found = await keep(store, b"content")
    folder = _blob(tmp_path, found.sha256).parent
    elsewhere = tmp_path / "elsewhere"
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)
    assert await store.size(A, found.sha256) is None
    await store.delete(A, found.sha256)
    assert (elsewhere / found.sha256).exists()
    with pytest.raises(StorageUnavailable):
        await keep(store, b"content")


async def test_a_blob_that_cannot_be_read_is_not_called_missing(store: LocalBlobs, tmp_path: Path) -> None:
    found = await keep(store, b"content")
    blob = _blob(tmp_path, found.sha256)
    blob.unlink()
    blob.mkdir()
    with pytest.raises(StorageUnavailable):
        await read(store, found.sha256)


def test_drafts_of_dead_processes_are_cleared_away_and_those_of_living_ones_are_not(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from wagate.adapters.blobs.local import LocalBlobs\n"
        "async def main():\n"
        "    draft = await LocalBlobs(Path(sys.argv[1]), reserve=0.0).draft('tnt_0')\n"
        "    await draft.write(b'half of it')\n"
        "    print('written', flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    root = tmp_path / "media"

    def open_and_close() -> None:
        asyncio.run(LocalBlobs(root, reserve=0.0).close())

    with subprocess.Popen([sys.executable, "-c", program, str(root)], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"written\n"

        def drafts() -> list[bytes]:
            return [path.read_bytes() for path in (root / "drafts").rglob("*") if path.is_file()]

        open_and_close()
        assert drafts() == [b"half of it"]
        other.send_signal(signal.SIGKILL)
        other.wait()
    assert drafts() == [b"half of it"]
    open_and_close()
    assert drafts() == []
    assert list((root / "drafts").iterdir()) == []


async def test_nothing_is_begun_on_a_disk_that_is_almost_full(tmp_path: Path) -> None:
    free = 0.06
    store = LocalBlobs(tmp_path / "media", free=lambda _root: free)
    found = await keep(store, b"while there is room")
    free = 0.05
    with pytest.raises(StorageFull):
        await store.draft(A)
    assert await read(store, found.sha256) == b"while there is room"
    free = 0.5
    await keep(store, b"there is room again")
    await store.close()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
async def test_a_disk_that_fills_up_loses_nothing(tmp_path: Path, number: int) -> None:
    room = 3 * PIECE

    def write(file: int, chunk: bytes) -> int:
        nonlocal room
        if room <= 0:
            raise OSError(number, os.strerror(number))
        part = chunk[: min(len(chunk), room, 1000)]
        room -= len(part)
        return os.write(file, part)

    store = LocalBlobs(tmp_path / "media", reserve=0.0, write=write)
    found = await keep(store, b"kept before" * 1000)
    draft = await store.draft(A)
    for _ in range(2):
        await draft.write(bytes(PIECE))
    with pytest.raises(StorageFull):
        await draft.write(bytes(PIECE))
    await draft.discard()
    assert [path for path in (tmp_path / "media" / "drafts").rglob("*") if path.is_file()] == []
    room = 10 * PIECE
    await keep(store, b"kept after")
    assert await read(store, found.sha256) == b"kept before" * 1000
    await store.close()


async def test_another_fault_of_the_disk_is_another_error(tmp_path: Path) -> None:
    def write(_file: int, _chunk: bytes) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    store = LocalBlobs(tmp_path / "media", reserve=0.0, write=write)
    draft = await store.draft(A)
    with pytest.raises(StorageUnavailable) as failed:
        await draft.write(b"x")
    assert not isinstance(failed.value, StorageFull)
    await draft.discard()
    await store.close()


def test_the_free_part_is_what_the_system_says(tmp_path: Path) -> None:
    root = os.open(tmp_path, os.O_RDONLY)
    assert 0.0 < free_part(root) < 1.0
    os.close(root)
