"""Judges at the emulator's door."""

from collections.abc import Iterator

import pytest

from judges.peers import JUDGES, Judge, scratch
from whatsapp_emulator.emulator import Emulator


@pytest.fixture(params=sorted(JUDGES))
def judge(request: pytest.FixtureRequest, emulator: Emulator) -> Iterator[Judge]:
    """Each unmodified client in turn, pointed at this test's emulator."""
    with scratch() as folder:
        yield JUDGES[request.param](emulator.whereabouts, folder)
