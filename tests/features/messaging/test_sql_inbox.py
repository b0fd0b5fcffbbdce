"""Messages that other programs leave in a table: taken in once, in order, and told about in their rows."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import asyncpg
import pytest

from fixtures.rooms import House, OpenHouse, eventually, until
from wagate.adapters.clock import ManualClock
from wagate.domain.content import Text
from wagate.domain.message import MessageStatus

OPEN = {"sql_inbox": True}
BOB, ANA = "+5511900000002", "+5511900000003"

Statement = tuple[str, Sequence[Any]]


async def execute(url: str, *statements: Statement) -> list[dict[str, Any]]:
    """What any other program does: plain SQL on a connection of its own. The rows of the last statement."""
    if url.startswith("sqlite:///"):
        return await asyncio.to_thread(_execute_sqlite, url.removeprefix("sqlite:///"), statements)
    connection = await asyncpg.connect(url)
    try:
        found: list[Any] = []
        for text, values in statements:
            for number in range(len(values)):
                text = text.replace("?", f"${number + 1}", 1)
            found = await connection.fetch(text, *values)
        return [dict(row) for row in found]
    finally:
        await connection.close()


def _execute_sqlite(path: str, statements: Sequence[Statement]) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(path, timeout=5)) as connection:
        connection.row_factory = sqlite3.Row
        found: list[Any] = []
        for text, values in statements:
            found = connection.execute(text, values).fetchall()
        connection.commit()
        return [dict(row) for row in found]


def row(to: str = BOB, text: str | None = "hello", session: str = "shop", **more: object) -> Statement:
    """An INSERT of what is told, and of nothing else."""
    values = {"session": session, '"to"': to, **({} if text is None else {"text": text}), **more}
    places = ", ".join("?" for _ in values)
    return f"INSERT INTO outbox_inbox ({', '.join(values)}) VALUES ({places})", tuple(values.values())


async def rows(house: House) -> list[dict[str, Any]]:
    return await execute(house.url, ("SELECT * FROM outbox_inbox ORDER BY id", ()))


async def settled(house: House, *statuses: str) -> list[dict[str, Any]]:
    """The rows, once their statuses are these."""

    async def there() -> list[dict[str, Any]] | None:
        found = await rows(house)
        return found if [one["status"] for one in found] == list(statuses) else None

    return await eventually(there)


async def test_rows_are_sent_in_order_and_say_how_far_their_messages_got(open_house: OpenHouse) -> None:
    house = await open_house(settings=OPEN)
    session, _ = await house.paired()
    bob = house.service.phone(BOB.removeprefix("+"), "Bob")
    bob.auto_read = True
    await execute(house.url, row(text="1", client_ref="order-17"), row(text="2", session=session.id), row(text="3"))
    found = await settled(house, "READ", "READ", "READ")
    assert [shown.text for shown in bob.inbox] == ["1", "2", "3"]
    message = await house.gateway.messaging.get(house.us, found[0]["message_id"])
    assert (message.client_ref, message.content) == ("order-17", Text("1"))
    assert {one["error"] for one in found} == {None}
    assert len({one["message_id"] for one in found}) == 3


async def test_nothing_is_taken_in_unless_that_is_wanted(house: House) -> None:
    await house.gateway.sessions.create(house.us, name="shop")
    await execute(house.url, row())
    message = await house.send(await house.gateway.sessions.get(house.us, "shop"), BOB)
    assert [one["status"] for one in await rows(house)] == ["QUEUED"]
    assert (await house.gateway.messaging.list(house.us)).items == (message,)


@pytest.mark.parametrize(
    ("statement", "code", "place"),
    [
        (row(session="nobody"), "session_not_found", ""),
        (row(tenant="nobody"), "invalid_request", "/tenant"),
        (row(to="nobody"), "invalid_recipient", "/to"),
        (row(text=""), "invalid_request", "/text"),
        (row(text=None), "invalid_request", "/text"),
        (row(text="x" * 70_000), "invalid_request", "/text"),
        (row(type="telepathy"), "invalid_request", "/type"),
        (row(text=None, type="location", content='{"latitude": 91, "longitude": 0}'), "invalid_request", "/latitude"),
        (row(content="{"), "invalid_request", "/content"),
        (row(content="[]"), "invalid_request", "/content"),
        (row(content='{"colour": "red"}'), "invalid_request", "/colour"),
        (row(content='{"to": "+5511900000003"}'), "invalid_request", "/content/to"),
        (row(content=f'{{"x": "{"x" * 1_000_000}"}}'), "invalid_request", "/content"),
        (row(text=None, type="image", content='{"url": "https://example.org"}'), "invalid_request", "/content/url"),
        (row(text=None, type="image", content='{"media": "med_1"}'), "media_not_found", ""),
        (row(priority="now"), "invalid_request", "/priority"),
        (row(send_at="tomorrow"), "invalid_request", "/send_at"),
        (row(send_at="2026-12-24 18:00:00"), "invalid_request", "/send_at"),
        (row(expires_at="2020-01-01T00:00:00Z"), "invalid_request", "/expires_at"),
        (row(content='{"reply_to": "msg_1"}'), "message_not_found", "/reply_to"),
    ],
)
async def test_what_the_api_refuses_is_refused_in_the_row_and_holds_up_nobody(
    open_house: OpenHouse, statement: Statement, code: str, place: str
) -> None:
    house = await open_house(settings=OPEN)
    await house.gateway.sessions.create(house.us, name="shop")
    await execute(house.url, statement, row(text="next"))
    refused, taken = await settled(house, "REJECTED", "ACCEPTED")
    assert refused["error"].startswith(f"{code}: ")
    assert refused["error"].endswith(f"({place})" if place else refused["error"][-1:])
    assert refused["message_id"] is None
    (message,) = (await house.gateway.messaging.list(house.us)).items
    assert message.id == taken["message_id"]


async def test_columns_and_content_say_what_a_body_says(open_house: OpenHouse) -> None:
    clock = ManualClock(1_767_200_000_000)
    house = await open_house(settings=OPEN, clock=clock)
    await house.gateway.sessions.create(house.us, name="shop")
    place = '{"latitude": -23.5, "longitude": -46.6, "name": "MASP"}'
    await execute(
        house.url,
        row(text=None, type="location", content=place, priority="urgent"),
        row(send_at="2026-01-01 18:30:00.5+00", expires_at="2026-01-02T00:00:00+02:00"),
        row(text="once", content='{"deduplicate_s": 60}'),
        row(text="once", content='{"deduplicate_s": 60}'),
    )
    async with asyncio.timeout(20):
        while any(one["status"] == "QUEUED" for one in await rows(house)):
            await clock.run(1.0)
    first, second, third, fourth = await rows(house)
    located = await house.gateway.messaging.get(house.us, first["message_id"])
    assert (located.content.type, located.conditions.priority.value) == ("location", "urgent")
    timed = await house.gateway.messaging.get(house.us, second["message_id"])
    assert (timed.status, timed.due_at) == (MessageStatus.SCHEDULED, 1_767_292_200_500)
    assert timed.conditions.expires_at == 1_767_304_800_000
    assert third["message_id"] == fourth["message_id"]


async def test_a_message_that_is_called_back_or_fails_says_so_in_its_row(open_house: OpenHouse) -> None:
    house = await open_house(settings=OPEN)
    session, _ = await house.paired()
    house.service.phone(BOB.removeprefix("+"), "Bob")
    await execute(house.url, row(send_at="2027-01-01T00:00:00Z"))
    (found,) = await settled(house, "ACCEPTED")
    await house.gateway.queues.cancel(house.us, found["message_id"])
    await settled(house, "CANCELLED")
    house.service.faults.refuse_with = "blocked"
    await execute(house.url, row(session=session.name))
    _, failed = await settled(house, "CANCELLED", "FAILED")
    assert ": " in failed["error"]


async def test_a_gateway_that_was_away_finds_what_was_left_and_what_became_of_it(open_house: OpenHouse) -> None:
    house = await open_house(settings=OPEN)
    await house.paired()
    bob = house.service.phone(BOB.removeprefix("+"), "Bob")
    bob.auto_deliver = False
    await execute(house.url, row(text="1"))
    await settled(house, "SENT")
    await house.close()
    await execute(house.url, row(text="2"), row(text="3"))
    bob.auto_deliver = True
    await house.open()
    await until(lambda: len(bob.inbox) == 3)
    assert [shown.text for shown in bob.inbox] == ["1", "2", "3"]


async def test_what_is_over_is_removed_after_its_time_and_nothing_else(open_house: OpenHouse) -> None:
    clock = ManualClock()
    house = await open_house(settings={**OPEN, "sql_inbox_keep_days": 2}, clock=clock)
    await house.gateway.sessions.create(house.us, name="shop")
    await execute(house.url, row(), row(to="nobody"), row(text="later", status="DRAFT"))
    async with asyncio.timeout(20):
        while [one["status"] for one in await rows(house)] != ["ACCEPTED", "REJECTED", "DRAFT"]:
            await clock.run(1.0)
    clock.turn(2 * 86_400)
    async with asyncio.timeout(20):
        while len(await rows(house)) != 2:
            await clock.run(1.0)
    assert [one["status"] for one in await rows(house)] == ["ACCEPTED", "DRAFT"]
