"""Questions about groups, their answers, and what notifications say of groups."""

import pytest

from whatsapp_wire.errors import StanzaRefused
from whatsapp_wire.jid import Jid
from whatsapp_wire.message import read, text_message
from whatsapp_wire.node import Node
from whatsapp_wire.participants import phash
from whatsapp_wire.sender_key_share import share, shared
from whatsapp_wire.stanza import groups
from whatsapp_wire.stanza.group_changes import (
    Change,
    Deleted,
    DescriptionChanged,
    Entered,
    GroupChanged,
    InviteReset,
    MembersChanged,
    RequestsGone,
    RequestsMade,
    SettingChanged,
    SubjectChanged,
    Unread,
)
from whatsapp_wire.stanza.group_message import GroupMessage
from whatsapp_wire.stanza.groups import (
    Description,
    Group,
    Invitation,
    Joined,
    JoinRequest,
    Member,
    MemberAddMode,
    Role,
    Settings,
)
from whatsapp_wire.stanza.message import EncKind, Recipient
from whatsapp_wire.stanza.notification import parse_notification

GROUP = Jid("120363000000000001@g.us")
ANN, BOB = Jid("100000000000001@lid"), Jid("100000000000002@lid")
ANN_PN = Jid("4917001@s.whatsapp.net")


def only(query: Node) -> Node:
    [child] = query.children
    return child


@pytest.mark.parametrize(
    ("query", "type", "to", "child"),
    [
        (groups.query("1", GROUP), "get", GROUP, Node("query", {"request": "interactive"})),
        (
            groups.participating("1"),
            "get",
            groups.GROUPS,
            Node("participating", None, [Node("participants"), Node("description")]),
        ),
        (groups.set_subject("1", GROUP, "é"), "set", GROUP, Node("subject", None, "é".encode())),
        (groups.set_announcement("1", GROUP, on=True), "set", GROUP, Node("announcement")),
        (groups.set_announcement("1", GROUP, on=False), "set", GROUP, Node("not_announcement")),
        (groups.set_locked("1", GROUP, on=True), "set", GROUP, Node("locked")),
        (groups.set_locked("1", GROUP, on=False), "set", GROUP, Node("unlocked")),
        (groups.set_ephemeral("1", GROUP, 60), "set", GROUP, Node("ephemeral", {"expiration": "60"})),
        (groups.set_ephemeral("1", GROUP, 0), "set", GROUP, Node("not_ephemeral")),
        (
            groups.set_member_add_mode("1", GROUP, MemberAddMode.ADMINS),
            "set",
            GROUP,
            Node("member_add_mode", None, b"admin_add"),
        ),
        (
            groups.set_approval("1", GROUP, on=True),
            "set",
            GROUP,
            Node("membership_approval_mode", None, [Node("group_join", {"state": "on"})]),
        ),
        (groups.invite("1", GROUP), "get", GROUP, Node("invite")),
        (groups.invite("1", GROUP, reset=True), "set", GROUP, Node("invite")),
        (groups.invite_info("1", "abc"), "get", groups.GROUPS, Node("invite", {"code": "abc"})),
        (
            groups.join("1", "https://chat.whatsapp.com/abc?mode=x"),
            "set",
            groups.GROUPS,
            Node("invite", {"code": "abc"}),
        ),
        (groups.join_requests("1", GROUP), "get", GROUP, Node("membership_approval_requests")),
        (groups.leave("1", GROUP), "set", groups.GROUPS, Node("leave", None, [Node("group", {"id": GROUP})])),
        (
            groups.decide_requests("1", GROUP, "reject", [BOB]),
            "set",
            GROUP,
            Node("membership_requests_action", None, [Node("reject", None, [Node("participant", {"jid": BOB})])]),
        ),
    ],
)
def test_questions_have_whatsmeows_shape(query: Node, type: str, to: Jid, child: Node) -> None:
    assert (query.tag, query.get("xmlns"), query.get("type"), query.jid("to")) == ("iq", "w:g2", type, to)
    assert only(query) == child


def test_people_are_added_with_their_number_and_removed_without() -> None:
    people = [Member(ANN, ANN_PN, token=b"token"), Member(BOB)]
    added = only(groups.change_members("1", GROUP, "add", people))
    removed = only(groups.change_members("1", GROUP, "remove", people))
    assert added.children == [
        Node("participant", {"jid": ANN, "phone_number": ANN_PN}, [Node("privacy", None, b"token")]),
        Node("participant", {"jid": BOB}),
    ]
    assert removed.children == [Node("participant", {"jid": ANN}), Node("participant", {"jid": BOB})]


def test_a_group_is_created_as_whatsmeow_does() -> None:
    query = groups.create("1", "Sales", [Member(ANN, ANN_PN)], Settings(announcement=True, locked=True))
    created = only(query)
    assert created.attrs == {"subject": "Sales"}
    assert [child.tag for child in created.children] == [
        "participant",
        "member_add_mode",
        "locked",
        "announcement",
        "ephemeral",
        "membership_approval_mode",
    ]
    assert created.require("ephemeral").attrs == {"expiration": "0"}


def test_a_description_names_the_one_before() -> None:
    described = only(groups.set_description("1", GROUP, "new", "ID2", "ID1"))
    assert (described.attrs, described.require("body").text()) == ({"id": "ID2", "prev": "ID1"}, "new")
    removed = only(groups.set_description("1", GROUP, "", "ID2", "ID1"))
    assert (removed.attrs, removed.children) == ({"id": "ID2", "prev": "ID1", "delete": "true"}, [])


def test_a_picture_is_set_for_the_group() -> None:
    query = groups.set_picture("1", GROUP, b"jpeg")
    assert (query.jid("target"), only(query).bytes()) == (GROUP, b"jpeg")
    assert groups.set_picture("1", GROUP, None).children == []
    assert groups.parse_picture(Node("iq", None, [Node("picture", {"id": "7"})])) == "7"
    assert groups.parse_picture(Node("iq")) is None


DESCRIBED = Node(
    "group",
    {
        "id": GROUP.user,
        "subject": "Sales",
        "s_t": 5,
        "creation": 4,
        "creator": ANN,
        "creator_pn": ANN_PN,
        "addressing_mode": "lid",
        "size": 2,
    },
    [
        Node("participant", {"jid": ANN, "phone_number": ANN_PN, "type": "superadmin"}),
        Node("participant", {"jid": BOB, "type": "new kind"}),
        Node("description", {"id": "D1", "t": 6}, [Node("body", None, b"about")]),
        Node("locked"),
        Node("ephemeral", {"expiration": 60}),
        Node("member_add_mode", None, b"all_member_add"),
        Node("membership_approval_mode", None, [Node("group_join", {"state": "on"})]),
        Node("something_new"),
    ],
)
SALES = Group(
    jid=GROUP,
    subject="Sales",
    subject_at=5,
    owner=ANN,
    owner_alt=ANN_PN,
    created_at=4,
    description=Description("D1", "about", 6),
    settings=Settings(locked=True, approval=True, ephemeral_s=60),
    members=(Member(ANN, ANN_PN, Role.OWNER), Member(BOB)),
    size=2,
    by_lid=True,
)


def test_a_group_is_read() -> None:
    assert groups.parse_group(Node("iq", None, [DESCRIBED])) == SALES
    assert groups.parse_groups(Node("iq", None, [Node("groups", None, [DESCRIBED])])) == (SALES,)


def test_a_mode_that_is_new_counts_as_the_stricter_one() -> None:
    strict = Node("group", {"id": GROUP.user}, [Node("member_add_mode", None, b"owner_add")])
    assert groups.group_of(strict).settings.member_add_mode is MemberAddMode.ADMINS


def test_each_person_of_a_change_is_told() -> None:
    refused = Node("participant", {"jid": BOB, "error": 403}, [Node("add_request", {"code": "C", "expiration": 9})])
    answer = Node("iq", None, [Node("add", None, [Node("participant", {"jid": ANN}), refused])])
    assert groups.parse_changed(answer, "add") == (
        Member(ANN),
        Member(BOB, error=403, invitation=Invitation("C", 9)),
    )


def test_links_and_requests_are_read() -> None:
    assert groups.parse_invite(Node("iq", None, [Node("invite", {"code": "abc"})])) == "abc"
    assert groups.parse_joined(Node("iq", None, [Node("group", {"jid": GROUP})])) == Joined(GROUP, is_pending=False)
    pending = Node("iq", None, [Node("membership_approval_request", {"jid": GROUP})])
    assert groups.parse_joined(pending) == Joined(GROUP, is_pending=True)
    asked = Node(
        "membership_approval_request",
        {"jid": ANN, "phone_number": ANN_PN, "request_time": 5, "request_method": "invite_link"},
    )
    answer = Node("iq", None, [Node("membership_approval_requests", None, [asked])])
    assert groups.parse_requests(answer) == (JoinRequest(ANN, ANN_PN, 5, "invite_link"),)
    decided = Node("approve", None, [Node("participant", {"jid": ANN, "error": 404})])
    answer = Node("iq", None, [Node("membership_requests_action", None, [decided])])
    assert groups.parse_decided(answer, "approve") == (Member(ANN, error=404),)


PERSON = Node("participant", {"jid": BOB})


@pytest.mark.parametrize(
    ("child", "change"),
    [
        (Node("create", {"type": "new"}, [DESCRIBED]), Entered(SALES, is_new=True)),
        (Node("create", {"reason": "invite"}, [DESCRIBED]), Entered(SALES, is_new=False)),
        (Node("add", {"reason": "invite"}, [PERSON]), MembersChanged("add", (Member(BOB),), "invite")),
        (Node("remove", None, [PERSON]), MembersChanged("remove", (Member(BOB),))),
        (Node("promote", None, [PERSON]), MembersChanged("promote", (Member(BOB),))),
        (Node("demote", None, [PERSON]), MembersChanged("demote", (Member(BOB),))),
        (Node("subject", {"subject": "New"}), SubjectChanged("New")),
        (
            Node("description", {"id": "D2"}, [Node("body", None, b"x")]),
            DescriptionChanged(Description("D2", "x")),
        ),
        (Node("description", {"id": "D2"}, [Node("delete")]), DescriptionChanged(None)),
        (Node("announcement", {"v_id": "1"}), SettingChanged("announcement", True)),
        (Node("not_announcement"), SettingChanged("announcement", False)),
        (Node("locked"), SettingChanged("locked", True)),
        (Node("unlocked"), SettingChanged("locked", False)),
        (Node("ephemeral", {"expiration": "60"}), SettingChanged("ephemeral_s", 60)),
        (Node("not_ephemeral"), SettingChanged("ephemeral_s", 0)),
        (Node("member_add_mode", None, b"admin_add"), SettingChanged("member_add_mode", MemberAddMode.ADMINS)),
        (
            Node("membership_approval_mode", None, [Node("group_join", {"state": "off"})]),
            SettingChanged("approval", False),
        ),
        (Node("invite", {"code": "abc"}), InviteReset("abc")),
        (Node("revoke"), InviteReset(None)),
        (
            Node("created_membership_requests", {"request_method": "x"}, [Node("requested_user", {"jid": BOB})]),
            RequestsMade((Member(BOB),), "x"),
        ),
        (Node("membership_approval_request", {"request_method": "x"}), RequestsMade((Member(ANN, ANN_PN),), "x")),
        (Node("revoked_membership_requests", None, [PERSON]), RequestsGone((BOB,))),
        (Node("delete", {"reason": "x"}), Deleted()),
        (Node("growth_locked"), Unread("growth_locked")),
    ],
)
def test_changes_are_told_apart(child: Node, change: Change) -> None:
    head: dict[str, str | int | bool | None] = {"from": GROUP, "type": "w:gp2", "id": "1", "t": 7}
    head |= {"participant": ANN, "participant_pn": ANN_PN}
    read = parse_notification(Node("notification", head, [child])).content
    assert read == GroupChanged(GROUP, ANN, ANN_PN, (change,))


def test_a_change_that_lacks_its_group_is_refused() -> None:
    head = {"from": GROUP, "type": "w:gp2", "id": "1"}
    with pytest.raises(StanzaRefused):
        parse_notification(Node("notification", head, [Node("create")]))


def test_a_message_carries_the_key_for_some_and_itself_for_all() -> None:
    device = BOB.with_device(3)
    message = GroupMessage(
        "M1", GROUP, "text", (Recipient(device, "pkmsg", b"k"),), b"c", "2:hash", device_identity=b"v"
    )
    node = message.node()
    assert node.attrs == {
        "id": "M1",
        "type": "text",
        "to": GROUP,
        "addressing_mode": "lid",
        "phash": "2:hash",
    }
    assert [child.tag for child in node.children] == ["participants", "device-identity", "enc"]
    [to] = node.require("participants").children
    assert (to.jid("jid"), to.require("enc").get("type")) == (device, "pkmsg")
    assert node.require("enc").attrs == {"v": "2", "type": "skmsg"}


def test_a_message_to_whom_all_have_the_key_has_no_list() -> None:
    kind = EncKind("image", hide_failure=True)
    node = GroupMessage(
        "M1", GROUP, "media", (), b"c", "2:hash", by_lid=False, content=kind, device_identity=b"v"
    ).node()
    assert [child.tag for child in node.children] == ["enc"]
    assert node.get("addressing_mode") is None
    assert node.require("enc").attrs == {"v": "2", "type": "skmsg", "mediatype": "image"}


def test_a_key_is_shared_alone_or_beside_a_text() -> None:
    alone, beside = share(GROUP, b"key"), share(GROUP, b"key", text_message("hello"))
    assert shared(alone) == shared(beside) == b"key"
    assert shared(text_message("hello")) is None
    assert read(beside).text == "hello"
    assert alone.sender_key_distribution_message.group_id == GROUP


def test_the_participant_hash_does_not_depend_on_order() -> None:
    devices = [ANN, ANN.with_device(2), BOB.with_device(1)]
    assert phash(devices) == phash(reversed(devices)) == "2:" + phash(devices)[2:]
    assert phash(devices) != phash(devices[:-1])
