"""Coming and going of connections: registration or login, refusals, the offline queue, the end."""

from google.protobuf.message import DecodeError

from whatsapp_emulator.world import app_state_keys, histories, pairing, presence
from whatsapp_emulator.world.accounts import Device
from whatsapp_emulator.world.links import Attrs, Link
from whatsapp_emulator.world.replies import Reply
from whatsapp_emulator.world.state import State
from whatsapp_wire.jid import SERVER
from whatsapp_wire.node import Node
from whatsapp_wire.pairing.payload import ClientVersion
from whatsapp_wire.proto.transport_pb2 import ClientPayload

LOCATION = "emu"
"""Stands where WhatsApp names the data centre."""

_CREATED_BEFORE_S = 86_400


def connect(state: State, noise_key: bytes, payload: bytes) -> Link:
    """A client has finished its handshake: offer it a pairing, log it in, or refuse it."""
    try:
        client = ClientPayload.FromString(payload)
    except DecodeError:
        link = Link(noise_key, ClientPayload())
        state.violate("malformed", link, "the client payload is not a protobuf")
        _fail(state, link, {"reason": "400"})
        return link
    link = Link(noise_key, client)
    state.audit.counts["connections"] += 1
    if _is_outdated(state, client):
        _fail(state, link, {"reason": "405", "location": LOCATION})
    elif client.HasField("username"):
        _log_in(state, link)
    else:
        pairing.offer_references(state, link)
    return link


def disconnect(state: State, link: Link) -> None:
    """A connection is gone, whoever ended it."""
    link.open = link.active = False
    device = link.device
    if device is None:
        pairing.forget(state, link)
    elif device.link is link or device.link is None:
        device.link = None
        device.available = False
        presence.forget(state, device)
        presence.refresh(state, device.account)


def answer_active(state: State, device: Device, iq: Node) -> Reply:
    """`passive` > `active`: the client is ready for what waits for it. `passive` stops the flow again."""
    child = iq.children[0] if iq.children else Node("active")
    link = device.link
    if link is None:
        return Reply()
    if child.tag == "active":
        return Reply([Node("active")], then=lambda: _activate(state, device, link))
    link.active = False
    return Reply([Node(child.tag)])


def _log_in(state: State, link: Link) -> None:
    client = link.payload
    account = state.directory.of_phone(str(client.username))
    if account is not None and account.refusal is not None:
        _fail(state, link, account.refusal)
        return
    device = None if account is None else account.devices.get(client.device)
    if account is None or device is None or device.noise_key != link.noise_key:
        _fail(state, link, {"reason": "401", "location": LOCATION})
        return
    old = device.link
    if old is not None:
        state.break_stream(old, Node("stream:error", None, [Node("conflict", {"type": "replaced"})]))
        old.device = None
    link.device, device.link = device, link
    device.queue.resume()
    state.audit.counts["logins"] += 1
    success: Attrs = {
        "t": state.stamp,
        "lid": device.lid,
        "display_name": account.name,
        "props": 27,
        "location": LOCATION,
        "creation": state.stamp - _CREATED_BEFORE_S,
    }
    state.send(link, Node("success", success))
    if not client.passive:
        _activate(state, device, link)


def _is_outdated(state: State, client: ClientPayload) -> bool:
    if state.faults.oldest_version is None:
        return False
    told, oldest = client.user_agent.app_version, ClientVersion.parse(state.faults.oldest_version)
    return (told.primary, told.secondary, told.tertiary) < (oldest.primary, oldest.secondary, oldest.tertiary)


def _fail(state: State, link: Link, attrs: dict[str, str]) -> None:
    state.audit.counts[f"failure {attrs.get('reason')}"] += 1
    state.break_stream(link, Node("failure", attrs))


def _activate(state: State, device: Device, link: Link) -> None:
    """Deliver what waits, oldest first, between a preview of its numbers and a note of its end."""
    if link.active or device.link is not link:
        return
    waiting, counts = list(device.queue), device.queue.counts()
    preview = {tag: counts[tag] for tag in ("message", "receipt", "notification")}
    state.send(link, _info("offline_preview", {"count": len(waiting), "appdata": 0, **preview}))
    for node in waiting:
        state.send(link, Node(node.tag, {**node.attrs, "offline": "0"}, node.content))
    state.send(link, _info("offline", {"count": len(waiting)}))
    link.active = True
    if not device.app_state_key_shared:
        app_state_keys.share(state, device)
    if not device.history_told:
        histories.tell(state, device)


def _info(tag: str, attrs: dict[str, int]) -> Node:
    return Node("ib", {"from": SERVER}, [Node(tag, attrs)])
