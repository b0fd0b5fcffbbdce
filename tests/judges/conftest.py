"""Judges at the emulator's door."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest

from judges.peers import Peer, baileys, neonize
from services.node import baileys_home, node
from whatsapp_emulator.emulator import Emulator
from whatsapp_emulator.whereabouts import client_environment

Judge = Callable[[str], AbstractAsyncContextManager[Peer]]
"""Starts the judge as the companion of a phone number."""


@pytest.fixture(params=["neonize", "baileys"])
def judge(request: pytest.FixtureRequest, emulator: Emulator, tmp_path: Path) -> Judge:
    """Each unmodified client in turn, pointed at this test's emulator."""
    place = emulator.whereabouts
    if request.param == "neonize":
        environment = client_environment(place)
        return partial(neonize, folder=tmp_path, root_key=place.root_key, environment=environment)
    return partial(
        baileys,
        folder=tmp_path,
        root_key=place.root_key,
        url=place.plain_url,
        node=node().binary,
        modules=baileys_home(),
    )
