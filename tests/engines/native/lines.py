"""A line of the native engine to the pretend network, with everything it reports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from wagate.adapters.engines.native import Habits, NativeEngine
from wagate.adapters.engines.native.connection import NativeConnection
from wagate.adapters.vault.memory import MemoryStorage
from wagate.domain import ids
from wagate.domain.acts import Said
from wagate.domain.content import Quoted, Text
from wagate.domain.ids import MessageId, SessionId
from wagate.domain.jid import Jid
from wagate.domain.session import SessionState
from wagate.ports.engine import Line, Outgoing
from wagate.ports.files import MediaSource, NoMedia
from wagate.ports.news import DurableNews, LineNews, QrShown, StateChanged
from whatsapp_emulator.client import EmulatorClient, PhoneClient
from whatsapp_emulator.whereabouts import Whereabouts

OWN = "5511900000001"
OTHER = "5511900000002"

CALM = Habits(first_prekeys=30)
"""The usual habits, with fewer prekeys to make."""

QUICK = replace(CALM, ping_s=(0.1, 0.2), pong_timeout_s=0.2)
"""Habits for tests that wait for pings."""

_News = TypeVar("_News")
_numbers = count(1)


def engine_for(where: Whereabouts, habits: Habits = CALM, *, tls: bool = False, **options: Any) -> NativeEngine:
    """An engine that knows the emulator."""
    defaults: dict[str, Any] = {
        "url": f"wss://127.0.0.1:{where.tls_port}/ws/chat" if tls else f"ws://127.0.0.1:{where.plain_port}/ws/chat",
        "root_key": bytes.fromhex(where.root_key),
        "ca_file": Path(where.ca_file) if tls else None,
    }
    return NativeEngine(habits=habits, **{**defaults, **options})


@dataclass
class LineUnderTest:
    """One session: what is stored for it, what it told, and its live connection, if it has one."""

    engine: NativeEngine
    storage: MemoryStorage = field(default_factory=MemoryStorage)
    session: SessionId = field(default_factory=lambda: SessionId("ses_test"))
    proxy: str | None = None
    durable: list[DurableNews] = field(default_factory=list)
    told: list[LineNews] = field(default_factory=list)
    connection: NativeConnection | None = None
    gate_passed: int = 0
    files: MediaSource = field(default_factory=NoMedia)

    def __post_init__(self) -> None:
        self.storage.on_news = lambda _, news: self.durable.append(news)

    async def open(self) -> None:
        async def gate() -> None:
            self.gate_passed += 1

        self.vault = self.storage.open(self.session)
        line = Line(self.session, self.vault, self.proxy, self.told.append, gate, media=self.files)
        connection = await self.engine.connect(line)
        assert isinstance(connection, NativeConnection)
        self.connection = connection

    async def restart(self) -> None:
        """As if the process had ended and begun anew; what was told about the line is forgotten."""
        await self.close()
        self.told.clear()
        await self.open()

    async def close(self) -> None:
        if self.connection is not None:
            await self.connection.close()
            await self.vault.close()
            self.connection = None

    @property
    def live(self) -> NativeConnection:
        assert self.connection is not None
        return self.connection

    async def send(self, to: str, text: str, *, wa_id: str | None = None, quoted: Quoted | None = None) -> str:
        """Send a text; returns its message id on the wire."""
        outgoing = self.outgoing(to, text, wa_id=wa_id)
        await self.live.send(replace(outgoing, quoted=quoted))
        return outgoing.chosen_id

    async def say(self, to: str, said: Said, **more: Any) -> str:
        """Send anything, an act included; returns its id on the wire."""
        outgoing = replace(self.outgoing(to, ""), content=said, **more)
        await self.live.send(outgoing)
        return outgoing.chosen_id

    def outgoing(self, to: str, text: str, *, wa_id: str | None = None) -> Outgoing:
        jid = Jid(to) if "@" in to else Jid.from_phone(to)
        return Outgoing(MessageId(f"msg_{next(_numbers)}"), wa_id or ids.wa_id(), jid, Text(text))

    def states(self) -> list[tuple[SessionState, str | None]]:
        """The states told so far, each with the code of its reason."""
        return [
            (news.state, news.reason.code if news.reason else None)
            for news in self.told
            if isinstance(news, StateChanged)
        ]

    def of(self, kind: type[_News]) -> list[_News]:
        """Everything of one kind that was told, durable or not."""
        return [news for news in [*self.durable, *self.told] if isinstance(news, kind)]

    async def state(self, state: SessionState, code: str | None = None) -> None:
        """Wait until the newest state is this one."""
        await until(lambda: self.states()[-1:] == [(state, code)], lambda: f"states: {self.states()}")

    async def pair(self, phone: PhoneClient) -> None:
        """Let a phone scan the first QR code, and wait until the line works."""
        await until(lambda: bool(self.of(QrShown)))
        await phone.scan(self.of(QrShown)[-1].text)
        await self.state(SessionState.CONNECTED)


async def until(holds: Callable[[], bool], tell: Callable[[], str] = lambda: "", timeout_s: float = 40.0) -> None:
    """Let others run until something holds."""
    deadline = asyncio.get_running_loop().time() + timeout_s
    while not holds():
        assert asyncio.get_running_loop().time() < deadline, f"it never came true; {tell()}"
        await asyncio.sleep(0.005)


@asynccontextmanager
async def paired_line(
    where: Whereabouts,
    control: EmulatorClient,
    habits: Habits = CALM,
    files: MediaSource | None = None,
    **options: Any,
) -> AsyncIterator[LineUnderTest]:
    """A line that is linked to the account OWN and connected; OTHER is a contact."""
    await control.account(OWN, "Own")
    await control.account(OTHER, "Other")
    line = LineUnderTest(engine_for(where, habits, **options), files=files or NoMedia())
    await line.open()
    try:
        await line.pair(control.phone(OWN))
        yield line
    finally:
        await line.close()
        await line.engine.close()
