"""Judges at the emulator's door."""

from pathlib import Path

import pytest

from judges.peers import JUDGES, Judge
from whatsapp_emulator.emulator import Emulator


@pytest.fixture(params=sorted(JUDGES))
def judge(request: pytest.FixtureRequest, emulator: Emulator, tmp_path: Path) -> Judge:
    """Each unmodified client in turn, pointed at this test's emulator."""
    return JUDGES[request.param](emulator.whereabouts, tmp_path)
