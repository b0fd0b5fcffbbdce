"""Notifications: what the server tells us that is not a message (whatsmeow `notification.go`).

Only what an engine acts upon is taken apart; every other kind is an `Other`, to be acknowledged all the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from whatsapp_wire.jid import SERVER, Jid
from whatsapp_wire.node import Node
from whatsapp_wire.stanza.attributes import optional_jid, optional_number, timestamp
from whatsapp_wire.stanza.group_changes import GroupChanged, parse_group_changed
from whatsapp_wire.stanza.media import MediaRetried, parse_retried
from whatsapp_wire.stanza.pairing import PrimaryHello, parse_primary_hello
from whatsapp_wire.stanza.passkey import PasskeyAsked, PasskeyContinued, parse_asked, parse_continued
from whatsapp_wire.stanza.people import (
    AboutChanged,
    BlocklistChanged,
    NumberChanged,
    parse_about_changed,
    parse_blocklist_changed,
    parse_number_changed,
)
from whatsapp_wire.stanza.prekeys import parse_count

TRUSTED_CONTACT: Final = "trusted_contact"


@dataclass(frozen=True, slots=True)
class PreKeysLow:
    """The server has only `count` of our one-time prekeys left."""

    count: int


@dataclass(frozen=True, slots=True)
class IdentityChanged:
    """This person has a new phone or a new account: every session with their devices is void."""

    user: Jid


@dataclass(frozen=True, slots=True)
class DevicesChanged:
    """A contact linked or removed devices; `change` is `add`, `remove` or `update`, `user_lid` their LID if told."""

    user: Jid
    user_lid: Jid | None
    change: str
    devices: tuple[Jid, ...]


@dataclass(frozen=True, slots=True)
class OwnDevicesChanged:
    """Our account's whole device list, the phone included, with its hash."""

    devices: tuple[Jid, ...]
    phash: str | None


@dataclass(frozen=True, slots=True)
class AccountChanged:
    """Something of our account changed on another device: `parts` such as `privacy`, `picture`, `blocklist`."""

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PrivacyToken:
    """A token that lets us write to a person; `kind` is TRUSTED_CONTACT or a newer word, `timestamp` in seconds."""

    kind: str
    token: bytes
    timestamp: int


@dataclass(frozen=True, slots=True)
class PrivacyTokens:
    """The tokens one person gave us."""

    user: Jid
    user_lid: Jid | None
    tokens: tuple[PrivacyToken, ...]


@dataclass(frozen=True, slots=True)
class AppStateChanged:
    """Collections of the account's app state have newer versions."""

    versions: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class PictureChanged:
    """The picture of a person or group: `picture_id` is None when it was removed, or when only a hash was told."""

    chat: Jid
    author: Jid | None
    picture_id: str | None
    is_removed: bool


@dataclass(frozen=True, slots=True)
class Other:
    """A kind that is not taken apart here; `tags` are those of its children."""

    tags: tuple[str, ...]


Content: TypeAlias = (
    PreKeysLow
    | IdentityChanged
    | DevicesChanged
    | OwnDevicesChanged
    | AccountChanged
    | PrivacyTokens
    | PrimaryHello
    | PasskeyAsked
    | PasskeyContinued
    | AppStateChanged
    | PictureChanged
    | AboutChanged
    | BlocklistChanged
    | NumberChanged
    | MediaRetried
    | GroupChanged
    | Other
)


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification; `type` is the server's word for it, `timestamp` in seconds."""

    id: str
    came_from: Jid
    type: str
    timestamp: int
    is_offline: bool
    content: Content


def parse_notification(stanza: Node) -> Notification:
    """Read a `notification`; raises StanzaRefused when it, or a part its type must have, is incomplete."""
    type = stanza.get("type") or ""
    return Notification(
        id=stanza.attr("id"),
        came_from=stanza.jid("from"),
        type=type,
        timestamp=timestamp(stanza),
        is_offline=stanza.get("offline") is not None,
        content=_READERS.get(type, _other)(stanza),
    )


def _other(stanza: Node) -> Other:
    return Other(tuple(child.tag for child in stanza.children))


def _encrypt(stanza: Node) -> Content:
    came_from = stanza.jid("from")
    if came_from == SERVER and stanza.child("count") is not None:
        return PreKeysLow(parse_count(stanza))
    if stanza.child("identity") is not None:
        return IdentityChanged(came_from.bare)
    return _other(stanza)


def _devices(stanza: Node) -> Content:
    change = next((child for child in stanza.children if child.tag in ("add", "remove", "update")), None)
    if change is None:
        return _other(stanza)
    devices = (optional_jid(device, "jid") for device in change.all("device"))
    changed = tuple(device for device in devices if device is not None)
    return DevicesChanged(stanza.jid("from").bare, optional_jid(stanza, "lid"), change.tag, changed)


def _account_sync(stanza: Node) -> Content:
    listed, blocklist = stanza.child("devices"), stanza.child("blocklist")
    if blocklist is not None:
        return parse_blocklist_changed(blocklist)
    if listed is None:
        return AccountChanged(tuple(child.tag for child in stanza.children))
    return OwnDevicesChanged(tuple(device.jid("jid") for device in listed.all("device")), listed.get("dhash"))


def _privacy_token(stanza: Node) -> PrivacyTokens:
    tokens = tuple(
        PrivacyToken(token.attr("type"), token.bytes(), timestamp(token))
        for token in stanza.require("tokens").all("token")
    )
    return PrivacyTokens(stanza.jid("from").bare, optional_jid(stanza, "sender_lid"), tokens)


def _server_sync(stanza: Node) -> AppStateChanged:
    collections = stanza.all("collection")
    return AppStateChanged(tuple((item.attr("name"), optional_number(item, "version") or 0) for item in collections))


def _picture(stanza: Node) -> Content:
    change = next((child for child in stanza.children if child.tag in ("add", "set", "delete")), None)
    if change is None:
        return _other(stanza)
    chat, author = optional_jid(change, "jid") or stanza.jid("from"), optional_jid(change, "author")
    return PictureChanged(chat, author, change.get("id"), change.tag == "delete")


def _about(stanza: Node) -> Content:
    return parse_about_changed(stanza) or _other(stanza)


def _contacts(stanza: Node) -> Content:
    return parse_number_changed(stanza) or _other(stanza)


def _passkey_asked(stanza: Node) -> Content:
    return parse_asked(stanza) if stanza.jid("from") == SERVER else _other(stanza)


def _passkey_continued(stanza: Node) -> Content:
    return parse_continued(stanza) if stanza.jid("from") == SERVER else _other(stanza)


def _media_retry(stanza: Node) -> Content:
    return _other(stanza) if stanza.child("rmr") is None else parse_retried(stanza)


_READERS: Final[dict[str, Callable[[Node], Content]]] = {
    "encrypt": _encrypt,
    "devices": _devices,
    "account_sync": _account_sync,
    "privacy_token": _privacy_token,
    "link_code_companion_reg": parse_primary_hello,
    "passkey_prologue_request": _passkey_asked,
    "crsc_continuation": _passkey_continued,
    "server_sync": _server_sync,
    "picture": _picture,
    "status": _about,
    "contacts": _contacts,
    "mediaretry": _media_retry,
    "w:gp2": parse_group_changed,
}
