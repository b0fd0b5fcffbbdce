"""The verbs for queues: what waits in a session, halting it, clearing it, and what is done to what waits."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import dataclass

from wagate.domain.conditions import Priority
from wagate.domain.errors import InvalidCursor, MessageNotFound, MessageNotWaiting
from wagate.domain.ids import MessageId, SessionId
from wagate.domain.message import Message, MessageStatus
from wagate.domain.page import DEFAULT_LIMIT, Page, read_cursor, write_cursor
from wagate.domain.session import Session
from wagate.features.access import Principal
from wagate.features.messaging.accounts import Accounts
from wagate.features.messaging.dispatcher import Dispatcher
from wagate.features.messaging.guard import Guard, Health
from wagate.features.messaging.held import Held
from wagate.features.messaging.live import inside
from wagate.features.messaging.quotas import DAY_MS, Quotas, next_day
from wagate.features.messaging.repository import messages, queues
from wagate.features.messaging.repository.queues import Entry, QueueState
from wagate.features.messaging.stored import Transition
from wagate.features.sessions.service import Sessions
from wagate.ports.clock import Clock
from wagate.store.database import Database
from wagate.store.scoped import SessionScope
from wagate.store.script import Script

COUNTED = 1_000
"""How far places in a queue are counted."""

_CHUNK = 100
_START = (-1, 0)


_FAR_S = 1.0
_FAR_SESSIONS = 1_000
_SOON_S = 1.0
"""Who goes within so many seconds goes at once: nothing is promised of their turn."""

WHAT_TO_DO = {
    "rate_limited": "WhatsApp was told too much at once. The account sends slower until it has been calm for a while; "
    "lower `per_minute`.",
    "account_restricted": "WhatsApp lets this account write to nobody new for now. Write to those who wrote to you, "
    "and to fewer strangers.",
    "banned": "WhatsApp suspended this number. Wait until the ban ends, then send less, and slower.",
    "many_failures": "Half of what was sent lately was refused. Look at the errors of the last messages before more "
    "goes out.",
}
"""What a human should do about each reason why an account is not well."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands in its queue: its place there (from 1, COUNTED stands for all behind), and about when it
    goes (ms).

    ``expected_at`` is None for what goes at once, and while the session does not send from this process.
    """

    position: int
    expected_at: int | None


@dataclass(frozen=True, slots=True)
class Today:
    """What an account has sent in this day (UTC) and may send (None: any number); both are over at ``ends_at`` (ms)."""

    sent: int
    most: int | None
    cold: int
    most_cold: int | None
    ends_at: int


@dataclass(frozen=True, slots=True)
class Fare:
    """How an account fares: its session, its health, and its day."""

    session: Session
    health: Health
    today: Today


@dataclass(frozen=True, slots=True)
class Queue:
    """How a session's queue stands; ``halted_at``: since when nothing leaves, because somebody said so (ms)."""

    halted_at: int | None
    health: Health


class Queueing:
    """Queues of all tenants; every verb is narrowed to the principal's. ``session`` is an id or a name.

    All raise SessionNotFound or MessageNotFound, and StorageUnavailable.
    """

    def __init__(
        self,
        database: Database,
        sessions: Sessions,
        held: Held,
        dispatcher: Dispatcher,
        accounts: Accounts,
        clock: Clock,
    ) -> None:
        """What leaves is in the hands of ``dispatcher``; what waits is changed by ``held``."""
        self._database = database
        self._sessions = sessions
        self._held = held
        self._dispatcher = dispatcher
        self._accounts = accounts
        self._clock = clock
        # Sessions whose queue was longer than places are counted a moment ago: from which priority on, and until when
        # (on the clock that never jumps) that is believed. Counting so far costs as much as half a send.
        self._far: dict[SessionId, tuple[int, float]] = {}

    async def list(
        self, principal: Principal, session: str, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None
    ) -> Page[Message]:
        """What waits, in the order in which it goes out as far as it is ready. Raises InvalidCursor."""
        found = await self._sessions.get(principal, session)
        after = _START if cursor is None else _read_place(read_cursor("queue", cursor))
        entries, waiting = await self._database.read(self._list(inside(found), after, limit + 1))
        following = None
        if len(entries) > limit:
            last = entries[limit - 1]
            following = write_cursor("queue", f"{last.priority}.{last.position}")
        return Page(tuple(waiting[:limit]), following)

    async def state(self, principal: Principal, session: str) -> Queue:
        """How a queue stands, and how its account fares."""
        found = await self._sessions.get(principal, session)
        stands = await self._database.read(queues.state_of(inside(found)))
        return Queue(stands.halted_at, self._health(found, stands))

    async def fare(self, principal: Principal, session: str) -> Fare:
        """How an account fares, and what it may still send today."""
        found = await self._sessions.get(principal, session)
        stands = await self._database.read(queues.state_of(inside(found)))
        account = self._accounts.find(found.id)
        rules = account.rules if account is not None else found.settings.pacing or self._accounts.usual
        quotas = account.quotas if account is not None else Quotas(stands.linked_at)
        if account is None and stands.pace is not None:
            quotas.restore(stands.pace["quotas"])
        now = self._clock.now_ms()
        is_of_today = quotas.day == now // DAY_MS
        today = Today(
            quotas.sent if is_of_today else 0,
            quotas.most(rules, now),
            quotas.cold if is_of_today else 0,
            rules.cold_per_day,
            next_day(now),
        )
        return Fare(found, self._health(found, stands), today)

    async def halt(self, principal: Principal, session: str) -> Queue:
        """Let nothing leave until ``resume``; what is with the engine already stays with it."""
        found = await self._sessions.get(principal, session)
        self._dispatcher.halt(found.id, is_halted=True)
        await self._database.write(self._halt(inside(found)))
        return await self.state(principal, session)

    async def resume(self, principal: Principal, session: str) -> Queue:
        """Let messages leave again."""
        found = await self._sessions.get(principal, session)
        await self._database.write(queues.halt(inside(found), None))
        self._dispatcher.halt(found.id, is_halted=False)
        return await self.state(principal, session)

    async def clear(self, principal: Principal, session: str) -> int:
        """Cancel all that waits and is not being handed over right now; how many those were."""
        found = await self._sessions.get(principal, session)
        cancelled, after = 0, _START
        while entries := await self._database.read(queues.entries(inside(found), after, _CHUNK)):
            after = entries[-1].priority, entries[-1].position
            free = [entry.message for entry in entries if self._dispatcher.withdraw(found.id, entry.message)]
            try:
                cancelled += await self._database.write(self._cancel_all(found, free))
            finally:
                self._dispatcher.look_again(found.id)
        self._far.pop(found.id, None)
        return cancelled

    async def cancel(self, principal: Principal, message: str) -> Message:
        """Call back a message that waits. Raises MessageNotWaiting."""
        return await self._changed(principal, message, self._held.cancel(principal, message, "cancelled_by_user"))

    async def reprioritise(self, principal: Principal, message: str, priority: Priority) -> Message:
        """Make a message that waits more or less urgent. Raises MessageNotWaiting."""
        return await self._changed(principal, message, self._held.reprioritise(principal, message, priority))

    async def timeline(self, principal: Principal, message: str) -> Sequence[Transition]:
        """The statuses that a message of ours has had, in their order."""
        if await self._database.read(messages.status_of(principal, MessageId(message))) is None:
            raise MessageNotFound(f"There is no message {message!r}")
        return await self._database.read(messages.timeline_of(principal, MessageId(message)))

    async def place(self, principal: Principal, message: Message) -> Place | None:
        """Where a message stands that was just accepted; None when it does not wait for its turn.

        Nothing is read for an account that keeps no pace: what is ready there goes at once.
        """
        if message.status is not MessageStatus.QUEUED:
            return None
        account = self._accounts.find(message.session)
        if account is not None and account.pace.is_free:
            return None
        rank, now = message.conditions.priority.rank, self._clock.monotonic()
        known = self._far.get(message.session)
        if known is not None and known[0] <= rank and now < known[1]:
            return self._place(message, COUNTED)
        scope = SessionScope(principal.tenant, message.session, 0)
        ahead = await self._database.read(self._ahead(scope, message.id))
        if ahead is not None and ahead >= COUNTED:
            if len(self._far) >= _FAR_SESSIONS:
                self._far.clear()
            self._far[message.session] = rank, now + _FAR_S
        return None if ahead is None else self._place(message, ahead)

    async def places(self, principal: Principal, waiting: Sequence[Message]) -> Sequence[Place | None]:
        """Where messages of one session stand that follow one another in its queue, as `list` tells them."""
        first = next((message for message in waiting if message.status is MessageStatus.QUEUED), None)
        if first is None:
            return [None] * len(waiting)
        scope = SessionScope(principal.tenant, first.session, 0)
        ahead = await self._database.read(self._ahead(scope, first.id))
        found: builtins.list[Place | None] = []
        for message in waiting:
            if ahead is None or message.status is not MessageStatus.QUEUED:
                found.append(None)
                continue
            found.append(self._place(message, ahead))
            ahead += 1
        return found

    # ---- inside

    def _place(self, message: Message, ahead: int) -> Place:
        position, account = min(ahead + 1, COUNTED), self._accounts.find(message.session)
        if account is None or account.pace.is_free or not self._dispatcher.is_sending(message.session):
            return Place(position, None)
        now, now_ms = self._clock.monotonic(), self._clock.now_ms()
        wait_s = account.pace.expected_at(message.conditions.priority, now, ahead) - now
        expected = max(now_ms + round(wait_s * 1000), account.guard.paused_until)
        return Place(position, expected if expected - now_ms > _SOON_S * 1000 else None)

    def _health(self, session: Session, stands: QueueState) -> Health:
        account, guard = self._accounts.find(session.id), Guard()
        if account is not None:
            guard = account.guard
        elif stands.guard is not None:
            guard.restore(stands.guard)
        return guard.health(self._clock.now_ms())

    async def _changed(self, principal: Principal, message: str, change: Script[Message]) -> Message:
        """Change a message that waits, while nobody can hand it over."""
        found = await self._database.read(messages.get_message(principal, message))
        if found is None:
            raise MessageNotFound(f"There is no message {message!r}")
        if not self._dispatcher.withdraw(found.session, found.id):
            raise MessageNotWaiting("The message is being handed over to WhatsApp right now")
        try:
            return await self._database.write(change)
        finally:
            # Whatever came of it: what was taken out of memory is read again if it still waits.
            self._dispatcher.look_again(found.session)

    def _halt(self, scope: SessionScope) -> Script[None]:
        stands = yield from queues.state_of(scope)
        if stands.halted_at is None:
            yield from queues.halt(scope, self._clock.now_ms())

    def _list(
        self, scope: SessionScope, after: tuple[int, int], limit: int
    ) -> Script[tuple[builtins.list[Entry], builtins.list[Message]]]:
        entries = yield from queues.entries(scope, after, limit)
        waiting = []
        for entry in entries:
            message = yield from messages.get_message(scope, entry.message)
            if message is not None:
                waiting.append(message)
        return entries, waiting

    def _cancel_all(self, session: Session, free: Sequence[MessageId]) -> Script[int]:
        count = 0
        for message in free:
            try:
                yield from self._held.cancel(session, message, "queue_cleared")
            except (MessageNotWaiting, MessageNotFound):
                continue  # it left meanwhile
            count += 1
        return count

    def _ahead(self, scope: SessionScope, message: MessageId) -> Script[int | None]:
        entry = yield from queues.find_entry(scope, message)
        if entry is None or entry.state != "queued":
            return None
        return (yield from queues.ahead_of(scope, entry, COUNTED))


def _read_place(word: str) -> tuple[int, int]:
    priority, _, position = word.partition(".")
    try:
        return int(priority), int(position)
    except ValueError:
        raise InvalidCursor("The cursor does not come from this list") from None
