"""Who is there, and who is typing: said once, to whoever listens right now (whatsmeow `presence.go`)."""

from whatsapp_emulator.world import people
from whatsapp_emulator.world.accounts import Account, Device
from whatsapp_emulator.world.links import Link
from whatsapp_emulator.world.state import State
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node


def hear(state: State, link: Link, node: Node) -> None:
    """A client says that it is there, or wants to know when somebody is."""
    device = link.device
    if device is None:
        return
    kind = node.get("type") or "available"
    if kind == "subscribe":
        _subscribe(state, device, node.jid("to"))
    elif kind == "unsubscribe":
        account = state.directory.find(node.jid("to"))
        if account is not None:
            account.subscribers.discard(device)
    elif kind in ("available", "unavailable"):
        device.account.name = node.get("name") or device.account.name
        device.available = kind == "available"
        refresh(state, device.account)
    else:
        state.violate("unhandled_stanza", link, repr(node))


def hear_typing(state: State, link: Link, node: Node) -> None:
    """A client types (`composing`) or stops (`paused`); passed on to the other person."""
    device = link.device
    if device is None:
        return
    to = node.jid("to")
    if to.is_group and node.children:
        show_typing_in_group(state, device.account, to, node.children)
        return
    account = state.directory.find(to)
    if account is not None and node.children:
        source = device.account.lid if to.is_lid else device.account.pn
        show_typing(state, account, source, node.children)


def show_typing(state: State, account: Account, source: Jid, content: list[Node]) -> None:
    """Tell the phone and every listening device of an account what somebody does in their chat."""
    if content:
        account.handset.seen_typing[source] = content[0].tag
    for device in account.devices.values():
        state.tell(device, Node("chatstate", {"from": source}, content))


def show_typing_in_group(state: State, typing: Account, to: Jid, content: list[Node]) -> None:
    """Tell every listening device of a group's other members what somebody does there; nothing outside of groups."""
    group = state.groups.find(to)
    if group is None or typing not in group.members:
        return
    for account in group.members:
        if account is not typing:
            for device in account.devices.values():
                state.tell(device, Node("chatstate", {"from": to, "participant": group.address(typing)}, content))


def forget(state: State, device: Device) -> None:
    """A device wants to be told of nobody any more: what it asked for ends with its connection."""
    for account in state.directory:
        account.subscribers.discard(device)


def refresh(state: State, account: Account) -> None:
    """Work out whether a person is there (the phone or any companion says so), and tell who wants to know."""
    present = account.handset.available or any(device.available for device in account.devices.values())
    if present == account.present:
        return
    account.present = present
    account.last_seen = state.stamp
    for subscriber in sorted(account.subscribers, key=lambda device: device.label):
        _show(state, account, subscriber)


def _subscribe(state: State, device: Device, jid: Jid) -> None:
    account = state.directory.find(jid)
    if account is not None:
        account.subscribers.add(device)
        _show(state, account, device)


def _show(state: State, account: Account, device: Device) -> None:
    """Tell a device whether a person is there, as far as that person lets it be told."""
    if not people.shows(account, "online", device.account):
        return
    if account.present:
        state.tell(device, Node("presence", {"from": account.lid}))
        return
    last = account.last_seen if people.shows(account, "last", device.account) else 0
    state.tell(device, Node("presence", {"from": account.lid, "type": "unavailable", "last": last or "deny"}))
