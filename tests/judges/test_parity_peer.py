"""How our phone is asked for older messages, beside Baileys, and beside what whatsmeow's source says.

neonize has no call for whatsmeow's `BuildHistorySyncRequest`, nor for its `SendPeerMessage`, so this act cannot be one
that whatsmeow plays.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from fixtures.waiting import until
from judges.client import Client
from judges.native import NativeClients
from judges.parity.compare import compare
from judges.parity.forms import Form, of_node
from judges.peers import baileys, scratch
from wagate.ports.abilities import Oldest
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_emulator.recorder import read_recording
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node

pytestmark = pytest.mark.judge

OURS, THEIRS, CONTACT = "4915100000071", "4915100000072", "4915100000073"
OLDEST = Oldest("3EB0123456789ABCDEF012", from_me=True, sent_at=1_700_000_000_000)


_CAST = {OURS: "me", THEIRS: "me"}


def whatsmeow() -> Node:
    """What `preparePeerMessageNode` in whatsmeow's `send.go` makes of such a request."""
    attrs = {"id": OLDEST.wa_id, "type": "text", "category": "peer", "to": Jid.of(OURS, "s.whatsapp.net")}
    enc = Node("enc", {"v": "2", "type": "msg"}, bytes(90))
    return Node(
        "message",
        {**attrs, "push_priority": "high_force", "privacy_sensitive": "1"},
        [Node("meta", {"appdata": "default"}), enc],
    )


async def test_our_phone_is_asked_as_whatsmeow_and_baileys_ask(
    emulator: Emulator, control: EmulatorClient, tmp_path: Path
) -> None:
    chat = (await control.account(CONTACT)).lid
    with scratch() as folder:
        judge = baileys(emulator.whereabouts, folder)
        async with NativeClients(emulator.whereabouts) as natives, natives.open(OURS) as us, judge.open(THEIRS) as peer:

            async def we_ask() -> None:
                await us.ask_for_history(chat, OLDEST, 50)

            async def it_asks() -> None:
                at = OLDEST.sent_at // 1000
                await peer.do("ask_for_history", chat=chat, id=OLDEST.wa_id, from_me=True, at=at, count=50)

            ours = await _heard(emulator, control, us, we_ask, tmp_path / "ours.jsonl")
            theirs = await _heard(emulator, control, peer, it_asks, tmp_path / "theirs.jsonl")
    assert [found.where for found in compare("ask", [ours], [of_node(whatsmeow(), _CAST)])] == []
    # Baileys does not say that the request is about privacy, and says what it is for behind what it says.
    found = [(each.where, each.native, each.whatsmeow) for each in compare("ask", [ours], [theirs])]
    assert found == [("message@privacy_sensitive", "1", None), ("message[]", "meta · enc", "enc · meta")]


async def _heard(
    emulator: Emulator, control: EmulatorClient, client: Client, ask: Callable[[], Awaitable[None]], path: Path
) -> Form:
    """What a client says to ask its phone, in normal form; the phone has understood it."""
    counts = emulator.world.audit.counts
    await control.account(client.phone)
    await control.phone(client.phone).scan(await client.qr_text())
    devices = emulator.world.account(client.phone).devices
    await until(lambda: any(device.app_state_key_shared and not len(device.queue) for device in devices.values()), 30)
    before = counts["history requests"]
    await control.record(str(path))
    await ask()
    await until(lambda: counts["history requests"] > before, 30)
    await control.record(None)
    stanzas = [record.node for record in read_recording(path) if record.kind == "stanza"]
    (asked,) = (node for node in stanzas if node.get("push_priority") == "high_force")
    return of_node(asked, _CAST)
