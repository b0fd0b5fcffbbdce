"""How the databases find what the way out asks for, once they know how few of many messages wait.

Statistics that say that nothing waits make a partial index over what waits look empty, and a planner goes through it
for each message where the message's own index would do: quadratic, and invisible on a fresh table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from wagate.domain.conditions import Priority
from wagate.domain.ids import ChatId, MessageId, NodeId, SessionId, TenantId
from wagate.domain.message import Direction
from wagate.features.messaging.repository import messages, outbox, queues
from wagate.features.messaging.repository.outbox import KeyUse
from wagate.features.messaging.repository.queues import Entry
from wagate.store.database import Database
from wagate.store.scoped import SessionScope
from wagate.store.script import Query, Script, sql

FINISHED, WAITING = 100_000, 3_000
PLACES = 1_000
INDEXES = ("outbox_pkey", "outbox_ready", "outbox_due", "outbox_expiry")
SCOPE = SessionScope(TenantId("tnt_1"), SessionId("ses_7"), 1)
ONE = MessageId("msg_00102007")
NODE = NodeId("nod_1")

_WHOLE = re.compile(r"Seq Scan on (message|outbox)\b|SCAN (m|message|outbox|c|p|a)\b(?! USING)")
_SERIES = {
    "sqlite": "WITH RECURSIVE s (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM s WHERE n < {last})",
    "postgresql": "WITH s (n) AS (SELECT n FROM generate_series({first}, {last}) AS g (n))",
}
_ID = {"sqlite": "printf('{prefix}_%08d', {n})", "postgresql": "'{prefix}_' || lpad(({n})::text, 8, '0')"}


def filling(dialect: str, first: int, last: int, table: str, columns: str, values: str) -> Query:
    """Rows for the numbers of a range, made by the database itself."""

    def an_id(match: re.Match[str]) -> str:
        return _ID[dialect].format(prefix=match[1], n=match[2])

    shown = re.sub(r"(\w+)<([^>]+)>", an_id, values)
    series = _SERIES[dialect].format(first=first, last=last)
    # SQLite takes the series before the INSERT, PostgreSQL behind it as well: this order suits both.
    return sql(f"{series} INSERT INTO {table} ({columns}) SELECT {shown} FROM s")()


def filled(dialect: str) -> Script[None]:
    """Many finished messages; statistics; then some that wait."""
    session, place = "'ses_' || (n % 20)", f"cht<n % {PLACES}>"
    person = f"con<n % {PLACES}>"
    yield filling(
        dialect,
        0,
        19,
        "session",
        "id, tenant_id, name, engine, wanted, state, state_since, settings, metadata, epoch, created_at",
        "'ses_' || n, 'tnt_1', 'shop ' || n, 'native', 1, 'connected', 0, '{}', '{}', 1, 0",
    )
    everywhere = 0, PLACES - 1
    yield filling(
        dialect,
        *everywhere,
        "contact",
        "id, tenant_id, session_id, phone, is_me, created_at, updated_at",
        f"{person}, 'tnt_1', {session}, '+49' || n, 0, 0, 0",
    )
    yield filling(
        dialect,
        *everywhere,
        "contact_address",
        "session_id, address, contact_id",
        f"{session}, '49' || n || '@s.whatsapp.net', {person}",
    )
    yield filling(
        dialect,
        *everywhere,
        "chat",
        "id, tenant_id, session_id, kind, contact_id, created_at",
        f"{place}, 'tnt_1', {session}, 'direct', {person}, 0",
    )
    columns = "id, tenant_id, session_id, chat_id, sender_id, direction, origin, wa_id, content, status, accepted_at"
    made = f"msg<n>, 'tnt_1', {session}, {place}, 'con_' || (n % 20), 'out', 'api', wa<n>, '{{}}'"
    yield filling(dialect, 1, FINISHED, "message", columns, f"{made}, 'delivered', n")
    yield from analysed()
    yield filling(dialect, FINISHED + 1, FINISHED + WAITING, "message", columns, f"{made}, 'queued', n")
    yield filling(
        dialect,
        FINISHED + 1,
        FINISHED + WAITING,
        "outbox",
        "message_id, tenant_id, session_id, chat_id, state, attempt, epoch, due_at, priority, expires_at",
        f"msg<n>, 'tnt_1', {session}, {place}, CASE WHEN n % 3 = 0 THEN 'later' ELSE 'queued' END, 0, 0, n, 1, n",
    )


def by_its_id() -> Iterator[tuple[str, Script[Any]]]:
    """What is done to one message that waits."""
    yield "start", outbox.start_waiting(SCOPE, ONE, 1)
    yield "attempts", outbox.attempts_of(SCOPE, ONE)
    yield "requeue", outbox.requeue(SCOPE, ONE, 1)
    yield "await evidence", outbox.await_evidence(SCOPE, ONE, 1)
    yield "remove", outbox.remove_waiting(SCOPE, ONE)
    yield "make ready", queues.make_ready(SCOPE, ONE)
    yield "put off", queues.put_off(SCOPE, ONE, 1)
    yield "take out", queues.take_out(SCOPE, ONE)
    yield "reprioritise", queues.reprioritise(SCOPE, ONE, Priority.URGENT.rank)
    yield "find entry", queues.find_entry(SCOPE, ONE)


def along(index: str) -> Iterator[tuple[str, Script[Any]]]:
    """What is read of many that wait, by the index that it should be read from."""
    if index == "outbox_pkey":
        yield "fresh", outbox.fresh(WAITING - 10, 256)
    elif index == "outbox_ready":
        yield "of a session", outbox.waiting(SCOPE.session, 64)
        yield "ahead", queues.ahead_of(SCOPE, Entry(2_000, 1, ONE, "queued", 0), 1_000)
    elif index == "outbox_due":
        yield "due", queues.due(NODE, FINISHED + 10, 50)
    else:
        yield "expired", queues.expired(NODE, FINISHED + 10, 50)


def in_history() -> Iterator[tuple[str, Script[Any]]]:
    """What is asked of all messages while one goes out."""
    yield "get", messages.get_message(SCOPE, ONE)
    yield "by its id at WhatsApp", messages.find_message(SCOPE, "wa_00102007", Direction.OUT)
    yield "status", messages.status_of(SCOPE, ONE)
    yield "begin to send", messages.start_message(SCOPE, ONE, "wa_00102007", 1)
    yield "is new", queues.is_new(SCOPE, ChatId("cht_00000007"), ONE)
    wanted = [("shop 7", f"49{n * 20 + 7}@s.whatsapp.net") for n in range(30)]
    yield "recipients", outbox.find_targets(SCOPE, "name", wanted)
    yield "a recipient", outbox.find_target(SCOPE, "shop 7", "address", wanted[0][1])
    yield "a key", outbox.claim_key(SCOPE, "key", KeyUse("print", ONE), 2, 1)


async def plan(database: Database, script: Script[Any]) -> list[str]:
    """The steps in which a script's first statement would be executed."""
    query = next(script)
    explain = "EXPLAIN QUERY PLAN" if database.dialect == "sqlite" else "EXPLAIN"
    explained = sql(explain, query.statement.text)
    column = "detail" if database.dialect == "sqlite" else "QUERY PLAN"

    def asked() -> Script[list[str]]:
        rows = yield explained(**dict(zip(query.statement.names, query.values, strict=True)))
        return [row[column] for row in rows]

    return await database.write(asked())


def whole_tables(steps: list[str]) -> list[str]:
    """Steps that read all of a large table."""
    return [step for step in steps if _WHOLE.search(step)]


async def test_what_waits_is_found_among_what_is_finished(database: Database) -> None:
    await database.write(filled(database.dialect))
    for name, script in (*by_its_id(), *in_history()):
        steps = await plan(database, script)
        assert not whole_tables(steps), (name, steps)
    for name, script in by_its_id():
        steps = await plan(database, script)
        assert any("outbox_message_id_key" in step or "(message_id=?)" in step for step in steps), (name, steps)
    for index in INDEXES:
        for name, script in along(index):
            steps = await plan(database, script)
            assert not any(re.search(r"(Seq Scan on|SCAN) m", step) for step in steps), (name, steps)


async def test_what_waits_is_found_when_it_is_known_how_much_waits(database: Database) -> None:
    await database.write(filled(database.dialect))
    await database.write(analysed())
    for index in INDEXES:
        for name, script in along(index):
            steps = await plan(database, script)
            also = "outbox USING INTEGER PRIMARY KEY" if index == "outbox_pkey" else index
            assert any(index in step or also in step for step in steps), (name, steps)
            assert not whole_tables(steps), (name, steps)


def analysed() -> Script[None]:
    yield sql("ANALYZE")()
