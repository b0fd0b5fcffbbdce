"""The rows that say how chats stand: last activity, what is unread.

What is unread: received messages behind ``read_until`` without a ``read_at``. The number is kept, not counted, and
changes in the transaction of the message or the mark that changes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from wagate.domain.acts import Said
from wagate.domain.ids import ChatId, MessageId
from wagate.domain.jid import Jid
from wagate.domain.message import Chat, Contact, Direction, Message, MessageStatus
from wagate.features.messaging.repository.marks import StoredMarks, marks_of
from wagate.features.messaging.repository.people import InSession
from wagate.features.messaging.stored import read_content
from wagate.store.scoped import Scoped, ScopedStatement, scoped
from wagate.store.script import Row, Script

_BEGIN = scoped(
    "INSERT INTO chat_activity (chat_id, tenant_id, session_id, activity, unread, read_until)",
    "VALUES (:chat, :tenant, :session, :activity, 0, '')",
)
_SAID = scoped("UPDATE chat_activity SET activity = :activity WHERE tenant_id = :tenant AND chat_id = :chat")
_RECEIVED = scoped(
    "UPDATE chat_activity SET activity = :activity, unread = unread + 1",
    "WHERE tenant_id = :tenant AND chat_id = :chat",
)
_ANSWERED = scoped(
    "UPDATE chat_activity SET activity = :activity, unread = 0, read_until = :message",
    "WHERE tenant_id = :tenant AND chat_id = :chat",
)
_UNREAD_BEYOND = (
    "(SELECT COUNT(*) FROM message m WHERE m.chat_id = chat_activity.chat_id AND m.id > :until"
    " AND m.direction = 'in' AND m.read_at IS NULL AND m.act_on IS NULL)"
)
_READ = scoped(
    "UPDATE chat_activity SET read_until = :until, unread =",
    _UNREAD_BEYOND,
    "WHERE tenant_id = :tenant AND chat_id = :chat AND read_until < :until RETURNING unread",
)
_NEWEST = "(SELECT substr(MAX(m.id), 5) FROM message m WHERE m.chat_id = chat_activity.chat_id AND m.act_on IS NULL)"
_REFRESH = scoped(
    "UPDATE chat_activity SET activity = COALESCE(",
    _NEWEST,
    ", activity) WHERE tenant_id = :tenant AND chat_id = :chat",
)
# Counted from the newest: as many as are unread, and the one before them.
_READ_BEFORE = scoped(
    "SELECT m.id FROM message m WHERE m.tenant_id || '' = :tenant AND m.chat_id = :chat AND m.direction = 'in'",
    "AND m.origin = 'history' AND m.act_on IS NULL ORDER BY m.id DESC LIMIT 1 OFFSET :unread",
)
_TWO = scoped("SELECT chat_id, read_until FROM chat_activity WHERE tenant_id = :tenant AND chat_id IN (:gone, :kept)")
_SETTLE = scoped(
    "UPDATE message SET read_at = :now WHERE tenant_id = :tenant AND chat_id = :chat AND id > :low AND id <= :high",
    "AND direction = 'in' AND read_at IS NULL",
)
_RECOUNT = scoped(
    "UPDATE chat_activity SET read_until = :until, activity = COALESCE(",
    _NEWEST,
    ", activity), unread =",
    _UNREAD_BEYOND,
    "WHERE tenant_id = :tenant AND chat_id = :chat",
)
_RAISE = scoped(
    "UPDATE chat_activity SET read_until = :until, unread =",
    _UNREAD_BEYOND,
    "WHERE tenant_id = :tenant AND chat_id = :chat AND read_until < :until",
)
_DROP = scoped("DELETE FROM chat_activity WHERE tenant_id = :tenant AND chat_id = :chat")
_DELETE = scoped(
    "DELETE FROM chat_activity WHERE tenant_id = :tenant AND chat_id IN",
    "(SELECT chat_id FROM chat_activity WHERE session_id = :session LIMIT :limit) RETURNING chat_id",
)

_NAMED = scoped(
    "SELECT MAX(m.id) AS id FROM message m WHERE m.tenant_id || '' = :tenant AND m.session_id = :session",
    "AND m.wa_id = :wa_id AND m.chat_id || '' = :chat AND m.direction = 'in'",
)
_UNREAD = scoped(
    "SELECT m.id, m.wa_id, p.phone, p.lid FROM message m JOIN chat_activity a ON a.chat_id = m.chat_id",
    "JOIN contact p ON p.id = m.sender_id",
    "WHERE m.tenant_id || '' = :tenant AND m.chat_id = :chat AND m.id > a.read_until AND m.direction = 'in'",
    "AND m.read_at IS NULL AND m.act_on IS NULL ORDER BY m.id DESC LIMIT :limit",
)

_VIEW = (
    "SELECT a.activity, a.unread, c.id, c.kind, c.jid, c.name, c.archived, c.pinned, c.muted_until, c.marked_unread,"
    " COALESCE((SELECT g.disappearing_s FROM group_info g WHERE g.id = c.id), c.disappearing_s) AS disappearing_s,"
    " p.id AS contact_id, p.phone, p.lid, p.push_name, p.is_me, p.name AS saved_name,"
    " m.id AS message_id, m.direction, m.status, m.content, m.accepted_at, m.sent_at, m.sender_id,"
    " COALESCE(f.merged_into, f.id) AS from_id, f.phone AS from_phone, f.lid AS from_lid,"
    " f.push_name AS from_push_name"
    " FROM chat_activity a JOIN chat c ON c.id = a.chat_id"
    " LEFT JOIN contact p ON p.id = c.contact_id"
    " LEFT JOIN message m ON m.id = 'msg_' || a.activity"
    " AND (c.cleared_until IS NULL OR m.starred_at IS NOT NULL OR COALESCE(m.sent_at, m.accepted_at) > c.cleared_until)"
    " LEFT JOIN contact f ON f.id = m.sender_id"
)
_GET = scoped(_VIEW, "WHERE a.tenant_id = :tenant AND a.chat_id = :chat")
_CHOSEN = {
    "unread": "AND (a.unread > 0 OR c.marked_unread = 1)",
    "kind": "AND c.kind = :kind",
    "archived": "AND COALESCE(c.archived, 0) = :archived",
}
# A chat that was deleted is back once something was said in it.
_IN_SIGHT = "AND (c.removed_until IS NULL OR m.id IS NOT NULL AND COALESCE(m.sent_at, m.accepted_at) > c.removed_until)"


@dataclass(frozen=True, slots=True)
class LastMessage:
    """The newest message of a chat, in short. ``at`` is in ms since 1970."""

    id: MessageId
    direction: Direction
    sender: Contact
    content: Said
    status: MessageStatus
    at: int


@dataclass(frozen=True, slots=True)
class StandingChat:
    """A chat and how it stands. ``activity`` is its place in the list, a ULID: it says when, too.

    ``saved_name`` is that of the account's address book, for a chat with one person.
    """

    chat: Chat
    activity: str
    unread: int
    last_message: LastMessage | None
    marks: StoredMarks
    saved_name: str | None


@dataclass(frozen=True, slots=True)
class Unread:
    """A received message that nobody has read, and its author's addresses."""

    id: MessageId
    wa_id: str | None
    phone: str | None
    lid: str | None


def begin(scope: InSession, chat: ChatId) -> Script[None]:
    """A chat is new."""
    yield _BEGIN(scope, session=scope.session, chat=chat, activity=chat.removeprefix("cht_"))


def said(message: Message) -> Script[None]:
    """A message of ours was added to a chat."""
    yield _SAID(message, chat=message.chat.id, activity=_activity(message))


def said_all(scope: Scoped, new: Sequence[Message]) -> Script[None]:
    """The same of many messages, in their order."""
    yield _SAID.many(scope, [{"chat": message.chat.id, "activity": _activity(message)} for message in new])


def received(message: Message) -> Script[None]:
    """A message of somebody else was added to a chat."""
    yield _RECEIVED(message, chat=message.chat.id, activity=_activity(message))


def answered(message: Message) -> Script[None]:
    """We wrote on another device, where the chat was open: all before it is read."""
    yield _ANSWERED(message, chat=message.chat.id, activity=_activity(message), message=message.id)


def read_until(scope: Scoped, chat: ChatId, message: MessageId) -> Script[None]:
    """Everything up to a message is read. Nothing becomes unread by it."""
    yield _READ(scope, chat=chat, until=message)


def refresh(scope: Scoped, chat: ChatId) -> Script[None]:
    """The newest message of a chat may be another one than before."""
    yield _REFRESH(scope, chat=chat)


def settle_past(scope: Scoped, chat: ChatId, unread: int) -> Script[None]:
    """The phone told of a chat, and that so many of the messages in it are unread: those before them are read."""
    rows = yield _READ_BEFORE(scope, chat=chat, unread=unread)
    if rows:
        yield _RAISE(scope, chat=chat, until=rows[0]["id"])


def prepare_fusion(scope: Scoped, gone: ChatId, kept: ChatId, now_ms: int) -> Script[MessageId]:
    """Before the messages of two chats come together: what is read in one of them stays so, beside the other's.

    Returns up to where both are read.
    """
    rows = yield _TWO(scope, gone=gone, kept=kept)
    until = {row["chat_id"]: row["read_until"] for row in rows}
    low = min(until.values(), default="")
    for chat, high in until.items():
        if high > low:
            yield _SETTLE(scope, chat=chat, low=low, high=high, now=now_ms)
    return MessageId(low)


def fuse(scope: Scoped, gone: ChatId, kept: ChatId, until: MessageId) -> Script[None]:
    """The messages of two chats are in one; ``until`` comes from ``prepare_fusion``."""
    yield _DROP(scope, chat=gone)
    yield _RECOUNT(scope, chat=kept, until=until)


def delete_activity(scope: InSession, limit: int) -> Script[int]:
    """Remove how the chats of a session stand; how many there were."""
    rows = yield _DELETE(scope, session=scope.session, limit=limit)
    return len(rows)


def newest_named(scope: InSession, chat: ChatId, wa_ids: tuple[str, ...]) -> Script[MessageId | None]:
    """The newest received message of a chat among those that WhatsApp knows by these ids."""
    found: list[str] = []
    for wa_id in wa_ids:
        rows = yield _NAMED(scope, session=scope.session, chat=chat, wa_id=wa_id)
        found += [row["id"] for row in rows if row["id"] is not None]
    return MessageId(max(found)) if found else None


def unread_in(scope: Scoped, chat: ChatId, limit: int) -> Script[list[Unread]]:
    """What is unread in a chat, the newest first."""
    rows = yield _UNREAD(scope, chat=chat, limit=limit)
    return [Unread(MessageId(row["id"]), row["wa_id"], row["phone"], row["lid"]) for row in rows]


def get_chat(scope: Scoped, chat: str) -> Script[StandingChat | None]:
    """One chat of a tenant."""
    rows = yield _GET(scope, chat=chat)
    return _standing(rows[0]) if rows else None


def list_chats(
    scope: InSession, kind: str | None, after: str, limit: int, *, unread: bool, archived: bool | None = None
) -> Script[list[StandingChat]]:
    """Chats of a session whose last activity is before ``after``, the latest first."""
    values: dict[str, object] = {} if kind is None else {"kind": kind}
    if archived is not None:
        values["archived"] = int(archived)
    wanted = {"unread": unread, "kind": kind is not None, "archived": archived is not None}
    statement = _list_statement(" ".join(_CHOSEN[name] for name, is_wanted in wanted.items() if is_wanted))
    rows = yield statement(scope, session=scope.session, after=after, limit=limit, **values)
    return [_standing(row) for row in rows]


@cache
def _list_statement(chosen: str) -> ScopedStatement:
    # The expression keeps the tenant a filter: the index of (session, activity) is the one to walk.
    return scoped(
        _VIEW,
        "WHERE a.tenant_id || '' = :tenant AND a.session_id = :session",
        chosen,
        _IN_SIGHT,
        "AND a.activity < :after ORDER BY a.activity DESC LIMIT :limit",
    )


def _activity(message: Message) -> str:
    return message.id.removeprefix("msg_")


def _standing(row: Row) -> StandingChat:
    contact = None
    if row["contact_id"] is not None:
        contact = Contact(row["contact_id"], row["phone"], row["lid"], row["push_name"], bool(row["is_me"]))
    jid = row["jid"]
    chat = Chat(ChatId(row["id"]), row["kind"], contact, None if jid is None else Jid(jid), row["name"])
    return StandingChat(chat, row["activity"], row["unread"], _last(row), marks_of(row), row["saved_name"])


def _last(row: Row) -> LastMessage | None:
    if row["message_id"] is None:
        return None
    direction = Direction(row["direction"])
    sender = Contact(
        row["from_id"] or row["sender_id"],
        row["from_phone"],
        row["from_lid"],
        row["from_push_name"],
        is_me=direction is Direction.OUT,
    )
    at = row["accepted_at"] if row["sent_at"] is None else row["sent_at"]
    content = read_content(row["content"])
    return LastMessage(MessageId(row["message_id"]), direction, sender, content, MessageStatus(row["status"]), at)
