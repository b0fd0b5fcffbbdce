"""Bring a database's schema up to date.

Alembic keeps the migrations and turns them into SQL; the drivers that the gateway uses anyway run it, in one
transaction. So nobody needs a second PostgreSQL driver, a migration is the same text on both databases, and it consists
of statements only. A database that is up to date is recognised without loading Alembic.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from io import StringIO
from pathlib import Path

import asyncpg

from wagate.domain.errors import StorageUnavailable
from wagate.store.location import Location
from wagate.store.script import Dialect

HEAD = "0017"
"""The newest revision."""

_LOCK = 0x7761_6761_7465_0001  # "wagate" and a number: one process migrates, the others wait
_VERSION = "SELECT version_num FROM alembic_version"


async def migrate(url: str) -> None:
    """Apply the migrations that ``url`` lacks; do nothing when it lacks none.

    Raises StorageUnavailable when the database cannot be reached or a newer version of wagate has been at it.
    """
    location = Location.parse(url)
    try:
        if location.path is not None:
            await asyncio.to_thread(_migrate_sqlite, location.path)
        else:
            await _migrate_postgresql(location.url)
    except (sqlite3.Error, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        raise StorageUnavailable(f"The database could not be brought up to date: {error}") from error


def upgrade_sql(dialect: Dialect, revision: str | None) -> str:
    """The SQL that leads from ``revision`` (None: an empty database) to the newest; "" when nothing is to be done."""
    if revision == HEAD:
        return ""
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    written = StringIO()
    config = Config(output_buffer=written)
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.set_main_option("dialect", dialect)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise StorageUnavailable(f"The database is of a newer version of wagate (schema {revision}); upgrade wagate")
    command.upgrade(config, f"{revision}:head" if revision else "head", sql=True)
    return written.getvalue()


def _migrate_sqlite(path: Path) -> None:
    # Made by SQLite itself the file would be readable by others; its log files take over the rights it has.
    path.touch(mode=0o600, exist_ok=True)
    with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        has_version = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
        row = connection.execute(_VERSION).fetchone() if has_version else None
        try:
            for statement in _statements(upgrade_sql("sqlite", row[0] if row else None)):
                connection.execute(statement)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


async def _migrate_postgresql(url: str) -> None:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            has_version = await connection.fetchval("SELECT to_regclass('alembic_version') IS NOT NULL")
            revision = await connection.fetchval(_VERSION) if has_version else None
            for statement in _statements(upgrade_sql("postgresql", revision)):
                await connection.execute(statement)
    finally:
        await connection.close()


def _statements(script: str) -> list[str]:
    """The single statements of what Alembic wrote, without its own BEGIN and COMMIT: the transaction is ours."""
    lines = (line for line in script.splitlines() if not line.startswith("--"))
    statements = (statement.strip() for statement in "\n".join(lines).split(";\n"))
    return [statement for statement in statements if statement.rstrip(";") not in ("", "BEGIN", "COMMIT")]
