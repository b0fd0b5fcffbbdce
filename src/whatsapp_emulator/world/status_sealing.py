"""Status posts of a virtual phone as stanzas, and again for a companion that could not read one."""

from __future__ import annotations

from whatsapp_emulator.world import sealing
from whatsapp_emulator.world.accounts import Account, Device
from whatsapp_emulator.world.handset import Typed
from whatsapp_emulator.world.links import Attrs
from whatsapp_emulator.world.state import State
from whatsapp_wire.jid import STATUS_BROADCAST
from whatsapp_wire.message import stanza_kind
from whatsapp_wire.node import Node
from whatsapp_wire.proto.message_pb2 import Message
from whatsapp_wire.sender_key_share import share


def send_again(state: State, account: Account, device: Device, id: str, typed: Typed, count: str) -> None:
    """Answer a companion that could not read a post: for it alone, and with the key."""
    handset = account.handset
    if device.account.lid not in handset.posted.get(id, set()):
        state.audit.counts["phone retries unknown"] += 1
        return
    key = handset.keyring.distribution(STATUS_BROADCAST)
    enc = sealing.seal(state, account, device, share(STATUS_BROADCAST, key, typed.message))
    if enc is None:
        state.audit.counts["companions without keys"] += 1
        return
    enc.attrs["count"] = count
    state.deliver(device, Node("message", head_of(state, account, id, typed.message), [enc]))


def head_of(state: State, account: Account, id: str, message: Message) -> Attrs:
    """The attributes of a status post of a phone."""
    kind = stanza_kind(message)
    return {
        "from": STATUS_BROADCAST,
        "participant": account.lid,
        "participant_pn": account.pn,
        "id": id,
        "t": state.stamp,
        "type": kind.type,
        "edit": kind.edit,
        "notify": account.name,
        "addressing_mode": "lid",
    }
