"""The emulator for the examination of neonize, whose sessions have processes of their own."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from typing_extensions import override

from contracts.examinee import SESSION, Examinee, Failing
from contracts.networks import EmulatedNetwork, spoil
from engines.neonize.desk import QUICK, environment, launch, reach
from wagate.adapters.engines.neonize.engine import NeonizeEngine
from wagate.ports.engine import Engine
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator


class NeonizeNetwork(EmulatedNetwork):
    """The same emulator, with neonize in processes of its own. ``folder`` is where sessions keep their files."""

    def __init__(self, emulator: Emulator, control: EmulatorClient, folder: Path) -> None:
        super().__init__(emulator, control)
        self._folder = folder

    @override
    def engine(self) -> Engine:
        return NeonizeEngine(
            self._folder,
            command=launch(self._where),
            environment=environment(self._where),
            limits=QUICK,
            reach=reach(self._where),
        )

    @override
    async def damage(self) -> None:
        spoil(self.storage, "neonize_device")

    @override
    async def die(self, examinee: Examinee) -> None:
        failing = Failing(self.storage)
        os.kill(int((self._folder / SESSION / "lock").read_text("ascii")), signal.SIGKILL)
        await examinee.close()
        failing.stop()
