"""Groups in the pretend network: what people may do, who hears of it, and who gets which ciphertext."""

from __future__ import annotations

import pytest

from emulator.companion import iq
from emulator.scenes import ANN, BOB, CAT, Scene
from whatsapp_emulator.world.replies import IqRefused
from whatsapp_wire.jid import Jid
from whatsapp_wire.message import read
from whatsapp_wire.node import Node
from whatsapp_wire.proto.message_pb2 import Message
from whatsapp_wire.sender_key_share import shared
from whatsapp_wire.signal import sender_keys
from whatsapp_wire.signal.padding import unpad
from whatsapp_wire.stanza import groups
from whatsapp_wire.stanza.group_changes import (
    DescriptionChanged,
    Entered,
    MembersChanged,
    RequestsMade,
    SettingChanged,
    SubjectChanged,
)
from whatsapp_wire.stanza.groups import Member, MemberAddMode, Role, Settings


def ask(scene: Scene, query: Node) -> Node:
    return scene.line.ask(query)


def refusal(scene: Scene, query: Node) -> int:
    return int(ask(scene, query).require("error").attr("code"))


# ---- what people may do


def test_a_companion_makes_a_group_and_hears_of_it() -> None:
    scene = Scene.set()
    people = [Member(scene.lid(BOB)), Member(scene.lid(CAT)), Member(Jid("1@lid"))]
    made = groups.parse_group(ask(scene, groups.create("1", "Sales", people, Settings(locked=True))))
    assert [(member.jid, member.role, member.error) for member in made.members] == [
        (scene.lid(ANN), Role.OWNER, None),
        (scene.lid(BOB), Role.MEMBER, None),
        (scene.lid(CAT), Role.MEMBER, None),
        (Jid("1@lid"), Role.MEMBER, 404),
    ]
    [entered] = scene.changes()
    assert isinstance(entered, Entered)
    assert (entered.is_new, entered.group.settings.locked, entered.group.by_lid) == (True, True, True)
    assert groups.parse_groups(ask(scene, groups.participating("2"))) == (entered.group,)


def test_everybody_hears_what_changes_and_the_actor_does_too() -> None:
    scene = Scene.set()
    group = scene.group(ANN, CAT)
    scene.changes()
    ask(scene, groups.set_subject("1", group, "Support"))
    hand = scene.wires.world.phone(BOB).groups
    hand.describe(group, "about")
    hand.set(group, {"announcement": True, "ephemeral_s": 60, "member_add_mode": "admin_add", "approval": True})
    hand.change(group, "promote", [scene.lid(ANN)])
    hand.change(group, "remove", [scene.lid(CAT)])
    scene.wires.carry()
    subject, described, *rest = scene.changes()
    assert subject == SubjectChanged("Support")
    assert isinstance(described, DescriptionChanged)
    assert rest == [
        SettingChanged("announcement", True),
        SettingChanged("ephemeral_s", 60),
        SettingChanged("member_add_mode", MemberAddMode.ADMINS),
        SettingChanged("approval", True),
        MembersChanged("promote", (Member(scene.lid(ANN), scene.wires.world.account(ANN).pn),)),
        MembersChanged("remove", (Member(scene.lid(CAT), scene.wires.world.account(CAT).pn),)),
    ]
    now = groups.parse_group(ask(scene, groups.query("2", group)))
    assert now.settings == Settings(True, False, True, MemberAddMode.ADMINS, 60)
    assert now.description is not None


def test_who_may_not_is_refused() -> None:
    scene = Scene.set()
    group = scene.group(ANN)
    assert refusal(scene, groups.change_members("1", group, "remove", [Member(scene.lid(BOB))])) == 401
    assert refusal(scene, groups.set_announcement("2", group, on=True)) == 401
    assert refusal(scene, groups.invite("3", group)) == 401
    assert refusal(scene, groups.set_subject("4", group, "x" * 101)) == 406
    assert refusal(scene, groups.query("5", Jid("1@g.us"))) == 404
    scene.wires.world.phone(BOB).groups.set(group, {"locked": True})
    assert refusal(scene, groups.set_subject("6", group, "x")) == 401
    scene.wires.world.phone(BOB).groups.change(group, "remove", [scene.lid(ANN)])
    assert refusal(scene, groups.query("7", group)) == 403
    assert refusal(scene, groups.set_subject("8", group, "x")) == 403


def test_each_person_has_a_fate_of_their_own() -> None:
    scene = Scene.set()
    group = scene.group(ANN)
    scene.wires.world.phone(CAT).set({"refuses_groups": True})
    people = [Member(scene.lid(CAT)), Member(scene.lid(BOB)), Member(Jid("1@lid"))]
    fates = groups.parse_changed(ask(scene, groups.change_members("1", group, "add", people)), "add")
    assert [fate.error for fate in fates] == [403, 409, 404]
    assert fates[0].invitation is not None


def test_a_link_leads_in_until_it_is_reset() -> None:
    scene = Scene.set()
    group = scene.group(CAT)
    hand = scene.wires.world.phone(BOB).groups
    old, new = hand.invite(group), hand.invite(group, reset=True)
    assert refusal(scene, groups.invite_info("1", old)) == 410
    assert refusal(scene, groups.join("2", "nonsense")) == 406
    shown = groups.parse_group(ask(scene, groups.invite_info("3", new)))
    assert (shown.subject, shown.size, shown.members) == ("Sales", 2, ())
    joined = groups.parse_joined(ask(scene, groups.join("4", new)))
    assert joined == groups.Joined(group, is_pending=False)
    assert [type(change) for change in scene.changes()] == [Entered]
    assert refusal(scene, groups.join("5", new)) == 409


def test_admins_decide_who_comes_by_link() -> None:
    scene = Scene.set()
    made = groups.parse_group(ask(scene, groups.create("1", "Club", [], Settings(approval=True))))
    scene.changes()
    code = groups.parse_invite(ask(scene, groups.invite("2", made.jid)))
    for phone in (BOB, CAT):
        assert scene.wires.world.phone(phone).groups.join(code)[1]
    scene.wires.carry()
    assert [type(change) for change in scene.changes()] == [RequestsMade, RequestsMade]
    asked = groups.parse_requests(ask(scene, groups.join_requests("3", made.jid)))
    assert [request.jid for request in asked] == [scene.lid(BOB), scene.lid(CAT)]
    decided = ask(scene, groups.decide_requests("4", made.jid, "approve", [scene.lid(BOB), scene.lid(ANN)]))
    assert [fate.error for fate in groups.parse_decided(decided, "approve")] == [None, 404]
    ask(scene, groups.decide_requests("5", made.jid, "reject", [scene.lid(CAT)]))
    assert groups.parse_requests(ask(scene, groups.join_requests("6", made.jid))) == ()
    members = groups.parse_group(ask(scene, groups.query("7", made.jid))).members
    assert [member.jid for member in members] == [scene.lid(ANN), scene.lid(BOB)]


def test_when_the_last_admin_leaves_somebody_else_becomes_one() -> None:
    scene = Scene.set()
    group = scene.group(ANN, CAT)
    scene.changes()
    scene.wires.world.phone(BOB).groups.leave(group)
    scene.wires.carry()
    assert [change.action for change in scene.changes() if isinstance(change, MembersChanged)] == ["remove", "promote"]
    assert groups.parse_invite(ask(scene, groups.invite("1", group)))


def test_who_types_is_seen_in_the_group() -> None:
    scene = Scene.set()
    group = scene.group(ANN, CAT)
    _, bobs = scene.wires.pair(BOB)
    scene.wires.world.phone(CAT).set_typing(group, on=True)
    scene.wires.carry()
    typing = scene.line.the("chatstate")
    assert (typing.jid("from"), typing.jid("participant")) == (group, scene.lid(CAT))
    scene.line.say(Node("chatstate", {"to": group}, [Node("paused")]))
    assert [child.tag for stanza in bobs.take("chatstate") for child in stanza.children] == ["composing", "paused"]
    assert scene.line.take("chatstate") == []


def test_a_picture_comes_and_goes() -> None:
    scene = Scene.set()
    group = scene.group(ANN)
    assert groups.parse_picture(ask(scene, groups.set_picture("1", group, b"\xff\xd8\xffjpeg")))
    assert groups.parse_picture(ask(scene, groups.set_picture("2", group, None))) is None
    told = scene.line.take("notification", type="picture")
    assert [stanza.children[0].tag for stanza in told] == ["set", "delete"]


def test_an_unknown_question_is_a_violation() -> None:
    scene = Scene.set()
    question = iq("w:g2", "get", Node("sub_groups"))
    question.attrs["to"] = scene.group(ANN)
    assert refusal(scene, question) == 400
    assert scene.violations() == ["malformed"]


# ---- messages


def test_a_text_reaches_every_phone_and_their_receipts_come_back() -> None:
    scene = Scene.set()
    group = scene.group(ANN, CAT)
    scene.changes()
    everybody = [scene.lid(phone) for phone in (ANN, BOB, CAT)]
    scene.write(group, "M1", "hello", everybody)
    scene.write(group, "M2", "again", [])
    assert {phone: scene.inbox(phone) for phone in (ANN, BOB, CAT)} == {
        phone: ["hello", "again"] for phone in (ANN, BOB, CAT)
    }
    assert scene.violations() == []
    receipts = scene.line.take("receipt")
    assert {(stanza.jid("from"), stanza.jid("participant")) for stanza in receipts} == {
        (group, scene.lid(BOB)),
        (group, scene.lid(CAT)),
    }
    assert [stanza.get("phash") is None for stanza in scene.line.take("ack", **{"class": "message"})] == [False] * 2


def test_a_device_without_the_key_is_found_and_asks() -> None:
    scene = Scene.set()
    group = scene.group(ANN, CAT)
    scene.changes()
    scene.write(group, "M1", "hello", [scene.lid(ANN), scene.lid(BOB)])
    assert scene.violations() == ["sender_key_missing"]
    [retry] = scene.line.take("receipt", type="retry")
    assert (retry.jid("from"), retry.jid("participant")) == (group, scene.lid(CAT))
    assert scene.inbox(CAT) == []


@pytest.mark.parametrize("with_key", [True, False])
def test_who_asks_has_the_key_only_if_the_answer_brings_it(with_key: bool) -> None:
    scene = Scene.set()
    group = scene.group(ANN, CAT)
    scene.changes()
    scene.write(group, "M1", "hello", [scene.lid(ANN), scene.lid(BOB)])
    scene.answer(group, scene.lid(CAT), "M1", "hello", with_key=with_key)
    assert scene.inbox(CAT) == ["hello"]
    scene.write(group, "M2", "again", [])
    assert scene.violations() == ["sender_key_missing"] * (1 if with_key else 2)


def test_what_could_not_be_read_is_held_against_its_writer_once() -> None:
    """The same stanza goes out again, though its key has been replaced by then."""
    scene = Scene.set()
    group = scene.group(ANN, CAT)
    scene.changes()
    stanza = scene.write(group, "M1", "hello", [scene.lid(ANN), scene.lid(BOB)])
    scene.key = sender_keys.create()
    scene.write(group, "M2", "again", [scene.lid(phone) for phone in (ANN, BOB, CAT)])
    scene.line.say(stanza)
    assert scene.violations() == ["sender_key_missing"]
    assert scene.inbox(CAT) == ["again"]


def test_the_key_of_somebody_who_left_must_not_be_used() -> None:
    scene = Scene.set()
    group = scene.group(ANN, CAT)
    scene.changes()
    everybody = [scene.lid(phone) for phone in (ANN, BOB, CAT)]
    scene.write(group, "M1", "hello", everybody)
    scene.wires.world.phone(CAT).groups.leave(group)
    scene.wires.carry()
    scene.write(group, "M2", "not known yet", [])
    assert scene.violations() == []
    scene.changes()
    scene.write(group, "M3", "known by now", [])
    assert scene.violations() == ["sender_key_not_rotated"]
    assert scene.inbox(CAT) == ["hello"]


def test_a_sender_key_used_twice_is_found() -> None:
    scene = Scene.set()
    group = scene.group(ANN)
    scene.changes()
    scene.write(group, "M1", "hello", [scene.lid(ANN), scene.lid(BOB)])
    before = scene.key
    scene.write(group, "M2", "one", [])
    scene.key = before
    scene.write(group, "M3", "two", [])
    assert scene.violations()[0] == "ratchet_reuse"


def test_only_who_may_write_is_heard() -> None:
    scene = Scene.set()
    group = scene.group(ANN)
    scene.wires.world.phone(BOB).groups.set(group, {"announcement": True})
    scene.wires.carry()
    scene.changes()
    scene.write(group, "M1", "hello", [scene.lid(ANN), scene.lid(BOB)])
    assert scene.line.the("ack", id="M1").get("error") == "405"
    scene.wires.world.phone(BOB).groups.change(group, "remove", [scene.lid(ANN)])
    scene.write(group, "M2", "hello", [])
    assert scene.line.the("ack", id="M2").get("error") == "403"
    assert scene.inbox(BOB) == []
    with pytest.raises(IqRefused):
        scene.wires.world.phone(ANN).type(group, "hello")


def read_key(scene: Scene, stanza: Node, record: bytes | None) -> bytes:
    """The record after the companion took the sender key of a message."""
    sender = stanza.jid("participant")
    given = scene.companion.open(Node("message", {"from": sender}, [stanza.all("enc")[0]]))
    distributed = shared(given)
    assert distributed is not None
    return sender_keys.process_distribution(record, distributed)


def test_a_phone_gives_its_key_once_and_a_new_one_when_somebody_left() -> None:
    scene = Scene.set()
    scene.wires.pair(CAT)
    group = scene.group(ANN, CAT)
    for text in ("one", "two"):
        scene.wires.world.phone(BOB).type(group, text)
    scene.wires.world.phone(CAT).groups.leave(group)
    scene.wires.world.phone(BOB).type(group, "three")
    scene.wires.carry()
    one, two, three = scene.line.take("message")
    assert [[enc.attr("type") for enc in stanza.all("enc")] for stanza in (one, two, three)] == [
        ["pkmsg", "skmsg"],
        ["skmsg"],
        ["pkmsg", "skmsg"],
    ]
    assert one.jid("participant") == scene.lid(BOB)
    record = read_key(scene, one, None)
    first = sender_keys.decrypt(record, one.all("enc")[-1].bytes())
    second = sender_keys.decrypt(first.record, two.all("enc")[-1].bytes())
    assert read(Message.FromString(unpad(second.plaintext))).text == "two"
    with pytest.raises(Exception, match="distributed"):
        sender_keys.decrypt(second.record, three.all("enc")[-1].bytes())
    assert scene.inbox(CAT) == ["one", "two"]


def test_a_companion_that_asks_again_gets_the_text_with_the_key() -> None:
    scene = Scene.set()
    group = scene.group(ANN)
    id = scene.wires.type(BOB, group, "hello")
    stanza = scene.line.the("message")
    asked = {"id": id, "to": group, "participant": stanza.jid("participant"), "type": "retry"}
    content = [
        Node("retry", {"count": 1, "id": id, "t": stanza.get("t"), "v": 1}),
        Node("registration", None, b"\x00\x00\x00\x01"),
    ]
    scene.line.say(Node("receipt", asked, content))
    again = scene.line.the("message")
    assert (again.jid("from"), again.jid("participant")) == (group, scene.lid(BOB))
    message = scene.companion.open(Node("message", {"from": scene.lid(BOB)}, again.all("enc")))
    assert (read(message).text, shared(message) is not None) == ("hello", True)
