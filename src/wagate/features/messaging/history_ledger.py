"""What the phone tells of the past: kept like what arrives, told of once for each history, and never as news."""

from __future__ import annotations

from dataclasses import replace

from wagate.domain.events import EventType
from wagate.domain.ids import message_id
from wagate.domain.jid import Jid
from wagate.domain.message import Chat, Direction, Message, MessageStatus, Origin
from wagate.features.journal import Journal
from wagate.features.media import Arrivals
from wagate.features.messaging.attaching import promised
from wagate.features.messaging.identities import Identities
from wagate.features.messaging.indexer import index_past
from wagate.features.messaging.repository import attachments, chats, history, messages, people
from wagate.features.messaging.repository.history import Tally
from wagate.features.messaging.repository.people import Known
from wagate.features.messaging.shape import chat_shape
from wagate.ports.clock import Clock
from wagate.ports.news import HistoryArrived, HistoryRead, MessageArrived, PastChat, PastMessage, ReceiptKind
from wagate.store.scoped import SessionScope
from wagate.store.script import Dialect, Script

_GOT_TO = {
    None: MessageStatus.SENT,
    ReceiptKind.DELIVERED: MessageStatus.DELIVERED,
    ReceiptKind.READ: MessageStatus.READ,
    ReceiptKind.PLAYED: MessageStatus.PLAYED,
}


class HistoryLedger:
    """Histories, part by part. Every method is part of a write script."""

    def __init__(
        self, dialect: Dialect, journal: Journal, identities: Identities, arrivals: Arrivals, clock: Clock
    ) -> None:
        """People are told apart by ``identities``; ``arrivals`` has a place for what messages show."""
        self._dialect = dialect
        self._arrivals = arrivals
        self._journal = journal
        self._identities = identities
        self._clock = clock

    def arrived(self, scope: SessionScope, news: HistoryArrived) -> Script[None]:
        """Keep what is in a part and not here already."""
        for phone, lid in news.links:
            yield from self._identities.unite_known(scope, phone, lid)
        for person, name in news.names:
            yield from self._identities.resolve(scope, person, push_name=name)
        added: list[Message] = []
        # Phones tell the newest first. Of several in one second, the one that is kept later is listed later.
        for past in reversed(news.messages):
            message = yield from self._message(scope, past)
            if message is not None:
                added.append(message)
        if added:
            yield from index_past(self._dialect, added[::-1])
        for chat_id in dict.fromkeys(message.chat.id for message in added):
            yield from chats.refresh(scope, chat_id)
        for chat in news.chats:
            yield from self._chat(scope, chat)
        yield from history.add_to(scope, news.history, Tally(len(news.chats), len(news.messages), len(added)))

    def read(self, scope: SessionScope, news: HistoryRead) -> Script[None]:
        """Tell what came of a history: the one event that there is of it."""
        tally = yield from history.take(scope, news.history)
        chat = None if news.chat is None else (yield from self._chat_at(scope, news.chat, None))
        told: dict[str, object] = {
            "kind": news.kind,
            "chunk": news.chunk,
            "progress": news.progress,
            "chats": tally.chats,
            "messages": tally.messages,
            "added": tally.added,
            "skipped": news.skipped,
            "request": news.request,
            "chat": None if chat is None else chat_shape(chat),
            "error": None if news.code is None else {"code": news.code, "detail": news.detail},
        }
        yield from self._journal.append(scope, scope.session, EventType.HISTORY_SYNCED, told)

    def _chat(self, scope: SessionScope, told: PastChat) -> Script[None]:
        """Keep a chat, what it is called, and what is unread in it. Its messages came before it."""
        chat = yield from self._chat_at(scope, told.jid, told.alt)
        if told.name is not None and chat.contact is None and chat.name is None:
            yield from people.name_chat(scope, chat.id, told.name)
        yield from chats.settle_past(scope, chat.id, told.unread)

    def _chat_at(self, scope: SessionScope, jid: Jid, alt: Jid | None) -> Script[Chat]:
        if not jid.is_person:
            return (yield from self._identities.other_chat(scope, jid))
        known = yield from self._identities.resolve(scope, jid, alt)
        return (yield from self._identities.direct_chat(scope, known))

    def _message(self, scope: SessionScope, past: PastMessage) -> Script[Message | None]:
        """Keep a message; None when it is here already: then it keeps all that is known of it."""
        said = past.said
        if said.from_me:
            known = yield from self._identities.own(scope)
            if (yield from messages.find_message(scope, said.wa_id, Direction.OUT)) is not None:
                return None
        else:
            known = yield from self._identities.resolve(scope, said.sender, said.sender_alt, said.push_name)
        chat = yield from self._chat_at(scope, said.chat, said.chat_alt)
        message, file = promised(scope, self._arrivals, said, self._kept(scope, past, chat, known))
        if said.quoted is not None:
            found = yield from messages.messages_of(scope, chat.id, said.quoted.wa_id)
            message = replace(message, quoted=replace(said.quoted, message=found[0].id)) if found else message
        kept = yield from messages.add_message(message, known.contact.id)
        if kept is messages.Kept.THERE_ALREADY:
            return None
        if message.media is not None and file is not None:
            yield from self._arrivals.announce(scope, message.media, file, message.id, at_once=False)
            yield from attachments.add_attachment(message)
        return message

    def _kept(self, scope: SessionScope, past: PastMessage, chat: Chat, sender: Known) -> Message:
        said: MessageArrived = past.said
        now = self._clock.now_ms()
        sent_at = min(said.timestamp * 1000, now)
        return Message(
            # Messages are listed by id: this one stands where it was said, not where we heard of it.
            id=message_id(sent_at),
            tenant=scope.tenant,
            session=scope.session,
            chat=chat,
            sender=sender.contact,
            direction=Direction.OUT if said.from_me else Direction.IN,
            origin=Origin.HISTORY,
            wa_id=said.wa_id,
            client_ref=None,
            content=said.content,
            quoted=said.quoted,
            status=_GOT_TO[past.got_to] if said.from_me else MessageStatus.RECEIVED,
            status_reason=None,
            failure=None,
            accepted_at=now,
            sent_at=sent_at,
            delivered_at=None,
            read_at=None,
            context=said.context,
        )
