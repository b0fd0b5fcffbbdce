"""SQLite when the file is locked, the disk is full, or the process is killed."""

import asyncio
import resource
import shutil
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from store.notes import add, kept, write_all
from wagate.domain.errors import StorageUnavailable
from wagate.store import open_database
from wagate.store.database import Database
from wagate.store.script import Script, sql
from wagate.store.sqlite import SqliteDatabase, connect


@pytest.fixture
def path(sqlite_template: Path, tmp_path: Path) -> Path:
    shutil.copy(sqlite_template, tmp_path / "wagate.db")
    return tmp_path / "wagate.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    opened = SqliteDatabase(path, patience_s=0.2)
    yield opened
    await opened.close()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Somebody else is writing."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_commits_are_on_disk_before_they_are_announced(path: Path) -> None:
    with closing(connect(path, read_only=False)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL
        assert connection.execute("PRAGMA mmap_size").fetchone()[0] == 0


async def test_a_short_lock_is_waited_for(database: Database, path: Path) -> None:
    with locked(path):
        future = database.submit(add("a"))
        await asyncio.sleep(0.05)
        assert not future.done()
        assert await kept(database) == []  # readers wait for nobody, and the loop is free
    assert await future == 1


async def test_a_long_lock_fails_those_who_wait_and_nobody_after(database: Database, path: Path) -> None:
    with locked(path):
        ended = await asyncio.gather(database.submit(add("a")), database.submit(add("b")), return_exceptions=True)
        assert all(isinstance(end, StorageUnavailable) for end in ended)
    await database.write(add("c"))
    assert await kept(database) == ["c"]


async def test_after_a_rest_nothing_waits_for_company(path: Path) -> None:
    begun: list[None] = []
    database = SqliteDatabase(path, before_commit=lambda: begun.append(None))
    await asyncio.sleep(0.05)
    database.enqueue(add("a"), lambda *_: None, hurry=False)
    for _ in range(3):
        await asyncio.sleep(0)
    assert len(begun) == 1
    await database.close()


async def test_a_full_disk_fails_the_batch_and_recovers_by_itself(database: Database, path: Path) -> None:
    big = sql("INSERT INTO tenant (id, name, created_at) VALUES (:id, :name, 0)")

    def add_big(note: str, size: int) -> Script[None]:
        yield big(id=note, name="x" * size)

    await database.write(add("before"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.with_name("wagate.db-wal").stat().st_size + 50_000, hard))
    try:
        ended = await asyncio.gather(
            database.submit(add("small")), database.submit(add_big("big", 30_000_000)), return_exceptions=True
        )
        assert [type(end) for end in ended] == [StorageUnavailable, StorageUnavailable]
        with pytest.raises(StorageUnavailable):
            await database.write(add_big("big", 200_000))
        assert await kept(database) == ["before"]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    await database.write(add("after"))
    assert await kept(database) == ["after", "before"]


async def test_a_failing_disk_at_the_opening(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable):
        SqliteDatabase(tmp_path / "missing" / "wagate.db")
    (tmp_path / "noise.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(StorageUnavailable, match="not a database"):
        SqliteDatabase(tmp_path / "noise.db")


async def test_another_process_may_write_in_between(database: Database, path: Path) -> None:
    def visit() -> None:
        with closing(sqlite3.connect(path, timeout=5, isolation_level=None)) as other:
            for number in range(20):
                other.execute("INSERT INTO tenant (id, name, created_at) VALUES (?, '', 0)", (f"v{number}",))

    visits = asyncio.get_running_loop().run_in_executor(None, visit)
    for number in range(10):
        await write_all(database, (f"g{number}-{part}" for part in range(20)))
    await visits
    assert len(await kept(database)) == 220


_CHILD = """
import asyncio, sys
from store.notes import add
from wagate.store import open_database

async def main():
    database = await open_database(sys.argv[1])
    for number in range(100_000):
        await database.write(add(f"{number:06}"))
        print(number, flush=True)

asyncio.run(main())
"""


async def test_what_was_announced_survives_a_kill(migrated_url: str) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _CHILD,
        migrated_url,
        stdout=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert child.stdout is not None
    for _ in range(100):
        await child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    announced = 100 + len((await child.stdout.read()).split())
    await child.wait()
    database = await open_database(migrated_url)
    notes = await kept(database)
    assert notes == [f"{number:06}" for number in range(len(notes))]
    assert announced <= len(notes) <= announced + 1
    await database.close()
