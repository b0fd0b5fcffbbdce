"""A linked device goes from one program to another and goes on: unmodified clients on one side, ours on the other."""

from __future__ import annotations

import pytest

from fixtures.rooms import eventually
from judges.client import Talker
from judges.native import NativeClients
from judges.peers import Judge, baileys, neonize, scratch
from wagate.adapters.engines.neonize.store import export_device, holdable, write_device
from wagate.adapters.foreign.baileys import read_folder
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator

pytestmark = pytest.mark.judge

US, CONTACT = "4915100000021", "4915100000022"


async def _pair_and_talk(judge: Judge, control: EmulatorClient) -> None:
    """Link the judge, and have it talk with a contact: both sides' ratchets turn, and one message waits at the end."""
    contact = await control.account(CONTACT, "Ana")
    await control.account(US, "Shop")
    phone = control.phone(CONTACT)
    async with judge.open(US) as peer:
        await control.phone(US).scan(await peer.qr_text())
        await peer.wait("open")
        for number in range(3):
            await peer.send(contact.pn, f"out {number}")
            await phone.type(US, f"in {number}")
            await peer.shows(f"in {number}")


async def test_a_device_goes_from_neonize_to_native_and_back(emulator: Emulator, control: EmulatorClient) -> None:
    with scratch() as folder:
        judge, path = neonize(emulator.whereabouts, folder), folder / f"{US}.db"
        await _pair_and_talk(judge, control)
        await control.phone(CONTACT).type(US, "nobody is there")
        device = export_device(path)
        async with NativeClients(emulator.whereabouts) as ours:
            await ours.take_over(US, device)
            async with ours.open(US) as us:
                await us.shows("nobody is there")
                await _talk(us, emulator, control, "native")
                await us.until(lambda: len(us.accepted) == 1)
            await control.phone(CONTACT).type(US, "nobody again")
            device = await ours.hand_over(US)
        write_device(path, device)
        assert export_device(path).sessions == holdable(device).sessions
        async with judge.open(US) as peer:
            await peer.shows("nobody again")
            await _talk(peer, emulator, control, "neonize")
    assert emulator.world.audit.counts["receipt retry"] == 0


async def test_neonize_takes_over_a_device_that_was_always_ours(emulator: Emulator, control: EmulatorClient) -> None:
    async with NativeClients(emulator.whereabouts) as ours:
        await control.account(CONTACT, "Ana")
        await control.account(US, "Shop")
        async with ours.open(US) as us:
            await control.phone(US).scan(await us.qr_text())
            await us.until(lambda: us.is_connected)
            await _talk(us, emulator, control, "native")
            await us.until(lambda: len(us.accepted) == 1)
        device = await ours.hand_over(US)
    with scratch() as folder:
        write_device(folder / f"{US}.db", device)
        async with neonize(emulator.whereabouts, folder).open(US) as peer:
            await peer.wait("open")
            await _talk(peer, emulator, control, "neonize")
    assert emulator.world.audit.counts["receipt retry"] == 0


@pytest.mark.parametrize("successor", ["native", "neonize"])
async def test_a_device_of_baileys_goes_on(emulator: Emulator, control: EmulatorClient, successor: str) -> None:
    with scratch() as folder:
        await _pair_and_talk(baileys(emulator.whereabouts, folder), control)
        device = read_folder(folder / f"baileys-{US}")
        await control.phone(CONTACT).type(US, "nobody is there")
        if successor == "neonize":
            write_device(folder / f"{US}.db", device)
            async with neonize(emulator.whereabouts, folder).open(US) as peer:
                await peer.shows("nobody is there")
                await _talk(peer, emulator, control, "neonize")
        else:
            async with NativeClients(emulator.whereabouts) as ours:
                await ours.take_over(US, device)
                async with ours.open(US) as us:
                    await us.shows("nobody is there")
                    await _talk(us, emulator, control, "native")
                    await us.until(lambda: len(us.accepted) == 1)
    assert emulator.world.audit.counts["receipt retry"] == 0


async def _talk(us: Talker, emulator: Emulator, control: EmulatorClient, word: str) -> None:
    """A text each way."""
    phone = control.phone(CONTACT)
    await us.send(emulator.world.account(CONTACT).pn, f"{word} says")
    await phone.type(US, f"{word} hears")

    async def shown() -> bool:
        return f"{word} hears" in [text for _, text in await us.shown()]

    await eventually(shown)
    assert f"{word} says" in [message.text for message in await phone.inbox(wait_s=10)]
