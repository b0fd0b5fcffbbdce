"""A media room on each database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from features.media.rooms import Corner, Failing
from wagate.adapters.blobs.memory import MemoryBlobs
from wagate.adapters.clock import ManualClock
from wagate.adapters.inspector import ForkingInspector
from wagate.store.database import Database


@pytest.fixture
async def memory() -> AsyncIterator[MemoryBlobs]:
    store = MemoryBlobs()
    yield store
    await store.close()


@pytest.fixture
def blobs(memory: MemoryBlobs) -> Failing:
    """Blobs in memory, with a failpoint at every step."""
    return Failing(memory)


@pytest.fixture
def corner(database: Database, clock: ManualClock, blobs: Failing, inspector: ForkingInspector) -> Corner:
    return Corner(database, clock, blobs, inspector)
