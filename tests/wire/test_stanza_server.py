"""What the server tells: notifications, the state of the connection, presence and calls."""

from typing import Literal

import pytest

from whatsapp_wire.errors import PairingRefused, StanzaRefused
from whatsapp_wire.jid import SERVER, Jid
from whatsapp_wire.node import Attribute, Node
from whatsapp_wire.pairing.identity import PairSuccess
from whatsapp_wire.stanza import login, pairing, presence
from whatsapp_wire.stanza.call import CallEvent, parse_call
from whatsapp_wire.stanza.login import Dirty, EdgeRouting, Failure, OfflineDelivered, OfflinePreview, OtherNews
from whatsapp_wire.stanza.notification import (
    AccountChanged,
    AppStateChanged,
    Content,
    DevicesChanged,
    IdentityChanged,
    Other,
    OwnDevicesChanged,
    PictureChanged,
    PreKeysLow,
    PrivacyToken,
    PrivacyTokens,
    parse_notification,
)
from whatsapp_wire.stanza.pairing import LinkOffer, PrimaryHello
from whatsapp_wire.stanza.presence import ChatState, Presence
from whatsapp_wire.stanza.source import Own, Source

OWN = Own(Jid("491700000009:3@s.whatsapp.net"), Jid("100000000000009:3@lid"))
LID, PN = Jid("100000000000001@lid"), Jid("491700000001@s.whatsapp.net")

HELLO = Node(
    "link_code_companion_reg",
    {"stage": "primary_hello"},
    [
        Node("link_code_pairing_wrapped_primary_ephemeral_pub", content=bytes(80)),
        Node("primary_identity_pub", content=bytes(range(32))),
        Node("link_code_pairing_ref", content=b"ref"),
    ],
)


def notification(type: str, came_from: Jid, *content: Node, **attrs: Attribute) -> Node:
    return Node("notification", {"id": "7", "t": "5", "from": came_from, "type": type, **attrs}, list(content) or None)


def device(jid: Jid) -> Node:
    return Node("device", {"jid": jid})


@pytest.mark.parametrize(
    ("stanza", "content"),
    [
        (notification("encrypt", SERVER, Node("count", {"value": "4"})), PreKeysLow(4)),
        (notification("encrypt", LID, Node("identity")), IdentityChanged(LID)),
        (notification("encrypt", LID, Node("digest")), Other(("digest",))),
        (
            notification("devices", PN, Node("add", {"device_hash": "2:x"}, [device(PN.with_device(4))]), lid=LID),
            DevicesChanged(PN, LID, "add", (PN.with_device(4),)),
        ),
        (notification("devices", PN, Node("update", {"hash": "x"})), DevicesChanged(PN, None, "update", ())),
        (
            notification(
                "account_sync", PN, Node("devices", {"dhash": "2:x"}, [device(PN), device(PN.with_device(3))])
            ),
            OwnDevicesChanged((PN, PN.with_device(3)), "2:x"),
        ),
        (notification("account_sync", PN, Node("privacy"), Node("picture")), AccountChanged(("privacy", "picture"))),
        (
            notification(
                "privacy_token",
                PN,
                Node("tokens", content=[Node("token", {"type": "trusted_contact", "t": "5"}, b"token")]),
                sender_lid=LID,
            ),
            PrivacyTokens(PN, LID, (PrivacyToken("trusted_contact", b"token", 5),)),
        ),
        (
            notification("link_code_companion_reg", SERVER, HELLO),
            PrimaryHello(bytes(80), bytes(range(32)), b"ref"),
        ),
        (
            notification("server_sync", SERVER, Node("collection", {"name": "regular", "version": "12"})),
            AppStateChanged((("regular", 12),)),
        ),
        (
            notification("picture", LID, Node("set", {"jid": LID, "id": "99", "author": PN})),
            PictureChanged(LID, PN, "99", is_removed=False),
        ),
        (notification("picture", LID, Node("delete")), PictureChanged(LID, None, None, is_removed=True)),
        (notification("pay", LID, Node("subject"), Node("add")), Other(("subject", "add"))),
        (notification("newer", SERVER), Other(())),
    ],
)
def test_notifications_are_told_apart(stanza: Node, content: Content) -> None:
    read = parse_notification(stanza)
    assert read.content == content
    assert (read.id, read.timestamp, read.type, read.is_offline) == ("7", 5, stanza.attrs["type"], False)


def test_a_notification_that_waited_says_so() -> None:
    assert parse_notification(notification("newer", SERVER, offline="0")).is_offline


@pytest.mark.parametrize(
    "stanza",
    [
        Node("notification", {"id": "7"}),
        notification("encrypt", SERVER, Node("count")),
        notification("privacy_token", LID),
        notification("privacy_token", LID, Node("tokens", content=[Node("token", {"type": "trusted_contact"})])),
        notification("link_code_companion_reg", SERVER, Node("link_code_companion_reg")),
        notification("server_sync", SERVER, Node("collection", {"version": "12"})),
    ],
)
def test_incomplete_notifications_are_refused(stanza: Node) -> None:
    with pytest.raises(StanzaRefused):
        parse_notification(stanza)


def test_a_login_is_accepted() -> None:
    success = Node("success", {"t": "5", "lid": OWN.lid, "display_name": "Ann", "creation": "1"})
    assert login.parse_success(success) == login.Success(OWN.lid, 5, "Ann")


@pytest.mark.parametrize(
    ("attrs", "failure"),
    [
        ({"reason": "401", "location": "vll"}, Failure(401, None, None, None, None, "vll")),
        ({"reason": "402", "code": "101", "expire": "3600"}, Failure(402, 101, 3600, None, None, None)),
        (
            {"reason": "403", "logout_message_header": "Locked", "logout_message_subtext": "Open your phone"},
            Failure(403, None, None, "Open your phone", "Locked", None),
        ),
        ({}, Failure(0, None, None, None, None, None)),
    ],
)
def test_a_login_is_refused(attrs: dict[str, Attribute], failure: Failure) -> None:
    assert login.parse_failure(Node("failure", attrs)) == failure


@pytest.mark.parametrize(
    ("stanza", "code", "conflict"),
    [
        (Node("stream:error", {"code": "515"}), 515, None),
        (Node("stream:error", {"code": "401"}, [Node("conflict", {"type": "device_removed"})]), 401, "device_removed"),
        (Node("stream:error", content=[Node("conflict", {"type": "replaced"})]), None, "replaced"),
        (Node("stream:error", {"code": "soon"}, [Node("xml-not-well-formed")]), None, None),
    ],
)
def test_the_stream_ends(stanza: Node, code: int | None, conflict: str | None) -> None:
    assert login.parse_stream_error(stanza) == login.StreamError(code, conflict)


def test_news_of_the_connection() -> None:
    preview = {"count": "6", "message": "3", "receipt": "2", "notification": "1", "appdata": "0"}
    stanza = Node(
        "ib",
        {"from": SERVER},
        [
            Node("offline_preview", preview),
            Node("offline", {"count": "6"}),
            Node("dirty", {"type": "account_sync", "timestamp": "5"}),
            Node("edge_routing", content=[Node("routing_info", content=b"here")]),
            Node("thread_metadata"),
        ],
    )
    assert login.parse_news(stanza) == (
        OfflinePreview(total=6, messages=3, receipts=2, notifications=1, app_data=0),
        OfflineDelivered(6),
        Dirty("account_sync", 5),
        EdgeRouting(b"here"),
        OtherNews("thread_metadata"),
    )


def test_the_unified_session_counts_from_monday() -> None:
    monday = 1_763_337_600_000  # 2025-11-17 00:00 UTC
    assert login.unified_session(monday) == Node("ib", content=[Node("unified_session", {"id": "0"})])
    assert login.unified_session(monday - 1).children[0].attrs["id"] == str(7 * 86_400_000 - 1)


def test_presence_out_and_in() -> None:
    assert presence.own_presence(True, "Ann") == Node("presence", {"type": "available", "name": "Ann"})
    assert presence.own_presence(False, None) == Node("presence", {"type": "unavailable"})
    asked = Node("presence", {"type": "subscribe", "to": LID}, [Node("tctoken", content=b"token")])
    assert presence.subscribe(LID, b"token") == asked
    assert presence.parse_presence(Node("presence", {"from": LID})) == Presence(LID, True, None)
    away = {"from": LID, "type": "unavailable", "last": "1763600000"}
    assert presence.parse_presence(Node("presence", away)) == Presence(LID, False, 1_763_600_000)
    assert presence.parse_presence(Node("presence", {**away, "last": "deny"})) == Presence(LID, False, None)
    with pytest.raises(StanzaRefused):
        presence.parse_presence(Node("presence", {"type": "available"}))


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("composing", Node("composing")),
        ("recording", Node("composing", {"media": "audio"})),
        ("paused", Node("paused")),
    ],
)
def test_chat_states_out_and_in(state: Literal["composing", "recording", "paused"], shown: Node) -> None:
    assert presence.chat_state(LID, state) == Node("chatstate", {"to": LID}, [shown])
    read = presence.parse_chat_state(Node("chatstate", {"from": LID}, [shown]), OWN)
    assert read == ChatState(Source(LID, LID, None, None, False, False), state)
    with pytest.raises(StanzaRefused):
        presence.parse_chat_state(Node("chatstate", {"from": LID}), OWN)


def test_a_call_offer_is_read() -> None:
    step = Node("offer", {"call-id": "C1", "call-creator": LID, "caller_pn": PN}, [Node("video")])
    stanza = Node("call", {"id": "7", "from": LID, "t": "5", "offline": "1"}, [step])
    assert parse_call(stanza) == CallEvent(
        id="7",
        step="offer",
        call_id="C1",
        came_from=LID,
        creator=LID,
        creator_alt=PN,
        group=None,
        timestamp=5,
        is_video=True,
        is_offline=True,
        reason=None,
    )
    for broken in (Node("call", {"id": "7", "from": LID}), Node("call", {"id": "7", "from": LID}, [Node("offer")])):
        with pytest.raises(StanzaRefused):
            parse_call(broken)


def asked(content: Node) -> Node:
    return Node("iq", {"from": SERVER, "type": "set", "id": "9", "xmlns": "md", "t": "5"}, [content])


def test_references_for_qr_codes() -> None:
    stanza = asked(Node("pair-device", content=[Node("ref", content=b"2@one"), Node("ref", content=b"2@two")]))
    assert pairing.parse_refs(stanza) == ("2@one", "2@two")
    assert pairing.refs_taken(stanza) == Node("iq", {"to": SERVER, "id": "9", "type": "result"})


def test_a_link_is_offered_and_answered() -> None:
    voucher = Node("device-identity", content=b"adv")
    addresses = Node("device", {"jid": OWN.pn, "lid": OWN.lid})
    content = [voucher, addresses, Node("platform", {"name": "android"}), Node("biz", {"name": "Shop"})]
    stanza = asked(Node("pair-success", content=content))
    assert pairing.parse_link_offer(stanza) == LinkOffer(b"adv", OWN.pn, OWN.lid, "android", "Shop", 5)
    signed = Node("pair-device-sign", content=[Node("device-identity", {"key-index": "3"}, b"reply")])
    accepted = pairing.link_accepted(stanza, PairSuccess(b"account", b"reply", 3, b"key"))
    assert accepted == Node("iq", {"to": SERVER, "id": "9", "type": "result"}, [signed])
    error = Node("error", {"code": "401", "text": "hmac-mismatch"})
    refused = pairing.link_refused(stanza, PairingRefused(401, "hmac-mismatch"))
    assert refused == Node("iq", {"to": SERVER, "id": "9", "type": "error"}, [error])
    for missing in (voucher, addresses):
        rest = [part for part in content if part is not missing]
        with pytest.raises(StanzaRefused):
            pairing.parse_link_offer(asked(Node("pair-success", content=rest)))


def request(content: Node) -> Node:
    return Node("iq", {"id": "1", "xmlns": "md", "type": "set", "to": SERVER}, [content])


def test_linking_by_code() -> None:
    hello = Node(
        "link_code_companion_reg",
        {"jid": PN, "stage": "companion_hello", "should_show_push_notification": "true"},
        [
            Node("link_code_pairing_wrapped_companion_ephemeral_pub", content=b"wrapped"),
            Node("companion_server_auth_key_pub", content=b"noise"),
            Node("companion_platform_id", content="1"),
            Node("companion_platform_display", content="Chrome (Linux)"),
            Node("link_code_pairing_nonce", content=b"\x00"),
        ],
    )
    assert pairing.companion_hello("1", PN, b"wrapped", b"noise", ("1", "Chrome (Linux)")) == request(hello)
    finish = Node(
        "link_code_companion_reg",
        {"jid": PN, "stage": "companion_finish"},
        [
            Node("link_code_pairing_wrapped_key_bundle", content=b"bundle"),
            Node("companion_identity_public", content=b"identity"),
            Node("link_code_pairing_ref", content=b"ref"),
        ],
    )
    assert pairing.companion_finish("1", PN, b"bundle", b"identity", b"ref") == request(finish)
    answer = Node("iq", content=[Node("link_code_companion_reg", content=[finish.children[2]])])
    assert pairing.parse_pairing_ref(answer) == b"ref"


def test_unlinking() -> None:
    removal = Node("remove-companion-device", {"jid": OWN.pn, "reason": "user_initiated"})
    assert pairing.remove_companion("1", OWN.pn) == request(removal)
