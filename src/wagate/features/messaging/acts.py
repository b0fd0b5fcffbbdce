"""What people do to messages, applied in the transaction that tells of it: reactions, edits, deletions, votes, pins.

For each message, person and kind the newest act counts, so nothing happens twice. An act on a message that is not there
is kept: a reaction or a vote is told at once, an edit or a deletion when its message arrives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from wagate.domain.acts import Act, Edit, Pin, PollVote, Reaction, Revocation, Said
from wagate.domain.content import Captioned, Deleted, Text
from wagate.domain.events import EventType
from wagate.domain.message import Chat, Message
from wagate.features.journal import Journal
from wagate.features.messaging.repository import acts, attachments, messages
from wagate.features.messaging.repository.acts import Done
from wagate.features.messaging.repository.people import InSession
from wagate.features.messaging.shape import act_shape, message_shape
from wagate.store.script import Script

_EVENTS: Mapping[type[Act], EventType] = {
    Reaction: EventType.MESSAGE_REACTION,
    PollVote: EventType.MESSAGE_POLL_VOTE,
    Pin: EventType.MESSAGE_PINNED,
}


class Acts:
    """The acts of all sessions. Every method is part of a write script."""

    def __init__(self, journal: Journal) -> None:
        """What was done is told in ``journal``."""
        self._journal = journal

    def did(self, scope: InSession, chat: Chat, done: Done) -> Script[None]:
        """Somebody did something to a message of a chat: a contact, or we on the phone or another device."""
        former = yield from acts.find_act(scope, done.act, done.sender.id)
        if former is not None and (former[1] == done.act_wa_id or former[2] > done.at):
            return
        named = yield from messages.messages_of(scope, chat.id, done.act.target.wa_id)
        allowed = [message for message in named if _may(done, message)]
        if named and not allowed:
            return
        message = allowed[0] if allowed else None
        yield from acts.put_act(scope, chat.id, done, is_known=message is not None)
        is_news = former is None or replace(former[0], at=done.act.at, target=done.act.target) != done.act
        yield from self._tell(scope, chat, done, message, is_news=is_news)

    def did_ourselves(self, scope: InSession, sent: Message) -> Script[None]:
        """An act that we sent is out."""
        act, sender = sent.content, sent.sender
        assert isinstance(act, Act), "only acts are about another message"
        assert sender is not None, "our own messages have a writer"
        assert sent.wa_id is not None, "what is out has an id"
        yield from self.did(scope, sent.chat, Done(act, sender, sent.wa_id, act.at or sent.accepted_at))

    def catch_up(self, scope: InSession, message: Message) -> Script[None]:
        """A message is there on which acts are waiting."""
        for done in (yield from acts.adopt_orphans(message)):
            if isinstance(done.act, Edit | Revocation) and _may(done, message):
                message = yield from self._apply(scope, message, done)

    # ---- inside

    def _tell(
        self, scope: InSession, chat: Chat, done: Done, message: Message | None, *, is_news: bool
    ) -> Script[None]:
        if isinstance(done.act, Edit | Revocation):
            if message is not None:
                yield from self._apply(scope, message, done)
        elif is_news:
            data = act_shape(chat, done.sender, done.act, done.at, message)
            yield from self._journal.append(scope, scope.session, _EVENTS[type(done.act)], data, done.at)

    def _apply(self, scope: InSession, message: Message, done: Done) -> Script[Message]:
        """Change what a message says. Nothing brings back one that was taken back."""
        if message.deleted_at is not None:
            return message
        if isinstance(done.act, Edit):
            content = _edited(message.content, done.act.content)
            changed, event = replace(message, content=content, edited_at=done.at), EventType.MESSAGE_EDITED
        else:
            yield from attachments.remove_attachment(message)
            gone = Deleted(message.content.type)
            changed = replace(message, content=gone, deleted_at=done.at, media=None)
            event = EventType.MESSAGE_DELETED
        yield from messages.rewrite_message(changed)
        data = message_shape(changed)
        if event is EventType.MESSAGE_DELETED:
            data["for"] = "everybody"
        yield from self._journal.append(scope, scope.session, event, data, done.at)
        return changed


def _edited(content: Said, words: Text) -> Said:
    """What a message says with other words; a file stays, and they are its caption."""
    if isinstance(content, Captioned):
        return replace(content, caption=words.body or None, mentions=words.mentions, mentions_all=words.mentions_all)
    return words if isinstance(content, Text) else content


def _may(done: Done, message: Message) -> bool:
    """Whether this person may do this to this message: only its writer edits, and takes back unless in a group.

    In a group an admin may take back others' messages; that somebody is one the server has checked.
    """
    if isinstance(done.act, Edit):
        return message.sender is not None and message.sender.id == done.sender.id
    if isinstance(done.act, Revocation):
        is_writer = message.sender is not None and message.sender.id == done.sender.id
        return is_writer or message.chat.kind == "group"
    return True
