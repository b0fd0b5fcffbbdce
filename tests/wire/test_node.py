import pytest

from whatsapp_wire.errors import StanzaRefused
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node


@pytest.fixture
def stanza() -> Node:
    devices = [Node("device", {"id": 0}), Node("device", {"id": 7})]
    return Node(
        "iq",
        {"from": Jid("49@lid"), "plain": "49@lid", "type": "result"},
        [Node("empty"), Node("user", None, [Node("devices", None, devices)]), Node("user", {"second": True})],
    )


def test_attributes_become_text_and_absent_ones_are_left_out() -> None:
    node = Node("a", {"none": None, "empty": "", "number": 0, "yes": True, "no": False, "jid": Jid("1@lid")})
    assert node.attrs == {"number": "0", "yes": "true", "no": "false", "jid": "1@lid"}
    assert type(node.attrs["jid"]) is Jid


def test_the_attributes_given_are_not_shared() -> None:
    attrs = {"a": "1"}
    node = Node("a", attrs)
    attrs["a"] = "2"
    assert node.attr("a") == "1"


def test_children_are_found_by_tag(stanza: Node) -> None:
    assert [child.tag for child in stanza.children] == ["empty", "user", "user"]
    assert stanza.child("user") is stanza.children[1]
    assert stanza.child("nothing") is None
    assert stanza.all("user") == stanza.children[1:]
    assert stanza.require("empty").children == []
    with pytest.raises(StanzaRefused, match=r"<iq> has no <nothing>"):
        stanza.require("nothing")


def test_a_path_walks_down_first_children(stanza: Node) -> None:
    assert stanza.path() is stanza
    assert stanza.path("user", "devices", "device") == Node("device", {"id": "0"})
    assert stanza.path("empty", "devices", "device") is None
    assert stanza.path("user", "devices", "nothing") is None


def test_attributes_are_read_by_what_they_must_be(stanza: Node) -> None:
    assert stanza.get("nothing") is None
    assert stanza.get("type") == stanza.attr("type") == "result"
    assert stanza.jid("from").user == "49"
    with pytest.raises(StanzaRefused, match="no attribute nothing"):
        stanza.attr("nothing")
    with pytest.raises(StanzaRefused, match="no attribute nothing"):
        stanza.jid("nothing")
    with pytest.raises(StanzaRefused, match="plain is not a JID"):
        stanza.jid("plain")


def test_content_is_read_as_bytes_or_text() -> None:
    assert Node("a", None, b"\xff!").bytes() == b"\xff!"
    assert Node("a", None, b"\xff!").text() == "\N{REPLACEMENT CHARACTER}!"
    assert Node("a", None, "ü").bytes() == "ü".encode()
    assert Node("a", None, "ü").text() == "ü"
    assert Node("a", None, b"").bytes() == b""


@pytest.mark.parametrize("content", [None, [], [Node("b")]])
def test_content_that_is_not_bytes_is_refused(content: list[Node] | None) -> None:
    node = Node("a", None, content)
    with pytest.raises(StanzaRefused):
        node.bytes()
    with pytest.raises(StanzaRefused):
        node.text()


def test_nodes_are_equal_by_value_and_not_hashable() -> None:
    assert Node("a", {"b": "1"}, [Node("c")]) == Node("a", {"b": 1}, [Node("c")])
    assert Node("a") != Node("b")
    assert Node("a", {"b": "1"}) != Node("a")
    assert Node("a", None, b"1") != Node("a", None, "1")
    assert Node("a") != "a"
    with pytest.raises(TypeError):
        hash(Node("a"))


def test_it_prints_as_xml_without_showing_binary_content() -> None:
    node = Node("a", {"b": "1"}, [Node("c", None, b"secret"), Node("d", None, "text"), Node("e")])
    assert repr(node) == '<a b="1"><c>[6 bytes]</c><d>text</d><e/></a>'
