"""``wagate serve`` with a neonize that finds the emulator: ``python -m bench.neonized serve --data DIR``.

The product has no hook for an emulator, so this builds the gateway with an engine whose workers start through the
emulator's launcher. ``EMULATOR_INFO`` names the file in which the running emulator says where it is.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import orjson

from bench.served import serve
from wagate.adapters.clock import SystemClock
from wagate.adapters.engines.neonize.engine import NeonizeEngine
from wagate.adapters.engines.neonize.files import Reach
from wagate.bootstrap import build
from wagate.features import Gateway
from wagate.plugs import ENGINES
from wagate.settings import Settings
from whatsapp_emulator.whereabouts import Whereabouts, client_environment

EMULATOR_INFO = "BENCH_EMULATOR_INFO"

WORKER = "wagate.adapters.engines.neonize.worker"


async def neonized(settings: Settings) -> Gateway:
    """A gateway with both engines."""
    return await build(settings, engines=[ENGINES["native"](settings, SystemClock()), tamed(settings)])


def tamed(settings: Settings) -> NeonizeEngine:
    """neonize as the product has it, but for the way in which its workers start."""
    where = Whereabouts.of(orjson.loads(Path(os.environ[EMULATOR_INFO]).read_bytes()))
    wanted = client_environment(where)
    return NeonizeEngine(
        settings.data / "neonize",
        command=[sys.executable, "-m", "whatsapp_emulator.launch", "--root", where.root_key, "--", WORKER],
        environment={name: value for name, value in wanted.items() if os.environ.get(name) != value},
        reach=Reach((f"localhost:{where.tls_port}",), Path(where.ca_file)),
    )


if __name__ == "__main__":
    serve(neonized, sys.argv[1:])
