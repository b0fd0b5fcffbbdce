"""Messages, out and in: envelopes around ciphertexts. What they say is read by `whatsapp_wire.message`.

Facts: whatsmeow `send.go`, `retry.go`, `message.go`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Attribute, Node
from whatsapp_wire.stanza.attributes import optional_number, timestamp
from whatsapp_wire.stanza.source import Own, Source, source_of

ADMIN_REVOKE: Final = "8"
"""The `edit` of a stanza in which an admin takes back what another member of a group said."""


@dataclass(frozen=True, slots=True)
class EncKind:
    """What an `enc` says about its plaintext: kind of media, and whether a reader that fails should stay silent.

    `poll_type` (`creation` or `vote`) is said beside it, in a `meta`.
    """

    media_type: str | None = None
    hide_failure: bool = False
    poll_type: str | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """One device of a fan-out and the ciphertext for it; `kind` is `msg` or `pkmsg`."""

    device: Jid
    kind: str
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class DirectMessage:
    """A message to one person: the same content encrypted for every device of theirs and every other device of ours.

    `to` is the chat (a LID, by preference) and `recipient_pn` its phone-number address; `type` is `text`, `media`,
    `reaction` or `poll`; `edit` is `1` for an edit, `2` for a pin, `7` for a revoke, also of a reaction.
    `device_identity` (our account voucher) goes along when any
    recipient gets a `pkmsg`; `trusted_contact_token` is the newest that person gave us.
    """

    id: str
    to: Jid
    type: str
    recipients: tuple[Recipient, ...]
    recipient_pn: Jid | None = None
    edit: str | None = None
    content: EncKind = EncKind()
    device_identity: bytes | None = None
    trusted_contact_token: bytes | None = None

    def node(self) -> Node:
        """The stanza."""
        attrs = {
            "id": self.id,
            "type": self.type,
            "to": self.to,
            "peer_recipient_pn": self.recipient_pn,
            "edit": self.edit,
        }
        fan_out = [
            Node("to", {"jid": to.device}, [enc(to.kind, to.ciphertext, self.content)]) for to in self.recipients
        ]
        children = [
            Node("participants", content=fan_out),
            *voucher(self.recipients, self.device_identity),
            *meta(self.content),
        ]
        if self.trusted_contact_token:
            children.append(Node("tctoken", content=self.trusted_contact_token))
        return Node("message", attrs, children)


@dataclass(frozen=True, slots=True)
class Resend:
    """The answer to a retry receipt: the same message for the one device that could not read it.

    `to`, `participant`, `recipient` and `edit` repeat the receipt's attributes; `timestamp` and `count` its `retry`'s.
    """

    id: str
    to: Jid
    type: str
    timestamp: int
    count: int
    recipient_device: Recipient
    participant: Jid | None = None
    recipient: Jid | None = None
    edit: str | None = None
    media_type: str | None = None
    device_identity: bytes | None = None
    poll_type: str | None = None

    def node(self) -> Node:
        """The stanza."""
        attrs: dict[str, Attribute] = {
            "to": self.to,
            "type": self.type,
            "id": self.id,
            "t": self.timestamp,
            "device_fanout": None if self.to.is_shared else False,
            "participant": self.participant,
            "recipient": self.recipient,
            "edit": self.edit,
        }
        device = self.recipient_device
        content = EncKind(self.media_type, poll_type=self.poll_type)
        sealed = enc(device.kind, device.ciphertext, content, self.count)
        return Node("message", attrs, [sealed, *voucher((device,), self.device_identity), *meta(content)])


def peer_message(id: str, to: Jid, recipient: Recipient, device_identity: bytes | None, *, is_urgent: bool) -> Node:
    """A message to one device of our own account that no person sees; ``to`` names it by phone number.

    An urgent one wakes a phone (whatsmeow `send.go`, `preparePeerMessageNode`).
    """
    attrs: dict[str, Attribute] = {
        "id": id,
        "type": "text",
        "category": "peer",
        "to": to,
        "push_priority": "high" if is_urgent else None,
    }
    sealed = Node("enc", {"v": "2", "type": recipient.kind}, recipient.ciphertext)
    return Node(
        "message", attrs, [Node("meta", {"appdata": "default"}), sealed, *voucher((recipient,), device_identity)]
    )


@dataclass(frozen=True, slots=True)
class Enc:
    """A ciphertext as it came: `kind` is `msg`, `pkmsg`, `skmsg` or one not known here; `count` numbers a resend."""

    kind: str
    ciphertext: bytes
    count: int = 0
    content: EncKind = EncKind()


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A message as it came, still encrypted.

    `timestamp` is the server's, in seconds; `notify` the sender's own name; `category` is `peer` between our devices;
    `is_offline` says it had waited for us; `unavailable` why the server has no ciphertext for us; `device_identity` the
    voucher that comes with a `pkmsg` of a companion.
    """

    id: str
    source: Source
    timestamp: int
    type: str
    encs: tuple[Enc, ...]
    category: str | None
    notify: str | None
    edit: str | None
    addressing_mode: str | None
    is_offline: bool
    unavailable: str | None
    device_identity: bytes | None


def parse_message(stanza: Node, own: Own) -> IncomingMessage:
    """Read a `message`; raises StanzaRefused when it lacks an id or a sender."""
    unavailable, voucher = stanza.child("unavailable"), stanza.child("device-identity")
    return IncomingMessage(
        id=stanza.attr("id"),
        source=source_of(stanza, own),
        timestamp=timestamp(stanza),
        type=stanza.get("type") or "",
        encs=tuple(_parse_enc(enc) for enc in stanza.all("enc")),
        category=stanza.get("category"),
        notify=stanza.get("notify"),
        edit=stanza.get("edit"),
        addressing_mode=stanza.get("addressing_mode"),
        is_offline=stanza.get("offline") is not None,
        unavailable=None if unavailable is None else unavailable.get("type") or "unknown",
        device_identity=None if voucher is None else voucher.bytes(),
    )


def enc(kind: str, ciphertext: bytes, content: EncKind, count: int | None = None) -> Node:
    """A ciphertext as stanzas carry it; `count` numbers a resend."""
    attrs = {
        "v": "2",
        "type": kind,
        "mediatype": content.media_type,
        "decrypt-fail": "hide" if content.hide_failure else None,
        "count": count,
    }
    return Node("enc", attrs, ciphertext)


def voucher(recipients: Sequence[Recipient], device_identity: bytes | None) -> list[Node]:
    """Our account's word for this device, if any recipient meets it for the first time."""
    if device_identity is None or all(recipient.kind != "pkmsg" for recipient in recipients):
        return []
    return [Node("device-identity", content=device_identity)]


def meta(content: EncKind) -> list[Node]:
    """What is said of a poll beside its ciphertext."""
    return [] if content.poll_type is None else [Node("meta", {"polltype": content.poll_type})]


def _parse_enc(enc: Node) -> Enc:
    return Enc(
        kind=enc.attr("type"),
        ciphertext=enc.bytes(),
        count=optional_number(enc, "count") or 0,
        content=EncKind(enc.get("mediatype"), enc.get("decrypt-fail") == "hide"),
    )
