"""How far our messages got: acks, refusals and receipts raise a message's status, and never lower it."""

from __future__ import annotations

from dataclasses import replace

import structlog

from wagate.domain.conditions import OnUnknown
from wagate.domain.events import EventType
from wagate.domain.ids import SessionId
from wagate.domain.message import (
    WAITING,
    Direction,
    Message,
    MessageFailure,
    MessageStatus,
    Origin,
    may_become,
    may_return,
)
from wagate.features.journal import Journal
from wagate.features.media import release
from wagate.features.messaging.accounts import Accounts
from wagate.features.messaging.acts import Acts
from wagate.features.messaging.identities import Identities
from wagate.features.messaging.repository import attachments, chats, groups, messages, outbox
from wagate.features.messaging.repository import receipts as rows
from wagate.features.messaging.repository.people import InSession
from wagate.features.messaging.retrying import Retries
from wagate.features.messaging.shape import message_shape
from wagate.features.messaging.stored import Transition
from wagate.ports.clock import Clock
from wagate.ports.news import ReceiptArrived, ReceiptKind, SendAccepted, SendRefused, SendStarted, SendUncertain
from wagate.store.scoped import SessionScope
from wagate.store.script import Script

_log = structlog.get_logger(__name__)

_EVENTS = {
    MessageStatus.QUEUED: EventType.MESSAGE_QUEUED,
    MessageStatus.SCHEDULED: EventType.MESSAGE_SCHEDULED,
    MessageStatus.CANCELLED: EventType.MESSAGE_CANCELLED,
    MessageStatus.SENT: EventType.MESSAGE_SENT,
    MessageStatus.DELIVERED: EventType.MESSAGE_DELIVERED,
    MessageStatus.READ: EventType.MESSAGE_READ,
    MessageStatus.PLAYED: EventType.MESSAGE_PLAYED,
    MessageStatus.FAILED: EventType.MESSAGE_FAILED,
    MessageStatus.UNKNOWN: EventType.MESSAGE_UNKNOWN,
}
_PROOFS = {
    ReceiptKind.DELIVERED: MessageStatus.DELIVERED,
    ReceiptKind.READ: MessageStatus.READ,
    ReceiptKind.PLAYED: MessageStatus.PLAYED,
}
_READ = frozenset({MessageStatus.READ, MessageStatus.PLAYED})
_DELIVERED = _READ | {MessageStatus.DELIVERED}
_OUT = _DELIVERED | {MessageStatus.SENT}
_JUST_NOW_MS = 2_000

EVIDENCE_MS = 600_000
"""How long there is for evidence of what became of a message before its own terms say what to do."""


def advanced(
    message: Message,
    status: MessageStatus,
    at: int,
    *,
    why: MessageFailure | str | None = None,
    due_at: int | None = None,
) -> Message:
    """The message after news of ``status`` at a moment in ms: the same one when it is no further than it was.

    An ack that comes after a receipt still says when the message was sent. ``due_at``: it waits again, until then.
    """
    failure, reason = (why, None) if isinstance(why, MessageFailure) else (None, why)
    if due_at is not None and (may_return(message.status, status) or message.status in WAITING):
        return replace(message, status=status, status_reason=reason, failure=None, due_at=due_at)
    sent_at = message.sent_at
    if status is MessageStatus.SENT and sent_at is None:
        sent_at = min(at, message.delivered_at or at)
    if not may_become(message.status, status):
        return message if sent_at == message.sent_at else replace(message, sent_at=sent_at)
    return replace(
        message,
        status=status,
        status_reason=reason,
        failure=failure,
        sent_at=sent_at,
        delivered_at=message.delivered_at or (at if status in _DELIVERED else None),
        read_at=message.read_at or (at if status in _READ else None),
        due_at=None,
    )


def moment(timestamp_s: int, now_ms: int) -> int:
    """A server's timestamp in ms. It counts whole seconds, so for what happened just now our own clock is better."""
    at = timestamp_s * 1000
    return now_ms if at > now_ms - _JUST_NOW_MS else at


class Receipts:
    """Statuses of outbound messages. Every method is part of a write script."""

    def __init__(self, journal: Journal, identities: Identities, acts: Acts, accounts: Accounts, clock: Clock) -> None:
        """Every change of status is told in ``journal``; an act of ours counts once it is out."""
        self._journal = journal
        self._accounts = accounts
        self._identities = identities
        self._acts = acts
        self._clock = clock
        self._retries = Retries()
        self._put_back: set[SessionId] = set()

    def started(self, scope: SessionScope, news: SendStarted) -> Script[None]:
        """The engine answers for the message from here on, whatever happens to this process."""
        yield from messages.start_message(scope, news.message, news.wa_id, self._clock.now_ms())
        yield from outbox.start_waiting(scope, news.message, scope.epoch)
        yield from self._accounts.keep(scope)

    def accepted(self, scope: SessionScope, news: SendAccepted) -> Script[None]:
        """The service has the message."""
        message = yield from self._meant(scope, news)
        if message is not None:
            yield from left(scope, message)
            yield from self._accounts.took(scope)
            yield from self.move(scope, message, MessageStatus.SENT, self._clock.now_ms())

    def refused(self, scope: SessionScope, news: SendRefused) -> Script[None]:
        """The service does not take the message."""
        message = yield from self._meant(scope, news)
        if message is None:
            return
        yield from self._accounts.refused(scope, news.code)
        attempts = yield from outbox.attempts_of(scope, message.id)
        wait_ms = None if attempts is None else self._retries.wait_ms(news.code, attempts)
        if wait_ms is None:
            yield from self.fail(scope, message, MessageFailure(news.code, news.detail))
        else:
            yield from self.again(scope, message, self._clock.now_ms() + wait_ms, news.code)

    def uncertain(self, scope: SessionScope, news: SendUncertain) -> Script[None]:
        """Nobody knows whether the message went out. It waits no longer, and is not sent again blindly."""
        message = yield from self._meant(scope, news)
        if message is not None:
            yield from self.lose(scope, message, news.code)

    def echoed(self, scope: SessionScope, message: Message, timestamp_s: int) -> Script[None]:
        """Another device of our account shows a message of ours: it went out, whatever else is known."""
        yield from left(scope, message)
        yield from self.move(scope, message, MessageStatus.SENT, moment(timestamp_s, self._clock.now_ms()))

    def arrived(self, scope: SessionScope, news: ReceiptArrived) -> Script[None]:
        """Somebody's device has our messages, or somebody read them."""
        at = moment(news.timestamp, self._clock.now_ms())
        for wa_id in news.wa_ids:
            message = yield from messages.find_message(scope, wa_id, Direction.OUT)
            if message is not None:
                yield from self.move(scope, message, _PROOFS[news.kind], at)
                is_for_many = message.chat.contact is None
                if message.act_on is None and (is_for_many or news.kind is ReceiptKind.PLAYED):
                    yield from self._got(scope, message, news, at)

    def lose(self, scope: InSession, message: Message, reason: str) -> Script[None]:
        """Nobody knows any more whether the message went out; by its own terms something may come of that later."""
        now = self._clock.now_ms()
        if message.conditions.on_unknown is OnUnknown.HOLD:
            yield from left(scope, message)
        else:
            yield from outbox.await_evidence(scope, message.id, now + EVIDENCE_MS)
        yield from self.move(scope, message, MessageStatus.UNKNOWN, now, why=reason)

    def again(self, scope: InSession, message: Message, due_at: int, reason: str) -> Script[None]:
        """The message did not go out, or may go out twice: it waits once more where it stood, until a moment (ms)."""
        yield from outbox.requeue(scope, message.id, due_at)
        yield from self.move(scope, message, MessageStatus.QUEUED, self._clock.now_ms(), why=reason, due_at=due_at)
        self._put_back.add(scope.session)

    def take_put_back(self) -> set[SessionId]:
        """Sessions in which something waits once more since this was asked."""
        taken, self._put_back = self._put_back, set()
        return taken

    def fail(self, scope: InSession, message: Message, failure: MessageFailure) -> Script[None]:
        """The message will never go out."""
        yield from left(scope, message)
        yield from self.move(scope, message, MessageStatus.FAILED, self._clock.now_ms(), why=failure)

    def move(
        self,
        scope: InSession,
        message: Message,
        status: MessageStatus,
        at: int,
        *,
        why: MessageFailure | str | None = None,
        due_at: int | None = None,
    ) -> Script[None]:
        """Give a message its new status and tell about it, unless it is further already.

        ``why``: how it failed, or a word for the reason.
        """
        moved = advanced(message, status, at, why=why, due_at=due_at)
        if moved is message:
            return
        is_new = moved.status is not message.status
        word = why.code if isinstance(why, MessageFailure) else why
        yield from messages.move_message(moved, Transition(moved.status, at, word) if is_new else None)
        if message.status is MessageStatus.UNKNOWN and moved.status in _OUT:
            yield from left(scope, message)
        if is_new:
            yield from self._journal.append(scope, scope.session, _EVENTS[status], message_shape(moved), at)
            if moved.act_on is not None and moved.status in _OUT and message.status not in _OUT:
                yield from self._acts.did_ourselves(scope, moved)

    # ---- inside

    def _got(self, scope: SessionScope, message: Message, news: ReceiptArrived, at: int) -> Script[None]:
        """A message got so far with somebody. Who reads it has got it, and who plays it has read it.

        In a chat with one person the message says so itself, but for when it was played.
        """
        if not news.by.is_person:
            return
        alt = None
        if message.chat.kind == "group":
            alt = yield from groups.alt_of(scope, message.chat.id, news.by)
        recipient = (yield from self._identities.resolve(scope, news.by, alt)).contact
        if not recipient.is_me:
            read = at if news.kind is not ReceiptKind.DELIVERED else None
            played = at if news.kind is ReceiptKind.PLAYED else None
            yield from rows.got(message, recipient.id, delivered=at, read=read, played=played)

    def _meant(self, scope: SessionScope, news: SendAccepted | SendRefused | SendUncertain) -> Script[Message | None]:
        """The message that news are about. One that the engine has just given an id is known by it from here on."""
        if news.message is None:
            assert news.wa_id is not None, "news about a message say which"
            return (yield from messages.find_message(scope, news.wa_id, Direction.OUT))
        message = yield from messages.get_message(scope, news.message)
        if message is None or news.wa_id is None or news.wa_id == message.wa_id:
            return message
        echo = yield from messages.find_message(scope, news.wa_id, Direction.OUT)
        if echo is not None and echo.origin is not Origin.OTHER_DEVICE:
            # An engine's mistake. It must not cost a message, nor keep the rest of this transaction from being true.
            _log.error("id_given_twice", session=scope.session, message=message.id, also=echo.id)
            return message
        if echo is not None:
            yield from rows.unite(echo, message)
            yield from messages.delete_message(scope, echo.id)
            yield from attachments.remove_attachment(echo)
            yield from chats.refresh(scope, echo.chat.id)
        yield from messages.name_message(scope, message.id, news.wa_id)
        named = replace(message, wa_id=news.wa_id)
        return named if echo is None else (yield from self._united(scope, named, echo))

    def _united(self, scope: SessionScope, message: Message, echo: Message) -> Script[Message]:
        """What was told as written on another device turns out to be this message: it has got as far as that one."""
        moved = replace(
            advanced(message, echo.status, echo.sent_at or self._clock.now_ms()),
            sent_at=_first(message.sent_at, echo.sent_at),
            delivered_at=_first(message.delivered_at, echo.delivered_at),
            read_at=_first(message.read_at, echo.read_at),
        )
        is_new = moved.status is not message.status
        came_to = Transition(moved.status, self._clock.now_ms()) if is_new else None
        yield from messages.move_message(moved, came_to)
        if is_new:
            yield from self._journal.append(scope, scope.session, _EVENTS[moved.status], message_shape(moved))
        return moved


def _first(*moments: int | None) -> int | None:
    """The earliest of those moments that are known."""
    return min((one for one in moments if one is not None), default=None)


def left(scope: InSession, message: Message) -> Script[None]:
    """A message waits no longer, and needs the bytes of its file no more."""
    yield from outbox.remove_waiting(scope, message.id)
    if message.media is not None:
        yield from release(scope, message.id)
