"""The relay: every reader sees everything once, in order, from its own place on."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from fixtures.waiting import until
from wagate.adapters.clock import ManualClock
from wagate.domain.events import Event, EventType
from wagate.domain.ids import SessionId, TenantId
from wagate.features.journal import Journal, Relay
from wagate.store import open_database
from wagate.store.database import Database
from wagate.store.scoped import TenantScope
from wagate.store.script import Script

SHOP, ONE = TenantScope(TenantId("tnt_1")), SessionId("ses_1")


class Listener:
    """Remembers what it read, takes its time if told to, and stumbles if told to."""

    def __init__(self) -> None:
        self.read_events: list[Event] = []
        self.open = asyncio.Event()
        self.open.set()
        self.stumbles = 0

    @property
    def numbers(self) -> list[object]:
        return [event.data["n"] for event in self.read_events]

    async def read(self, events: Sequence[Event]) -> None:
        await self.open.wait()
        if self.stumbles:
            self.stumbles -= 1
            raise ConnectionError("stumbled")
        self.read_events += events


@pytest.fixture
async def journal(database: Database, clock: ManualClock) -> AsyncIterator[Journal]:
    made = Journal(database, clock)
    yield made
    await made.relay.close()


def event(journal: Journal, number: int) -> Script[Event]:
    return journal.append(SHOP, ONE, EventType.MESSAGE_SENT, {"n": number})


async def test_a_reader_is_handed_what_is_committed(journal: Journal, database: Database) -> None:
    listener = Listener()
    await journal.relay.subscribe(listener)
    futures = [database.submit(event(journal, number)) for number in range(100)]
    await asyncio.gather(*futures)
    await until(lambda: len(listener.read_events) >= 100)
    assert listener.numbers == list(range(100))


async def test_a_reader_begins_where_it_was_told_to(journal: Journal, database: Database) -> None:
    early = [await database.write(event(journal, number)) for number in range(3)]
    everything, rest, news = Listener(), Listener(), Listener()
    await journal.relay.subscribe(everything, after=0)
    await journal.relay.subscribe(rest, after=early[1].position)
    await journal.relay.subscribe(news)
    await database.write(event(journal, 3))
    await until(lambda: all(reader.numbers[-1:] == [3] for reader in (everything, rest, news)))
    assert everything.numbers == [0, 1, 2, 3]
    assert rest.numbers == [2, 3]
    assert news.numbers == [3]


async def test_a_slow_reader_holds_nobody_up_and_misses_nothing(journal: Journal, database: Database) -> None:
    slow, quick = Listener(), Listener()
    slow.open.clear()
    await journal.relay.subscribe(slow)
    await journal.relay.subscribe(quick)
    for number in range(20):
        await database.write(event(journal, number))
    await until(lambda: len(quick.read_events) == 20)
    assert slow.read_events == []
    slow.open.set()
    await until(lambda: len(slow.read_events) == 20)
    assert slow.numbers == quick.numbers == list(range(20))


async def test_a_reader_that_stumbled_reads_again(journal: Journal, database: Database) -> None:
    listener = Listener()
    listener.stumbles = 1
    reading = await journal.relay.subscribe(listener)
    written = await database.write(event(journal, 0))
    await until(lambda: listener.numbers == [0])
    await until(lambda: reading.cursor == written.position)


async def test_a_long_journal_is_read_in_parts(journal: Journal, database: Database) -> None:
    def many() -> Script[None]:
        for number in range(1300):
            yield from event(journal, number)

    await database.write(many())
    listener = Listener()
    await journal.relay.subscribe(listener, after=0)
    await until(lambda: len(listener.read_events) == 1300)
    assert listener.numbers == list(range(1300))


async def test_what_another_process_commits_is_found_without_a_wake_up(migrated_url: str, clock: ManualClock) -> None:
    database = await open_database(migrated_url)
    relay = Relay(database, poll_s=0.02)
    listener = Listener()
    await relay.subscribe(listener)
    other = await open_database(migrated_url)
    await other.write(event(Journal(other, clock), 7))
    await until(lambda: listener.numbers == [7])
    await relay.close()
    await other.close()
    await database.close()


async def test_a_commit_that_appended_nothing_wakes_nobody(migrated_url: str, clock: ManualClock) -> None:
    database = await open_database(migrated_url)
    journal = Journal(database, clock)
    reads: list[None] = []
    original = database.read

    class Counting:
        """Counts questions."""

        on_commit = staticmethod(database.on_commit)

        @staticmethod
        async def read(script: Script[list[Event]]) -> list[Event]:
            reads.append(None)
            return await original(script)

    relay = Relay(Counting(), poll_s=3600)  # type: ignore[arg-type]  # as much of a database as a relay needs
    journal.relay = relay
    listener = Listener()
    await relay.subscribe(listener, after=0)
    await until(lambda: reads)

    def nothing() -> Script[None]:
        yield from ()

    for _ in range(5):
        await database.write(nothing())
    await asyncio.sleep(0.02)
    assert len(reads) == 1
    await database.write(event(journal, 1))
    await until(lambda: listener.numbers == [1])
    await relay.close()
    await database.close()


async def test_a_reader_that_left_hears_no_more(journal: Journal, database: Database) -> None:
    leaving, staying = Listener(), Listener()
    reading = await journal.relay.subscribe(leaving)
    await journal.relay.subscribe(staying)
    await journal.relay.unsubscribe(reading)
    await database.write(event(journal, 0))
    await until(lambda: staying.numbers == [0])
    assert leaving.read_events == []
