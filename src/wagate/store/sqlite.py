"""SQLite: WAL, ``synchronous=FULL``, statements on the loop's thread, every COMMIT on a thread of its own.

A statement costs microseconds and waits for nothing; a COMMIT waits for the disk. So scripts run on the loop's thread,
as many as have gathered, and only their common COMMIT crosses to the other one, while the next scripts gather.
(``docs/decisions/0017-sqlite-statements-on-the-loop.md``)
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import ClassVar, TypeVar, cast

from typing_extensions import override

from wagate.domain.errors import StorageUnavailable
from wagate.store.database import ConstraintViolated, Database, Job, StorageFailed, throw_into
from wagate.store.script import Dialect, Query, Row, Script

T = TypeVar("T")

_BATCH_SCRIPTS = 256
_BATCH_S = 0.005
"""A batch stops gathering after this long on the loop's thread, so that a burst does not starve everybody else."""

_SWITCH_S = 0.0001
"""How long the loop's thread may keep the interpreter lock from the commit thread (CPython's default: 5 ms).

A loop that is never idle lets go of the lock for moments too short for the other thread to take it, and each of them
restarts its patience. With the default a COMMIT was seen to wait for half a second; with this, it is handed the lock.
"""

_STORAGE_ERRORS = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)
"""Primary result codes that blame the disk or another process; any other blames the statement."""


def _blames_storage(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _STORAGE_ERRORS


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Open the file with our settings. Raises sqlite3.Error."""
    connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False, cached_statements=512)
    connection.row_factory = sqlite3.Row
    settings = (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "cache_size = -4096",  # KiB; a gateway's working set is small and the system caches the file anyway
        "mmap_size = 0",
        "temp_store = MEMORY",
        "journal_size_limit = 16777216",
        f"query_only = {'ON' if read_only else 'OFF'}",
    )
    try:
        for setting in settings:
            connection.execute(f"PRAGMA {setting}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _drive(script: Script[T], cursor: sqlite3.Cursor) -> T:
    """Run a script to its end. An error of the database is raised inside the script first."""
    try:
        query = next(script)
        while True:
            try:
                rows = _execute(query, cursor)
            except sqlite3.Error as error:
                throw_into(script, _as_script_error(error))
            query = script.send(rows)
    except StopIteration as end:
        return cast(T, end.value)


def _execute(query: Query, cursor: sqlite3.Cursor) -> list[Row]:
    if query.many is not None:
        cursor.executemany(query.statement.sqlite, query.many)
        return []
    return cursor.execute(query.statement.sqlite, query.values).fetchall()


def _as_script_error(error: sqlite3.Error) -> Exception:
    if isinstance(error, sqlite3.IntegrityError):
        return ConstraintViolated(str(error))
    return StorageFailed(str(error)) if _blames_storage(error) else error


class _CommitThread(threading.Thread):
    """Does one slow thing after the other; its owner hears of each on the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(name="wagate-commit", daemon=True)
        self._loop = loop
        self._work: SimpleQueue[tuple[Callable[[], object], Callable[[Exception | None], None]] | None] = SimpleQueue()

    def do(self, work: Callable[[], object], done: Callable[[Exception | None], None]) -> None:
        """Call ``work`` on the thread, then ``done`` on the loop with what it raised."""
        self._work.put((work, done))

    def stop(self) -> None:
        """Let the thread end."""
        self._work.put(None)

    @override
    def run(self) -> None:
        while (order := self._work.get()) is not None:
            work, done = order
            failure: Exception | None = None
            try:
                work()
            except Exception as error:  # whatever went wrong belongs to the one who asked
                failure = error
            with suppress(RuntimeError):  # the loop is closed: nobody is left to be told
                self._loop.call_soon_threadsafe(done, failure)


class SqliteDatabase(Database):
    """One SQLite file, written by this process alone but for short visits of the command line."""

    dialect: ClassVar[Dialect] = "sqlite"

    def __init__(
        self,
        path: Path,
        *,
        queue_limit: int = 20_000,
        patience_s: float = 2.0,
        before_commit: Callable[[], None] | None = None,
    ) -> None:
        """Open ``path``, which is already migrated. ``patience_s`` is how long another process may hold the file.

        Raises StorageUnavailable.
        """
        super().__init__(queue_limit=queue_limit, before_commit=before_commit)
        sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH_S))
        self._path = path
        self._patience_s = patience_s
        try:
            self._writer: sqlite3.Connection | None = connect(path, read_only=False)
            self._reader = connect(path, read_only=True)
        except sqlite3.Error as error:
            raise StorageUnavailable(f"{path}: {error}") from error
        self._write_cursor = self._writer.cursor()
        self._read_cursor = self._reader.cursor()
        self._busy = False  # a batch is being gathered or committed
        self._idle = asyncio.Event()
        self._idle.set()
        self._thread = _CommitThread(self._loop)
        self._thread.start()

    @override
    async def read(self, script: Script[T]) -> T:
        """Run a reading script here and now; in WAL mode a reader waits for nobody."""
        self._refuse_when_closed(script)
        return _drive(script, self._read_cursor)

    @override
    async def close(self) -> None:
        """Commit what is queued, fold the log into the file, and close it."""
        self._closing = True
        self._ring()
        await self._idle.wait()
        if self._thread.is_alive():
            closed = asyncio.Event()
            self._thread.do(self._let_go, lambda _: closed.set())
            await closed.wait()
            self._thread.stop()
            self._thread.join()

    def _let_go(self) -> None:
        self._reader.close()
        if self._writer is not None:
            self._writer.close()

    # ---- the writer: begin → run → commit → settle, one batch at a time

    @override
    def _wake_writer(self) -> None:
        if not self._busy:
            self._busy = True
            self._idle.clear()
            self._loop.call_soon(self._begin)

    def _begin(self) -> None:
        """Start a transaction at once, or have the other thread wait for whoever holds the file."""
        try:
            if self._writer is None:
                self._writer = connect(self._path, read_only=False)
                self._write_cursor = self._writer.cursor()
            self._write_cursor.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY and self._writer is not None:
                self._thread.do(self._begin_patiently, self._begun)
            else:
                self._begun(error)
            return
        self._run_batch()

    def _begin_patiently(self) -> None:
        self._write_cursor.execute(f"PRAGMA busy_timeout = {round(self._patience_s * 1000)}")
        try:
            self._write_cursor.execute("BEGIN IMMEDIATE")
        finally:
            self._write_cursor.execute("PRAGMA busy_timeout = 0")

    def _begun(self, failure: Exception | None) -> None:
        if failure is None:
            self._run_batch()
            return
        self._fail(self._drop_queue(), failure)

    def _run_batch(self) -> None:
        batch: list[Job] = []
        until = time.perf_counter() + _BATCH_S
        try:
            while self._queue and len(batch) < _BATCH_SCRIPTS and (not batch or time.perf_counter() < until):
                job = self._next_job()
                batch.append(job)
                self._run_script(job)
            if self._before_commit is not None:
                self._before_commit()
        except Exception as error:  # the storage, or the failpoint: either way nothing of this batch is kept
            self._fail(batch, error)
            return
        self._thread.do(self._commit, lambda failure: self._committed(batch, failure))

    def _run_script(self, job: Job) -> None:
        """Run one script in a savepoint. Raises when the storage failed, and with it the whole batch."""
        cursor = self._write_cursor
        cursor.execute("SAVEPOINT script")
        try:
            job.result = _drive(job.script, cursor)
        except StorageFailed:
            raise
        except Exception as error:  # the script's own, for its caller
            job.error = error
            cursor.execute("ROLLBACK TO script")
        cursor.execute("RELEASE script")

    def _commit(self) -> None:
        """On the other thread. ``commit()`` gives up the interpreter lock once; a COMMIT that is executed, thrice."""
        assert self._writer is not None
        self._writer.commit()

    def _committed(self, batch: list[Job], failure: Exception | None) -> None:
        if failure is not None:
            self._fail(batch, failure)
            return
        self._settle(batch)
        self._next()

    def _fail(self, batch: list[Job], failure: Exception) -> None:
        """Undo the transaction, if need be with a new connection, and tell everybody in it."""
        if self._writer is not None:
            try:
                if self._writer.in_transaction:
                    self._write_cursor.execute("ROLLBACK")
            except sqlite3.Error:
                self._writer.close()
                self._writer = None
        reason = f"The database could not be written: {failure}"

        def unavailable() -> StorageUnavailable:
            error = StorageUnavailable(reason)
            error.__cause__ = failure
            return error

        self._settle(batch, unavailable)
        self._next()

    def _next(self) -> None:
        """Go on after those who have just been told had their turn: what they add joins the next batch."""
        if self._is_due:
            self._loop.call_soon(self._begin)
        else:
            self._busy = False
            self._idle.set()
