"""Fixtures of the store's own tests."""

from collections.abc import Awaitable, Callable

import pytest

from wagate.store.database import Database
from wagate.store.location import Location
from wagate.store.postgresql import PostgresqlDatabase
from wagate.store.sqlite import SqliteDatabase


@pytest.fixture
def open_small(migrated_url: str) -> Callable[[int], Awaitable[Database]]:
    """Opens the test's database with a queue for so many scripts."""

    async def opened(queue_limit: int) -> Database:
        path = Location.parse(migrated_url).path
        if path is not None:
            return SqliteDatabase(path, queue_limit=queue_limit)
        return await PostgresqlDatabase.connect(migrated_url, queue_limit=queue_limit)

    return opened
