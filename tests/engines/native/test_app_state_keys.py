"""The keys of the app state just after pairing: the phone shares them a moment after the line is up."""

from __future__ import annotations

import pytest

from engines.native.scripted import OWN, Script, Stranger
from wagate.adapters.engines.native.machine import app_state_commands
from wagate.domain.errors import AppStateUnavailable
from whatsapp_wire.node import Node
from whatsapp_wire.proto.message_pb2 import AppStateSyncKeyShare, Message, ProtocolMessage


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def ends(script: Script) -> list[Exception | None]:
    """How the wish to take another name ended; it is there before any key is."""
    ends: list[Exception | None] = []
    script.machine.run(lambda us: app_state_commands.set_name(us, "Corner Shop"), lambda error, _: ends.append(error))
    script.rest()
    return ends


def _patches(script: Script) -> list[Node]:
    return script.asked("patch")


def test_a_wish_waits_for_the_phone_to_share_its_key(script: Script, ends: list[Exception | None]) -> None:
    script.wait(5)
    assert ends == []
    share = AppStateSyncKeyShare()
    key = share.keys.add()
    key.key_id.key_id = b"\x00\x01"
    key.key_data.key_data = bytes(32)
    told = ProtocolMessage(type=ProtocolMessage.APP_STATE_SYNC_KEY_SHARE, app_state_sync_key_share=share)
    phone = Stranger(OWN.lid.bare, OWN.pn.bare)
    phone.meet(script)
    script.answers["w:sync:app:state"] = _nothing_yet
    script.hear(phone.stanza("P1", phone.encrypt(Message(protocol_message=told)), category="peer", type="protocol"))
    script.wait(1)
    assert len(_patches(script)) == 1


def test_a_wish_does_not_wait_for_ever(script: Script, ends: list[Exception | None]) -> None:
    for _ in range(60):
        script.wait(0.25)
    (error,) = ends
    assert isinstance(error, AppStateUnavailable)
    assert _patches(script) == []


def _nothing_yet(iq: Node) -> Node:
    """The server has nothing of the collections that are asked for."""
    return Node(
        "sync",
        {},
        [
            Node("collection", {"name": part.attr("name"), "version": "0", "type": "result"})
            for sync in iq.children
            for part in sync.children
        ],
    )
