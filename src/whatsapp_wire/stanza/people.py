"""What is known of people, and our own profile: number checks, abouts, pictures, blocking, and what is told of them.

Facts: whatsmeow `user.go` and `notification.go`, Baileys `Socket/chats.ts` (`updateBlockStatus`,
`updateProfilePicture`), whatsapp-rust for the notification `contacts`.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from whatsapp_wire.errors import StanzaRefused
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.stanza.attributes import decimal, optional_jid
from whatsapp_wire.stanza.iq import request
from whatsapp_wire.stanza.usync import VERIFIED_NAME, asked_users, usync_request

_NUMBER_SUFFIX = "@c.us"
_HIDDEN = "401"
_SET_ABOUT = "9152604461510864"


@dataclass(frozen=True, slots=True)
class NumberFound:
    """What the server says of one number: `number` are the digits that were asked for, `pn` is None for nobody.

    `pn` is the address under which the account is registered, `lid` its other one where the server tells it.
    """

    number: str
    pn: Jid | None
    lid: Jid | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """What the server shows of a person.

    `about` is None where they hide it or have none, `about_at` (seconds) where it does not say; so is `picture_id`.
    """

    jid: Jid
    lid: Jid | None
    about: str | None
    about_at: int | None
    picture_id: str | None


@dataclass(frozen=True, slots=True)
class PictureLink:
    """Where the picture of a person or group lies; `kind` is `image` or `preview`."""

    id: str
    url: str
    kind: str


@dataclass(frozen=True, slots=True)
class BlocklistChanged:
    """Somebody was blocked (True) or unblocked on another device; empty when the whole list has to be asked for."""

    people: tuple[tuple[Jid, bool], ...]


@dataclass(frozen=True, slots=True)
class AboutChanged:
    """A person's about is another one; None where only a hash was told."""

    person: Jid
    about: str | None


@dataclass(frozen=True, slots=True)
class NumberChanged:
    """A person has another phone number from now on; LIDs where the server tells them."""

    old: Jid
    new: Jid
    old_lid: Jid | None
    new_lid: Jid | None


# ---- asking


def number_query(id: str, sid: str, numbers: Iterable[str]) -> Node:
    """Ask which phone numbers (digits) have an account."""
    users = [Node("user", content=[Node("contact", content=f"+{digits}{_NUMBER_SUFFIX}")]) for digits in numbers]
    query = [Node("contact", {"addressing_mode": "lid"}), VERIFIED_NAME, Node("disappearing_mode"), Node("username")]
    return usync_request(id, sid, "query", "interactive", query, users)


def parse_numbers(answer: Node) -> tuple[NumberFound, ...]:
    """Read the answer to `number_query`; raises StanzaRefused."""
    return tuple(_number(user) for user in asked_users(answer) if user.child("contact") is not None)


def parse_profiles(answer: Node) -> tuple[Profile, ...]:
    """Read what an answer to `usync.lid_query` says beyond addresses; raises StanzaRefused."""
    return tuple(_profile(user) for user in asked_users(answer))


def picture_query(id: str, chat: Jid, *, preview: bool, token: bytes | None = None) -> Node:
    """Ask where the picture of a person or group is; some people show it only to who has their token."""
    content = [Node("tctoken", content=token)] if token else None
    attrs = {"query": "url", "type": "preview" if preview else "image"}
    asked = request(id, "w:profile:picture", "get", [Node("picture", attrs, content)])
    asked.attrs["target"] = chat
    return asked


def parse_picture(answer: Node) -> PictureLink | None:
    """Read the answer to `picture_query`, None when there is no picture; raises StanzaRefused."""
    picture = answer.require("picture")
    if picture.get("status") in ("204", "304"):
        return None
    return PictureLink(picture.attr("id"), picture.attr("url"), picture.get("type") or "image")


# ---- changing


def set_picture(id: str, jpeg: bytes | None) -> Node:
    """Show another picture of ourselves, or (None) none; that of a group: `groups.set_picture`."""
    content = None if jpeg is None else [Node("picture", {"type": "image"}, jpeg)]
    return request(id, "w:profile:picture", "set", content)


def set_about(id: str, text: str) -> Node:
    """Show another about: a question in GraphQL, known by its number."""
    variables = {"variables": {"input": {"text": text, "ephemeral_duration_sec": 0}}}
    asked = json.dumps(variables, separators=(",", ":"), ensure_ascii=False).encode()
    return request(id, "w:mex", "get", [Node("query", {"query_id": _SET_ABOUT}, asked)])


def check_about_set(answer: Node) -> None:
    """Read the answer to `set_about`; raises StanzaRefused when it was not done."""
    try:
        told = json.loads(answer.require("result").bytes())
    except ValueError as error:
        raise StanzaRefused("<result> is not JSON") from error
    if not isinstance(told, dict) or told.get("errors"):
        raise StanzaRefused("<result> tells of errors")


def block(id: str, lid: Jid, pn: Jid | None, action: Literal["block", "unblock"]) -> Node:
    """Block a person or not any more; the server wants their number when they are blocked."""
    item = Node("item", {"action": action, "jid": lid, "pn_jid": pn if action == "block" else None})
    return request(id, "blocklist", "set", [item])


def blocklist_query(id: str) -> Node:
    """Ask whom we have blocked."""
    return request(id, "blocklist", "get")


def parse_blocklist(answer: Node) -> tuple[Jid, ...]:
    """Read the answer to `blocklist_query`; raises StanzaRefused."""
    return tuple(item.jid("jid").bare for item in answer.require("list").all("item"))


# ---- what is told


def parse_blocklist_changed(blocklist: Node) -> BlocklistChanged:
    """Read the part of an `account_sync` about blocking; raises StanzaRefused."""
    return BlocklistChanged(
        tuple((item.jid("jid").bare, item.get("action") == "block") for item in blocklist.all("item"))
    )


def parse_about_changed(stanza: Node) -> AboutChanged | None:
    """Read a notification `status`, None when it is about something else; raises StanzaRefused."""
    changed = stanza.child("set")
    if changed is None:
        return None
    told = changed.content is not None and not isinstance(changed.content, list)
    return AboutChanged(stanza.jid("from").bare, changed.text() if told else None)


def parse_number_changed(stanza: Node) -> NumberChanged | None:
    """Read a notification `contacts`, None when nobody has another number; raises StanzaRefused."""
    changed = stanza.child("modify")
    if changed is None:
        return None
    old_lid, new_lid = optional_jid(changed, "old_lid"), optional_jid(changed, "new_lid")
    return NumberChanged(changed.jid("old").bare, changed.jid("new").bare, old_lid, new_lid)


# ---- inside


def _number(user: Node) -> NumberFound:
    contact = user.require("contact")
    asked = contact.text().removesuffix(_NUMBER_SUFFIX).lstrip("+")
    if not asked:
        raise StanzaRefused("<contact> does not say which number it is about")
    if contact.get("type") != "in":
        return NumberFound(asked, None)
    jid, pn = user.jid("jid").bare, optional_jid(user, "pn_jid")
    if not jid.is_lid:
        return NumberFound(asked, jid)
    return NumberFound(asked, None if pn is None else pn.bare, jid)


def _profile(user: Node) -> Profile:
    status, picture, lid = user.child("status"), user.child("picture"), user.child("lid")
    about = None
    if status is not None and status.get("code") != _HIDDEN and status.content and not status.children:
        about = status.text()
    return Profile(
        jid=user.jid("jid").bare,
        lid=None if lid is None else optional_jid(lid, "val"),
        about=about,
        about_at=None if status is None or about is None else decimal(status.get("t") or ""),
        picture_id=None if picture is None else picture.get("id"),
    )
