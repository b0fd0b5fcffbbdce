"""The way out, as far as the database goes: accept a message for good, and give one up."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from wagate.domain.content import Content, Quoted, Text
from wagate.domain.errors import (
    IdempotencyKeyReused,
    InvalidContent,
    InvalidRecipient,
    MessageNotFound,
    MessageNotNamed,
    SessionNotFound,
    SessionNotPaired,
    UnsupportedByEngine,
)
from wagate.domain.events import EventType
from wagate.domain.ids import SessionId, message_id, wa_id
from wagate.domain.jid import Jid, parse_recipient
from wagate.domain.message import Contact, Direction, Message, MessageFailure, MessageStatus, Origin
from wagate.features.journal import Journal
from wagate.features.messaging.identities import Identities, own_contact_id
from wagate.features.messaging.receipts import Receipts
from wagate.features.messaging.repository import messages, outbox
from wagate.features.messaging.repository.outbox import KeyUse, Target, Waiting
from wagate.features.messaging.repository.people import InSession, Known
from wagate.features.messaging.shape import message_shape
from wagate.features.messaging.stored import write_content
from wagate.ports.clock import Clock
from wagate.ports.engine import EngineFeatures
from wagate.store.scoped import Scoped, SessionScope
from wagate.store.script import Script

_PAGE = 500
KEY_LIFE_MS = 72 * 3_600_000
"""How long an idempotency key stands for its message."""

_ROADS = {"cht": "chat", "con": "contact"}


@dataclass(frozen=True, slots=True)
class SendRequest:
    """What a caller asks to be sent.

    ``to`` is a phone number in any sane form, a JID, a LID, a chat id or a contact id; ``reply_to`` a message id of
    the same chat; ``client_ref`` the caller's own word for the message, kept and shown, never interpreted.
    """

    to: str
    content: Content
    reply_to: str | None = None
    client_ref: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message that is durably ours to deliver. ``replayed``: an earlier request with this key already made it."""

    message: Message
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient as the caller named it: which ``road`` of the repository leads there, and the word to look up."""

    road: str
    word: str

    @classmethod
    def read(cls, to: str) -> Recipient:
        """Understand ``to``. Raises InvalidRecipient, UnsupportedByEngine."""
        prefix, _, rest = to.partition("_")
        if rest and prefix in _ROADS:
            return cls(_ROADS[prefix], to)
        try:
            jid = parse_recipient(to)
        except InvalidRecipient as error:
            raise InvalidRecipient(error.detail, pointer="/to") from error
        if not jid.is_person:
            raise UnsupportedByEngine(
                "Messages go to people; groups, lists and channels cannot be written to yet", pointer="/to"
            )
        return cls("address", jid)


class Outbox:
    """Messages on their way out. Every public method is a write script, or part of one."""

    def __init__(
        self,
        journal: Journal,
        identities: Identities,
        receipts: Receipts,
        clock: Clock,
        engines: Mapping[str, EngineFeatures],
    ) -> None:
        """``engines`` says what each kind of engine can send: what it cannot is refused now, not in five minutes."""
        self._journal = journal
        self._identities = identities
        self._receipts = receipts
        self._clock = clock
        self._engines = engines

    def accept(self, scope: Scoped, session: str, request: SendRequest, key: str | None) -> Script[Accepted]:
        """Make a message durable with all that belongs to it, or find the one that this key made."""
        recipient = Recipient.read(request.to)
        target = yield from outbox.find_target(scope, session, recipient.road, recipient.word)
        if target is None:
            raise SessionNotFound(f"There is no session {session!r}")
        now = self._clock.now_ms()
        message = message_id(now)
        if key is not None:
            use = KeyUse(_fingerprint(target.session, recipient, request), message)
            earlier = yield from outbox.claim_key(scope, key, use, now, now - KEY_LIFE_MS)
            if earlier is not None:
                return (yield from self._replay(scope, key, use, earlier))
        features = self._features(target.engine, request.content)
        inside = SessionScope(scope.tenant, target.session, 0)
        known = yield from self._person(inside, target, recipient)
        chat = yield from self._identities.direct_chat(inside, known)
        quoted = None
        if request.reply_to is not None:
            quoted = yield from self._quote(scope, request.reply_to, chat.id)
        accepted = Message(
            id=message,
            tenant=scope.tenant,
            session=target.session,
            chat=chat,
            sender=target.me or Contact(own_contact_id(target.session), None, None, None, is_me=True),
            direction=Direction.OUT,
            origin=Origin.API,
            wa_id=wa_id() if features.chooses_message_id else None,
            client_ref=request.client_ref,
            content=request.content,
            quoted=quoted,
            status=MessageStatus.QUEUED,
            status_reason=None,
            failure=None,
            accepted_at=now,
            sent_at=None,
            delivered_at=None,
            read_at=None,
        )
        yield from messages.add_message(accepted, own_contact_id(target.session))
        yield from outbox.add_waiting(accepted)
        yield from self._journal.append(scope, target.session, EventType.MESSAGE_QUEUED, message_shape(accepted), now)
        return Accepted(accepted)

    def give_up(self, scope: Scoped, waiting: Waiting, failure: MessageFailure) -> Script[None]:
        """A message certainly did not go out and never will. One that an engine has taken over is left to it."""
        message = yield from messages.get_message(scope, waiting.message)
        if message is not None and message.status is MessageStatus.QUEUED:
            yield from self._receipts.fail(SessionScope(scope.tenant, waiting.session, 0), message, failure)

    def disown(self, scope: InSession, limit: int, reason: str = "session_reset") -> Script[int]:
        """The engine's keys are gone, and with them what it had taken over: those messages may have gone out or not.

        ``reason`` is told as their ``status_reason``. Returns how many were found, at most ``limit``.
        """
        lost = yield from outbox.sending(scope, limit)
        for message_ in lost:
            yield from outbox.remove_waiting(scope, message_)
            message = yield from messages.get_message(scope, message_)
            if message is not None:
                yield from self._receipts.move(
                    scope, message, MessageStatus.UNKNOWN, self._clock.now_ms(), reason=reason
                )
        return len(lost)

    def in_flight(self, scope: InSession) -> Script[bool]:
        """Whether an engine has taken something over whose outcome is not known yet."""
        return bool((yield from outbox.sending(scope, 1)))

    def fit(self, scope: InSession, engine: str) -> Script[None]:
        """The session uses another engine from here on: what waits gets the ids that it must have there."""
        if not self._engines[engine].chooses_message_id:
            return
        while found := (yield from outbox.nameless(scope, _PAGE)):
            for message in found:
                yield from messages.name_message(scope, message, wa_id())

    # ---- inside

    def _replay(self, scope: Scoped, key: str, use: KeyUse, earlier: KeyUse) -> Script[Accepted]:
        if earlier.fingerprint != use.fingerprint:
            raise IdempotencyKeyReused(f"The key {key!r} was used for another message; use a new key for a new one")
        message = yield from messages.get_message(scope, earlier.message)
        if message is None:
            raise MessageNotFound("The message that this Idempotency-Key made was deleted")
        return Accepted(message, replayed=True)

    def _features(self, engine: str, content: Content) -> EngineFeatures:
        """The data sheet of an engine that can send this. Raises UnsupportedByEngine, InvalidContent."""
        features = self._engines.get(engine)
        if features is None or content.type not in features.contents:
            raise UnsupportedByEngine(f"The engine {engine!r} cannot send {content.type!r}", pointer="/type")
        if isinstance(content, Text):
            if not content.body.strip():
                raise InvalidContent("The text is empty", pointer="/text")
            if len(content.body.encode()) > features.max_text_bytes:
                raise InvalidContent(
                    f"The text is longer than {features.max_text_bytes} bytes in UTF-8", pointer="/text"
                )
        return features

    def _person(self, scope: SessionScope, target: Target, recipient: Recipient) -> Script[Known]:
        if target.contact is not None:
            return Known(target.contact, target.chat)
        if recipient.road == "address":
            return (yield from self._identities.resolve(scope, Jid(recipient.word)))
        if target.chat is not None:
            raise UnsupportedByEngine("Messages go to people; this chat is a group, a list or a channel", pointer="/to")
        raise InvalidRecipient(f"There is no {recipient.road} {recipient.word!r} in this session", pointer="/to")

    def _quote(self, scope: Scoped, reply_to: str, chat: str) -> Script[Quoted]:
        original = yield from messages.get_message(scope, reply_to)
        if original is None or original.chat.id != chat:
            raise MessageNotFound(f"There is no message {reply_to!r} in this chat", pointer="/reply_to")
        sender = original.sender
        if original.wa_id is None:
            raise MessageNotNamed(
                "WhatsApp has not taken that message yet; answer it once it was sent", pointer="/reply_to"
            )
        if sender is None or (sender.phone is None and sender.lid is None):
            raise SessionNotPaired("Our own address is not known before a phone is linked", pointer="/reply_to")
        return Quoted(original.wa_id, outbox.address_of(sender.phone, sender.lid, None), original.content.text)


def _fingerprint(session: SessionId, recipient: Recipient, request: SendRequest) -> str:
    """What makes two requests the same: session, recipient (however it was spelt), content, reply and reference."""
    parts = [session, recipient.word, write_content(request.content), request.reply_to, request.client_ref]
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()
