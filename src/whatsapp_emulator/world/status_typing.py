"""A person posts a status on a virtual phone: with a sender key that goes along with every post."""

from __future__ import annotations

from whatsapp_emulator.world import sealing, status_sealing
from whatsapp_emulator.world.accounts import Account
from whatsapp_emulator.world.handset import Shown, Typed
from whatsapp_emulator.world.inbox import show
from whatsapp_emulator.world.state import State
from whatsapp_wire.jid import STATUS_BROADCAST, Jid
from whatsapp_wire.message import stanza_kind
from whatsapp_wire.node import Node
from whatsapp_wire.proto.message_pb2 import Message
from whatsapp_wire.sender_key_share import share


def send(state: State, account: Account, message: Message) -> str:
    """Post something, or take a post back; returns its id."""
    handset, id = account.handset, state.message_id()
    audience = _audience(state, account)
    handset.sent[id] = Typed(message, STATUS_BROADCAST)
    handset.posted[id] = {other.lid for other in (*audience, account)}
    state.audit.counts["typed"] += 1
    for other in audience:
        if not other.handset.swallow:
            # Two phones of this world need no cryptography between them: no client under test would see it.
            show(state, other, Shown(id, account.lid, STATUS_BROADCAST, own=False, message=message, at=state.now))
    handset.keyring.begin_group(STATUS_BROADCAST)
    key = share(STATUS_BROADCAST, handset.keyring.distribution(STATUS_BROADCAST))
    sealed = handset.keyring.encrypt_for_group(STATUS_BROADCAST, message)
    skmsg = Node("enc", {"v": "2", "type": "skmsg", "mediatype": stanza_kind(message).media_type}, sealed)
    for device in [device for other in (*audience, account) for device in other.devices.values()]:
        enc = sealing.seal(state, account, device, key)
        if enc is None:
            state.audit.counts["companions without keys"] += 1
            continue
        state.deliver(device, Node("message", status_sealing.head_of(state, account, id, message), [enc, skmsg]))
    return id


def set_audience(state: State, account: Account, people: list[Jid] | None) -> None:
    """From now on posts are for these people; None: for everybody there is. Raises LookupError."""
    if people is None:
        account.handset.status_audience = None
        return
    found = [state.directory.find(person) for person in people]
    if None in found:
        raise LookupError("nobody has one of these numbers")
    account.handset.status_audience = [other.lid for other in found if other is not None]


def _audience(state: State, account: Account) -> list[Account]:
    chosen = account.handset.status_audience
    return [
        other
        for other in state.directory
        if other is not account
        and account.lid not in other.blocked
        and other.lid not in account.blocked
        and (chosen is None or other.lid in chosen)
    ]
