"""Memory: tables, transactions, sealed records. Rooms talk to it in transaction scripts (``store.script``)."""

from __future__ import annotations

from collections.abc import Callable

from wagate.store.database import Database
from wagate.store.location import Location


async def open_database(url: str, *, before_commit: Callable[[], None] | None = None) -> Database:
    """Open the database behind ``url``, which ``store.migrations.migrate`` has brought up to date.

    ``before_commit`` is a failpoint: it is called before every COMMIT, and what it raises makes that COMMIT fail.
    Raises StorageUnavailable.
    """
    location = Location.parse(url)
    if location.path is not None:
        from wagate.store.sqlite import SqliteDatabase

        return SqliteDatabase(location.path, before_commit=before_commit)
    from wagate.store.postgresql import PostgresqlDatabase

    return await PostgresqlDatabase.connect(location.url, before_commit=before_commit)
