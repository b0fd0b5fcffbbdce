"""Acknowledgements, both ways: ours let the server forget a stanza, its own say that it took a message of ours."""

from dataclasses import dataclass
from typing import Final

from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.stanza.attributes import optional_jid, optional_number, timestamp

PARSING_ERROR: Final = 487
UNRECOGNIZED_STANZA: Final = 488
INVALID_PROTOBUF: Final = 491
OLD_COUNTER: Final = 496
UNHANDLED_ERROR: Final = 500
"""Codes with which a client may acknowledge what it could not use (whatsmeow `receipt.go`, `Nack…`)."""


@dataclass(frozen=True, slots=True)
class ServerAck:
    """What the server answers to a stanza of ours.

    `stanza_class` is the tag of that stanza and `id` its id. For a message, `error` is why it was refused (463: the
    account may not start this chat), and `phash` is there when our idea of the recipients' devices was wrong.
    """

    id: str
    stanza_class: str
    came_from: Jid | None
    timestamp: int
    error: int | None
    phash: str | None


def ack(stanza: Node, error: int | None = None) -> Node:
    """Acknowledge a `message`, `receipt`, `notification` or `call`, with a code if it could not be used.

    Raises StanzaRefused when it has no id or sender: such a stanza cannot be acknowledged at all.
    """
    attrs = {
        "class": stanza.tag,
        "id": stanza.attr("id"),
        "to": stanza.jid("from"),
        "participant": stanza.get("participant"),
        "recipient": stanza.get("recipient"),
        "type": None if stanza.tag == "message" else stanza.get("type"),
        "error": error,
    }
    return Node("ack", attrs)


def parse_ack(stanza: Node) -> ServerAck:
    """Read an `ack`; raises StanzaRefused when it does not say of what."""
    return ServerAck(
        id=stanza.attr("id"),
        stanza_class=stanza.get("class") or "",
        came_from=optional_jid(stanza, "from"),
        timestamp=timestamp(stanza),
        error=optional_number(stanza, "error"),
        phash=stanza.get("phash"),
    )
