"""The rows of histories that are being read: what has come of each so far."""

from __future__ import annotations

from dataclasses import dataclass

from wagate.features.messaging.repository.people import InSession
from wagate.store.scoped import scoped
from wagate.store.script import Script


@dataclass(frozen=True, slots=True)
class Tally:
    """What a history held: chats, messages, and how many of those were not here already."""

    chats: int = 0
    messages: int = 0
    added: int = 0


_ADD = scoped(
    "INSERT INTO history (session_id, name, tenant_id, chats, messages, added)",
    "VALUES (:session, :name, :tenant, :chats, :messages, :added)",
    "ON CONFLICT (session_id, name) DO UPDATE SET chats = history.chats + excluded.chats,",
    "messages = history.messages + excluded.messages, added = history.added + excluded.added",
)
_TAKE = scoped(
    "DELETE FROM history WHERE tenant_id = :tenant AND session_id = :session AND name = :name",
    "RETURNING chats, messages, added",
)
_DELETE = scoped(
    "DELETE FROM history WHERE tenant_id = :tenant AND (session_id, name) IN",
    "(SELECT session_id, name FROM history WHERE session_id = :session LIMIT :limit) RETURNING name",
)


def add_to(scope: InSession, name: str, tally: Tally) -> Script[None]:
    """Count what a part of a history held."""
    yield _ADD(scope, session=scope.session, name=name, chats=tally.chats, messages=tally.messages, added=tally.added)


def take(scope: InSession, name: str) -> Script[Tally]:
    """What a history held that has been read to its end; it is forgotten."""
    rows = yield _TAKE(scope, session=scope.session, name=name)
    return Tally(rows[0]["chats"], rows[0]["messages"], rows[0]["added"]) if rows else Tally()


def delete_histories(scope: InSession, limit: int) -> Script[int]:
    """Remove what is kept of a session's histories; how many there were."""
    rows = yield _DELETE(scope, session=scope.session, limit=limit)
    return len(rows)
