"""A session on neonize against the emulator, with everything around it that a test may want to break."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from contracts.kept import Files
from fixtures.waiting import until
from wagate.adapters.engines.neonize.engine import NeonizeEngine
from wagate.adapters.engines.neonize.files import Reach
from wagate.adapters.engines.neonize.limits import Limits
from wagate.adapters.vault.memory import MemoryStorage, MemoryVault
from wagate.adapters.whatsapp_web.media import Patience
from wagate.domain.content import Text
from wagate.domain.ids import MessageId, SessionId
from wagate.domain.jid import Jid
from wagate.domain.session import SessionState
from wagate.ports.engine import Connection, Line, LineOptions, Outgoing
from wagate.ports.news import DurableNews, LineNews, Paired, QrShown, StateChanged
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_emulator.whereabouts import Whereabouts, client_environment

OWN = "5511900000001"
OTHER = "5511900000002"
NOBODY = "5511900000077"

QUICK = Limits(
    starts_per_s=100.0, ping_s=0.2, silence_s=3.0, longest_pause_s=0.2, orphan_s=5.0, watch_s=0.1, settle_s=3.0
)
"""The waits of a test."""

SESSION = SessionId("ses_desk")

N = TypeVar("N")
_messages = count(1)


def launch(whereabouts: Whereabouts) -> Sequence[str]:
    """The command that starts an unchanged worker so that it trusts the emulator."""
    worker = "wagate.adapters.engines.neonize.worker"
    return [sys.executable, "-m", "whatsapp_emulator.launch", "--root", whereabouts.root_key, "--", worker]


def environment(whereabouts: Whereabouts) -> Mapping[str, str]:
    """What a worker's environment needs besides ours to find the emulator."""
    wanted = client_environment(whereabouts)
    return {name: value for name, value in wanted.items() if os.environ.get(name) != value}


def reach(whereabouts: Whereabouts) -> Reach:
    """The emulator's media hosts, as it names them to its clients, and little patience with them."""
    hosts = (f"localhost:{whereabouts.tls_port}", f"127.0.0.1:{whereabouts.tls_port}")
    patience = Patience(connect_s=2.0, stall_s=2.0, total_s=20.0, rounds=2, pause_s=0.01)
    return Reach(hosts, Path(whereabouts.ca_file), patience)


@dataclass
class Bench:
    """One session: what is kept for it, what it told, and its connection when it has one."""

    folder: Path
    command: Sequence[str]
    environment: Mapping[str, str]
    session: SessionId = SESSION
    limits: Limits = QUICK
    proxy: str | None = None
    reach: Reach = field(default_factory=Reach)
    options: LineOptions = field(default_factory=LineOptions)
    kept: Files = field(default_factory=Files)
    storage: MemoryStorage = field(default_factory=MemoryStorage)
    durable: list[DurableNews] = field(default_factory=list)
    told: list[LineNews] = field(default_factory=list)
    gate_passed: int = 0
    engine: NeonizeEngine = field(init=False)
    vault: MemoryVault | None = field(default=None, init=False)
    _connection: Connection | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.storage.on_news = lambda _, news: self.durable.append(news)
        self.renew()

    def renew(self, **environment: str) -> None:
        """The engine of a new process, with this in its workers' environment."""
        self.environment = {**self.environment, **environment}
        self.engine = NeonizeEngine(
            self.folder,
            command=self.command,
            environment=self.environment,
            limits=self.limits,
            reach=self.reach,
        )

    @property
    def files(self) -> Path:
        """The session's folder."""
        return self.folder / self.session

    @property
    def connection(self) -> Connection:
        assert self._connection is not None
        return self._connection

    async def open(self) -> None:
        async def gate() -> None:
            self.gate_passed += 1

        self.told.clear()
        self.vault = self.storage.open(self.session)
        line = Line(self.session, self.vault, self.proxy, self.told.append, gate, self.options, media=self.kept)
        self._connection = await self.engine.connect(line)

    async def close(self) -> None:
        if self._connection is not None and self.vault is not None:
            await self._connection.close()
            await self.vault.close()
            self._connection = self.vault = None

    async def die(self) -> None:
        """What a killed gateway leaves: its worker alive, and nobody at the other end of the link."""
        connection = self.connection
        task = connection._task  # type: ignore[attr-defined]
        task.cancel()
        await asyncio.wait([task])
        self._connection = None

    async def send(self, text: str, *, to: str = OTHER, message: str | None = None) -> MessageId:
        id = MessageId(message or f"msg_{next(_messages)}")
        await self.connection.send(Outgoing(id, None, Jid.from_phone(to), Text(text)))
        return id

    @property
    def worker(self) -> int:
        """The worker's pid."""
        return int((self.files / "lock").read_text())

    @property
    def state(self) -> StateChanged | None:
        return next((news for news in reversed(self.told) if isinstance(news, StateChanged)), None)

    async def is_in(self, state: SessionState, within_s: float = 20.0) -> StateChanged:
        try:
            await until(lambda: self.state is not None and self.state.state is state, within_s)
        except TimeoutError:
            raise AssertionError(f"{state} never came: {self.told} {self.output()}") from None
        assert self.state is not None
        return self.state

    async def connects(self, times: int, within_s: float = 20.0) -> None:
        """Wait until it has connected so many times since it was opened: that it is down may be told a while later."""

        def connected() -> list[StateChanged]:
            return [news for news in self.of_kind(StateChanged) if news.state is SessionState.CONNECTED]

        try:
            await until(lambda: len(connected()) >= times, within_s)
        except TimeoutError:
            raise AssertionError(f"it never came back: {self.told} {self.output()}") from None

    def of_kind(self, kind: type[N]) -> list[N]:
        return [news for news in (*self.durable, *self.told) if isinstance(news, kind)]

    async def hears(self, kind: type[N], times: int = 1, within_s: float = 20.0) -> N:
        try:
            await until(lambda: len(self.of_kind(kind)) >= times, within_s)
        except TimeoutError:
            raise AssertionError(f"{kind} never came: {self.durable} {self.told} {self.output()}") from None
        return self.of_kind(kind)[times - 1]

    def output(self) -> str:
        """What the worker printed."""
        path = self.files / "output.log"
        return path.read_text(errors="replace")[-2000:] if path.exists() else ""


@dataclass
class Desk(Bench):
    """A session on the emulator, as the companion of a phone."""

    control: EmulatorClient = field(kw_only=True)
    phone: str = OWN

    async def pair(self) -> None:
        """Open, and have the phone scan."""
        await self.open()
        await self.control.phone(self.phone).scan((await self.hears(QrShown)).text)
        await self.is_in(SessionState.CONNECTED)

    async def shown(self, *texts: str) -> None:
        """OTHER's phone shows exactly these texts, in this order."""

        async def found() -> list[str]:
            return [message.text for message in await self.control.phone(OTHER).inbox() if not message.own]

        async with asyncio.timeout(20):
            while len(await found()) < len(texts):  # noqa: ASYNC110  the phone is the emulator's
                await asyncio.sleep(0.02)
        assert await found() == list(texts)


@asynccontextmanager
async def desk(emulator: Emulator, control: EmulatorClient, folder: Path, **changes: object) -> AsyncIterator[Desk]:
    """A session that is not opened yet; at the end its worker is gone. ``changes``: fields of `Limits`."""
    await control.account(OWN, "Own")
    await control.account(OTHER, "Other")
    where = emulator.whereabouts
    limits = replace(QUICK, **changes)  # type: ignore[arg-type]
    made = Desk(
        folder,
        launch(where),
        environment(where),
        limits=limits,
        reach=reach(where),
        control=control,
    )
    async with cleared(made):
        yield made


@asynccontextmanager
async def cleared(bench: Bench) -> AsyncIterator[None]:
    """At the end a session's worker is gone, and its files."""
    try:
        yield
    finally:
        await bench.close()
        await bench.engine.forget(bench.session)
        await bench.engine.close()


TESTS = Path(__file__).parents[2]

LINKED = [["linked"], ["connected"]]
"""What a scripted line does whose phone has been linked."""


@asynccontextmanager
async def scripted(folder: Path, limits: Limits = QUICK, **script: Any) -> AsyncIterator[Bench]:
    """A session whose worker follows a script (`scripted_worker`); not opened yet."""
    environment = {"PYTHONPATH": f"{TESTS}:{TESTS.parent / 'src'}", "SCRIPT": json.dumps(script)}
    bench = Bench(folder, [sys.executable, "-m", "engines.neonize.scripted_worker"], environment, limits=limits)
    async with cleared(bench):
        yield bench


async def linked(bench: Bench) -> None:
    """Open, and be linked at once."""
    await bench.open()
    await bench.is_in(SessionState.CONNECTED)
    assert len(bench.of_kind(Paired)) == 1
