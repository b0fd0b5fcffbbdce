"""What an engine's examination needs: the other side of the line, and a session under examination."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol, TypeVar

from contracts.kept import Files
from wagate.adapters.vault.memory import MemoryStorage, MemoryVault
from wagate.domain import ids
from wagate.domain.content import Quoted, Text
from wagate.domain.errors import GatewayError
from wagate.domain.ids import MessageId, SessionId
from wagate.domain.jid import Jid
from wagate.domain.session import SessionState
from wagate.ports.engine import Connection, Engine, Line, Outgoing
from wagate.ports.news import (
    DurableNews,
    LineNews,
    QrShown,
    SendAccepted,
    SendRefused,
    SendStarted,
    StateChanged,
)
from wagate.ports.vault import VaultFailed

OWN = "5511900000001"
OTHER = "5511900000002"
NOBODY = "5511900000077"
"""A number without an account."""

SESSION = SessionId("ses_exam")

PATIENCE_S: ContextVar[float] = ContextVar("PATIENCE_S", default=10.0)
"""How long a question waits for what ought to happen."""

N = TypeVar("N")
_messages = count(1)


@dataclass(frozen=True, slots=True)
class Shown:
    """A message on a phone's screen."""

    wa_id: str
    text: str
    quoted: str | None
    mentions: tuple[str, ...]


class Network(Protocol):
    """The other side of the line: the phones OWN and OTHER, and what the service can do. Each examinee brings one."""

    storage: MemoryStorage
    examinees: list[Examinee]
    """Who sat here; they are closed after the question."""

    def engine(self) -> Engine:
        """The engine as a process has it that has just started."""
        ...

    def hurried_engine(self) -> Engine:
        """The same with QR codes that end within a moment, if ``Stage.SHORT_CODES`` is claimed."""
        return self.engine()

    def watchful_engine(self) -> Engine:
        """The same with little patience for a line that says nothing, if ``Stage.SILENCE`` is claimed."""
        return self.engine()

    async def fall_silent(self, *, on: bool) -> None:
        """The line stays, and nobody answers on it any more, if ``Stage.SILENCE`` is claimed."""
        assert not on, "this network does not claim Stage.SILENCE"

    async def die(self, examinee: Examinee) -> None:
        """The engine ends without a word: nothing that it does on the way becomes durable.

        An engine with processes of its own kills them here.
        """
        failing = Failing(self.storage)
        await examinee.close()
        failing.stop()

    async def other_addresses(self) -> set[Jid]:
        """Both addresses of OTHER."""
        ...

    async def scan(self, qr: str) -> None:
        """OWN scans a code."""
        ...

    async def enter_code(self, code: str) -> None:
        """OWN types a pairing code."""
        ...

    async def shown(self) -> list[Shown]:
        """What OTHER's phone has shown so far."""
        ...

    async def type(self, text: str, *, quote: str | None = None) -> str:
        """OTHER writes to OWN; the id."""
        ...

    async def type_on_own_phone(self, text: str) -> str:
        """OWN writes to OTHER on the phone itself; the id."""
        ...

    async def read(self) -> None:
        """OTHER opens everything."""
        ...

    async def read_on_own_phone(self) -> None:
        """OWN opens everything on the phone itself."""
        ...

    async def drop(self) -> None:
        """OWN's line breaks."""
        ...

    async def go_down(self) -> None:
        """Nobody can connect any more."""
        ...

    async def come_up(self) -> None:
        """``go_down`` is over."""
        ...

    async def withhold_acks(self, *, on: bool) -> None:
        """The service delivers and does not say so."""
        ...

    async def lose_messages(self, *, on: bool) -> None:
        """What is sent vanishes on the way, and nobody says so."""
        ...

    async def refuse_messages(self) -> None:
        """The service takes no message."""
        ...

    async def hide_keys(self) -> None:
        """None of OTHER's devices has published keys (any more)."""
        ...

    async def ask_again(self, wa_id: str) -> None:
        """OTHER's phone could not read a message and asks its sender for it."""
        ...

    async def repeated(self) -> list[str]:
        """The ids of messages that came to OTHER once more."""
        ...

    async def read_by_us(self) -> list[str]:
        """The ids of OTHER's messages of which OTHER was told that we read them."""
        ...

    async def played_by_us(self) -> list[str]:
        """The ids of OTHER's notes of which OTHER was told that we played them."""
        ...

    async def typing_of_us(self) -> bool:
        """Whether OTHER was shown that we are writing."""
        ...

    async def end(self, state: SessionState) -> None:
        """Log OWN's device out, ban, replace or outdate it."""
        ...

    async def refuse_logins(self) -> None:
        """OWN's device may not log in any more; a line that is up stays."""
        ...

    async def damage(self) -> None:
        """Spoil the stored credentials."""
        ...

    async def violations(self) -> list[str]:
        """What no client may do and this one did."""
        ...


@dataclass
class Examinee:
    """One session on an engine: what is stored for it, what it told, and its connection when it has one."""

    network: Network
    engine: Engine
    durable: list[DurableNews] = field(default_factory=list)
    told: list[LineNews] = field(default_factory=list)
    everything_told: list[LineNews] = field(default_factory=list)
    asked: list[Outgoing] = field(default_factory=list)
    gate_passed: int = 0
    files: Files = field(default_factory=Files)
    _connection: Connection | None = None
    _vault: MemoryVault | None = None

    @classmethod
    async def of(cls, network: Network, engine: Engine | None = None) -> Examinee:
        """An unpaired session whose engine has begun to work."""
        examinee = cls(network, engine or network.engine())
        network.examinees.append(examinee)
        network.storage.on_news = lambda _, news: examinee.durable.append(news)
        await examinee.open()
        return examinee

    @classmethod
    async def paired(cls, network: Network, engine: Engine | None = None) -> Examinee:
        """A connected session."""
        examinee = await cls.of(network, engine)
        await network.scan((await examinee.hears(QrShown)).text)
        await examinee.is_in(SessionState.CONNECTED)
        return examinee

    @property
    def connection(self) -> Connection:
        assert self._connection is not None
        return self._connection

    async def open(self) -> None:
        async def gate() -> None:
            self.gate_passed += 1

        self._vault = self.network.storage.open(SESSION)
        line = Line(SESSION, self._vault, None, self._hear, gate, media=self.files)
        self._connection = await self.engine.connect(line)

    def _hear(self, news: LineNews) -> None:
        self.told.append(news)
        self.everything_told.append(news)

    async def close(self) -> None:
        if self._connection is not None and self._vault is not None:
            await self._connection.close()
            await self._vault.close()
            self._connection = self._vault = None

    async def leave(self) -> None:
        """Close everything."""
        await self.close()
        await self.engine.close()

    async def restart(self) -> None:
        """As if the process had ended and begun anew."""
        await self.leave()
        await self._begin_anew()

    async def die(self) -> None:
        """As if the process had been killed, and began anew."""
        await self.network.die(self)
        await self.engine.close()
        await self._begin_anew()

    async def _begin_anew(self) -> None:
        self.engine = self.network.engine()
        self.told.clear()
        await self.open()

    async def send(self, text: str, *, quoted: Quoted | None = None) -> Outgoing:
        """Send a text to OTHER."""
        return await self.give(self.outgoing(text, quoted=quoted))

    async def give(self, outgoing: Outgoing) -> Outgoing:
        """Send a message, again if it was given before."""
        if outgoing not in self.asked:
            self.asked.append(outgoing)
        await self.connection.send(outgoing)
        return outgoing

    def outgoing(self, text: str, *, to: str = OTHER, quoted: Quoted | None = None) -> Outgoing:
        """A message of its own, with an id if this engine chooses ids."""
        message = MessageId(f"msg_{next(_messages)}")
        wa_id = ids.wa_id() if self.engine.features.chooses_message_id else None
        return Outgoing(message, wa_id, Jid.from_phone(to), Text(text), quoted)

    def accepted(self, outgoing: Outgoing) -> SendAccepted | None:
        """What was told of the service taking a message."""
        return next((news for news in self.of_kind(SendAccepted) if is_about(news, outgoing)), None)

    async def id_of(self, outgoing: Outgoing) -> str:
        """Wait until the service has taken a message; its id there."""
        await until(lambda: self.accepted(outgoing) is not None, lambda: f"{self.durable} {self.told}")
        accepted = self.accepted(outgoing)
        assert accepted is not None
        return accepted.wa_id

    async def refusal_of(self, outgoing: Outgoing) -> str:
        """Have a message refused, at once or with news; the code."""
        try:
            await self.give(outgoing)
        except GatewayError as error:
            assert not [news for news in self.of_kind(SendStarted) if news.message == outgoing.message]
            return error.code
        refused = await self.hears(SendRefused)
        assert is_about(refused, outgoing)
        return refused.code

    async def drops(self) -> None:
        """Its line breaks, and it has come back."""
        passed = self.gate_passed
        await self.network.drop()
        await until(lambda: self.gate_passed > passed, lambda: f"the gate was not asked: {self.told}")
        await self.is_in(SessionState.CONNECTED)

    @property
    def state(self) -> StateChanged | None:
        """The newest word about the line."""
        return next((news for news in reversed(self.told) if isinstance(news, StateChanged)), None)

    async def is_in(self, state: SessionState) -> StateChanged:
        """Wait until the newest word is this one."""
        await until(lambda: self.state is not None and self.state.state is state, lambda: f"{self.told}")
        assert self.state is not None
        return self.state

    def of_kind(self, kind: type[N]) -> list[N]:
        """All news of a kind, durable ones and others."""
        return [news for news in (*self.durable, *self.told) if isinstance(news, kind)]

    async def hears(self, kind: type[N], times: int = 1) -> N:
        """Wait until there are so many news of a kind; the last of them."""
        await until(lambda: len(self.of_kind(kind)) >= times, lambda: f"{self.durable} {self.told}")
        return self.of_kind(kind)[times - 1]

    async def shown(self, *texts: str) -> list[Shown]:
        """Wait until OTHER's phone shows exactly these texts, in this order."""
        found: list[Shown] = []

        async def there() -> bool:
            found[:] = await self.network.shown()
            return len(found) >= len(texts)

        await eventually(there, lambda: f"{found}")
        assert [message.text for message in found] == list(texts)
        return found


def is_about(news: SendAccepted | SendRefused, outgoing: Outgoing) -> bool:
    """Whether news are about a message: by its id, or by its name where the id was not ours to choose."""
    if outgoing.wa_id is not None:
        return news.wa_id == outgoing.wa_id
    return news.message == outgoing.message


async def until(holds: Callable[[], bool], tell: Callable[[], str]) -> None:
    """Wait until something holds; ``tell`` explains a failure."""

    async def asked() -> bool:
        return holds()

    await eventually(asked, tell)


async def eventually(holds: Callable[[], Awaitable[bool]], tell: Callable[[], str]) -> None:
    """Ask until the answer is yes."""
    try:
        async with asyncio.timeout(PATIENCE_S.get()):
            while not await holds():  # noqa: ASYNC110  the other side may be another process
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"it never came true: {tell()}") from None


class Failing:
    """Makes every commit fail until ``stop``."""

    def __init__(self, storage: MemoryStorage, error: type[VaultFailed] = VaultFailed) -> None:
        self.failed = 0
        self._storage = storage
        self._error = error
        storage.before_commit = self._fail

    def _fail(self) -> None:
        self.failed += 1
        raise self._error()

    def stop(self) -> None:
        self._storage.before_commit = None
