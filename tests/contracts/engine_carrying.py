"""The written examination for engines, fifth part: a linked device that is carried away, and comes back."""

import pytest

from contracts.examinee import SESSION, Examinee, Network
from contracts.paper import Paper
from wagate.domain.errors import DeviceUnreadable
from wagate.domain.session import SessionState
from wagate.ports.device import CarriesDevices, LinkedDevice
from wagate.ports.news import MessageArrived, SendAccepted

PAPER = Paper()


@PAPER.asks(carries=True)
async def a_device_is_carried_away_and_goes_on(network: Network) -> None:
    examinee = await Examinee.paired(network)
    assert isinstance(examinee.engine, CarriesDevices)
    await examinee.send("before")
    await examinee.hears(SendAccepted)
    await network.type("before")
    await examinee.hears(MessageArrived)
    await examinee.close()
    device = await _carried(examinee.engine, network)
    assert device.me.phone is not None
    examinee.told.clear()
    await examinee.open()
    await examinee.is_in(SessionState.CONNECTED)
    await examinee.send("after")
    await examinee.shown("before", "after")
    await network.type("after")
    await examinee.hears(MessageArrived, times=2)


@PAPER.asks(carries=True)
async def a_device_that_was_discarded_is_gone(network: Network) -> None:
    examinee = await Examinee.paired(network)
    engine = examinee.engine
    assert isinstance(engine, CarriesDevices)
    await examinee.close()
    vault = network.storage.open(SESSION)
    await engine.discard_device(SESSION, vault)
    with pytest.raises(DeviceUnreadable):
        await engine.export_device(SESSION, vault)
    await vault.close()
    examinee.told.clear()
    await examinee.open()
    await examinee.is_in(SessionState.AWAITING_SCAN)


async def _carried(engine: CarriesDevices, network: Network) -> LinkedDevice:
    """Export a device, delete it, and import what was exported."""
    vault = network.storage.open(SESSION)
    device = await engine.export_device(SESSION, vault)
    assert engine.holdable(device) == device
    await engine.discard_device(SESSION, vault)
    await engine.import_device(SESSION, vault, device)
    again = await engine.export_device(SESSION, vault)
    assert (again.sessions, again.sender_keys) == (device.sessions, device.sender_keys)
    assert again.prekeys[: len(device.prekeys)] == device.prekeys
    assert again.next_prekey >= device.next_prekey
    await vault.close()
    return device
