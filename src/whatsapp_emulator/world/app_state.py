"""App state: the server keeps each collection's patches without being able to read them (whatsmeow `appstate.go`)."""

from whatsapp_emulator.world.accounts import Device
from whatsapp_emulator.world.links import Attrs
from whatsapp_emulator.world.replies import Reply
from whatsapp_emulator.world.state import State
from whatsapp_wire.errors import StanzaRefused
from whatsapp_wire.node import Node


def answer(state: State, device: Device, iq: Node) -> Reply:
    """Answer a `w:sync:app:state` query: take patches, return those above the version the client has."""
    collections = iq.require("sync").all("collection")
    return Reply([Node("sync", None, [_synchronise(state, device, collection) for collection in collections])])


def _synchronise(state: State, device: Device, collection: Node) -> Node:
    name, known = collection.attr("name"), _version(collection)
    patches = device.account.patches.setdefault(name, [])
    offered = collection.child("patch")
    if offered is None:
        return _collection(name, patches, patches[known:])
    if known != len(patches):
        conflict = Node("error", {"code": 409, "text": "conflict"})
        answered = _collection(name, patches, patches[known:])
        answered.attrs["type"] = "error"
        answered.content = [conflict, *answered.children]
        return answered
    patches.append(_numbered(offered.bytes(), len(patches) + 1))
    for other in device.account.devices.values():
        if other is not device:
            state.notify(other, "server_sync", None, [Node("collection", {"name": name, "version": len(patches)})])
    return _collection(name, patches, [])


def _version(collection: Node) -> int:
    version = collection.get("version") or "0"
    if not version.isdigit():
        raise StanzaRefused(f"{version!r} is no version of a collection")
    return int(version)


def _collection(name: str, patches: list[bytes], missing: list[bytes]) -> Node:
    head: Attrs = {"name": name, "version": len(patches), "has_more_patches": False}
    wrapped = Node("patches", None, [Node("patch", None, patch) for patch in missing])
    return Node("collection", head, [wrapped] if missing else None)


def _numbered(patch: bytes, version: int) -> bytes:
    """Write the version into a SyncdPatch without parsing it: of two `version` fields (number 1) the last counts."""
    encoded = b"\x08" + _varint(version)
    return patch + b"\x0a" + _varint(len(encoded)) + encoded


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
