"""Which engines the service calls outdated, as far as sessions show it."""

from __future__ import annotations

from dataclasses import dataclass

from wagate.features.sessions import repository
from wagate.store.database import Database


@dataclass(frozen=True, slots=True)
class Outdated:
    """An engine with sessions in the state ``outdated``: how many, since when (the newest, ms), and what was said."""

    engine: str
    sessions: int
    since: int
    detail: str


async def called_outdated(database: Database) -> list[Outdated]:
    """The engines of sessions, of all tenants, that were called outdated and not started since."""
    rows = await database.read(repository.outdated_engines())
    return [Outdated(row["engine"], row["sessions"], row["since"], row["detail"] or "") for row in rows]
