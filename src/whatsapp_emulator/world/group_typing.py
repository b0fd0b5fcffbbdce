"""A person writes to a group on a virtual phone: with a sender key, which each companion of a member gets once."""

from __future__ import annotations

from whatsapp_emulator.world import group_sealing
from whatsapp_emulator.world.accounts import Account
from whatsapp_emulator.world.group_rules import NOT_ADMIN, NOT_MEMBER
from whatsapp_emulator.world.groups import Group
from whatsapp_emulator.world.handset import Shown, Typed
from whatsapp_emulator.world.inbox import show
from whatsapp_emulator.world.replies import NOT_FOUND
from whatsapp_emulator.world.state import State
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.proto.message_pb2 import Message


def send(state: State, account: Account, to: Jid, message: Message) -> str:
    """Send any content to a group; returns the message's id. Raises IqRefused: no such group, not in it, no admin."""
    group = state.groups.find(to)
    if group is None:
        raise NOT_FOUND
    if not group.may_write(account):
        raise NOT_ADMIN if account in group.members else NOT_MEMBER
    id = state.message_id()
    account.handset.sent[id] = Typed(message, group.jid)
    state.audit.counts["typed"] += 1
    _show_to_phones(state, account, group, id, message)
    key, companions = (
        group_sealing.key_for(account, group),
        [device for _, _, device in group.devices() if device is not None],
    )
    distribution = account.handset.keyring.distribution(group.jid)
    shares = {device: group_sealing.give(state, account, group, key, device, distribution) for device in companions}
    skmsg = Node("enc", {"v": "2", "type": "skmsg"}, account.handset.keyring.encrypt_for_group(group.jid, message))
    for device, shared in shares.items():
        content = [skmsg] if shared is None else [shared, skmsg]
        state.deliver(device, Node("message", group_sealing.head_of(state, account, group, id), content))
    return id


def _show_to_phones(state: State, account: Account, group: Group, id: str, message: Message) -> None:
    """Two phones of this world need no cryptography between them: no client under test would see it."""
    for member in group.members:
        if member is not account and not member.handset.swallow:
            shown = Shown(id, account.lid, group.jid, own=False, message=message, at=state.now)
            show(state, member, shown)
