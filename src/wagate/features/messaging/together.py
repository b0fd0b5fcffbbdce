"""Many plain texts accepted with one set of statements, and how a new message of ours begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from wagate.domain.content import Content
from wagate.domain.errors import GatewayError, SessionNotFound
from wagate.domain.events import EventType
from wagate.domain.ids import MessageId, TenantId, message_id, wa_id
from wagate.domain.message import Chat, Contact, Direction, Message, MessageStatus, Origin
from wagate.features.journal import Journal
from wagate.features.messaging.identities import own_contact_id
from wagate.features.messaging.repository import chats, messages, outbox
from wagate.features.messaging.repository.outbox import KeyUse, Target
from wagate.features.messaging.requests import KEY_LIFE_MS, Accepted, Plain, SendRequest, due, fingerprint_of
from wagate.features.messaging.shape import message_shape
from wagate.ports.clock import Clock
from wagate.ports.engine import EngineFeatures
from wagate.store.scoped import Scoped
from wagate.store.script import Script

Outcome = Accepted | GatewayError | None
"""What became of a request; None: it needs more than a plain text does, and is to be accepted by itself."""


class Checks(Protocol):
    """Tells what an engine can send: see ``Outbox.checked``."""

    def __call__(self, engine: str, content: Content, *, is_forwarded: bool = False) -> tuple[Content, EngineFeatures]:
        """The content as the engine can send it, and its data sheet. Raises UnsupportedByEngine, InvalidContent."""
        ...


class Together:
    """Accepts plain texts, many at once. Every method is part of a write script."""

    def __init__(self, journal: Journal, check: Checks, clock: Clock) -> None:
        """What is accepted is told in ``journal``."""
        self._journal = journal
        self._check = check
        self._clock = clock

    def accept(self, scope: Scoped, by: str, asked: Sequence[Plain]) -> Script[list[Outcome]]:
        """Accept texts to people with whom there are chats already; at most MOST_TARGETS.

        ``by`` says what all sessions are given by: id or name.
        """
        wanted = [(one.session, one.recipient.word) for one in asked]
        targets = yield from outbox.find_targets(scope, by, wanted)
        now = self._clock.now_ms()
        made = [self._made(scope, one, target, now) for one, target in zip(asked, targets, strict=True)]
        yield from self._claim(scope, asked, made, now)
        yield from self._enqueue(scope, [each.message for each in made if isinstance(each, Accepted)])
        return made

    def _made(self, scope: Scoped, asked: Plain, target: Target | None, now: int) -> Outcome:
        try:
            return self._known(scope, asked, target, now)
        except GatewayError as error:
            # With a key, it may have been accepted at a time at which there was nothing against it.
            return error if asked.key is None else None

    def _known(self, scope: Scoped, asked: Plain, target: Target | None, now: int) -> Accepted | None:
        if target is None:
            raise SessionNotFound(f"There is no session {asked.session!r}")
        if target.contact is None or target.chat is None:
            return None
        request = asked.request
        checked = self._check(target.engine, asked.content, is_forwarded=request.context.forwarded > 0)
        chat = Chat(target.chat, "direct", target.contact, None)
        return Accepted(new_message(target, chat, request, checked, (scope.tenant, message_id(now), now)))

    def _claim(self, scope: Scoped, asked: Sequence[Plain], made: list[Outcome], now: int) -> Script[None]:
        """Let keys stand for their messages. Those that stand for others already, or come twice, are left aside."""
        uses: dict[str, KeyUse] = {}
        places: dict[str, int] = {}
        for place, (one, outcome) in enumerate(zip(asked, made, strict=True)):
            if one.key is None or not isinstance(outcome, Accepted):
                continue
            if one.key in uses:
                made[place] = None
                continue
            message = outcome.message
            uses[one.key] = KeyUse(fingerprint_of(message.session, one.recipient, one.request), message.id)
            places[one.key] = place
        if uses:
            claimed = yield from outbox.claim_keys(scope, uses, now, now - KEY_LIFE_MS)
            for key in uses.keys() - claimed:
                made[places[key]] = None

    def _enqueue(self, scope: Scoped, new: Sequence[Message]) -> Script[None]:
        if new:
            yield from messages.add_messages(scope, [(message, own_contact_id(message.session)) for message in new])
            yield from chats.said_all(scope, new)
            yield from outbox.add_all_waiting(scope, new)
            yield from self._journal.append_all(
                scope, [(each.session, news_of(each), message_shape(each), each.accepted_at) for each in new]
            )


def news_of(message: Message) -> EventType:
    """What is told of a message that was just accepted."""
    return EventType.MESSAGE_QUEUED if message.due_at is None else EventType.MESSAGE_SCHEDULED


def new_message(
    target: Target,
    chat: Chat,
    request: SendRequest,
    checked: tuple[Content, EngineFeatures],
    made: tuple[TenantId, MessageId, int],
) -> Message:
    """A message of ours that says what was ``checked``; ``made``: whose it is, its id, and when it was accepted (ms).

    Raises InvalidRequest for its conditions.
    """
    content, features = checked
    tenant, message, now = made
    due_at = due(request.conditions, now)
    return Message(
        id=message,
        tenant=tenant,
        session=target.session,
        chat=chat,
        sender=target.me or Contact(own_contact_id(target.session), None, None, None, is_me=True),
        direction=Direction.OUT,
        origin=Origin.API,
        wa_id=wa_id() if features.chooses_message_id else None,
        client_ref=request.client_ref,
        content=content,
        quoted=None,
        status=MessageStatus.QUEUED if due_at is None else MessageStatus.SCHEDULED,
        status_reason=None,
        failure=None,
        accepted_at=now,
        sent_at=None,
        delivered_at=None,
        read_at=None,
        conditions=request.conditions,
        due_at=due_at,
        context=request.context
        if not target.disappearing_s
        else replace(request.context, expires_in_s=target.disappearing_s),
    )
