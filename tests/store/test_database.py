"""What both databases promise to transaction scripts."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from store.notes import ADD, add, add_then_raise, all_ids, kept, name_of, put, write_all
from wagate.domain.errors import StorageUnavailable, TooBusy
from wagate.store import open_database
from wagate.store.database import ConstraintViolated, Database
from wagate.store.script import Script, sql


async def test_what_a_script_returns_comes_back_after_the_commit(database: Database) -> None:
    assert await database.write(add("a", "b")) == 2
    assert await kept(database) == ["a", "b"]
    assert await database.write(put("a", "new")) == "new"
    assert await database.read(name_of("a")) == "new"


async def test_a_failed_script_undoes_all_of_itself_and_nothing_else(database: Database) -> None:
    futures: list[asyncio.Future[Any]] = [
        database.submit(add("a")),
        database.submit(add_then_raise("b", ValueError("mine"))),
        database.submit(add("c", "c")),
        database.submit(add("d")),
    ]
    ended = await asyncio.gather(*futures, return_exceptions=True)
    assert ended[0] == ended[3] == 1
    assert isinstance(ended[1], ValueError)
    assert isinstance(ended[2], ConstraintViolated)
    assert await kept(database) == ["a", "d"]


async def test_a_mistaken_statement_fails_only_its_script(database: Database) -> None:
    def mistaken() -> Script[None]:
        yield sql("SELECT nonsense FROM nowhere")()

    futures: list[asyncio.Future[Any]] = [
        database.submit(add("a")),
        database.submit(mistaken()),
        database.submit(add("b")),
    ]
    ended = await asyncio.gather(*futures, return_exceptions=True)
    assert isinstance(ended[1], Exception)
    assert not isinstance(ended[1], StorageUnavailable)
    assert await kept(database) == ["a", "b"]


async def test_a_script_may_name_the_constraint_that_it_broke(database: Database) -> None:
    class Taken(Exception):
        pass

    def take(note: str) -> Script[None]:
        try:
            yield ADD(id=note, name=note)
        except ConstraintViolated as error:
            raise Taken(note) from error

    await database.write(take("a"))
    with pytest.raises(Taken):
        await database.write(take("a"))


async def test_a_script_cannot_go_on_after_a_failed_statement(database: Database) -> None:
    def stubborn() -> Script[None]:
        try:
            yield ADD(id="a", name="a")
        except ConstraintViolated:
            yield ADD(id="b", name="b")

    await database.write(add("a"))
    with pytest.raises(RuntimeError, match="went on"):
        await database.write(stubborn())
    assert await kept(database) == ["a"]


async def test_scripts_run_in_the_order_of_the_calls(database: Database) -> None:
    ran: list[int] = []

    def note(number: int) -> Script[None]:
        ran.append(number)
        yield ADD(id=f"{number:04}", name="")

    futures = [database.submit(note(number)) for number in range(600)]
    await asyncio.gather(*futures)
    assert ran == list(range(600))
    assert len(await kept(database)) == 600


async def test_later_scripts_see_what_earlier_ones_did(database: Database) -> None:
    def count() -> Script[int]:
        return len((yield from all_ids()))

    futures = [database.submit(add("a")), database.submit(count()), database.submit(add("b"))]
    assert (await asyncio.gather(*futures))[1] == 1


async def test_nothing_is_seen_before_the_commit(database: Database) -> None:
    seen: list[list[str]] = []
    future = database.submit(add("a"))
    seen.append(await kept(database))
    await future
    seen.append(await kept(database))
    assert seen[1] == ["a"]
    assert seen[0] in ([], ["a"])


async def test_a_cancelled_caller_does_not_take_the_script_back(database: Database) -> None:
    future = database.submit(add("a"))
    future.cancel()
    await database.write(add("b"))
    assert await kept(database) == ["a", "b"]


async def test_many_at_once_share_few_commits(database: Database) -> None:
    commits: list[None] = []
    database.on_commit(lambda: commits.append(None))
    await write_all(database, (f"{number:03}" for number in range(300)))
    assert len(await kept(database)) == 300
    assert len(commits) < 40


async def test_listeners_hear_of_a_commit_when_it_can_be_read(database: Database) -> None:
    heard = asyncio.Event()
    database.on_commit(heard.set)
    future = database.submit(add("a"))
    await asyncio.wait_for(heard.wait(), 5)
    assert future.done()
    assert await kept(database) == ["a"]


async def test_a_listener_that_fails_does_not_stop_the_writer(database: Database) -> None:
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context["exception"]))
    mistake = ZeroDivisionError()

    def listener() -> None:
        raise mistake

    database.on_commit(listener)
    await database.write(add("a"))
    await database.write(add("b"))
    assert await kept(database) == ["a", "b"]
    assert complaints == [mistake, mistake]


async def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(Exception, match="read"):
        await database.read(add("a"))
    assert await kept(database) == []


async def test_many_rows_in_one_query(database: Database) -> None:
    def many() -> Script[None]:
        yield ADD.many({"id": f"{number:03}", "name": str(number)} for number in range(100))
        yield ADD.tuples([("x", "1"), ("y", "2")])

    await database.write(many())
    assert len(await kept(database)) == 102


async def test_values_come_back_as_they_went_in(database: Database) -> None:
    put_key = sql(
        "INSERT INTO api_key (id, tenant_id, name, hash, scopes, created_at, last_used_at)",
        "VALUES (:id, :tenant, :name, :hash, :scopes, :created_at, :last_used_at)",
        "RETURNING name, hash, created_at, last_used_at",
    )
    name, blob = "Zoë 👋 'quoted' :colon", bytes(range(256))

    def script() -> Script[tuple[object, ...]]:
        [row] = yield put_key(
            id="1", tenant="2", name=name, hash=blob, scopes="[]", created_at=2**62, last_used_at=None
        )
        return row["name"], bytes(row["hash"]), row["created_at"], row["last_used_at"]

    assert await database.write(script()) == (name, blob, 2**62, None)


async def test_the_databases_clock_counts_milliseconds_since_1970(database: Database) -> None:
    def now() -> Script[int]:
        [row] = yield sql("SELECT now_ms() AS now")()
        return int(row["now"])

    assert abs(await database.read(now()) - time.time() * 1000) < 5000


# ---- when commits fail


class Failpoint:
    """Makes some commits fail."""

    def __init__(self) -> None:
        self.chance = 0.0
        self.commits = 0
        self._random = random.Random(7)

    def __call__(self) -> None:
        self.commits += 1
        if self._random.random() < self.chance:
            raise OSError("injected")


@pytest.fixture
def failpoint() -> Failpoint:
    return Failpoint()


async def test_a_failed_commit_fails_everybody_in_it_and_keeps_nothing(migrated_url: str, failpoint: Failpoint) -> None:
    database = await open_database(migrated_url, before_commit=failpoint)
    failpoint.chance = 1
    futures = [database.submit(add("a")), database.submit(add("b"))]
    ended = await asyncio.gather(*futures, return_exceptions=True)
    assert all(isinstance(end, StorageUnavailable) for end in ended)
    failpoint.chance = 0
    await database.write(add("c"))
    assert await kept(database) == ["c"]
    await database.close()


async def test_what_was_promised_is_kept_when_a_fifth_of_the_commits_fail(
    migrated_url: str, failpoint: Failpoint
) -> None:
    database = await open_database(migrated_url, before_commit=failpoint)
    failpoint.chance = 0.2
    promised: list[str] = []

    async def sender(name: str) -> None:
        for number in range(30):
            note = f"{name}-{number:02}"
            try:
                await database.write(add(note))
            except StorageUnavailable:
                continue
            promised.append(note)

    await asyncio.gather(*(sender(name) for name in "abcdefgh"))
    assert await kept(database) == sorted(promised)
    assert 0 < len(promised) < 240
    await database.close()


async def test_commit_listeners_do_not_hear_of_a_failed_commit(migrated_url: str, failpoint: Failpoint) -> None:
    database = await open_database(migrated_url, before_commit=failpoint)
    heard: list[None] = []
    database.on_commit(lambda: heard.append(None))
    failpoint.chance = 1
    with pytest.raises(StorageUnavailable):
        await database.write(add("a"))
    assert heard == []
    await database.close()


# ---- scripts that can wait


async def test_what_can_wait_is_kept_soon_all_the_same(database: Database) -> None:
    settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    database.enqueue(add("a"), lambda *_: settled.set_result(None), hurry=False)
    await asyncio.wait_for(settled, 10)
    assert await kept(database) == ["a"]


async def test_what_can_wait_does_not_begin_a_commit_behind_another_one(
    migrated_url: str, failpoint: Failpoint
) -> None:
    database = await open_database(migrated_url, before_commit=failpoint)
    settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    is_waiting = asyncio.Event()

    def first_is_kept(*_: object) -> None:
        database.enqueue(add("b"), lambda *_: settled.set_result(None), hurry=False)
        is_waiting.set()

    database.enqueue(add("a"), first_is_kept)
    await is_waiting.wait()
    for _ in range(3):
        await asyncio.sleep(0)
    await database.write(add("c"))
    await asyncio.wait_for(settled, 10)
    assert failpoint.commits == 2
    await database.close()


async def test_what_can_wait_is_kept_before_the_database_is_closed(migrated_url: str) -> None:
    database = await open_database(migrated_url)
    kept_before: list[object] = []
    database.enqueue(add("a"), lambda result, _: kept_before.append(result), hurry=False)
    await database.close()
    assert kept_before == [1]


# ---- limits and the end


async def test_too_much_work_is_refused_at_once(open_small: Callable[[int], Awaitable[Database]]) -> None:
    database = await open_small(8)
    futures = [database.submit(add(str(number))) for number in range(9)]
    ended = await asyncio.gather(*futures, return_exceptions=True)
    assert ended[:4] == [1, 1, 1, 1]
    assert all(isinstance(end, TooBusy) for end in ended[4:])
    await database.close()


async def test_closing_commits_what_is_queued_and_refuses_the_rest(migrated_url: str) -> None:
    database = await open_database(migrated_url)
    futures = [database.submit(add(str(number))) for number in range(5)]
    await database.close()
    assert [future.result() for future in futures] == [1] * 5
    with pytest.raises(StorageUnavailable):
        await database.write(add("late"))
    with pytest.raises(StorageUnavailable):
        await kept(database)
    again = await open_database(migrated_url)
    assert len(await kept(again)) == 5
    await again.close()


async def test_closing_twice_is_no_mistake(migrated_url: str) -> None:
    database = await open_database(migrated_url)
    await database.close()
    await database.close()
