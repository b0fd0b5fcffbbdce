"""Unmodified neonize behind the engine's port, as far as a move needs it: a client that keeps whatsmeow's own file."""

from __future__ import annotations

import asyncio
from pathlib import Path

from typing_extensions import override

from judges.peers import Judge, Peer
from wagate.adapters.engines.neonize.store import delete_device, export_device, holdable, write_device
from wagate.domain.content import Text
from wagate.domain.errors import DeviceUnreadable
from wagate.domain.ids import SessionId
from wagate.domain.session import Reason, SessionState
from wagate.ports.device import CarriesDevices, LinkedDevice
from wagate.ports.engine import Connection, Engine, EngineFeatures, Line, NotSent, Outgoing
from wagate.ports.news import SendAccepted, SendStarted, StateChanged
from wagate.ports.vault import Unit, Vault

FEATURES = EngineFeatures(
    chooses_message_id=False,
    acks_after_persist=False,
    answers_retries_from_store=False,
    queries_history=False,
    pairs_with_passkey=False,
    contents=frozenset({"text"}),
    max_text_bytes=65_536,
)


class ParkedConnection(Connection):
    """A judge that runs as long as the line is open."""

    def __init__(self, engine: ParkedEngine, line: Line) -> None:
        self._engine = engine
        self._line = line
        self._peer: Peer | None = None
        self._closing = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._run())

    @override
    async def send(self, outgoing: Outgoing) -> None:
        if self._peer is None or self._closing.is_set():
            raise NotSent("the judge is not there")
        assert isinstance(outgoing.content, Text)
        await self._line.vault.submit(Unit(news=[SendStarted(outgoing.message, None)]))
        id = await self._peer.send(str(outgoing.to), outgoing.content.body)
        await self._line.vault.submit(Unit(news=[SendAccepted(id, message=outgoing.message)]))

    @override
    async def close(self) -> None:
        self._closing.set()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        self._line.report(StateChanged(SessionState.CONNECTING))
        try:
            async with self._engine.judge.open(self._engine.phone) as peer:
                await peer.wait("open")
                self._peer = peer
                self._engine.peers.append(peer)
                self._line.report(StateChanged(SessionState.CONNECTED))
                await self._closing.wait()
        except Exception as error:  # the test must see it as a gateway would
            self._line.report(StateChanged(SessionState.FAILED, Reason("engine_failed", repr(error))))


class ParkedEngine(Engine, CarriesDevices):
    """One device, in one file, of one judge."""

    def __init__(self, judge: Judge, folder: Path, phone: str) -> None:
        self.judge = judge
        self.phone = phone
        self.path = folder / f"{phone}.db"
        self.peers: list[Peer] = []

    @property
    @override
    def name(self) -> str:
        return "neonize"

    @property
    @override
    def features(self) -> EngineFeatures:
        return FEATURES

    @property
    @override
    def connection(self) -> type[Connection]:
        return ParkedConnection

    @override
    async def connect(self, line: Line) -> Connection:
        return ParkedConnection(self, line)

    @override
    async def forget(self, session: SessionId) -> None:
        await asyncio.to_thread(delete_device, self.path)

    @override
    async def close(self) -> None:
        """Nothing is shared."""

    @override
    async def export_device(self, session: SessionId, vault: Vault) -> LinkedDevice:
        if not self.path.exists():
            raise DeviceUnreadable("No device is kept for this session")
        return await asyncio.to_thread(export_device, self.path)

    @override
    async def import_device(self, session: SessionId, vault: Vault, device: LinkedDevice) -> None:
        await asyncio.to_thread(write_device, self.path, device)

    @override
    async def discard_device(self, session: SessionId, vault: Vault) -> None:
        await asyncio.to_thread(delete_device, self.path)

    @override
    def holdable(self, device: LinkedDevice) -> LinkedDevice:
        return holdable(device)
