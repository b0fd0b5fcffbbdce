"""Small services to whoever runs a gateway: migrations, a look at the database, the API's description."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

from wagate.cli.checks import Finding, Verdict
from wagate.cli.options import read_settings
from wagate.cli.outcome import CommandFailed, say
from wagate.cli.serving import prepare_data
from wagate.settings import Settings

_PATIENCE_S = 10


def migrate(data: Path | None) -> None:
    """Bring the tables up to date. Raises CommandFailed."""
    from wagate.domain.errors import GatewayError
    from wagate.store import migrations

    settings = read_settings(data)
    prepare_data(settings.data)
    try:
        asyncio.run(migrations.migrate(settings.storage_url))
    except GatewayError as error:
        raise CommandFailed(error.detail) from error
    say(f"The database is up to date (schema {migrations.HEAD}).")


def print_openapi() -> None:
    """Print the API's description as JSON."""
    from wagate.api.app import openapi_document

    say(json.dumps(openapi_document(), indent=2, ensure_ascii=False))


def write_reference(folder: Path) -> None:
    """Write the pages of ``docs/reference``."""
    from wagate import settings
    from wagate.api.app import openapi_document
    from wagate.api.reference import api_reference, errors_reference, events_reference

    (folder / "api.md").write_text(api_reference(openapi_document()), "utf-8")
    (folder / "errors.md").write_text(errors_reference(), "utf-8")
    (folder / "events.md").write_text(events_reference(), "utf-8")
    (folder / "settings.md").write_text(settings.reference(), "utf-8")
    say(f"Wrote api.md, errors.md, events.md and settings.md in {folder}.")


def show_engines(file: Path | None) -> None:
    """Print the page about the engines, or write it into a file."""
    from wagate.cli.engine_proofs import read_proofs
    from wagate.cli.engines_page import engines_page
    from wagate.plugs import every_engine
    from wagate.ports.comparison import Entry

    proofs = read_proofs(file.with_suffix(".toml")) if file is not None else ()
    page = engines_page((Entry.of(engine) for engine in every_engine(Settings())), proofs)
    if file is None:
        say(page.rstrip("\n"))
    else:
        file.write_text(page, "utf-8")


async def check_database(settings: Settings) -> Finding:
    """Whether the database answers; it is only read, and nothing is made."""
    if settings.storage_url.startswith("sqlite"):
        return _check_sqlite(Path(settings.storage_url.removeprefix("sqlite:///")))
    return await _check_postgresql(settings.storage_url)


def _check_sqlite(path: Path) -> Finding:
    if not path.exists():
        return Finding("Database", Verdict.NOTE, f"{path} will be created")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_PATIENCE_S)) as opened:
            answer = opened.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        return Finding("Database", Verdict.BAD, f"{path}: {error}", "Mend its rights, or restore it from a backup.")
    if answer != "ok":
        return Finding("Database", Verdict.BAD, f"{path} is damaged: {answer}", "Restore it from a backup.")
    return Finding("Database", Verdict.GOOD, f"{path} can be read and is sound")


async def _check_postgresql(url: str) -> Finding:
    import asyncpg

    try:
        connection = await asyncpg.connect(url, timeout=_PATIENCE_S)
        try:
            version = await connection.fetchval("SHOW server_version")
        finally:
            await connection.close()
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return Finding(
            "Database",
            Verdict.BAD,
            f"PostgreSQL does not answer: {str(error) or type(error).__name__}",
            "Check WAGATE_DATABASE_URL, that the server runs, and that this user may log in.",
        )
    return Finding("Database", Verdict.GOOD, f"PostgreSQL {version} answers")
