"""PostgreSQL when connections break, at every moment, and when the server is gone."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest

from fixtures.store import build
from services.postgres import PostgresServer
from store.notes import add, all_ids, kept
from store.wire_cutter import AtCommit, WireCutter
from wagate.adapters.clock import ManualClock
from wagate.domain.errors import StorageUnavailable
from wagate.domain.ids import SessionId, TenantId
from wagate.ports.news import DurableNews
from wagate.ports.vault import Unit, VaultFailed
from wagate.store.database import Database, OutcomeUnknown
from wagate.store.postgresql import WRITE_LOCK, PostgresqlDatabase
from wagate.store.scoped import SessionScope
from wagate.store.script import Script, sql
from wagate.store.sealed import MasterKey, Sealer
from wagate.store.vault import VaultKeeper


@pytest.fixture
def url(postgres_server: PostgresServer) -> Iterator[str]:
    made = postgres_server.create_database(build)
    yield made
    postgres_server.drop_database(made)


@pytest.fixture
async def cutter(url: str) -> AsyncIterator[WireCutter]:
    async with WireCutter(url) as relay:
        yield relay


@pytest.fixture
async def database(cutter: WireCutter) -> AsyncIterator[Database]:
    opened = await PostgresqlDatabase.connect(cutter.url, patience_s=0.5)
    yield opened
    await opened.close()


async def test_a_connection_that_broke_between_batches_is_replaced_unnoticed(
    database: Database, cutter: WireCutter
) -> None:
    await database.write(add("a"))
    assert await kept(database) == ["a"]
    cutter.cut()
    await database.write(add("b"))
    assert await kept(database) == ["a", "b"]


async def test_a_connection_that_breaks_inside_a_batch_fails_it(database: Database, cutter: WireCutter) -> None:
    def cut_in_the_middle() -> Script[None]:
        yield from add("a")
        cutter.cut()
        yield from add("b")

    with pytest.raises(StorageUnavailable):
        await database.write(cut_in_the_middle())
    await database.write(add("c"))
    assert await kept(database) == ["c"]


async def test_a_commit_that_never_arrived_has_an_unknown_outcome(database: Database, cutter: WireCutter) -> None:
    cutter.at_commit = AtCommit.CUT_BEFORE
    with pytest.raises(OutcomeUnknown):
        await database.write(add("a"))
    await database.write(add("b"))
    assert await kept(database) == ["b"]


async def test_a_commit_whose_answer_was_lost_has_an_unknown_outcome(database: Database, cutter: WireCutter) -> None:
    cutter.at_commit = AtCommit.CUT_AFTER
    with pytest.raises(OutcomeUnknown):
        await database.write(add("a"))
    await database.write(add("b"))
    assert await kept(database) == ["a", "b"]


async def test_a_server_that_is_away_for_a_moment_is_waited_for(database: Database, cutter: WireCutter) -> None:
    await database.write(add("a"))
    cutter.refusing = True
    cutter.cut()
    future = database.submit(add("b"))
    await asyncio.sleep(0.2)
    assert not future.done()
    cutter.refusing = False
    assert await future == 1


async def test_a_server_that_stays_away_fails_work_at_once_until_it_is_back(
    database: Database, cutter: WireCutter
) -> None:
    loop = asyncio.get_running_loop()
    cutter.refusing = True
    cutter.cut()
    begun = loop.time()
    with pytest.raises(StorageUnavailable):
        await database.write(add("a"))
    assert 0.4 < loop.time() - begun < 5
    begun = loop.time()
    with pytest.raises(StorageUnavailable):
        await database.write(add("b"))
    with pytest.raises(StorageUnavailable):
        await kept(database)
    assert loop.time() - begun < 0.4
    cutter.refusing = False
    await database.write(add("c"))
    assert await kept(database) == ["c"]


async def test_a_terminated_backend_fails_its_batch(database: Database, url: str) -> None:
    def terminated() -> Script[None]:
        yield from add("a")
        yield sql("SELECT pg_terminate_backend(pg_backend_pid())")()

    with pytest.raises(StorageUnavailable):
        await database.write(terminated())
    await database.write(add("b"))
    assert await kept(database) == ["b"]


async def test_readers_survive_the_loss_of_their_connections(database: Database, url: str) -> None:
    await database.write(add("a"))
    assert await kept(database) == ["a"]
    admin = await asyncpg.connect(url)
    await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'wagate%'")
    await admin.close()
    assert await kept(database) == ["a"]


async def test_the_server_is_unreachable_at_the_start(cutter: WireCutter) -> None:
    cutter.refusing = True
    with pytest.raises(StorageUnavailable):
        await PostgresqlDatabase.connect(cutter.url, patience_s=0.3)


async def test_a_node_that_froze_with_the_lock_fails_the_others_in_time(database: Database, url: str) -> None:
    frozen = await asyncpg.connect(url)
    await frozen.execute(f"BEGIN; SELECT pg_advisory_xact_lock({WRITE_LOCK})")
    begun = asyncio.get_running_loop().time()
    with pytest.raises(StorageUnavailable):
        await database.write(add("a"))
    assert 0.4 < asyncio.get_running_loop().time() - begun < 5
    await frozen.close()
    await database.write(add("b"))
    assert await kept(database) == ["b"]


async def test_processes_commit_one_after_the_other(database: Database, url: str) -> None:
    """Positions must become visible in their order, whoever commits: a number is given out only under the lock."""
    other = await PostgresqlDatabase.connect(url)
    append = sql(
        "INSERT INTO event (id, tenant_id, seq, type, occurred_at, data)",
        "VALUES (:id, 't', 0, 'x', 0, '{}') RETURNING position",
    )
    newest = sql("SELECT position FROM event ORDER BY position")

    def appended(name: str) -> Script[int]:
        [row] = yield append(id=name)
        return int(row["position"])

    def positions() -> Script[list[int]]:
        return [row["position"] for row in (yield newest())]

    async def append_many(through: Database, name: str) -> None:
        for number in range(60):
            await through.write(appended(f"{name}{number}"))

    seen: list[int] = []

    async def follow() -> None:
        while len(seen) < 120:
            now = await other.read(positions())
            assert now[: len(seen)] == seen, "a position appeared before one that had been read"
            seen[:] = now
            await asyncio.sleep(0.001)

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(follow())
        group.create_task(append_many(database, "a"))
        group.create_task(append_many(other, "b"))
    await other.close()


# ---- a vault over a COMMIT whose outcome nobody knows

_SESSION = sql(
    "INSERT INTO session (id, tenant_id, name, engine, wanted, state, state_since, settings, metadata, epoch,",
    "created_at) VALUES ('ses_1', 'tnt_1', 'one', 'fake', 1, 'connected', 0, '{}', '{}', 7, 0)",
)


def _session() -> Script[None]:
    yield _SESSION()


def _no_news(_scope: SessionScope, _news: DurableNews) -> Script[None]:
    yield from ()


def _unit(value: bytes) -> Unit:
    unit = Unit()
    unit.put("session", "a", value)
    return unit


@pytest.mark.parametrize(
    ("act", "truth"),
    [(AtCommit.CUT_BEFORE, b"1"), (AtCommit.CUT_AFTER, b"2"), (AtCommit.CUT_AND_DELAY, b"2")],
    ids=lambda value: value.name if isinstance(value, AtCommit) else "",
)
async def test_reopening_reads_what_became_of_an_unknown_commit(
    database: Database, cutter: WireCutter, act: AtCommit, truth: bytes
) -> None:
    keeper = VaultKeeper(database, Sealer(MasterKey.of(bytes(32))), _no_news, ManualClock())
    await database.write(_session())
    vault = keeper.open(SessionId("ses_1"), TenantId("tnt_1"), 7)
    await vault.submit(_unit(b"1"))
    cutter.at_commit = act
    with pytest.raises(VaultFailed):
        await vault.submit(_unit(b"2"))
    reopening = asyncio.get_running_loop().create_task(vault.reopen())
    await asyncio.sleep(0.3)
    if act is AtCommit.CUT_AND_DELAY:
        assert not reopening.done(), "the old transaction may still commit: it is too early to read"
    cutter.release()
    await reopening
    await vault.load([("session", "a")])
    assert vault.get("session", "a") == truth
    await vault.submit(_unit(b"3"))
    assert await vault.list("session") == [("a", b"3")]


async def test_everything_that_was_read_is_still_there_after_a_wave_of_cuts(
    database: Database, cutter: WireCutter
) -> None:
    promised: list[str] = []

    async def sender(name: str) -> None:
        for number in range(40):
            note = f"{name}{number:02}"
            try:
                await database.write(add(note))
            except StorageUnavailable:
                continue
            promised.append(note)

    async def saboteur() -> None:
        for _ in range(8):
            await asyncio.sleep(0.03)
            cutter.cut()

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(saboteur())
        for name in "abcd":
            group.create_task(sender(name))
    assert set(promised) <= set(await database.read(all_ids()))
    assert len(promised) > 80
