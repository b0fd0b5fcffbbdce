"""The rows that messages are found by, and how each database is asked for them, newest first.

SQLite walks the common entries of posting lists from their end, whatever their length. PostgreSQL reads a GIN index
wholly before it sorts, so what is frequent is found by walking back in time, and what is not by the index, in windows
of time (`mark_of_window`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import orjson

from wagate.domain.ids import MessageId
from wagate.domain.message import Message
from wagate.features.messaging.repository.messages import VIEW, message_of
from wagate.features.messaging.repository.people import InSession
from wagate.features.messaging.words import pair_marks
from wagate.store.scoped import Scoped, ScopedStatement, scoped
from wagate.store.script import Dialect, Script, Statement, sql

WINDOW_BITS = 14
"""Positions of the journal in a window of time, as a power of two."""

LOWEST = -(2**62)
"""Below every position. What the phone tells of the past has no event of its own: it stands below 0."""

BOTH: tuple[Dialect, Dialect] = ("sqlite", "postgresql")
_STATE = sql("SELECT position FROM search_state WHERE name = :name")
_ADVANCE = sql(
    "UPDATE search_state SET position = :new WHERE name = 'indexer' AND position = :old RETURNING position",
)
_AS_WORDS = {"sqlite": ":words", "postgresql": "CAST(CAST(:words AS TEXT) AS TSVECTOR)"}
# The indexer works for all tenants; it only adds what is there, so that nothing comes back that was deleted.
_ADD: dict[Dialect, Statement] = {
    dialect: sql(
        "INSERT INTO search_entry (position, message_id, tenant_id, session_id, chat_id, words)",
        "SELECT CAST(:position AS BIGINT), m.id, m.tenant_id, m.session_id, m.chat_id,",
        _AS_WORDS[dialect],
        "FROM message m WHERE m.id = :message AND m.deleted_at IS NULL AND m.act_on IS NULL",
        "ON CONFLICT (message_id) DO NOTHING",
    )
    for dialect in BOTH
}
_REWRITE: dict[Dialect, Statement] = {
    dialect: sql(
        "UPDATE search_entry SET chat_id = (SELECT m.chat_id FROM message m WHERE m.id = search_entry.message_id),",
        "words =",
        _AS_WORDS[dialect],
        "WHERE message_id = :message",
        "AND EXISTS (SELECT 1 FROM message m WHERE m.id = search_entry.message_id)",
    )
    for dialect in BOTH
}
_PLACE = sql("SELECT position FROM search_entry WHERE message_id = :message")
_REMOVE = sql("DELETE FROM search_entry WHERE message_id = :message")
_OLDEST = sql("SELECT COALESCE(MIN(position), 0) AS position FROM search_entry")
_TAKE_PLACES = sql(
    "INSERT INTO search_state (name, position) VALUES ('past', CAST(:taken AS BIGINT))",
    "ON CONFLICT (name) DO UPDATE SET position = search_state.position + excluded.position RETURNING position",
)
_DELETE = scoped(
    "DELETE FROM search_entry WHERE tenant_id = :tenant AND position IN",
    "(SELECT position FROM search_entry WHERE session_id = :session LIMIT :limit) RETURNING position",
)
_FIRST = sql("SELECT message_id FROM search_entry WHERE position >= 0 ORDER BY position LIMIT 1")
_SINCE = scoped(
    "SELECT e.position FROM message m JOIN search_entry e ON e.message_id = m.id",
    # Both are bounded: a merge of the two indexes would else begin with the oldest entry of all.
    "WHERE m.tenant_id = :tenant AND m.id >= :id AND e.message_id >= :id AND e.position >= 0 ORDER BY m.id LIMIT 1",
)

# The expression around tenant_id keeps it a filter: the full-text index, or the narrower one, is to be used. What is
# asked is read in a query of its own, which runs once: as a part of the condition it would be read for every row.
_FOUND: dict[Dialect, ScopedStatement] = {
    "sqlite": scoped(
        "SELECT e.position, e.message_id FROM (SELECT rowid AS position FROM search_word",
        "WHERE search_word MATCH :query AND rowid < :before AND rowid >= :since ORDER BY rowid DESC LIMIT :limit) h",
        "CROSS JOIN search_entry e ON e.position = h.position WHERE e.tenant_id || '' = :tenant",
        "ORDER BY e.position DESC",
    ),
    "postgresql": scoped(
        "WITH hit AS MATERIALIZED (SELECT position, message_id FROM search_entry",
        "WHERE words @@ (SELECT CAST(CAST(:query AS TEXT) AS TSQUERY)) AND tenant_id || '' = :tenant)",
        "SELECT position, message_id FROM hit WHERE position < :before AND position >= :since",
        "ORDER BY position DESC LIMIT :limit",
    ),
}
# A recursive query takes one step after the other by definition, and none when there is enough. The windows are a
# condition of their own: inside the query they would be tried for every entry of its rarest word. The index takes the
# first condition's next entry, and leaps to it with the second. So where much is found the query comes first, which is
# cheaper and ends with its first entry beyond the windows; where little is found, the windows do, and it ends there.
_WINDOW = "words @@ (SELECT CAST((CAST(:steps AS TEXT[]))[s.taken + 1] AS TSQUERY))"
_ASKED = "words @@ (SELECT CAST(CAST(:query AS TEXT) AS TSQUERY))"
_IN_STEPS = {
    is_dense: scoped(
        "WITH RECURSIVE step (taken, found, positions, messages) AS (",
        "SELECT 0, CAST(0 AS BIGINT), CAST(NULL AS BIGINT[]), CAST(NULL AS TEXT[]) UNION ALL",
        "SELECT s.taken + 1, s.found + f.found, f.positions, f.messages FROM step s CROSS JOIN LATERAL",
        "(SELECT COUNT(*) AS found, ARRAY_AGG(h.position) AS positions, ARRAY_AGG(h.message_id) AS messages FROM",
        "(SELECT e.position, e.message_id FROM (SELECT position + 0 AS position, message_id FROM search_entry WHERE",
        f"{_ASKED} AND {_WINDOW}" if is_dense else f"{_WINDOW} AND {_ASKED}",
        "AND tenant_id || '' = :tenant) e",
        "WHERE e.position < :before AND e.position >= :since ORDER BY e.position DESC LIMIT :limit) h) f",
        "WHERE s.found < :limit AND s.taken < CARDINALITY(CAST(:steps AS TEXT[]))",
        "AND (s.taken = 0 OR s.positions IS NOT NULL)" if is_dense else "",
        ") SELECT t.taken, h.position, h.message_id FROM (SELECT MAX(taken) AS taken FROM step) t LEFT JOIN",
        "(SELECT u.position, u.message_id FROM step s CROSS JOIN LATERAL",
        "UNNEST(s.positions, s.messages) AS u (position, message_id) ORDER BY u.position DESC LIMIT :limit) h ON TRUE",
        "ORDER BY h.position DESC",
    )
    for is_dense in (True, False)
}
_PLACES = {
    "tenant": "tenant_id = :tenant",
    "session": "tenant_id || '' = :tenant AND session_id = :place",
    "chat": "tenant_id || '' = :tenant AND chat_id = :place",
}
_NEAREST = "AND position < :before AND position >= :since ORDER BY position DESC LIMIT :window"
_WALK_SQLITE = {
    place: scoped("SELECT position, message_id, words FROM search_entry WHERE", where, _NEAREST)
    for place, where in _PLACES.items()
}
_WALK_POSTGRESQL = {
    place: scoped(
        "WITH w AS MATERIALIZED (SELECT position, message_id, words FROM search_entry WHERE",
        where,
        _NEAREST,
        ") SELECT s.walked, s.low, s.high, (SELECT MAX(position) FROM search_entry) AS head, h.position, h.message_id",
        "FROM (SELECT COUNT(*) AS walked, MIN(position) AS low, MAX(position) AS high FROM w) s LEFT JOIN",
        "(SELECT position, message_id FROM w WHERE words @@ (SELECT CAST(CAST(:query AS TEXT) AS TSQUERY))",
        "ORDER BY position DESC LIMIT :limit) h ON TRUE ORDER BY h.position DESC",
    )
    for place, where in _PLACES.items()
}
_BY_IDS: dict[Dialect, ScopedStatement] = {
    "sqlite": scoped(VIEW, "WHERE m.tenant_id || '' = :tenant AND m.id IN (SELECT value FROM json_each(:ids))"),
    "postgresql": scoped(VIEW, "WHERE m.tenant_id || '' = :tenant AND m.id = ANY(CAST(:ids AS TEXT[]))"),
}


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry that was found."""

    position: int
    message: MessageId


@dataclass(frozen=True, slots=True)
class Walk:
    """Some entries next to each other in time: how many, their lowest and highest position, and what was found.

    ``head`` is the highest position of all entries.
    """

    walked: int
    low: int
    high: int
    head: int
    hits: list[Hit]


@dataclass(frozen=True, slots=True)
class Reach:
    """The part of the journal that is looked through: positions from ``since`` to before ``before``."""

    before: int
    since: int


@dataclass(frozen=True, slots=True)
class Entry:
    """What a message is found by."""

    position: int
    message: MessageId
    words: str


def mark_of_window(position: int) -> str:
    """The mark of all entries of about that time."""
    return _mark_of(position >> WINDOW_BITS)


def stored_words(dialect: Dialect, words: Sequence[str], marks: Iterable[str]) -> str:
    """Words and marks as a row keeps them. Words have places, marks have none.

    PostgreSQL's index does not know the places, so there pairs of short words are marks as well.
    """
    if dialect == "sqlite":
        return " ".join([*marks, *words])
    places: dict[str, list[str]] = {}
    for place, word in enumerate(words, 1):
        places.setdefault(word, []).append(str(place))
    quoted = [f"'{mark}'" for mark in chain(marks, pair_marks(words))]
    return " ".join([*quoted, *(f"'{word}':{','.join(at)}" for word, at in places.items())])


def indexed_up_to() -> Script[int]:
    """How far the indexer has read the journal."""
    rows = yield _STATE(name="indexer")
    return int(rows[0]["position"])


def paired_after() -> Script[int]:
    """The position after which all entries of PostgreSQL are marked with their pairs of short words."""
    rows = yield _STATE(name="pairs")
    return int(rows[0]["position"])


def advance(old: int, new: int) -> Script[bool]:
    """The indexer has read on. False when another process was faster: then nothing of this transaction may stay."""
    return bool((yield _ADVANCE(old=old, new=new)))


def add_entries(dialect: Dialect, entries: Sequence[Entry]) -> Script[None]:
    """Add what is there."""
    yield _ADD[dialect].many(
        [{"position": entry.position, "message": entry.message, "words": entry.words} for entry in entries]
    )


def places_of_the_past(count: int) -> Script[range]:
    """So many positions for what the phone told, the newest first; each is given out once."""
    lowest = int((yield _TAKE_PLACES(taken=-count))[0]["position"])
    return range(lowest + count - 1, lowest - 1, -1)


def oldest() -> Script[int]:
    """The lowest position of all entries, 0 where there is none."""
    rows = yield _OLDEST()
    return int(rows[0]["position"])


def place_of(message: str) -> Script[int | None]:
    """Where a message's entry stands."""
    rows = yield _PLACE(message=message)
    return int(rows[0]["position"]) if rows else None


def rewrite_entry(dialect: Dialect, message: MessageId, words: str) -> Script[None]:
    """A message is found by something else from now on."""
    yield _REWRITE[dialect](message=message, words=words)


def remove_entry(message: str) -> Script[None]:
    """A message is not to be found any more."""
    yield _REMOVE(message=message)


def delete_entries(scope: InSession, limit: int) -> Script[int]:
    """Remove entries of a session; how many there were."""
    rows = yield _DELETE(scope, session=scope.session, limit=limit)
    return len(rows)


def position_since(scope: Scoped, message: str) -> Script[int | None]:
    """The position of a tenant's first message whose id is not below this one; the past does not count."""
    first = yield _FIRST()
    if first and message <= first[0]["message_id"]:
        return 0  # and need not be looked for behind all that the phone told of the past
    rows = yield _SINCE(scope, id=message)
    return int(rows[0]["position"]) if rows else None


def found(dialect: Dialect, scope: Scoped, query: str, reach: Reach, limit: int) -> Script[list[Hit]]:
    """What the full-text index knows, newest first. ``query`` is in the database's own language."""
    rows = yield _FOUND[dialect](scope, query=query, before=reach.before, since=reach.since, limit=limit)
    return [Hit(row["position"], MessageId(row["message_id"])) for row in rows]


def found_in_steps(
    scope: Scoped, query: str, reach: Reach, steps: Sequence[range], limit: int, *, is_dense: bool
) -> Script[tuple[list[Hit], int]]:
    """Like ``found``, on PostgreSQL, but in steps of windows next to each other, the newest ones first.

    As soon as there are enough no further step is taken; with ``is_dense`` that most steps bring something is taken for
    granted, and none is taken after one that does not. The second answer is where it ended: nothing was overlooked from
    there on.
    """
    asked = [" | ".join(f"'{_mark_of(window)}'" for window in step) for step in steps]
    rows = yield _IN_STEPS[is_dense](
        scope, query=query, steps=asked, before=reach.before, since=reach.since, limit=limit
    )
    hits = [Hit(row["position"], MessageId(row["message_id"])) for row in rows if row["position"] is not None]
    last = steps[rows[0]["taken"] - 1]
    return hits, max(last.start << WINDOW_BITS, reach.since)


def walk_sqlite(scope: Scoped, place: tuple[str, str], reach: Reach, window: int) -> Script[list[tuple[Hit, str]]]:
    """Entries next to each other in time, with their words."""
    rows = yield _WALK_SQLITE[place[0]](scope, window=window, **_reaching(place, reach))
    return [(Hit(row["position"], MessageId(row["message_id"])), row["words"]) for row in rows]


def walk_postgresql(
    scope: Scoped, place: tuple[str, str], query: str, reach: Reach, window: int, limit: int
) -> Script[Walk]:
    """Entries next to each other in time, and what was looked for among them."""
    rows = yield _WALK_POSTGRESQL[place[0]](scope, query=query, window=window, limit=limit, **_reaching(place, reach))
    hits = [Hit(row["position"], MessageId(row["message_id"])) for row in rows if row["position"] is not None]
    row = rows[0]
    return Walk(row["walked"], row["low"] or 0, row["high"] or 0, row["head"] or 0, hits)


def messages_by_id(dialect: Dialect, scope: Scoped, ids: Sequence[str]) -> Script[dict[str, Message]]:
    """Those of a tenant's messages that are there."""
    if not ids:
        return {}
    rows = yield _BY_IDS[dialect](scope, ids=orjson.dumps(ids).decode() if dialect == "sqlite" else list(ids))
    return {row["id"]: message_of(row) for row in rows}


def _mark_of(window: int) -> str:
    return f"_b{window}" if window >= 0 else f"_bn{-window}"


def _reaching(place: tuple[str, str], reach: Reach) -> Mapping[str, Any]:
    narrowed = {} if place[0] == "tenant" else {"place": place[1]}
    return {"before": reach.before, "since": reach.since, **narrowed}
