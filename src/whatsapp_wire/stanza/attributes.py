"""Reading attributes and contents of other types than text."""

from whatsapp_wire.errors import StanzaRefused
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node

_MAX_DIGITS = 19


def optional_jid(node: Node, name: str) -> Jid | None:
    """An attribute that may be absent; raise StanzaRefused when it is there and was not sent as a JID."""
    return node.jid(name) if node.get(name) is not None else None


def decimal(text: str) -> int | None:
    """A number of at most 63 bits written in ASCII digits, or None for anything else."""
    if not (text.isascii() and text.isdigit()) or len(text) > _MAX_DIGITS:
        return None
    value = int(text)
    return value if value < 1 << 63 else None


def number(node: Node, name: str) -> int:
    """A decimal attribute; raise StanzaRefused when it is absent or no `decimal`."""
    value = decimal(node.attr(name))
    if value is None:
        raise StanzaRefused(f"<{node.tag}> attribute {name} is not a number")
    return value


def optional_number(node: Node, name: str) -> int | None:
    """A decimal attribute that may be absent; raise StanzaRefused when it is something else."""
    return number(node, name) if node.get(name) is not None else None


def timestamp(node: Node) -> int:
    """The attribute `t`, in seconds since 1970; 0 when the server left it out."""
    return optional_number(node, "t") or 0


def content_of_length(node: Node, length: int) -> bytes:
    """Binary content of exactly that many bytes; raise StanzaRefused otherwise."""
    content = node.bytes()
    if len(content) != length:
        raise StanzaRefused(f"<{node.tag}> has {len(content)} bytes, not {length}")
    return content


def content_number(node: Node, length: int) -> int:
    """Big-endian content of exactly that many bytes; raise StanzaRefused otherwise."""
    return int.from_bytes(content_of_length(node, length), "big")
