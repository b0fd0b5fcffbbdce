import pytest

from emulator.companion import VERSION, Companion, iq
from emulator.wires import Line, Wires
from whatsapp_emulator.world.operator import KickKind
from whatsapp_emulator.world.world import NoSuchAccount
from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.node import Node
from whatsapp_wire.pairing.payload import ClientVersion

PHONE = "4917001"


def test_a_strange_device_is_refused() -> None:
    wires = Wires()
    companion, line = wires.pair(PHONE)
    line.close()
    thief = Companion()
    thief.account, thief.pn = companion.account, companion.pn
    assert Line(wires, thief).the("failure").get("reason") == "401"
    removed = Companion()
    removed.account, removed.pn, removed.noise = companion.account, companion.pn.with_device(9), companion.noise
    assert Line(wires, removed).the("failure").get("reason") == "401"


@pytest.mark.parametrize(
    ("reason", "attrs"),
    [("402", {"code": "101", "expire": "3600"}), ("403", {}), ("405", {}), ("503", {}), ("401", {})],
)
def test_a_login_can_be_refused_until_it_is_allowed(reason: str, attrs: dict[str, str]) -> None:
    wires = Wires()
    companion, line = wires.pair(PHONE)
    line.close()
    wires.world.operator(PHONE).refuse(reason, attrs)
    refused = Line(wires, companion)
    failure = refused.the("failure")
    assert failure.attrs.items() >= {"reason": reason, **attrs}.items()
    assert refused.hangup is not None
    refused.say(iq("w:p", "get"))
    assert refused.heard == [], "the server answered after its last word"
    wires.world.operator(PHONE).allow()
    wires.log_in(companion)


def test_a_second_login_replaces_the_first() -> None:
    wires = Wires()
    companion, first = wires.pair(PHONE)
    second = wires.log_in(companion)
    assert first.the("stream:error").require("conflict").get("type") == "replaced"
    first.close()
    wires.world.account("4917002")
    id = wires.type("4917002", companion.lid, "x")
    second.the("message", id=id)


@pytest.mark.parametrize(
    ("kind", "code", "conflict"),
    [("503", "503", None), ("515", "515", None), ("replaced", None, "replaced"), ("401", "401", "device_removed")],
)
def test_kicks_that_say_why(kind: KickKind, code: str | None, conflict: str | None) -> None:
    wires = Wires()
    companion, line = wires.pair(PHONE)
    assert wires.world.operator(PHONE).kick(kind) == 1
    wires.carry()
    error = line.the("stream:error")
    told = error.child("conflict")
    assert (error.get("code"), told and told.get("type")) == (code, conflict)
    line.close()
    again = Line(wires, companion)
    assert again.heard[0].tag == ("failure" if kind == "401" else "success")
    assert wires.world.operator(PHONE).kick("503") == (0 if kind == "401" else 1)


@pytest.mark.parametrize(("kind", "reset"), [("drop", False), ("rst", True)])
def test_kicks_without_a_word(kind: KickKind, reset: bool) -> None:
    wires = Wires()
    _, line = wires.pair(PHONE)
    wires.world.operator(PHONE).kick(kind)
    wires.carry()
    assert line.heard == []
    assert line.hangup is not None
    assert (line.hangup.reset, line.hangup.grace_s) == (reset, 0)


def test_the_queue_flows_when_the_client_is_ready_between_a_preview_and_an_end() -> None:
    wires = Wires()
    companion, line = wires.pair(PHONE)
    wires.world.account("4917002")
    line.close()
    ids = [wires.type("4917002", companion.lid, text) for text in "abc"]
    line = Line(wires, companion)
    line.the("success")
    assert line.heard == []
    line.activate()
    assert [node.tag for node in line.heard] == ["ib", "message", "message", "message", "ib"]
    preview, end = line.take("ib")
    assert preview.require("offline_preview").get("message") == "3"
    assert end.require("offline").get("count") == "3"
    messages = line.take("message")
    assert [message.get("id") for message in messages] == ids
    assert all(message.get("offline") is not None for message in messages)
    later = wires.type("4917002", companion.lid, "d")
    assert line.the("message", id=later).get("offline") is None


def test_a_client_that_is_not_passive_need_not_ask() -> None:
    wires = Wires()
    companion, line = wires.pair(PHONE)
    line.close()
    wires.world.account("4917002")
    id = wires.type("4917002", companion.lid, "x")
    client = line.link.payload
    client.passive = False
    link = wires.world.connect(companion.noise.public, client.SerializeToString(), wires.now)
    line.link, wires.lines[link] = link, line
    wires.carry()
    line.the("message", id=id)


def test_a_payload_that_is_no_payload_is_refused() -> None:
    wires = Wires()
    wires.world.connect(KeyPair.generate().public, b"\xff", wires.now)
    assert [found.kind for found in wires.world.audit.violations] == ["malformed"]


def test_dirty_bits_are_announced() -> None:
    wires = Wires()
    _, line = wires.pair(PHONE)
    wires.world.operator(PHONE).mark_dirty("groups")
    wires.carry()
    assert line.the("ib").require("dirty").get("type") == "groups"
    assert line.ask(iq("urn:xmpp:whatsapp:dirty", "set", Node("clean", {"type": "groups"}))).get("type") == "result"


def test_an_unknown_number_has_no_operator_and_no_phone() -> None:
    with pytest.raises(NoSuchAccount):
        Wires().world.operator("1")
    with pytest.raises(NoSuchAccount):
        Wires().world.phone("1")


def test_a_client_that_is_too_old_is_refused_whether_it_pairs_or_logs_in() -> None:
    wires = Wires()
    companion, line = wires.pair(PHONE)
    line.close()
    newer = ClientVersion(VERSION.primary, VERSION.secondary, VERSION.tertiary + 1)
    wires.world.faults.update({"oldest_version": newer.text})
    assert Line(wires, companion).the("failure").get("reason") == "405"
    assert Line(wires, Companion()).the("failure").get("reason") == "405"
    wires.world.faults.update({"oldest_version": VERSION.text})
    assert Line(wires, companion).the("success").tag == "success"
    with pytest.raises(ValueError, match="oldest_version must be null or a version"):
        wires.world.faults.update({"oldest_version": "new"})
