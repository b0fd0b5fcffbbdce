"""What comes in: a message is kept once, with who wrote it and where, in the engine's own transaction."""

from __future__ import annotations

from dataclasses import replace

from wagate.domain.acts import Act
from wagate.domain.content import Quoted
from wagate.domain.events import EventType
from wagate.domain.ids import message_id
from wagate.domain.message import Chat, Contact, Direction, Message, MessageStatus, Origin
from wagate.features.journal import Journal
from wagate.features.media import Arrivals
from wagate.features.messaging.acts import Acts
from wagate.features.messaging.attaching import promised
from wagate.features.messaging.identities import Identities
from wagate.features.messaging.receipts import Receipts, moment
from wagate.features.messaging.repository import attachments, chats, marks, messages
from wagate.features.messaging.repository.acts import Done
from wagate.features.messaging.repository.messages import Kept
from wagate.features.messaging.repository.people import Known
from wagate.features.messaging.shape import chat_shape, contact_shape, message_shape
from wagate.ports.clock import Clock
from wagate.ports.files import ArrivedFile
from wagate.ports.news import MessageArrived, MessageUndecryptable, ReadElsewhere
from wagate.store.scoped import SessionScope
from wagate.store.script import Script


class Inbox:
    """Messages from contacts, and from other devices of our own account. Every method is part of a write script."""

    def __init__(
        self,
        journal: Journal,
        identities: Identities,
        acts: Acts,
        receipts: Receipts,
        arrivals: Arrivals,
        clock: Clock,
    ) -> None:
        """People are told apart by ``identities``; what they do to messages is for ``acts``; ``receipts`` hears of what
        proves that our own messages went out; files are announced to ``arrivals``.
        """
        self._arrivals = arrivals
        self._journal = journal
        self._identities = identities
        self._receipts = receipts
        self._acts = acts
        self._clock = clock

    def arrived(self, scope: SessionScope, news: MessageArrived, *, is_wanted: bool = True) -> Script[None]:
        """Keep a message, unless it is here already. An echo of what we sent ourselves proves that it went out.

        With ``is_wanted`` false only that is taken note of.
        """
        if news.from_me:
            ours = yield from messages.find_message(scope, news.wa_id, Direction.OUT)
            if ours is not None and ours.origin is not Origin.HISTORY:
                yield from self._receipts.echoed(scope, ours, news.timestamp)
                return
        if not is_wanted:
            return
        if news.from_me:
            known = yield from self._identities.own(scope)
            chat = yield from self._chat_with(scope, news)
        else:
            known = yield from self._identities.resolve(scope, news.sender, news.sender_alt, news.push_name)
            chat = yield from self._chat_from(scope, news, known)
        if isinstance(news.content, Act):
            now = self._clock.now_ms()
            at = min(news.content.at or moment(news.timestamp, now), now)
            done = Done(news.content, known.contact, news.wa_id, at)
            yield from self._acts.did(scope, chat, done)
            return
        message, file = promised(scope, self._arrivals, news, self._message(scope, news, chat, known.contact))
        if news.quoted is not None:
            message = yield from self._with_quoted(scope, message, news.quoted)
        kept = yield from messages.add_message(message, known.contact.id)
        if kept is Kept.THERE_ALREADY:
            # The phone told of it before it came itself: nobody has heard of it yet.
            claimed = yield from messages.claim_from_history(message, known.contact.id)
            message, kept = (message, kept) if claimed is None else (replace(message, id=claimed), Kept.NEW)
        if kept is not Kept.THERE_ALREADY:
            yield from self._tell(scope, message, file)
        if kept is Kept.AWAITED:
            yield from self._acts.catch_up(scope, message)

    def _tell(self, scope: SessionScope, message: Message, file: ArrivedFile | None) -> Script[None]:
        """A message is new: its chat stands otherwise, its file is awaited, and somebody may be waiting for it."""
        is_ours = message.direction is Direction.OUT
        yield from chats.answered(message) if is_ours else chats.received(message)
        if message.media is not None and file is not None:
            yield from self._arrivals.announce(scope, message.media, file, message.id)
            yield from attachments.add_attachment(message)
        if message.context.expires_in_s and message.chat.contact is not None:
            yield from marks.learn_timer(scope, message.chat.id, message.context.expires_in_s)
        event = EventType.MESSAGE_SENT if is_ours else EventType.MESSAGE_RECEIVED
        yield from self._journal.append(scope, scope.session, event, message_shape(message), message.sent_at)

    def undecryptable(self, scope: SessionScope, news: MessageUndecryptable) -> Script[None]:
        """Tell that something could not be read. It is not kept: its sender was asked to send it again."""
        known = yield from self._identities.resolve(scope, news.sender)
        if news.chat.is_person:
            chat = yield from self._identities.direct_chat(scope, known)
        else:
            chat = yield from self._identities.other_chat(scope, news.chat)
        yield from self._journal.append(
            scope,
            scope.session,
            EventType.MESSAGE_UNDECRYPTABLE,
            {
                "wa_id": news.wa_id,
                "chat": chat_shape(chat),
                "from": contact_shape(known.contact),
                "attempt": news.attempt,
                "detail": news.detail,
            },
            moment(news.timestamp, self._clock.now_ms()),
        )

    def read_elsewhere(self, scope: SessionScope, news: ReadElsewhere) -> Script[None]:
        """The chat was opened on our phone: what came up to these messages is read."""
        chat = yield from self._identities.known_chat(scope, news.chat)
        newest = None if chat is None else (yield from chats.newest_named(scope, chat, news.wa_ids))
        if chat is not None and newest is not None:
            yield from chats.read_until(scope, chat, newest)

    def _chat_from(self, scope: SessionScope, news: MessageArrived, sender: Known) -> Script[Chat]:
        if news.chat.is_person:
            return (yield from self._identities.direct_chat(scope, sender))
        return (yield from self._identities.other_chat(scope, news.chat))

    def _chat_with(self, scope: SessionScope, news: MessageArrived) -> Script[Chat]:
        if news.chat.is_person:
            peer = yield from self._identities.resolve(scope, news.chat, news.chat_alt)
            return (yield from self._identities.direct_chat(scope, peer))
        return (yield from self._identities.other_chat(scope, news.chat))

    def _with_quoted(self, scope: SessionScope, message: Message, quoted: Quoted) -> Script[Message]:
        """The message, with our own id of the one that it answers."""
        found = yield from messages.messages_of(scope, message.chat.id, quoted.wa_id)
        return replace(message, quoted=replace(quoted, message=found[0].id)) if found else message

    def _message(self, scope: SessionScope, news: MessageArrived, chat: Chat, sender: Contact) -> Message:
        now = self._clock.now_ms()
        return Message(
            id=message_id(now),
            tenant=scope.tenant,
            session=scope.session,
            chat=chat,
            sender=sender,
            direction=Direction.OUT if news.from_me else Direction.IN,
            origin=Origin.OTHER_DEVICE if news.from_me else Origin.CONTACT,
            wa_id=news.wa_id,
            client_ref=None,
            content=news.content,
            quoted=news.quoted,
            status=MessageStatus.SENT if news.from_me else MessageStatus.RECEIVED,
            status_reason=None,
            failure=None,
            accepted_at=now,
            sent_at=moment(news.timestamp, now),
            delivered_at=None,
            read_at=None,
            context=news.context,
        )
