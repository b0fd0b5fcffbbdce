"""The way out, as far as the database goes: accept a message for good, and give one up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from wagate.domain.acts import Act
from wagate.domain.conditions import PLAIN_CONDITIONS
from wagate.domain.content import (
    PLAIN_CONTEXT,
    Attached,
    Buttons,
    Content,
    Context,
    Deleted,
    LinkPreview,
    ListMenu,
    Quoted,
    Text,
    as_sent,
)
from wagate.domain.errors import (
    IdempotencyKeyReused,
    InvalidRecipient,
    MessageNotFound,
    MessageNotNamed,
    MessageUnavailable,
    NotGroupAdmin,
    SessionNotFound,
    SessionNotPaired,
    UnsupportedByEngine,
)
from wagate.domain.ids import ChatId, MessageId, message_id, wa_id
from wagate.domain.jid import STATUS_LIST, Jid
from wagate.domain.message import (
    OVER,
    WAITING,
    Chat,
    Contact,
    Direction,
    Message,
    MessageFailure,
    MessageStatus,
    Origin,
)
from wagate.domain.people import GroupRole
from wagate.domain.templates import TemplateUse
from wagate.features.journal import Journal
from wagate.features.media import refer, release
from wagate.features.messaging.attaching import usable
from wagate.features.messaging.audience import chosen
from wagate.features.messaging.identities import Identities, own_contact_id
from wagate.features.messaging.receipts import Receipts
from wagate.features.messaging.recipients import Recipient
from wagate.features.messaging.repository import attachments, chats, duplicates, groups, messages, outbox, statuses
from wagate.features.messaging.repository.outbox import KeyUse, Target, Waiting
from wagate.features.messaging.repository.people import InSession, Known
from wagate.features.messaging.requests import (
    KEY_LIFE_MS,
    Accepted,
    ActRequest,
    ForwardRequest,
    SendRequest,
    due,
    fingerprint,
    fingerprint_of,
    likeness,
)
from wagate.features.messaging.saying import said_by
from wagate.features.messaging.shape import message_shape
from wagate.features.messaging.together import Together, new_message, news_of
from wagate.features.messaging.wishes import Revoke, Wish, author_of, check
from wagate.ports.clock import Clock
from wagate.ports.engine import EngineFeatures
from wagate.store.scoped import Scoped, SessionScope
from wagate.store.script import Script

_PAGE = 500
MAX_FORWARDED = 127
"""WhatsApp's mark for what was forwarded so often that nobody counts any more."""


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
        self.together = Together(journal, self.checked, clock)
        """The same for many plain texts at once."""

    def accept(
        self, scope: Scoped, session: str, request: SendRequest, key: str | None, preview: LinkPreview | None = None
    ) -> Script[Accepted]:
        """Make a message durable with all that belongs to it, or find the one that this key made.

        ``preview`` is what was found behind a text's link, if that was asked for.
        """
        recipient = request.recipient
        target = yield from outbox.find_target(scope, session, recipient.road, recipient.word)
        if target is None:
            raise SessionNotFound(f"There is no session {session!r}")
        now = self._clock.now_ms()
        message = message_id(now)
        if key is not None:
            use = KeyUse(fingerprint_of(target.session, recipient, request), message)
            earlier = yield from outbox.claim_key(scope, key, use, now, now - KEY_LIFE_MS)
            if earlier is not None:
                return (yield from self._replay(scope, key, use, earlier))
        said = yield from said_by(scope, request.content, preview)
        content, features = self.checked(target.engine, said, is_forwarded=request.context.forwarded > 0)
        due(request.conditions, now)
        media = None if not isinstance(content, Attached) else (yield from usable(scope, content))
        inside = SessionScope(scope.tenant, target.session, 0)
        chat = yield from self._chat(inside, target, recipient, features)
        if request.deduplicate_s is not None:
            twin = yield from self._twin(scope, chat.id, request, message, now)
            if twin is not None:
                if key is not None:
                    yield from outbox.repoint_key(scope, key, twin.id)
                return Accepted(twin, deduplicated=True)
        quoted = None
        if request.reply_to is not None:
            quoted = yield from self._quote(scope, request.reply_to, chat.id)
        made = new_message(target, chat, request, (content, features), (scope.tenant, message, now))
        accepted = made if quoted is None and media is None else replace(made, quoted=quoted, media=media)
        if request.audience is not None:
            yield from statuses.address(accepted, (yield from chosen(inside, request.audience)))
        yield from self._enqueue(accepted)
        return Accepted(accepted)

    def expect(self, scope: Scoped, session: str, request: SendRequest) -> Script[None]:
        """Whether a message like this could be accepted, as far as that can be said without its file."""
        recipient = request.recipient
        target = yield from outbox.find_target(scope, session, recipient.road, recipient.word)
        if target is None:
            raise SessionNotFound(f"There is no session {session!r}")
        if not isinstance(request.content, TemplateUse):
            self.checked(target.engine, request.content)

    def act(self, scope: Scoped, request: ActRequest, key: str | None) -> Script[Accepted]:
        """Make an act durable, which is sent like a message, behind those that wait in its chat."""
        target = yield from messages.get_message(scope, request.message)
        if target is None or target.act_on is not None:
            raise MessageNotFound(f"There is no message {request.message!r}")
        now = self._clock.now_ms()
        message = message_id(now)
        if key is not None:
            use = KeyUse(fingerprint(target.id, repr(request.wish), request.client_ref), message)
            earlier = yield from outbox.claim_key(scope, key, use, now, now - KEY_LIFE_MS)
            if earlier is not None:
                return (yield from self._replay(scope, key, use, earlier))
        place = yield from outbox.find_target(scope, target.session, "chat", target.chat.id)
        assert place is not None, "a message has a session"
        features = self._features_for(place.engine, request.wish.type)
        yield from self._require_place(scope, target, request.wish, features)
        accepted = replace(
            target,
            id=message,
            sender=place.me or Contact(own_contact_id(target.session), None, None, None, is_me=True),
            direction=Direction.OUT,
            origin=Origin.API,
            wa_id=wa_id() if features.chooses_message_id else None,
            client_ref=request.client_ref,
            content=request.wish.act(target, now, features),
            quoted=None,
            status=MessageStatus.QUEUED,
            status_reason=None,
            failure=None,
            accepted_at=now,
            sent_at=None,
            delivered_at=None,
            read_at=None,
            context=PLAIN_CONTEXT,
            edited_at=None,
            deleted_at=None,
            act_on=target.id,
            media=None,
            conditions=PLAIN_CONDITIONS,
            due_at=None,
        )
        yield from self._enqueue(accepted)
        return Accepted(accepted)

    def forward(self, scope: Scoped, request: ForwardRequest, key: str | None) -> Script[Accepted]:
        """Accept what another message says, once more, marked as forwarded."""
        original = yield from messages.get_message(scope, request.message)
        if original is None or original.act_on is not None:
            raise MessageNotFound(f"There is no message {request.message!r}")
        if isinstance(original.content, Deleted):
            raise MessageUnavailable("The message was deleted: there is nothing to forward")
        content = original.content
        assert not isinstance(content, Act), "only acts are about another message"
        # What one forwards of one's own begins to count only with the next person who forwards it.
        hops = original.context.forwarded + (original.direction is Direction.IN)
        context = Context(forwarded=min(hops, MAX_FORWARDED))
        wanted = SendRequest(request.to, content, client_ref=request.client_ref, context=context)
        return (yield from self.accept(scope, original.session, wanted, key))

    def give_up(self, scope: Scoped, waiting: Waiting, failure: MessageFailure) -> Script[None]:
        """A message certainly did not go out and never will. One that an engine has taken over is left to it."""
        message = yield from messages.get_message(scope, waiting.message)
        if message is not None and message.status in WAITING:
            yield from self._receipts.fail(SessionScope(scope.tenant, waiting.session, 0), message, failure)

    def disown(self, scope: InSession, limit: int, reason: str = "session_reset") -> Script[int]:
        """The engine's keys are gone, and with them what it had taken over: those messages may have gone out or not.

        ``reason`` is told as their ``status_reason``. Returns how many were found, at most ``limit``.
        """
        lost = yield from outbox.sending(scope, limit)
        for message_ in lost:
            message = yield from messages.get_message(scope, message_)
            if message is None:
                yield from outbox.remove_waiting(scope, message_)
                yield from release(scope, message_)
            else:
                yield from self._receipts.lose(scope, message, reason)
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

    def _twin(
        self, scope: Scoped, chat: ChatId, request: SendRequest, message: MessageId, now: int
    ) -> Script[Message | None]:
        """The message of the chat that says the same, if it is young enough; else the new one is what others find.

        One that failed, was called back or is gone is no reason not to say it again.
        """
        assert request.deduplicate_s is not None, "that was asked for"
        like = likeness(chat, request)
        earlier = yield from duplicates.claim(scope, like, message, now, now - request.deduplicate_s * 1000)
        twin = None if earlier is None else (yield from messages.get_message(scope, earlier))
        if earlier is not None and (twin is None or twin.deleted_at is not None or twin.status in OVER):
            yield from duplicates.take_over(scope, like, message, now)
            return None
        return twin

    def _enqueue(self, message: Message) -> Script[None]:
        """Keep a new message and all that belongs to it."""
        yield from messages.add_message(message, own_contact_id(message.session))
        if message.act_on is None:
            yield from chats.said(message)
        yield from outbox.add_waiting(message)
        if message.media is not None:
            yield from refer(message, message.media.id, message.id, needs_bytes=True)
            yield from attachments.add_attachment(message)
        shape = message_shape(message)
        yield from self._journal.append(message, message.session, news_of(message), shape, message.accepted_at)

    def checked(self, engine: str, content: Content, *, is_forwarded: bool = False) -> tuple[Content, EngineFeatures]:
        """The content as the engine can send it, and its data sheet. Raises UnsupportedByEngine, InvalidContent.

        Of what others said, only what goes out is checked: it may be rendered as something that is less limited.
        """
        features = self._engines.get(engine)
        if isinstance(content, Buttons | ListMenu) and features is not None and content.type not in features.contents:
            content = replace(content, rendered_as=Text.type)
        features = self._features_for(engine, as_sent(content).type)
        check(as_sent(content) if is_forwarded else content, features)
        return content, features

    def _features_for(self, engine: str, type_: str) -> EngineFeatures:
        """The data sheet of an engine that can send such things. Raises UnsupportedByEngine."""
        features = self._engines.get(engine)
        if features is None or type_ not in features.contents:
            raise UnsupportedByEngine(f"The engine {engine!r} cannot send {type_!r}", pointer="/type")
        return features

    def _require_place(self, scope: Scoped, target: Message, wish: Wish, features: EngineFeatures) -> Script[None]:
        """Raise UnsupportedByEngine where nothing can be done to messages, NotGroupAdmin where admins alone may."""
        if target.chat.contact is not None:
            return
        if target.chat.jid == STATUS_LIST and isinstance(wish, Revoke) and features.posts_status:
            return
        if target.chat.kind != "group" or not features.sends_to_groups:
            raise UnsupportedByEngine("What is said here cannot be acted on with this engine")
        if isinstance(wish, Revoke) and target.direction is not Direction.OUT:
            role = yield from groups.role_of(scope, target.chat.id, own_contact_id(target.session))
            if role is GroupRole.MEMBER:
                raise NotGroupAdmin("Only an admin of the group can take back what others wrote")

    def _chat(
        self, scope: SessionScope, target: Target, recipient: Recipient, features: EngineFeatures
    ) -> Script[Chat]:
        group = Jid(recipient.word) if recipient.road == "group" else target.jid
        if recipient.word == STATUS_LIST:
            if not features.posts_status:
                raise UnsupportedByEngine(f"The engine {target.engine!r} cannot post a status")
            return (yield from self._identities.other_chat(scope, STATUS_LIST))
        if group is None or not group.is_group:
            known = yield from self._person(scope, target, recipient)
            return (yield from self._identities.direct_chat(scope, known))
        if not features.sends_to_groups:
            raise UnsupportedByEngine(f"The engine {target.engine!r} cannot write to groups", pointer="/to")
        return (yield from self._identities.other_chat(scope, group))

    def _person(self, scope: SessionScope, target: Target, recipient: Recipient) -> Script[Known]:
        if target.contact is not None:
            return Known(target.contact, target.chat)
        if recipient.road == "address":
            return (yield from self._identities.resolve(scope, Jid(recipient.word)))
        if target.chat is not None:
            raise UnsupportedByEngine("Messages go to people and groups; this is a list or a channel", pointer="/to")
        raise InvalidRecipient(f"There is no {recipient.road} {recipient.word!r} in this session", pointer="/to")

    def _quote(self, scope: Scoped, reply_to: str, chat: str) -> Script[Quoted]:
        original = yield from messages.get_message(scope, reply_to)
        if original is None or original.chat.id != chat or original.act_on is not None:
            raise MessageNotFound(f"There is no message {reply_to!r} in this chat", pointer="/reply_to")
        author = author_of(original)
        if original.wa_id is None:
            raise MessageNotNamed(
                "WhatsApp has not taken that message yet; answer it once it was sent", pointer="/reply_to"
            )
        if author is None:
            raise SessionNotPaired("Our own address is not known before a phone is linked", pointer="/reply_to")
        return Quoted(original.wa_id, author, original.content.text, original.id)
