"""The rows of messages."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from functools import cache

from wagate.domain.ids import ChatId, ContactId, MessageId
from wagate.domain.jid import Jid
from wagate.domain.message import Chat, Contact, Direction, Message, MessageStatus, Origin
from wagate.domain.page import Order
from wagate.features.messaging.repository.attachments import with_media
from wagate.features.messaging.repository.people import InSession
from wagate.features.messaging.stored import (
    Transition,
    read_conditions,
    read_content,
    read_context,
    read_failure,
    read_quoted,
    read_timeline,
    write_conditions,
    write_content,
    write_context,
    write_failure,
    write_quoted,
    write_transition,
)
from wagate.store.scoped import Scoped, ScopedStatement, scoped
from wagate.store.script import Row, Script

VIEW = (
    "SELECT m.id, m.tenant_id, m.session_id, m.sender_id, m.direction, m.origin, m.wa_id, m.client_ref, m.content,"
    " m.quoted, m.status, m.status_reason, m.failure, m.accepted_at, m.sent_at, m.delivered_at, m.read_at,"
    " m.context, m.edited_at, m.deleted_at, m.act_on, m.starred_at, m.conditions, m.due_at,"
    " c.id AS chat_id, c.kind, c.jid, c.name AS chat_name,"
    " p.id AS contact_id, p.phone, p.lid, p.push_name, p.is_me,"
    " COALESCE(f.merged_into, f.id) AS from_id, f.phone AS from_phone, f.lid AS from_lid,"
    " f.push_name AS from_push_name"
    " FROM message m JOIN chat c ON c.id = m.chat_id"
    " LEFT JOIN contact p ON p.id = c.contact_id"
    " LEFT JOIN contact f ON f.id = m.sender_id"
)
_GET = scoped(VIEW, "WHERE m.tenant_id = :tenant AND m.id = :id")
# The expressions keep tenant and chat filters: without statistics the planner may take any other index for better than
# that of (session, wa_id), and each ack would walk all messages of a tenant.
_BY_WA_ID = scoped(
    VIEW,
    "WHERE m.tenant_id || '' = :tenant AND m.session_id = :session AND m.wa_id = :wa_id AND m.direction = :direction",
)
_IN_CHAT = scoped(
    VIEW,
    "WHERE m.tenant_id || '' = :tenant AND m.session_id = :session AND m.wa_id = :wa_id AND m.chat_id || '' = :chat",
    "AND m.act_on IS NULL",
)
_TIMELINE = scoped("SELECT timeline FROM message WHERE tenant_id = :tenant AND id = :id")
_STATUS = scoped("SELECT status FROM message WHERE tenant_id = :tenant AND id = :id")
_INSERT = (
    "INSERT INTO message (id, tenant_id, session_id, chat_id, sender_id, direction, origin, wa_id, client_ref,"
    " content, quoted, status, status_reason, failure, accepted_at, sent_at, delivered_at, read_at, context, act_on,"
    " conditions, due_at, timeline)"
    " VALUES (:id, :tenant, :session, :chat, :sender, :direction, :origin, :wa_id, :client_ref, :content,"
    " :quoted, :status, NULL, NULL, :accepted_at, :sent_at, NULL, NULL, :context, :act_on, :conditions, :due_at,"
    " :timeline)"
)
_ADD_ALL = scoped(_INSERT)
_ADD = scoped(
    _INSERT,
    "ON CONFLICT (session_id, wa_id, chat_id, sender_id) DO NOTHING RETURNING EXISTS (SELECT 1 FROM act",
    "WHERE act.session_id = message.session_id AND act.wa_id = message.wa_id AND act.is_known = 0) AS is_awaited",
)
_CLAIM = scoped(
    "UPDATE message SET origin = :origin WHERE tenant_id = :tenant AND session_id = :session AND wa_id = :wa_id",
    "AND chat_id = :chat AND sender_id = :sender AND origin = 'history' RETURNING id",
)
_OLDEST = scoped(
    "SELECT wa_id, direction, sent_at, accepted_at FROM message WHERE tenant_id || '' = :tenant AND chat_id = :chat",
    "AND wa_id IS NOT NULL AND act_on IS NULL",
    "AND status NOT IN ('queued', 'scheduled', 'sending', 'failed', 'cancelled') ORDER BY id LIMIT 1",
)
_REWRITE = scoped(
    "UPDATE message SET content = :content, edited_at = :edited_at, deleted_at = :deleted_at",
    "WHERE tenant_id = :tenant AND id = :id",
)
_MOVE = scoped(
    "UPDATE message SET status = :status, status_reason = :reason, failure = :failure, sent_at = :sent_at,",
    "delivered_at = :delivered_at, read_at = :read_at, due_at = :due_at, conditions = :conditions,",
    "timeline = COALESCE(timeline, '') || :came_to WHERE tenant_id = :tenant AND id = :id",
)
_DELETE_ONE = scoped("DELETE FROM message WHERE tenant_id = :tenant AND id = :id")
_DELETE = scoped(
    "DELETE FROM message WHERE tenant_id = :tenant AND id IN",
    "(SELECT id FROM message WHERE session_id = :session ORDER BY id LIMIT :limit) RETURNING id",
)
_START = scoped(
    "UPDATE message SET status = 'sending', wa_id = :wa_id, due_at = NULL,",
    "timeline = COALESCE(timeline, '') || :came_to WHERE tenant_id = :tenant AND id = :id AND status = 'queued'",
)
_NAME = scoped("UPDATE message SET wa_id = :wa_id WHERE tenant_id = :tenant AND id = :id")

# The expression around tenant_id keeps it a filter: the narrower index is the one to walk.
_PLACES = {
    "tenant": "m.tenant_id = :tenant",
    "session": "m.tenant_id || '' = :tenant AND m.session_id = :place",
    "chat": "m.tenant_id || '' = :tenant AND m.chat_id = :place",
}
# What was cleared with its chat is not listed any more.
_IN_SIGHT = (
    "AND (c.cleared_until IS NULL OR m.starred_at IS NOT NULL OR COALESCE(m.sent_at, m.accepted_at) > c.cleared_until)"
)
_FLAGS = ("acts", "media")
_HAS_MEDIA = {
    "with": "AND EXISTS (SELECT 1 FROM attachment a WHERE a.message_id = m.id)",
    "without": "AND NOT EXISTS (SELECT 1 FROM attachment a WHERE a.message_id = m.id)",
}
_WALKS = {
    Order.ASC: "m.id > :after ORDER BY m.id LIMIT :limit",
    Order.DESC: "m.id < :after ORDER BY m.id DESC LIMIT :limit",
}


def get_message(scope: Scoped, message: str) -> Script[Message | None]:
    """One message of a tenant."""
    rows = yield _GET(scope, id=message)
    return (yield from with_media(scope, [message_of(rows[0])]))[0] if rows else None


def find_message(scope: InSession, wa_id: str, direction: Direction) -> Script[Message | None]:
    """The message that WhatsApp knows by this id: ours when outbound, for nobody else writes in our name."""
    rows = yield _BY_WA_ID(scope, session=scope.session, wa_id=wa_id, direction=direction.value)
    return (yield from with_media(scope, [message_of(rows[0])]))[0] if rows else None


def status_of(scope: Scoped, message: MessageId) -> Script[MessageStatus | None]:
    """Only the status of one message."""
    rows = yield _STATUS(scope, id=message)
    return MessageStatus(rows[0]["status"]) if rows else None


def messages_of(scope: InSession, chat: ChatId, wa_id: str) -> Script[list[Message]]:
    """The messages of a chat that WhatsApp knows by this id: one, but for somebody who chose another's id."""
    rows = yield _IN_CHAT(scope, session=scope.session, chat=chat, wa_id=wa_id)
    return sorted((yield from with_media(scope, list(map(message_of, rows)))), key=lambda message: message.id)


class Kept(Enum):
    """What became of a message that was to be kept."""

    THERE_ALREADY = auto()
    NEW = auto()
    AWAITED = auto()
    """New, and there are acts that came before it."""


def add_message(message: Message, sender: ContactId) -> Script[Kept]:
    """Keep a new message, unless it is there already."""
    rows = yield _ADD(message, **_values(message, sender))
    if not rows:
        return Kept.THERE_ALREADY
    return Kept.AWAITED if rows[0]["is_awaited"] else Kept.NEW


def add_messages(scope: Scoped, new: Sequence[tuple[Message, ContactId]]) -> Script[None]:
    """Keep messages that nobody can know yet, each with who sends it."""
    yield _ADD_ALL.many(scope, [_values(message, sender) for message, sender in new])


def _values(message: Message, sender: ContactId) -> dict[str, object]:
    """What the row of a new message holds, but for its tenant."""
    is_ours = message.direction is Direction.OUT
    return {
        "id": message.id,
        "session": message.session,
        "chat": message.chat.id,
        "sender": sender,
        "direction": message.direction.value,
        "origin": message.origin.value,
        "wa_id": message.wa_id,
        "client_ref": message.client_ref,
        "content": write_content(message.content),
        "quoted": write_quoted(message.quoted),
        "status": message.status.value,
        "accepted_at": message.accepted_at,
        "sent_at": message.sent_at,
        "context": write_context(message.context),
        "act_on": message.act_on,
        "conditions": write_conditions(message.conditions),
        "due_at": message.due_at,
        "timeline": write_transition(Transition(message.status, message.accepted_at)) if is_ours else None,
    }


def claim_from_history(message: Message, sender: ContactId) -> Script[MessageId | None]:
    """Give a message that is known from a history only its true origin; the id that it has, None if it is none."""
    rows = yield _CLAIM(
        message,
        session=message.session,
        wa_id=message.wa_id,
        chat=message.chat.id,
        sender=sender,
        origin=message.origin.value,
    )
    return MessageId(rows[0]["id"]) if rows else None


def oldest_in(scope: Scoped, chat: ChatId) -> Script[tuple[str, Direction, int] | None]:
    """The oldest message of a chat that WhatsApp knows: its id there, its direction, and when it was sent (ms)."""
    rows = yield _OLDEST(scope, chat=chat)
    if not rows:
        return None
    row = rows[0]
    return row["wa_id"], Direction(row["direction"]), row["sent_at"] or row["accepted_at"]


def rewrite_message(message: Message) -> Script[None]:
    """Write what a message says now, and since when."""
    yield _REWRITE(
        message,
        id=message.id,
        content=write_content(message.content),
        edited_at=message.edited_at,
        deleted_at=message.deleted_at,
    )


def move_message(message: Message, came_to: Transition | None) -> Script[None]:
    """Write a message's status, with its reason and moments; ``came_to`` says so if it is a new one."""
    yield _MOVE(
        message,
        id=message.id,
        status=message.status.value,
        reason=message.status_reason,
        failure=write_failure(message.failure),
        sent_at=message.sent_at,
        delivered_at=message.delivered_at,
        read_at=message.read_at,
        due_at=message.due_at,
        conditions=write_conditions(message.conditions),
        came_to="" if came_to is None else write_transition(came_to),
    )


def start_message(scope: Scoped, message: MessageId, wa_id: str | None, at: int) -> Script[None]:
    """A queued message is being sent from a moment (ms) on, under this id if that is known already."""
    yield _START(scope, id=message, wa_id=wa_id, came_to=write_transition(Transition(MessageStatus.SENDING, at)))


def timeline_of(scope: Scoped, message: MessageId) -> Script[list[Transition]]:
    """The statuses that a message of ours has had, in their order."""
    rows = yield _TIMELINE(scope, id=message)
    return read_timeline(rows[0]["timeline"]) if rows else []


def name_message(scope: Scoped, message: MessageId, wa_id: str) -> Script[None]:
    """WhatsApp knows the message by this id."""
    yield _NAME(scope, id=message, wa_id=wa_id)


def delete_message(scope: Scoped, message: MessageId) -> Script[None]:
    """Remove one message."""
    yield _DELETE_ONE(scope, id=message)


def delete_messages(scope: InSession, limit: int) -> Script[int]:
    """Remove the oldest messages of a session; how many there were."""
    rows = yield _DELETE(scope, session=scope.session, limit=limit)
    return len(rows)


def list_messages(
    scope: Scoped, place: tuple[str, str], filters: dict[str, str], order: Order, after: str, limit: int
) -> Script[list[Message]]:
    """Messages beyond the id ``after``. ``place`` is ("tenant", ""), ("session", id) or ("chat", id);
    ``filters`` may name a ``direction``, a ``status``, ``media`` ("with" or "without" a file), and ``acts`` (any
    value): without it, acts are left out.
    """
    kind, value = place
    statement = _list_statement(kind, tuple(sorted(filters)), order, filters.get("media"))
    where = {} if kind == "tenant" else {"place": value}
    values = {name: value for name, value in filters.items() if name not in _FLAGS}
    rows = yield statement(scope, after=after, limit=limit, **where, **values)
    return (yield from with_media(scope, [message_of(row) for row in rows]))


@cache
def _list_statement(place: str, filters: tuple[str, ...], order: Order, media: str | None) -> ScopedStatement:
    parts = [f"AND m.{name} = :{name}" for name in filters if name not in _FLAGS]
    if media is not None:
        parts.append(_HAS_MEDIA[media])
    wanted = " ".join(parts if "acts" in filters else [*parts, "AND m.act_on IS NULL"])
    return scoped(VIEW, "WHERE", _PLACES[place], wanted, _IN_SIGHT, "AND", _WALKS[order])


def message_of(row: Row) -> Message:
    """A message from a row of the view."""
    direction = Direction(row["direction"])
    quoted = row["quoted"]
    failure = row["failure"]
    return Message(
        id=MessageId(row["id"]),
        tenant=row["tenant_id"],
        session=row["session_id"],
        chat=_chat(row),
        sender=_sender(row, direction),
        direction=direction,
        origin=Origin(row["origin"]),
        wa_id=row["wa_id"],
        client_ref=row["client_ref"],
        content=read_content(row["content"]),
        quoted=None if quoted is None else read_quoted(quoted),
        status=MessageStatus(row["status"]),
        status_reason=row["status_reason"],
        failure=None if failure is None else read_failure(failure),
        accepted_at=row["accepted_at"],
        sent_at=row["sent_at"],
        delivered_at=row["delivered_at"],
        read_at=row["read_at"],
        context=read_context(row["context"]),
        edited_at=row["edited_at"],
        deleted_at=row["deleted_at"],
        act_on=row["act_on"],
        starred_at=row["starred_at"],
        conditions=read_conditions(row["conditions"]),
        due_at=row["due_at"],
    )


def _chat(row: Row) -> Chat:
    contact = None
    if row["contact_id"] is not None:
        contact = Contact(row["contact_id"], row["phone"], row["lid"], row["push_name"], bool(row["is_me"]))
    jid = row["jid"]
    return Chat(ChatId(row["chat_id"]), row["kind"], contact, None if jid is None else Jid(jid), row["chat_name"])


def _sender(row: Row, direction: Direction) -> Contact:
    """The writer. Our own contact has no row before pairing; its id is known all the same."""
    return Contact(
        ContactId(row["from_id"] or row["sender_id"]),
        row["from_phone"],
        row["from_lid"],
        row["from_push_name"],
        is_me=direction is Direction.OUT,
    )
