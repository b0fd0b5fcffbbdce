"""A message that could not be read: the phone asks for it again, or answers a companion that asks (`retry.go`)."""

from dataclasses import dataclass

from whatsapp_emulator.world import group_sealing, sealing, status_sealing
from whatsapp_emulator.world.accounts import Account, Device
from whatsapp_emulator.world.key_store import bundle_nodes, read_bundle
from whatsapp_emulator.world.links import Attrs
from whatsapp_emulator.world.state import State
from whatsapp_wire.jid import STATUS_BROADCAST, Jid
from whatsapp_wire.node import Node

MAX_REQUESTS = 5
"""After so many requests for one message the phone gives up (whatsmeow does too)."""


@dataclass(frozen=True, slots=True)
class Again:
    """Which message is wanted again: its id, the time it was sent, and whose copy it is among own devices."""

    id: str
    count: int
    """How often it was asked for, this time included."""

    t: str | None = None
    recipient: str | None = None
    group: Jid | None = None


def ask(state: State, account: Account, message: Node) -> None:
    """The phone asks the sending device for a message again, a limited number of times."""
    id = message.attr("id")
    account.handset.retries[id] += 1
    came_from = message.jid("from")
    group = came_from if came_from.is_shared else None
    again = Again(id, account.handset.retries[id], message.get("t"), message.get("recipient"), group)
    if again.count <= MAX_REQUESTS:
        request(state, account, came_from if group is None else message.jid("participant"), again)


def request(state: State, account: Account, to: Jid, again: Again) -> None:
    """Send a retry receipt of an account's phone to a companion, from the second one on with keys for a new session."""
    device = state.directory.device(to)
    if device is None:
        return
    keyring = account.handset.keyring
    content = [
        Node("retry", {"count": again.count, "id": again.id, "t": again.t or state.stamp, "v": 1}),
        Node("registration", None, keyring.registration_id.to_bytes(4, "big")),
    ]
    if again.count > 1:
        bundle = bundle_nodes(keyring.publish())
        content.append(Node("keys", None, [node for node in bundle if node.tag != "registration"]))
    source = account.lid if to.is_lid else account.pn
    head: Attrs = {"from": source, "id": again.id, "t": state.stamp, "type": "retry", "recipient": again.recipient}
    if again.group is not None:
        head |= {"from": again.group, "participant": source}
    state.audit.counts["phone retry requests"] += 1
    state.deliver(device, Node("receipt", head, content))


def answer(state: State, account: Account, device: Device, receipt: Node) -> None:
    """A companion could not read what the phone sent: send it again, in a new session when keys came along."""
    retry = receipt.require("retry")
    id = retry.get("id") or receipt.attr("id")
    typed = account.handset.sent.get(id)
    keys = receipt.child("keys")
    if keys is not None:
        registration_id = int.from_bytes(receipt.require("registration").bytes(), "big")
        account.handset.keyring.begin(device.lid, read_bundle(keys, registration_id))
    if typed is None:
        state.audit.counts["phone retries unknown"] += 1
        return
    state.audit.counts["phone retries answered"] += 1
    if typed.recipient.is_group:
        group_sealing.send_again(state, account, device, id, typed, retry.attr("count"))
        return
    if typed.recipient == STATUS_BROADCAST:
        status_sealing.send_again(state, account, device, id, typed, retry.attr("count"))
        return
    sealing.send(state, account, device, id, typed, count=retry.attr("count"))
