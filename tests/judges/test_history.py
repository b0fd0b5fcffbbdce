"""Unmodified clients believe what the emulator's phones tell of the past, file and all."""

from __future__ import annotations

import pytest

from fixtures.waiting import until
from judges.peers import Judge
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator

COMPANION, CONTACT = "4915100000051", "4915100000052"


@pytest.mark.judge
async def test_reads_what_a_phone_tells_of_the_past(
    request: pytest.FixtureRequest, judge: Judge, emulator: Emulator, control: EmulatorClient
) -> None:
    contact = await control.account(CONTACT, "Ana")
    await control.account(COMPANION, "Shop")
    await control.phone(COMPANION).remember(contact.pn, [{"text": "old", "at": 1_700_000_000}], count=20)
    counts = emulator.world.audit.counts
    async with judge.open(COMPANION) as peer:
        await control.phone(COMPANION).scan(await peer.qr_text())
        await peer.wait("open")
        # Names and recent messages are files; the newest messages came inside their notice, where that is understood.
        await until(lambda: counts["receipt hist_sync"] >= 3, 30)
        if "neonize" in request.node.name:
            # Baileys takes note of the files, and in these tests has no way to the media hosts that it knows by name.
            await until(lambda: counts["media downloads"] >= 2, 30)
        await control.phone(CONTACT).type(COMPANION, "and now")
        await peer.shows("and now")
