"""What is said once: the same content for the same chat within a time makes one message."""

import asyncio
from dataclasses import replace

from fixtures.rooms import House, OpenHouse
from wagate.adapters.clock import ManualClock
from wagate.domain.content import Text
from wagate.domain.message import MessageStatus
from wagate.domain.session import Session
from wagate.features.messaging.requests import MAX_DEDUPLICATION_S, Accepted, SendRequest
from wagate.store import open_database
from wagate.store.script import Row, Script, sql

BOB, EVE = "+5511900000002", "+5511900000003"
ONCE = SendRequest(BOB, Text("your parcel is here"), deduplicate_s=60)

_ROWS = sql("SELECT message_id FROM duplicate")


async def send(house: House, session: Session, request: SendRequest, key: str | None = None) -> Accepted:
    return await house.gateway.messaging.send(house.us, session.id, request, idempotency_key=key)


async def remembered(house: House) -> int:
    def ask() -> Script[list[Row]]:
        return (yield _ROWS())

    database = await open_database(house.url)
    try:
        return len(await database.read(ask()))
    finally:
        await database.close()


async def test_the_same_content_for_the_same_chat_makes_one_message(house: House) -> None:
    session = await house.gateway.sessions.create(house.us, name="shop")
    first = await send(house, session, ONCE)
    again = await send(house, session, replace(ONCE, to="5511 90000-0002", client_ref="another"))
    assert (first.deduplicated, again.deduplicated) == (False, True)
    assert again.message == first.message
    assert not (await send(house, session, replace(ONCE, to=EVE))).deduplicated
    assert not (await send(house, session, replace(ONCE, content=Text("your parcel is gone")))).deduplicated
    assert len(await house.events("message.queued")) == 3


async def test_nothing_is_remembered_of_what_does_not_ask_for_it(house: House) -> None:
    session = await house.gateway.sessions.create(house.us, name="shop")
    plain = await send(house, session, replace(ONCE, deduplicate_s=None))
    assert await remembered(house) == 0
    first = await send(house, session, ONCE)
    assert not first.deduplicated
    assert first.message.id != plain.message.id
    assert await remembered(house) == 1


async def test_one_s_own_key_counts_in_place_of_the_content(house: House) -> None:
    session = await house.gateway.sessions.create(house.us, name="shop")
    keyed = replace(ONCE, deduplication_key="order-17")
    first = await send(house, session, keyed)
    again = await send(house, session, replace(keyed, content=Text("other words")))
    assert again.deduplicated
    assert again.message.id == first.message.id
    assert not (await send(house, session, ONCE)).deduplicated  # the words alone are something else
    assert not (await send(house, session, replace(keyed, to=EVE))).deduplicated


async def test_the_window_is_that_of_whoever_asks_and_it_ends(open_house: OpenHouse) -> None:
    clock = ManualClock()
    house = await open_house(clock=clock)
    session = await house.gateway.sessions.create(house.us, name="shop")
    first = await send(house, session, ONCE)
    clock.turn(59.9)
    assert (await send(house, session, ONCE)).message.id == first.message.id
    clock.turn(0.1)
    second = await send(house, session, ONCE)
    assert not second.deduplicated
    clock.turn(100)
    assert (await send(house, session, replace(ONCE, deduplicate_s=200))).message.id == second.message.id


async def test_what_will_not_go_out_is_no_reason_not_to_say_it_again(house: House) -> None:
    session = await house.gateway.sessions.create(house.us, name="shop")
    first = await send(house, session, ONCE)
    await house.gateway.queues.cancel(house.us, first.message.id)
    second = await send(house, session, ONCE)
    assert not second.deduplicated
    assert second.message.status is MessageStatus.QUEUED
    assert (await send(house, session, ONCE)).message.id == second.message.id


async def test_a_key_of_a_request_that_made_nothing_stands_for_what_it_found(house: House) -> None:
    session = await house.gateway.sessions.create(house.us, name="shop")
    first = await send(house, session, ONCE, "a")
    found = await send(house, session, ONCE, "b")
    assert (found.message.id, found.replayed, found.deduplicated) == (first.message.id, False, True)
    replay = await send(house, session, ONCE, "b")
    assert (replay.message.id, replay.replayed) == (first.message.id, True)


async def test_many_at_once_make_one_message(house: House) -> None:
    session = await house.gateway.sessions.create(house.us, name="shop")
    answers = await asyncio.gather(*(send(house, session, ONCE) for _ in range(50)))
    assert len({answer.message.id for answer in answers}) == 1
    assert sum(answer.is_new for answer in answers) == 1
    assert len(await house.events("message.queued")) == 1


async def test_what_is_too_old_is_forgotten(open_house: OpenHouse) -> None:
    clock = ManualClock()
    house = await open_house(clock=clock)
    session = await house.gateway.sessions.create(house.us, name="shop")
    await send(house, session, ONCE)
    clock.turn(MAX_DEDUPLICATION_S + 1)
    await house.restart()
    async with asyncio.timeout(10):
        while await remembered(house):  # noqa: ASYNC110  what is waited for is a row
            await asyncio.sleep(0.01)
