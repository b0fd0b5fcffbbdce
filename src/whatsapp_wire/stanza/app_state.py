"""Requests about the app state, and what the server answers (whatsmeow `appstate.go`)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from whatsapp_wire.errors import StanzaRefused
from whatsapp_wire.node import Attribute, Node
from whatsapp_wire.stanza.attributes import optional_number
from whatsapp_wire.stanza.iq import request

DIRTY: Final = "syncd_app_state"
"""What the server calls app state when it tells that something is dirty (WhatsApp Web)."""

CONFLICT: Final = 409
"""The server's code for a patch that does not follow upon the newest version."""


@dataclass(frozen=True, slots=True)
class Synced:
    """What the server has of a collection beyond what was asked from: patches, or the reference to a snapshot.

    ``error`` is why it did not take a patch of ours; it may still have sent what we lack.
    """

    name: str
    has_more: bool
    patches: tuple[bytes, ...] = field(repr=False)
    snapshot: bytes | None = field(default=None, repr=False)
    error: int | None = None


def query(id: str, name: str, version: int) -> Node:
    """Ask for what is newer than a version of a collection; from 0 on, for a snapshot."""
    wants_snapshot = version == 0
    attrs: dict[str, Attribute] = {"name": name, "return_snapshot": wants_snapshot}
    if not wants_snapshot:
        attrs["version"] = version
    return _sync(id, Node("collection", attrs))


def push(id: str, name: str, version: int, patch: bytes) -> Node:
    """Hand in a patch that follows upon a version."""
    attrs: dict[str, Attribute] = {"name": name, "version": version, "return_snapshot": False}
    return _sync(id, Node("collection", attrs, [Node("patch", None, patch)]))


def clean(id: str, timestamp: int) -> Node:
    """Say that we have read what the server called dirty at a moment, as it told it (whatsmeow `MarkNotDirty`)."""
    return request(id, "urn:xmpp:whatsapp:dirty", "set", [Node("clean", {"type": DIRTY, "timestamp": timestamp})])


def parse_synced(answer: Node) -> Synced:
    """Read the answer about one collection; raises StanzaRefused when it has none."""
    collection = answer.path("sync", "collection")
    if collection is None:
        raise StanzaRefused("the answer has no collection")
    patches, snapshot = collection.child("patches"), collection.child("snapshot")
    held: Sequence[Node] = () if patches is None else patches.all("patch")
    return Synced(
        name=collection.attr("name"),
        has_more=collection.get("has_more_patches") == "true",
        patches=tuple(patch.bytes() for patch in held),
        snapshot=None if snapshot is None else snapshot.bytes(),
        error=_error(collection),
    )


def _error(collection: Node) -> int | None:
    if collection.get("type") != "error":
        return None
    error = collection.child("error")
    return (optional_number(error, "code") if error is not None else None) or 0


def _sync(id: str, collection: Node) -> Node:
    return request(id, "w:sync:app:state", "set", [Node("sync", None, [collection])])
