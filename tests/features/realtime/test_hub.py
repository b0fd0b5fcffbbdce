"""Live events: nothing missed between replay and live, nothing of another tenant's, nobody held up by the slow."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence

import pytest

from fixtures.waiting import until
from wagate.adapters.clock import ManualClock
from wagate.domain.errors import InvalidCursor
from wagate.domain.events import Event, EventType
from wagate.domain.ids import ApiKeyId, SessionId, TenantId
from wagate.features.access import EVERY_SCOPE, Principal
from wagate.features.journal import Journal
from wagate.features.realtime import End, Hub, Stream, StreamEnded
from wagate.store.database import Database
from wagate.store.script import Script

SHOP = Principal(TenantId("tnt_1"), EVERY_SCOPE, ApiKeyId("key_1"))
OTHER = Principal(TenantId("tnt_2"), EVERY_SCOPE, ApiKeyId("key_2"))
ONE, TWO = SessionId("ses_1"), SessionId("ses_2")


@pytest.fixture
async def journal(database: Database, clock: ManualClock) -> AsyncIterator[Journal]:
    made = Journal(database, clock)
    yield made
    await made.relay.close()


@pytest.fixture
async def hub(journal: Journal) -> AsyncIterator[Hub]:
    made = Hub(journal, room=50)
    yield made
    await made.close()


@pytest.fixture
def write(journal: Journal, database: Database) -> "Writer":
    return Writer(journal, database)


class Writer:
    """Writes numbered events."""

    def __init__(self, journal: Journal, database: Database) -> None:
        self._journal = journal
        self._database = database
        self.number = 0

    async def one(
        self,
        principal: Principal = SHOP,
        session: SessionId = ONE,
        type_: EventType = EventType.MESSAGE_SENT,
    ) -> Event:
        self.number += 1
        return await self._database.write(self._journal.append(principal, session, type_, {"n": self.number}))

    async def many(self, count: int) -> None:
        def script() -> Script[None]:
            for _ in range(count):
                self.number += 1
                yield from self._journal.append(SHOP, ONE, EventType.MESSAGE_SENT, {"n": self.number})

        await self._database.write(script())


def numbers(events: Sequence[Event]) -> list[object]:
    return [event.data["n"] for event in events]


async def take(stream: Stream, count: int) -> list[object]:
    """The numbers of the next events, and no more than were asked for."""
    taken: list[object] = []
    async with asyncio.timeout(10):
        while len(taken) < count:
            taken += numbers(await stream.take())
    assert len(taken) == count
    return taken


async def test_a_listener_hears_what_happens_from_now_on(hub: Hub, write: Writer) -> None:
    await write.one()
    async with hub.stream(SHOP) as stream:
        await write.one()
        await write.one()
        assert await take(stream, 2) == [2, 3]


async def test_silence_ends_the_wait(hub: Hub, write: Writer) -> None:
    async with hub.stream(SHOP) as stream:
        assert await stream.take(0.01) == []
        await write.one()
        assert numbers(await stream.take(10)) == [1]


async def test_another_tenant_hears_nothing(hub: Hub, write: Writer) -> None:
    async with hub.stream(OTHER) as others, hub.stream(SHOP) as ours:
        await write.one(SHOP)
        await write.one(OTHER)
        assert await take(ours, 1) == [1]
        assert await take(others, 1) == [2]


async def test_a_listener_chooses_types_and_sessions(hub: Hub, write: Writer) -> None:
    async with hub.stream(SHOP, types=["session.*"]) as states, hub.stream(SHOP, sessions=[TWO]) as second:
        await write.one(session=ONE, type_=EventType.MESSAGE_SENT)
        await write.one(session=ONE, type_=EventType.SESSION_STATE)
        await write.one(session=TWO, type_=EventType.MESSAGE_SENT)
        await write.one(session=TWO, type_=EventType.SESSION_QR)
        assert await take(states, 2) == [2, 4]
        assert await take(second, 2) == [3, 4]


async def test_a_listener_that_comes_back_hears_what_it_missed(hub: Hub, write: Writer) -> None:
    async with hub.stream(SHOP) as stream:
        seen = await write.one()
        await stream.take()
    await write.one()
    await write.one(OTHER)
    await write.one(type_=EventType.SESSION_STATE)
    async with hub.stream(SHOP, types=["message.*"], last_event_id=seen.id) as stream:
        await write.one()
        assert await take(stream, 2) == [2, 5]


async def test_another_tenants_last_event_leads_nowhere(hub: Hub, write: Writer) -> None:
    theirs = await write.one(OTHER)
    for unknown in (theirs.id, "evt_none", ""):
        with pytest.raises(InvalidCursor):
            async with hub.stream(SHOP, last_event_id=unknown):
                pass
    assert hub.listeners == 0


async def test_a_long_replay_runs_into_the_live_events_without_a_gap(hub: Hub, write: Writer) -> None:
    first = await write.one()
    await write.many(1700)
    dice = random.Random(3)

    async def go_on() -> None:
        for _ in range(60):
            await write.one()
            await asyncio.sleep(dice.choice([0, 0, 0.001]))

    heard: list[object] = []
    async with asyncio.timeout(30), asyncio.TaskGroup() as group, hub.stream(SHOP, last_event_id=first.id) as stream:
        group.create_task(go_on())
        while len(heard) < 1760:
            heard += numbers(await stream.take())
    assert heard == list(range(2, 1762))


async def test_many_listeners_that_come_and_go_miss_nothing(hub: Hub, write: Writer) -> None:
    first = await write.one()
    total = 200

    async def listener(seed: int) -> list[object]:
        dice = random.Random(seed)
        heard: list[object] = []
        last = first.id
        while len(heard) < total:
            async with hub.stream(SHOP, last_event_id=last) as stream:
                for _ in range(dice.randrange(1, 12)):
                    events = await stream.take()
                    heard += numbers(events)
                    last = events[-1].id
                    if len(heard) >= total:
                        break
        return heard

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        listeners = [group.create_task(listener(seed)) for seed in range(5)]
        for _ in range(total):
            await write.one()
    for task in listeners:
        assert task.result() == list(range(2, total + 2))


async def test_a_slow_listener_is_let_go_and_goes_on_where_it_was(hub: Hub, write: Writer) -> None:
    async with hub.stream(SHOP) as slow, hub.stream(SHOP) as quick:
        first = await write.one()
        assert numbers(await slow.take()) == [1]
        await take(quick, 1)
        for _ in range(60):
            await write.one()
            await take(quick, 1)
        with pytest.raises(StreamEnded) as ended:
            await slow.take()
        assert ended.value.why is End.SLOW
    async with hub.stream(SHOP, last_event_id=first.id) as again:
        assert await take(again, 60) == list(range(2, 62))


async def test_a_revoked_key_ends_its_streams_only(hub: Hub, write: Writer) -> None:
    async with hub.stream(SHOP) as ours, hub.stream(OTHER) as theirs:
        hub.drop_key(ApiKeyId("key_1"))
        with pytest.raises(StreamEnded) as ended:
            await ours.take()
        assert ended.value.why is End.REVOKED
        await write.one(OTHER)
        assert await take(theirs, 1) == [1]


async def test_closing_ends_every_stream_also_one_that_is_waiting(hub: Hub) -> None:
    async with hub.stream(SHOP) as stream:
        waiting = asyncio.get_running_loop().create_task(stream.take())
        await asyncio.sleep(0)
        await hub.close()
        with pytest.raises(StreamEnded) as ended:
            await waiting
        assert ended.value.why is End.CLOSED
    with pytest.raises(StreamEnded):
        async with hub.stream(SHOP):
            pass


async def test_nobody_reads_the_journal_when_nobody_listens(hub: Hub, journal: Journal, write: Writer) -> None:
    assert journal.relay.readers == 0
    async with hub.stream(SHOP), hub.stream(OTHER):
        assert journal.relay.readers == 1
    assert journal.relay.readers == 0
    await write.one()
    async with hub.stream(SHOP) as stream:
        await write.one()
        assert await take(stream, 1) == [2]


async def test_an_event_is_heard_within_a_few_milliseconds(hub: Hub, write: Writer) -> None:
    loop = asyncio.get_running_loop()
    waits = []
    async with hub.stream(SHOP) as stream:
        for _ in range(50):
            hearing = loop.create_task(stream.take())
            await write.one()
            committed = loop.time()
            await hearing
            waits.append(loop.time() - committed)
    # Poor machines are given a lot of room: without the wake-up it would be most of a second.
    assert sorted(waits)[25] < 0.05


async def test_a_listener_that_is_cancelled_leaves_no_trace(hub: Hub) -> None:
    async def listen() -> None:
        async with hub.stream(SHOP) as stream:
            await stream.take()

    task = asyncio.get_running_loop().create_task(listen())
    await until(lambda: hub.listeners == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert hub.listeners == 0
