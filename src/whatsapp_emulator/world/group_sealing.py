"""The sender keys of a virtual phone: made, given to companions, and replaced when somebody goes who had one."""

from __future__ import annotations

from whatsapp_emulator.world import sealing
from whatsapp_emulator.world.accounts import Account, Device
from whatsapp_emulator.world.groups import Group
from whatsapp_emulator.world.handset import GroupKey, Typed
from whatsapp_emulator.world.links import Attrs
from whatsapp_emulator.world.state import State
from whatsapp_wire.node import Node
from whatsapp_wire.sender_key_share import share


def send_again(state: State, account: Account, device: Device, id: str, typed: Typed, count: str) -> None:
    """Answer a companion that could not read what the phone wrote to a group: for it alone, and with the key."""
    group = state.groups.find(typed.recipient)
    if group is None or device.account not in group.members:
        state.audit.counts["phone retries unknown"] += 1
        return
    keyring = account.handset.keyring
    key_for(account, group).holders.add(device.lid)
    message = share(group.jid, keyring.distribution(group.jid), typed.message)
    enc = sealing.seal(state, account, device, message)
    if enc is None:
        state.audit.counts["companions without keys"] += 1
        return
    enc.attrs["count"] = count
    state.deliver(device, Node("message", head_of(state, account, group, id), [enc]))


def key_for(account: Account, group: Group) -> GroupKey:
    """The phone's key for a group, a new one when somebody has it who is not there any more."""
    handset = account.handset
    key = handset.group_keys.setdefault(group.jid, GroupKey())
    present = {jid for _, jid, _ in group.devices()}
    if not handset.keyring.writes_to(group.jid) or key.holders.difference(present):
        handset.keyring.begin_group(group.jid)
        key.holders.clear()
    return key


def give(
    state: State, account: Account, group: Group, key: GroupKey, device: Device, distribution: bytes
) -> Node | None:
    """The `enc` that gives a companion the key; None when it has it, or has published no keys itself."""
    if device.lid in key.holders:
        return None
    enc = sealing.seal(state, account, device, share(group.jid, distribution))
    if enc is not None:
        key.holders.add(device.lid)
    return enc


def head_of(state: State, account: Account, group: Group, id: str) -> Attrs:
    """The attributes of a message that a phone writes to a group."""
    other = {"participant_pn": account.pn} if group.by_lid else {"participant_lid": account.lid}
    return {
        "from": group.jid,
        "participant": group.address(account),
        **other,
        "id": id,
        "t": state.stamp,
        "type": "text",
        "notify": account.name,
        "addressing_mode": "lid" if group.by_lid else "pn",
    }
