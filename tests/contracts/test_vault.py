"""Who sits the vaults' examination: memory, and the store's on both databases."""

from collections.abc import AsyncIterator, Callable

import pytest

from contracts.vault import QUESTIONS, Candidate, Question
from wagate.adapters.clock import ManualClock
from wagate.adapters.vault.memory import MemoryStorage
from wagate.domain.ids import SessionId, TenantId
from wagate.ports.news import DurableNews
from wagate.ports.vault import Vault
from wagate.store import open_database
from wagate.store.database import Database
from wagate.store.scoped import SessionScope
from wagate.store.script import Script, sql
from wagate.store.sealed import MasterKey, Sealer
from wagate.store.vault import VaultKeeper

_TENANT = TenantId("tnt_1")
_SESSION = sql(
    "INSERT INTO session (id, tenant_id, name, engine, wanted, state, state_since, settings, metadata, epoch,",
    "created_at) VALUES (:id, 'tnt_1', :id, 'fake', 1, 'connected', 0, '{}', '{}', 7, 0)",
)
_NOTE = sql("INSERT INTO tenant (id, name, created_at) VALUES (:id, :text, 0)")
_NOTES = sql("SELECT name FROM tenant ORDER BY id")


def _session(session: str) -> Script[None]:
    yield _SESSION(id=session)


class InMemory:
    """Memory."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.fail_commits = False
        self._news: list[tuple[SessionId, DurableNews]] = []
        self._storage = MemoryStorage(clock=self.clock, on_news=self._note, before_commit=self._fail)

    def _note(self, session: SessionId, news: DurableNews) -> None:
        self._news.append((session, news))

    def _fail(self) -> None:
        if self.fail_commits:
            raise OSError("injected")

    async def open(self, session: SessionId) -> Vault:
        return self._storage.open(session)

    async def news(self) -> list[tuple[SessionId, DurableNews]]:
        return self._news


class Stored:
    """The store. News become rows, to see that they are committed or not; a new keeper is a new process."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.fail_commits = False
        self.database: Database | None = None
        self._told: list[tuple[SessionId, DurableNews]] = []
        self._sealer = Sealer(MasterKey.of(bytes(32)))

    def before_commit(self) -> None:
        if self.fail_commits:
            raise OSError("injected")

    def _note(self, scope: SessionScope, news: DurableNews) -> Script[None]:
        assert scope.tenant == _TENANT
        self._told.append((scope.session, news))
        yield _NOTE(id=f"{len(self._told):04}", text=str(len(self._told) - 1))

    async def open(self, session: SessionId) -> Vault:
        assert self.database is not None
        return VaultKeeper(self.database, self._sealer, self._note, self.clock).open(session, _TENANT, 7)

    async def news(self) -> list[tuple[SessionId, DurableNews]]:
        def kept() -> Script[list[str]]:
            return [row["name"] for row in (yield _NOTES())]

        assert self.database is not None
        return [self._told[int(number)] for number in await self.database.read(kept())]


@pytest.fixture
async def stored(migrated_url: str) -> AsyncIterator[Candidate]:
    candidate = Stored()
    candidate.database = await open_database(migrated_url, before_commit=candidate.before_commit)
    for session in ("ses_1", "ses_2"):
        await candidate.database.write(_session(session))
    yield candidate
    await candidate.database.close()


def _named(question: Callable[..., object]) -> str:
    return question.__name__


@pytest.mark.parametrize("question", QUESTIONS, ids=_named)
async def test_memory(question: Question) -> None:
    await question(InMemory())


@pytest.mark.parametrize("question", QUESTIONS, ids=_named)
async def test_store(question: Question, stored: Candidate) -> None:
    await question(stored)
