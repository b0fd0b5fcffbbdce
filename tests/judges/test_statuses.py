"""Judges look at the statuses that our engine posts, and both look at those of phones."""

from __future__ import annotations

from functools import partial

import pytest

from fixtures.waiting import until
from judges.native import NativeClients
from judges.peers import Judge
from wagate.domain.jid import Jid
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator

US, PEER, STRANGER = "4915100000041", "4915100000042", "4915100000043"
STATUS = "status@broadcast"


@pytest.mark.judge
async def test_looks_at_our_statuses_as_at_those_of_phones(
    judge: Judge, emulator: Emulator, control: EmulatorClient
) -> None:
    await control.account(STRANGER)
    async with (
        NativeClients(emulator.whereabouts) as natives,
        natives.open(US) as us,
        judge.open(PEER) as peer,
    ):
        for client in (us, peer):
            await control.account(client.phone)
            await control.phone(client.phone).scan(await client.qr_text())
            await until(partial(_listens, emulator, client.phone), 30)
        try:
            for text in ("first status", "second status"):
                await us.post_status(text, [Jid.from_phone(PEER)])
                await peer.shows(text)
            # Another audience: the key that the judge has is not used any more, and it gets the one after that.
            await us.post_status("not for the judge", [Jid.from_phone(STRANGER)])
            await us.post_status("third status", [Jid.from_phone(PEER), Jid.from_phone(STRANGER)])
            await peer.shows("third status")
            await control.phone(STRANGER).say(STATUS, "text", text="from a stranger")
            await us.shows("from a stranger")
            await peer.shows("from a stranger")
        except (AssertionError, TimeoutError) as error:
            raise AssertionError(peer.complaints()) from error
        assert "not for the judge" not in [text for _, text in await peer.shown()]
        stranger = [shown.text for shown in await control.phone(STRANGER).inbox()]
        assert stranger[:2] == ["not for the judge", "third status"]


def _listens(emulator: Emulator, phone: str) -> bool:
    devices = emulator.world.account(phone).devices.values()
    return any(device.link is not None and device.link.active for device in devices)
