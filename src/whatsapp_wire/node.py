"""The stanza: a tag, attributes and content, as every WhatsApp message travels."""

from collections.abc import Mapping
from typing import Self, TypeAlias

from typing_extensions import override

from whatsapp_wire.errors import StanzaRefused
from whatsapp_wire.jid import Jid

Attribute: TypeAlias = str | int | bool | None
"""What a builder may give as an attribute: None and "" are left out, numbers and booleans become text."""

Content: TypeAlias = "bytes | str | list[Node] | None"
"""Nothing, bytes, text (written as a dictionary token or packed digits where possible), or child nodes."""


class Node:
    """One element of a stanza. Mutable, equal by value, and without any meaning of its own.

    An attribute of type `Jid` is written as a JID, every other one as text. Text content that is neither a dictionary
    token nor packed digits has no form of its own on the wire and is read back as bytes.
    """

    __slots__ = ("attrs", "content", "tag")

    tag: str
    attrs: dict[str, str]
    content: Content

    def __init__(self, tag: str, attrs: Mapping[str, Attribute] | None = None, content: Content = None) -> None:
        self.tag = tag
        self.attrs = _written(attrs) if attrs else {}
        self.content = content

    @classmethod
    def of_wire(cls, tag: str, attrs: dict[str, str], content: Content) -> Self:
        """Build a node from parts that are in wire form already, without copying them (the decoder's way)."""
        node = cls.__new__(cls)
        node.tag = tag
        node.attrs = attrs
        node.content = content
        return node

    @property
    def children(self) -> "list[Node]":
        """The child nodes; an empty list when the content is something else."""
        return self.content if isinstance(self.content, list) else []

    def child(self, tag: str) -> "Node | None":
        """The first child with this tag."""
        for child in self.children:
            if child.tag == tag:
                return child
        return None

    def all(self, tag: str) -> "list[Node]":
        """Every child with this tag, in order."""
        return [child for child in self.children if child.tag == tag]

    def path(self, *tags: str) -> "Node | None":
        """Walk down through first children: ``path("a", "b")`` is the first ``b`` of the first ``a``."""
        node: Node | None = self
        for tag in tags:
            if node is None:
                return None
            node = node.child(tag)
        return node

    def require(self, tag: str) -> "Node":
        """The first child with this tag; raise `StanzaRefused` when there is none."""
        child = self.child(tag)
        if child is None:
            raise StanzaRefused(f"<{self.tag}> has no <{tag}>")
        return child

    def get(self, name: str) -> str | None:
        """An attribute, or None."""
        return self.attrs.get(name)

    def attr(self, name: str) -> str:
        """An attribute; raise `StanzaRefused` when it is absent."""
        value = self.attrs.get(name)
        if value is None:
            raise StanzaRefused(f"<{self.tag}> has no attribute {name}")
        return value

    def jid(self, name: str) -> Jid:
        """An attribute that is an address; raise `StanzaRefused` when it is absent or was sent as text."""
        value = self.attr(name)
        if not isinstance(value, Jid):
            raise StanzaRefused(f"<{self.tag}> attribute {name} is not a JID")
        return value

    def text(self) -> str:
        """The content as text (invalid UTF-8 replaced); raise `StanzaRefused` when there is no content, or children."""
        if isinstance(self.content, str):
            return self.content
        return self.bytes().decode("utf-8", "replace")

    @override
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Node):
            return NotImplemented
        return self.tag == other.tag and self.attrs == other.attrs and self.content == other.content

    __hash__ = None  # type: ignore[assignment]  # mutable, so not hashable; this is how Python spells it

    @override
    def __repr__(self) -> str:
        """XML to read, not to parse: binary content is shown by its size only, because it may be a secret."""
        attrs = "".join(f' {name}="{value}"' for name, value in self.attrs.items())
        if self.content is None:
            return f"<{self.tag}{attrs}/>"
        return f"<{self.tag}{attrs}>{_shown(self.content)}</{self.tag}>"

    # Last, because the name hides the type in every annotation below it.
    def bytes(self) -> bytes:
        """The content as bytes; raise `StanzaRefused` when there is no content, or children."""
        if isinstance(self.content, str):
            return self.content.encode()
        if self.content is None or isinstance(self.content, list):
            raise StanzaRefused(f"<{self.tag}> has no content of bytes")
        return self.content


def _written(attrs: Mapping[str, Attribute]) -> dict[str, str]:
    return {name: _text(value) for name, value in attrs.items() if value is not None and value != ""}


def _text(value: str | int | bool) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _shown(content: bytes | str | list[Node]) -> str:
    if isinstance(content, list):
        return "".join(map(repr, content))
    return content if isinstance(content, str) else f"[{len(content)} bytes]"
