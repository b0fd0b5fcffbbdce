"""The rows of messages on their way out, of idempotency keys, and where a new message goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter

from wagate.domain.acts import Said
from wagate.domain.conditions import Conditions, Priority
from wagate.domain.content import Context, Quoted
from wagate.domain.ids import ChatId, MessageId, SessionId
from wagate.domain.jid import Jid
from wagate.domain.message import Contact, Message
from wagate.features.messaging.repository.people import InSession
from wagate.features.messaging.stored import read_conditions, read_content, read_context, read_quoted
from wagate.store.scoped import Scoped, ScopedStatement, scoped
from wagate.store.script import Row, Script, sql

MOST_TARGETS = 64
"""So many messages are accepted with one set of statements."""


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

    ``attempts``: how often an engine has answered for it already. ``due_at``: it was put off until then (ms).
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
    conditions: Conditions
    due_at: int

    @property
    def priority(self) -> Priority:
        """How urgent it is."""
        return self.conditions.priority

    @property
    def turn(self) -> tuple[int, int]:
        """Whose is the lower goes first."""
        return self.conditions.priority.rank, self.position


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

# For many at once: the place in the request comes back with what was found.
_WANTED_SESSION = {
    by: f"FROM wanted w JOIN session s ON s.tenant_id = :tenant AND s.{by} = w.ref" for by in ("id", "name")
}
_SIZES = (1, 2, 4, 8, 16, 32, MOST_TARGETS)

# A key whose time is over is taken over by the new request.
_TAKE_OVER_KEY = (
    "ON CONFLICT (tenant_id, key) DO UPDATE SET fingerprint = excluded.fingerprint,"
    " message_id = excluded.message_id, created_at = excluded.created_at"
    " WHERE idempotency.created_at <= :expired"
)
_CLAIM_KEY = scoped(
    "INSERT INTO idempotency (tenant_id, key, fingerprint, message_id, created_at)",
    "VALUES (:tenant, :key, :fingerprint, :message, :now)",
    _TAKE_OVER_KEY,
    "RETURNING message_id",
)
_KEY = scoped("SELECT fingerprint, message_id FROM idempotency WHERE tenant_id = :tenant AND key = :key")
_REPOINT_KEY = scoped("UPDATE idempotency SET message_id = :message WHERE tenant_id = :tenant AND key = :key")
# Keys of all tenants age alike.
_SWEEP_KEYS = sql(
    "DELETE FROM idempotency WHERE (tenant_id, key) IN",
    "(SELECT tenant_id, key FROM idempotency WHERE created_at <= :expired ORDER BY created_at LIMIT :limit)",
    "RETURNING key",
)

_ADD = scoped(
    "INSERT INTO outbox (message_id, tenant_id, session_id, chat_id, state, attempt, epoch, due_at, priority,",
    "expires_at) VALUES (:message, :tenant, :session, :chat, :state, 0, 0, :due_at, :priority, :expires_at)",
)
_START = scoped(
    "UPDATE outbox SET state = 'sending', attempt = attempt + 1, epoch = :epoch",
    "WHERE tenant_id = :tenant AND message_id = :message",
)
_ATTEMPTS = scoped("SELECT attempt FROM outbox WHERE tenant_id = :tenant AND message_id = :message")
_REQUEUE = scoped(
    "UPDATE outbox SET state = 'queued', due_at = :due_at WHERE tenant_id = :tenant AND message_id = :message"
)
_AWAIT = scoped(
    "UPDATE outbox SET state = 'unknown', due_at = :due_at WHERE tenant_id = :tenant AND message_id = :message"
)
_REMOVE = scoped("DELETE FROM outbox WHERE tenant_id = :tenant AND message_id = :message")
_DELETE = scoped(
    "DELETE FROM outbox WHERE tenant_id = :tenant AND position IN",
    "(SELECT position FROM outbox WHERE session_id = :session ORDER BY position LIMIT :limit) RETURNING position",
)
_NAMELESS = scoped(
    "SELECT o.message_id FROM outbox o JOIN message m ON m.id = o.message_id",
    "WHERE o.tenant_id = :tenant AND o.session_id = :session AND o.state IN ('queued', 'later') AND m.wa_id IS NULL",
    "ORDER BY o.position LIMIT :limit",
)
_SENDING = scoped(
    "SELECT message_id FROM outbox WHERE tenant_id = :tenant AND session_id = :session AND state = 'sending'",
    "ORDER BY position LIMIT :limit",
)

# First what waits is found, and then its messages: statistics from a moment at which nothing waited make planners
# expect that all messages are fewer than these few, and read those first. SQLite keeps the order of a CROSS JOIN.
_FOUND = "SELECT position, message_id, session_id, chat_id, attempt, due_at FROM outbox WHERE"
_WAITING = (
    "SELECT o.position, o.message_id, o.session_id, o.chat_id, o.attempt, o.due_at, m.wa_id, m.content, m.quoted,"
    " m.context, m.conditions, c.jid, p.phone, p.lid FROM ("
)
_JOINED = (
    "LIMIT :limit) o CROSS JOIN message m CROSS JOIN chat c LEFT JOIN contact p ON p.id = c.contact_id"
    " WHERE m.id = o.message_id AND c.id = o.chat_id"
)
# The dispatcher serves the sessions of all tenants that this process holds.
_NEWEST = sql("SELECT COALESCE(MAX(position), 0) AS position FROM outbox")
# All that is ready is more than what is new: by this expression the state is a filter, of which planners expect that
# most rows pass, and so they go along the positions.
_FRESH = sql(
    _WAITING,
    _FOUND,
    "position > :after AND CASE state WHEN 'queued' THEN 1 ELSE 0 END <> 0 ORDER BY position",
    _JOINED,
)
_OF_SESSION = sql(
    _WAITING,
    _FOUND,
    "session_id = :session AND state = 'queued' ORDER BY priority, position",
    _JOINED,
)


def find_target(scope: Scoped, session: str, road: str, to: str) -> Script[Target | None]:
    """Resolve a session (id or name) and a recipient in it; ``road`` says what ``to`` is.

    It is one of address, contact, group and chat.
    """
    by = "id" if session.startswith("ses_") else "name"
    rows = yield _FIND_TARGET[road, by](scope, ref=session, to=to)
    return _target(rows[0]) if rows else None


def find_targets(scope: Scoped, by: str, wanted: Sequence[tuple[str, str]]) -> Script[list[Target | None]]:
    """``find_target`` for many (session, address) at once; ``by`` says what all sessions are given by: id or name."""
    size = next(size for size in _SIZES if size >= len(wanted))
    values: dict[str, object] = {}
    for place in range(size):
        values[f"ref{place}"], values[f"to{place}"] = wanted[min(place, len(wanted) - 1)]
    rows = yield _targets_statement(by, size)(scope, **values)
    found = {row["place"]: _target(row) for row in rows}
    return [found.get(place) for place in range(len(wanted))]


@cache
def _targets_statement(by: str, size: int) -> ScopedStatement:
    rows = ", ".join(f"({place}, :ref{place}, :to{place})" for place in range(size))
    return scoped(
        f"WITH wanted (place, ref, address) AS (VALUES {rows})",
        _TARGET.replace("SELECT", "SELECT w.place,", 1).replace("FROM session s", _WANTED_SESSION[by], 1),
        _ROADS["address"].replace(":to", "w.address"),
    )


def claim_keys(scope: Scoped, uses: Mapping[str, KeyUse], now_ms: int, expired_ms: int) -> Script[set[str]]:
    """``claim_key`` for many keys at once: those that stand for nothing else."""
    values: dict[str, object] = {"now": now_ms, "expired": expired_ms}
    for place, (key, use) in enumerate(uses.items()):
        values |= {f"key{place}": key, f"fingerprint{place}": use.fingerprint, f"message{place}": use.message}
    rows = yield _claims_statement(len(uses))(scope, **values)
    return {row["key"] for row in rows}


@cache
def _claims_statement(count: int) -> ScopedStatement:
    rows = (f"(:tenant, :key{place}, :fingerprint{place}, :message{place}, :now)" for place in range(count))
    return scoped(
        "INSERT INTO idempotency (tenant_id, key, fingerprint, message_id, created_at) VALUES",
        ", ".join(rows),
        _TAKE_OVER_KEY,
        "RETURNING key",
    )


def claim_key(scope: Scoped, key: str, use: KeyUse, now_ms: int, expired_ms: int) -> Script[KeyUse | None]:
    """Let ``key`` stand for a message, or tell what it stands for already. Uses before ``expired_ms`` are void."""
    rows = yield _CLAIM_KEY(
        scope, key=key, fingerprint=use.fingerprint, message=use.message, now=now_ms, expired=expired_ms
    )
    if rows:
        return None
    rows = yield _KEY(scope, key=key)
    return KeyUse(rows[0]["fingerprint"], MessageId(rows[0]["message_id"]))


def repoint_key(scope: Scoped, key: str, message: MessageId) -> Script[None]:
    """Let a key stand for another message than the one that it was claimed for."""
    yield _REPOINT_KEY(scope, key=key, message=message)


def sweep_keys(expired_ms: int, limit: int) -> Script[int]:
    """Forget old keys; how many were forgotten."""
    rows = yield _SWEEP_KEYS(expired=expired_ms, limit=limit)
    return len(rows)


def add_waiting(message: Message) -> Script[None]:
    """Queue a message that was just kept, for now or for later."""
    yield _ADD(message, **_values(message))


def add_all_waiting(scope: Scoped, new: Sequence[Message]) -> Script[None]:
    """Queue messages that were just kept, in their order."""
    yield _ADD.many(scope, list(map(_values, new)))


def _values(message: Message) -> dict[str, object]:
    due_at, conditions = message.due_at, message.conditions
    return {
        "message": message.id,
        "session": message.session,
        "chat": message.chat.id,
        "state": "queued" if due_at is None else "later",
        "due_at": message.accepted_at if due_at is None else due_at,
        "priority": conditions.priority.rank,
        "expires_at": conditions.expires_at,
    }


def start_waiting(scope: Scoped, message: MessageId, epoch: int) -> Script[None]:
    """The engine has taken over; it sends this message again by itself if need be."""
    yield _START(scope, message=message, epoch=epoch)


def attempts_of(scope: Scoped, message: MessageId) -> Script[int | None]:
    """How often an engine has taken a message over; None when it is on its way no longer."""
    rows = yield _ATTEMPTS(scope, message=message)
    return int(rows[0]["attempt"]) if rows else None


def requeue(scope: Scoped, message: MessageId, due_at: int) -> Script[None]:
    """A message waits once more, where it stood, until a moment (ms)."""
    yield _REQUEUE(scope, message=message, due_at=due_at)


def await_evidence(scope: Scoped, message: MessageId, due_at: int) -> Script[None]:
    """Nobody knows what became of a message; something is to be done about that at a moment (ms)."""
    yield _AWAIT(scope, message=message, due_at=due_at)


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
    return sorted(map(_waiting, rows), key=attrgetter("position"))


def waiting(session: SessionId, limit: int) -> Script[list[Waiting]]:
    """What is ready in one session, in the order in which it goes out."""
    rows = yield _OF_SESSION(session=session, limit=limit)
    return sorted(map(_waiting, rows), key=attrgetter("turn"))


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
        read_conditions(row["conditions"]),
        row["due_at"],
    )


def address_of(phone: str | None, lid: str | None, jid: str | None) -> Jid:
    """The address to write to: a chat's own, else the person's phone number, else their LID."""
    if jid is not None:
        return Jid(jid)
    if phone is not None:
        return Jid.from_phone(phone.removeprefix("+"))
    assert lid is not None, "a contact has at least one address"
    return Jid(lid)
