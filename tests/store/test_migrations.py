"""Migrations lead from any earlier state to exactly the schema that the tables describe, on both databases."""

import asyncio
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine import make_url
from sqlalchemy.schema import CreateIndex, CreateTable

from services.postgres import PostgresServer
from store.notes import add, kept
from wagate.domain.errors import StorageUnavailable
from wagate.features.access import Scope
from wagate.store import migrations, open_database
from wagate.store.migrations import HEAD, migrate, upgrade_sql
from wagate.store.script import Dialect, Script, sql
from wagate.store.tables import METADATA


def _from_tables(dialect: Dialect) -> list[str]:
    compiler = make_url(f"{dialect}://").get_dialect()()
    statements = []
    for table in METADATA.sorted_tables:
        statements.append(str(CreateTable(table).compile(dialect=compiler)))
        indexes = [index for index in table.indexes if index.info.get("only", dialect) == dialect]
        statements += [str(CreateIndex(index).compile(dialect=compiler)) for index in indexes]
    return statements


def _described(connection: sqlite3.Connection) -> set[str]:
    """Every table and index as SQLite keeps it, without white space and the quotes that a renamed table gets."""
    rows = connection.execute(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'alembic%'"
        # SQLite's full-text index makes its own tables.
        " AND name NOT LIKE 'search_word%'"
    )
    return {re.sub(r'[\s"]+', "", row[0]) for row in rows}


async def test_sqlite_has_exactly_the_described_schema(tmp_path: Path) -> None:
    await migrate(f"sqlite:///{tmp_path / 'migrated.db'}")
    with (
        closing(sqlite3.connect(tmp_path / "migrated.db")) as migrated,
        closing(sqlite3.connect(":memory:")) as described,
    ):
        for statement in _from_tables("sqlite"):
            described.execute(statement)
        assert _described(migrated) == _described(described)


_PICTURE = """
SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || COALESCE(column_default, '')
  FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'alembic%'
UNION SELECT pg_get_constraintdef(oid) || ' on ' || conrelid::regclass || ' called ' || conname
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text NOT LIKE 'alembic%'
UNION SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE 'alembic%'
"""


async def _picture(url: str) -> set[str]:
    connection = await asyncpg.connect(url)
    try:
        return {row[0] for row in await connection.fetch(_PICTURE)}
    finally:
        await connection.close()


async def test_postgresql_has_exactly_the_described_schema(postgres_server: PostgresServer) -> None:
    migrated, described = postgres_server.create_database(), postgres_server.create_database()
    await migrate(migrated)
    connection = await asyncpg.connect(described)
    for statement in _from_tables("postgresql"):
        await connection.execute(statement)
    await connection.close()
    assert await _picture(migrated) == await _picture(described)


def test_the_newest_revision_is_named_correctly() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_an_up_to_date_database_needs_no_sql() -> None:
    assert upgrade_sql("sqlite", HEAD) == ""
    assert "CREATE TABLE vault_record" in upgrade_sql("postgresql", None)


async def test_migrating_again_changes_nothing(database_url: str) -> None:
    await migrate(database_url)
    database = await open_database(database_url)
    await database.write(add("a"))
    await database.close()
    await migrate(database_url)
    database = await open_database(database_url)
    assert await kept(database) == ["a"]
    await database.close()


_ALL = '["events:read","keys:manage","messages:read","messages:send","sessions:pair","sessions:read","sessions:write"]'
_ALL_WITH_MEDIA = json.dumps(sorted([*json.loads(_ALL), "media:read", "media:write"]), separators=(",", ":"))
_SOME = '["messages:send"]'


async def test_keys_that_could_do_everything_still_can_and_chats_stay(tmp_path: Path) -> None:
    path, done = tmp_path / "old.db", "UPDATE alembic_version SET version_num='0002' WHERE alembic_version.version_num"
    script = upgrade_sql("sqlite", None)
    assert done in script
    before, _, rest = script.partition(done)
    with closing(sqlite3.connect(path)) as old:
        old.executescript(before + done + rest.partition(";")[0] + ";COMMIT;")
        for id, scopes in (("key_1", _ALL), ("key_2", _SOME), ("key_3", _ALL_WITH_MEDIA)):
            values = (id, "tnt_1", "x", id, scopes, 0)
            old.execute(
                "INSERT INTO api_key (id, tenant_id, name, hash, scopes, created_at) VALUES (?, ?, ?, ?, ?, ?)", values
            )
        old.execute("INSERT INTO chat VALUES ('cht_1', 'tnt_1', 'ses_1', 'group', NULL, '1@g.us', 7)")
        old.commit()
    await migrate(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as new:
        kept_scopes = dict(new.execute("SELECT id, scopes FROM api_key").fetchall())
        assert set(json.loads(kept_scopes["key_1"])) == {scope.value for scope in Scope}
        assert kept_scopes["key_3"] == kept_scopes["key_1"]
        assert kept_scopes["key_2"] == _SOME
        assert new.execute("SELECT jid, created_at, name FROM chat").fetchall() == [("1@g.us", 7, None)]


async def test_several_processes_may_migrate_at_once(database_url: str) -> None:
    await asyncio.gather(*(migrate(database_url) for _ in range(4)))
    database = await open_database(database_url)
    await database.write(add("a"))
    await database.close()


async def test_a_database_of_a_newer_version_is_left_alone(migrated_url: str) -> None:
    def from_the_future() -> Script[None]:
        yield sql("UPDATE alembic_version SET version_num = '9999'")()

    database = await open_database(migrated_url)
    await database.write(from_the_future())
    await database.close()
    with pytest.raises(StorageUnavailable, match="newer version"):
        await migrate(migrated_url)


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "sqlite:///", "wagate.db", ""])
async def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(StorageUnavailable):
        await migrate(url)


async def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable, match="No such file"):
        await migrate(f"sqlite:///{tmp_path / 'missing' / 'wagate.db'}")


async def test_a_new_sqlite_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "wagate.db"
    await migrate(f"sqlite:///{path}")
    database = await open_database(f"sqlite:///{path}")
    await database.write(add("so that there is a log"))
    rights = _rights(tmp_path)
    await database.close()
    assert rights == dict.fromkeys(["wagate.db", "wagate.db-wal", "wagate.db-shm"], 0o600)


def _rights(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}
