"""Messages from a companion to a group: one ciphertext for everybody, with its key for each device that lacks it.

The server cannot read any of it, but it sees who got a key, so strict mode can tell when somebody should have got one,
or a new one after somebody went.
"""

from __future__ import annotations

from whatsapp_emulator.world import reading
from whatsapp_emulator.world.accounts import Account, Device
from whatsapp_emulator.world.groups import Audience, Group, SenderKeys
from whatsapp_emulator.world.links import Attrs, Link
from whatsapp_emulator.world.state import State
from whatsapp_emulator.world.watching import watch
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.signal.session import message_counter

_PASSED_ON = ("id", "type", "edit")
_RIDE_ALONG = frozenset({"device-identity", "meta", "biz", "bot", "reporting", "multicast"})
_NEWS_OF_DEVICES = frozenset({"w:gp2", "devices", "account_sync"})


def hear(state: State, link: Link, device: Device, node: Node) -> None:
    """Relay a message to a group and acknowledge it. Raises StanzaRefused."""
    jid, faults = node.jid("to"), state.faults
    keys = {to.jid("jid"): to.all("enc") for listed in node.all("participants") for to in listed.all("to")}
    single = node.jid("participant") if node.get("participant") else None
    fresh = _watch(state, device, node, keys, single)
    if faults.lose_messages:
        return
    ack: Attrs = {"class": "message", "id": node.attr("id"), "from": jid, "t": state.stamp}
    group = state.groups.find(jid)
    error = faults.ack_error or _error(group, device.account)
    if error is not None or group is None:
        state.send(link, Node("ack", {**ack, "error": error}))
        return
    phash = node.get("phash")
    if phash is not None and phash != group.phash():
        state.audit.counts["participant hash differs"] += 1
        ack["phash"] = group.phash()
    if not faults.no_ack:
        state.send(link, Node("ack", ack))
    if single is None:
        if fresh is not None:
            _judge(state, device, group, fresh, [_lid(state, to) for to in keys])
        _fan_out(state, device, group, node, keys)
    else:
        _resend(state, device, group, node, single)


def _error(group: Group | None, sender: Account) -> int | None:
    """Why a message is not taken: 404 no such group, 403 not in it, 405 only admins write there."""
    if group is None:
        return 404
    if sender not in group.members:
        return 403
    return None if group.may_write(sender) else 405


def _watch(state: State, device: Device, node: Node, keys: dict[Jid, list[Node]], single: Jid | None) -> bytes | None:
    """Look at every ciphertext; returns the chain of a `skmsg` that was not seen before."""
    for to, encs in keys.items():
        for enc in encs:
            watch(state, device, to, enc)
    chain = None
    for enc in node.all("enc"):
        seen = watch(state, device, single or node.jid("to"), enc)
        if enc.attr("type") == "skmsg" and seen == "new":
            chain = message_counter("skmsg", enc.bytes()).chain
    return chain


def _judge(state: State, device: Device, group: Group, chain: bytes, given: list[Jid]) -> None:
    """Compare who has the key that a message was written with, with who should have it.

    What a client has not acknowledged to have heard it need not know.
    """
    state.audit.counts["sender keys given"] += len(given)
    known = group.keys.setdefault(device.lid, SenderKeys())
    former = known.holders if known.chain == chain else set()
    meant = {jid: other for _, jid, other in group.devices() if jid != device.lid}
    # What was for somebody who is gone reaches nobody, and what Baileys gives to itself does not count.
    known.chain, known.holders = chain, former.union(given).intersection({*former, *meant})
    missing = [jid for jid, other in meant.items() if jid not in known.holders and _has_keys(state, other)]
    gone = sorted(former.difference(meant))
    if not missing and not gone:
        return
    if any(waiting.get("type") in _NEWS_OF_DEVICES for waiting in device.queue):
        state.audit.counts["sender keys behind the news"] += 1
        return
    if missing:
        detail = f"{len(missing)} devices got no key of {group.jid}: {', '.join(missing)}"
        state.audit.violate("sender_key_missing", device.label, detail, state.now)
    if gone:
        detail = f"the key of {group.jid} is still the one that {', '.join(gone)} had, who are not there any more"
        state.audit.violate("sender_key_not_rotated", device.label, detail, state.now)


def _has_keys(state: State, device: Device | None) -> bool:
    """Whether a stranger could write to a device at all."""
    return not state.faults.no_prekeys and (device is None or device.keys.signed_prekey is not None)


def _fan_out(state: State, sender: Device, group: Group, node: Node, keys: dict[Jid, list[Node]]) -> None:
    by_device = {_lid(state, to): encs for to, encs in keys.items()}
    everybody = [enc for enc in node.all("enc") if enc.attr("type") == "skmsg"]
    ride_along = [child for child in node.children if child.tag in _RIDE_ALONG]
    present = list(group.devices())
    audience = _audience(group, sender, node.attr("id"))
    for account, jid, device in present:
        if device is sender or jid not in audience.devices:
            continue
        copy = Node("message", _head(state, sender, group, node), [*by_device.get(jid, []), *everybody, *ride_along])
        if device is not None:
            state.deliver(device, copy)
            continue
        if jid in audience.keyless:
            # It will ask for what it cannot read, and that is already held against the sender, or excused.
            account.handset.provoked.add(sender.lid)
        reading.receive(state, account, copy)
    for to in set(by_device).difference(jid for _, jid, _ in present):
        state.audit.counts["messages to unknown devices"] += 1
        del by_device[to]


def _audience(group: Group, sender: Device, id: str) -> Audience:
    """Whom a message goes to; by the time the same comes again, who is there and who has which key may have changed."""
    known = group.audiences.get((sender.lid, id))
    if known is None:
        devices = frozenset(jid for _, jid, _ in group.devices())
        holders = group.keys.get(sender.lid, SenderKeys()).holders
        known = group.audiences[sender.lid, id] = Audience(devices, devices - holders)
    return known


def _resend(state: State, sender: Device, group: Group, node: Node, to: Jid) -> None:
    """One device asked for a message again; what it gets carries the key, too, unless the sender has none any more.

    A phone shows whether it got one; of a companion, whose messages nobody here can read, it is taken for granted.
    """
    account = state.directory.find(to)
    if account is None or account not in group.members:
        state.audit.counts["messages to unknown devices"] += 1
        return
    holders = group.keys.setdefault(sender.lid, SenderKeys()).holders
    content = [child for child in node.children if child.tag == "enc" or child.tag in _RIDE_ALONG]
    copy = Node("message", _head(state, sender, group, node), content)
    device = account.devices.get(to.device)
    if to.device == 0:
        keyring = account.handset.keyring
        before = keyring.group_key(group.jid, sender.lid)
        reading.receive(state, account, copy)
        if keyring.group_key(group.jid, sender.lid) != before:
            holders.add(account.lid)
    elif device is not None:
        holders.add(device.lid)
        state.deliver(device, copy)


def _head(state: State, sender: Device, group: Group, node: Node) -> Attrs:
    other = {"participant_pn": sender.account.pn} if group.by_lid else {"participant_lid": sender.account.lid}
    return {
        "from": group.jid,
        "participant": group.address_of(sender),
        **other,
        **{name: node.get(name) for name in _PASSED_ON},
        "t": state.stamp,
        "notify": sender.account.name,
        "addressing_mode": "lid" if group.by_lid else "pn",
    }


def _lid(state: State, jid: Jid) -> Jid:
    account = state.directory.find(jid)
    return jid if account is None else account.lid.with_device(jid.device)
