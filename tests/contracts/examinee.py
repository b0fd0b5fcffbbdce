"""What an engine's examination needs: the other side of the line, and a session under examination."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol, TypeVar

from wagate.adapters.vault.memory import MemoryStorage, MemoryVault
from wagate.domain import ids
from wagate.domain.content import Quoted, Text
from wagate.domain.ids import MessageId, SessionId
from wagate.domain.jid import Jid
from wagate.domain.session import SessionState
from wagate.ports.engine import Connection, Engine, Line, Outgoing
from wagate.ports.news import (
    DurableNews,
    LineNews,
    QrShown,
    StateChanged,
)
from wagate.ports.vault import VaultFailed

OWN = "5511900000001"
OTHER = "5511900000002"
NOBODY = "5511900000077"
"""A number without an account."""

SESSION = SessionId("ses_exam")

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

    async def refuse_messages(self) -> None:
        """The service takes no message."""
        ...

    async def end(self, state: SessionState) -> None:
        """Log OWN's device out, ban, replace or outdate it."""
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
    gate_passed: int = 0
    _connection: Connection | None = None
    _vault: MemoryVault | None = None

    @classmethod
    async def of(cls, network: Network) -> Examinee:
        """An unpaired session whose engine has begun to work."""
        examinee = cls(network, network.engine())
        network.examinees.append(examinee)
        network.storage.on_news = lambda _, news: examinee.durable.append(news)
        await examinee.open()
        return examinee

    @classmethod
    async def paired(cls, network: Network) -> Examinee:
        """A connected session."""
        examinee = await cls.of(network)
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
        self._connection = await self.engine.connect(Line(SESSION, self._vault, None, self.told.append, gate))

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
        self.engine = self.network.engine()
        self.told.clear()
        await self.open()

    async def send(self, text: str, *, to: str = OTHER, wa_id: str | None = None, quoted: Quoted | None = None) -> str:
        outgoing = self.outgoing(text, to=to, wa_id=wa_id, quoted=quoted)
        await self.connection.send(outgoing)
        return outgoing.chosen_id

    def outgoing(
        self, text: str, *, to: str = OTHER, wa_id: str | None = None, quoted: Quoted | None = None
    ) -> Outgoing:
        """A message of its own."""
        message = MessageId(f"msg_{next(_messages)}")
        return Outgoing(message, wa_id or ids.wa_id(), Jid.from_phone(to), Text(text), quoted)

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


async def until(holds: Callable[[], bool], tell: Callable[[], str]) -> None:
    """Wait until something holds; ``tell`` explains a failure."""

    async def asked() -> bool:
        return holds()

    await eventually(asked, tell)


async def eventually(holds: Callable[[], Awaitable[bool]], tell: Callable[[], str]) -> None:
    """Ask until the answer is yes."""
    try:
        async with asyncio.timeout(10):
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


Question = Callable[[Network], Awaitable[None]]
