"""What we say, as the plaintext of a message."""

from __future__ import annotations

from typing import assert_never

from wagate.domain.content import Content, Quoted, Text, Unsupported
from wagate.domain.errors import UnsupportedByEngine
from whatsapp_wire.jid import Jid
from whatsapp_wire.message import Quote, text_message
from whatsapp_wire.proto.message_pb2 import Message


def message_of(content: Content, quoted: Quoted | None) -> Message:
    """The message for some content. Raises UnsupportedByEngine for a kind that cannot be sent."""
    match content:
        case Text(body, mentions):
            return text_message(body, _quote(quoted), map(Jid, mentions))
        case Unsupported(kind):
            raise UnsupportedByEngine(f"content of kind {kind!r} cannot be sent")
        case _:
            assert_never(content)


def _quote(quoted: Quoted | None) -> Quote | None:
    if quoted is None:
        return None
    return Quote(quoted.wa_id, Jid(quoted.sender), Message(conversation=quoted.text))
