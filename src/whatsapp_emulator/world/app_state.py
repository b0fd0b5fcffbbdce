"""App state: what the server does with an account's collections, which it cannot read (whatsmeow `appstate.go`)."""

from __future__ import annotations

from typing import Final

from whatsapp_emulator.world.accounts import Account, Device
from whatsapp_emulator.world.collections import Collection
from whatsapp_emulator.world.links import Attrs
from whatsapp_emulator.world.replies import Reply
from whatsapp_emulator.world.state import State
from whatsapp_wire.app_state import actions
from whatsapp_wire.app_state.blobs import reference_to
from whatsapp_wire.errors import StanzaRefused, WireError
from whatsapp_wire.media.content import MediaFile
from whatsapp_wire.media.keys import MEDIA_KEY_SIZE
from whatsapp_wire.media.kinds import MediaKind
from whatsapp_wire.media.opening import MediaSecret
from whatsapp_wire.media.sealing import MediaSealer
from whatsapp_wire.node import Node
from whatsapp_wire.proto.app_state_pb2 import SyncdMutations, SyncdPatch

_IN_ONE_ANSWER: Final = 100
"""Patches in one answer; whoever lacks more asks again."""


def answer(state: State, device: Device, iq: Node) -> Reply:
    """Answer a `w:sync:app:state` query: take patches, return those above the version the client has."""
    collections = iq.require("sync").all("collection")
    return Reply([Node("sync", None, [_synchronise(state, device, collection) for collection in collections])])


def append(state: State, account: Account, name: str, patch: bytes, author: Device | None) -> None:
    """Take a patch of a device (None: the phone), and tell the others."""
    collection = account.collections.setdefault(name, Collection())
    collection.append(patch)
    for other in account.devices.values():
        if other is not author:
            told = Node("collection", {"name": name, "version": collection.version})
            state.notify(other, "server_sync", None, [told])


def read_as_phone(state: State, account: Account, name: str, author: str) -> None:
    """Let the phone read what is new in a collection; a companion whose patch it cannot read has done wrong."""
    held, collection = account.handset.app_state.held(name), account.collections[name]
    if account.handset.swallow:
        return
    for patch in collection.after(held.position.version):
        try:
            account.handset.app_state.read(name, patch)
        except (WireError, ValueError) as error:
            detail = f"a patch of {name}: {type(error).__name__}: {error}"
            state.audit.violate("bad_app_state", author, detail, state.now)
            return
    if name == actions.COLLECTIONS[actions.SetPushName].value:
        _take_name(account)


def _take_name(account: Account) -> None:
    """A phone shows the name that its account's devices agreed on."""
    for action in account.handset.app_state.actions():
        if isinstance(action, actions.SetPushName) and action.name:
            account.name = action.name


def _synchronise(state: State, device: Device, asked: Node) -> Node:
    name, known = asked.attr("name"), _version(asked)
    collection = device.account.collections.setdefault(name, Collection())
    offered = asked.child("patch")
    if offered is None:
        wants_snapshot = asked.get("return_snapshot") == "true" and state.faults.app_state_snapshots
        if wants_snapshot and collection.version:
            return _with_snapshot(state, name, collection)
        return _with_patches(state, name, collection, known)
    if known != collection.version:
        state.audit.counts["app state conflicts"] += 1
        answered = _with_patches(state, name, collection, known)
        answered.attrs["type"] = "error"
        answered.content = [Node("error", {"code": 409, "text": "conflict"}), *answered.children]
        return answered
    append(state, device.account, name, offered.bytes(), device)
    read_as_phone(state, device.account, name, device.label)
    return _with_patches(state, name, collection, collection.version)


def _version(collection: Node) -> int:
    version = collection.get("version") or "0"
    if not version.isdigit():
        raise StanzaRefused(f"{version!r} is no version of a collection")
    return int(version)


def _with_patches(state: State, name: str, collection: Collection, known: int) -> Node:
    missing = collection.after(known)
    shown = missing[:_IN_ONE_ANSWER]
    head: Attrs = {
        "name": name,
        "version": collection.version,
        "has_more_patches": len(missing) > len(shown),
    }
    patches = [Node("patch", None, _served(state, patch)) for patch in shown]
    return Node("collection", head, [Node("patches", None, patches)] if patches else None)


def _with_snapshot(state: State, name: str, collection: Collection) -> Node:
    blob = _spoilt(state, collection.snapshot().SerializeToString())
    state.audit.counts["app state snapshots"] += 1
    head: Attrs = {"name": name, "version": collection.version, "has_more_patches": False}
    reference = reference_to(_shelve(state, blob)).SerializeToString()
    return Node("collection", head, [Node("snapshot", None, reference)])


def _served(state: State, patch: bytes) -> bytes:
    """A patch as it goes out: its mutations in a file of their own if there are too many for a stanza."""
    most = state.faults.app_state_inline
    parsed = SyncdPatch.FromString(patch) if most is not None or state.faults.app_state_spoil else None
    if parsed is None:
        return patch
    if most is not None and len(parsed.mutations) > most:
        blob = SyncdMutations(mutations=parsed.mutations).SerializeToString()
        parsed.ClearField("mutations")
        parsed.external_mutations.CopyFrom(reference_to(_shelve(state, blob)))
    parsed.snapshot_mac = _spoilt(state, parsed.snapshot_mac)
    return parsed.SerializeToString()


def _spoilt(state: State, blob: bytes) -> bytes:
    """The same with its last bit flipped, as often as the fault says."""
    if not state.faults.app_state_spoil or not blob:
        return blob
    state.faults.app_state_spoil -= 1
    return blob[:-1] + bytes((blob[-1] ^ 1,))


def _shelve(state: State, blob: bytes) -> MediaFile:
    """Lay a file of the app state on the media hosts."""
    key = state.entropy.randbytes(MEDIA_KEY_SIZE)
    sealer = MediaSealer(key, MediaKind.APP_STATE)
    content = sealer.update(blob)
    last, sealed = sealer.finish()
    expires_at = state.now + state.faults.media_life_s
    name = sealed.enc_sha256.hex()
    stored = state.media.put(name, sealed.enc_sha256, sealed.sealed_size, expires_at, state.entropy, content + last)
    secret = MediaSecret(MediaKind.APP_STATE, key, sealed.sha256, sealed.enc_sha256, sealed.size)
    return MediaFile(secret, stored.direct_path)
