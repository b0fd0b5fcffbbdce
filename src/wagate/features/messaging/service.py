"""The verbs of the messaging room."""

from __future__ import annotations

import asyncio
import builtins
from asyncio import TaskGroup
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from wagate.domain.content import Text
from wagate.domain.errors import MessageNotFound, SessionNotFound, StorageUnavailable
from wagate.domain.message import Contact, Direction, Message, MessageStatus, Receipt
from wagate.domain.page import DEFAULT_LIMIT, Order, Page, read_cursor, write_cursor
from wagate.features.access import Principal
from wagate.features.messaging.dispatcher import Dispatcher
from wagate.features.messaging.downloads import Downloads
from wagate.features.messaging.history import History
from wagate.features.messaging.outbox import (
    KEY_LIFE_MS,
    Accepted,
    ActRequest,
    ForwardRequest,
    Outbox,
    SendRequest,
)
from wagate.features.messaging.outcomes import Outcomes
from wagate.features.messaging.previews import Previews
from wagate.features.messaging.recipients import Recipient
from wagate.features.messaging.repository import acts, messages, outbox, receipts
from wagate.features.messaging.repository.acts import Done
from wagate.features.messaging.repository.receipts import read_view, view_of
from wagate.features.messaging.signals import Signals
from wagate.ports.clock import Clock
from wagate.store.database import Database
from wagate.store.script import Script

MAX_DONE = 1_000
"""How many people's reactions or votes are shown of one message."""

_ENDS = {Order.ASC: (-1, ""), Order.DESC: (10**17, "")}
"""Before the first and behind the last view there can be."""

_SWEEP_S = 3600.0
_SWEEP = 500

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which messages: ``session`` is an id or a name; ``chat`` takes what ``to`` takes, and needs ``session``.

    ``acts``: also the acts that were sent, which travel as messages. ``has_media``: only those with a file, or without.
    """

    session: str | None = None
    chat: str | None = None
    direction: Direction | None = None
    status: MessageStatus | None = None
    acts: bool = False
    has_media: bool | None = None


EVERY_MESSAGE = MessageFilter()


class Messaging:
    """Messages of all tenants; every verb is narrowed to the principal's. All may raise StorageUnavailable."""

    def __init__(
        self,
        database: Database,
        way_out: Outbox,
        dispatcher: Dispatcher,
        outcomes: Outcomes,
        beside: tuple[Downloads, Previews],
        clock: Clock,
    ) -> None:
        """Accept into ``way_out``; ``dispatcher`` takes it from there. ``beside`` it fetches files and pages."""
        self._downloads, self._previews = beside
        self._database = database
        self._way_out = way_out
        self._dispatcher = dispatcher
        self._outcomes = outcomes
        self._clock = clock
        self.signals = Signals(database, dispatcher)
        self.history = History(database, dispatcher)
        self._closed = asyncio.Event()

    async def send(
        self,
        principal: Principal,
        session: str,
        request: SendRequest,
        *,
        idempotency_key: str | None = None,
        wait_s: float = 0.0,
        until: MessageStatus = MessageStatus.SENT,
    ) -> Accepted:
        """Accept a message: once this returns it is committed and will go out when the session can send.

        With ``wait_s`` it returns later: as soon as the message has reached ``until`` (sent, delivered or read) or has
        failed, or when the time is over. An idempotency key is good for 72 hours in its tenant.
        Raises SessionNotFound, InvalidRecipient, InvalidContent, UnsupportedByEngine, MessageNotFound (reply_to),
        SessionNotPaired and MessageNotNamed (reply_to), IdempotencyKeyReused, TooBusy; for a template also
        TemplateNotFound, VariablesMissing, VariablesUnknown, and what is wrong with the media that it shows.
        """
        says = request.content
        preview = await self._previews.of(says.body) if request.previews_link and isinstance(says, Text) else None
        script = self._way_out.accept(principal, session, request, idempotency_key, preview)
        return await self._accepted(principal, script, wait_s, until)

    async def expect(self, principal: Principal, session: str, request: SendRequest) -> None:
        """Refuse a message now that ``send`` would refuse whatever its file is: before that is taken in.

        Raises SessionNotFound, InvalidRecipient, InvalidContent, UnsupportedByEngine.
        """
        await self._database.read(self._way_out.expect(principal, session, request))

    async def act(
        self,
        principal: Principal,
        request: ActRequest,
        *,
        idempotency_key: str | None = None,
        wait_s: float = 0.0,
        until: MessageStatus = MessageStatus.SENT,
    ) -> Accepted:
        """Accept something to be done to a message: committed, and sent like a message, in order with its chat.

        Raises MessageNotFound, MessageUnavailable, NotOwnMessage, EditWindowOver, InvalidRequest, InvalidContent,
        UnsupportedByEngine, SessionNotPaired, IdempotencyKeyReused, TooBusy.
        """
        script = self._way_out.act(principal, request, idempotency_key)
        return await self._accepted(principal, script, wait_s, until)

    async def forward(
        self,
        principal: Principal,
        request: ForwardRequest,
        *,
        idempotency_key: str | None = None,
        wait_s: float = 0.0,
        until: MessageStatus = MessageStatus.SENT,
    ) -> Accepted:
        """Accept what a message says for somebody else, marked as forwarded as WhatsApp marks it.

        Raises MessageNotFound, MessageUnavailable, and what ``send`` raises.
        """
        script = self._way_out.forward(principal, request, idempotency_key)
        return await self._accepted(principal, script, wait_s, until)

    async def get(self, principal: Principal, message: str) -> Message:
        """One message. Raises MessageNotFound."""
        found = await self._database.read(messages.get_message(principal, message))
        if found is None:
            raise MessageNotFound(f"There is no message {message!r}")
        return found

    async def list(
        self,
        principal: Principal,
        only: MessageFilter = EVERY_MESSAGE,
        *,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
        order: Order = Order.DESC,
    ) -> Page[Message]:
        """Messages in the order in which we learnt of them.

        Raises InvalidCursor, SessionNotFound, InvalidRecipient.
        """
        listed = f"messages.{order.value}"
        after = read_cursor(listed, cursor) if cursor is not None else "" if order is Order.ASC else "~"
        script = self._list(principal, only, order, after, limit + 1)
        found = await self._database.read(script)
        following = write_cursor(listed, found[limit - 1].id) if len(found) > limit else None
        return Page(tuple(found[:limit]), following)

    async def done_to(self, principal: Principal, message: str, kind: str) -> builtins.list[Done]:
        """What people did to a message in one way (``Reaction.type``, ``PollVote.type``). Raises MessageNotFound."""
        found = await self.get(principal, message)
        return await self._database.read(acts.acts_on(found, kind, MAX_DONE))

    async def viewers(
        self,
        principal: Principal,
        message: str,
        *,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
        order: Order = Order.ASC,
    ) -> Page[Receipt]:
        """Who told that they have looked at a status post of ours, in that order; each person once.

        Raises MessageNotFound, also for a message that is no such post, and InvalidCursor.
        """
        found = await self.get(principal, message)
        if found.chat.kind != "status" or found.direction is not Direction.OUT or found.act_on is not None:
            raise MessageNotFound(f"The message {message!r} is no status post of this account")
        listed = f"viewers.{message}.{order.value}"
        place = read_view(read_cursor(listed, cursor)) if cursor is not None else _ENDS[order]
        views = await self._database.read(receipts.viewers_of(found, order, place, limit + 1))
        following = write_cursor(listed, view_of(views[limit - 1])) if len(views) > limit else None
        return Page(tuple(views[:limit]), following)

    async def receipts(
        self,
        principal: Principal,
        message: str,
        *,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
        order: Order = Order.ASC,
    ) -> Page[Receipt]:
        """How far a message of ours got with each person whom it was for and who told, in the order of their ids.

        Raises MessageNotFound, also for what others wrote, and InvalidCursor.
        """
        found = await self.get(principal, message)
        if found.direction is not Direction.OUT:
            raise MessageNotFound(f"The message {message!r} was not sent by this account")
        if found.chat.contact is not None:
            played = await self._database.read(receipts.receipts_of(found, Order.ASC, "", 1))
            return Page(_receipt_in(found, found.chat.contact, played), None)
        listed = f"receipts.{message}.{order.value}"
        after = read_cursor(listed, cursor) if cursor is not None else "" if order is Order.ASC else "~"
        told = await self._database.read(receipts.receipts_of(found, order, after, limit + 1))
        following = write_cursor(listed, told[limit - 1].recipient.id) if len(told) > limit else None
        return Page(tuple(told[:limit]), following)

    def stop_waiting(self) -> None:
        """Have every ``send`` that waits for an outcome return now: its caller is about to be hung up on."""
        self._outcomes.close()

    async def run(self) -> None:
        """Dispatch messages, fetch files, and forget old idempotency keys, until ``shut_down``."""
        async with TaskGroup() as group:
            sweeping = group.create_task(self._sweep())
            group.create_task(self._dispatcher.run())
            group.create_task(self._downloads.run())
            await self._closed.wait()
            sweeping.cancel()
            self._dispatcher.close()
            self._downloads.close()

    def shut_down(self) -> None:
        """Let ``run`` end once nothing is in flight any more."""
        self._closed.set()

    # ---- inside

    async def _accepted(
        self,
        principal: Principal,
        script: Script[Accepted],
        wait_s: float = 0.0,
        until: MessageStatus = MessageStatus.SENT,
    ) -> Accepted:
        """Commit, and wait for the outcome if that is wanted."""
        if wait_s <= 0:
            return await self._commit(script)
        async with self._outcomes.watching():
            accepted = await self._commit(script)
            await self._outcomes.settled(accepted.message, until, wait_s)
        return Accepted(await self.get(principal, accepted.message.id), accepted.replayed)

    async def _commit(self, script: Script[Accepted]) -> Accepted:
        accepted = await self._database.write(script)
        if not accepted.replayed:
            self._dispatcher.wake()
        return accepted

    def _list(
        self, principal: Principal, only: MessageFilter, order: Order, after: str, limit: int
    ) -> Script[builtins.list[Message]]:
        place = ("tenant", "")
        if only.session is not None:
            recipient = Recipient.read(only.chat) if only.chat is not None else Recipient("chat", "")
            target = yield from outbox.find_target(principal, only.session, recipient.road, recipient.word)
            if target is None:
                raise SessionNotFound(f"There is no session {only.session!r}")
            place = ("session", target.session) if only.chat is None else ("chat", target.chat or "")
        chosen = {"direction": only.direction, "status": only.status}
        filters = {name: word.value for name, word in chosen.items() if word is not None}
        if only.acts:
            filters["acts"] = "too"
        if only.has_media is not None:
            filters["media"] = "with" if only.has_media else "without"
        return (yield from messages.list_messages(principal, place, filters, order, after, limit))

    async def _sweep(self) -> None:
        while True:
            try:
                while await self._database.write(self._sweep_some()) == _SWEEP:
                    pass
            except StorageUnavailable as error:
                _log.warning("idempotency_keys_not_swept", error=error.detail)
            await self._clock.sleep(_SWEEP_S)

    def _sweep_some(self) -> Script[int]:
        return (yield from outbox.sweep_keys(self._clock.now_ms() - KEY_LIFE_MS, _SWEEP))


def _receipt_in(message: Message, recipient: Contact, played: Sequence[Receipt]) -> tuple[Receipt, ...]:
    """How far a message got in a chat with one person, which it says itself but for when it was played."""
    if message.delivered_at is None:
        return ()
    played_at = played[0].played_at if played else None
    return (Receipt(recipient, message.delivered_at, message.read_at, played_at),)
