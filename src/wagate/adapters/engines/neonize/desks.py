"""What goes on beside a line: histories are read, and whatsmeow's file is looked at for what the phone has done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from wagate.adapters.engines.neonize.agreed import AgreedDesk
from wagate.adapters.engines.neonize.limits import Limits
from wagate.adapters.engines.neonize.pasts import PastDesk
from wagate.adapters.engines.neonize.records import AGREED, MARKS, NAMES, PASTS
from wagate.adapters.whatsapp_web.letters import Account
from wagate.ports.engine import Line
from wagate.ports.vault import Unit

_SLICE: Final = 500
"""Records that one transaction deletes."""


class Desks:
    """The desks of one line, at work from the start; needs a running loop."""

    def __init__(
        self,
        line: Line,
        folder: Path,
        account: Callable[[], Account],
        commit: Callable[[Unit], Awaitable[None]],
        settled: Callable[[], Awaitable[None]],
        limits: Limits,
    ) -> None:
        """As `PastDesk` and `AgreedDesk` take them."""
        self._line = line
        self._pasts = PastDesk(line, folder, account, commit, settled)
        works = (self._pasts, AgreedDesk(line, folder, commit, limits))
        self._tasks = [asyncio.get_running_loop().create_task(desk.run()) for desk in works]

    def wake(self) -> None:
        """Something has come, or there is a line again."""
        self._pasts.wake()

    async def end(self) -> None:
        """Stop working."""
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)

    async def forget(self) -> None:
        """Delete what is kept: the device is gone. Raises VaultFailed."""
        for kind in (PASTS, MARKS, NAMES, AGREED[0]):
            found = [address for address, _ in await self._line.vault.list(kind)]
            for start in range(0, len(found), _SLICE):
                unit = Unit({(kind, address): None for address in found[start : start + _SLICE]})
                await self._line.vault.submit(unit)
