"""Fixtures for tests against the pretend network: ``pytest_plugins = ["whatsapp_emulator.pytest_plugin"]``."""

from collections.abc import AsyncIterator

import pytest_asyncio

from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator


@pytest_asyncio.fixture
async def emulator() -> AsyncIterator[Emulator]:
    """A network of the test's own, on the test's loop. Strict: the test fails when anything forbidden happened.

    A test that provokes a violation says so with `Emulator.forgive`.
    """
    async with Emulator() as running:
        yield running
        assert running.world.audit.violations == []


@pytest_asyncio.fixture
async def control(emulator: Emulator) -> AsyncIterator[EmulatorClient]:
    """The control API of that network."""
    async with EmulatorClient(emulator.whereabouts.control_url) as client:
        yield client
