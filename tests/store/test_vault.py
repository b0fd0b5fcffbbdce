"""What the store's vaults promise beyond the port: one owner, sealed rows, bounded memory, failures in any order."""

import asyncio
import random
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TypeVar, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wagate.adapters.clock import ManualClock
from wagate.domain.ids import SessionId, TenantId
from wagate.ports.news import DurableNews, SendAccepted
from wagate.ports.vault import NotLoaded, OwnershipLost, RecordUnreadable, Unit, VaultFailed
from wagate.store import open_database
from wagate.store.cache import RecordCache, Shelf
from wagate.store.database import Database
from wagate.store.scoped import SessionScope
from wagate.store.script import Script, sql
from wagate.store.sealed import MasterKey, Sealer
from wagate.store.vault import StoredVault, VaultKeeper

T = TypeVar("T")

ONE, TENANT = SessionId("ses_1"), TenantId("tnt_1")
NEWS = SendAccepted("3EB0", 1)

_SESSION = sql(
    "INSERT INTO session (id, tenant_id, name, engine, wanted, state, state_since, settings, metadata, epoch,",
    "created_at) VALUES (:id, 'tnt_1', :id, 'fake', 1, 'connected', 0, '{}', '{}', 7, 0)",
)
_ROWS = sql("SELECT kind, address, data FROM vault_record ORDER BY kind, address")


def make_session() -> Script[None]:
    yield _SESSION(id=ONE)


def run(statement: str, **values: object) -> Script[None]:
    yield sql(statement)(**values)


def rows() -> Script[list[tuple[str, str, bytes]]]:
    return [(row["kind"], row["address"], bytes(row["data"])) for row in (yield _ROWS())]


def unit(**values: bytes | None) -> Unit:
    made = Unit()
    for address, value in values.items():
        made.changes["session", address] = value
    return made


class News:
    """Takes news; fails when told to."""

    def __init__(self) -> None:
        self.mistake: Exception | None = None

    def __call__(self, scope: SessionScope, news: DurableNews) -> Script[None]:
        yield from ()
        if self.mistake is not None:
            raise self.mistake


class Commits:
    """A failpoint whose outcomes are written down beforehand."""

    def __init__(self) -> None:
        self.outcomes: list[bool] = []

    def __call__(self) -> None:
        if self.outcomes and not self.outcomes.pop(0):
            raise OSError("injected")


@pytest.fixture
def news() -> News:
    return News()


@pytest.fixture
def keeper(database: Database, news: News, clock: ManualClock) -> VaultKeeper:
    return VaultKeeper(database, Sealer(MasterKey.of(bytes(32))), news, clock)


@pytest.fixture
async def vault(database: Database, keeper: VaultKeeper) -> StoredVault:
    await database.write(make_session())
    return keeper.open(ONE, TENANT, 7)


async def test_rows_hold_no_plain_text(database: Database, vault: StoredVault) -> None:
    await vault.submit(unit(a=b"plain secret"))
    [(kind, address, data)] = await database.read(rows())
    assert (kind, address) == ("session", "a")
    assert b"plain" not in data


async def test_an_owner_that_was_replaced_changes_nothing_any_more(database: Database, vault: StoredVault) -> None:
    await vault.submit(unit(a=b"1"))
    await database.write(run("UPDATE session SET epoch = epoch + 1"))
    with pytest.raises(OwnershipLost):
        await vault.submit(unit(a=b"2"))
    with pytest.raises(OwnershipLost):
        await vault.submit(unit(a=b"3"))
    with pytest.raises(OwnershipLost):
        vault.get("session", "a")
    with pytest.raises(OwnershipLost):
        await vault.expire("session", 2**60)
    with pytest.raises(OwnershipLost):
        await vault.reopen()
    with pytest.raises(OwnershipLost):
        vault.get("session", "a")
    assert len(await database.read(rows())) == 1


async def test_a_deleted_session_has_no_owner(database: Database, vault: StoredVault) -> None:
    await database.write(run("DELETE FROM session"))
    with pytest.raises(OwnershipLost):
        await vault.submit(unit(a=b"1"))
    assert await database.read(rows()) == []


async def test_a_failed_unit_stops_those_behind_it_in_the_same_batch(
    database: Database, vault: StoredVault, news: News
) -> None:
    news.mistake = ValueError("a mistake in a room")
    first = unit(a=b"1")
    first.news.append(NEWS)
    futures = [vault.submit(first), vault.submit(unit(a=b"2")), vault.submit(unit(b=b"3"))]
    ended = await asyncio.gather(*futures, return_exceptions=True)
    assert [type(end) for end in ended] == [VaultFailed] * 3
    assert isinstance(ended[0], VaultFailed)
    assert isinstance(ended[0].__cause__, ValueError)
    assert await database.read(rows()) == []


async def test_a_damaged_record_is_named_and_never_taken_for_absent(database: Database, vault: StoredVault) -> None:
    await vault.submit(unit(a=b"1", b=b"2"))
    await database.write(run("UPDATE vault_record SET data = :data WHERE address = 'a'", data=b"\x01damaged"))
    await vault.reopen()
    with pytest.raises(RecordUnreadable, match="session a of ses_1"):
        await vault.load([("session", "a")])
    with pytest.raises(NotLoaded):
        vault.get("session", "a")
    with pytest.raises(RecordUnreadable):
        await vault.list("session")
    await vault.load([("session", "b")])
    assert vault.get("session", "b") == b"2"


async def test_a_moved_record_is_unreadable(database: Database, vault: StoredVault) -> None:
    await vault.submit(unit(a=b"1"))
    await database.write(run("UPDATE vault_record SET address = 'b'"))
    with pytest.raises(RecordUnreadable):
        await vault.load([("session", "b")])


async def test_another_master_key_opens_nothing(database: Database, vault: StoredVault, clock: ManualClock) -> None:
    await vault.submit(unit(a=b"1"))
    stranger = VaultKeeper(database, Sealer(MasterKey.of(b"x" * 32)), News(), clock).open(ONE, TENANT, 7)
    with pytest.raises(RecordUnreadable, match="another master key"):
        await stranger.load([("session", "a")])


# ---- memory


async def test_memory_is_bounded_and_what_was_just_loaded_stays(
    database: Database, vault: StoredVault, clock: ManualClock
) -> None:
    changes = {f"a{number:03}": bytes(1000) for number in range(200)}
    await vault.submit(unit(**changes))
    keeper = VaultKeeper(database, Sealer(MasterKey.of(bytes(32))), News(), clock, cache_bytes=20_000)
    small = keeper.open(ONE, TENANT, 7)
    keys = [("session", address) for address in changes]
    for start in range(0, 200, 50):
        await small.load(keys[start : start + 50])
        assert all(small.get(*key) == bytes(1000) for key in keys[start : start + 50])
    await small.load(keys[:1])
    assert keeper.cache.size < 22_000
    with pytest.raises(NotLoaded):
        small.get(*keys[100])
    await small.close()
    assert keeper.cache.size == 0


async def test_uncommitted_values_are_never_evicted(database: Database, vault: StoredVault, clock: ManualClock) -> None:
    keeper = VaultKeeper(database, Sealer(MasterKey.of(bytes(32))), News(), clock, cache_bytes=1)
    tiny = keeper.open(ONE, TENANT, 7)
    futures = [tiny.submit(unit(**{f"a{number}": b"%d" % number})) for number in range(50)]
    keeper.cache.trim()
    for number in range(50):
        assert tiny.get("session", f"a{number}") == b"%d" % number
    await asyncio.gather(*futures)
    await tiny.load([("session", "a7")])
    assert tiny.get("session", "a7") == b"7"


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(0, 400)), max_size=60))
def test_the_cache_counts_what_it_holds(steps: list[tuple[int, int, int]]) -> None:
    cache = RecordCache(2000)
    shelves: list[Shelf] = [{} for _ in range(3)]
    for act, key, size in steps:
        shelf = shelves[size % 3]
        if act == 0:
            cache.discard(shelf, ("k", str(key)))
        elif act == 1 and key == 0:
            cache.clear(shelf)
        else:
            cache.add(shelf, ("k", str(key)), bytes(size) if size else None)
            assert ("k", str(key)) in shelf
        if act == 3:
            cache.trim()
            assert cache.size <= 2000
    assert cache.size == sum(250 + len(value or b"") for shelf in shelves for value in shelf.values())
    for shelf in shelves:
        cache.clear(shelf)
    assert cache.size == 0


async def test_the_least_recently_used_record_goes_first() -> None:
    cache = RecordCache(3 * 260)
    one: Shelf = {}
    two: Shelf = {}
    cache.add(one, ("k", "old"), bytes(10))
    cache.add(two, ("k", "a"), bytes(10))
    cache.add(one, ("k", "new"), bytes(10))
    cache.add(one, ("k", "newer"), bytes(10))
    cache.trim()
    assert (list(one), list(two)) == ([("k", "old"), ("k", "new"), ("k", "newer")], [])


# ---- reading while writing


class SlowAnswers:
    """A database whose answers to readers arrive late."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.enqueue = database.enqueue
        self.write = database.write
        self.asked = asyncio.Event()
        self.answer = asyncio.Event()

    async def read(self, script: Script[T]) -> T:
        found = await self._database.read(script)
        self.asked.set()
        await self.answer.wait()
        return found


async def test_a_load_that_is_overtaken_by_a_unit_does_not_bring_back_the_old_value(
    database: Database, vault: StoredVault, clock: ManualClock
) -> None:
    await vault.submit(unit(a=b"old"))
    slow = SlowAnswers(database)
    keeper = VaultKeeper(cast(Database, slow), Sealer(MasterKey.of(bytes(32))), News(), clock, cache_bytes=1)
    tiny = keeper.open(ONE, TENANT, 7)
    loading = asyncio.get_running_loop().create_task(tiny.load([("session", "a")]))
    await slow.asked.wait()
    await tiny.submit(unit(a=b"new"))
    slow.answer.set()
    await tiny.load([])  # the new value is evicted
    with pytest.raises(NotLoaded):
        tiny.get("session", "a")
    await loading
    assert tiny.get("session", "a") == b"new"


# ---- against a model


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), failure_rate=st.sampled_from([0.0, 0.05, 0.3]))
def test_any_course_of_events_agrees_with_a_model(sqlite_template: Path, seed: int, failure_rate: float) -> None:
    asyncio.run(_course(sqlite_template, random.Random(seed), failure_rate))


async def _course(template: Path, dice: random.Random, failure_rate: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wagate.db"
        shutil.copy(template, path)
        commits = Commits()
        database = await open_database(f"sqlite:///{path}", before_commit=commits)
        await database.write(make_session())
        commits.outcomes = [dice.random() >= failure_rate for _ in range(400)]
        budget = dice.choice([1, 2000, 10**6])
        keeper = VaultKeeper(database, Sealer(MasterKey.of(bytes(32))), News(), ManualClock(), cache_bytes=budget)
        course = Course(keeper.open(ONE, TENANT, 7), dice)
        for step in range(60):
            await course.step(step)
        commits.outcomes = []
        await asyncio.gather(*(future for future, _ in course.waiting), return_exceptions=True)
        course.collect_promises()
        await course.vault.close()
        kept = dict(await keeper.open(ONE, TENANT, 7).list("session"))
        assert kept == {address: value for address, value in course.promised.items() if value is not None}
        await database.close()


class Course:
    """Submits, loads, and reopens after failures, at random; knows what must be seen and what was promised."""

    def __init__(self, vault: StoredVault, dice: random.Random) -> None:
        self.vault = vault
        self.dice = dice
        self.promised: dict[str, bytes | None] = {}
        self.visible: dict[str, bytes | None] = {}
        self.waiting: list[tuple[asyncio.Future[None], dict[str, bytes | None]]] = []

    async def step(self, number: int) -> None:
        act = self.dice.random()
        failed = False
        if act < 0.6:
            self.submit(number)
        elif act < 0.8:
            failed = not await self.look(self.address())
        else:
            await asyncio.sleep(self.dice.choice([0, 0, 0.001]))
        if failed or any(future.done() and future.exception() for future, _ in self.waiting):
            await self.recover()

    def address(self) -> str:
        return f"a{self.dice.randrange(5)}"

    def submit(self, number: int) -> None:
        value = None if self.dice.random() < 0.2 else b"%d" % number
        changes = {self.address(): value, self.address(): b"x%d" % number}
        self.waiting.append((self.vault.submit(unit(**changes)), changes))
        self.visible.update(changes)

    async def look(self, address: str) -> bool:
        try:
            await self.vault.load([("session", address)])
            assert self.vault.get("session", address) == self.visible.get(address)
        except VaultFailed:
            return False
        return True

    async def recover(self) -> None:
        reopened = False
        while not reopened:
            with suppress(VaultFailed):
                await self.vault.reopen()
                reopened = True
        self.collect_promises()
        self.visible = dict(self.promised)

    def collect_promises(self) -> None:
        for future, changes in self.waiting:
            if future.exception() is None:
                self.promised.update(changes)
        self.waiting.clear()
