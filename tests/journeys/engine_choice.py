"""The engine of a journey: native, and for the journeys that say so neonize as well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from engines.neonize.desk import QUICK, environment, launch, reach
from fixtures.rooms import House
from judges.peers import scratch
from wagate.adapters.engines.native import Habits, NativeEngine
from wagate.adapters.engines.neonize.engine import NeonizeEngine
from wagate.adapters.whatsapp_web.media import Patience
from wagate.ports.engine import Engine
from whatsapp_emulator.emulator import Emulator

on_both_engines = pytest.mark.parametrize("engine_choice", ["native", "neonize"], indirect=True)
"""For journeys that whatsmeow can make as well as we."""

_QUICK = Patience(rounds=2, pause_s=0.05)


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """The engine of a session by its name, and how a gateway makes it."""

    name: str
    make: Callable[[House], Engine]


@pytest.fixture(name="engine_choice")
def _engine_choice(request: pytest.FixtureRequest, emulator: Emulator) -> Iterator[EngineChoice]:
    """`native`, unless the test is `on_both_engines`. Ask for it before the gateway, so that it outlives that."""
    name, where = getattr(request, "param", "native"), emulator.whereabouts
    if name == "native":
        yield EngineChoice(name, lambda _: _native(emulator))
        return
    with scratch() as folder:
        yield EngineChoice(
            name,
            lambda _: NeonizeEngine(
                folder, command=launch(where), environment=environment(where), limits=QUICK, reach=reach(where)
            ),
        )


def _native(emulator: Emulator) -> NativeEngine:
    where = emulator.whereabouts
    return NativeEngine(
        url=where.plain_url,
        root_key=bytes.fromhex(where.root_key),
        ca_file=Path(where.ca_file),
        habits=replace(Habits(), first_prekeys=30),
        patience=_QUICK,
    )
