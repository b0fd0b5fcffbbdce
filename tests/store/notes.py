"""Transaction scripts for tests of the store itself: notes, kept as tenants."""

from collections.abc import Iterable

from wagate.store.database import Database
from wagate.store.script import Script, sql

ADD = sql("INSERT INTO tenant (id, name, created_at) VALUES (:id, :name, now_ms())")
_ADD_MISSING = sql(
    "INSERT INTO tenant (id, name, created_at) VALUES (:id, :name, 0)",
    "ON CONFLICT (id) DO UPDATE SET name = excluded.name RETURNING name",
)
_ALL = sql("SELECT id FROM tenant ORDER BY id")
_NAME = sql("SELECT name FROM tenant WHERE id = :id")


def add(*ids: str) -> Script[int]:
    """Keep notes; say how many."""
    for note in ids:
        yield ADD(id=note, name=note)
    return len(ids)


def put(note: str, name: str) -> Script[str]:
    """Keep or change a note; answer with its name."""
    rows = yield _ADD_MISSING(id=note, name=name)
    answer: str = rows[0]["name"]
    return answer


def add_then_raise(note: str, error: Exception) -> Script[None]:
    """Keep a note, then fail."""
    yield ADD(id=note, name=note)
    raise error


def all_ids() -> Script[list[str]]:
    """Which notes there are."""
    return [row["id"] for row in (yield _ALL())]


def name_of(note: str) -> Script[str | None]:
    """One note."""
    rows = yield _NAME(id=note)
    return rows[0]["name"] if rows else None


async def kept(database: Database) -> list[str]:
    """Which notes are committed."""
    return await database.read(all_ids())


async def write_all(database: Database, ids: Iterable[str]) -> None:
    """Keep many notes, each in a script of its own, all under way at once."""
    for future in [database.submit(add(note)) for note in ids]:
        await future
