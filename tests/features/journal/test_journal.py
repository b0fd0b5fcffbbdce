"""The journal: numbered, narrowed, listed."""

import asyncio

import pytest

from wagate.adapters.clock import ManualClock
from wagate.domain.errors import InvalidCursor
from wagate.domain.events import Event, EventType
from wagate.domain.ids import SessionId, TenantId
from wagate.domain.page import Order
from wagate.features.journal import Journal
from wagate.store.database import Database
from wagate.store.scoped import TenantScope
from wagate.store.script import Script

SHOP, OTHER = TenantScope(TenantId("tnt_1")), TenantScope(TenantId("tnt_2"))
ONE, TWO = SessionId("ses_1"), SessionId("ses_2")


@pytest.fixture
async def journal(database: Database, clock: ManualClock) -> Journal:
    return Journal(database, clock)


async def test_an_event_is_kept_as_it_was_written(journal: Journal, database: Database, clock: ManualClock) -> None:
    written = await database.write(
        journal.append(SHOP, ONE, EventType.MESSAGE_SENT, {"id": "msg_1", "nested": {"é": [1, None, True]}})
    )
    assert (written.seq, written.occurred_at, written.session) == (1, clock.now_ms(), ONE)
    assert written.id.startswith("evt_")
    assert (await journal.list(SHOP)).items == (written,)


async def test_events_are_numbered_per_session_without_gaps(journal: Journal, database: Database) -> None:
    def spoiled() -> Script[None]:
        yield from journal.append(SHOP, ONE, EventType.MESSAGE_SENT, {})
        raise ZeroDivisionError

    futures: list[asyncio.Future[Event]] = []
    for number in range(20):
        futures.append(database.submit(journal.append(SHOP, ONE if number % 3 else TWO, EventType.MESSAGE_SENT, {})))
        if number % 5 == 0:
            with pytest.raises(ZeroDivisionError):
                await database.write(spoiled())
    events = [await future for future in futures]
    for session in (ONE, TWO):
        seqs = [event.seq for event in events if event.session == session]
        assert seqs == list(range(1, len(seqs) + 1))
    positions = [event.position for event in events]
    assert positions == sorted(set(positions))


async def test_what_has_no_session_is_numbered_per_tenant(journal: Journal, database: Database) -> None:
    first = await database.write(journal.append(SHOP, None, EventType.CONTACT_UPDATED, {}))
    await database.write(journal.append(OTHER, None, EventType.CONTACT_UPDATED, {}))
    second = await database.write(journal.append(SHOP, None, EventType.CONTACT_UPDATED, {}))
    assert (first.seq, second.seq, second.session) == (1, 2, None)


async def fill(journal: Journal, database: Database) -> list[Event]:
    """Thirty events: two sessions, three types, and a third of them of another tenant."""
    types = [EventType.MESSAGE_SENT, EventType.MESSAGE_READ, EventType.SESSION_STATE]
    events = []
    for number in range(30):
        scope = OTHER if number % 3 == 2 else SHOP
        session = ONE if number % 2 else TWO
        events.append(await database.write(journal.append(scope, session, types[number % 5 % 3], {"n": number})))
    return [event for event in events if event.tenant == SHOP.tenant]


async def list_all(journal: Journal, **filters: object) -> list[Event]:
    found: list[Event] = []
    cursor = None
    while True:
        page = await journal.list(SHOP, limit=4, cursor=cursor, **filters)  # type: ignore[arg-type]  # checked by use
        assert len(page.items) <= 4
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


async def test_a_list_is_the_tenants_own_in_both_orders(journal: Journal, database: Database) -> None:
    events = await fill(journal, database)
    assert await list_all(journal) == events
    assert await list_all(journal, order=Order.DESC) == events[::-1]


async def test_a_list_can_be_of_one_session(journal: Journal, database: Database) -> None:
    events = await fill(journal, database)
    assert await list_all(journal, session=ONE) == [event for event in events if event.session == ONE]
    assert await list_all(journal, session=SessionId("ses_none")) == []


@pytest.mark.parametrize(
    ("types", "matching"),
    [
        (("message.sent",), {EventType.MESSAGE_SENT}),
        (("message.*",), {EventType.MESSAGE_SENT, EventType.MESSAGE_READ}),
        (("message.read", "session.*"), {EventType.MESSAGE_READ, EventType.SESSION_STATE}),
        (("call.*",), set()),
    ],
)
async def test_a_list_can_be_of_some_types(
    journal: Journal, database: Database, types: tuple[str, ...], matching: set[EventType]
) -> None:
    events = await fill(journal, database)
    assert await list_all(journal, types=types) == [event for event in events if event.type in matching]


async def test_a_narrow_filter_on_a_long_journal_answers_in_parts(
    journal: Journal, database: Database, clock: ManualClock
) -> None:
    """Nobody may make us read the whole journal in one request."""

    def many() -> Script[None]:
        for _ in range(1200):
            yield from journal.append(SHOP, ONE, EventType.MESSAGE_SENT, {})

    for _ in range(9):
        await database.write(many())
    rare = await database.write(journal.append(SHOP, ONE, EventType.SESSION_BANNED, {}))
    page = await journal.list(SHOP, types=("session.banned",))
    assert page.items == ()
    assert page.next_cursor is not None
    assert (await journal.list(SHOP, types=("session.banned",), cursor=page.next_cursor)).items == (rare,)


async def test_a_cursor_belongs_to_its_list(journal: Journal, database: Database) -> None:
    await fill(journal, database)
    cursor = (await journal.list(SHOP, limit=2)).next_cursor
    assert cursor is not None
    with pytest.raises(InvalidCursor):
        await journal.list(SHOP, cursor=cursor, order=Order.DESC)
    with pytest.raises(InvalidCursor):
        await journal.list(SHOP, cursor=cursor[:-2] + "xx")


async def test_another_tenants_event_has_no_place(journal: Journal, database: Database) -> None:
    [event, *_] = await fill(journal, database)
    assert await journal.place_of(SHOP, event.id) == event.position
    for scope, wanted in ((OTHER, event.id), (SHOP, "evt_none")):
        with pytest.raises(InvalidCursor):
            await journal.place_of(scope, wanted)
