"""PostgreSQL: one connection writes, many scripts in each transaction, a savepoint around each; a small pool reads.

Every writing transaction, of every gateway process on this database, begins by taking the same advisory lock. So they
commit one after the other, and the journal's positions, which are given out inside, are in the order of the commits: a
reader that has seen position 7 will never find a 6 later. (``docs/decisions/0018-one-writer-on-postgresql.md``)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, ClassVar, TypeVar, cast

import asyncpg
from typing_extensions import override

from wagate.domain.errors import StorageUnavailable
from wagate.store.database import ConstraintViolated, Database, Job, OutcomeUnknown, StorageFailed, throw_into
from wagate.store.notices import listen
from wagate.store.script import Dialect, Query, Row, Script

T = TypeVar("T")

_BATCH_SCRIPTS = 60
"""Below 64 savepoints a backend advertises them all in shared memory; beyond, everybody's snapshots get slower."""

_BATCH_S = 0.010
_COMMAND_S = 15.0
_PATIENCE_S = 2.0
_BACKOFF_S = 0.1
_READERS = 4

WRITE_LOCK = 0x7761_6761_7465_0002  # "wagate" and a number
_BEGIN = f"BEGIN; SELECT pg_advisory_xact_lock({WRITE_LOCK}); SAVEPOINT script"
_NEXT = "RELEASE SAVEPOINT script; SAVEPOINT script"

_WRITER_SETTINGS = {
    "application_name": "wagate writer",
    "synchronous_commit": "on",
    "default_transaction_isolation": "read committed",
    # A frozen process must not keep the others from writing for longer than this.
    "idle_in_transaction_session_timeout": "10s",
    "jit": "off",
}
_READER_SETTINGS = {"application_name": "wagate reader", "default_transaction_read_only": "on", "jit": "off"}

_STORAGE_CLASSES = frozenset({"08", "25", "40", "53", "55", "57", "58", "XX"})
"""SQLSTATE classes that blame the server or its disk, not the statement (PostgreSQL manual, appendix A)."""

_LOST = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.InternalClientError,  # raised when the connection dies in the middle of an answer
)
"""What a connection that went away looks like."""


def _as_script_error(error: Exception) -> Exception:
    """Whose fault it is: ConstraintViolated and anything unknown are the script's, StorageFailed is the server's."""
    if isinstance(error, asyncpg.DataError | ValueError | TypeError):
        return error
    if isinstance(error, asyncpg.IntegrityConstraintViolationError):
        return ConstraintViolated(str(error))
    if isinstance(error, _LOST) or (
        isinstance(error, asyncpg.PostgresError) and (error.sqlstate or "XX")[:2] in _STORAGE_CLASSES
    ):
        return StorageFailed(f"The database could not be used: {error!r}")
    return error


async def _execute(connection: Any, query: Query) -> list[Row]:
    if query.many is not None:
        await connection.executemany(query.statement.postgresql, query.many)
        return []
    return cast(list[Row], await connection.fetch(query.statement.postgresql, *query.values))


class PostgresqlDatabase(Database):
    """One PostgreSQL database, shared with the other gateway processes of a cluster."""

    dialect: ClassVar[Dialect] = "postgresql"

    def __init__(
        self,
        url: str,
        readers: asyncpg.Pool[asyncpg.Record],
        *,
        queue_limit: int,
        patience_s: float,
        before_commit: Callable[[], None] | None,
    ) -> None:
        """Use ``connect``."""
        super().__init__(queue_limit=queue_limit, before_commit=before_commit)
        self._url = url
        self._patience_s = patience_s
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._lost_at = self._loop.time()
        self._work_waits = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._readers = readers
        self._writer = self._loop.create_task(self._work(), name="postgresql writer")

    @classmethod
    async def connect(
        cls,
        url: str,
        *,
        queue_limit: int = 20_000,
        patience_s: float = _PATIENCE_S,
        before_commit: Callable[[], None] | None = None,
    ) -> PostgresqlDatabase:
        """Open the database, which is already migrated.

        ``patience_s`` is how long scripts wait for a server that has just gone away. Raises StorageUnavailable.
        """
        readers = await asyncpg.create_pool(
            url,
            min_size=0,
            max_size=_READERS,
            command_timeout=_COMMAND_S,
            timeout=patience_s,
            statement_cache_size=512,
            server_settings=_READER_SETTINGS,
            reset=_leave_as_it_is,
        )
        database = cls(url, readers, queue_limit=queue_limit, patience_s=patience_s, before_commit=before_commit)
        try:
            await database._connected()
        except StorageUnavailable:
            await database.close()
            raise
        return database

    @override
    async def read(self, script: Script[T]) -> T:
        """Run a reading script on a connection of the pool; a statement whose connection broke is asked once more."""
        self._refuse_when_closed(script)
        try:
            query = next(script)
            while True:
                try:
                    rows = await self._ask(query)
                except Exception as error:  # sorted out there
                    throw_into(script, _as_script_error(error))
                query = script.send(rows)
        except StopIteration as end:
            return cast(T, end.value)

    async def _ask(self, query: Query) -> list[Row]:
        try:
            async with self._readers.acquire(timeout=self._patience_s) as connection:
                return await _execute(connection, query)
        except (
            ConnectionError,
            asyncpg.PostgresConnectionError,
            asyncpg.InternalClientError,
            asyncpg.AdminShutdownError,
        ):
            async with self._readers.acquire(timeout=self._patience_s) as connection:
                return await _execute(connection, query)

    @override
    async def listen(self, channel: str, heard: Callable[[], None]) -> None:
        """Hear of every NOTIFY, on a connection of its own; a line that broke is made anew, and that is told, too."""
        await listen(self._url, channel, heard)

    @override
    async def close(self) -> None:
        """Commit what is queued and hang up."""
        self._closing = True
        self._ring()
        await self._idle.wait()
        self._writer.cancel()
        with suppress(asyncio.CancelledError):
            await self._writer
        self._hang_up()
        with suppress(TimeoutError, asyncpg.InterfaceError):
            await asyncio.wait_for(self._readers.close(), self._patience_s)
        self._readers.terminate()

    # ---- the writer

    @override
    def _wake_writer(self) -> None:
        self._idle.clear()
        self._work_waits.set()

    async def _work(self) -> None:
        while True:
            await self._work_waits.wait()
            self._work_waits.clear()
            while self._is_due:
                await self._work_off()
            self._idle.set()

    async def _work_off(self) -> None:
        """Run one batch, or tell everybody who waits that it cannot be done."""
        try:
            connection = await self._begun()
        except Exception as error:  # whatever it is, those who wait must hear of it and the writer must go on
            self._settle(self._drop_queue(), _failure(StorageUnavailable, error))
            return
        batch: list[Job] = []
        failure: Callable[[], StorageUnavailable] | None = None
        try:
            async with self._transaction(connection):
                await self._run_batch(connection, batch)
        except OutcomeUnknown as error:
            failure = _failure(OutcomeUnknown, error)
        except Exception as error:  # the storage, or the failpoint: either way nothing of this batch is kept
            failure = _failure(StorageUnavailable, error)
        self._settle(batch, failure)

    async def _begun(self) -> asyncpg.Connection[asyncpg.Record]:
        """A connection inside a new transaction. Nothing has run yet, so a broken connection is simply replaced."""
        until = self._loop.time() + self._patience_s
        while True:
            connection = await self._connected()
            try:
                await connection.execute(_BEGIN)
            except (*_LOST, asyncpg.PostgresError) as error:
                self._hang_up()
                if self._loop.time() >= until:
                    raise StorageUnavailable(f"PostgreSQL does not begin a transaction: {error}") from error
            else:
                return connection

    async def _connected(self) -> asyncpg.Connection[asyncpg.Record]:
        """The writing connection, made anew when it is gone. Raises StorageUnavailable when patience has run out."""
        while self._connection is None or self._connection.is_closed():
            try:
                self._connection = await asyncpg.connect(
                    self._url,
                    timeout=self._patience_s,
                    command_timeout=_COMMAND_S,
                    statement_cache_size=512,
                    server_settings=_WRITER_SETTINGS | {"lock_timeout": f"{round(self._patience_s * 1000)}ms"},
                )
            except (*_LOST, asyncpg.PostgresError) as error:
                if not self._patience_left():
                    raise StorageUnavailable(f"PostgreSQL cannot be reached: {error}") from error
                await asyncio.sleep(_BACKOFF_S)
        return self._connection

    def _patience_left(self) -> bool:
        return self._loop.time() < self._lost_at + self._patience_s

    def _hang_up(self) -> None:
        """Drop the connection, and with it whatever transaction it was in."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
            self._lost_at = self._loop.time()

    @asynccontextmanager
    async def _transaction(self, connection: asyncpg.Connection[asyncpg.Record]) -> AsyncIterator[None]:
        """COMMIT at the end; after an error, drop the connection. Raises OutcomeUnknown, StorageUnavailable."""
        committing = False
        try:
            yield
            committing = True
            if await connection.execute("COMMIT") != "COMMIT":
                raise StorageFailed("PostgreSQL rolled the transaction back")
        except BaseException as error:
            lost = isinstance(error, (*_LOST, asyncpg.AdminShutdownError, asyncpg.CrashShutdownError))
            self._hang_up()
            if committing and lost:
                raise OutcomeUnknown(f"PostgreSQL went away during a COMMIT: {error!r}") from error
            raise

    async def _run_batch(self, connection: asyncpg.Connection[asyncpg.Record], batch: list[Job]) -> None:
        """Run the scripts that wait, and those that come while these run, up to a limit."""
        until = self._loop.time() + _BATCH_S
        while self._queue and len(batch) < _BATCH_SCRIPTS and (not batch or self._loop.time() < until):
            if batch:
                await connection.execute(_NEXT)
            job = self._next_job()
            batch.append(job)
            await self._run_script(connection, job)
        if self._before_commit is not None:
            self._before_commit()

    async def _run_script(self, connection: asyncpg.Connection[asyncpg.Record], job: Job) -> None:
        """Run one script in its savepoint. Raises when the storage failed, and with it the whole batch."""
        try:
            job.result = await self._drive(connection, job.script)
        except StorageFailed:
            raise
        except Exception as error:  # the script's own, for its caller
            job.error = error
            await connection.execute("ROLLBACK TO SAVEPOINT script")

    async def _drive(self, connection: asyncpg.Connection[asyncpg.Record], script: Script[T]) -> T:
        try:
            query = next(script)
            while True:
                try:
                    rows = await _execute(connection, query)
                except Exception as error:  # sorted out there
                    throw_into(script, _as_script_error(error))
                query = script.send(rows)
        except StopIteration as end:
            return cast(T, end.value)


async def _leave_as_it_is(_: Any) -> None:
    """Readers change nothing about their connection: no round trip to reset it."""


def _failure(kind: type[StorageUnavailable], cause: Exception) -> Callable[[], StorageUnavailable]:
    def made() -> StorageUnavailable:
        error = kind(f"The database could not be written: {cause}")
        error.__cause__ = cause
        return error

    return made
