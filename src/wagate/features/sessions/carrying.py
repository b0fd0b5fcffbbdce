"""What moving and importing a linked device have in common: engines that can carry one, and copies that hold."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from wagate.domain.errors import UnknownEngine, UnsupportedByEngine
from wagate.domain.ids import SessionId
from wagate.features.sessions.comparison import verify_copy
from wagate.ports.device import CarriesDevices, LinkedDevice
from wagate.ports.engine import Engine
from wagate.ports.vault import Vault

COPY_S = 120.0
"""How long writing a device, or reading one, may take."""


def carrier(engines: Mapping[str, Engine], name: str) -> CarriesDevices:
    """The engine of this name, as what carries devices. Raises UnknownEngine, UnsupportedByEngine."""
    engine = engines.get(name)
    if engine is None:
        known = ", ".join(sorted(engines))
        raise UnknownEngine(f"There is no engine {name!r}; there are: {known}", pointer="/engine")
    if not isinstance(engine, CarriesDevices):
        raise UnsupportedByEngine(f"The engine {name!r} has no linked device that could be moved or imported")
    return engine


async def copy_device(target: CarriesDevices, session: SessionId, vault: Vault, device: LinkedDevice) -> LinkedDevice:
    """Write a device, read it back and compare; what the engine holds now.

    Raises MoveFailed, DeviceUnreadable, TimeoutError, VaultFailed, OSError.
    """
    async with asyncio.timeout(COPY_S):
        expected = target.holdable(device)
        await target.import_device(session, vault, device)
        found = await target.export_device(session, vault)
        await asyncio.to_thread(verify_copy, expected, found)
    return found
