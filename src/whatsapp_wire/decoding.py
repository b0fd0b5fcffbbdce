"""Reads stanzas in the binary node format, within fixed bounds of time and memory whatever the input."""

import zlib
from collections.abc import Callable
from typing import Final

from whatsapp_wire import tokens
from whatsapp_wire.encoding import MAX_DEPTH
from whatsapp_wire.errors import MalformedNode
from whatsapp_wire.jid import DOMAIN_BYTES, Jid
from whatsapp_wire.node import Node

MAX_INFLATED: Final = 64 << 20
"""Largest stanza after decompression, in bytes. A frame is below 16 MiB, so this only bounds compressed ones."""

MAX_ITEMS: Final = 1 << 21
"""Most tags, names, values and contents in one stanza: a list of 250,000 group members, or some 300 MB of objects."""

_FLAG_COMPRESSED = 2
_SERVERS = {domain: server for server, domain in DOMAIN_BYTES.items()}
_HEX_TO_NIBBLE = str.maketrans("ab", "-.")
_NOT_NIBBLES = frozenset("cdef")


def decode(frame_payload: bytes) -> Node:
    """Read the decrypted body of one frame; raise `MalformedNode` for anything that is not exactly one node."""
    if not frame_payload:
        raise MalformedNode("the frame is empty")
    body = frame_payload[1:]
    reader = _Reader(_inflate(body) if frame_payload[0] & _FLAG_COMPRESSED else body)
    try:
        node = reader.node(MAX_DEPTH)
    except IndexError as error:
        raise MalformedNode("the stanza is cut short") from error
    reader.expect_end()
    return node


def _inflate(compressed: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        inflated = inflater.decompress(compressed, MAX_INFLATED)
    except zlib.error as error:
        raise MalformedNode("the stanza does not decompress") from error
    if not inflater.eof or inflater.unused_data:
        raise MalformedNode("the compressed stanza is cut short, too large, or followed by other bytes")
    return inflated


class _Reader:
    """A position in the bytes of one stanza. Reading past the end raises IndexError."""

    __slots__ = ("_at", "_bytes", "_items_left")

    def __init__(self, body: bytes) -> None:
        self._bytes = body
        self._at = 0
        self._items_left = MAX_ITEMS

    def expect_end(self) -> None:
        if self._at != len(self._bytes):
            raise MalformedNode(f"{len(self._bytes) - self._at} bytes follow the stanza")

    def node(self, depth: int) -> Node:
        size = self._list_size(self._byte())
        self._items_left -= size
        if not size or not depth or self._items_left < 0:
            raise MalformedNode("a node is empty, nests too deep, or the stanza has too many parts")
        tag = self._name()
        attrs = {}
        for _ in range((size - 1) >> 1):
            name = self._name()
            value = self._text(_ATTRIBUTE_FORMS)
            if value:
                attrs[name] = value
        return Node.of_wire(tag, attrs, None if size & 1 else self._content(depth))

    def _content(self, depth: int) -> bytes | str | list[Node]:
        tag = self._bytes[self._at]
        if tag in (tokens.LIST_8, tokens.LIST_16, tokens.LIST_EMPTY):
            self._at += 1
            return [self.node(depth - 1) for _ in range(self._list_size(tag))]
        if tag in _SIZE_WIDTH:
            self._at += 1
            return self._binary(tag)
        return self._text(_ATTRIBUTE_FORMS)

    def _list_size(self, tag: int) -> int:
        if tag == tokens.LIST_8:
            return self._byte()
        if tag == tokens.LIST_16:
            return self._number(2)
        if tag == tokens.LIST_EMPTY:
            return 0
        raise MalformedNode(f"byte {tag} does not begin a list")

    def _name(self) -> str:
        name = self._text(_PLAIN_FORMS)
        if not name:
            raise MalformedNode("a tag or an attribute name is empty")
        return name

    def _text(self, forms: "dict[int, Callable[[_Reader, int], str]]") -> str:
        """Read a string in one of these forms; the empty list stands for the empty string."""
        tag = self._byte()
        if tag < tokens.DICTIONARY_0:
            return tokens.SINGLE[tag]
        form = forms.get(tag)
        if form is None:
            raise MalformedNode(f"byte {tag} does not begin a string here")
        return form(self, tag)

    def _double_token(self, tag: int) -> str:
        return tokens.DOUBLE[tag - tokens.DICTIONARY_0][self._byte()]

    def _utf8(self, tag: int) -> str:
        return self._binary(tag).decode("utf-8", "replace")

    def _packed_nibbles(self, tag: int) -> str:
        digits = self._packed_hex(tag).lower()
        if not _NOT_NIBBLES.isdisjoint(digits):
            raise MalformedNode("a packed number has a digit that is none")
        return digits.translate(_HEX_TO_NIBBLE)

    def _packed_hex(self, _tag: int) -> str:
        header = self._byte()
        digits = self._take(header & 0x7F).hex().upper()
        return digits[:-1] if header & 0x80 else digits

    def _jid_pair(self, _tag: int) -> Jid:
        user = self._text(_PLAIN_FORMS)
        return Jid.of(user, self._server())

    def _device_jid(self, _tag: int) -> Jid:
        domain = self._byte()
        device = self._byte()
        # A domain this version does not know keeps a server of its own: it must never pass for a phone number.
        return Jid.of(self._text(_PLAIN_FORMS), _SERVERS.get(domain) or f"domain{domain}", device)

    def _messenger_jid(self, _tag: int) -> Jid:
        user = self._text(_PLAIN_FORMS)
        device = self._number(2)
        return Jid.of(user, self._server(), device)

    def _interop_jid(self, _tag: int) -> Jid:
        user = self._text(_PLAIN_FORMS)
        device = self._number(2)
        integrator = self._number(2)
        return Jid.of(f"{integrator}-{user}", self._server(), device)

    def _server(self) -> str:
        server = self._name()
        if "@" in server:
            raise MalformedNode("a JID has two servers")
        return server

    def _binary(self, tag: int) -> bytes:
        size = self._number(_SIZE_WIDTH[tag])
        return self._take(size & 0xFFFFF if tag == tokens.BINARY_20 else size)

    def _byte(self) -> int:
        byte = self._bytes[self._at]
        self._at += 1
        return byte

    def _number(self, width: int) -> int:
        return int.from_bytes(self._take(width), "big")

    def _take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._bytes):
            raise IndexError(end)
        taken = self._bytes[self._at : end]
        self._at = end
        return taken


_SIZE_WIDTH: Final = {tokens.BINARY_8: 1, tokens.BINARY_20: 3, tokens.BINARY_32: 4}

_PLAIN_FORMS: Final[dict[int, Callable[[_Reader, int], str]]] = {
    **{tokens.DICTIONARY_0 + page: _Reader._double_token for page in range(len(tokens.DOUBLE))},
    **dict.fromkeys(_SIZE_WIDTH, _Reader._utf8),
    tokens.HEX_8: _Reader._packed_hex,
    tokens.NIBBLE_8: _Reader._packed_nibbles,
}

# Only these may be addresses, and the parts of an address may not: nesting JIDs would have no bound.
_ATTRIBUTE_FORMS: Final[dict[int, Callable[[_Reader, int], str]]] = {
    **_PLAIN_FORMS,
    tokens.INTEROP_JID: _Reader._interop_jid,
    tokens.MESSENGER_JID: _Reader._messenger_jid,
    tokens.DEVICE_JID: _Reader._device_jid,
    tokens.JID_PAIR: _Reader._jid_pair,
}
