"""What a client said, without what chance and the clock put into it, so that two clients can be compared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message as Protobuf
from google.protobuf.unknown_fields import UnknownFieldSet
from typing_extensions import override

from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node

Cast = Mapping[str, str]
"""The part that each user (digits of a phone number or a LID) plays in the recording."""

_CHANGING: Final = (
    (re.compile(r"\d+\.\d+-\d+"), "[request id]"),
    (re.compile(r"\d{10}-\d+"), "[id of the server]"),
    (re.compile(r"3EB0[0-9A-F]{18}"), "[message id 3EB0…]"),
    (re.compile(r"3A[0-9A-F]{18}"), "[message id 3A…]"),
    (re.compile(r"[12]:[0-9A-Za-z+/]{8}"), "[participant hash]"),
    (re.compile(r"[0-9a-f]{32}"), "[32 hexadecimal digits]"),
    (re.compile(r"1[789]\d{8}"), "[seconds]"),
    (re.compile(r"https://\S+/v/\S+"), "[URL of a file]"),
    (re.compile(r"/v/\S+"), "[path of a file]"),
    (re.compile(r"1[789]\d{11}"), "[milliseconds]"),
)
"""Values that are never the same twice, and what they are. The first that fits counts.

The years that moments are recognised in (2023 to 2033) keep them apart from other long numbers, as in versions.
"""

_SHOWN_AS_HEX: Final = 2
_LEAST_TEXT: Final = 8


@dataclass(frozen=True, slots=True)
class Form:
    """A stanza, client payload or plaintext in normal form. Attributes are sorted by name, children in order."""

    tag: str
    attrs: tuple[tuple[str, str], ...] = ()
    children: tuple[Form, ...] = ()
    content: str | None = None

    @property
    def kind(self) -> str:
        """What it is about, by which two clients' stanzas are put side by side."""
        attrs = dict(self.attrs)
        if self.tag == "iq" and "xmlns" in attrs:
            return f"iq {attrs['xmlns']} {self.children[0].tag if self.children else ''}".rstrip()
        return " ".join(filter(None, (self.tag, attrs.get("class"))))

    @property
    def is_answer(self) -> bool:
        """Whether it only confirms what came. whatsmeow says such things from tasks of their own, in any order."""
        return self.tag in ("ack", "receipt", "ib")

    @override
    def __str__(self) -> str:
        attrs = "".join(f' {name}="{value}"' for name, value in self.attrs)
        inner = "".join(map(str, self.children)) + (self.content or "")
        return f"<{self.tag}{attrs}>{inner}</{self.tag}>" if inner else f"<{self.tag}{attrs}/>"


def of_node(node: Node, cast: Cast) -> Form:
    """The form of a stanza."""
    attrs = tuple(sorted((name, _attribute(name, value, cast)) for name, value in node.attrs.items()))
    children = tuple(of_node(child, cast) for child in node.children)
    return Form(node.tag, attrs, children, _content(node))


def of_protobuf(tag: str, message: Protobuf, cast: Cast) -> Form:
    """The form of a protobuf: each field is a child, one that this project's definitions lack by its number."""
    children = []
    for field, value in message.ListFields():
        for each in value if field.is_repeated else (value,):
            children.append(_of_field(field, each, cast))
    unknown = UnknownFieldSet(message)
    for each in (unknown[index] for index in range(len(unknown))):
        children.append(Form(f"field {each.field_number}", content=_shown(each.data)))
    return Form(tag, children=tuple(children))


def _of_field(field: FieldDescriptor, value: object, cast: Cast) -> Form:
    if isinstance(value, Protobuf):
        return of_protobuf(field.name, value, cast)
    if isinstance(value, bytes):
        return Form(field.name, content=_bytes(value))
    return Form(field.name, content=_text(str(value), cast))


def _attribute(name: str, value: str, cast: Cast) -> str:
    if isinstance(value, Jid):
        return "JID " + _address(value, cast)
    if name == "id" and value.isdigit():
        return "[digits]"
    return _text(value, cast)


def _address(jid: Jid, cast: Cast) -> str:
    user, device, server = jid.split_address()
    return str(Jid.of(cast.get(user, user), server, device))


def _text(text: str, cast: Cast) -> str:
    for pattern, meaning in _CHANGING:
        if pattern.fullmatch(text):
            return meaning
    return re.sub(r"\d{8,}", lambda digits: cast.get(digits[0], digits[0]), text)


def _content(node: Node) -> str | None:
    if node.content is None or isinstance(node.content, list):
        return None
    if node.tag == "enc":
        return "[ciphertext]"
    if isinstance(node.content, str):
        return f"text {node.content}"
    return _bytes(node.content)


def _bytes(value: bytes) -> str:
    """Short constants and texts as they are; keys and the like by their length."""
    if len(value) <= _SHOWN_AS_HEX:
        return f"0x{value.hex()}"
    if len(value) >= _LEAST_TEXT and value.isascii() and value.decode().isprintable():
        return f"bytes {value.decode()}"
    return f"[{len(value)} bytes]"


def _shown(value: object) -> str:
    return _bytes(value) if isinstance(value, bytes) else str(value)
