"""The comparison sees every kind of difference, and nothing else."""

from collections.abc import Callable

import pytest

from judges.parity.compare import Difference, compare
from judges.parity.forms import Form, of_node, of_protobuf
from judges.parity.known import Known, outdated, unexplained
from whatsapp_wire.jid import SERVER, Jid
from whatsapp_wire.node import Node
from whatsapp_wire.proto.message_pb2 import Message
from whatsapp_wire.proto.transport_pb2 import ClientPayload

CAST = {"4915100000001": "me", "123456789012345": "me", "4915100000002": "contact"}
CONTACT = Jid("4915100000002:3@s.whatsapp.net")


def message() -> Node:
    to = Node("to", {"jid": CONTACT}, [Node("enc", {"v": 2, "type": "msg"}, b"\x33" * 90)])
    return Node(
        "message",
        {"id": "3EB00123456789ABCDEF01", "to": CONTACT, "t": 1_795_000_000},
        [Node("participants", None, [to]), Node("device-identity", None, b"\x00" * 60)],
    )


def test_what_chance_and_the_clock_choose_is_no_difference() -> None:
    other = message()
    other.attrs |= {"id": "3EB0FFFFFFFFFFFFFFFFFF", "t": "1795000099"}
    other.attrs = dict(reversed(other.attrs.items()))
    other.require("participants").require("to").require("enc").content = b"\x00" * 75
    assert of_node(message(), CAST) == of_node(other, CAST)


def _other_tag(node: Node) -> None:
    node.children[1].tag = "identity"


def _other_attribute(node: Node) -> None:
    node.attrs["t"] = "soon"


def _text_for_an_address(node: Node) -> None:
    node.attrs["to"] = str.__str__(CONTACT)


def _other_address(node: Node) -> None:
    node.attrs["to"] = Jid("4915100000001@s.whatsapp.net")


def _other_order(node: Node) -> None:
    assert isinstance(node.content, list)
    node.content.reverse()


def _more_children(node: Node) -> None:
    node.children.append(Node("bot", {"biz_bot": 1}))


def _other_length(node: Node) -> None:
    node.children[1].content = b"\x00" * 61


def _other_kind_of_content(node: Node) -> None:
    node.children[1].content = "text"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (_other_attribute, [("message@t", "[seconds]", "soon")]),
        (_text_for_an_address, [("message@to", "JID contact:3@s.whatsapp.net", "contact:3@s.whatsapp.net")]),
        (_other_address, [("message@to", "JID contact:3@s.whatsapp.net", "JID me@s.whatsapp.net")]),
        (_other_order, [("message[]", "participants · device-identity", "device-identity · participants")]),
        (_more_children, [("message/bot", None, '<bot biz_bot="1"/>')]),
        (_other_length, [("message/device-identity#", "[60 bytes]", "[61 bytes]")]),
        (_other_kind_of_content, [("message/device-identity#", "[60 bytes]", "text text")]),
        (
            _other_tag,
            [
                ("message/device-identity", "<device-identity>[60 bytes]</device-identity>", None),
                ("message/identity", None, "<identity>[60 bytes]</identity>"),
            ],
        ),
    ],
)
def test_every_other_change_is_one(
    change: Callable[[Node], None], found: list[tuple[str, str | None, str | None]]
) -> None:
    changed = message()
    change(changed)
    native, whatsmeow = [of_node(message(), CAST)], [of_node(changed, CAST)]
    assert compare("act", native, whatsmeow) == [Difference("act", *each) for each in found]


def test_requests_have_an_order_and_answers_have_none() -> None:
    first, second = (Form("iq", (("xmlns", namespace),)) for namespace in ("encrypt", "passive"))
    ack = Form("ack", (("class", "receipt"),))
    assert compare("act", [first, ack, second], [first, second, ack]) == []
    (found,) = compare("act", [first, second], [second, first])
    assert (found.where, found.native) == ("order", "iq encrypt · iq passive")


def test_a_stanza_that_only_one_sends_is_told_whole() -> None:
    ping = of_node(Node("iq", {"id": "1.2-3", "xmlns": "w:p", "type": "get", "to": SERVER}), CAST)
    (found,) = compare("act", [ping, ping], [ping])
    assert found == Difference(
        "act", "iq w:p", '<iq id="[request id]" to="JID @s.whatsapp.net" type="get" xmlns="w:p"/>', None
    )


def test_fields_that_the_definitions_lack_are_compared_by_number() -> None:
    lacking = ClientPayload.FromString(ClientPayload(passive=True).SerializeToString() + b"\xc2\x3e\x02hi")
    assert of_protobuf("payload", lacking, CAST).children == (
        Form("passive", content="True"),
        Form("field 1000", content="0x6869"),
    )


def test_repeated_and_nested_fields_are_compared_one_by_one() -> None:
    content = Message()
    content.extended_text_message.context_info.mentioned_jid.extend(["4915100000001@s.whatsapp.net", "1@lid"])
    (extended,) = of_protobuf("plaintext", content, CAST).children
    (context,) = extended.children
    assert [child.content for child in context.children] == ["me@s.whatsapp.net", "1@lid"]


FOUND = [Difference("send", "message/bot", None, '<bot biz_bot="1"/>'), Difference("read", "receipt@t", "1", "2")]


@pytest.mark.parametrize(
    ("row", "explained", "gone"),
    [
        (Known("message/bot", "?", whatsmeow='<bot biz_bot="1"/>'), 1, []),
        (Known("message/bot", "?", whatsmeow="<bot *>", acts=("send",)), 1, []),
        (Known("message/bot", "?", whatsmeow="<bot *>", acts=("send", "read")), 1, ["message/bot (read)"]),
        (Known("message/bot", "?", whatsmeow='<bot biz_bot="2"/>'), 0, ["message/bot (anywhere)"]),
        (Known("message/bot", "?", native="*", whatsmeow="*"), 0, ["message/bot (anywhere)"]),
        (Known("message/bot", "?", whatsmeow="*", acts=("read",)), 0, ["message/bot (read)"]),
        (Known("message/bot", "?", acts=("read",), sometimes=True), 0, []),
        (Known("*", "?", native="1", whatsmeow="2"), 1, []),
    ],
)
def test_a_row_explains_what_it_says_and_must_still_be_true(row: Known, explained: int, gone: list[str]) -> None:
    assert len(FOUND) - len(unexplained(FOUND, [row])) == explained
    assert outdated(FOUND, [row]) == gone
