"""The rows of the journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import orjson

from wagate.domain.events import Event, EventType
from wagate.domain.ids import EventId, SessionId, TenantId
from wagate.store.scoped import Scoped, scoped
from wagate.store.script import Row, Script, Statement, sql


@dataclass(frozen=True, slots=True)
class News:
    """An event of a session that is to be written down. ``occurred_at`` is in ms."""

    id: EventId
    session: SessionId
    type: EventType
    data: Mapping[str, object]
    occurred_at: int


_EVENT = "position, id, tenant_id, session_id, seq, type, occurred_at, data"

_NEXT_SEQ = sql(
    "INSERT INTO session_counter (session_id, seq) VALUES (:counter, 1)",
    "ON CONFLICT (session_id) DO UPDATE SET seq = session_counter.seq + 1 RETURNING seq",
)
_APPEND_ALL = scoped(
    "INSERT INTO event (id, tenant_id, session_id, seq, type, occurred_at, data)",
    "VALUES (:id, :tenant, :session, :seq, :type, :occurred_at, :data)",
)
_APPEND = scoped(
    "INSERT INTO event (id, tenant_id, session_id, seq, type, occurred_at, data)",
    "VALUES (:id, :tenant, :session, :seq, :type, :occurred_at, :data) RETURNING position",
)
# The relay reads for everybody and hands each event to its own tenant's listeners.
_SINCE = sql("SELECT", _EVENT, "FROM event WHERE position > :after ORDER BY position LIMIT :limit")
# The search index is kept for everybody.
_BETWEEN = sql(
    "SELECT",
    _EVENT,
    "FROM event WHERE position > :after AND position <= :until AND type IN (:a, :b, :c, :d, :e, :f, :g, :h)",
    "AND NOT (type = :left_out AND data LIKE :holding) ORDER BY position",
)
_HEAD = sql("SELECT COALESCE(MAX(position), 0) AS position FROM event")

_OF_TENANT = "FROM event WHERE tenant_id = :tenant"
_OF_SESSION = "FROM event WHERE tenant_id = :tenant AND session_id = :session"
_PLACE = scoped("SELECT position", _OF_TENANT, "AND id = :id")
_PAGES = {
    (False, True): scoped("SELECT", _EVENT, _OF_TENANT, "AND position > :after ORDER BY position LIMIT :limit"),
    (False, False): scoped("SELECT", _EVENT, _OF_TENANT, "AND position < :after ORDER BY position DESC LIMIT :limit"),
    (True, True): scoped("SELECT", _EVENT, _OF_SESSION, "AND position > :after ORDER BY position LIMIT :limit"),
    (True, False): scoped("SELECT", _EVENT, _OF_SESSION, "AND position < :after ORDER BY position DESC LIMIT :limit"),
}
"""By (of one session only, ascending)."""


def append(
    scope: Scoped,
    event_id: EventId,
    session: SessionId | None,
    type_: EventType,
    data: Mapping[str, object],
    occurred_at: int,
) -> Script[Event]:
    """Write an event down under the next number of its session; what has no session is numbered per tenant."""
    counted = yield _NEXT_SEQ(counter=session or scope.tenant)
    seq: int = counted[0]["seq"]
    placed = yield _APPEND(
        scope,
        id=event_id,
        session=session,
        seq=seq,
        type=type_.value,
        occurred_at=occurred_at,
        data=orjson.dumps(data).decode(),
    )
    return Event(placed[0]["position"], event_id, seq, type_, scope.tenant, session, occurred_at, dict(data))


def append_all(scope: Scoped, news: Sequence[News]) -> Script[None]:
    """Write events of sessions down in their order, each under the next number of its session."""
    counts = Counter(each.session for each in news)
    numbered: dict[str, object] = {f"session{place}": session for place, session in enumerate(counts)}
    numbered |= {f"count{place}": count for place, count in enumerate(counts.values())}
    rows = yield _next_seqs(len(counts))(**numbered)
    following = {row["session_id"]: row["seq"] - counts[row["session_id"]] for row in rows}
    values = []
    for each in news:
        seq = following[each.session] = following[each.session] + 1
        values.append(
            {
                "id": each.id,
                "session": each.session,
                "seq": seq,
                "type": each.type.value,
                "occurred_at": each.occurred_at,
                "data": orjson.dumps(each.data).decode(),
            }
        )
    yield _APPEND_ALL.many(scope, values)


@cache
def _next_seqs(count: int) -> Statement:
    """The statement that gives numbers to so many sessions at once."""
    rows = ", ".join(f"(:session{place}, :count{place})" for place in range(count))
    return sql(
        f"INSERT INTO session_counter (session_id, seq) VALUES {rows}",  # noqa: S608  names of parameters
        "ON CONFLICT (session_id) DO UPDATE SET seq = session_counter.seq + excluded.seq RETURNING session_id, seq",
    )


def since(position: int, limit: int) -> Script[list[Event]]:
    """Every tenant's events behind a position, in order."""
    rows = yield _SINCE(after=position, limit=limit)
    return [_event(row) for row in rows]


def between(after: int, until: int, types: Sequence[EventType], but: tuple[EventType, str]) -> Script[list[Event]]:
    """Every tenant's events of up to eight types behind a position, up to another one, in order.

    Left out, before they are read, are those of one type whose JSON is ``LIKE`` a pattern.
    """
    words = [type_.value for type_ in types]
    names = "abcdefgh"
    chosen = {name: words[min(place, len(words) - 1)] for place, name in enumerate(names)}
    rows = yield _BETWEEN(after=after, until=until, left_out=but[0].value, holding=but[1], **chosen)
    return [_event(row) for row in rows]


def head() -> Script[int]:
    """The position of the newest event, or 0."""
    rows = yield _HEAD()
    return int(rows[0]["position"])


def place_of(scope: Scoped, event_id: str) -> Script[int | None]:
    """The position of one of a tenant's events."""
    rows = yield _PLACE(scope, id=event_id)
    return rows[0]["position"] if rows else None


def page(
    scope: Scoped, *, after: int, ascending: bool, limit: int, session: SessionId | None = None
) -> Script[list[Event]]:
    """A tenant's events beyond a position, forwards or backwards."""
    statement = _PAGES[session is not None, ascending]
    values: dict[str, object] = {"after": after, "limit": limit}
    if session is not None:
        values["session"] = session
    rows = yield statement(scope, **values)
    return [_event(row) for row in rows]


def _event(row: Row) -> Event:
    session = row["session_id"]
    return Event(
        row["position"],
        EventId(row["id"]),
        row["seq"],
        EventType(row["type"]),
        TenantId(row["tenant_id"]),
        None if session is None else SessionId(session),
        row["occurred_at"],
        orjson.loads(row["data"]),
    )
