"""Asking the server about people (`usync`): their LIDs, and the devices they have linked.

Facts: whatsmeow `user.go`; how a device list is judged by its signed key indexes: whatsapp-rust `wacore/src/adv.rs`,
after WhatsApp Web.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from whatsapp_wire.errors import WireError
from whatsapp_wire.jid import HOSTED_LID_SERVER, HOSTED_SERVER, Jid
from whatsapp_wire.node import Node
from whatsapp_wire.pairing.identity import KeyIndexes, verify_key_index_list
from whatsapp_wire.stanza.attributes import number, optional_jid, optional_number
from whatsapp_wire.stanza.iq import request

VERIFIED_NAME: Final = Node("business", content=[Node("verified_name")])
"""What to ask for to learn the name of a business."""

_DEVICES = ("devices", {"version": "2"})


@dataclass(frozen=True, slots=True)
class Person:
    """What a look-up says about one address that was asked for: its LID, or that the server knows none."""

    jid: Jid
    lid: Jid | None


@dataclass(frozen=True, slots=True)
class LinkedDevice:
    """One entry of a device list; `key_index` is None where the server left it out, as for the phone itself."""

    jid: Jid
    key_index: int | None


@dataclass(frozen=True, slots=True)
class DeviceList:
    """The devices of one person, as the server tells them, with the account's signed list of them if it came along."""

    user: Jid
    devices: tuple[LinkedDevice, ...]
    key_index_list: bytes | None


class Verdict(Enum):
    """What the signed key-index list says about a device list."""

    SIGNED = "signed"
    UNSIGNED = "unsigned"
    FORGED = "forged"


@dataclass(frozen=True, slots=True)
class JudgedDevices:
    """A device list after its check.

    `vouched` are the devices to encrypt for: the phone always, companions where the account vouches for them.
    `unvouched` are the others. `indexes` is the list that was believed, if any.
    """

    verdict: Verdict
    vouched: tuple[Jid, ...]
    unvouched: tuple[Jid, ...]
    indexes: KeyIndexes | None = None


def lid_query(id: str, sid: str, users: Iterable[Jid]) -> Node:
    """Look people up by phone-number address; asks for all that whatsmeow asks for when it needs a LID."""
    query = [
        VERIFIED_NAME,
        Node("status"),
        Node("picture"),
        Node(*_DEVICES),
        Node("lid"),
    ]
    return _usync(id, sid, "full", "background", query, users)


def parse_people(answer: Node) -> tuple[Person, ...]:
    """Read the answer to `lid_query`; raises StanzaRefused."""
    return tuple(Person(user.jid("jid").bare, _lid(user)) for user in asked_users(answer))


def device_query(id: str, sid: str, users: Iterable[Jid]) -> Node:
    """Ask for the device lists of people, by LID or phone-number address."""
    return _usync(id, sid, "query", "message", [Node(*_DEVICES)], users)


def parse_devices(answer: Node) -> tuple[DeviceList, ...]:
    """Read the device lists in an answer to `device_query` or `lid_query`; raises StanzaRefused.

    A person without a list (unknown, or not on WhatsApp) has no devices at all.
    """
    return tuple(_device_list(user) for user in asked_users(answer))


def judge(devices: DeviceList, account_identity: bytes | None = None) -> JudgedDevices:
    """Check a device list against the account's signed key indexes.

    With `account_identity` (the phone's identity key, if a session or pairing taught it) only that signer is believed.
    Without a list no companion is vouched for; whether to trust the server's word then is the caller's choice.
    """
    phone, companions = _split(devices)
    if devices.key_index_list is None:
        return JudgedDevices(Verdict.UNSIGNED, phone, tuple(companion.jid for companion in companions))
    try:
        indexes = verify_key_index_list(devices.key_index_list, account_identity)
    except WireError:
        return JudgedDevices(Verdict.FORGED, phone, tuple(companion.jid for companion in companions))
    vouched = [device.jid for device in companions if _is_vouched(device, indexes)]
    unvouched = [device.jid for device in companions if not _is_vouched(device, indexes)]
    return JudgedDevices(Verdict.SIGNED, (*phone, *vouched), tuple(unvouched), indexes)


def usync_request(id: str, sid: str, mode: str, context: str, query: Sequence[Node], users: Sequence[Node]) -> Node:
    """Ask for something of several people, each a `user`."""
    attrs = {"sid": sid, "mode": mode, "last": "true", "index": "0", "context": context}
    asked = [Node("query", content=list(query)), Node("list", content=list(users))]
    return request(id, "usync", "get", [Node("usync", attrs, asked)])


def asked_users(answer: Node) -> list[Node]:
    """Each `user` of an answer; raises StanzaRefused."""
    return answer.require("usync").require("list").all("user")


def _usync(id: str, sid: str, mode: str, context: str, query: Sequence[Node], users: Iterable[Jid]) -> Node:
    return usync_request(id, sid, mode, context, query, [Node("user", {"jid": user.bare}) for user in users])


def _lid(user: Node) -> Jid | None:
    lid = user.child("lid")
    return optional_jid(lid, "val") if lid is not None else None


def _device_list(user: Node) -> DeviceList:
    jid = user.jid("jid").bare
    listed, signed = user.path("devices", "device-list"), user.path("devices", "key-index-list")
    devices = tuple(_device(jid, device) for device in listed.all("device")) if listed is not None else ()
    return DeviceList(jid, devices, signed.bytes() if signed is not None and signed.content is not None else None)


def _device(user: Jid, device: Node) -> LinkedDevice:
    jid = user.with_device(number(device, "id"))
    if device.get("is_hosted") == "true":
        jid = Jid.of(jid.user, HOSTED_LID_SERVER if jid.is_lid else HOSTED_SERVER, jid.device)
    return LinkedDevice(jid, optional_number(device, "key-index"))


def _split(devices: DeviceList) -> tuple[tuple[Jid, ...], list[LinkedDevice]]:
    phone = tuple(device.jid for device in devices.devices if device.jid.device == 0)
    return phone, [device for device in devices.devices if device.jid.device]


def _is_vouched(device: LinkedDevice, indexes: KeyIndexes) -> bool:
    return device.key_index is not None and indexes.vouches_for(device.key_index)
