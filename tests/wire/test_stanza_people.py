"""What is asked and told of people, as whatsmeow and Baileys write and read it."""

import pytest

from whatsapp_wire.errors import StanzaRefused
from whatsapp_wire.jid import SERVER, Jid
from whatsapp_wire.node import Node
from whatsapp_wire.stanza import call, people, privacy
from whatsapp_wire.stanza.notification import PictureChanged, parse_notification

PN, LID, OTHER = Jid("5511@s.whatsapp.net"), Jid("101@lid"), Jid("102@lid")


def answer(*users: Node) -> Node:
    return Node("iq", {"type": "result"}, [Node("usync", None, [Node("list", None, list(users))])])


def told(type: str, *children: Node) -> Node:
    return Node("notification", {"id": "1", "from": PN, "type": type, "t": 5}, list(children))


def test_numbers_are_asked_for_as_whatsmeow_does() -> None:
    asked = people.number_query("1", "s", ["5511", "5512"]).require("usync")
    assert (asked.get("mode"), asked.get("context")) == ("query", "interactive")
    query = [child.tag for child in asked.require("query").children]
    assert query == ["contact", "business", "disappearing_mode", "username"]
    users = asked.require("list").all("user")
    assert [user.require("contact").text() for user in users] == ["+5511@c.us", "+5512@c.us"]
    assert all(user.attrs == {} for user in users)


@pytest.mark.parametrize("spelt", [b"+5511@c.us", b"+5511", b"5511"])
def test_the_answer_says_which_number_it_is_about(spelt: bytes) -> None:
    there = Node("user", {"jid": PN}, [Node("contact", {"type": "in"}, spelt)])
    by_lid = Node("user", {"jid": LID, "pn_jid": PN}, [Node("contact", {"type": "in"}, spelt)])
    assert people.parse_numbers(answer(by_lid)) == (people.NumberFound("5511", PN, LID),)
    missing = Node("user", {"jid": Jid("5512@s.whatsapp.net")}, [Node("contact", {"type": "out"}, b"+5512@c.us")])
    assert people.parse_numbers(answer(there, missing, Node("user", {"jid": OTHER}))) == (
        people.NumberFound("5511", PN),
        people.NumberFound("5512", None),
    )
    with pytest.raises(StanzaRefused):
        people.parse_numbers(answer(Node("user", {"jid": PN}, [Node("contact", {"type": "in"}, b"+")])))


def test_a_profile_is_read_with_what_is_hidden() -> None:
    shown = [Node("status", {"t": "7"}, b"At work"), Node("picture", {"id": "9"}), Node("lid", {"val": LID})]
    hidden = [Node("status", {"code": "401", "type": "fail"}), Node("lid", {"val": OTHER})]
    nothing = [Node("status", {"t": "7"})]
    users = [Node("user", {"jid": PN}, children) for children in (shown, hidden, nothing)]
    assert people.parse_profiles(answer(*users)) == (
        people.Profile(PN, LID, "At work", 7, "9"),
        people.Profile(PN, OTHER, None, None, None),
        people.Profile(PN, None, None, None, None),
    )


def test_pictures_are_asked_for_set_and_removed() -> None:
    asked = people.picture_query("1", PN, preview=True, token=b"tok")
    assert (asked.get("target"), asked.get("xmlns"), asked.get("type")) == (PN, "w:profile:picture", "get")
    picture = asked.require("picture")
    assert (picture.attrs, picture.require("tctoken").bytes()) == ({"query": "url", "type": "preview"}, b"tok")
    assert people.picture_query("1", PN, preview=False).require("picture").content is None
    told_ = Node("iq", {}, [Node("picture", {"id": "9", "url": "https://x", "type": "image"})])
    assert people.parse_picture(told_) == people.PictureLink("9", "https://x", "image")
    assert people.parse_picture(Node("iq", {}, [Node("picture", {"status": "204"})])) is None
    set_ = people.set_picture("1", b"jpeg")
    assert (set_.get("target"), set_.require("picture").attrs, set_.require("picture").bytes()) == (
        None,
        {"type": "image"},
        b"jpeg",
    )
    assert people.set_picture("1", None).children == []


def test_blocking_names_the_number_and_unblocking_does_not() -> None:
    assert people.block("1", LID, PN, "block").require("item").attrs == {"action": "block", "jid": LID, "pn_jid": PN}
    assert people.block("1", LID, PN, "unblock").require("item").attrs == {"action": "unblock", "jid": LID}
    listed = Node("iq", {}, [Node("list", {"dhash": "1"}, [Node("item", {"jid": LID})])])
    assert people.parse_blocklist(listed) == (LID,)


def test_a_call_is_turned_down_as_whatsmeow_does() -> None:
    refused = call.reject("1", PN, LID, "C1", b"tok")
    assert (refused.tag, refused.attrs) == ("call", {"id": "1", "from": PN, "to": LID})
    reject = refused.require("reject")
    assert reject.attrs == {"call-id": "C1", "call-creator": LID, "count": "0"}
    assert reject.require("tctoken").bytes() == b"tok"
    assert call.reject("1", PN, LID, "C1").require("reject").content is None


def test_one_privacy_setting_is_changed() -> None:
    changed = privacy.change_setting("1", "last", "none")
    assert (changed.get("type"), changed.get("to")) == ("set", SERVER)
    assert changed.require("privacy").require("category").attrs == {"name": "last", "value": "none"}


def test_notifications_about_people_are_read() -> None:
    blocked = Node("blocklist", {"action": "modify"}, [Node("item", {"jid": LID, "action": "block"})])
    moved = Node("modify", {"old": PN, "new": Jid("5519@s.whatsapp.net"), "new_lid": LID})
    contents = [
        parse_notification(stanza).content
        for stanza in (
            told("account_sync", blocked),
            told("account_sync", Node("blocklist", {"dhash": "1"})),
            told("status", Node("set", None, b"About")),
            told("status", Node("set", {"hash": "Quv9"})),
            told("contacts", moved),
            told("picture", Node("delete", {"jid": PN})),
        )
    ]
    assert contents == [
        people.BlocklistChanged(((LID, True),)),
        people.BlocklistChanged(()),
        people.AboutChanged(PN, "About"),
        people.AboutChanged(PN, None),
        people.NumberChanged(PN, Jid("5519@s.whatsapp.net"), None, LID),
        PictureChanged(PN, None, None, True),
    ]


def test_an_about_is_set_by_a_question_in_graphql() -> None:
    query = people.set_about("1", "Olá").require("query")
    assert query.attrs == {"query_id": "9152604461510864"}
    assert query.bytes().decode() == '{"variables":{"input":{"text":"Olá","ephemeral_duration_sec":0}}}'
    people.check_about_set(Node("iq", {}, [Node("result", None, b'{"data":{}}')]))
    for result in (b'{"errors":[{"message":"no"}]}', b"[]", b"{"):
        with pytest.raises(StanzaRefused):
            people.check_about_set(Node("iq", {}, [Node("result", None, result)]))
