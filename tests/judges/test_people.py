"""Judges look people up, block them, watch them and turn their calls down, on the emulator."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from fixtures.waiting import until
from judges.peers import Judge
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_emulator.world.accounts import Device

ME, CONTACT, NOBODY = "4915100000031", "4915100000032", "4915100000099"


@pytest.mark.judge
async def test_knows_people(judge: Judge, emulator: Emulator, control: EmulatorClient) -> None:
    for phone in (ME, CONTACT):
        await control.account(phone)
    contact, account = control.phone(CONTACT), emulator.world.account(CONTACT)
    written = BytesIO()
    Image.new("RGB", (64, 64), "red").save(written, "JPEG")
    async with judge.open(ME) as peer:
        await control.phone(ME).scan(await peer.qr_text())
        await until(lambda: any(device.link and device.link.active for device in _devices(emulator)), 30)
        await peer.send(account.pn, "hello")
        picture_id = await contact.people.set_picture(written.getvalue())

        assert (await peer.with_people("check", numbers=[CONTACT, NOBODY]))["there"] == [CONTACT]
        assert (await peer.with_people("look_up", who=account.pn))["about"] == account.about
        assert str(picture_id) in (await peer.with_people("picture", who=account.pn))["id"]
        assert (await peer.with_people("block", who=account.lid))["blocked"] == [account.lid]
        assert emulator.world.account(ME).blocked == {account.lid}
        assert (await peer.with_people("unblock", who=account.lid))["blocked"] == []
        await peer.with_people("set_about", text="Mon to Fri")
        await until(lambda: emulator.world.account(ME).about == "Mon to Fri", 10)
        await peer.with_people("set_privacy", value="contacts")
        await until(lambda: emulator.world.account(ME).privacy["last"] == "contacts", 10)

        # Being shown online is not asked of judges: both want to know the account's name from its app state first.
        await peer.with_people("watch", who=account.lid)
        await until(lambda: bool(account.subscribers), 10)
        await contact.set_available(available=True)
        await contact.set_typing(ME, on=True)
        await peer.wait("presence")

        await control.phone(ME).people.block(CONTACT)
        await control.phone(ME).people.block(CONTACT, blocked=False)
        await peer.wait("blocklist")
        call = await contact.people.call(ME)
        await peer.wait("call", lambda event: event["id"] == call.id)
        await peer.with_people("reject", who=account.lid, call=call.id)
        await until(lambda: emulator.world.calls[call.id].state == "rejected", 10)


def _devices(emulator: Emulator) -> list[Device]:
    return list(emulator.world.account(ME).devices.values())
