"""The rows of what an account's devices agree on: marks of chats, stars, and names in the address book."""

from __future__ import annotations

from dataclasses import dataclass, replace

from wagate.domain.ids import ChatId, ContactId, MessageId
from wagate.domain.marks import NOT_MUTED, ChatMarks, ContactName
from wagate.features.messaging.repository.people import InSession
from wagate.store.scoped import Scoped, scoped
from wagate.store.script import Row, Script


@dataclass(frozen=True, slots=True)
class StoredMarks:
    """How a chat is marked. ``muted_until`` is in ms since 1970, NOT_MUTED or FOREVER."""

    chat: ChatId
    archived: bool
    pinned: bool
    muted_until: int
    unread: bool
    disappearing_s: int = 0

    def marked(self, marks: ChatMarks) -> StoredMarks:
        """The same with what is given."""
        return replace(
            self,
            archived=self.archived if marks.archived is None else marks.archived,
            pinned=self.pinned if marks.pinned is None else marks.pinned,
            muted_until=self.muted_until if marks.muted_until is None else marks.muted_until,
            unread=self.unread if marks.unread is None else marks.unread,
            disappearing_s=self.disappearing_s if marks.disappearing_s is None else marks.disappearing_s,
        )


_GET = scoped(
    "SELECT c.id, c.archived, c.pinned, c.muted_until, c.marked_unread, COALESCE((SELECT g.disappearing_s",
    "FROM group_info g WHERE g.id = c.id), c.disappearing_s) AS disappearing_s FROM chat c",
    "WHERE c.tenant_id = :tenant AND c.session_id = :session AND c.id = :chat",
)
_PUT = scoped(
    "UPDATE chat SET archived = :archived, pinned = :pinned, muted_until = :muted_until, marked_unread = :unread,",
    "disappearing_s = :disappearing_s WHERE tenant_id = :tenant AND id = :chat",
)
_LEARN_TIMER = scoped(
    "UPDATE chat SET disappearing_s = :seconds WHERE tenant_id = :tenant AND id = :chat",
    "AND COALESCE(disappearing_s, 0) <> :seconds",
)
_CLEAR = scoped(
    "UPDATE chat SET cleared_until = :until WHERE tenant_id = :tenant AND id = :chat",
    "AND (cleared_until IS NULL OR cleared_until < :until) RETURNING id",
)
_NEWEST_UNTIL = scoped(
    "SELECT COALESCE(sent_at, accepted_at) AS at FROM message WHERE tenant_id || '' = :tenant AND chat_id = :chat",
    "AND COALESCE(sent_at, accepted_at) <= :until ORDER BY id DESC LIMIT 1",
)
_REMOVE = scoped(
    "UPDATE chat SET removed_until = :until WHERE tenant_id = :tenant AND id = :chat",
    "AND (removed_until IS NULL OR removed_until < :until) RETURNING id",
)
_UNSTAR_ALL = scoped(
    "UPDATE message SET starred_at = NULL WHERE tenant_id || '' = :tenant AND chat_id = :chat",
    "AND starred_at IS NOT NULL AND COALESCE(sent_at, accepted_at) <= :until",
)
_STAR = scoped(
    "UPDATE message SET starred_at = :at WHERE tenant_id = :tenant AND id = :message",
)
_NAME = scoped("SELECT name, first_name FROM contact WHERE tenant_id = :tenant AND id = :contact")
_RENAME = scoped(
    "UPDATE contact SET name = :name, first_name = :first_name, updated_at = :now",
    "WHERE tenant_id = :tenant AND id = :contact",
)
_INHERIT_NAME = scoped(
    "UPDATE contact SET name = (SELECT g.name FROM contact g WHERE g.id = :gone),",
    "first_name = (SELECT g.first_name FROM contact g WHERE g.id = :gone)",
    "WHERE tenant_id = :tenant AND id = :kept AND name IS NULL",
)
_INHERIT_MARKS = scoped(
    "UPDATE chat SET archived = COALESCE(archived, (SELECT g.archived FROM chat g WHERE g.id = :gone)),",
    "pinned = COALESCE(pinned, (SELECT g.pinned FROM chat g WHERE g.id = :gone)),",
    "muted_until = COALESCE(muted_until, (SELECT g.muted_until FROM chat g WHERE g.id = :gone)),",
    "disappearing_s = COALESCE(disappearing_s, (SELECT g.disappearing_s FROM chat g WHERE g.id = :gone)),",
    "marked_unread = COALESCE(marked_unread, (SELECT g.marked_unread FROM chat g WHERE g.id = :gone)),",
    "cleared_until = COALESCE(cleared_until, (SELECT g.cleared_until FROM chat g WHERE g.id = :gone))",
    "WHERE tenant_id = :tenant AND id = :kept",
)


def get_marks(scope: InSession, chat: ChatId) -> Script[StoredMarks | None]:
    """How a chat of a session is marked."""
    rows = yield _GET(scope, session=scope.session, chat=chat)
    if not rows:
        return None
    return marks_of(rows[0])


def marks_of(row: Row) -> StoredMarks:
    """How the chat of a row is marked."""
    muted_until = row["muted_until"] or NOT_MUTED
    marks = (bool(row["archived"]), bool(row["pinned"]), muted_until, bool(row["marked_unread"]))
    return StoredMarks(ChatId(row["id"]), *marks, row["disappearing_s"] or 0)


def put_marks(scope: Scoped, marks: StoredMarks) -> Script[None]:
    """Keep how a chat is marked."""
    yield _PUT(
        scope,
        chat=marks.chat,
        archived=int(marks.archived),
        pinned=int(marks.pinned),
        muted_until=marks.muted_until,
        unread=int(marks.unread),
        disappearing_s=marks.disappearing_s,
    )


def newest_until(scope: Scoped, chat: ChatId, until: int) -> Script[int | None]:
    """The moment (ms) of the last message of a chat that is not later than another."""
    rows = yield _NEWEST_UNTIL(scope, chat=chat, until=until)
    return rows[0]["at"] if rows else None


def clear_chat(scope: Scoped, chat: ChatId, until: int, *, with_starred: bool) -> Script[bool]:
    """The messages of a chat up to a moment (ms) are out of sight; whether that is new."""
    rows = yield _CLEAR(scope, chat=chat, until=until)
    if with_starred:
        yield _UNSTAR_ALL(scope, chat=chat, until=until)
    return bool(rows)


def remove_chat(scope: Scoped, chat: ChatId, until: int) -> Script[bool]:
    """A chat was deleted with all up to a moment (ms); whether that is new."""
    return bool((yield _REMOVE(scope, chat=chat, until=until)))


def star_message(scope: Scoped, message: MessageId, at: int | None) -> Script[None]:
    """A message has a star since a moment (ms), or None."""
    yield _STAR(scope, message=message, at=at)


def learn_timer(scope: Scoped, chat: ChatId, seconds: int) -> Script[None]:
    """A message shows that those of its chat vanish after so many seconds."""
    yield _LEARN_TIMER(scope, chat=chat, seconds=seconds)


def get_name(scope: Scoped, contact: ContactId) -> Script[ContactName | None]:
    """What the address book calls somebody."""
    rows = yield _NAME(scope, contact=contact)
    return ContactName(rows[0]["name"], rows[0]["first_name"] or "") if rows and rows[0]["name"] else None


def put_name(scope: Scoped, contact: ContactId, name: ContactName | None, now_ms: int) -> Script[None]:
    """Keep what the address book calls somebody."""
    full, first = (None, None) if name is None else (name.full, name.first or None)
    yield _RENAME(scope, contact=contact, name=full, first_name=first, now=now_ms)


def inherit_name(scope: Scoped, gone: ContactId, kept: ContactId) -> Script[None]:
    """Of two contacts that are one person, the name of the one that goes is not lost."""
    yield _INHERIT_NAME(scope, gone=gone, kept=kept)


def inherit_marks(scope: Scoped, gone: ChatId, kept: ChatId) -> Script[None]:
    """The same for how their chats are marked."""
    yield _INHERIT_MARKS(scope, gone=gone, kept=kept)
