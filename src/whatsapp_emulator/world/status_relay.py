"""Status posts from a companion: everybody who gets the key along gets the post, and nobody else.

The server learns the audience from the post itself: the devices in its list of participants (whatsmeow `send.go`).
"""

from __future__ import annotations

from whatsapp_emulator.world import reading
from whatsapp_emulator.world.accounts import Account, Device
from whatsapp_emulator.world.links import Attrs, Link
from whatsapp_emulator.world.state import State
from whatsapp_emulator.world.watching import watch
from whatsapp_wire import participants
from whatsapp_wire.jid import STATUS_BROADCAST, Jid
from whatsapp_wire.node import Node
from whatsapp_wire.signal.session import message_counter

_PASSED_ON = ("id", "type", "edit")
_RIDE_ALONG = frozenset({"device-identity", "meta"})


def hear(state: State, link: Link, device: Device, node: Node) -> None:
    """Relay a post to its audience and acknowledge it. Raises StanzaRefused."""
    keys = {to.jid("jid"): to.all("enc") for listed in node.all("participants") for to in listed.all("to")}
    single = node.jid("participant") if node.get("participant") else None
    fresh = _watch(state, device, node, keys, single)
    if state.faults.lose_messages:
        return
    ack: Attrs = {"class": "message", "id": node.attr("id"), "from": STATUS_BROADCAST, "t": state.stamp}
    if state.faults.ack_error is not None:
        state.send(link, Node("ack", {**ack, "error": state.faults.ack_error}))
        return
    phash = node.get("phash")
    if phash is not None and phash != (expected := _phash(state, device, keys)):
        state.audit.counts["participant hash differs"] += 1
        ack["phash"] = expected
    if not state.faults.no_ack:
        state.send(link, Node("ack", ack))
    if single is not None:
        _hand_over(state, device, single, node, [enc for enc in node.children if enc.tag == "enc"])
        return
    given = {_lid(state, to) for to in keys}
    if fresh is not None:
        _judge(state, device, fresh, given)
    everybody = [enc for enc in node.all("enc") if enc.attr("type") == "skmsg"]
    for to, encs in keys.items():
        _hand_over(state, device, to, node, [*encs, *everybody])


def _watch(state: State, device: Device, node: Node, keys: dict[Jid, list[Node]], single: Jid | None) -> bytes | None:
    """Look at every ciphertext; returns the chain of a `skmsg` that was not seen before."""
    for to, encs in keys.items():
        for enc in encs:
            watch(state, device, to, enc)
    chain = None
    for enc in node.all("enc"):
        seen = watch(state, device, single or STATUS_BROADCAST, enc)
        if enc.attr("type") == "skmsg" and seen == "new":
            chain = message_counter("skmsg", enc.bytes()).chain
    return chain


def _judge(state: State, device: Device, chain: bytes, given: set[Jid]) -> None:
    """A post goes with a key that nobody outside its audience ever got, and the account's own phone sees it, too."""
    device.status_keys = {chain: device.status_keys.get(chain, set())}  # no older chain is of interest
    had = device.status_keys[chain]
    outside = sorted(had.difference(given))
    had |= given
    if outside:
        detail = f"{', '.join(outside)} had the key of a status post that is not for them"
        state.audit.violate("sender_key_not_rotated", device.label, detail, state.now)
    if device.account.lid not in given:
        detail = "the account's own phone got no key of a status post"
        state.audit.violate("sender_key_missing", device.label, detail, state.now)


def _phash(state: State, sender: Device, keys: dict[Jid, list[Node]]) -> str:
    """The hash of all devices of everybody who got something, spelled as the client does."""
    spelled = set()
    for to in keys:
        account = state.directory.find(to)
        if account is not None:
            home = account.lid if to.is_lid else account.pn
            spelled |= {home, *(home.with_device(id) for id in account.devices)}
    own = next((to for to in keys if sender.account.owns(to)), sender.lid)
    spelled.add(sender.lid if own.is_lid else sender.pn)
    return participants.phash(spelled)


def _hand_over(state: State, sender: Device, to: Jid, node: Node, encs: list[Node]) -> None:
    account = state.directory.find(to)
    if account is None:
        state.audit.counts["messages to unknown devices"] += 1
        return
    if sender.account.lid in account.blocked:
        state.audit.counts["messages to who has blocked their sender"] += 1
        return
    ride_along = [child for child in node.children if child.tag in _RIDE_ALONG]
    copy = Node("message", _head(state, sender, node, by_lid=to.is_lid), [*encs, *ride_along])
    if to.device == 0:
        reading.receive(state, account, copy)
        return
    device = account.devices.get(to.device)
    if device is None:
        state.audit.counts["messages to unknown devices"] += 1
    elif device is not sender:
        state.deliver(device, copy)


def _head(state: State, sender: Device, node: Node, *, by_lid: bool) -> Attrs:
    account: Account = sender.account
    other = {"participant_pn": account.pn} if by_lid else {"participant_lid": account.lid}
    return {
        "from": STATUS_BROADCAST,
        "participant": sender.lid if by_lid else sender.pn,
        **other,
        **{name: node.get(name) for name in _PASSED_ON},
        "t": state.stamp,
        "notify": account.name,
        "addressing_mode": "lid" if by_lid else "pn",
    }


def _lid(state: State, jid: Jid) -> Jid:
    account = state.directory.find(jid)
    return jid if account is None else account.lid.with_device(jid.device)
