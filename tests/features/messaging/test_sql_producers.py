"""The table that other programs write to, with those programs and the gateways as processes of their own."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from features.messaging.test_sql_inbox import BOB, execute, row, rows
from fixtures.rooms import House, OpenHouse, eventually, until
from wagate.adapters.clock import SystemClock
from wagate.domain.errors import StorageUnavailable

_PAGE = Path(__file__).parents[3] / "docs" / "howto" / "sql-producers.md"
_ROWS = 1_500
_PRODUCER = """
import asyncio, sqlite3, sys
url, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
INSERT = 'INSERT INTO outbox_inbox (session, "to", text) VALUES (%s, %s, %s)'
texts = [f"{name}-{number}" for number in range(count)]
if url.startswith("sqlite:///"):
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), timeout=10)
    for text in texts:
        with connection:
            connection.execute(INSERT % ("?", "?", "?"), ("shop", "+5511900000002", text))
    connection.close()
else:
    import asyncpg
    async def main():
        connection = await asyncpg.connect(url)
        for text in texts:
            await connection.execute(INSERT % ("$1", "$2", "$3"), "shop", "+5511900000002", text)
        await connection.close()
    asyncio.run(main())
"""


async def producer(url: str, name: str, count: int) -> Process:
    """A program that knows SQL and nothing of us. It leaves ``count`` texts, each in a transaction of its own."""
    return await asyncio.create_subprocess_exec(sys.executable, "-c", _PRODUCER, url, name, str(count))


@asynccontextmanager
async def gateway(url: str, data: Path) -> AsyncIterator[Process]:
    """A gateway as a process of its own; it is killed in the end, if it still runs."""
    env = {
        **os.environ,
        "WAGATE_DATABASE_URL": url,
        "WAGATE_DATA": str(data),
        "WAGATE_ENGINE": "fake",
        "WAGATE_PORT": "0",
        "WAGATE_SQL_INBOX": "1",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "wagate", "serve"),
        env=env,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def waiting(house: House) -> int:
    """How many rows nobody has looked at."""
    (found,) = await execute(house.url, ("SELECT COUNT(*) AS many FROM outbox_inbox WHERE status = 'QUEUED'", ()))
    return int(found["many"])


async def test_other_processes_write_while_the_gateway_works_and_nothing_is_lost_or_doubled(
    open_house: OpenHouse,
) -> None:
    house = await open_house(settings={"sql_inbox": True})
    session, _ = await house.paired()
    bob = house.service.phone(BOB.removeprefix("+"), "Bob")
    producers = [await producer(house.url, name, 60) for name in "ab"]
    for number in range(30):
        await house.send(session, bob, f"api-{number}")
        await asyncio.sleep(0)
    assert [await one.wait() for one in producers] == [0, 0]
    await until(lambda: len(bob.inbox) == 150)
    texts = [shown.text for shown in bob.inbox]
    for name, count in (("a", 60), ("b", 60), ("api", 30)):
        assert [text for text in texts if text.startswith(f"{name}-")] == [f"{name}-{n}" for n in range(count)]


async def test_a_gateway_that_is_killed_in_the_middle_neither_loses_nor_doubles_a_row(
    open_house: OpenHouse, tmp_path: Path
) -> None:
    house = await open_house()
    await house.gateway.sessions.create(house.us, name="shop")
    await house.close()
    await execute(house.url, *(row(text=str(number)) for number in range(_ROWS)))

    async def taken() -> int:
        return _ROWS - await waiting(house)

    in_the_middle = 0
    for _ in range(4):
        before = await taken()

        async def further(before: int = before) -> bool:
            return await taken() > before

        async with gateway(house.url, tmp_path / "data") as process:
            await eventually(further)
            process.kill()
            await process.wait()
        in_the_middle += await taken() < _ROWS
    assert in_the_middle >= 2, "it was never killed in the middle"

    async def all_taken() -> bool:
        return await waiting(house) == 0

    async with gateway(house.url, tmp_path / "data"):
        await eventually(all_taken)
    found = await rows(house)
    assert {one["status"] for one in found} == {"ACCEPTED"}
    messages = await execute(house.url, ("SELECT id, content FROM message ORDER BY id", ()))
    assert [one["message_id"] for one in found] == [one["id"] for one in messages]
    assert [f'"body":"{number}"' in one["content"] for number, one in enumerate(messages)] == [True] * _ROWS


async def test_commits_that_fail_neither_lose_nor_double_a_row_nor_change_the_order(open_house: OpenHouse) -> None:
    ahead: list[bool] = []

    def some_fail() -> None:
        if ahead and ahead.pop():
            raise StorageUnavailable("the disk is gone")

    house = await open_house(settings={"sql_inbox": True}, before_commit=some_fail)
    await house.gateway.sessions.create(house.us, name="shop")
    ahead += [True, False, False] * 5
    await execute(house.url, *(row(text=str(number)) for number in range(120)))

    async def all_taken() -> bool:
        return await waiting(house) == 0

    await eventually(all_taken)
    assert not ahead
    found = await rows(house)
    messages = await execute(house.url, ("SELECT id, content FROM message ORDER BY id", ()))
    assert [one["message_id"] for one in found] == [one["id"] for one in messages]
    assert [f'"body":"{number}"' in one["content"] for number, one in enumerate(messages)] == [True] * 120


async def test_two_gateways_share_the_rows_of_one_postgresql(postgres_database: str, tmp_path: Path) -> None:
    clock, inbox = SystemClock(), {"sql_inbox": True, "master_key": "00" * 32}
    houses = [House(tmp_path / name, postgres_database, clock, settings=inbox) for name in ("one", "two")]
    try:
        for house in houses:
            await house.open()
        first = houses[0]
        await first.gateway.sessions.create(first.us, name="shop")
        producers = [await producer(first.url, name, 200) for name in "ab"]
        assert [await one.wait() for one in producers] == [0, 0]

        async def all_taken() -> list[dict[str, Any]] | None:
            found = await rows(first)
            return found if {one["status"] for one in found} == {"ACCEPTED"} else None

        found = await eventually(all_taken)
        messages = await execute(first.url, ("SELECT id FROM message", ()))
        assert len(found) == 400
        assert {one["message_id"] for one in found} == {one["id"] for one in messages}
    finally:
        for house in houses:
            await house.close()


async def test_a_row_that_its_producer_holds_holds_up_nobody(postgres_database: str, tmp_path: Path) -> None:
    first = House(tmp_path / "one", postgres_database, SystemClock())
    await first.open()
    await first.gateway.sessions.create(first.us, name="shop")
    await first.close()
    await execute(postgres_database, row(text="held"), row(text="free"))
    connection = await asyncpg.connect(postgres_database)
    holding = connection.transaction()
    await holding.start()
    await connection.execute("SELECT id FROM outbox_inbox ORDER BY id LIMIT 1 FOR UPDATE")
    house = House(tmp_path / "one", postgres_database, SystemClock(), settings={"sql_inbox": True})
    await house.open()
    try:

        async def statuses() -> list[str]:
            return [one["status"] for one in await rows(house)]

        async def passed() -> bool:
            return await statuses() == ["QUEUED", "ACCEPTED"]

        await eventually(passed)
        await holding.rollback()

        async def none_waits() -> bool:
            return "QUEUED" not in await statuses()

        await eventually(none_waits)
    finally:
        await connection.close()
        await house.close()


def _told_in_sql(section: str) -> list[str]:
    """The statements of a part of the page for producers."""
    return [
        statement.strip()
        for block in re.findall(r"^```sql\n(.+?)^```$", section, re.MULTILINE | re.DOTALL)
        for statement in block.split(";\n")
        if statement.strip()
    ]


async def test_what_the_page_says_works(open_house: OpenHouse) -> None:
    house = await open_house(settings={"sql_inbox": True})
    await house.gateway.sessions.create(house.us, name="shop")
    before, _, after = _PAGE.read_text("utf-8").partition("## PostgreSQL")
    for statement in _told_in_sql(before):
        await execute(house.url, (statement, ()))
    url, of_postgresql = house.url, after.partition("## SQLite")[0]
    if url.startswith("postgresql"):
        *rights, insert = _told_in_sql(of_postgresql)
        # Roles are the server's, not a database's: this one must not be there when the test is run again.
        connection = await asyncpg.connect(url)
        try:
            for right in rights:
                await connection.execute(right)
            await connection.execute("SET ROLE shop")
            await connection.execute(insert)
            assert len(await connection.fetch("SELECT id, status, error, message_id FROM outbox_inbox")) == 4
            for forbidden in ("UPDATE outbox_inbox SET status = 'QUEUED'", "DELETE FROM outbox_inbox"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(forbidden)
        finally:
            await connection.execute("RESET ROLE; DROP OWNED BY shop; DROP ROLE shop")
            await connection.close()

    async def all_taken() -> list[dict[str, Any]] | None:
        found = await rows(house)
        return found if {one["status"] for one in found} == {"ACCEPTED"} else None

    found = await eventually(all_taken)
    statuses = [message.status.value for message in (await house.gateway.messaging.list(house.us)).items]
    assert len(found) == len(statuses)
    assert ("scheduled" in statuses) == url.startswith("postgresql")
