"""The `encrypt` queries: publishing, counting, checking, rotating and handing out keys (whatsmeow `prekeys.go`)."""

from whatsapp_emulator.world.accounts import Device
from whatsapp_emulator.world.key_store import bundle_nodes, read_key, read_signed_prekey
from whatsapp_emulator.world.replies import NOT_FOUND, IqRefused, Reply
from whatsapp_emulator.world.state import State
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.signal.prekeys import PreKeyBundle

LOW = 5
"""Below so many one-time prekeys the device is told each time one is taken (whatsmeow and Baileys upload below 5)."""

_NOT_ACCEPTABLE = IqRefused(406, "not-acceptable")


def answer(state: State, device: Device, iq: Node) -> Reply:
    """Answer an `encrypt` query. Raises IqRefused, StanzaRefused."""
    if iq.get("type") == "get":
        return _answer_get(state, device, iq)
    rotate = iq.child("rotate")
    if rotate is not None:
        _replace_signed_prekey(state, device, rotate.require("skey"), device.keys.identity)
        state.audit.counts["prekey rotations"] += 1
        return Reply()
    return _publish(state, device, iq)


def take(state: State, device: Device) -> PreKeyBundle | None:
    """Hand out a companion's bundle, and tell it when its prekeys run low. None when it has published nothing."""
    bundle = device.keys.hand_out()
    if bundle is not None and bundle.prekey is not None and len(device.keys) < LOW:
        state.notify(device, "encrypt", None, [Node("count", {"value": len(device.keys)})])
    return bundle


def _answer_get(state: State, device: Device, iq: Node) -> Reply:
    if iq.child("count") is not None:
        return Reply([Node("count", {"value": len(device.keys)})])
    if iq.child("digest") is not None:
        digest = device.keys.digest()
        if digest is None:
            raise NOT_FOUND
        return Reply([digest])
    users = [_bundle_of(state, user.jid("jid")) for user in iq.require("key").all("user")]
    return Reply([Node("list", None, users)])


def _bundle_of(state: State, jid: Jid) -> Node:
    bundle = None if state.faults.no_prekeys else _find_bundle(state, jid)
    if bundle is None:
        return Node("user", {"jid": jid}, [Node("error", {"code": NOT_FOUND.code, "text": NOT_FOUND.text})])
    return Node("user", {"jid": jid, "t": state.stamp}, bundle_nodes(bundle))


def _find_bundle(state: State, jid: Jid) -> PreKeyBundle | None:
    account = state.directory.find(jid)
    if account is None:
        return None
    if jid.device == 0:
        return account.handset.keyring.publish()
    device = account.devices.get(jid.device)
    return None if device is None else take(state, device)


def _publish(state: State, device: Device, iq: Node) -> Reply:
    identity = iq.require("identity").bytes()
    if identity != device.keys.identity:
        raise _NOT_ACCEPTABLE
    _replace_signed_prekey(state, device, iq.require("skey"), identity)
    device.keys.registration_id = int.from_bytes(iq.require("registration").bytes(), "big")
    device.keys.add([read_key(key) for key in iq.require("list").all("key")])
    state.audit.counts["prekey uploads"] += 1
    return Reply()


def _replace_signed_prekey(state: State, device: Device, skey: Node, identity: bytes) -> None:
    signed = read_signed_prekey(skey)
    if not signed.signed_by(identity):
        state.audit.violate("bad_signature", device.label, "a signed prekey its identity did not sign", state.now)
        raise _NOT_ACCEPTABLE
    device.keys.signed_prekey = signed
