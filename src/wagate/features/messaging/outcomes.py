"""Lets callers wait for what becomes of a message. It follows the journal, and only while somebody waits."""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from typing_extensions import override

from wagate.domain.events import Event
from wagate.domain.ids import MessageId
from wagate.domain.message import Message, MessageStatus, may_become
from wagate.features.journal import Reader, Reading, Relay

_OVER = frozenset({MessageStatus.FAILED, MessageStatus.CANCELLED})


def is_settled(status: MessageStatus, until: MessageStatus) -> bool:
    """Whether a message with this status has reached ``until``, or never will."""
    return status in _OVER or not may_become(status, until)


class Outcomes(Reader):
    """Those who wait, by message."""

    def __init__(self, relay: Relay) -> None:
        """Follow the journal through ``relay``."""
        self._relay = relay
        self._waiting: dict[MessageId, list[tuple[MessageStatus, Future[None]]]] = {}
        self._users = 0
        self._reading: Reading | None = None
        self._turn = asyncio.Lock()
        self._closed = False

    def close(self) -> None:
        """Nobody waits any longer, now or later: the house is closing, and what was accepted is accepted."""
        self._closed = True
        for entries in self._waiting.values():
            for _, future in entries:
                if not future.done():
                    future.set_result(None)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Everything that happens from here on is noticed. Wait for messages inside."""
        async with self._turn:
            if self._reading is None:
                self._reading = await self._relay.subscribe(self)
            self._users += 1
        try:
            yield
        finally:
            async with self._turn:
                self._users -= 1
                if not self._users:
                    reading, self._reading = self._reading, None
                    await self._relay.unsubscribe(reading)

    async def settled(self, message: Message, until: MessageStatus, wait_s: float) -> None:
        """Wait until a message, as it was a moment ago, has settled, or the time is over."""
        if self._closed or is_settled(message.status, until):
            return
        future: Future[None] = asyncio.get_running_loop().create_future()
        entry = (until, future)
        self._waiting.setdefault(message.id, []).append(entry)
        try:
            async with asyncio.timeout(wait_s):
                await future
        except TimeoutError:
            return
        finally:
            entries = self._waiting[message.id]
            entries.remove(entry)
            if not entries:
                del self._waiting[message.id]

    @override
    async def read(self, events: Sequence[Event]) -> None:
        """Wake those whose message has got far enough."""
        for event in events:
            if event.type.startswith("message."):
                for until, future in self._waiting.get(MessageId(str(event.data.get("id"))), ()):
                    if not future.done() and is_settled(MessageStatus(str(event.data["status"])), until):
                        future.set_result(None)
