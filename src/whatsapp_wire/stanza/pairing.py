"""The stanzas of linking a device (namespace `md`; whatsmeow `pair.go`, `pair-code.go`) and of unlinking it."""

from dataclasses import dataclass
from typing import Literal

from whatsapp_wire.errors import PairingRefused
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Attribute, Node
from whatsapp_wire.pairing.identity import PairSuccess
from whatsapp_wire.stanza.attributes import content_of_length, timestamp
from whatsapp_wire.stanza.iq import refusal, request, result

_WRAPPED, _KEY = 80, 32


@dataclass(frozen=True, slots=True)
class LinkOffer:
    """A `pair-success` as it came: the account's voucher, unchecked, and the two addresses it gives this device.

    `platform` is the phone's system, `business_name` a business account's name; `timestamp` the server's, in seconds.
    """

    device_identity: bytes
    pn: Jid
    lid: Jid
    platform: str | None
    business_name: str | None
    timestamp: int


@dataclass(frozen=True, slots=True)
class PrimaryHello:
    """The phone's answer to a pairing code: its wrapped ephemeral key (80 bytes), identity key, and the reference."""

    wrapped_ephemeral: bytes
    identity: bytes
    ref: bytes


def parse_refs(asked: Node) -> tuple[str, ...]:
    """The references in a `pair-device`, one for each QR code to show in turn; raises StanzaRefused."""
    return tuple(ref.text() for ref in asked.require("pair-device").all("ref"))


def refs_taken(asked: Node) -> Node:
    """Answer a `pair-device`."""
    return result(asked)


def parse_link_offer(asked: Node) -> LinkOffer:
    """Read a `pair-success`; raises StanzaRefused without voucher or addresses."""
    offer = asked.require("pair-success")
    device, platform, business = offer.require("device"), offer.child("platform"), offer.child("biz")
    return LinkOffer(
        device_identity=offer.require("device-identity").bytes(),
        pn=device.jid("jid"),
        lid=device.jid("lid"),
        platform=platform.get("name") if platform is not None else None,
        business_name=business.get("name") if business is not None else None,
        timestamp=timestamp(asked),
    )


def link_accepted(asked: Node, success: PairSuccess) -> Node:
    """Answer a `pair-success` with the identity we signed."""
    identity = Node("device-identity", {"key-index": success.key_index}, success.reply)
    return result(asked, [Node("pair-device-sign", content=[identity])])


def link_refused(asked: Node, reason: PairingRefused) -> Node:
    """Answer a `pair-success` that does not hold."""
    return refusal(asked, reason.code, reason.text)


def companion_hello(
    id: str, phone: Jid, wrapped_ephemeral: bytes, noise_public: bytes, platform: tuple[str, str], notify: bool = True
) -> Node:
    """Ask to be linked by code; `notify` makes the phone show a notification.

    `platform` is the client type (as in the QR code) and the shown name, ``Browser (System)``: the server refuses
    names it does not know with error 400.
    """
    client_type, display_name = platform
    content = [
        Node("link_code_pairing_wrapped_companion_ephemeral_pub", content=wrapped_ephemeral),
        Node("companion_server_auth_key_pub", content=noise_public),
        Node("companion_platform_id", content=client_type),
        Node("companion_platform_display", content=display_name),
        Node("link_code_pairing_nonce", content=b"\x00"),
    ]
    attrs: dict[str, Attribute] = {"jid": phone, "stage": "companion_hello", "should_show_push_notification": notify}
    return request(id, "md", "set", [Node("link_code_companion_reg", attrs, content)])


def parse_pairing_ref(answer: Node) -> bytes:
    """The reference in the answer to `companion_hello`; raises StanzaRefused."""
    return answer.require("link_code_companion_reg").require("link_code_pairing_ref").bytes()


def parse_primary_hello(notification: Node) -> PrimaryHello:
    """Read the notification that the code was typed into the phone; raises StanzaRefused."""
    hello = notification.require("link_code_companion_reg")
    return PrimaryHello(
        content_of_length(hello.require("link_code_pairing_wrapped_primary_ephemeral_pub"), _WRAPPED),
        content_of_length(hello.require("primary_identity_pub"), _KEY),
        hello.require("link_code_pairing_ref").bytes(),
    )


def companion_finish(id: str, phone: Jid, wrapped_bundle: bytes, identity_public: bytes, ref: bytes) -> Node:
    """Send the phone our identity key under the agreed secret; a `pair-success` follows."""
    content = [
        Node("link_code_pairing_wrapped_key_bundle", content=wrapped_bundle),
        Node("companion_identity_public", content=identity_public),
        Node("link_code_pairing_ref", content=ref),
    ]
    attrs = {"jid": phone, "stage": "companion_finish"}
    return request(id, "md", "set", [Node("link_code_companion_reg", attrs, content)])


def remove_companion(id: str, own_pn: Jid, reason: Literal["user_initiated"] = "user_initiated") -> Node:
    """Unlink this device (its phone-number address, with the device number) from the account."""
    return request(id, "md", "set", [Node("remove-companion-device", {"jid": own_pn, "reason": reason})])
