"""Publishing our prekeys and fetching those of others (namespace `encrypt`; whatsmeow `prekeys.go`)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from whatsapp_wire.errors import StanzaRefused
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.signal.prekeys import PreKey, PreKeyBundle, SignedPreKey
from whatsapp_wire.stanza.attributes import content_number, content_of_length, number
from whatsapp_wire.stanza.iq import request

KEY_TYPE: Final = b"\x05"
"""Curve25519."""

_ID, _REGISTRATION_ID, _KEY, _SIGNATURE = 3, 4, 32, 64


@dataclass(frozen=True, slots=True)
class FetchedBundle:
    """What the server has for one device: a bundle, or the code of its refusal (404: no such device).

    `device_identity` is the account's voucher for the device's identity key, when the server sends it along.
    """

    device: Jid
    bundle: PreKeyBundle | None
    error: int | None = None
    device_identity: bytes | None = None


@dataclass(frozen=True, slots=True)
class PreKeyDigest:
    """What the server believes we published; `hash` (SHA-1, 20 bytes) covers all of it."""

    registration_id: int
    identity: bytes
    signed_prekey_id: int
    prekey_ids: tuple[int, ...]
    hash: bytes


def count_query(id: str) -> Node:
    """Ask how many of our one-time prekeys the server still has."""
    return request(id, "encrypt", "get", [Node("count")])


def parse_count(answer: Node) -> int:
    """The number in an answer to `count_query` or in an `encrypt` notification; raises StanzaRefused."""
    return number(answer.require("count"), "value")


def upload(
    id: str, registration_id: int, identity: bytes, prekeys: Sequence[PreKey], signed_prekey: SignedPreKey
) -> Node:
    """Publish one-time prekeys with the signed prekey; `identity` is the public identity key, 32 bytes."""
    content = [
        registration_node(registration_id),
        Node("type", content=KEY_TYPE),
        Node("identity", content=identity),
        Node("list", content=[prekey_node(prekey) for prekey in prekeys]),
        signed_prekey_node(signed_prekey),
    ]
    return request(id, "encrypt", "set", content)


def rotate(id: str, signed_prekey: SignedPreKey) -> Node:
    """Replace the published signed prekey."""
    return request(id, "encrypt", "set", [Node("rotate", content=[signed_prekey_node(signed_prekey)])])


def digest_query(id: str) -> Node:
    """Ask what the server believes we published; it answers with error 404 when it has nothing."""
    return request(id, "encrypt", "get", [Node("digest")])


def parse_digest(answer: Node) -> PreKeyDigest:
    """Read the answer to `digest_query`; raises StanzaRefused."""
    digest = answer.require("digest")
    return PreKeyDigest(
        registration_id=content_number(digest.require("registration"), _REGISTRATION_ID),
        identity=content_of_length(digest.require("identity"), _KEY),
        signed_prekey_id=content_number(digest.require("skey").require("id"), _ID),
        prekey_ids=tuple(content_number(prekey, _ID) for prekey in digest.require("list").all("id")),
        hash=digest.require("hash").bytes(),
    )


def bundle_query(id: str, devices: Iterable[Jid]) -> Node:
    """Ask for a prekey bundle of each device; every answer costs that device a one-time prekey."""
    users = [Node("user", {"jid": device, "reason": "identity"}) for device in devices]
    return request(id, "encrypt", "get", [Node("key", content=users)])


def parse_bundles(answer: Node) -> tuple[FetchedBundle, ...]:
    """Read the answer to `bundle_query`; a user without a usable bundle has an error, 0 when it was malformed.

    Raises StanzaRefused when there is no list at all.
    """
    return tuple(_fetched(user) for user in answer.require("list").all("user"))


def parse_bundle(parent: Node) -> PreKeyBundle:
    """Read the bundle inside a `user` of an answer, or inside a retry receipt (under `keys`); raises StanzaRefused."""
    keys = parent.child("keys") or parent
    signed, prekey = keys.require("skey"), keys.child("key")
    return PreKeyBundle(
        registration_id=content_number(parent.require("registration"), _REGISTRATION_ID),
        identity=content_of_length(keys.require("identity"), _KEY),
        signed_prekey_id=content_number(signed.require("id"), _ID),
        signed_prekey=content_of_length(signed.require("value"), _KEY),
        signature=content_of_length(signed.require("signature"), _SIGNATURE),
        prekey_id=content_number(prekey.require("id"), _ID) if prekey is not None else None,
        prekey=content_of_length(prekey.require("value"), _KEY) if prekey is not None else None,
    )


def registration_node(registration_id: int) -> Node:
    """The element that names a device's registration."""
    return Node("registration", content=registration_id.to_bytes(_REGISTRATION_ID, "big"))


def prekey_node(prekey: PreKey) -> Node:
    """A one-time prekey, public half."""
    return Node("key", content=_id_and_value(prekey))


def signed_prekey_node(signed_prekey: SignedPreKey) -> Node:
    """A signed prekey, public half."""
    return Node("skey", content=[*_id_and_value(signed_prekey), Node("signature", content=signed_prekey.signature)])


def _id_and_value(prekey: PreKey | SignedPreKey) -> list[Node]:
    return [Node("id", content=prekey.id.to_bytes(_ID, "big")), Node("value", content=prekey.key.public)]


def _fetched(user: Node) -> FetchedBundle:
    device, error = user.jid("jid"), user.child("error")
    if error is not None:
        return FetchedBundle(device, None, number(error, "code"))
    voucher = user.child("device-identity")
    try:
        return FetchedBundle(device, parse_bundle(user), device_identity=voucher.bytes() if voucher else None)
    except StanzaRefused:
        return FetchedBundle(device, None, 0)
