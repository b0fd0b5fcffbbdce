"""The rows of messages that other programs leave with SQL of their own (``docs/howto/sql-producers.md``).

They belong to nobody until they are read: whoever may write here may name any tenant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from wagate.domain.ids import MessageId, TenantId
from wagate.features.messaging.sql_rows import MAX_CONTENT, Left
from wagate.store.script import Dialect, Row, Script, Statement, sql

_CURSOR = "sql_inbox"

# Cut, so that a row of any size costs little: whatever is so long is refused all the same.
_CUT = {"text": 65_537, "content": MAX_CONTENT + 1}
_SHORT = ("tenant", "session", '"to"', "type", "priority", "send_at", "expires_at", "client_ref")
_ROW = ", ".join(
    [
        "id",
        *(f"substr({name}, 1, 1000) AS {name}" for name in _SHORT),
        *(f"substr({name}, 1, {length}) AS {name}" for name, length in _CUT.items()),
    ]
)
_WAITING = sql("SELECT", _ROW, "FROM outbox_inbox WHERE status = 'QUEUED' AND id > :after ORDER BY id LIMIT :limit")
_IDS = sql("SELECT id FROM outbox_inbox WHERE status = 'QUEUED' AND id > :after ORDER BY id LIMIT :limit")
_ONE = "FROM outbox_inbox WHERE id = :id AND status = 'QUEUED'"
# On PostgreSQL a producer may hold a row. Nobody waits for that while holding what all writers wait for.
_CLAIM: dict[Dialect, Statement] = {
    "sqlite": sql("SELECT", _ROW, _ONE),
    "postgresql": sql("SELECT", _ROW, _ONE, "FOR UPDATE SKIP LOCKED"),
}
_LOCK: dict[Dialect, Statement] = {
    "sqlite": sql("SELECT id", _ONE),
    "postgresql": sql("SELECT id", _ONE, "FOR UPDATE SKIP LOCKED"),
}
_MARK = sql(
    "UPDATE outbox_inbox SET status = :status, error = :error, message_id = :message, changed_at = :now WHERE id = :id"
)
_MOVE = sql(
    "UPDATE outbox_inbox SET status = :status, error = :error, changed_at = :now",
    "WHERE message_id = :message AND status <> 'QUEUED'",
)
_SWEEP = sql(
    "DELETE FROM outbox_inbox WHERE id IN (SELECT id FROM outbox_inbox",
    "WHERE changed_at <= :before AND status NOT IN ('QUEUED', 'ACCEPTED') ORDER BY changed_at LIMIT :limit)",
    "RETURNING id",
)
_TENANTS = sql("SELECT id FROM tenant WHERE id = :word OR name = :word LIMIT 2")
_ANY_TENANTS = sql("SELECT id FROM tenant LIMIT 2")
_BEGIN = sql(
    "INSERT INTO journal_cursor (name, position) SELECT :name, COALESCE(MAX(position), 0) FROM event WHERE 1 = 1",
    "ON CONFLICT (name) DO NOTHING",
)
_POSITION = sql("SELECT position FROM journal_cursor WHERE name = :name")
_ADVANCE = sql(
    "UPDATE journal_cursor SET position = :new WHERE name = :name AND position = :old RETURNING position",
)


def waiting(after: int, limit: int) -> Script[list[Left]]:
    """What was left and not looked at, behind an id, in order."""
    rows = yield _WAITING(after=after, limit=limit)
    return [_left(row) for row in rows]


def waiting_ids(after: int, limit: int) -> Script[list[int]]:
    """Their ids: nothing that could not be read."""
    rows = yield _IDS(after=after, limit=limit)
    return [int(row["id"]) for row in rows]


def claim(dialect: Dialect, id_: int) -> Script[Left | None]:
    """A row as it stands, ours until the COMMIT; None when it does not wait, or somebody else holds it."""
    rows = yield _CLAIM[dialect](id=id_)
    return _left(rows[0]) if rows else None


def mark(id_: int, status: str, message: MessageId | None, error: str | None, now_ms: int) -> Script[None]:
    """Say what became of a row that was claimed."""
    yield _MARK(id=id_, status=status, message=message, error=error, now=now_ms)


def reject(dialect: Dialect, id_: int, error: str, now_ms: int) -> Script[None]:
    """Say why nothing became of a row, if it still waits."""
    if (yield _LOCK[dialect](id=id_)):
        yield _MARK(id=id_, status="REJECTED", message=None, error=error, now=now_ms)


def move(moves: Iterable[Mapping[str, object]]) -> Script[None]:
    """Say how far messages got: ``message``, ``status``, ``error`` and ``now`` of each."""
    yield _MOVE.many(moves)


def sweep(before_ms: int, limit: int) -> Script[int]:
    """Remove what was over before a moment; how many rows that were."""
    rows = yield _SWEEP(before=before_ms, limit=limit)
    return len(rows)


def tenants(word: str | None) -> Script[list[TenantId]]:
    """Up to two tenants that are called so, by id or by name; None: any."""
    rows = yield (_ANY_TENANTS() if word is None else _TENANTS(word=word))
    return [TenantId(row["id"]) for row in rows]


def begin_to_follow() -> Script[None]:
    """From here on the journal is followed, if it was not already."""
    yield _BEGIN(name=_CURSOR)


def followed_up_to() -> Script[int]:
    """The position in the journal up to which the rows say what it says."""
    rows = yield _POSITION(name=_CURSOR)
    return int(rows[0]["position"])


def advance(old: int, new: int) -> Script[bool]:
    """Move on in the journal; False when another process did already."""
    return bool((yield _ADVANCE(name=_CURSOR, old=old, new=new)))


def _left(row: Row) -> Left:
    return Left(
        row["id"],
        row["tenant"],
        row["session"],
        row["to"],
        row["type"],
        row["text"],
        row["content"],
        row["priority"],
        row["send_at"],
        row["expires_at"],
        row["client_ref"],
    )
