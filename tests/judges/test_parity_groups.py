"""What neonize has no call for is compared with Baileys: who adds members and lets them in, pictures taken away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest

from fixtures.waiting import until
from judges.client import Client
from judges.native import NativeClient, NativeClients
from judges.parity.compare import compare
from judges.parity.forms import Form, of_node
from judges.peers import Peer, baileys, scratch
from judges.pictures import jpeg
from wagate.adapters.engines.native.connection import NativeConnection
from wagate.domain.jid import Jid
from wagate.domain.people import GroupEdit, RequestDecision
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_emulator.recorder import read_recording

pytestmark = pytest.mark.judge

OURS, THEIRS, GUEST = "4915100000081", "4915100000082", "4915100000083"
_NAMESPACES = ("w:g2", "w:profile:picture")

Act = tuple[
    Callable[[NativeConnection, Jid, Jid], Awaitable[Any]],
    Callable[[Peer, str, str], Awaitable[Any]],
]
ACTS: dict[str, Act] = {
    "admins alone add members": (
        lambda us, group, _: us.edit_group(group, GroupEdit(admins_add=True)),
        lambda peer, group, _: peer.do("in_group", act="groupMemberAddMode", given=[group, "admin_add"]),
    ),
    "everybody adds members": (
        lambda us, group, _: us.edit_group(group, GroupEdit(admins_add=False)),
        lambda peer, group, _: peer.do("in_group", act="groupMemberAddMode", given=[group, "all_member_add"]),
    ),
    "admins let people in": (
        lambda us, group, _: us.edit_group(group, GroupEdit(approval=True)),
        lambda peer, group, _: peer.do("in_group", act="groupJoinApprovalMode", given=[group, "on"]),
    ),
    "somebody is let in": (
        lambda us, group, guest: us.decide_requests(group, RequestDecision.APPROVE, (guest,)),
        lambda peer, group, guest: peer.do(
            "in_group", act="groupRequestParticipantsUpdate", given=[group, [guest], "approve"]
        ),
    ),
    "nobody has to be let in": (
        lambda us, group, _: us.edit_group(group, GroupEdit(approval=False)),
        lambda peer, group, _: peer.do("in_group", act="groupJoinApprovalMode", given=[group, "off"]),
    ),
    "the group's picture is taken away": (
        lambda us, group, _: us.set_group_picture(group, None),
        lambda peer, group, _: peer.do("in_group", act="removeProfilePicture", given=[group]),
    ),
    "one's own picture is taken away": (
        lambda us, *_: us.set_picture(None),
        lambda peer, *_: peer.do("in_group", act="removeProfilePicture", given=[Jid.from_phone(THEIRS)]),
    ),
}


@pytest.fixture
async def said(emulator: Emulator, control: EmulatorClient, tmp_path: Path) -> dict[str, tuple[list[Form], list[Form]]]:
    """What our engine and Baileys say to the server in each act."""
    found: dict[str, list[list[Form]]] = {name: [] for name in ACTS}
    await control.account(GUEST)
    with scratch() as folder:
        judge = baileys(emulator.whereabouts, folder)
        async with NativeClients(emulator.whereabouts) as natives, natives.open(OURS) as us, judge.open(THEIRS) as peer:
            for client in (us, peer):
                group = await _group_of(emulator, control, client)
                guest = emulator.world.account(GUEST).lid
                for name, (ours, theirs) in ACTS.items():
                    if name == "somebody is let in":
                        await control.phone(GUEST).join(await control.phone(client.phone).group(group).invite())
                    path = tmp_path / f"{client.phone} {name}.jsonl"
                    await control.record(str(path))
                    if isinstance(client, NativeClient):
                        await ours(cast(NativeConnection, client.connection), Jid(group), Jid(guest))
                    else:
                        await theirs(client, group, guest)
                    await control.record(None)
                    found[name].append(_asked(path, {client.phone: "me", Jid(group).user: "the group"}))
    return {name: (ours, theirs) for name, (ours, theirs) in found.items()}


async def test_groups_are_set_up_as_baileys_sets_them_up(said: dict[str, tuple[list[Form], list[Form]]]) -> None:
    differences = {
        name: [(each.where, each.native, each.whatsmeow) for each in compare(name, ours, theirs)]
        for name, (ours, theirs) in said.items()
    }
    assert all(ours and theirs for ours, theirs in said.values())
    assert {name: found for name, found in differences.items() if found} == {}


def _asked(path: Path, parts: dict[str, str]) -> list[Form]:
    stanzas = [record.node for record in read_recording(path) if record.kind == "stanza"]
    return [
        of_node(node, parts)
        for node in stanzas
        if node.tag == "iq" and node.get("type") == "set" and node.get("xmlns") in _NAMESPACES
    ]


async def _group_of(emulator: Emulator, control: EmulatorClient, client: Client) -> str:
    """A group with a picture, made by the client's own phone, which the client has heard of."""
    await control.account(client.phone)
    phone = control.phone(client.phone)
    await phone.scan(await client.qr_text())
    devices = emulator.world.account(client.phone).devices
    await until(lambda: any(device.app_state_key_shared and not len(device.queue) for device in devices.values()), 30)
    group = (await phone.create_group("Judged", [])).jid
    await phone.group(group).set_picture(jpeg())
    await until(lambda: not any(len(device.queue) for device in devices.values()), 30)
    return group
