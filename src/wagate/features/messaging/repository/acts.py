"""The rows of what people do to messages: for each message, person and kind of act the newest one."""

from __future__ import annotations

from dataclasses import dataclass

from wagate.domain.acts import Act
from wagate.domain.ids import ChatId, ContactId
from wagate.domain.message import Contact, Message
from wagate.features.messaging.repository.people import InSession
from wagate.features.messaging.stored import read_content, write_content
from wagate.store.scoped import scoped
from wagate.store.script import Row, Script

MAX_ORPHANS = 1_000
"""Acts of one session that are kept for messages that are not there; the oldest of more are forgotten."""

_NEVER_SO_MANY = 1_000_000_000

_FIND = scoped(
    "SELECT act_wa_id, content, at FROM act",
    "WHERE tenant_id = :tenant AND session_id = :session AND wa_id = :wa_id AND sender_id = :sender AND kind = :kind",
)
_PUT = scoped(
    "INSERT INTO act (tenant_id, session_id, wa_id, sender_id, kind, chat_id, act_wa_id, content, at, is_known)",
    "VALUES (:tenant, :session, :wa_id, :sender, :kind, :chat, :act_wa_id, :content, :at, :is_known)",
    "ON CONFLICT (session_id, wa_id, sender_id, kind) DO UPDATE SET chat_id = excluded.chat_id,",
    "act_wa_id = excluded.act_wa_id, content = excluded.content, at = excluded.at, is_known = excluded.is_known",
)
_TRIM = scoped(
    "DELETE FROM act WHERE tenant_id = :tenant AND (session_id, wa_id, sender_id, kind) IN",
    "(SELECT session_id, wa_id, sender_id, kind FROM act WHERE session_id = :session AND is_known = 0",
    "ORDER BY at DESC LIMIT :all OFFSET :kept)",
)
_SHOWN = (
    "SELECT a.sender_id, a.content, a.at, COALESCE(p.merged_into, p.id) AS id, p.phone, p.lid, p.push_name, p.is_me"
    " FROM act a LEFT JOIN contact p ON p.id = a.sender_id"
    " WHERE a.tenant_id = :tenant AND a.session_id = :session AND a.wa_id = :wa_id AND a.chat_id = :chat"
)
_OF_KIND = scoped(_SHOWN, "AND a.kind = :kind ORDER BY a.at, a.sender_id LIMIT :limit")
_ORPHANS = scoped(_SHOWN, "AND a.is_known = 0 ORDER BY a.at, a.sender_id LIMIT :limit")
_ADOPT = scoped(
    "UPDATE act SET is_known = 1",
    "WHERE tenant_id = :tenant AND session_id = :session AND wa_id = :wa_id AND chat_id = :chat",
)
_MOVE_CHAT = scoped(
    "UPDATE act SET chat_id = :kept WHERE tenant_id = :tenant AND session_id = :session AND chat_id = :gone"
)
_DROP_TWINS = scoped(
    "DELETE FROM act WHERE tenant_id = :tenant AND session_id = :session AND sender_id = :gone AND EXISTS (",
    "SELECT 1 FROM act k WHERE k.session_id = act.session_id AND k.wa_id = act.wa_id AND k.kind = act.kind",
    "AND k.sender_id = :kept)",
)
_MOVE_SENDER = scoped(
    "UPDATE act SET sender_id = :kept WHERE tenant_id = :tenant AND session_id = :session AND sender_id = :gone"
)
_DELETE = scoped(
    "DELETE FROM act WHERE tenant_id = :tenant AND (session_id, wa_id, sender_id, kind) IN",
    "(SELECT session_id, wa_id, sender_id, kind FROM act WHERE session_id = :session LIMIT :limit) RETURNING wa_id",
)


@dataclass(frozen=True, slots=True)
class Done:
    """An act as it is kept: who did it, WhatsApp's id of it, and when (ms since 1970)."""

    act: Act
    sender: Contact
    act_wa_id: str
    at: int


def find_act(scope: InSession, act: Act, sender: ContactId) -> Script[tuple[Act, str, int] | None]:
    """What this person did to this message last, in this way: the act, its id at WhatsApp, and when."""
    rows = yield _FIND(scope, session=scope.session, wa_id=act.target.wa_id, sender=sender, kind=act.type)
    if not rows:
        return None
    return _act(rows[0]), rows[0]["act_wa_id"], rows[0]["at"]


def put_act(scope: InSession, chat: ChatId, done: Done, *, is_known: bool) -> Script[None]:
    """Keep an act in place of the same person's former one; of those that wait for a message, only so many."""
    yield _PUT(
        scope,
        session=scope.session,
        wa_id=done.act.target.wa_id,
        sender=done.sender.id,
        kind=done.act.type,
        chat=chat,
        act_wa_id=done.act_wa_id,
        content=write_content(done.act),
        at=done.at,
        is_known=int(is_known),
    )
    if not is_known:
        yield _TRIM(scope, session=scope.session, all=_NEVER_SO_MANY, kept=MAX_ORPHANS)


def acts_on(message: Message, kind: str, limit: int) -> Script[list[Done]]:
    """What people did to a message in one way, the oldest first."""
    if message.wa_id is None:
        return []
    place = {"session": message.session, "wa_id": message.wa_id, "chat": message.chat.id}
    rows = yield _OF_KIND(message, kind=kind, limit=limit, **place)
    return [_done(row) for row in rows]


def adopt_orphans(message: Message) -> Script[list[Done]]:
    """What came before its message, which is there now."""
    place = {"session": message.session, "wa_id": message.wa_id, "chat": message.chat.id}
    rows = yield _ORPHANS(message, limit=MAX_ORPHANS, **place)
    yield _ADOPT(message, **place)
    return [_done(row) for row in rows]


def move_chat(scope: InSession, gone: ChatId, kept: ChatId) -> Script[None]:
    """A chat turned out to be another one."""
    yield _MOVE_CHAT(scope, session=scope.session, gone=gone, kept=kept)


def move_sender(scope: InSession, gone: ContactId, kept: ContactId) -> Script[None]:
    """A person turned out to be another one."""
    yield _DROP_TWINS(scope, session=scope.session, gone=gone, kept=kept)
    yield _MOVE_SENDER(scope, session=scope.session, gone=gone, kept=kept)


def delete_acts(scope: InSession, limit: int) -> Script[int]:
    """Remove acts of a session; how many there were."""
    rows = yield _DELETE(scope, session=scope.session, limit=limit)
    return len(rows)


def _done(row: Row) -> Done:
    # Only our own contact may act before it has a row.
    is_me = row["id"] is None or bool(row["is_me"])
    sender = Contact(ContactId(row["id"] or row["sender_id"]), row["phone"], row["lid"], row["push_name"], is_me)
    return Done(_act(row), sender, "", row["at"])


def _act(row: Row) -> Act:
    act = read_content(row["content"])
    assert isinstance(act, Act), "rows of acts hold acts"
    return act
