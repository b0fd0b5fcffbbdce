"""The rows of status posts: whom each is for."""

from __future__ import annotations

from wagate.domain.ids import MessageId
from wagate.domain.jid import Jid
from wagate.domain.message import Message
from wagate.features.messaging.repository.outbox import address_of
from wagate.features.messaging.repository.people import InSession
from wagate.store.scoped import Scoped, scoped
from wagate.store.script import Script

# Both databases find the chat of each by the index on its contact.
_AUDIENCE = scoped(
    "SELECT p.phone, p.lid FROM contact p LEFT JOIN chat c ON c.session_id = p.session_id AND c.contact_id = p.id",
    "LEFT JOIN contact_detail d ON d.contact_id = p.id",
    "WHERE p.tenant_id = :tenant AND p.session_id = :session AND p.merged_into IS NULL AND p.is_me = 0",
    "AND (p.phone IS NOT NULL OR p.lid IS NOT NULL) AND (p.name IS NOT NULL OR c.id IS NOT NULL)",
    "AND COALESCE(d.blocked, 0) = 0 ORDER BY p.id LIMIT :limit",
)
_ADD = scoped(
    "INSERT INTO status_audience (message_id, tenant_id, session_id, people)",
    "VALUES (:message, :tenant, :session, :people)",
)
# A post is taken back from those whom it was for.
_OF_MESSAGE = scoped(
    "SELECT a.people FROM message m JOIN status_audience a ON a.message_id = COALESCE(m.act_on, m.id)",
    "WHERE m.tenant_id = :tenant AND m.id = :message",
)
_DELETE = scoped(
    "DELETE FROM status_audience WHERE tenant_id = :tenant AND message_id IN",
    "(SELECT message_id FROM status_audience WHERE session_id = :session LIMIT :limit) RETURNING message_id",
)


def audience(scope: InSession, limit: int) -> Script[list[tuple[Jid, ...]]]:
    """Everybody who is saved under a name or has a chat, but whom we have blocked: the address to write to first."""
    rows = yield _AUDIENCE(scope, session=scope.session, limit=limit)
    found: list[tuple[Jid, ...]] = []
    for row in rows:
        first = address_of(row["phone"], row["lid"], None)
        found.append((first,) if row["lid"] is None else (first, Jid(row["lid"])))
    return found


def address(message: Message, people: tuple[Jid, ...]) -> Script[None]:
    """Keep whom a post is for."""
    yield _ADD(message, message=message.id, session=message.session, people=" ".join(people))


def audience_of(scope: Scoped, message: MessageId) -> Script[tuple[Jid, ...]]:
    """Whom a post, or the one that is taken back by this, is for."""
    rows = yield _OF_MESSAGE(scope, message=message)
    return tuple(map(Jid, rows[0]["people"].split())) if rows else ()


def delete_audiences(scope: InSession, limit: int) -> Script[int]:
    """Forget whom the posts of a session were for; how many there were."""
    rows = yield _DELETE(scope, session=scope.session, limit=limit)
    return len(rows)
