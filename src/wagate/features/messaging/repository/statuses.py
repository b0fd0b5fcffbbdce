"""The rows of status posts: whom each is for, and who has looked at it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from wagate.domain.errors import InvalidCursor
from wagate.domain.ids import ContactId, MessageId
from wagate.domain.jid import Jid
from wagate.domain.message import Contact, Message
from wagate.domain.page import Order
from wagate.features.messaging.repository.outbox import address_of
from wagate.features.messaging.repository.people import InSession, contact_of
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
_VIEWED = scoped(
    "INSERT INTO status_view (message_id, contact_id, tenant_id, session_id, viewed_at)",
    "VALUES (:message, :contact, :tenant, :session, :at)",
    # A second receipt of one person tells nothing new, unless it was on its way for longer.
    "ON CONFLICT (message_id, contact_id) DO UPDATE SET viewed_at = excluded.viewed_at",
    "WHERE excluded.viewed_at < status_view.viewed_at",
)
_VIEWS = (
    "SELECT p.id, p.phone, p.lid, p.push_name, p.is_me, v.viewed_at"
    " FROM status_view v JOIN contact p ON p.id = v.contact_id"
    " WHERE v.tenant_id = :tenant AND v.message_id = :message"
)
_VIEWERS = {
    Order.ASC: scoped(
        _VIEWS, "AND (v.viewed_at, v.contact_id) > (:at, :contact) ORDER BY v.viewed_at, v.contact_id LIMIT :limit"
    ),
    Order.DESC: scoped(
        _VIEWS,
        "AND (v.viewed_at, v.contact_id) < (:at, :contact)",
        "ORDER BY v.viewed_at DESC, v.contact_id DESC LIMIT :limit",
    ),
}
_TAKE_OVER = scoped(
    "INSERT INTO status_view (message_id, contact_id, tenant_id, session_id, viewed_at)",
    "SELECT message_id, :kept, tenant_id, session_id, viewed_at FROM status_view",
    "WHERE tenant_id = :tenant AND session_id = :session AND contact_id = :gone",
    "ON CONFLICT (message_id, contact_id) DO UPDATE SET viewed_at = excluded.viewed_at",
    "WHERE excluded.viewed_at < status_view.viewed_at",
)
_DROP_VIEWER = scoped(
    "DELETE FROM status_view WHERE tenant_id = :tenant AND session_id = :session AND contact_id = :gone"
)
_DELETE_VIEWS = scoped(
    "DELETE FROM status_view WHERE tenant_id = :tenant AND (message_id, contact_id) IN",
    "(SELECT message_id, contact_id FROM status_view WHERE session_id = :session LIMIT :limit) RETURNING contact_id",
)

_PLACE = re.compile(r"(\d{1,16}):(\w{1,64})\Z")


@dataclass(frozen=True, slots=True)
class View:
    """That somebody has looked at a post, and when they did first, in ms since 1970."""

    viewer: Contact
    at: int

    @property
    def place(self) -> str:
        """Where it stands in the list of views of its post."""
        return f"{self.at}:{self.viewer.id}"

    @staticmethod
    def read_place(place: str) -> tuple[int, str]:
        """The moment and the contact's id in a place. Raises InvalidCursor."""
        found = _PLACE.match(place)
        if found is None:
            raise InvalidCursor("The cursor is not one of ours; take it from next_cursor as it is")
        return int(found[1]), found[2]


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


def viewed(message: Message, viewer: ContactId, at: int) -> Script[None]:
    """Somebody has looked at a post of ours."""
    yield _VIEWED(message, message=message.id, contact=viewer, session=message.session, at=at)


def views_of(message: Message, order: Order, after: tuple[int, str], limit: int) -> Script[list[View]]:
    """Who has looked at a post, and when, beyond a moment and a contact's id."""
    rows = yield _VIEWERS[order](message, message=message.id, at=after[0], contact=after[1], limit=limit)
    return [View(contact_of(row), row["viewed_at"]) for row in rows]


def move_viewer(scope: InSession, gone: ContactId, kept: ContactId) -> Script[None]:
    """A person turned out to be another one: what either has looked at first counts."""
    yield _TAKE_OVER(scope, session=scope.session, gone=gone, kept=kept)
    yield _DROP_VIEWER(scope, session=scope.session, gone=gone)


def delete_views(scope: InSession, limit: int) -> Script[int]:
    """Forget who has looked at the posts of a session; how many there were."""
    rows = yield _DELETE_VIEWS(scope, session=scope.session, limit=limit)
    return len(rows)
