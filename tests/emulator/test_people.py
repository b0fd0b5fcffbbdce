"""What people of the pretend network show, to whom; whom they block; how their calls end."""

from __future__ import annotations

import pytest

from emulator.companion import Companion, iq
from emulator.wires import Line, Wires
from whatsapp_emulator.world.calls import CallState, NoSuchCall
from whatsapp_emulator.world.replies import IqRefused
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.stanza import call as calls
from whatsapp_wire.stanza import people, privacy
from whatsapp_wire.stanza.usync import lid_query

ANN, BOB = "4917001", "4917002"
JPEG = b"\xff\xd8\xff and so on"


@pytest.fixture
def wires() -> Wires:
    return Wires()


def paired(wires: Wires) -> tuple[Companion, Line]:
    """ANN's companion; BOB has a phone."""
    companion, line = wires.pair(ANN)
    wires.world.account(BOB, "Bob")
    return companion, line


def profile(wires: Wires, line: Line) -> people.Profile:
    """BOB as ANN's companion sees him."""
    [found] = people.parse_profiles(line.ask(lid_query("1", "s", [wires.world.account(BOB).pn])))
    return found


def violations(wires: Wires) -> list[str]:
    return [found.kind for found in wires.world.audit.violations]


def test_what_is_hidden_is_not_shown(wires: Wires) -> None:
    _, line = paired(wires)
    hand = wires.world.phone(BOB).people
    hand.set_about("At work")
    picture_id = hand.set_picture(JPEG)
    assert (profile(wires, line).about, profile(wires, line).picture_id) == ("At work", picture_id)
    for category in ("status", "profile"):
        hand.set_privacy(category, "contacts")
    assert (profile(wires, line).about, profile(wires, line).picture_id) == (None, None)
    hand.set_contacts([ANN])
    assert (profile(wires, line).about, profile(wires, line).picture_id) == ("At work", picture_id)
    hand.block(wires.world.account(ANN).lid, blocked=True)
    assert (profile(wires, line).about, profile(wires, line).picture_id) == (None, None)
    with pytest.raises(IqRefused):
        hand.set_privacy("last", "everybody")
    with pytest.raises(IqRefused):
        hand.set_about("x" * 140)


def test_what_a_companion_changes_other_companions_hear(wires: Wires) -> None:
    _, line = paired(wires)
    _, other = wires.pair(ANN)
    bob = wires.world.account(BOB).lid
    blocked = line.ask(people.block("1", bob, None, "block"))
    assert people.parse_blocklist(blocked) == (bob,)
    settings = privacy.parse_settings(line.ask(privacy.change_setting("2", "last", "none")))
    assert settings["last"] == "none"
    line.ask(people.set_picture("3", JPEG))
    people.check_about_set(line.ask(people.set_about("4", "Mon to Fri")))
    told = [child.tag for stanza in other.take("notification", type="account_sync") for child in stanza.children]
    assert [tag for tag in told if tag != "devices"] == ["blocklist", "privacy", "picture", "status"]
    assert line.take("notification", type="account_sync") == [] or all(
        stanza.children[0].tag == "devices" for stanza in line.take("notification", type="account_sync")
    )
    assert wires.world.account(ANN).about == "Mon to Fri"
    assert violations(wires) == []


@pytest.mark.parametrize(
    "question",
    [
        iq("blocklist", "set", Node("item", {"jid": Jid("55@lid"), "action": "block"})),
        iq("privacy", "set", Node("privacy", None, [Node("category", {"name": "last", "value": "friends"})])),
        iq("privacy", "set", Node("privacy")),
        iq("w:profile:picture", "set", Node("picture", {"type": "image"}, b"no picture")),
        iq("w:mex", "get", Node("query", {"query_id": "1"}, b"{}")),
        iq("w:mex", "get", Node("query", {"query_id": "9152604461510864"}, b"[]")),
    ],
)
def test_what_makes_no_sense_is_refused(wires: Wires, question: Node) -> None:
    _, line = paired(wires)
    assert line.ask(question).require("error").get("code") in ("400", "406")


def test_a_picture_lies_where_its_link_says_and_nowhere_else(wires: Wires) -> None:
    _, line = paired(wires)
    bob = wires.world.account(BOB)
    missing = line.ask(people.picture_query("1", bob.pn, preview=False))
    assert missing.require("error").get("code") == "404"
    wires.world.phone(BOB).people.set_picture(JPEG)
    answer = line.ask(people.picture_query("2", bob.lid, preview=False))
    link = people.parse_picture(answer)
    assert link is not None
    path = answer.require("picture").attr("direct_path")
    assert link.url.endswith(path)
    assert wires.world.media.picture(path) == JPEG
    for elsewhere in (path.replace("/image/", "/other"), path[:-1], "/v/pictures/", "/v/other"):
        assert wires.world.media.picture(elsewhere) is None


def test_a_call_rings_until_somebody_ends_it(wires: Wires) -> None:
    companion, line = paired(wires)
    bob, ann = wires.world.phone(BOB).people, wires.world.account(ANN)
    rejected, missed = bob.call(ann.lid, video=True), bob.call(ann.lid)
    wires.carry()
    offers = [calls.parse_call(stanza) for stanza in line.take("call")]
    assert [(offer.step, offer.call_id, offer.is_video) for offer in offers] == [
        ("offer", rejected.id, True),
        ("offer", missed.id, False),
    ]
    line.say(calls.reject("9", companion.pn.bare, offers[0].creator, rejected.id))
    bob.hang_up(missed.id)
    wires.carry()
    [ended] = [calls.parse_call(stanza) for stanza in line.take("call")]
    assert (ended.step, ended.call_id, ended.reason) == ("terminate", missed.id, "timeout")
    assert (rejected.state, missed.state) == (CallState.REJECTED, CallState.ENDED)
    with pytest.raises(NoSuchCall):
        bob.hang_up(missed.id)
    assert violations(wires) == []


def test_who_turns_down_a_call_that_there_is_not_is_at_fault(wires: Wires) -> None:
    companion, line = paired(wires)
    line.say(calls.reject("9", companion.pn.bare, wires.world.account(BOB).lid, "nonsense"))
    assert violations(wires) == ["malformed"]


def test_who_is_blocked_reaches_nobody(wires: Wires) -> None:
    _, line = paired(wires)
    ann, bob = wires.world.account(ANN), wires.world.account(BOB)
    wires.world.phone(ANN).people.block(bob.lid, blocked=True)
    wires.world.phone(BOB).type(ann.lid, "hello?")
    wires.world.phone(BOB).people.call(ann.lid)
    wires.carry()
    assert line.take("message") == line.take("call") == []
    assert wires.world.phone(ANN).inbox == []


def test_another_number_is_told_and_the_old_one_is_free(wires: Wires) -> None:
    _, line = paired(wires)
    bob = wires.world.account(BOB)
    old, lid = bob.pn, bob.lid
    profile(wires, line)
    with pytest.raises(ValueError, match="phone number"):
        wires.world.phone(BOB).people.change_number(ANN)
    wires.world.phone(BOB).people.change_number("4917009")
    wires.carry()
    [told] = line.take("notification", type="contacts")
    assert people.parse_number_changed(told) == people.NumberChanged(old, bob.pn, lid, lid)
    assert wires.world.account(BOB) is not bob
    assert wires.world.account("4917009") is bob
