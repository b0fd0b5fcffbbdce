"""A line with a third person at the other end, and groups of all three."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TypeVar

import pytest_asyncio

from engines.native.lines import OTHER, OWN, LineUnderTest, paired_line
from wagate.ports.news import GroupChanged
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_emulator.told import GroupTold

THIRD = "5511900000003"
_Change = TypeVar("_Change")


@pytest_asyncio.fixture
async def line(emulator: Emulator, control: EmulatorClient) -> AsyncIterator[LineUnderTest]:
    """A line that is linked to OWN and connected; OTHER and THIRD are contacts."""
    await control.account(THIRD, "Third")
    async with paired_line(emulator.whereabouts, control) as line:
        yield line


async def a_group(control: EmulatorClient) -> GroupTold:
    """OTHER makes a group of all three."""
    return await control.phone(OTHER).create_group("Sales", [OWN, THIRD])


def changes(line: LineUnderTest, kind: type[_Change]) -> list[_Change]:
    """What was told of groups so far, of one kind."""
    return [news.change for news in line.of(GroupChanged) if isinstance(news.change, kind)]
