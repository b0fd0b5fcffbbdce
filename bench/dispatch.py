"""What it costs to keep a thousand accounts at their pace: ``python -m bench.dispatch [--database both]``.

A thousand sessions of the fake engine have a backlog each, and all send twenty messages a minute, by the rules that are
usual: pace, gap, guard, a check of whom nobody has written to. CPU is that of the gateway's process, the pretend
network in it; that of PostgreSQL is told beside it. Nobody sends receipts: those are another bench's.

Then the same on tables with five million finished messages, made in bulk, of the same sessions and chats, after
ANALYZE: a planner that knows how rare waiting messages are must not find a worse way to them.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import psutil
import uvloop

from bench.rig import bar, scratch
from services.postgres import postgres_server
from wagate.adapters.clock import SystemClock
from wagate.adapters.engines.fake import FakeEngine, FakeService
from wagate.bootstrap import build
from wagate.domain.content import Text
from wagate.domain.errors import QrNotReady
from wagate.domain.session import SessionState
from wagate.features import Gateway
from wagate.features.access import Principal
from wagate.features.messaging.requests import SendRequest
from wagate.settings import Settings
from wagate.store.location import Location

PER_MINUTE = 20
CONTACTS = 10
WARM_S = 15
AT_ONCE = 100
PATIENCE_S = 300

CPU_BAR = 15
GROWTH_BAR = 1.2

_PLACES = (
    "CREATE TABLE bench_place AS SELECT row_number() OVER (ORDER BY id) - 1 AS place, tenant_id, session_id, id AS chat"
    " FROM chat"
)
# Ids of long ago, in their order; one message in each chat, then the next one in each.
_COLUMNS = (
    "INSERT INTO message (id, tenant_id, session_id, chat_id, sender_id, direction, origin, wa_id, content, status,"
    " accepted_at, sent_at, delivered_at, timeline)"
)
_VALUES = (
    "p.tenant_id, p.session_id, p.chat, 'con_' || substr(p.session_id, 5), 'out', 'api', {wa_id},"
    ' \'{{"type":"text","body":"long ago"}}\', \'delivered\', 1760000000000 + n, 1760000000000 + n, 1760000000000 + n,'
    " 'queued 1760000000000' FROM series JOIN bench_place p ON p.place = n % (SELECT COUNT(*) FROM bench_place)"
)
_ON_SQLITE = (
    "WITH RECURSIVE series (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {count}) "
    + _COLUMNS
    + " SELECT printf('msg_%026d', n), "
    + _VALUES.format(wa_id="printf('3EB0%018d', n)")
)
_ON_POSTGRESQL = (
    _COLUMNS
    + " SELECT 'msg_' || lpad(n::text, 26, '0'), "
    + _VALUES.format(wa_id="'3EB0' || lpad(n::text, 18, '0')").replace(
        "FROM series", "FROM generate_series(1, {count}) AS series (n)"
    )
)


@dataclass(slots=True)
class Network:
    """The pretend network, which outlives the gateways, and its phones."""

    service: FakeService = field(default_factory=FakeService)

    @property
    def shown(self) -> int:
        """How many messages the recipients have been shown."""
        return sum(len(self.service.phone(_contact(place)).inbox) for place in range(CONTACTS))


@dataclass(frozen=True, slots=True)
class Share:
    """Percent of a core, and messages a second."""

    gateway: float
    database: float
    rate: float


def _contact(place: int) -> str:
    return f"49152{place:07}"


async def opened(folder: Path, url: str, network: Network) -> tuple[Gateway, Principal]:
    """A gateway on the fake engine, with the usual rules."""
    settings = Settings.model_validate(
        {"data": folder, "database_url": url, "engine": "fake", "login_rate": 0, "pace_per_minute": PER_MINUTE}
    )
    gateway = await build(settings, engines=[FakeEngine(network.service, SystemClock())])
    await gateway.start()
    return gateway, await gateway.access.operator()


async def prepare(gateway: Gateway, us: Principal, network: Network, sessions: int, backlog: int) -> None:
    """Link the sessions, stop them, and queue their messages."""
    numbers = iter(range(sessions))
    for place in range(CONTACTS):
        network.service.phone(_contact(place)).auto_deliver = False

    async def work() -> None:
        for number in numbers:
            name = f"s{number}"
            await gateway.sessions.create(us, name=name)
            await gateway.sessions.start(us, name)
            network.service.phone(f"49153{number:07}", name).scan(await _code(gateway, us, name))
            await _connected(gateway, us, name)
            await gateway.sessions.stop(us, name)
            for message in range(backlog):
                said = Text(f"message {message} of {name}")
                await gateway.messaging.send(us, name, SendRequest(_contact(message % CONTACTS), said))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(work())


async def _code(gateway: Gateway, us: Principal, name: str) -> str:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                return (await gateway.sessions.qr(us, name)).text
            except QrNotReady:
                await asyncio.sleep(0.01)


async def _connected(gateway: Gateway, us: Principal, name: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while (await gateway.sessions.get(us, name)).state is not SessionState.CONNECTED:  # noqa: ASYNC110  a row
            await asyncio.sleep(0.01)


async def paced(gateway: Gateway, us: Principal, network: Network, sessions: int, seconds: float, server: int) -> Share:
    """Let the sessions send, and see what that takes once they are all at it."""
    for number in range(sessions):
        await gateway.sessions.start(us, f"s{number}")
    for number in range(sessions):
        await _connected(gateway, us, f"s{number}")
    await asyncio.sleep(WARM_S)
    spent, theirs, shown, begun = time.process_time(), _cpu_s(server), network.shown, time.perf_counter()
    await asyncio.sleep(seconds)
    took = time.perf_counter() - begun
    return Share(
        (time.process_time() - spent) / took * 100,
        (_cpu_s(server) - theirs) / took * 100,
        (network.shown - shown) / took,
    )


def _cpu_s(server: int) -> float:
    """Seconds of CPU of a PostgreSQL server with all its backends, those that have ended too; 0 when there is none."""
    if not server:
        return 0.0
    root = psutil.Process(server)
    times = [each.cpu_times() for each in (root, *root.children())]
    ended = root.cpu_times()
    return sum(float(each.user + each.system) for each in times) + float(ended.children_user + ended.children_system)


async def server_of(url: str) -> int:
    """The process of the PostgreSQL server behind a URL; 0 for SQLite."""
    if Location.parse(url).path is not None:
        return 0
    connection = await asyncpg.connect(url)
    try:
        return psutil.Process(await connection.fetchval("SELECT pg_backend_pid()")).ppid()
    finally:
        await connection.close()


def fill_sqlite(path: Path, count: int) -> None:
    """Make so many finished messages, and analyse. The indexes that can be are made afterwards."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for setting in ("synchronous = OFF", "cache_size = -2000000"):
            database.execute(f"PRAGMA {setting}")
        indexes = database.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'message' AND sql IS NOT NULL"
        ).fetchall()
        database.execute("BEGIN")
        for name, _ in indexes:
            database.execute(f"DROP INDEX {name}")
        database.execute(_PLACES)
        database.execute("CREATE UNIQUE INDEX bench_place_place ON bench_place (place)")
        database.execute(_ON_SQLITE.replace("{count}", str(count)))
        for _, statement in indexes:
            database.execute(statement)
        database.execute("DROP TABLE bench_place")
        database.execute("COMMIT")
        database.execute("ANALYZE")


async def fill_postgresql(url: str, count: int) -> None:
    """The same."""
    database = await asyncpg.connect(url)
    try:
        await database.execute("SET synchronous_commit = off")
        await database.execute("SET maintenance_work_mem = '512MB'")
        indexes = await database.fetch(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'message' AND indexname LIKE '%_id'"
        )
        for index in indexes:
            await database.execute(f"DROP INDEX {index['indexname']}")
        await database.execute(_PLACES)
        await database.execute(_ON_POSTGRESQL.replace("{count}", str(count)))
        for index in indexes:
            await database.execute(index["indexdef"])
        await database.execute("DROP TABLE bench_place")
        await database.execute("VACUUM ANALYZE")
        await database.execute("CHECKPOINT")
    finally:
        await database.close()


async def measure(folder: Path, url: str, sessions: int, seconds: float, finished: int) -> Share:
    """One run on an empty database."""
    network, backlog = Network(), round((WARM_S + seconds) * 1.5 / 60 * PER_MINUTE) + 10
    begun = time.perf_counter()
    gateway, us = await opened(folder, url, network)
    try:
        await prepare(gateway, us, network, sessions, backlog)
    finally:
        await gateway.stop()
    if finished:
        path = Location.parse(url).path
        if path is None:
            await fill_postgresql(url, finished)
        else:
            fill_sqlite(path, finished)
    print(f"  {sessions:,} sessions, {finished:,} finished messages ({time.perf_counter() - begun:.0f} s to prepare)")
    gateway, us = await opened(folder, url, network)
    try:
        return await paced(gateway, us, network, sessions, seconds, await server_of(url))
    finally:
        await gateway.stop()


def compare(few: Share, many: Share | None, sessions: int) -> bool:
    """Print both runs; whether the bars hold."""
    rate = sessions * PER_MINUTE / 60
    part = sessions / 1_000
    holds = bar("sent, of what the pace allows", few.rate / rate * 100, 97, "%", at_least=True)
    holds = bar("CPU of the gateway", few.gateway, CPU_BAR * part, "% of core") and holds
    print(f"       and of PostgreSQL {few.database:.1f} % of a core; {few.gateway / few.rate * 1e4:.0f} µs a message")
    if many is not None:
        holds = bar("with finished messages: sent", many.rate / rate * 100, 97, "%", at_least=True) and holds
        holds = bar("CPU of the gateway, times that", many.gateway / few.gateway, GROWTH_BAR, "") and holds
        if few.database:
            holds = bar("CPU of PostgreSQL, times that", many.database / few.database, GROWTH_BAR, "") and holds
    return holds


def main() -> bool:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--sessions", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--finished", type=int, default=5_000_000, help="0: only the empty tables")
    chosen = parser.parse_args()
    holds = True
    for kind in ("sqlite", "postgresql"):
        if chosen.database not in (kind, "both"):
            continue
        print(kind)
        shares = []
        for finished in (0, chosen.finished)[: 1 + bool(chosen.finished)]:
            with ExitStack() as stack:
                folder = stack.enter_context(scratch())
                url = f"sqlite:///{folder / 'wagate.db'}"
                if kind == "postgresql":
                    settings = {"shared_buffers": "512MB", "max_wal_size": "4GB"}
                    url = stack.enter_context(postgres_server(durable=True, settings=settings)).create_database()
                shares.append(uvloop.run(measure(folder / "data", url, chosen.sessions, chosen.seconds, finished)))
        holds = compare(shares[0], shares[1] if len(shares) > 1 else None, chosen.sessions) and holds
    return holds


if __name__ == "__main__":
    raise SystemExit(not main())
