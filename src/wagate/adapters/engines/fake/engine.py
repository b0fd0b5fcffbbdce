"""The engine of the pretend service. It keeps the same promises as ``native``, by the same means, in a few lines."""

from __future__ import annotations

from dataclasses import dataclass

from typing_extensions import override

from wagate.adapters.engines.fake.connection import FakeConnection, Patience, read_token
from wagate.adapters.engines.fake.service import FakeService
from wagate.domain.ids import SessionId
from wagate.ports.clock import Clock
from wagate.ports.engine import Connection, Engine, EngineFeatures, Line

PATIENCE = Patience()
FEATURES = EngineFeatures(
    chooses_message_id=True,
    acks_after_persist=True,
    answers_retries_from_store=True,
    queries_history=False,
    pairs_with_passkey=False,
    contents=frozenset({"text"}),
    max_text_bytes=65_536,
)


@dataclass(slots=True)
class FakeEngine(Engine):
    """Connects sessions to one ``FakeService``."""

    service: FakeService
    clock: Clock
    patience: Patience = PATIENCE
    data_sheet: EngineFeatures = FEATURES

    @property
    @override
    def name(self) -> str:
        """``fake``."""
        return "fake"

    @property
    @override
    def features(self) -> EngineFeatures:
        """Every promise about durability; texts only."""
        return self.data_sheet

    @property
    @override
    def connection(self) -> type[Connection]:
        """See the class line of ``FakeConnection``."""
        return FakeConnection

    @override
    async def connect(self, line: Line) -> Connection:
        """Begin to work on a line."""
        token = await read_token(line.vault)
        return FakeConnection(self.service, self.clock, self.patience, line, token)

    @override
    async def forget(self, session: SessionId) -> None:
        """The vault holds everything."""

    @override
    async def close(self) -> None:
        """Nothing is shared between connections."""
