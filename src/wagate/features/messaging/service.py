"""The verbs of the messaging room."""

from __future__ import annotations

import asyncio
import builtins
from asyncio import TaskGroup
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial

import structlog

from wagate.domain.content import Text
from wagate.domain.errors import (
    GatewayError,
    IdempotencyKeyReused,
    MessageNotFound,
    SessionNotFound,
    StorageUnavailable,
)
from wagate.domain.ids import SessionId, message_id
from wagate.domain.message import Contact, Direction, Message, MessageStatus, Receipt
from wagate.domain.page import DEFAULT_LIMIT, Order, Page, read_cursor, write_cursor
from wagate.features.access import Principal
from wagate.features.messaging.dispatcher import Dispatcher
from wagate.features.messaging.downloads import Downloads
from wagate.features.messaging.filters import EVERY_MESSAGE, MessageFilter
from wagate.features.messaging.gathering import Gathering
from wagate.features.messaging.history import History
from wagate.features.messaging.outbox import Outbox
from wagate.features.messaging.outcomes import Outcomes
from wagate.features.messaging.previews import Previews
from wagate.features.messaging.recipients import Recipient
from wagate.features.messaging.repository import acts, duplicates, messages, outbox, receipts
from wagate.features.messaging.repository.acts import Done
from wagate.features.messaging.repository.receipts import read_view, view_of
from wagate.features.messaging.requests import (
    KEY_LIFE_MS,
    MAX_DEDUPLICATION_S,
    Accepted,
    ActRequest,
    Batch,
    BatchItem,
    ForwardRequest,
    KeysInFlight,
    SendRequest,
    fingerprint,
)
from wagate.features.messaging.signals import Signals
from wagate.features.messaging.sql_inbox import SqlInbox
from wagate.features.messaging.waking import Waking
from wagate.ports.clock import Clock
from wagate.store.database import Database
from wagate.store.script import Script

MAX_DONE = 1_000
"""How many people's reactions or votes are shown of one message."""

_ENDS = {Order.ASC: (-1, ""), Order.DESC: (10**17, "")}
"""Before the first and behind the last view there can be."""

_SWEEP_S = 3600.0
_SWEEP = 500
_AT_ONCE = 250
"""How many messages of a batch are handed to the writer at once, which commits as many of them together as fit."""

_log = structlog.get_logger(__name__)


class Messaging:
    """Messages of all tenants; every verb is narrowed to the principal's. All may raise StorageUnavailable."""

    def __init__(
        self,
        database: Database,
        way_out: Outbox,
        dispatcher: Dispatcher,
        outcomes: Outcomes,
        beside: tuple[Downloads, Previews, Waking, SqlInbox | None],
        clock: Clock,
    ) -> None:
        """Accept into ``way_out``; ``dispatcher`` takes it from there. ``beside`` it fetches files and pages, and
        wakes what waits for a moment, and takes in what other programs leave.
        """
        self._downloads, self._previews, self._waking, self._sql_inbox = beside
        self._database = database
        self._way_out = way_out
        self._gathering = Gathering(database, way_out)
        self._dispatcher = dispatcher
        self._outcomes = outcomes
        self._clock = clock
        self.signals = Signals(database, dispatcher)
        self.history = History(database, dispatcher)
        self._closed = asyncio.Event()
        self._keys = KeysInFlight()

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
        SessionNotPaired and MessageNotNamed (reply_to), IdempotencyKeyReused, IdempotencyInProgress, TooBusy;
        for a template also TemplateNotFound, VariablesMissing, VariablesUnknown, and what is wrong with the media that
        it shows.
        """
        says = request.content
        preview = await self._previews.of(says.body) if request.previews_link and isinstance(says, Text) else None
        accept = partial(self._gathering.accept, principal, session, request, idempotency_key, preview)
        return await self._accepted(principal, accept, idempotency_key, wait_s, until)

    async def send_batch(
        self,
        principal: Principal,
        session: SessionId,
        items: Sequence[BatchItem],
        *,
        idempotency_key: str | None = None,
        mark: str = "",
    ) -> Batch:
        """Accept many messages, each for itself: what is refused does not hurt the others, and says why.

        ``idempotency_key`` is for all of them together, as one request that ``mark`` tells from others: repeating it
        finds those that were accepted, and tries the others again. Links are not looked up for a batch.
        Raises IdempotencyKeyReused, IdempotencyInProgress, TooBusy, StorageUnavailable for the batch as a whole.
        """
        with self._keys.claim(principal.tenant, idempotency_key):
            replayed = False
            if idempotency_key is not None:
                said = fingerprint("batch", session, mark)
                replayed = await self._database.write(self._claim_batch(principal, idempotency_key, said))
            outcomes: builtins.list[Accepted | GatewayError] = []
            for start in range(0, len(items), _AT_ONCE):
                some = items[start : start + _AT_ONCE]
                accepting = (self._accept_one(principal, session, item, idempotency_key) for item in some)
                outcomes += await asyncio.gather(*accepting)
            return Batch(outcomes, replayed)

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
        accept = partial(self._database.write, self._way_out.act(principal, request, idempotency_key))
        return await self._accepted(principal, accept, idempotency_key, wait_s, until)

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
        accept = partial(self._database.write, self._way_out.forward(principal, request, idempotency_key))
        return await self._accepted(principal, accept, idempotency_key, wait_s, until)

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
            endless = [group.create_task(self._sweep()), group.create_task(self._waking.run())]
            if self._sql_inbox is not None:
                endless.append(group.create_task(self._sql_inbox.run()))
            group.create_task(self._dispatcher.run())
            group.create_task(self._downloads.run())
            await self._closed.wait()
            for task in endless:
                task.cancel()
            self._dispatcher.close()
            self._downloads.close()

    def shut_down(self) -> None:
        """Let ``run`` end once nothing is in flight any more."""
        self._closed.set()

    # ---- inside

    async def _accepted(
        self,
        principal: Principal,
        accept: Callable[[], Awaitable[Accepted]],
        key: str | None,
        wait_s: float,
        until: MessageStatus,
    ) -> Accepted:
        """Commit, and wait for the outcome if that is wanted."""
        if wait_s <= 0:
            return await self._commit(principal, accept, key)
        async with self._outcomes.watching():
            accepted = await self._commit(principal, accept, key)
            await self._outcomes.settled(accepted.message, until, wait_s)
        return replace(accepted, message=await self.get(principal, accepted.message.id))

    async def _commit(
        self, principal: Principal, accept: Callable[[], Awaitable[Accepted]], key: str | None
    ) -> Accepted:
        if key is None:
            accepted = await accept()
        else:
            # From the COMMIT on the same request finds the message, also while this one waits for its outcome.
            with self._keys.claim(principal.tenant, key):
                accepted = await accept()
        if accepted.is_new:
            self._dispatcher.wake()
        return accepted

    async def _accept_one(
        self, principal: Principal, session: SessionId, item: BatchItem, batch: str | None
    ) -> Accepted | GatewayError:
        key = item.key
        if key is None and batch is not None:
            key = f"{batch}\n{item.index}"  # no caller can write this one
        try:
            # Not gathered: what stands together in a batch goes out in its order, whatever else it needs.
            script = self._way_out.accept(principal, session, item.request, key)
            return await self._commit(principal, partial(self._database.write, script), key)
        except GatewayError as error:
            return error

    def _claim_batch(self, principal: Principal, key: str, said: str) -> Script[bool]:
        """Let a key stand for a batch; whether it did already. Raises IdempotencyKeyReused."""
        now = self._clock.now_ms()
        earlier = yield from outbox.claim_key(
            principal, key, outbox.KeyUse(said, message_id(now)), now, now - KEY_LIFE_MS
        )
        if earlier is not None and earlier.fingerprint != said:
            raise IdempotencyKeyReused(f"The key {key!r} was used for another request; use a new key for a new one")
        return earlier is not None

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
                while await self._database.write(self._sweep_duplicates()) == _SWEEP:
                    pass
            except StorageUnavailable as error:
                _log.warning("idempotency_keys_not_swept", error=error.detail)
            await self._clock.sleep(_SWEEP_S)

    def _sweep_duplicates(self) -> Script[int]:
        expired = self._clock.now_ms() - MAX_DEDUPLICATION_S * 1000
        return (yield from duplicates.sweep(expired, _SWEEP))

    def _sweep_some(self) -> Script[int]:
        return (yield from outbox.sweep_keys(self._clock.now_ms() - KEY_LIFE_MS, _SWEEP))


def _receipt_in(message: Message, recipient: Contact, played: Sequence[Receipt]) -> tuple[Receipt, ...]:
    """How far a message got in a chat with one person, which it says itself but for when it was played."""
    if message.delivered_at is None:
        return ()
    played_at = played[0].played_at if played else None
    return (Receipt(recipient, message.delivered_at, message.read_at, played_at),)
