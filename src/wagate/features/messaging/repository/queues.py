"""The rows that say how sessions' queues stand, and what is done to messages that wait in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from wagate.domain.ids import ChatId, MessageId, NodeId, SessionId, TenantId
from wagate.features.messaging.repository.people import InSession
from wagate.store.scoped import Scoped, TenantScope, scoped
from wagate.store.script import Row, Script, sql


@dataclass(frozen=True, slots=True)
class QueueState:
    """Since when a session's queue is halted (ms), and what its pace and its guard remember.

    ``linked_at``: since when there is such a session (ms).
    """

    linked_at: int = 0
    halted_at: int | None = None
    pace: dict[str, Any] | None = None
    guard: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """A message about which something is to be done now. ``was``: the state that its row had."""

    scope: TenantScope
    session: SessionId
    message: MessageId
    was: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A message in a queue: its place, its state there, and not before when it goes (ms)."""

    position: int
    priority: int
    message: MessageId
    state: str
    due_at: int


_STATE = scoped(
    "SELECT s.created_at, q.halted_at, q.pace, q.guard FROM session s LEFT JOIN session_queue q",
    "ON q.session_id = s.id WHERE s.tenant_id = :tenant AND s.id = :session",
)
_PUT = {
    name: scoped(
        f"INSERT INTO session_queue (session_id, tenant_id, {name}) VALUES (:session, :tenant, :value)",  # noqa: S608
        f"ON CONFLICT (session_id) DO UPDATE SET {name} = excluded.{name}",
    )
    for name in ("halted_at", "pace", "guard")
}
_DELETE_STATE = scoped(
    "DELETE FROM session_queue WHERE tenant_id = :tenant AND session_id = :session RETURNING session_id"
)

# Of all tenants, but not of sessions that another process holds: it looks after them itself.
_ELSEWHERE = "EXISTS (SELECT 1 FROM session s WHERE s.id = o.session_id AND s.owner IS NOT NULL AND s.owner <> :node)"
_DUE = sql(
    "SELECT o.tenant_id, o.session_id, o.message_id, o.state FROM outbox o",
    "WHERE o.state IN ('later', 'unknown') AND o.due_at <= :now AND NOT",
    _ELSEWHERE,
    "ORDER BY o.due_at LIMIT :limit",
)
_EXPIRED = sql(
    "SELECT o.tenant_id, o.session_id, o.message_id, o.state FROM outbox o",
    "WHERE o.expires_at IS NOT NULL AND o.expires_at <= :now AND o.state IN ('queued', 'later') AND NOT",
    _ELSEWHERE,
    "ORDER BY o.expires_at LIMIT :limit",
)
_READY = scoped(
    "UPDATE outbox SET state = 'queued' WHERE tenant_id = :tenant AND message_id = :message AND state = 'later'",
    "RETURNING position",
)
_PUT_OFF = scoped(
    "UPDATE outbox SET state = 'later', due_at = :due_at WHERE tenant_id = :tenant AND message_id = :message",
    "AND state = 'queued' RETURNING position",
)
_TAKE_OUT = scoped(
    "DELETE FROM outbox WHERE tenant_id = :tenant AND message_id = :message AND state IN ('queued', 'later')",
    "RETURNING position",
)
_RAISE = scoped(
    "UPDATE outbox SET priority = :priority WHERE tenant_id = :tenant AND message_id = :message",
    "AND state IN ('queued', 'later') RETURNING position",
)
_ENTRY = "SELECT position, priority, message_id, state, due_at FROM outbox"
_LISTED = scoped(
    _ENTRY,
    "WHERE tenant_id = :tenant AND session_id = :session AND state IN ('queued', 'later')",
    "AND (priority, position) > (:priority, :position) ORDER BY priority, position LIMIT :limit",
)
_FIND = scoped(_ENTRY, "WHERE tenant_id = :tenant AND message_id = :message")
_IS_KNOWN = scoped(
    "SELECT 1 AS known FROM message WHERE tenant_id || '' = :tenant AND chat_id = :chat AND id <> :message",
    "AND status NOT IN ('queued', 'scheduled', 'failed', 'cancelled') LIMIT 1",
)
# Narrowed by the session's row, so that counting needs nothing but the index.
_AHEAD = scoped(
    "SELECT COUNT(*) AS ahead FROM (SELECT 1 FROM session s JOIN outbox o ON o.session_id = s.id",
    "WHERE s.tenant_id = :tenant AND s.id = :session AND o.state = 'queued'",
    "AND (o.priority, o.position) < (:priority, :position) LIMIT :most) AS before",
)


def state_of(scope: InSession) -> Script[QueueState]:
    """How a session's queue stands."""
    rows = yield _STATE(scope, session=scope.session)
    if not rows:
        return QueueState()
    row = rows[0]
    return QueueState(row["created_at"], row["halted_at"], _read(row["pace"]), _read(row["guard"]))


def halt(scope: InSession, since: int | None) -> Script[None]:
    """Let nothing leave since a moment (ms), or, with None, let it leave again."""
    yield _PUT["halted_at"](scope, session=scope.session, value=since)


def keep_pace(scope: InSession, kept: dict[str, Any]) -> Script[None]:
    """Write down what the pace is to remember."""
    yield _PUT["pace"](scope, session=scope.session, value=_write(kept))


def keep_guard(scope: InSession, kept: dict[str, Any]) -> Script[None]:
    """Write down what the guard is to remember."""
    yield _PUT["guard"](scope, session=scope.session, value=_write(kept))


def delete_states(scope: InSession, limit: int) -> Script[int]:
    """Forget how a session's queue stood; fewer than ``limit``, as there is one row at most."""
    assert limit > 1, "a limit leaves room to say that nothing is left"
    rows = yield _DELETE_STATE(scope, session=scope.session)
    return len(rows)


def due(node: NodeId, now_ms: int, limit: int) -> Script[list[Due]]:
    """Messages whose moment has come: those put off, and those of which nobody has learnt what became of them."""
    rows = yield _DUE(node=node, now=now_ms, limit=limit)
    return [_due(row) for row in rows]


def expired(node: NodeId, now_ms: int, limit: int) -> Script[list[Due]]:
    """Messages that wait and are not to be sent any more."""
    rows = yield _EXPIRED(node=node, now=now_ms, limit=limit)
    return [_due(row) for row in rows]


def make_ready(scope: Scoped, message: MessageId) -> Script[bool]:
    """A message that was put off waits for its turn from now on; False when it was not put off any more."""
    return bool((yield _READY(scope, message=message)))


def put_off(scope: Scoped, message: MessageId, due_at: int) -> Script[bool]:
    """A message does not wait for its turn before a moment (ms); False when it does not wait any more."""
    return bool((yield _PUT_OFF(scope, message=message, due_at=due_at)))


def take_out(scope: Scoped, message: MessageId) -> Script[bool]:
    """A message waits no longer; False when it did not any more."""
    return bool((yield _TAKE_OUT(scope, message=message)))


def reprioritise(scope: Scoped, message: MessageId, priority: int) -> Script[bool]:
    """A message that waits becomes more or less urgent; False when it does not wait any more."""
    return bool((yield _RAISE(scope, message=message, priority=priority)))


def entries(scope: InSession, after: tuple[int, int], limit: int) -> Script[list[Entry]]:
    """What waits in a session behind (priority, position), in its order."""
    rows = yield _LISTED(scope, session=scope.session, priority=after[0], position=after[1], limit=limit)
    return [_entry(row) for row in rows]


def find_entry(scope: Scoped, message: str) -> Script[Entry | None]:
    """A message's place among those on their way out; None when it is not among them."""
    rows = yield _FIND(scope, message=message)
    return _entry(rows[0]) if rows else None


def ahead_of(scope: InSession, entry: Entry, most: int) -> Script[int]:
    """How many messages are ready before another one, counted up to ``most``."""
    rows = yield _AHEAD(scope, session=scope.session, priority=entry.priority, position=entry.position, most=most)
    return int(rows[0]["ahead"])


def is_new(scope: Scoped, chat: ChatId, message: MessageId) -> Script[bool]:
    """Whether nothing but this message was ever said in a chat, as far as we know."""
    return not (yield _IS_KNOWN(scope, chat=chat, message=message))


def _due(row: Row) -> Due:
    scope = TenantScope(TenantId(row["tenant_id"]))
    return Due(scope, SessionId(row["session_id"]), MessageId(row["message_id"]), row["state"])


def _entry(row: Row) -> Entry:
    return Entry(row["position"], row["priority"], MessageId(row["message_id"]), row["state"], row["due_at"])


def _read(text: str | None) -> dict[str, Any] | None:
    return None if text is None else orjson.loads(text)


def _write(value: dict[str, Any]) -> str:
    return orjson.dumps(value).decode()
