"""The pictures of people and groups: who sets them, who may see them, where they lie (whatsmeow `user.go`)."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Final

from whatsapp_emulator.world import group_rules, people
from whatsapp_emulator.world.accounts import Account, Device, Picture
from whatsapp_emulator.world.replies import NOT_FOUND, IqRefused, Reply
from whatsapp_emulator.world.state import State
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node

_HIDDEN: Final = IqRefused(401, "not-authorized")
_NO_JPEG: Final = IqRefused(406, "not-acceptable")
_JPEG: Final = b"\xff\xd8\xff"
_LARGEST: Final = 1 << 20
_PATH: Final = "/v/pictures/"
_URL_KEY: Final = b"pictures"


def answer(state: State, device: Device, iq: Node) -> Reply:
    """Tell where a picture lies, or set one: our own, or (`target`) a group's. Raises IqRefused, StanzaRefused."""
    target = iq.jid("target") if iq.get("target") else None
    if iq.get("type") == "set":
        child = iq.child("picture")
        picture_id = _set(state, device, target, None if child is None else child.bytes())
        return Reply([] if picture_id is None else [Node("picture", {"id": picture_id})])
    asked = iq.require("picture")
    picture = _visible(state, device.account, device.account.pn if target is None else target)
    if picture is None:
        raise NOT_FOUND
    if asked.get("id") == picture.id:
        return Reply([Node("picture", {"status": "304"})])
    kind = asked.get("type") or "image"
    path = path_of(picture, kind)
    url = f"https://{state.media.hosts[0]}{path}" if state.media.hosts else f"https://pps.whatsapp.net{path}"
    told = {"id": picture.id, "type": kind, "url": url, "direct_path": path}
    return Reply([Node("picture", told)])


def picture_node(state: State, account: Account, asking: Account) -> Node | None:
    """A person's picture as a look-up shows it."""
    if account.picture is None or not people.shows(account, "profile", asking):
        return None
    return Node("picture", {"id": account.picture.id})


def set_own(state: State, account: Account, jpeg: bytes | None, by: Device | None = None) -> str | None:
    """A person shows another picture, or none; its id. Raises IqRefused for what is no small JPEG."""
    check(jpeg)
    account.picture = None if jpeg is None else Picture(str(state.entropy.randrange(10**9, 10**10)), jpeg)
    picture_id = None if account.picture is None else account.picture.id
    change = Node("set" if picture_id else "delete", {"jid": account.pn, "id": picture_id, "author": account.pn})
    for observer in people.acquaintances(state, account):
        if people.shows(account, "profile", observer.account):
            state.notify(observer, "picture", account, [change])
    people.tell_own(state, account, Node("picture"), by)
    return picture_id


def check(jpeg: bytes | None) -> None:
    """Raise IqRefused for what is no JPEG, or too large."""
    if jpeg is not None and (not jpeg.startswith(_JPEG) or len(jpeg) > _LARGEST):
        raise _NO_JPEG


def path_of(picture: Picture, kind: str) -> str:
    """Where a picture lies on the media hosts; nobody can guess it."""
    secret = hmac.new(_URL_KEY, picture.id.encode() + picture.jpeg, sha256).hexdigest()[:32]
    return f"{_PATH}{kind}/{picture.id}-{secret}.jpg"


def find(state: State, path: str) -> bytes | None:
    """The picture at a path of the media hosts."""
    if not path.startswith(_PATH):
        return None
    kind = path.removeprefix(_PATH).partition("/")[0]
    shown = [account.picture for account in state.directory] + [group.picture for group in state.groups]
    return next((each.jpeg for each in shown if each is not None and path_of(each, kind) == path), None)


def _set(state: State, device: Device, target: Jid | None, jpeg: bytes | None) -> str | None:
    if target is None or not target.is_group:
        if target is not None and state.directory.find(target) is not device.account:
            raise _HIDDEN
        return set_own(state, device.account, jpeg, device)
    group = state.groups.find(target)
    if group is None:
        raise NOT_FOUND
    check(jpeg)
    return group_rules.set_picture(state, group, device.account, jpeg)


def _visible(state: State, asking: Account, target: Jid) -> Picture | None:
    if target.is_group:
        group = state.groups.find(target)
        if group is None:
            raise NOT_FOUND
        if asking not in group.members:
            raise _HIDDEN
        return group.picture
    account = state.directory.find(target)
    if account is None:
        raise NOT_FOUND
    if not people.shows(account, "profile", asking):
        raise _HIDDEN
    return account.picture
