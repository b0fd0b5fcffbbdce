"""Receipts: delivered, read, played, for own devices only, and the request to send again (whatsmeow `receipt.go`)."""

from whatsapp_emulator.world import media, retries
from whatsapp_emulator.world.accounts import Account, Device
from whatsapp_emulator.world.handset import SeenReceipt
from whatsapp_emulator.world.links import Attrs, Link
from whatsapp_emulator.world.state import State
from whatsapp_wire.errors import SignalError
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node

_OWN_DEVICES_ONLY = frozenset({"sender", "peer_msg", "hist_sync", "read-self", "played-self"})
"""Receipts that tell the server something, and nobody else."""

_PASSED_ON = ("id", "type", "recipient", "participant", "category")


def hear(state: State, link: Link, node: Node) -> None:
    """A client acknowledges a message by its receipt, and the other side learns of it. Raises StanzaRefused."""
    device = link.device
    if device is None:
        state.violate("unhandled_stanza", link, repr(node))
        return
    to, kind = node.jid("to"), node.get("type")
    if kind == "retry":
        device.queue.excuse(node)
    elif kind != "server-error" and not device.queue.acknowledge("message", node):
        state.audit.counts["receipts for nothing queued"] += 1
    state.audit.counts[f"receipt {kind or 'delivered'}"] += 1
    ack = {"class": "receipt", "id": node.attr("id"), "from": to, "type": kind, "participant": node.get("participant")}
    state.send(link, Node("ack", ack))
    author = node.jid("participant") if to.is_shared else to
    account = state.directory.find(author)
    if kind == "server-error" and account is device.account:
        media.hear_retry(state, device, node)
        return
    if account is None or kind in _OWN_DEVICES_ONLY:
        return
    source = device.lid if author.is_lid else device.pn
    if kind == "retry":
        _pass_on_retry(state, account, device, source, node)
    elif account is not device.account:
        spread(state, account, source, node, to if to.is_shared else None)


def spread(state: State, account: Account, source: Jid, receipt: Node, group: Jid | None = None) -> None:
    """Show a receipt to every device of an account, the phone among them; `group` is where the messages were said."""
    ids = (receipt.attr("id"), *(item.attr("id") for listed in receipt.all("list") for item in listed.all("item")))
    kind = receipt.get("type") or "delivered"
    account.handset.receipts.append(SeenReceipt(source, kind, ids, state.now))
    for device in account.devices.values():
        state.deliver(device, _from(state, source, receipt, group))


def receipt_of(ids: list[str], type: str | None = None) -> Node:
    """A receipt of a phone for one or more messages, without its sender."""
    listed = [Node("list", None, [Node("item", {"id": id}) for id in ids[1:]])] if ids[1:] else None
    return Node("receipt", {"id": ids[0], "type": type}, listed)


def _pass_on_retry(state: State, account: Account, device: Device, source: Jid, node: Node) -> None:
    """A retry request concerns only the device that sent the message."""
    group = node.jid("to") if node.jid("to").is_shared else None
    to = node.jid("to") if group is None else node.jid("participant")
    if to.device == 0:
        try:
            retries.answer(state, account, device, node)
        except SignalError as error:
            state.audit.violate("bad_signature", device.label, f"keys in a retry receipt: {error}", state.now)
        return
    target = account.devices.get(to.device)
    if target is not None:
        state.deliver(target, _from(state, source, node, group))


def _from(state: State, source: Jid, receipt: Node, group: Jid | None) -> Node:
    head: Attrs = {"from": source, "t": state.stamp, **{name: receipt.get(name) for name in _PASSED_ON}}
    if group is not None:
        head |= {"from": group, "participant": source}
        account = state.directory.find(source)
        if account is not None:
            head["participant_pn" if source.is_lid else "participant_lid"] = (
                account.pn if source.is_lid else account.lid
            )
    return Node("receipt", head, receipt.content)
