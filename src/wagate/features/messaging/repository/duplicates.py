"""What was accepted lately on the terms that it is said once: a small table that forgets.

Its keys are random, so it must stay small: such an index over all that was ever sent costs more with every message.
"""

from __future__ import annotations

from wagate.domain.ids import MessageId
from wagate.store.scoped import Scoped, scoped
from wagate.store.script import Script, sql

# One that is too old for the new request makes way for it.
_CLAIM = scoped(
    "INSERT INTO duplicate (tenant_id, likeness, message_id, created_at)",
    "VALUES (:tenant, :likeness, :message, :now)",
    "ON CONFLICT (tenant_id, likeness) DO UPDATE SET message_id = excluded.message_id,",
    "created_at = excluded.created_at WHERE duplicate.created_at <= :expired RETURNING message_id",
)
_FIND = scoped("SELECT message_id FROM duplicate WHERE tenant_id = :tenant AND likeness = :likeness")
_TAKE_OVER = scoped(
    "UPDATE duplicate SET message_id = :message, created_at = :now WHERE tenant_id = :tenant AND likeness = :likeness"
)
# Those of all tenants age alike.
_SWEEP = sql(
    "DELETE FROM duplicate WHERE (tenant_id, likeness) IN",
    "(SELECT tenant_id, likeness FROM duplicate WHERE created_at <= :expired ORDER BY created_at LIMIT :limit)",
    "RETURNING likeness",
)


def claim(scope: Scoped, likeness: str, message: MessageId, now_ms: int, expired_ms: int) -> Script[MessageId | None]:
    """Let a message stand for all that are like it, or tell which one does, unless that is of before ``expired_ms``."""
    if (yield _CLAIM(scope, likeness=likeness, message=message, now=now_ms, expired=expired_ms)):
        return None
    rows = yield _FIND(scope, likeness=likeness)
    return MessageId(rows[0]["message_id"])


def take_over(scope: Scoped, likeness: str, message: MessageId, now_ms: int) -> Script[None]:
    """Let a message stand for all that are like it, in place of the one that did."""
    yield _TAKE_OVER(scope, likeness=likeness, message=message, now=now_ms)


def sweep(expired_ms: int, limit: int) -> Script[int]:
    """Forget what is of before a moment; how many were forgotten."""
    rows = yield _SWEEP(expired=expired_ms, limit=limit)
    return len(rows)
