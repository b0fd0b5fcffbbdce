"""What is done to messages that wait: put off, made ready, given up in time, called back, made more urgent."""

from __future__ import annotations

from dataclasses import replace

from wagate.domain.conditions import OnUnknown, Priority
from wagate.domain.errors import MessageNotFound, MessageNotWaiting
from wagate.domain.message import WAITING, Direction, Message, MessageFailure, MessageStatus
from wagate.features.messaging.receipts import Receipts, left
from wagate.features.messaging.repository import messages, outbox, queues
from wagate.features.messaging.repository.people import InSession
from wagate.features.messaging.repository.queues import Due
from wagate.ports.clock import Clock
from wagate.store.scoped import Scoped, SessionScope
from wagate.store.script import Script

EXPIRED = "expired"
_LOST = "outcome_unknown"


class Held:
    """Messages that no engine has taken over. Every method is a write script, or part of one."""

    def __init__(self, receipts: Receipts, clock: Clock) -> None:
        """Tell of what changes through ``receipts``."""
        self._receipts = receipts
        self._clock = clock

    def put_off(self, scope: InSession, message: str, due_at: int, reason: str) -> Script[None]:
        """A message waits until a moment (ms), for a reason; one that does not wait any more is left alone."""
        found = yield from messages.get_message(scope, message)
        if found is None or found.status not in WAITING or not (yield from queues.put_off(scope, found.id, due_at)):
            return
        now = self._clock.now_ms()
        yield from self._receipts.move(scope, found, MessageStatus.SCHEDULED, now, why=reason, due_at=due_at)

    def see_to(self, due: Due) -> Script[None]:
        """The moment of a message has come: it is ready, or nobody has learnt what became of it."""
        scope = SessionScope(due.scope.tenant, due.session, 0)
        message = yield from messages.get_message(due.scope, due.message)
        if message is None:
            yield from outbox.remove_waiting(due.scope, due.message)
            return
        now = self._clock.now_ms()
        if due.was == "later":
            if (yield from queues.make_ready(scope, message.id)):
                yield from self._receipts.move(scope, message, MessageStatus.QUEUED, now, due_at=now)
        elif message.status is not MessageStatus.UNKNOWN:
            yield from left(scope, message)
        elif message.conditions.on_unknown is OnUnknown.RESEND:
            yield from self._receipts.again(scope, message, now, _LOST)
        else:
            failure = MessageFailure(_LOST, "Nobody learnt in time whether the message went out; it may have")
            yield from self._receipts.fail(scope, message, failure)

    def expire(self, due: Due) -> Script[None]:
        """A message has waited for too long, by its own terms."""
        message = yield from messages.get_message(due.scope, due.message)
        if message is None:
            yield from outbox.remove_waiting(due.scope, due.message)
        elif message.status in WAITING:
            failure = MessageFailure(EXPIRED, "The message was not to be sent so late")
            yield from self._receipts.fail(SessionScope(due.scope.tenant, due.session, 0), message, failure)

    def cancel(self, scope: Scoped, message: str, reason: str) -> Script[Message]:
        """Call a message back. Raises MessageNotFound, MessageNotWaiting."""
        found = yield from self._waiting(scope, message)
        if not (yield from queues.take_out(scope, found.id)):
            raise MessageNotWaiting("The message is on its way already")
        inside = SessionScope(scope.tenant, found.session, 0)
        yield from left(inside, found)
        yield from self._receipts.move(inside, found, MessageStatus.CANCELLED, self._clock.now_ms(), why=reason)
        return (yield from self._found(scope, message))

    def reprioritise(self, scope: Scoped, message: str, priority: Priority) -> Script[Message]:
        """Make a message that waits more or less urgent. Raises MessageNotFound, MessageNotWaiting."""
        found = yield from self._waiting(scope, message)
        if not (yield from queues.reprioritise(scope, found.id, priority.rank)):
            raise MessageNotWaiting("The message is on its way already")
        raised = replace(found, conditions=replace(found.conditions, priority=priority))
        yield from messages.move_message(raised, None)
        return raised

    def _waiting(self, scope: Scoped, message: str) -> Script[Message]:
        found = yield from self._found(scope, message)
        if found.direction is not Direction.OUT or found.status not in WAITING:
            raise MessageNotWaiting(f"The message does not wait any more: it is {found.status.value}")
        return found

    def _found(self, scope: Scoped, message: str) -> Script[Message]:
        found = yield from messages.get_message(scope, message)
        if found is None:
            raise MessageNotFound(f"There is no message {message!r}")
        return found
