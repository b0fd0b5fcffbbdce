"""Receipts, out and in: delivered, read, played, and the ones that ask for a message again (whatsmeow `receipt.go`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from whatsapp_wire.errors import StanzaRefused
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Attribute, Node
from whatsapp_wire.signal.prekeys import PreKey, PreKeyBundle, SignedPreKey
from whatsapp_wire.stanza.attributes import content_number, number, optional_jid, timestamp
from whatsapp_wire.stanza.prekeys import KEY_TYPE, parse_bundle, prekey_node, registration_node, signed_prekey_node
from whatsapp_wire.stanza.source import Own, Source, source_of

DELIVERED: Final = ""
"""The type of a plain delivery receipt: it has none."""

_REGISTRATION_ID: Final = 4


@dataclass(frozen=True, slots=True)
class RetryKeys:
    """Fresh keys of ours that go with a second request, so that the sender can start a new session at once."""

    identity: bytes
    prekey: PreKey
    signed_prekey: SignedPreKey
    device_identity: bytes


@dataclass(frozen=True, slots=True)
class RetryRequest:
    """What a retry receipt asks: message `message_id` again, for the `count`-th time.

    `bundle` is there when the other side wants a new session, `registration_id` (None if unreadable) names its
    registration.
    """

    message_id: str
    count: int
    timestamp: int
    registration_id: int | None
    bundle: PreKeyBundle | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt as it came.

    `type` is DELIVERED, `inactive`, `read`, `read-self`, `played`, `sender`, `retry`, `server-error` or another word;
    `ids` are the messages it is about. `came_from`, `participant`, `recipient` and `edit` are what an answer repeats.
    """

    id: str
    type: str
    ids: tuple[str, ...]
    source: Source
    timestamp: int
    came_from: Jid
    participant: Jid | None
    recipient: Jid | None
    edit: str | None
    is_offline: bool
    retry: RetryRequest | None


def delivery(message: Node, is_from_me: bool, is_active: bool) -> Node:
    """Confirm a message that came: to its sender as delivered (`inactive` while we are not shown online).

    A copy of our own, sent from another device, is confirmed to that device.
    """
    if is_from_me:
        type = "peer_msg" if message.get("type") == "peer_msg" else "sender"
    else:
        type = DELIVERED if is_active else "inactive"
    return Node("receipt", {**_echo(message), "type": type})


def peer_receipt(message_id: str, own_pn: Jid, type: Literal["peer_msg", "hist_sync"]) -> Node:
    """Confirm a message between our own devices, or the history it announced, to our account."""
    return Node("receipt", {"id": message_id, "type": type, "to": own_pn.bare})


def read(
    chat: Jid,
    ids: Sequence[str],
    timestamp: int,
    sender: Jid | None = None,
    type: Literal["read", "read-self", "played", "played-self"] = "read",
) -> Node:
    """Say that messages (of one sender; at least one) were read, or played, at `timestamp` (seconds).

    `sender` is needed in a group; `read-self` and `played-self` tell only our other devices.
    """
    participant = sender.bare if sender is not None and not (chat.is_user or chat.is_lid) else None
    attrs: dict[str, Attribute] = {"id": ids[0], "type": type, "to": chat, "t": timestamp, "participant": participant}
    items = [Node("item", {"id": id}) for id in ids[1:]]
    return Node("receipt", attrs, [Node("list", content=items)] if items else None)


def retry(message: Node, count: int, registration_id: int, keys: RetryKeys | None = None) -> Node:
    """Ask for a message again that could not be read; from `count` 2 on whatsmeow sends keys along."""
    attrs = {**_echo(message), "type": "retry"}
    if message.get("type") == "peer_msg":
        attrs["category"] = "peer"
    asked: dict[str, Attribute] = {"count": count, "id": message.attr("id"), "t": message.get("t"), "v": 1}
    children = [Node("retry", asked), registration_node(registration_id)]
    if keys is not None:
        children.append(_keys_node(keys))
    return Node("receipt", attrs, children)


def parse_receipt(stanza: Node, own: Own) -> Receipt:
    """Read a `receipt`; raises StanzaRefused when it lacks an id or sender, or does not say what to retry."""
    id, type = stanza.attr("id"), stanza.get("type") or DELIVERED
    listed = [item.attr("id") for group in stanza.all("list") for item in group.all("item")]
    return Receipt(
        id=id,
        type=type,
        ids=(id, *listed),
        source=source_of(stanza, own),
        timestamp=timestamp(stanza),
        came_from=stanza.jid("from"),
        participant=optional_jid(stanza, "participant"),
        recipient=optional_jid(stanza, "recipient"),
        edit=stanza.get("edit"),
        is_offline=stanza.get("offline") is not None,
        retry=_retry_request(stanza) if type == "retry" else None,
    )


def _echo(message: Node) -> dict[str, str | None]:
    return {
        "id": message.attr("id"),
        "to": message.jid("from"),
        "recipient": message.get("recipient"),
        "participant": message.get("participant"),
    }


def _keys_node(keys: RetryKeys) -> Node:
    content = [
        Node("type", content=KEY_TYPE),
        Node("identity", content=keys.identity),
        prekey_node(keys.prekey),
        signed_prekey_node(keys.signed_prekey),
        Node("device-identity", content=keys.device_identity),
    ]
    return Node("keys", content=content)


def _retry_request(stanza: Node) -> RetryRequest:
    asked = stanza.require("retry")
    return RetryRequest(
        message_id=asked.attr("id"),
        count=number(asked, "count"),
        timestamp=timestamp(asked),
        registration_id=_registration_id(stanza),
        bundle=parse_bundle(stanza) if stanza.child("keys") is not None else None,
    )


def _registration_id(stanza: Node) -> int | None:
    registration = stanza.child("registration")
    try:
        return None if registration is None else content_number(registration, _REGISTRATION_ID)
    except StanzaRefused:
        return None
