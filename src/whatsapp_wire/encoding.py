"""Writes stanzas in the binary node format: a flag byte, then nested lists of tag, attributes and content."""

from functools import lru_cache
from typing import Final

from whatsapp_wire import tokens
from whatsapp_wire.errors import MalformedNode
from whatsapp_wire.jid import DOMAIN_BYTES, HOSTED_SERVERS, INTEROP_SERVER, MESSENGER_SERVER, Jid
from whatsapp_wire.node import Node

MAX_DEPTH: Final = 64
"""How deep nodes may nest, here and in the decoder; real stanzas stay below 10."""

MAX_LIST: Final = 0xFFFF
MAX_PACKED: Final = 127

_NIBBLES = frozenset("0123456789-.")
_HEX_DIGITS = frozenset("0123456789ABCDEF")
_NIBBLE_TO_HEX = str.maketrans("-.", "ab")
_token_bytes = tokens.TOKEN_BYTES.get
_FLAGS_PLAIN = 0


def encode(node: Node) -> bytes:
    """Write a stanza, uncompressed, as the body of one frame before encryption.

    Raises `MalformedNode` for what the format cannot carry: an empty tag or attribute name, more than 65,535 children,
    nesting deeper than `MAX_DEPTH`.
    """
    out = bytearray((_FLAGS_PLAIN,))
    _write_node(out, node, MAX_DEPTH)
    return bytes(out)


def _write_node(out: bytearray, node: Node, depth: int) -> None:
    if not node.tag or not depth:
        raise MalformedNode("a node has no tag, or nests too deep")
    content = node.content
    out += _list_header(1 + 2 * len(node.attrs) + (content is not None))
    out += _text(node.tag)
    for name, value in node.attrs.items():
        if not name:
            raise MalformedNode(f"<{node.tag}> has an attribute without a name")
        out += _token_bytes(name) or _text(name)
        out += _jid(value) if isinstance(value, Jid) else _token_bytes(value) or _text(value)
    if content is not None:
        _write_content(out, content, depth)


def _write_content(out: bytearray, content: bytes | str | list[Node], depth: int) -> None:
    if isinstance(content, list):
        out += _list_header(len(content))
        for child in content:
            _write_node(out, child, depth - 1)
    elif isinstance(content, str):
        out += _jid(content) if isinstance(content, Jid) else _text(content)
    else:
        out += _size_header(len(content))
        out += content


def _list_header(size: int) -> bytes:
    if size < 256:
        return bytes((tokens.LIST_8, size)) if size else bytes((tokens.LIST_EMPTY,))
    if size > MAX_LIST:
        raise MalformedNode(f"a list holds at most {MAX_LIST} items, not {size}")
    return bytes((tokens.LIST_16, size >> 8, size & 0xFF))


def _size_header(size: int) -> bytes:
    if size < 1 << 8:
        return bytes((tokens.BINARY_8, size))
    if size < 1 << 20:
        return bytes((tokens.BINARY_20,)) + size.to_bytes(3, "big")
    return bytes((tokens.BINARY_32,)) + size.to_bytes(4, "big")


def _text(text: str) -> bytes:
    """Write text in its shortest form: token, packed digits, packed hex, or plain UTF-8."""
    token = _token_bytes(text)
    if token is not None:
        return token
    if 0 < len(text) <= MAX_PACKED:
        if _NIBBLES.issuperset(text):
            return _packed(tokens.NIBBLE_8, text.translate(_NIBBLE_TO_HEX))
        if _HEX_DIGITS.issuperset(text):
            return _packed(tokens.HEX_8, text)
    plain = text.encode("utf-8", "replace")
    return _size_header(len(plain)) + plain


def _packed(tag: int, digits: str) -> bytes:
    odd = len(digits) & 1
    packed = bytes.fromhex(digits + "f" if odd else digits)
    return bytes((tag, len(packed) | odd << 7)) + packed


def _jid(jid: Jid) -> bytes:
    return _remembered_jid(jid) if len(jid) <= MAX_PACKED else _written_jid(jid)


def _written_jid(jid: Jid) -> bytes:
    """Write an address in the form its server asks for (whatsmeow binary/encoder.go); as a pair when none fits."""
    user, device, server = jid.split_address()
    if jid == Jid.of(user, server, device):
        if server in DOMAIN_BYTES and device < 256 and (device or server in HOSTED_SERVERS):
            return bytes((tokens.DEVICE_JID, DOMAIN_BYTES[server], device)) + _part(user)
        if server == MESSENGER_SERVER and device <= 0xFFFF:
            return bytes((tokens.MESSENGER_JID,)) + _part(user) + device.to_bytes(2, "big") + _text(server)
        if server == INTEROP_SERVER and device <= 0xFFFF:
            integrator, dash, name = user.partition("-")
            if dash and _is_short(integrator):
                numbers = device.to_bytes(2, "big") + int(integrator).to_bytes(2, "big")
                return bytes((tokens.INTEROP_JID,)) + _part(name) + numbers + _text(server)
    return bytes((tokens.JID_PAIR,)) + _part(jid.rpartition("@")[0]) + _text(server)


_remembered_jid = lru_cache(maxsize=4096)(_written_jid)


def _part(user: str) -> bytes:
    return _text(user) if user else bytes((tokens.LIST_EMPTY,))


def _is_short(digits: str) -> bool:
    return digits.isascii() and digits.isdigit() and str(int(digits)) == digits and int(digits) <= 0xFFFF
