"""The binary node codec: vectors, round trips, and hostile input."""

import json
import tracemalloc
import zlib
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whatsapp_wire import tokens
from whatsapp_wire.decoding import MAX_INFLATED, MAX_ITEMS, decode
from whatsapp_wire.encoding import MAX_DEPTH, encode
from whatsapp_wire.errors import MalformedNode, WireError
from whatsapp_wire.jid import DOMAIN_BYTES, SERVER, Jid
from whatsapp_wire.node import Node
from whatsapp_wire.noise import PROLOGUE

ENC = Node("enc", {"v": 2, "type": "msg"}, b"\x01\x02\xff")
TO = Node("to", {"jid": Jid("491700000001:7@s.whatsapp.net")}, [ENC])

# Written by another implementation: the npm package `baileys` 6.7.24, encodeBinaryNode.
FROM_BAILEYS = [
    (
        Node("iq", {"id": "26.5-1", "xmlns": "w:p", "type": "get", "to": SERVER}),
        "00f8091908ff0326b5a11657042911fa0003",
    ),
    (
        Node(
            "message",
            {"id": "3EB0C127D7DAF5A1C2D3", "to": Jid("491700000001@s.whatsapp.net"), "type": "text"},
            [Node("participants", None, [TO])],
        ),
        "00f8081308fb0a3eb0c127d7daf5a1c2d311faff06491700000001030438"
        "f801f8026bf801f804110cf70007ff06491700000001f801f8061d5145044dfc030102ff",
    ),
    (
        Node(
            "receipt",
            {
                "to": Jid("120363000000000001@g.us"),
                "participant": Jid("20000000000001:3@lid"),
                "t": 1763600000,
                "id": "ABCDE",
            },
        ),
        "00f8090711faff091203630000000000011c05f70103ff07200000000000011aff05176360000008fb83abcdef",
    ),
    (Node("presence", {"name": "Zoë ☎", "type": "available"}), "00f8051f89fc085a6fc3ab20e2988e0488"),
    (Node("list", None, [Node("item") for _ in range(300)]), "00f80271f9012c" + "f8013f" * 300),
    (Node("picture", None, b"\x07" * 300), "00f80221fd00012c" + "07" * 300),
]


@pytest.mark.parametrize(("node", "encoded"), FROM_BAILEYS)
def test_it_writes_and_reads_what_another_implementation_writes(node: Node, encoded: str) -> None:
    assert encode(node).hex() == encoded
    assert typed(decode(bytes.fromhex(encoded))) == typed(node)


@pytest.mark.parametrize(
    ("jid", "encoded"),
    [
        ("@s.whatsapp.net", "fa0003"),
        ("4917@s.whatsapp.net", "faff02491703"),
        ("4917:255@s.whatsapp.net", "f700ffff024917"),
        ("4917:256@s.whatsapp.net", "fafc08343931373a32353603"),
        ("4917:07@s.whatsapp.net", "fafc07343931373a303703"),
        ("4917:3@lid", "f70103ff024917"),
        ("4917@lid", "faff02491776"),
        ("4917@hosted", "f78000ff024917"),
        ("4917:99@hosted", "f78063ff024917"),
        ("4917:99@hosted.lid", "f78163ff024917"),
        ("4917:3@g.us", "fafc06343931373a331c"),
        ("4917:3@msgr", "f6ff0249170003cc"),
        ("4917@msgr", "f6ff0249170000cc"),
        ("7-4917:3@interop", "f5ff02491700030007fc07696e7465726f70"),
        ("x-4917@interop", "fafc06782d34393137fc07696e7465726f70"),
    ],
)
def test_addresses_take_the_form_that_belongs_to_their_server(jid: str, encoded: str) -> None:
    head = encode(Node("iq", {"to": "x"}))[:-3]
    written = encode(Node("iq", {"to": Jid(jid)}))
    assert written[len(head) :].hex() == encoded
    read = decode(written).attrs["to"]
    assert (read, type(read)) == (jid, Jid)


def test_text_that_looks_like_an_address_stays_text() -> None:
    read = decode(encode(Node("iq", {"to": "49@lid"}))).attrs["to"]
    assert (read, type(read)) == ("49@lid", str)


def test_an_unknown_domain_never_passes_for_a_phone_number() -> None:
    jid = decode(bytes.fromhex("00f8031911f70703ff0149")).jid("to")
    assert jid == "49:3@domain7"
    assert not jid.is_user


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("message", 1),
        ("7.5", 4),
        ("-.", 3),
        ("3EB0", 4),
        ("3eb0", 6),
        ("0" * 127, 66),
        ("0" * 128, 130),
        ("A" * 127, 66),
    ],
)
def test_text_takes_its_shortest_form(text: str, size: int) -> None:
    written = encode(Node("a", {"id": text}))
    assert len(written) - len(encode(Node("a", {"id": "message"}))) + 1 == size
    assert decode(written).attr("id") == text


@pytest.mark.parametrize(
    ("node", "read"),
    [
        (Node("a", None, []), []),
        (Node("a", None, b""), b""),
        (Node("a", None, "message"), "message"),
        (Node("a", None, "4917"), "4917"),
        (Node("a", None, "plain text"), b"plain text"),
        (Node("a", None, Jid("49@lid")), Jid("49@lid")),
        (Node("a", None, bytes(255)), bytes(255)),
        (Node("a", None, bytes(256)), bytes(256)),
        (Node("a", None, bytes(1 << 20)), bytes(1 << 20)),
        (Node("a"), None),
    ],
)
def test_content_of_every_kind_is_read_back(node: Node, read: object) -> None:
    content = decode(encode(node)).content
    assert (content, type(content)) == (read, type(read))


def test_the_dictionary_is_complete_and_every_token_reads_back() -> None:
    assert len(tokens.SINGLE) == tokens.DICTIONARY_0
    assert [len(page) for page in tokens.DOUBLE] == [256] * 4
    dictionary = json.loads(files("whatsapp_wire").joinpath("tokens.json").read_text("utf-8"))
    assert dictionary["version"] == tokens.DICTIONARY_VERSION == PROLOGUE[3]
    # 235 of one byte (index 0 is none) and 4 pages of 256, of which none stands twice.
    assert len(tokens.TOKEN_BYTES) == 235 + 4 * 256
    for token, written in tokens.TOKEN_BYTES.items():
        assert encode(Node(token)) == b"\0\xf8\x01" + written
        assert decode(encode(Node(token))).tag == token


def test_empty_attributes_on_the_wire_are_absent() -> None:
    assert decode(bytes.fromhex("00f803191100")) == Node("iq")
    assert decode(bytes.fromhex("00f8031911ff00")) == Node("iq")


def test_invalid_utf8_is_replaced_so_that_it_can_be_stored() -> None:
    assert decode(bytes.fromhex("00f8031989fc02ff41")).attr("name") == "\N{REPLACEMENT CHARACTER}A"


def test_the_upper_four_bits_of_a_20_bit_size_do_not_count() -> None:
    assert decode(bytes.fromhex("00f80219fdf000020102")).content == b"\x01\x02"


def test_a_compressed_stanza_is_read() -> None:
    node, encoded = FROM_BAILEYS[4]
    assert decode(b"\x02" + zlib.compress(bytes.fromhex(encoded)[1:])) == node


@pytest.mark.parametrize(
    "encoded",
    [
        "",  # nothing
        "00",  # no node
        "0000",  # an empty list
        "00f800",  # a list of no items
        "00f801",  # a tag that is missing
        "00f80100",  # an empty tag
        "00f801fc00",  # an empty tag in bytes
        "00f801f801",  # a list as a tag
        "00f801fa0003",  # a JID as a tag
        "00f8031911",  # an attribute without a value
        "00f803190011",  # an attribute without a name
        "00f80319f801",  # a list as a name
        "00f8031911f801",  # a list as a value
        "00f8031911f0",  # a byte that means nothing
        "00f8031911fafa0003",  # a JID as the user of a JID
        "00f8031911fa0000",  # a JID without a server
        "00f8031911faff0149fc03404061",  # a JID with two servers
        "00f8031911ff01c0",  # a nibble that is no digit
        "00f8031911ff0149ff",  # bytes behind the node
        "00f80219fc05010203",  # content cut short
        "00f80219fe7fffffff",  # a size far beyond the end
        "00f80219f9ffff",  # a list far beyond the end
        "00fa0003",  # a JID instead of a node
        "02",  # no compressed bytes
        "02789c",  # compressed bytes cut short
        "02deadbeef",  # bytes that were never compressed
    ],
)
def test_anything_else_is_malformed(encoded: str) -> None:
    with pytest.raises(MalformedNode):
        decode(bytes.fromhex(encoded))


def test_bytes_behind_a_compressed_stanza_are_malformed() -> None:
    with pytest.raises(MalformedNode):
        decode(b"\x02" + zlib.compress(encode(Node("iq"))[1:]) + b"!")


def nested(depth: int) -> Node:
    node = Node("a")
    for _ in range(depth - 1):
        node = Node("a", None, [node])
    return node


def test_nesting_has_the_same_bound_both_ways() -> None:
    deepest = nested(MAX_DEPTH)
    assert decode(encode(deepest)) == deepest
    with pytest.raises(MalformedNode):
        encode(nested(MAX_DEPTH + 1))
    with pytest.raises(MalformedNode):
        decode(b"\0" + b"\xf8\x02\x19\xf8\x01" * MAX_DEPTH + b"\xf8\x01\x19")
    with pytest.raises(MalformedNode):
        decode(b"\0" + b"\xf8\x02\x19\xf8\x01" * 1_000_000)
    with pytest.raises(MalformedNode):
        decode(b"\0\xf8\x03\x19\x11" + b"\xfa" * 1_000_000)


@pytest.mark.parametrize(
    "node",
    [
        Node(""),
        Node("a", {"": "1"}),
        Node("a", None, [Node("")]),
        Node("a", None, [Node("b")] * 65_536),
        Node("a", {str(number): "1" for number in range(32_768)}),
    ],
)
def test_what_the_format_cannot_carry_is_refused(node: Node) -> None:
    with pytest.raises(MalformedNode):
        encode(node)


def test_the_longest_list_passes() -> None:
    for node in (Node("a", {str(number): "1" for number in range(32_767)}), Node("a", None, [Node("b")] * 65_535)):
        assert decode(encode(node)) == node


def test_a_compression_bomb_is_stopped_at_the_limit() -> None:
    deflate = zlib.compressobj(1)
    bomb = b"\x02" + b"".join(deflate.compress(bytes(1 << 20)) for _ in range(4 * MAX_INFLATED >> 20)) + deflate.flush()
    assert len(bomb) < 2 << 20
    tracemalloc.start()
    try:
        with pytest.raises(MalformedNode):
            decode(bomb)
        assert tracemalloc.get_traced_memory()[1] < 2.5 * MAX_INFLATED
    finally:
        tracemalloc.stop()


def test_a_stanza_of_too_many_parts_is_refused() -> None:
    widest = b"\xf9\xff\xff\x19" + b"\x11\x04" * 32_767
    at_most = MAX_ITEMS // 65_535
    assert len(decode(b"\0\xf8\x02\x19\xf8" + bytes((at_most,)) + widest * at_most).children) == at_most
    with pytest.raises(MalformedNode):
        decode(b"\0\xf8\x02\x19\xf8" + bytes((at_most + 1,)) + widest * (at_most + 1))


def typed(node: Node) -> object:
    """A node as plain values in which a JID differs from its text."""
    attrs = {name: (type(value).__name__, value) for name, value in node.attrs.items()}
    content = [typed(child) for child in node.children] if isinstance(node.content, list) else node.content
    return node.tag, attrs, type(node.content).__name__, content


SERVERS = [*DOMAIN_BYTES, "g.us", "broadcast", "newsletter", "msgr", "interop", "call", "bot", "c.us", "example"]
users = st.one_of(
    st.text("0123456789", min_size=1, max_size=16),
    st.from_regex(r"[0-9]{1,5}-[0-9]{1,12}", fullmatch=True),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="@:"), max_size=12),
)
jids = st.builds(Jid.of, users, st.sampled_from(SERVERS), st.integers(0, 300) | st.sampled_from([65_535, 65_536]))
# Text that has a form of its own on the wire: content of any other text is read back as bytes.
marked_texts = st.one_of(
    st.sampled_from(sorted(tokens.TOKEN_BYTES)),
    st.text("0123456789-.", min_size=1, max_size=127),
    st.text("0123456789ABCDEF", min_size=1, max_size=127),
)
texts = marked_texts | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300)
attributes = st.dictionaries(texts, texts | jids, max_size=5)
leaves = st.none() | st.binary(max_size=400) | marked_texts | jids
nodes = st.recursive(
    st.builds(Node, texts, attributes, leaves),
    lambda children: st.builds(Node, texts, attributes, st.lists(children, max_size=4)),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(nodes)
def test_any_node_is_read_back_with_its_types(node: Node) -> None:
    written = encode(node)
    assert typed(decode(written)) == typed(node)
    assert decode(b"\x02" + zlib.compress(written[1:])) == node


def check_stable(frame: bytes) -> None:
    """Whatever decodes is accepted by the encoder, and writing it once brings it into its final form."""
    try:
        node = decode(frame)
    except WireError:
        return
    written = encode(node)
    assert encode(decode(written)) == written


@settings(max_examples=200, deadline=None)
@given(nodes, st.data())
def test_damaged_stanzas_are_refused_or_stable(node: Node, data: st.DataObject) -> None:
    frame = bytearray(encode(node))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(frame) - 1))
        frame[at] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(frame)))
    check_stable(bytes(frame))
    check_stable(bytes(frame[:end]))


# Garbage made of the bytes that mean something reaches far deeper than uniform garbage.
meaningful = st.lists(
    st.sampled_from([0, 3, 14, 236, 245, 246, 247, 248, 248, 249, 250, 250, 251, 252, 253, 254, 255])
    | st.integers(0, 4)
    | st.integers(0, 255),
    max_size=60,
).map(bytes)


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=100) | meaningful)
def test_garbage_is_refused_or_stable(garbage: bytes) -> None:
    check_stable(garbage)
    check_stable(b"\0" + garbage)
    check_stable(b"\0\xf8\x03\x19\x11" + garbage)
    check_stable(b"\x02" + garbage)
    check_stable(b"\x02" + zlib.compress(garbage))
