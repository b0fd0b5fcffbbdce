"""The vault on a database: sealed records, committed in one transaction with what the news about them change."""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from typing_extensions import override

from wagate.domain.errors import GatewayError
from wagate.domain.ids import SessionId, TenantId
from wagate.ports.clock import Clock
from wagate.ports.news import DurableNews, SendStarted
from wagate.ports.vault import NotLoaded, OwnershipLost, RecordKey, RecordUnreadable, Unit, Vault, VaultFailed
from wagate.store.cache import RecordCache, Shelf
from wagate.store.database import Database
from wagate.store.scoped import SessionScope
from wagate.store.script import Query, Script, Statement, sql
from wagate.store.sealed import Box, Sealer, Unsealable

T = TypeVar("T")

Tuples = list[tuple[Any, ...]]
Records = list[tuple[str, bytes]]
"""(address, value) pairs."""

OnNews = Callable[[SessionScope, DurableNews], Script[None]]
"""What a piece of durable news changes elsewhere; its script runs inside the unit's transaction."""

_OWNED = sql("SELECT 1 AS owned FROM session WHERE id = :session AND epoch = :epoch")
_PUT = sql(
    "INSERT INTO vault_record (session_id, kind, address, data, updated_at)",
    "VALUES (:session, :kind, :address, :data, :now)",
    "ON CONFLICT (session_id, kind, address) DO UPDATE SET data = excluded.data, updated_at = excluded.updated_at",
)
_DELETE = sql("DELETE FROM vault_record WHERE session_id = :session AND kind = :kind AND address = :address")
_LIST = sql("SELECT address, data FROM vault_record WHERE session_id = :session AND kind = :kind ORDER BY address")
_EXPIRE = sql(
    "DELETE FROM vault_record WHERE session_id = :session AND kind = :kind AND updated_at < :before RETURNING address"
)


def _get_many(count: int) -> Statement:
    wanted = ", ".join(f"(:kind{number}, :address{number})" for number in range(count))
    return sql(
        "SELECT kind, address, data FROM vault_record JOIN (VALUES",
        wanted,
        ") AS wanted ON kind = column1 AND address = column2 WHERE session_id = :session",
    )


_GET_ONE = sql(
    "SELECT kind, address, data FROM vault_record",
    "WHERE session_id = :session AND kind = :kind0 AND address = :address0",
)
_GET = {1: _GET_ONE} | {count: _get_many(count) for count in (2, 4, 8, 16, 32, 64)}
"""One statement for so many keys; a shorter list is filled up by asking for its last key again."""


def _can_wait(unit: Unit) -> bool:
    """Whether a unit is about what the server told us, and not what is about to leave: that may be some together."""
    return bool(unit.news) and not any(isinstance(news, SendStarted) for news in unit.news)


class VaultKeeper:
    """Opens the vaults of this process, which share one budget of memory."""

    def __init__(
        self, database: Database, sealer: Sealer, on_news: OnNews, clock: Clock, *, cache_bytes: int = 32 * 2**20
    ) -> None:
        """``cache_bytes`` bounds the plain records that all vaults together keep in memory."""
        self.database = database
        self.clock = clock
        self.on_news = on_news
        self.cache = RecordCache(cache_bytes)
        self._sealer = sealer

    def open(self, session: SessionId, tenant: TenantId, epoch: int) -> StoredVault:
        """The vault of a session that this process claimed with ``epoch``; one at a time for each session."""
        return StoredVault(self, SessionScope(tenant, session, epoch), self._sealer.box(f"vault_record|{session}"))


class StoredVault(Vault):
    """One session's records. What was submitted and not yet committed lies over what is known to be committed."""

    __slots__ = ("_box", "_failure", "_keeper", "_loads", "_overlay", "_pending", "_quiet", "_scope", "_shelf")

    def __init__(self, keeper: VaultKeeper, scope: SessionScope, box: Box) -> None:
        """Made by ``VaultKeeper.open``."""
        self._keeper = keeper
        self._scope = scope
        self._box = box
        self._shelf: Shelf = {}
        self._overlay: dict[RecordKey, list[Any]] = {}  # key → [newest value, how many units with it are under way]
        self._pending = 0
        self._quiet: Future[None] | None = None
        self._failure: VaultFailed | None = None
        self._loads: dict[object, set[RecordKey]] = {}  # each load under way, and what units wrote meanwhile

    @override
    async def load(self, keys: Iterable[RecordKey]) -> None:
        """Bring records into memory; see ``ports.vault``."""
        cache, shelf = self._keeper.cache, self._shelf
        cache.trim()  # now, and never between this load and its caller's next await
        missing = []
        for key in keys:
            if key in shelf:
                cache.add(shelf, key, shelf[key])
            elif key not in self._overlay:
                missing.append(key)
        while missing:
            self._raise_failure()
            written: set[RecordKey] = set()
            load = object()
            self._loads[load] = written
            try:
                found = await self._keeper.database.read(self._fetch(missing))
            finally:
                del self._loads[load]
            # What a unit wrote while we asked may be newer than the answer; ask again unless it is at hand anyway.
            for key in missing:
                if key not in written:
                    cache.add(shelf, key, found.get(key))
            missing = [key for key in missing if key not in shelf and key not in self._overlay]

    @override
    def get(self, kind: str, address: str) -> bytes | None:
        """The newest value; see ``ports.vault``. Raises VaultFailed after a failure."""
        self._raise_failure()
        key = (kind, address)
        entry = self._overlay.get(key)
        if entry is not None:
            value: bytes | None = entry[0]
            return value
        try:
            return self._shelf[key]
        except KeyError:
            raise NotLoaded(f"{kind} {address}") from None

    @override
    async def list(self, kind: str) -> Records:
        """All committed records of a kind; see ``ports.vault``."""
        return await self._keeper.database.read(self._list(kind))

    @override
    async def expire(self, kind: str, before_ms: int) -> None:
        """Delete old records of a kind; see ``ports.vault``."""
        gone = await self._write(self._expire(kind, before_ms))
        for address in gone:
            self._keeper.cache.discard(self._shelf, (kind, address))

    @override
    def submit(self, unit: Unit) -> Future[None]:
        """Queue a unit, which the caller leaves alone from now on; see ``ports.vault``."""
        future: Future[None] = asyncio.get_running_loop().create_future()
        if self._failure is not None:
            future.set_exception(_again(self._failure))
            return future
        overlay = self._overlay
        for key, value in unit.changes.items():
            entry = overlay.get(key)
            if entry is None:
                overlay[key] = [value, 1]
            else:
                entry[0] = value
                entry[1] += 1
        for written in self._loads.values():
            written.update(unit.changes)
        self._pending += 1

        def settled(_: Any, error: BaseException | None) -> None:
            self._settle(unit, error)
            if future.done():  # cancelled: whoever waited has gone, the unit has not
                return
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(_again(self._fail(error)))

        self._keeper.database.enqueue(self._apply(unit), settled, vital=True, hurry=not _can_wait(unit))
        return future

    @override
    async def reopen(self) -> None:
        """Begin again from what is committed; see ``ports.vault``. Raises OwnershipLost, VaultFailed."""
        await self._settled()
        self._failure = self._failure or VaultFailed("The vault is being opened again")
        # On PostgreSQL a COMMIT whose answer was lost may still be under way: this write waits behind it (its lock),
        # and only then is what we read the truth.
        await self._write(self._check_owner())
        self._overlay.clear()
        self._keeper.cache.clear(self._shelf)
        self._failure = None

    @override
    async def close(self) -> None:
        """Let go; see ``ports.vault``."""
        await self._settled()
        self._keeper.cache.clear(self._shelf)
        self._failure = VaultFailed("The vault is closed")

    # ---- scripts

    def _apply(self, unit: Unit) -> Script[None]:
        """The transaction of one unit. A failure is noted at once: units behind it in the same batch see it."""
        self._raise_failure()
        try:
            yield from self._check_owner()
            puts, deletes = self._rows(unit)
            if puts:
                yield _PUT.tuples(puts)
            if deletes:
                yield _DELETE.tuples(deletes)
            for news in unit.news:
                yield from self._keeper.on_news(self._scope, news)
        except Exception as error:  # whatever it was, nothing later of this session may be built on it
            self._fail(error)
            raise

    def _rows(self, unit: Unit) -> tuple[Tuples, Tuples]:
        session, now, seal = self._scope.session, self._keeper.clock.now_ms(), self._box.seal
        puts: Tuples = []
        deletes: Tuples = []
        for (kind, address), value in unit.changes.items():
            if value is None:
                deletes.append((session, kind, address))
            else:
                puts.append((session, kind, address, seal(_place(kind, address), value), now))
        return puts, deletes

    def _check_owner(self) -> Script[None]:
        rows = yield _OWNED(session=self._scope.session, epoch=self._scope.epoch)
        if not rows:
            raise OwnershipLost(f"Another process took over {self._scope.session}, or it was deleted")

    def _fetch(self, keys: Sequence[RecordKey]) -> Script[dict[RecordKey, bytes]]:
        found: dict[RecordKey, bytes] = {}
        for start in range(0, len(keys), 64):
            rows = yield _wanted(self._scope.session, keys[start : start + 64])
            for row in rows:
                found[row["kind"], row["address"]] = self._opened(row["kind"], row["address"], row["data"])
        return found

    def _list(self, kind: str) -> Script[Records]:
        rows = yield _LIST(session=self._scope.session, kind=kind)
        return [(row["address"], self._opened(kind, row["address"], row["data"])) for row in rows]

    def _expire(self, kind: str, before_ms: int) -> Script[set[str]]:
        yield from self._check_owner()
        rows = yield _EXPIRE(session=self._scope.session, kind=kind, before=before_ms)
        return {row["address"] for row in rows}

    # ---- failure and rest

    async def _write(self, script: Script[T]) -> T:
        try:
            return await self._keeper.database.write(script)
        except VaultFailed:
            raise
        except GatewayError as error:
            raise _as_failure(error) from error

    def _settle(self, unit: Unit, error: BaseException | None) -> None:
        """A unit ended. What no later unit has changed again becomes an ordinary record in memory."""
        overlay, cache = self._overlay, self._keeper.cache
        if error is not None:
            self._fail(error)
        for key in unit.changes:
            entry = overlay[key]
            entry[1] -= 1
            if entry[1] == 0:
                del overlay[key]
                if self._failure is None:
                    cache.add(self._shelf, key, entry[0])
        cache.trim()
        self._pending -= 1
        if self._pending == 0 and self._quiet is not None:
            self._quiet.set_result(None)
            self._quiet = None

    async def _settled(self) -> None:
        """Wait until nothing is under way. A failed vault takes nothing new, so this ends."""
        while self._pending:
            if self._quiet is None:
                self._quiet = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._quiet)

    def _fail(self, error: BaseException) -> VaultFailed:
        if self._failure is None:
            self._failure = error if isinstance(error, VaultFailed) else _as_failure(error)
        return self._failure

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise _again(self._failure)

    def _opened(self, kind: str, address: str, sealed: bytes) -> bytes:
        try:
            return self._box.open(_place(kind, address), bytes(sealed))
        except Unsealable as error:
            raise RecordUnreadable(f"The record {kind} {address} of {self._scope.session}: {error}") from error


def _place(kind: str, address: str) -> str:
    return f"{kind}\0{address}"


def _wanted(session: SessionId, keys: Sequence[RecordKey]) -> Query:
    count = next(size for size in _GET if size >= len(keys))
    values: dict[str, object] = {"session": session}
    for number in range(count):
        values[f"kind{number}"], values[f"address{number}"] = keys[min(number, len(keys) - 1)]
    return _GET[count](**values)


def _as_failure(error: BaseException) -> VaultFailed:
    failure = VaultFailed(str(error) or repr(error))
    failure.__cause__ = error
    return failure


def _again(failure: VaultFailed) -> VaultFailed:
    """A fresh copy for another caller: one exception raised in many places would collect all their tracebacks."""
    copy = type(failure)(failure.detail)
    copy.__cause__ = failure.__cause__
    return copy
