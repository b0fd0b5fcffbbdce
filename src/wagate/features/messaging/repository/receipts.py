"""The rows that say how far a message of ours got with each of those whom it was for: in groups, and as a status post.

In a chat with one person the message itself says it, and there are no rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from wagate.domain.errors import InvalidCursor
from wagate.domain.ids import ContactId
from wagate.domain.message import Message, Receipt
from wagate.domain.page import Order
from wagate.features.messaging.repository.people import InSession, contact_of
from wagate.store.scoped import scoped
from wagate.store.script import Row, Script

_MOMENTS = ("delivered_at", "read_at", "played_at")
# A person has several devices, and receipts overtake each other: of each kind the first moment counts.
_EARLIEST = ", ".join(
    f"{moment} = CASE WHEN receipt.{moment} IS NULL OR excluded.{moment} < receipt.{moment}"
    f" THEN excluded.{moment} ELSE receipt.{moment} END"
    for moment in _MOMENTS
)
_ADD = scoped(
    "INSERT INTO receipt (message_id, contact_id, tenant_id, session_id, delivered_at, read_at, played_at)",
    "VALUES (:message, :contact, :tenant, :session, :delivered_at, :read_at, :played_at)",
    "ON CONFLICT (message_id, contact_id) DO UPDATE SET",
    _EARLIEST,
)
_VIEW = (
    "SELECT p.id, p.phone, p.lid, p.push_name, p.is_me, r.delivered_at, r.read_at, r.played_at"
    " FROM receipt r JOIN contact p ON p.id = r.contact_id WHERE r.tenant_id = :tenant AND r.message_id = :message"
)
_OF_MESSAGE = {
    Order.ASC: scoped(_VIEW, "AND r.contact_id > :after ORDER BY r.contact_id LIMIT :limit"),
    Order.DESC: scoped(_VIEW, "AND r.contact_id < :after ORDER BY r.contact_id DESC LIMIT :limit"),
}
_VIEWERS = {
    Order.ASC: scoped(
        _VIEW, "AND (r.read_at, r.contact_id) > (:at, :contact) ORDER BY r.read_at, r.contact_id LIMIT :limit"
    ),
    Order.DESC: scoped(
        _VIEW,
        "AND (r.read_at, r.contact_id) < (:at, :contact)",
        "ORDER BY r.read_at DESC, r.contact_id DESC LIMIT :limit",
    ),
}
_TAKE_OVER = scoped(
    "INSERT INTO receipt (message_id, contact_id, tenant_id, session_id, delivered_at, read_at, played_at)",
    "SELECT message_id, :kept, tenant_id, session_id, delivered_at, read_at, played_at FROM receipt",
    "WHERE tenant_id = :tenant AND session_id = :session AND contact_id = :gone",
    "ON CONFLICT (message_id, contact_id) DO UPDATE SET",
    _EARLIEST,
)
_DROP = scoped("DELETE FROM receipt WHERE tenant_id = :tenant AND session_id = :session AND contact_id = :gone")
_UNITE = scoped(
    "INSERT INTO receipt (message_id, contact_id, tenant_id, session_id, delivered_at, read_at, played_at)",
    "SELECT :kept, contact_id, tenant_id, session_id, delivered_at, read_at, played_at FROM receipt",
    "WHERE tenant_id = :tenant AND message_id = :gone",
    "ON CONFLICT (message_id, contact_id) DO UPDATE SET",
    _EARLIEST,
)
_DROP_OF = scoped("DELETE FROM receipt WHERE tenant_id = :tenant AND message_id = :gone")
_DELETE = scoped(
    "DELETE FROM receipt WHERE tenant_id = :tenant AND (message_id, contact_id) IN",
    "(SELECT message_id, contact_id FROM receipt WHERE session_id = :session LIMIT :limit) RETURNING contact_id",
)

_PLACE = re.compile(r"(\d{1,16}):(\w{1,64})\Z")


def view_of(receipt: Receipt) -> str:
    """Where somebody stands in the list of those who have looked."""
    return f"{receipt.read_at}:{receipt.recipient.id}"


def read_view(place: str) -> tuple[int, str]:
    """The moment and the contact's id in what `view_of` says. Raises InvalidCursor."""
    found = _PLACE.match(place)
    if found is None:
        raise InvalidCursor("The cursor is not one of ours; take it from next_cursor as it is")
    return int(found[1]), found[2]


def got(
    message: Message, recipient: ContactId, *, delivered: int, read: int | None, played: int | None
) -> Script[None]:
    """A message of ours got so far with somebody."""
    yield _ADD(
        message,
        message=message.id,
        contact=recipient,
        session=message.session,
        delivered_at=delivered,
        read_at=read,
        played_at=played,
    )


def receipts_of(message: Message, order: Order, after: str, limit: int) -> Script[list[Receipt]]:
    """How far a message got with each, in the order of the contacts' ids, beyond one of them."""
    return _receipts((yield _OF_MESSAGE[order](message, message=message.id, after=after, limit=limit)))


def viewers_of(message: Message, order: Order, after: tuple[int, str], limit: int) -> Script[list[Receipt]]:
    """Those who have read a message, in the order in which they did, beyond a moment and a contact's id."""
    return _receipts((yield _VIEWERS[order](message, message=message.id, at=after[0], contact=after[1], limit=limit)))


def move_recipient(scope: InSession, gone: ContactId, kept: ContactId) -> Script[None]:
    """A person turned out to be another one: what came first from either counts."""
    yield _TAKE_OVER(scope, session=scope.session, gone=gone, kept=kept)
    yield _DROP(scope, session=scope.session, gone=gone)


def unite(gone: Message, kept: Message) -> Script[None]:
    """Two messages turned out to be one: what came first of either counts."""
    yield _UNITE(kept, gone=gone.id, kept=kept.id)
    yield _DROP_OF(kept, gone=gone.id)


def delete_receipts(scope: InSession, limit: int) -> Script[int]:
    """Forget how far the messages of a session got with each; how many rows that were."""
    rows = yield _DELETE(scope, session=scope.session, limit=limit)
    return len(rows)


def _receipts(rows: Sequence[Row]) -> list[Receipt]:
    return [Receipt(contact_of(row), row["delivered_at"], row["read_at"], row["played_at"]) for row in rows]
