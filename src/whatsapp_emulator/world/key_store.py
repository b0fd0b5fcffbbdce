"""The keys one companion has published: what others need to write to it while it is away."""

from dataclasses import dataclass
from hashlib import sha1

from whatsapp_wire.crypto.keys import verify
from whatsapp_wire.errors import StanzaRefused
from whatsapp_wire.node import Node
from whatsapp_wire.signal.envelope import typed
from whatsapp_wire.signal.prekeys import PreKeyBundle

KEY_TYPE = b"\x05"
_KEY_LENGTH = 32


@dataclass(frozen=True, slots=True)
class PublishedSignedPreKey:
    """A signed prekey as published: id, public key (32 bytes), signature (64 bytes)."""

    id: int
    public: bytes
    signature: bytes

    def node(self) -> Node:
        """As stanzas carry it."""
        return Node("skey", None, [*_key_nodes(self.id, self.public), Node("signature", None, self.signature)])

    def signed_by(self, identity: bytes) -> bool:
        """Whether the identity key made the signature."""
        return verify(identity, typed(self.public), self.signature)


class KeyStore:
    """Identity, signed prekey and one-time prekeys of a companion. No one-time prekey is ever handed out twice."""

    __slots__ = ("_handed_out", "_one_time", "identity", "registration_id", "signed_prekey")

    def __init__(self, identity: bytes) -> None:
        self.identity = identity
        self.registration_id = 0
        self.signed_prekey: PublishedSignedPreKey | None = None
        self._one_time: dict[int, bytes] = {}
        self._handed_out: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._one_time)

    def add(self, prekeys: list[tuple[int, bytes]]) -> int:
        """Publish one-time prekeys (id, public key); returns how many are new.

        One that was handed out before is left out: a client that crashed during an upload sends the same again.
        """
        before = len(self._one_time)
        self._one_time.update((id, public) for id, public in prekeys if public not in self._handed_out)
        return len(self._one_time) - before

    def hand_out(self) -> PreKeyBundle | None:
        """A bundle with the oldest one-time prekey, without one when none is left, None before any was published."""
        if self.signed_prekey is None:
            return None
        id = next(iter(self._one_time), None)
        public = None if id is None else self._one_time.pop(id)
        if public is not None:
            self._handed_out.add(public)
        signed = self.signed_prekey
        return PreKeyBundle(self.registration_id, self.identity, signed.id, signed.public, signed.signature, id, public)

    def digest(self) -> Node | None:
        """What the server holds, with its hash, for the client to compare; None when no one-time prekey is left.

        The hash is SHA-1 over identity, signed prekey, its signature and the prekeys in the order of the list
        (whatsapp-rust `prekeys.rs`, after `WAWebDigestKeyJob`).
        """
        if self.signed_prekey is None or not self._one_time:
            return None
        keys = b"".join(self._one_time.values())
        hashed = self.identity + self.signed_prekey.public + self.signed_prekey.signature + keys
        return Node(
            "digest",
            None,
            [
                Node("registration", None, self.registration_id.to_bytes(4, "big")),
                Node("type", None, KEY_TYPE),
                Node("identity", None, self.identity),
                self.signed_prekey.node(),
                Node("list", None, [Node("id", None, id.to_bytes(3, "big")) for id in self._one_time]),
                Node("hash", None, sha1(hashed, usedforsecurity=False).digest()),
            ],
        )


def bundle_nodes(bundle: PreKeyBundle) -> list[Node]:
    """A bundle as the answer to a key request carries it."""
    signed = PublishedSignedPreKey(bundle.signed_prekey_id, bundle.signed_prekey, bundle.signature)
    nodes = [
        Node("registration", None, bundle.registration_id.to_bytes(4, "big")),
        Node("type", None, KEY_TYPE),
        Node("identity", None, bundle.identity),
        signed.node(),
    ]
    if bundle.prekey_id is not None and bundle.prekey is not None:
        nodes.insert(3, Node("key", None, _key_nodes(bundle.prekey_id, bundle.prekey)))
    return nodes


def read_key(node: Node) -> tuple[int, bytes]:
    """Id and public key of a `key` or `skey`. Raises StanzaRefused."""
    id, public = node.require("id").bytes(), node.require("value").bytes()
    if len(id) != 3 or len(public) != _KEY_LENGTH:
        raise StanzaRefused(f"<{node.tag}> has an id of {len(id)} and a key of {len(public)} bytes, not 3 and 32")
    return int.from_bytes(id, "big"), public


def read_signed_prekey(node: Node) -> PublishedSignedPreKey:
    """The signed prekey of an `skey`. Raises StanzaRefused."""
    id, public = read_key(node)
    return PublishedSignedPreKey(id, public, node.require("signature").bytes())


def read_bundle(keys: Node, registration_id: int) -> PreKeyBundle:
    """The bundle in the `keys` of a retry receipt. Raises StanzaRefused."""
    signed = read_signed_prekey(keys.require("skey"))
    key = keys.child("key")
    prekey_id, prekey = read_key(key) if key is not None else (None, None)
    identity = keys.require("identity").bytes()
    return PreKeyBundle(registration_id, identity, signed.id, signed.public, signed.signature, prekey_id, prekey)


def _key_nodes(id: int, public: bytes) -> list[Node]:
    return [Node("id", None, id.to_bytes(3, "big")), Node("value", None, public)]
