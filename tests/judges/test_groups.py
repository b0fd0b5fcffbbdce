"""Judges and our engine write in one group, both ways, while somebody comes and somebody goes."""

from __future__ import annotations

from functools import partial

import pytest

from fixtures.waiting import until
from judges.client import Talker
from judges.native import NativeClient, NativeClients
from judges.peers import Judge, Peer
from whatsapp_emulator.client import EmulatorClient, GroupClient
from whatsapp_emulator.emulator import Emulator

US, PEER, HOST, GUEST = "4915100000021", "4915100000022", "4915100000023", "4915100000024"

_PEERS_FAULTS = ("sender_key_not_rotated", "ratchet_reuse", "failed_decryption")
"""What judges do: neither takes another sender key when somebody leaves, and Baileys damages sessions under load."""


@pytest.mark.judge
async def test_writes_with_us_in_a_group(judge: Judge, emulator: Emulator, control: EmulatorClient) -> None:
    for phone in (HOST, GUEST):
        await control.account(phone)
    async with (
        NativeClients(emulator.whereabouts) as natives,
        natives.open(US) as us,
        judge.open(PEER) as peer,
    ):
        for client in (us, peer):
            await control.account(client.phone)
            await control.phone(client.phone).scan(await client.qr_text())
            await until(partial(_listens, emulator, client.phone), 30)
        made = await control.phone(HOST).create_group("Judges", [US, PEER, GUEST])
        group = control.phone(HOST).group(made.jid)
        try:
            await _exchange(made.jid, us, peer, ["one", "two", "three"])
            await _change(emulator, group, "remove")
            await _exchange(made.jid, us, peer, ["without the guest", "still without"])
            await _change(emulator, group, "add")
            await _exchange(made.jid, us, peer, ["with the guest again"])
            assert [text for _, text in _shown(emulator, GUEST)][-2:] == [
                "from us: with the guest again",
                "from the judge: with the guest again",
            ]
        except (AssertionError, TimeoutError) as error:
            raise AssertionError(peer.complaints()) from error
        finally:
            for device in emulator.world.account(PEER).devices.values():
                for kind in _PEERS_FAULTS:
                    emulator.forgive(kind, device.label)
    wanted = [f"from {who}: {text}" for who in ("us", "the judge") for text in _TEXTS]
    assert sorted(text for _, text in _shown(emulator, HOST)) == sorted(wanted)


_TEXTS = ["one", "two", "three", "without the guest", "still without", "with the guest again"]


async def _exchange(group: str, us: NativeClient, peer: Peer, texts: list[str]) -> None:
    """One text after the other, each once the one before was shown on the other side."""
    for text in texts:
        await us.send(group, f"from us: {text}")
        await peer.shows(f"from us: {text}")
        await peer.send(group, f"from the judge: {text}")
        await us.shows(f"from the judge: {text}")
    for client, word in ((us, "from the judge"), (peer, "from us")):
        await _has_shown_once(client, [f"{word}: {text}" for text in texts])


async def _has_shown_once(client: Talker, texts: list[str]) -> None:
    shown = [text for _, text in await client.shown()]
    assert [text for text in shown if text in texts] == texts


async def _change(emulator: Emulator, group: GroupClient, action: str) -> None:
    """The guest comes or goes, and everybody has heard of it."""
    await group.change(action, GUEST)
    devices = [device for phone in (US, PEER) for device in emulator.world.account(phone).devices.values()]
    await until(lambda: not any(len(device.queue) for device in devices), 30)


def _listens(emulator: Emulator, phone: str) -> bool:
    devices = emulator.world.account(phone).devices.values()
    return any(device.link is not None and device.link.active for device in devices)


def _shown(emulator: Emulator, phone: str) -> list[tuple[str, str]]:
    inbox = [message.as_dict() for message in emulator.world.phone(phone).inbox]
    return [(str(message["id"]), str(message["text"])) for message in inbox]
