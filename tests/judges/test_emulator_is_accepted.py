"""Unmodified clients take the emulator for WhatsApp."""

import pytest

from judges.peers import Judge
from whatsapp_emulator.client import EmulatorClient

pytestmark = pytest.mark.judge

COMPANION, CONTACT = "4915100000001", "4915100000002"


async def test_pairs_by_qr_and_talks_with_a_phone(judge: Judge, control: EmulatorClient) -> None:
    contact = await control.account(CONTACT, "Ana")
    await control.account(COMPANION, "Shop")
    phone = control.phone(CONTACT)
    async with judge.open(COMPANION) as peer:
        await control.phone(COMPANION).scan(await peer.qr_text())
        await peer.wait("open")

        wa_id = await peer.send(contact.pn, "hello from the shop")
        shown = await phone.inbox(wait_s=10)
        assert [(message.id, message.text) for message in shown] == [(wa_id, "hello from the shop")]

        await phone.type(COMPANION, "hello from Ana")
        await peer.shows("hello from Ana")


async def test_pairs_by_code(judge: Judge, control: EmulatorClient) -> None:
    await control.account(COMPANION, "Shop")
    async with judge.open(COMPANION) as peer:
        await control.phone(COMPANION).enter_code(await peer.pairing_code())
        await peer.wait("open")
