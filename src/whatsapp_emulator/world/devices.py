"""An account's list of linked devices: how it is shown, signed, changed, and who is told."""

import base64
from collections.abc import Iterable
from hashlib import sha256

from whatsapp_emulator.world.accounts import Account, Device, SignedList
from whatsapp_emulator.world.state import State
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.pairing.identity import KeyIndexes, sign_key_index_list

PHONE = 0
"""The device number of the phone itself."""


def device_list(state: State, account: Account) -> Node:
    """The answer to a `devices` query: numbers with their key index, and the list the account signed."""
    rows = [Node("device", {"id": id, "key-index": id}) for id in (PHONE, *sorted(account.devices))]
    return Node("devices", None, [Node("device-list", None, rows), _key_index_list(state, account)])


def link(state: State, device: Device) -> None:
    """Make a device part of its account, and tell whom it concerns."""
    account = device.account
    account.devices[device.id] = device
    _tell_observers(state, account, "add", device)
    _tell_own(state, account, without=device)


def unlink(state: State, device: Device) -> None:
    """Remove a device: its connection ends with `device_removed`, its next login will get a 401."""
    account = device.account
    if account.devices.pop(device.id, None) is None:
        return
    if device.link is not None:
        conflict = Node("conflict", {"type": "device_removed"})
        state.break_stream(device.link, Node("stream:error", {"code": "401"}, [conflict]))
    _tell_observers(state, account, "remove", device)
    _tell_own(state, account, without=device)


def tell_identity_changed(state: State, account: Account) -> None:
    """Tell whoever knew the account's devices that its identity key is another one."""
    for observer in _live(account.observers):
        if observer.account is not account:
            state.notify(observer, "encrypt", account, [Node("identity")], lid=account.lid)


def devices_hash(devices: Iterable[Jid]) -> str:
    """The hash by which clients and server compare device lists (whatsmeow `participantListHashV2`)."""
    spelled = sorted(f"{jid.user}.0:{jid.device}@{jid.server}" for jid in devices)
    return "2:" + base64.b64encode(sha256("".join(spelled).encode()).digest()[:6]).decode().rstrip("=")


def _key_index_list(state: State, account: Account) -> Node:
    """The phone signs the list anew when it changed; between changes everybody gets the same bytes."""
    ids = tuple(account.devices)
    if account.signed_list is None or account.signed_list.ids != ids:
        current = max(ids, default=PHONE)
        indexes = KeyIndexes(account.raw_id, state.stamp, current, frozenset((PHONE, *ids)))
        account.signed_list = SignedList(ids, state.stamp, sign_key_index_list(account.identity, indexes))
    return Node("key-index-list", {"ts": account.signed_list.stamp}, account.signed_list.signed)


def _tell_observers(state: State, account: Account, change: str, device: Device) -> None:
    pns = [account.pn.with_device(id) for id in (PHONE, *account.devices)]
    lids = [account.lid.with_device(id) for id in (PHONE, *account.devices)]
    changed = Node(
        change,
        {"device_hash": devices_hash(pns), "device_lid_hash": devices_hash(lids)},
        [
            Node("device", {"jid": device.pn, "lid": device.lid, "key-index": device.id}),
            _key_index_list(state, account),
        ],
    )
    for observer in _live(account.observers):
        if observer.account is not account:
            state.notify(observer, "devices", account, [changed], lid=account.lid)


def _tell_own(state: State, account: Account, without: Device) -> None:
    pns = [account.pn.with_device(id) for id in (PHONE, *account.devices)]
    rows = [Node("device", {"jid": pn, "key-index": pn.device}) for pn in pns]
    listed = Node("devices", {"dhash": devices_hash(pns)}, [*rows, _key_index_list(state, account)])
    for other in account.devices.values():
        if other is not without:
            state.notify(other, "account_sync", account, [listed])


def _live(observers: set[Device]) -> list[Device]:
    """Those still linked, in a stable order; a device that was removed observes nothing any more."""
    linked = [observer for observer in observers if observer.account.devices.get(observer.id) is observer]
    return sorted(linked, key=lambda observer: observer.label)
