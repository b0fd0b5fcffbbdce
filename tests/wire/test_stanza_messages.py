"""Messages, receipts and acks: exact stanzas out, values in."""

from typing import Literal

import pytest

from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.errors import StanzaRefused
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Attribute, Node
from whatsapp_wire.participants import phash
from whatsapp_wire.signal.prekeys import PreKey, SignedPreKey
from whatsapp_wire.stanza import receipt
from whatsapp_wire.stanza.ack import ServerAck, ack, parse_ack
from whatsapp_wire.stanza.message import DirectMessage, Enc, EncKind, Recipient, Resend, parse_message
from whatsapp_wire.stanza.receipt import DELIVERED, RetryKeys, parse_receipt
from whatsapp_wire.stanza.source import Own, Source

OWN = Own(Jid("491700000009:3@s.whatsapp.net"), Jid("100000000000009:3@lid"))
LID, PN = Jid("100000000000001@lid"), Jid("491700000001@s.whatsapp.net")
GROUP = Jid("120363000000000001@g.us")
ID = "3EB0AABBCCDDEEFF001122"


def incoming(attrs: dict[str, Attribute], *content: Node, tag: str = "message") -> Node:
    return Node(tag, {"id": ID, "t": 1_763_600_000, **attrs}, list(content) or None)


def test_a_first_direct_message() -> None:
    message = DirectMessage(
        id=ID,
        to=LID,
        type="text",
        recipients=(
            Recipient(LID, "pkmsg", b"one"),
            Recipient(LID.with_device(5), "msg", b"two"),
            Recipient(OWN.lid.bare, "msg", b"three"),
        ),
        recipient_pn=PN,
        device_identity=b"adv",
        trusted_contact_token=b"token",
    )
    assert message.node() == Node(
        "message",
        {"id": ID, "type": "text", "to": LID, "peer_recipient_pn": PN},
        [
            Node(
                "participants",
                content=[
                    Node("to", {"jid": LID}, [Node("enc", {"v": "2", "type": "pkmsg"}, b"one")]),
                    Node("to", {"jid": LID.with_device(5)}, [Node("enc", {"v": "2", "type": "msg"}, b"two")]),
                    Node("to", {"jid": OWN.lid.bare}, [Node("enc", {"v": "2", "type": "msg"}, b"three")]),
                ],
            ),
            Node("device-identity", content=b"adv"),
            Node("tctoken", content=b"token"),
        ],
    )


def test_a_later_message_needs_no_voucher() -> None:
    message = DirectMessage(
        id=ID,
        to=LID,
        type="media",
        recipients=(Recipient(LID, "msg", b"one"),),
        edit="1",
        content=EncKind("image", hide_failure=True),
        device_identity=b"adv",
    )
    enc = Node("enc", {"v": "2", "type": "msg", "mediatype": "image", "decrypt-fail": "hide"}, b"one")
    assert message.node() == Node(
        "message",
        {"id": ID, "type": "media", "to": LID, "edit": "1"},
        [Node("participants", content=[Node("to", {"jid": LID}, [enc])])],
    )


def test_a_resend_answers_one_device() -> None:
    device = LID.with_device(5)
    message = Resend(ID, device, "text", 1_763_600_000, 2, Recipient(device, "pkmsg", b"one"), device_identity=b"adv")
    assert message.node() == Node(
        "message",
        {"to": device, "type": "text", "id": ID, "t": "1763600000", "device_fanout": "false"},
        [
            Node("enc", {"v": "2", "type": "pkmsg", "count": "2"}, b"one"),
            Node("device-identity", content=b"adv"),
        ],
    )


def test_a_resend_repeats_the_receipts_attributes() -> None:
    device = LID.with_device(5)
    recipient = Recipient(device, "msg", b"one")
    in_group = Resend(ID, GROUP, "text", 1, 1, recipient, participant=device).node()
    assert in_group.attrs == {"to": GROUP, "type": "text", "id": ID, "t": "1", "participant": device}
    to_own = Resend(ID, OWN.lid.bare, "text", 1, 1, recipient, recipient=LID, edit="1").node()
    assert (to_own.attrs["recipient"], to_own.attrs["edit"], to_own.attrs["device_fanout"]) == (LID, "1", "false")


SOURCES: list[tuple[dict[str, Attribute], Source]] = [
    (
        {"from": LID.with_device(5), "sender_pn": PN, "addressing_mode": "lid"},
        Source(LID, LID.with_device(5), PN.with_device(5), None, False, False),
    ),
    ({"from": PN, "sender_lid": LID}, Source(PN, PN, LID, None, False, False)),
    ({"from": PN}, Source(PN, PN, None, None, False, False)),
    (
        {"from": OWN.lid.bare, "recipient": LID, "peer_recipient_pn": PN},
        Source(LID, OWN.lid.bare, None, PN, True, False),
    ),
    ({"from": OWN.pn.bare, "category": "peer"}, Source(OWN.pn.bare, OWN.pn.bare, None, None, True, False)),
    (
        {"from": GROUP, "participant": LID.with_device(5), "participant_pn": PN, "addressing_mode": "lid"},
        Source(GROUP, LID.with_device(5), PN.with_device(5), None, False, True),
    ),
    ({"from": GROUP, "participant": OWN.lid.bare}, Source(GROUP, OWN.lid.bare, None, None, True, True)),
    (
        {"from": Jid(f"{PN.user}:99@hosted"), "sender_lid": LID},
        Source(PN, PN.with_device(99), LID.with_device(99), None, False, False),
    ),
]


@pytest.mark.parametrize(("attrs", "source"), SOURCES)
def test_attributes_become_people(attrs: dict[str, Attribute], source: Source) -> None:
    assert parse_message(incoming(attrs), OWN).source == source


def test_a_message_is_read_with_all_its_ciphertexts() -> None:
    attrs: dict[str, Attribute] = {"from": LID, "type": "text", "notify": "Ann", "offline": "0", "edit": "1"}
    read = parse_message(
        incoming(
            attrs,
            Node("enc", {"v": "2", "type": "pkmsg", "count": "3"}, b"one"),
            Node("enc", {"v": "2", "type": "skmsg", "mediatype": "image", "decrypt-fail": "hide"}, b"two"),
            Node("device-identity", content=b"adv"),
        ),
        OWN,
    )
    assert read.encs == (Enc("pkmsg", b"one", 3), Enc("skmsg", b"two", 0, EncKind("image", hide_failure=True)))
    assert (read.id, read.timestamp, read.type, read.notify, read.edit) == (ID, 1_763_600_000, "text", "Ann", "1")
    assert (read.is_offline, read.unavailable, read.device_identity, read.category) == (True, None, b"adv", None)


def test_an_unavailable_message_says_why() -> None:
    read = parse_message(incoming({"from": LID}, Node("unavailable", {"type": "view_once"})), OWN)
    assert (read.unavailable, read.encs) == ("view_once", ())


@pytest.mark.parametrize(
    "stanza",
    [
        Node("message", {"id": ID}),
        Node("message", {"from": LID}),
        Node("message", {"id": ID, "from": str(LID)}),
        Node("message", {"id": ID, "from": LID, "t": "soon"}),
        Node("message", {"id": ID, "from": LID}, [Node("enc", {"v": "2"}, b"one")]),
        Node("message", {"id": ID, "from": LID}, [Node("enc", {"v": "2", "type": "msg"})]),
    ],
)
def test_incomplete_messages_are_refused(stanza: Node) -> None:
    with pytest.raises(StanzaRefused):
        parse_message(stanza, OWN)


@pytest.mark.parametrize(
    ("is_from_me", "is_active", "attrs", "type"),
    [
        (False, False, {"from": LID.with_device(5)}, "inactive"),
        (False, True, {"from": LID.with_device(5)}, None),
        (True, True, {"from": OWN.lid.bare, "recipient": LID}, "sender"),
        (True, False, {"from": OWN.pn.bare, "type": "peer_msg"}, "peer_msg"),
        (False, False, {"from": GROUP, "participant": LID}, "inactive"),
    ],
)
def test_deliveries_echo_the_message(
    is_from_me: bool, is_active: bool, attrs: dict[str, Attribute], type: str | None
) -> None:
    echoed = {("to" if name == "from" else name): value for name, value in attrs.items() if name != "type"}
    expected = Node("receipt", {"id": ID, **echoed, "type": type})
    assert receipt.delivery(incoming(attrs), is_from_me, is_active) == expected


@pytest.mark.parametrize("type", ["peer_msg", "hist_sync"])
def test_our_own_devices_are_confirmed_to_the_account(type: Literal["peer_msg", "hist_sync"]) -> None:
    expected = Node("receipt", {"id": ID, "type": type, "to": OWN.pn.bare})
    assert receipt.peer_receipt(ID, OWN.pn, type) == expected


def test_read_receipts_list_the_other_ids() -> None:
    attrs = {"id": "A", "type": "read", "to": LID, "t": "5"}
    assert receipt.read(LID, ["A"], 5, LID) == Node("receipt", attrs)
    items = [Node("item", {"id": "B"}), Node("item", {"id": "C"})]
    in_group = {**attrs, "to": GROUP, "type": "played", "participant": LID}
    assert receipt.read(GROUP, ["A", "B", "C"], 5, LID.with_device(5), "played") == Node(
        "receipt", in_group, [Node("list", content=items)]
    )


def test_a_retry_asks_and_later_brings_keys() -> None:
    identity = KeyPair.generate()
    prekey, signed = PreKey.generate(7), SignedPreKey.generate(1, identity)
    message = incoming({"from": LID.with_device(5), "type": "text"})
    attrs = {"id": ID, "to": LID.with_device(5), "type": "retry"}
    retry = Node("retry", {"count": "1", "id": ID, "t": "1763600000", "v": "1"})
    registration = Node("registration", content=b"\x00\x00\x00\x4d")
    assert receipt.retry(message, 1, 77) == Node("receipt", attrs, [retry, registration])
    keys = Node(
        "keys",
        content=[
            Node("type", content=b"\x05"),
            Node("identity", content=identity.public),
            Node("key", content=[Node("id", content=b"\x00\x00\x07"), Node("value", content=prekey.key.public)]),
            Node(
                "skey",
                content=[
                    Node("id", content=b"\x00\x00\x01"),
                    Node("value", content=signed.key.public),
                    Node("signature", content=signed.signature),
                ],
            ),
            Node("device-identity", content=b"adv"),
        ],
    )
    second = receipt.retry(message, 2, 77, RetryKeys(identity.public, prekey, signed, b"adv"))
    assert second.children[2] == keys
    assert receipt.retry(incoming({"from": OWN.pn.bare, "type": "peer_msg"}), 1, 77).attrs["category"] == "peer"

    came = Node("receipt", {"id": ID, "from": LID.with_device(5), "type": "retry"}, second.children)
    asked = parse_receipt(came, OWN).retry
    assert asked is not None
    assert (asked.message_id, asked.count, asked.timestamp, asked.registration_id) == (ID, 2, 1_763_600_000, 77)
    assert asked.bundle is not None
    assert (asked.bundle.identity, asked.bundle.prekey_id, asked.bundle.signed_prekey_id) == (identity.public, 7, 1)
    asked.bundle.check()


def test_receipts_are_read() -> None:
    listed = Node("list", content=[Node("item", {"id": "B"}), Node("item", {"id": "C"})])
    read = parse_receipt(incoming({"from": LID.with_device(5), "type": "read"}, listed, tag="receipt"), OWN)
    assert (read.type, read.ids, read.timestamp) == ("read", (ID, "B", "C"), 1_763_600_000)
    assert (read.came_from, read.source.chat, read.retry) == (LID.with_device(5), LID, None)
    plain = parse_receipt(incoming({"from": GROUP, "participant": LID}, tag="receipt"), OWN)
    assert (plain.type, plain.ids, plain.source.sender, plain.participant) == (DELIVERED, (ID,), LID, LID)
    grouped = parse_receipt(incoming({"from": GROUP, "type": "read"}, Node("participants"), tag="receipt"), OWN)
    assert (grouped.source.sender, grouped.source.is_from_me) == (GROUP, False)
    for broken in (Node("receipt", {"id": ID}), incoming({"from": LID, "type": "retry"}, tag="receipt")):
        with pytest.raises(StanzaRefused):
            parse_receipt(broken, OWN)


@pytest.mark.parametrize(
    ("stanza", "attrs"),
    [
        (incoming({"from": LID, "type": "text"}), {"class": "message", "to": LID}),
        (
            incoming({"from": GROUP, "participant": LID, "type": "read"}, tag="receipt"),
            {"class": "receipt", "to": GROUP, "participant": LID, "type": "read"},
        ),
        (
            incoming({"from": OWN.lid.bare, "recipient": LID, "type": "devices"}, tag="notification"),
            {"class": "notification", "to": OWN.lid.bare, "recipient": LID, "type": "devices"},
        ),
        (incoming({"from": LID}, tag="call"), {"class": "call", "to": LID}),
    ],
)
def test_acks_echo_the_stanza(stanza: Node, attrs: dict[str, Attribute]) -> None:
    assert ack(stanza) == Node("ack", {"id": ID, **attrs})
    assert ack(stanza, 500) == Node("ack", {"id": ID, **attrs, "error": "500"})


def test_what_cannot_be_acked_is_refused() -> None:
    with pytest.raises(StanzaRefused):
        ack(Node("message", {"id": ID}))


def test_the_servers_acks_are_read() -> None:
    attrs = {"class": "message", "id": ID, "from": LID, "t": "5", "error": "463", "phash": "2:abcd"}
    assert parse_ack(Node("ack", attrs)) == ServerAck(ID, "message", LID, 5, 463, "2:abcd")
    assert parse_ack(Node("ack", {"id": ID})) == ServerAck(ID, "", None, 0, None, None)


def test_the_participant_hash_is_whatsmeows() -> None:
    """SHA-256 over the sorted addresses in their long form, first six bytes, base64 without padding."""
    devices = [Jid("2:1@s.whatsapp.net"), Jid("1@lid")]
    assert phash(devices) == phash(reversed(devices)) == "2:TJxjUvHh"
