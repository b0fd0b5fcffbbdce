"""The engine of the pretend service. It keeps the promises on its data sheet, and only those, in a few lines.

By default these are ``native``'s. A data sheet without them makes it behave like an engine that cannot keep them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from typing_extensions import override

from wagate.adapters.engines.fake.archive import RecentStanzas, StoredStanzas
from wagate.adapters.engines.fake.connection import FakeConnection
from wagate.adapters.engines.fake.credential import read_token
from wagate.adapters.engines.fake.frames import CONTENTS
from wagate.adapters.engines.fake.hearing import TellsAtOnce, TellsWhenDurable
from wagate.adapters.engines.fake.letters import ChosenIds, GivenIds, Letters
from wagate.adapters.engines.fake.manners import Manners, Patience
from wagate.adapters.engines.fake.service import FakeService
from wagate.domain.ids import SessionId
from wagate.ports.clock import Clock
from wagate.ports.engine import Connection, Engine, EngineCosts, EngineFeatures, EngineWords, Line
from wagate.ports.vault import Vault

PATIENCE = Patience()
FEATURES = EngineFeatures(
    chooses_message_id=True,
    acks_after_persist=True,
    answers_retries_from_store=True,
    queries_history=True,
    pairs_with_passkey=False,
    contents=CONTENTS,
    max_text_bytes=65_536,
    tells_abouts=True,
    removes_pictures=True,
)
WITHOUT_PROMISES = replace(
    FEATURES,
    chooses_message_id=False,
    acks_after_persist=False,
    answers_retries_from_store=False,
    queries_history=False,
    tells_abouts=False,
    removes_pictures=False,
)
"""The data sheet of an engine like ``neonize``."""

WORDS = EngineWords(
    summary="a pretend WhatsApp inside the gateway, for tests and demonstrations",
    costs=EngineCosts(memory="next to nothing", processes="none", installation="nothing: it is part of wagate"),
    unproven="It reaches nobody: it follows a script instead of a network.",
)


@dataclass(slots=True)
class FakeEngine(Engine):
    """Connects sessions to one ``FakeService``."""

    service: FakeService
    clock: Clock
    patience: Patience = PATIENCE
    data_sheet: EngineFeatures = FEATURES
    word: str = "fake"
    version: str | None = None

    @property
    @override
    def name(self) -> str:
        """``fake``, unless a test needs several."""
        return self.word

    @property
    @override
    def features(self) -> EngineFeatures:
        """What the data sheet says."""
        return self.data_sheet

    @property
    @override
    def connection(self) -> type[Connection]:
        """See the class line of ``FakeConnection``."""
        return FakeConnection

    @property
    @override
    def words(self) -> EngineWords:
        """See `WORDS`."""
        return WORDS

    @property
    @override
    def client_version(self) -> str | None:
        """It claims to be nothing, unless a test wants it to."""
        return self.version

    @override
    async def connect(self, line: Line) -> Connection:
        """Begin to work on a line."""
        token = await read_token(line.vault)
        return FakeConnection(self.service, self.clock, self.patience, line, self._manners(line.vault), token)

    def _manners(self, vault: Vault) -> Manners:
        promised = self.data_sheet
        naming = ChosenIds() if promised.chooses_message_id else GivenIds()
        archive = StoredStanzas() if promised.answers_retries_from_store else RecentStanzas()
        hearing = TellsWhenDurable() if promised.acks_after_persist else TellsAtOnce()
        return Manners(Letters(vault, naming, archive), hearing)

    @override
    async def forget(self, session: SessionId) -> None:
        """The vault holds everything."""

    @override
    async def close(self) -> None:
        """Nothing is shared between connections."""
