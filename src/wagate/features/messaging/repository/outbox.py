"""The rows of messages on their way out, of idempotency keys, and where a new message goes."""

from __future__ import annotations

from dataclasses import dataclass

from wagate.domain.acts import Said
from wagate.domain.content import Context, Quoted
from wagate.domain.ids import ChatId, MessageId, SessionId
from wagate.domain.jid import Jid
from wagate.domain.message import Contact, Message
from wagate.features.messaging.repository.people import InSession
from wagate.features.messaging.stored import read_content, read_context, read_quoted
from wagate.store.scoped import Scoped, scoped
from wagate.store.script import Row, Script, sql


@dataclass(frozen=True, slots=True)
class Target:
    """Where a message goes, as far as it is known: the session, ourselves in it, the person and the chat.

    ``jid`` is the chat's own address, unless it is a direct one; ``disappearing_s`` its timer (0: none).
    """

    session: SessionId
    engine: str
    me: Contact | None
    contact: Contact | None
    chat: ChatId | None
    jid: Jid | None = None
    disappearing_s: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that waits to leave. ``position`` is its place among all of them.

    ``attempts``: how often an engine has answered for it already.
    """

    position: int
    message: MessageId
    session: SessionId
    chat: ChatId
    wa_id: str | None
    to: Jid
    content: Said
    quoted: Quoted | None
    context: Context
    attempts: int


@dataclass(frozen=True, slots=True)
class KeyUse:
    """What an idempotency key stands for already."""

    fingerprint: str
    message: MessageId


# The own contact's id is derived from the session's: see identities.own_contact_id.
_TARGET = (
    "SELECT s.id AS session_id, s.engine, me.id AS me_id, me.phone AS me_phone, me.lid AS me_lid,"
    " me.push_name AS me_push_name, p.id, p.phone, p.lid, p.push_name, p.is_me, c.id AS chat_id, c.jid,"
    " COALESCE((SELECT g.disappearing_s FROM group_info g WHERE g.id = c.id), c.disappearing_s, 0) AS disappearing_s"
    " FROM session s LEFT JOIN contact me ON me.id = 'con_' || substr(s.id, 5)"
)
_ROADS = {
    "address": "LEFT JOIN contact_address a ON a.session_id = s.id AND a.address = :to"
    " LEFT JOIN contact p ON p.id = a.contact_id"
    " LEFT JOIN chat c ON c.session_id = s.id AND c.contact_id = p.id",
    "contact": "LEFT JOIN contact q ON q.id = :to AND q.session_id = s.id"
    " LEFT JOIN contact p ON p.id = COALESCE(q.merged_into, q.id)"
    " LEFT JOIN chat c ON c.session_id = s.id AND c.contact_id = p.id",
    "group": "LEFT JOIN chat c ON c.session_id = s.id AND c.jid = :to LEFT JOIN contact p ON p.id = c.contact_id",
    "chat": "LEFT JOIN chat c ON c.id = :to AND c.session_id = s.id LEFT JOIN contact p ON p.id = c.contact_id",
}
_SESSION_BY = {
    "id": "WHERE s.tenant_id = :tenant AND s.id = :ref",
    "name": "WHERE s.tenant_id = :tenant AND s.name = :ref",
}
_FIND_TARGET = {
    (road, by): scoped(_TARGET, join, where) for road, join in _ROADS.items() for by, where in _SESSION_BY.items()
}

# A key whose time is over is taken over by the new request.
_CLAIM_KEY = scoped(
    "INSERT INTO idempotency (tenant_id, key, fingerprint, message_id, created_at)",
    "VALUES (:tenant, :key, :fingerprint, :message, :now)",
    "ON CONFLICT (tenant_id, key) DO UPDATE SET fingerprint = excluded.fingerprint,",
    "message_id = excluded.message_id, created_at = excluded.created_at",
    "WHERE idempotency.created_at <= :expired RETURNING message_id",
)
_KEY = scoped("SELECT fingerprint, message_id FROM idempotency WHERE tenant_id = :tenant AND key = :key")
# Keys of all tenants age alike.
_SWEEP_KEYS = sql(
    "DELETE FROM idempotency WHERE (tenant_id, key) IN",
    "(SELECT tenant_id, key FROM idempotency WHERE created_at <= :expired ORDER BY created_at LIMIT :limit)",
    "RETURNING key",
)

_ADD = scoped(
    "INSERT INTO outbox (message_id, tenant_id, session_id, chat_id, state, attempt, epoch, due_at)",
    "VALUES (:message, :tenant, :session, :chat, 'queued', 0, 0, :now)",
)
_START = scoped(
    "UPDATE outbox SET state = 'sending', attempt = attempt + 1, epoch = :epoch",
    "WHERE tenant_id = :tenant AND message_id = :message",
)
_REMOVE = scoped("DELETE FROM outbox WHERE tenant_id = :tenant AND message_id = :message")
_DELETE = scoped(
    "DELETE FROM outbox WHERE tenant_id = :tenant AND position IN",
    "(SELECT position FROM outbox WHERE session_id = :session ORDER BY position LIMIT :limit) RETURNING position",
)
_NAMELESS = scoped(
    "SELECT o.message_id FROM outbox o JOIN message m ON m.id = o.message_id",
    "WHERE o.tenant_id = :tenant AND o.session_id = :session AND o.state = 'queued' AND m.wa_id IS NULL",
    "ORDER BY o.position LIMIT :limit",
)
_SENDING = scoped(
    "SELECT message_id FROM outbox WHERE tenant_id = :tenant AND session_id = :session AND state = 'sending'",
    "ORDER BY position LIMIT :limit",
)

_WAITING = (
    "SELECT o.position, o.message_id, o.session_id, o.chat_id, o.attempt, m.wa_id, m.content, m.quoted, m.context,"
    " c.jid, p.phone, p.lid"
    " FROM outbox o JOIN message m ON m.id = o.message_id JOIN chat c ON c.id = o.chat_id"
    " LEFT JOIN contact p ON p.id = c.contact_id"
)
# The dispatcher serves the sessions of all tenants that this process holds.
_NEWEST = sql("SELECT COALESCE(MAX(position), 0) AS position FROM outbox")
_FRESH = sql(_WAITING, "WHERE o.position > :after AND o.state = 'queued' ORDER BY o.position LIMIT :limit")
_OF_SESSION = sql(
    _WAITING,
    "WHERE o.session_id = :session AND o.position > :after AND o.state = 'queued' ORDER BY o.position LIMIT :limit",
)


def find_target(scope: Scoped, session: str, road: str, to: str) -> Script[Target | None]:
    """Resolve a session (id or name) and a recipient in it; ``road`` says what ``to`` is.

    It is one of address, contact, group and chat.
    """
    by = "id" if session.startswith("ses_") else "name"
    rows = yield _FIND_TARGET[road, by](scope, ref=session, to=to)
    return _target(rows[0]) if rows else None


def claim_key(scope: Scoped, key: str, use: KeyUse, now_ms: int, expired_ms: int) -> Script[KeyUse | None]:
    """Let ``key`` stand for a message, or tell what it stands for already. Uses before ``expired_ms`` are void."""
    rows = yield _CLAIM_KEY(
        scope, key=key, fingerprint=use.fingerprint, message=use.message, now=now_ms, expired=expired_ms
    )
    if rows:
        return None
    rows = yield _KEY(scope, key=key)
    return KeyUse(rows[0]["fingerprint"], MessageId(rows[0]["message_id"]))


def sweep_keys(expired_ms: int, limit: int) -> Script[int]:
    """Forget old keys; how many were forgotten."""
    rows = yield _SWEEP_KEYS(expired=expired_ms, limit=limit)
    return len(rows)


def add_waiting(message: Message) -> Script[None]:
    """Queue a message that was just kept."""
    yield _ADD(message, message=message.id, session=message.session, chat=message.chat.id, now=message.accepted_at)


def start_waiting(scope: Scoped, message: MessageId, epoch: int) -> Script[None]:
    """The engine has taken over; it sends this message again by itself if need be."""
    yield _START(scope, message=message, epoch=epoch)


def remove_waiting(scope: Scoped, message: MessageId) -> Script[None]:
    """The message has left, or never will."""
    yield _REMOVE(scope, message=message)


def sending(scope: InSession, limit: int) -> Script[list[MessageId]]:
    """Messages that the engine has taken over and that nobody has acknowledged."""
    rows = yield _SENDING(scope, session=scope.session, limit=limit)
    return [MessageId(row["message_id"]) for row in rows]


def nameless(scope: InSession, limit: int) -> Script[list[MessageId]]:
    """Messages that wait without a WhatsApp id."""
    rows = yield _NAMELESS(scope, session=scope.session, limit=limit)
    return [MessageId(row["message_id"]) for row in rows]


def delete_waiting(scope: InSession, limit: int) -> Script[int]:
    """Remove what waits in a session; how many there were."""
    rows = yield _DELETE(scope, session=scope.session, limit=limit)
    return len(rows)


def newest_position() -> Script[int]:
    """The position of the youngest message that waits."""
    rows = yield _NEWEST()
    return int(rows[0]["position"])


def fresh(after: int, limit: int) -> Script[list[Waiting]]:
    """What was queued behind a position, in any session."""
    rows = yield _FRESH(after=after, limit=limit)
    return [_waiting(row) for row in rows]


def waiting(session: SessionId, after: int, limit: int) -> Script[list[Waiting]]:
    """What waits in one session behind a position."""
    rows = yield _OF_SESSION(session=session, after=after, limit=limit)
    return [_waiting(row) for row in rows]


def _target(row: Row) -> Target:
    me = contact = None
    if row["me_id"] is not None:
        me = Contact(row["me_id"], row["me_phone"], row["me_lid"], row["me_push_name"], is_me=True)
    if row["id"] is not None:
        contact = Contact(row["id"], row["phone"], row["lid"], row["push_name"], bool(row["is_me"]))
    jid = row["jid"]
    place, timer = None if jid is None else Jid(jid), row["disappearing_s"]
    return Target(row["session_id"], row["engine"], me, contact, row["chat_id"], place, timer)


def _waiting(row: Row) -> Waiting:
    quoted = row["quoted"]
    return Waiting(
        row["position"],
        row["message_id"],
        row["session_id"],
        row["chat_id"],
        row["wa_id"],
        address_of(row["phone"], row["lid"], row["jid"]),
        read_content(row["content"]),
        None if quoted is None else read_quoted(quoted),
        read_context(row["context"]),
        row["attempt"],
    )


def address_of(phone: str | None, lid: str | None, jid: str | None) -> Jid:
    """The address to write to: a chat's own, else the person's phone number, else their LID."""
    if jid is not None:
        return Jid(jid)
    if phone is not None:
        return Jid.from_phone(phone.removeprefix("+"))
    assert lid is not None, "a contact has at least one address"
    return Jid(lid)
