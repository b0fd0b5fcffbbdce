"""Messages from a companion to everybody they are meant for: each device gets what was encrypted for it."""

from collections.abc import Iterator

from whatsapp_emulator.world import group_relay, reading, status_relay
from whatsapp_emulator.world.accounts import Account, Device
from whatsapp_emulator.world.links import Attrs, Link
from whatsapp_emulator.world.state import State
from whatsapp_emulator.world.watching import watch
from whatsapp_wire.jid import STATUS_BROADCAST, Jid
from whatsapp_wire.node import Node

_PASSED_ON = ("id", "type", "edit", "category")
_RIDE_ALONG = frozenset({"device-identity", "meta", "biz", "bot", "reporting", "multicast"})
"""Children that go to every recipient beside its `enc`; tokens and the list of participants are for the server."""


def hear(state: State, link: Link, node: Node) -> None:
    """Relay a message and acknowledge it. Raises StanzaRefused."""
    device = link.device
    if device is None:
        state.violate("unhandled_stanza", link, repr(node))
        return
    state.audit.counts["messages"] += 1
    if node.jid("to").is_group:
        group_relay.hear(state, link, device, node)
        return
    if node.jid("to") == STATUS_BROADCAST:
        status_relay.hear(state, link, device, node)
        return
    to, faults = node.jid("to"), state.faults
    addressed = list(_addressed(node))
    _watch(state, device, addressed)
    if faults.lose_messages:
        return
    ack: Attrs = {"class": "message", "id": node.attr("id"), "from": to, "t": state.stamp}
    if faults.ack_error is not None:
        state.send(link, Node("ack", {**ack, "error": faults.ack_error}))
        return
    account = state.directory.find(to)
    if account is None:
        state.send(link, Node("ack", {**ack, "error": 404}))
        return
    if not faults.no_ack:
        state.send(link, Node("ack", ack))
    if not addressed:
        state.audit.counts["messages to no device"] += 1
    for recipient, encs in addressed:
        _hand_over(state, device, recipient, node, encs)


def _addressed(node: Node) -> Iterator[tuple[Jid, list[Node]]]:
    """Who gets which `enc`: the list of participants, or one device that the stanza itself is addressed to."""
    for participants in node.all("participants"):
        for to in participants.all("to"):
            yield to.jid("jid"), to.all("enc")
    encs = node.all("enc")
    if encs:
        yield node.jid("participant" if node.get("participant") else "to"), encs


def _watch(state: State, device: Device, addressed: list[tuple[Jid, list[Node]]]) -> None:
    for recipient, encs in addressed:
        for enc in encs:
            watch(state, device, recipient, enc)


def _hand_over(state: State, device: Device, recipient: Jid, node: Node, encs: list[Node]) -> None:
    account = state.directory.find(recipient)
    if account is None:
        state.audit.counts["messages to unknown devices"] += 1
        return
    if device.account.lid in account.blocked:
        state.audit.counts["messages to who has blocked their sender"] += 1
        return
    copy = _copy_for(state, device, account, recipient, node, encs)
    if recipient.device == 0:
        reading.receive(state, account, copy)
        return
    target = account.devices.get(recipient.device)
    if target is None:
        state.audit.counts["messages to unknown devices"] += 1
    elif target is not device:
        state.deliver(target, copy)


def _copy_for(state: State, device: Device, account: Account, recipient: Jid, node: Node, encs: list[Node]) -> Node:
    """The stanza as one recipient gets it: own devices learn whom it is for, others both addresses of the sender."""
    by_lid, sender = recipient.is_lid, device.account
    attrs: Attrs = {
        "from": device.lid if by_lid else device.pn,
        **{name: node.get(name) for name in _PASSED_ON},
        "t": state.stamp,
        "notify": sender.name,
        "addressing_mode": "lid" if by_lid else "pn",
    }
    if account is not sender:
        attrs["sender_pn" if by_lid else "sender_lid"] = sender.pn if by_lid else sender.lid
    elif node.get("category") != "peer":
        attrs["recipient"] = node.get("recipient") or node.jid("to").bare
        attrs["peer_recipient_pn"] = node.get("peer_recipient_pn")
    return Node("message", attrs, [*encs, *(child for child in node.children if child.tag in _RIDE_ALONG)])
