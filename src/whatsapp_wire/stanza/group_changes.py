"""Notifications about a group (`w:gp2`), taken apart into what changed.

Facts: whatsmeow `group.go` (parseGroupChange), Baileys `Socket/messages-recv.ts`, whatsapp-rust
`wacore/src/stanza/groups.rs`, which follows WhatsApp Web.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.stanza.attributes import optional_jid, optional_number
from whatsapp_wire.stanza.groups import (
    Action,
    Description,
    Group,
    Member,
    MemberAddMode,
    add_mode_of,
    approval_of,
    group_of,
    members_of,
)


@dataclass(frozen=True, slots=True)
class Entered:
    """We are in a group from now on: it was made (`is_new`), somebody added us, or we followed a link."""

    group: Group
    is_new: bool


@dataclass(frozen=True, slots=True)
class MembersChanged:
    """People came, went, or got another role; whoever removes only themselves left."""

    action: Action
    people: tuple[Member, ...]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class SubjectChanged:
    """The group has another name."""

    subject: str


@dataclass(frozen=True, slots=True)
class DescriptionChanged:
    """The group has another description, or none any more."""

    description: Description | None


@dataclass(frozen=True, slots=True)
class SettingChanged:
    """One setting, named as in `groups.Settings`, has another value."""

    name: str
    value: bool | int | MemberAddMode


@dataclass(frozen=True, slots=True)
class InviteReset:
    """The invite link is another one; `code` is the new one where it is told."""

    code: str | None


@dataclass(frozen=True, slots=True)
class RequestsMade:
    """People want to join; only admins hear of it."""

    people: tuple[Member, ...]
    method: str | None


@dataclass(frozen=True, slots=True)
class RequestsGone:
    """Requests to join were refused, or taken back by those who made them."""

    people: tuple[Jid, ...]


@dataclass(frozen=True, slots=True)
class Deleted:
    """The group is no more."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A change that is not taken apart here."""

    tag: str


Change: TypeAlias = (
    Entered
    | MembersChanged
    | SubjectChanged
    | DescriptionChanged
    | SettingChanged
    | InviteReset
    | RequestsMade
    | RequestsGone
    | Deleted
    | Unread
)


@dataclass(frozen=True, slots=True)
class GroupChanged:
    """What happened in one group; `author` caused it (None: the server), `author_alt` is their other address."""

    group: Jid
    author: Jid | None
    author_alt: Jid | None
    changes: tuple[Change, ...]


def parse_group_changed(stanza: Node) -> GroupChanged:
    """Read the content of a `w:gp2` notification; raises StanzaRefused when a part its kind must have is missing."""
    author, alt = optional_jid(stanza, "participant"), None
    if author is not None:
        author = author.bare
        alt = optional_jid(stanza, "participant_pn" if author.is_lid else "participant_lid")
    return GroupChanged(
        group=stanza.jid("from"),
        author=author,
        author_alt=None if alt is None else alt.bare,
        changes=tuple(_change(child, author, alt) for child in stanza.children),
    )


def _change(child: Node, author: Jid | None, author_alt: Jid | None) -> Change:
    if child.tag == "membership_approval_request":
        asking = () if author is None else (Member(author, author_alt),)
        return RequestsMade(asking, child.get("request_method"))
    read = _READERS.get(child.tag)
    return Unread(child.tag) if read is None else read(child)


def _entered(child: Node) -> Entered:
    return Entered(group_of(child.require("group")), child.get("type") == "new")


def _members(action: Action) -> Callable[[Node], Change]:
    return lambda child: MembersChanged(action, members_of(child), child.get("reason"))


def _setting(name: str, value: bool | int) -> Callable[[Node], Change]:
    return lambda child: SettingChanged(name, value)


def _described(child: Node) -> DescriptionChanged:
    body = child.child("body")
    if child.child("delete") is not None or body is None or body.content is None:
        return DescriptionChanged(None)
    return DescriptionChanged(Description(child.get("id") or "", body.text()))


def _requests_made(child: Node) -> RequestsMade:
    people = members_of(child, "requested_user") or members_of(child)
    return RequestsMade(people, child.get("request_method"))


_READERS: Final[dict[str, Callable[[Node], Change]]] = {
    "create": _entered,
    "add": _members("add"),
    "remove": _members("remove"),
    "promote": _members("promote"),
    "demote": _members("demote"),
    "subject": lambda child: SubjectChanged(child.get("subject") or ""),
    "description": _described,
    "announcement": _setting("announcement", True),
    "not_announcement": _setting("announcement", False),
    "locked": _setting("locked", True),
    "unlocked": _setting("locked", False),
    "ephemeral": lambda child: SettingChanged("ephemeral_s", optional_number(child, "expiration") or 0),
    "not_ephemeral": _setting("ephemeral_s", 0),
    "member_add_mode": lambda child: SettingChanged("member_add_mode", add_mode_of(child)),
    "membership_approval_mode": lambda child: SettingChanged("approval", approval_of(child)),
    "invite": lambda child: InviteReset(child.get("code")),
    "revoke": lambda child: InviteReset(None),
    "created_membership_requests": _requests_made,
    "revoked_membership_requests": lambda child: RequestsGone(tuple(one.jid for one in members_of(child))),
    "delete": lambda child: Deleted(),
}
