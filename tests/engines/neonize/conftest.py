"""A place for sessions' files, and a session against the emulator."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from engines.neonize.desk import Desk, desk
from judges.peers import scratch
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where that is possible: whatsmeow commits each of its 812 prekeys by itself."""
    with scratch() as place:
        yield place


@pytest_asyncio.fixture(name="desk")
async def _desk(emulator: Emulator, control: EmulatorClient, folder: Path) -> AsyncIterator[Desk]:
    async with desk(emulator, control, folder) as made:
        yield made
