"""The whole gateway as a client under test: rooms, outbox, journal and SQLite around the native engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from typing_extensions import override

from judges.client import Talker
from wagate.adapters.engines.native import Habits, NativeEngine
from wagate.bootstrap import build
from wagate.domain.content import Text
from wagate.domain.errors import QrNotReady
from wagate.domain.events import EventType
from wagate.domain.message import Direction, Message, MessageStatus
from wagate.domain.page import MAX_LIMIT, Order
from wagate.features import Gateway
from wagate.features.access import Principal
from wagate.features.messaging.filters import MessageFilter
from wagate.features.messaging.requests import SendRequest
from wagate.settings import Settings
from whatsapp_emulator.whereabouts import Whereabouts

_SESSION = "judged"
_GLANCE_S = 0.05
_PATIENCE_S = 30.0
_HABITS = Habits(longest_pause_s=1.0)
"""Ten cuts in as many seconds would otherwise teach the engine to wait up to 16 s before it connects again."""

_RECEIVED = [EventType.MESSAGE_RECEIVED]
_TAKEN = frozenset({MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ})


class GatewayClient(Talker):
    """One session of a running gateway, used through the rooms that its API uses."""

    def __init__(self, gateway: Gateway, principal: Principal, phone: str) -> None:
        """Made by `running_gateway`."""
        self.phone = phone
        self._gateway = gateway
        self._us = principal

    @override
    async def qr_text(self) -> str:
        """The first QR code."""
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                try:
                    return (await self._gateway.sessions.qr(self._us, _SESSION)).text
                except QrNotReady:
                    await asyncio.sleep(_GLANCE_S)

    @override
    async def send(self, to: str, text: str) -> str:
        """Have a text accepted."""
        accepted = await self._gateway.messaging.send(self._us, _SESSION, SendRequest(to, Text(text)))
        assert accepted.message.wa_id is not None
        return accepted.message.wa_id

    @override
    async def shown(self) -> list[tuple[str, str]]:
        """What the events tell of, which is what webhooks and streams are made of."""
        told: list[tuple[str, str]] = []
        cursor = None
        while True:
            page = await self._gateway.journal.list(self._us, types=_RECEIVED, limit=MAX_LIMIT, cursor=cursor)
            told += ((str(event.data["wa_id"]), str(event.data["text"])) for event in page.items)
            cursor = page.next_cursor
            if cursor is None:
                return told

    async def listed(self) -> list[tuple[str, str]]:
        """Id and text of the messages from contacts in the list of messages."""
        return [(str(message.wa_id), message.content.text) for message in await self._messages(Direction.IN)]

    async def unsettled(self) -> list[Message]:
        """The messages that we accepted and that the network has not taken."""
        return [message for message in await self._messages(Direction.OUT) if message.status not in _TAKEN]

    async def _messages(self, direction: Direction) -> list[Message]:
        only = MessageFilter(_SESSION, direction=direction)
        found: list[Message] = []
        cursor = None
        while True:
            page = await self._gateway.messaging.list(self._us, only, limit=MAX_LIMIT, cursor=cursor, order=Order.ASC)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found


@asynccontextmanager
async def running_gateway(phone: str, folder: Path, network: Whereabouts) -> AsyncIterator[GatewayClient]:
    """A gateway with one started session, on SQLite in a folder, whose engine dials the emulator without TLS."""
    engine = NativeEngine(url=network.plain_url, root_key=bytes.fromhex(network.root_key), habits=_HABITS)
    settings = Settings(data=folder, engine=engine.name, login_rate=0, pace_per_minute=0, pace_bulk_per_minute=0)
    async with await build(settings, engines=[engine]) as gateway:
        principal = await gateway.access.operator()
        await gateway.sessions.create(principal, name=_SESSION)
        await gateway.sessions.start(principal, _SESSION)
        yield GatewayClient(gateway, principal, phone)
