"""A linked device goes from one program to another and goes on: unmodified clients on one side, ours on the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from judges.native import NativeClients
from judges.peers import Judge, neonize, scratch
from wagate.adapters.engines.neonize.store import export_device
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


async def test_native_takes_over_from_neonize(emulator: Emulator, control: EmulatorClient) -> None:
    with scratch() as folder:
        judge = neonize(emulator.whereabouts, folder)
        await _pair_and_talk(judge, control)
        await control.phone(CONTACT).type(US, "while nobody is there")
        device = export_device(Path(folder) / f"{US}.db")
    async with NativeClients(emulator.whereabouts) as ours:
        await ours.take_over(US, device)
        async with ours.open(US) as us:
            await us.shows("while nobody is there")
            sent = await us.send(emulator.world.account(CONTACT).pn, "from another program")
            await us.until(lambda: sent in us.accepted)
            await control.phone(CONTACT).type(US, "still you?")
            await us.shows("still you?")
            texts = [message.text for message in await control.phone(CONTACT).inbox(wait_s=10)]
            assert texts[-1] == "from another program"
            assert len(us.arrived) == 2
    assert emulator.world.audit.counts["receipt retry"] == 0
