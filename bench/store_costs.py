"""What the store costs: ``python -m bench.store_costs [--database both]``.

CPU is that of this process. PostgreSQL, where it is measured, waits for the disk and runs on the same machine.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import psutil
import uvloop

from bench.rig import scratch
from services.postgres import postgres_server
from wagate.adapters.clock import SystemClock
from wagate.domain.events import EventType
from wagate.domain.ids import SessionId
from wagate.features.access import Access, Principal
from wagate.features.journal import Journal
from wagate.features.realtime import Hub
from wagate.ports.news import DurableNews, SendAccepted
from wagate.ports.vault import RecordKey, Unit, Vault
from wagate.store import open_database
from wagate.store.database import Database
from wagate.store.migrations import migrate
from wagate.store.scoped import SessionScope
from wagate.store.script import Script, sql
from wagate.store.sealed import MasterKey, Sealer
from wagate.store.vault import VaultKeeper

SESSIONS = 20
RECORD = os.urandom(300)

_SESSION = sql(
    "INSERT INTO session (id, tenant_id, name, engine, wanted, state, state_since, settings, metadata, epoch,",
    "created_at) VALUES (:id, :tenant, :id, 'bench', 0, 'stopped', 0, '{}', '{}', 1, 0)",
)
_MESSAGE = sql("UPDATE session SET last_seen_at = :now WHERE id = :id")
_BY_KEY = sql("SELECT name, state FROM session WHERE id = :id")


@dataclass(frozen=True, slots=True)
class Bench:
    """An open database with sessions in it."""

    database: Database
    journal: Journal
    hub: Hub
    access: Access
    admin_key: str
    principal: Principal
    keeper: VaultKeeper
    vaults: list[Vault]


@asynccontextmanager
async def prepared(url: str) -> AsyncIterator[Bench]:
    """Everything that is measured."""
    await migrate(url)
    database, clock = await open_database(url), SystemClock()
    journal, access = Journal(database, clock), Access(database, clock)
    hub = Hub(journal)
    issued = await access.bootstrap()
    assert issued is not None
    principal = await access.authenticate(issued.secret)

    def on_news(scope: SessionScope, news: DurableNews) -> Script[None]:
        yield _MESSAGE(id=scope.session, now=clock.now_ms())
        yield from journal.append(scope, scope.session, EventType.MESSAGE_SENT, {"news": repr(news)})

    keeper = VaultKeeper(database, Sealer(MasterKey.of(bytes(32))), on_news, clock)
    sessions = [SessionId(f"ses_{number:026}") for number in range(SESSIONS)]

    def add() -> Script[None]:
        yield _SESSION.many({"id": session, "tenant": principal.tenant} for session in sessions)

    await database.write(add())
    vaults: list[Vault] = [keeper.open(session, principal.tenant, 1) for session in sessions]
    yield Bench(database, journal, hub, access, issued.secret, principal, keeper, vaults)
    await hub.close()
    await journal.relay.close()
    await database.close()


def unit(number: int) -> Unit:
    """Four records of 300 bytes and one piece of news, which makes three statements."""
    made = Unit(news=[SendAccepted(f"3EB0{number:06}", 1)])
    for record in range(4):
        made.put("session", f"49151{(number * 7 + record) % 500:08}@s.whatsapp.net", RECORD)
    return made


async def units(bench: Bench, concurrent: int, count: int) -> None:
    """Units of several sessions, each session's one after the other."""
    waits: list[float] = []

    async def sender(place: int) -> None:
        for number in range(count // concurrent):
            begun = time.perf_counter()
            await bench.vaults[place % SESSIONS].submit(unit(number))
            waits.append(time.perf_counter() - begun)

    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(sender(place) for place in range(concurrent)))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    tell(
        f"unit of 4 records and 3 statements, {concurrent} at once",
        f"{cpu / len(waits) * 1e6:6.0f} µs CPU, {len(waits) / wall:6.0f}/s, {spread(waits)}",
    )


async def units_beside_a_busy_loop(bench: Bench, rate: int, seconds: float) -> None:
    """Units at a fixed rate on a loop that is never idle: how long a COMMIT waits for the interpreter lock."""
    loop = asyncio.get_running_loop()
    waits: list[float] = []
    busy = True

    def work() -> None:
        sum(range(10_000))
        if busy:
            loop.call_soon(work)

    loop.call_soon(work)
    begun = time.perf_counter()
    sent = 0
    while (now := time.perf_counter()) < begun + seconds:
        while sent < (now - begun) * rate:
            submitted = bench.vaults[sent % SESSIONS].submit(unit(sent))
            submitted.add_done_callback(lambda _, since=now: waits.append(time.perf_counter() - since))  # type: ignore[misc]
            sent += 1
        await asyncio.sleep(0.001)
    in_time = len(waits)
    busy = False
    await asyncio.gather(*(vault.reopen() for vault in bench.vaults))
    tell(f"the same, {rate}/s beside a loop that is never idle", f"{in_time} of {sent} in time, {spread(waits)}")


async def per_call(name: str, count: int, call: Callable[[int], Awaitable[object]]) -> None:
    """CPU of one call."""
    cpu = time.process_time()
    for number in range(count):
        await call(number)
    tell(name, f"{(time.process_time() - cpu) / count * 1e6:6.1f} µs CPU")


async def reads(bench: Bench) -> None:
    """Single rows, records and keys."""
    session = bench.vaults[0]
    many = Unit()
    for number in range(2000):
        many.put("loaded", f"{number:030}", RECORD)
    await session.submit(many)
    await session.reopen()

    def by_key() -> Script[str]:
        return str((yield _BY_KEY(id=f"ses_{0:026}"))[0]["state"])

    def keys(first: int, count: int) -> list[RecordKey]:
        return [("loaded", f"{number:030}") for number in range(first, first + count)]

    await per_call("read one row by its key", 2000, lambda _: bench.database.read(by_key()))
    await per_call("load one record", 1000, lambda number: session.load(keys(number, 1)))
    await per_call("load eight records", 100, lambda number: session.load(keys(1000 + number * 8, 8)))
    await per_call("authenticate, remembered", 100_000, lambda _: bench.access.authenticate(bench.admin_key))


async def live_events(bench: Bench, count: int) -> None:
    """From a COMMIT to the listener."""
    waits: list[float] = []
    committed = 0.0

    def note(_: object) -> None:
        nonlocal committed
        committed = time.perf_counter()

    async with bench.hub.stream(bench.principal) as stream, asyncio.TaskGroup() as group:
        for _ in range(count):
            hearing = group.create_task(stream.take())
            event = bench.journal.append(bench.principal, None, EventType.CONTACT_UPDATED, {})
            bench.database.submit(event).add_done_callback(note)
            await hearing
            waits.append(time.perf_counter() - committed)
    tell("from COMMIT to a live listener", spread(waits))


def seals() -> None:
    """The cryptography alone."""
    box = Sealer(MasterKey.of(bytes(32))).box("bench")
    sealed = box.seal("place", RECORD)
    cost("seal 300 bytes", lambda: box.seal("place", RECORD))
    cost("open 300 bytes", lambda: box.open("place", sealed))


def cost(name: str, act: Callable[[], object]) -> None:
    """CPU of one call."""
    cpu = time.process_time()
    for _ in range(20_000):
        act()
    tell(name, f"{(time.process_time() - cpu) / 20_000 * 1e6:6.1f} µs CPU")


def memory(bench: Bench) -> None:
    """What a vault costs that is open and idle."""
    before = psutil.Process().memory_info().rss
    held = [bench.keeper.open(SessionId(f"ses_{number:026}"), bench.principal.tenant, 1) for number in range(5000)]
    tell("memory of an open, idle vault", f"{(psutil.Process().memory_info().rss - before) / len(held):6.0f} bytes")


def spread(waits: list[float]) -> str:
    """Median and 99th percentile."""
    waits.sort()
    return f"p50 {waits[len(waits) // 2] * 1e3:.2f} ms, p99 {waits[len(waits) * 99 // 100] * 1e3:.2f} ms"


def tell(what: str, figures: str) -> None:
    """One line of the answer."""
    print(f"  {what:52} {figures}", flush=True)


async def measure(url: str) -> None:
    """All of it on one database."""
    async with prepared(url) as bench:
        for concurrent in (1, 5, 20, 100):
            await units(bench, concurrent, 2000)
        await units_beside_a_busy_loop(bench, 300, 3.0)
        await reads(bench)
        await live_events(bench, 200)
        seals()
        memory(bench)


@contextmanager
def databases(which: str) -> Iterator[list[str]]:
    """URLs of empty databases."""
    with scratch() as folder:
        urls = [f"sqlite:///{folder / 'wagate.db'}"] if which != "postgresql" else []
        if which == "sqlite":
            yield urls
            return
        with postgres_server(durable=True) as server:
            yield [*urls, server.create_database()]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    with databases(parser.parse_args().database) as urls:
        for url in urls:
            print(url.partition(":")[0])
            uvloop.run(measure(url))


if __name__ == "__main__":
    main()
