"""What the account's devices agree on, kept. Engines may tell it again: only what is new here becomes an event."""

from __future__ import annotations

from dataclasses import replace

from wagate.domain.content import Deleted
from wagate.domain.events import EventType
from wagate.domain.jid import Jid
from wagate.domain.marks import NOT_MUTED, ChatMarks
from wagate.domain.message import Chat, Direction, Message
from wagate.domain.moments import iso
from wagate.features.journal import Journal
from wagate.features.messaging.identities import Identities
from wagate.features.messaging.repository import marks, messages, people
from wagate.features.messaging.repository.marks import StoredMarks
from wagate.features.messaging.shape import chat_shape, contact_news_shape, message_shape
from wagate.ports.clock import Clock
from wagate.ports.news import (
    ChatEmptied,
    ChatMarked,
    ContactNamed,
    MessageHidden,
    MessageStarred,
    OwnNameChanged,
)
from wagate.store.scoped import SessionScope
from wagate.store.script import Script

MarkNews = ChatMarked | ChatEmptied | MessageStarred | MessageHidden | ContactNamed | OwnNameChanged

_FIELDS = ("archived", "pinned", "muted_until", "unread", "disappearing_s")


def marks_shape(stored: StoredMarks) -> dict[str, object]:
    """How a chat is marked, as the API and `chat.updated` show it."""
    return {
        "archived": stored.archived,
        "pinned": stored.pinned,
        "muted_until": None if stored.muted_until == NOT_MUTED else iso(stored.muted_until),
        "unread": stored.unread,
        "disappearing_s": stored.disappearing_s,
    }


class MarkLedger:
    """Marks, stars and names of all sessions. Every method is part of a write script."""

    def __init__(self, journal: Journal, identities: Identities, clock: Clock) -> None:
        """Changes are told in ``journal``."""
        self._journal = journal
        self._identities = identities
        self._clock = clock

    def changed(self, scope: SessionScope, news: MarkNews) -> Script[None]:
        """Take in what a device of the account did."""
        match news:
            case ChatMarked():
                yield from self._marked(scope, news)
            case ChatEmptied():
                yield from self._emptied(scope, news)
            case MessageStarred():
                yield from self._starred(scope, news)
            case MessageHidden():
                yield from self._hidden(scope, news)
            case ContactNamed():
                yield from self._named(scope, news)
            case OwnNameChanged():
                yield from self._own_name(scope, news)

    # ---- inside

    def _marked(self, scope: SessionScope, news: ChatMarked) -> Script[None]:
        chat = yield from self._chat(scope, news.chat)
        before = yield from marks.get_marks(scope, chat.id)
        assert before is not None, "the chat was just found or made"
        after = before.marked(news.marks)
        if after == before:
            return
        yield from marks.put_marks(scope, after)
        if not news.quiet:
            changes = [name for name in _FIELDS if getattr(before, name) != getattr(after, name)]
            yield from self._tell_chat(scope, chat, after, changes, news.at)

    def _emptied(self, scope: SessionScope, news: ChatEmptied) -> Script[None]:
        chat = yield from self._chat(scope, news.chat)
        until = yield from self._last_gone(scope, chat, news.until)
        is_new = yield from marks.clear_chat(scope, chat.id, until, with_starred=news.with_starred)
        if news.is_deleted:
            is_new = (yield from marks.remove_chat(scope, chat.id, until)) or is_new
        stored = yield from marks.get_marks(scope, chat.id)
        assert stored is not None, "the chat was just found or made"
        if news.is_deleted and is_new:
            stored = stored.marked(ChatMarks(archived=False, pinned=False, unread=False))
            yield from marks.put_marks(scope, stored)
        if is_new and not news.quiet:
            change = "deleted" if news.is_deleted else "cleared"
            yield from self._tell_chat(scope, chat, stored, [change], news.at)

    def _last_gone(self, scope: SessionScope, chat: Chat, until: int) -> Script[int]:
        """The moment of the last message that is gone.

        Phones tell it as a whole second, and what comes within the rest of that second must not vanish unseen.
        """
        newest = yield from marks.newest_until(scope, chat.id, until)
        return until - until % 1000 if newest is None else newest

    def _starred(self, scope: SessionScope, news: MessageStarred) -> Script[None]:
        message = yield from self._message(scope, news)
        if message is None or (message.starred_at is not None) is news.starred:
            return
        at = news.at if news.starred else None
        yield from marks.star_message(scope, message.id, at)
        if not news.quiet:
            data = message_shape(replace(message, starred_at=at))
            yield from self._journal.append(scope, scope.session, EventType.MESSAGE_STARRED, data, news.at)

    def _hidden(self, scope: SessionScope, news: MessageHidden) -> Script[None]:
        message = yield from self._message(scope, news)
        if message is None or message.deleted_at is not None:
            return
        changed = replace(message, content=Deleted(message.content.type), deleted_at=news.at)
        yield from messages.rewrite_message(changed)
        if not news.quiet:
            data = {**message_shape(changed), "for": "me"}
            yield from self._journal.append(scope, scope.session, EventType.MESSAGE_DELETED, data, news.at)

    def _named(self, scope: SessionScope, news: ContactNamed) -> Script[None]:
        if not news.person.is_person:
            return
        if news.name is None:
            found = yield from people.find_people(scope, news.person, news.alt or news.person)
            known = found.get(news.person)
            if known is None:
                return
        else:
            known = yield from self._identities.resolve(scope, news.person, news.alt)
        before = yield from marks.get_name(scope, known.contact.id)
        if before == news.name:
            return
        yield from marks.put_name(scope, known.contact.id, news.name, self._clock.now_ms())
        if not news.quiet:
            data = contact_news_shape(known.contact, news.name, ["name"])
            yield from self._journal.append(scope, scope.session, EventType.CONTACT_UPDATED, data)

    def _own_name(self, scope: SessionScope, news: OwnNameChanged) -> Script[None]:
        own = yield from self._identities.own(scope)
        if own.contact.push_name == news.name:
            return
        contact = replace(own.contact, push_name=news.name)
        yield from people.put_contact(scope, contact, self._clock.now_ms())
        if not news.quiet:
            name = yield from marks.get_name(scope, contact.id)
            data = contact_news_shape(contact, name, ["push_name"])
            yield from self._journal.append(scope, scope.session, EventType.CONTACT_UPDATED, data)

    def _chat(self, scope: SessionScope, jid: Jid) -> Script[Chat]:
        if not jid.is_person:
            return (yield from self._identities.other_chat(scope, jid))
        known = yield from self._identities.resolve(scope, jid)
        return (yield from self._identities.direct_chat(scope, known))

    def _message(self, scope: SessionScope, news: MessageStarred | MessageHidden) -> Script[Message | None]:
        """The message that is meant, if we have it."""
        chat = yield from self._chat(scope, news.chat)
        found = yield from messages.messages_of(scope, chat.id, news.wa_id)
        wanted = Direction.OUT if news.from_me else Direction.IN
        fitting = [message for message in found if message.direction is wanted]
        if news.sender is not None and not news.from_me and len(fitting) > 1:
            known = (yield from people.find_people(scope, news.sender, news.sender)).get(news.sender)
            fitting = [m for m in fitting if known and m.sender and m.sender.id == known.contact.id]
        return fitting[0] if fitting else None

    def _tell_chat(
        self, scope: SessionScope, chat: Chat, stored: StoredMarks, changes: list[str], at: int
    ) -> Script[None]:
        data: dict[str, object] = {"chat": chat_shape(chat), **marks_shape(stored), "changes": changes, "at": iso(at)}
        yield from self._journal.append(scope, scope.session, EventType.CHAT_UPDATED, data, at)
