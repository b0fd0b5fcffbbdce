"""Calls, as far as a client that does not answer them needs to know (whatsmeow `call.go`)."""

from dataclasses import dataclass

from whatsapp_wire.errors import StanzaRefused
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.stanza.attributes import optional_jid, timestamp


@dataclass(frozen=True, slots=True)
class CallEvent:
    """One step of a call.

    `step` is `offer`, `offer_notice`, `accept`, `preaccept`, `reject`, `terminate`, `transport`, `relaylatency` or a
    newer word; `creator` is who began it and `creator_alt` their other kind of address; `reason` why it ended.
    """

    id: str
    step: str
    call_id: str
    came_from: Jid
    creator: Jid
    creator_alt: Jid | None
    group: Jid | None
    timestamp: int
    is_video: bool
    is_offline: bool
    reason: str | None


def parse_call(stanza: Node) -> CallEvent:
    """Read a `call`; raises StanzaRefused when it does not say which call it is about."""
    if not stanza.children:
        raise StanzaRefused("<call> has no content")
    step = stanza.children[0]
    creator = step.jid("call-creator")
    return CallEvent(
        id=stanza.attr("id"),
        step=step.tag,
        call_id=step.attr("call-id"),
        came_from=stanza.jid("from"),
        creator=creator,
        creator_alt=optional_jid(step, "caller_pn" if creator.is_lid else "caller_lid"),
        group=optional_jid(step, "group-jid"),
        timestamp=timestamp(stanza),
        is_video=step.child("video") is not None or step.get("media") == "video",
        is_offline=stanza.get("offline") is not None,
        reason=step.get("reason"),
    )


def reject(id: str, own: Jid, creator: Jid, call_id: str, token: bytes | None = None) -> Node:
    """Turn a call down, with the token that its creator gave us."""
    content = [Node("tctoken", content=token)] if token else None
    refused = Node("reject", {"call-id": call_id, "call-creator": creator, "count": "0"}, content)
    return Node("call", {"id": id, "from": own, "to": creator}, [refused])
