"""Groups (namespace `w:g2`): asking about them and changing them.

Facts: whatsmeow `group.go`, Baileys `Socket/groups.ts`.

Notifications about groups are read in `group_changes`, messages to groups are built in `group_message`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from whatsapp_wire.errors import StanzaRefused
from whatsapp_wire.jid import GROUP_SERVER, SERVER, Jid
from whatsapp_wire.node import Attribute, Node
from whatsapp_wire.stanza.attributes import number, optional_jid, optional_number, timestamp
from whatsapp_wire.stanza.iq import request

GROUPS: Final = Jid.of("", GROUP_SERVER)
"""Where questions go that are not about one group alone."""

INVITE_LINK: Final = "https://chat.whatsapp.com/"
"""What stands before the code in an invite link."""

Action = Literal["add", "remove", "promote", "demote"]
Decision = Literal["approve", "reject"]


class Role(StrEnum):
    """What somebody may do in a group, in the server's words; the owner made it."""

    MEMBER = "member"
    ADMIN = "admin"
    OWNER = "superadmin"


class MemberAddMode(StrEnum):
    """Who may add people."""

    ADMINS = "admin_add"
    EVERYBODY = "all_member_add"


@dataclass(frozen=True, slots=True)
class Invitation:
    """A personal invitation to somebody who could not simply be added; `expires_at` in seconds."""

    code: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a group, or in the answer to a change of its members.

    `jid` is the address that the group uses, `alt` the same person's other kind of address where it is told. `error`
    is the server's code when the change did not work for this person. `token` is the trusted-contact token that they
    gave us, for those whom we add.
    """

    jid: Jid
    alt: Jid | None = None
    role: Role = Role.MEMBER
    error: int | None = None
    invitation: Invitation | None = None
    token: bytes | None = None


@dataclass(frozen=True, slots=True)
class Description:
    """A group's description; the next one must name the `id` of this one."""

    id: str
    text: str
    set_at: int = 0


@dataclass(frozen=True, slots=True)
class Settings:
    """How a group behaves.

    `announcement`: only admins write. `locked`: only admins change subject, description, picture and timer.
    `approval`: who comes by link has to be let in. `ephemeral_s`: messages vanish after so long, 0 is never.
    """

    announcement: bool = False
    locked: bool = False
    approval: bool = False
    member_add_mode: MemberAddMode = MemberAddMode.EVERYBODY
    ephemeral_s: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """A group as the server describes it. Times in seconds, 0 where it does not say.

    `by_lid` says that its members are addressed by LID. `members` may be empty where only `size` was asked for.
    """

    jid: Jid
    subject: str
    subject_at: int
    owner: Jid | None
    owner_alt: Jid | None
    created_at: int
    description: Description | None
    settings: Settings
    members: tuple[Member, ...]
    size: int
    by_lid: bool


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """Somebody who wants to join; `requested_at` in seconds."""

    jid: Jid
    alt: Jid | None
    requested_at: int
    method: str | None


@dataclass(frozen=True, slots=True)
class Joined:
    """What following a link led to: membership, or (`is_pending`) a request that admins have to approve."""

    group: Jid
    is_pending: bool


def create(id: str, subject: str, people: Iterable[Member], settings: Settings) -> Node:
    """Make a group with these people; ourselves are among them unnamed, as the owner."""
    content = [
        *map(_person, people),
        Node("member_add_mode", content=settings.member_add_mode.value),
        *([Node("locked")] if settings.locked else []),
        *([Node("announcement")] if settings.announcement else []),
        Node("ephemeral", {"expiration": settings.ephemeral_s, "trigger": 1 if settings.ephemeral_s else None}),
        _approval(settings.approval),
    ]
    return request(id, "w:g2", "set", [Node("create", {"subject": subject}, content)], GROUPS)


def query(id: str, group: Jid) -> Node:
    """Ask for everything about one group that we are in."""
    return request(id, "w:g2", "get", [Node("query", {"request": "interactive"})], group)


def participating(id: str) -> Node:
    """Ask for every group that we are in, with members and descriptions."""
    content = [Node("participants"), Node("description")]
    return request(id, "w:g2", "get", [Node("participating", content=content)], GROUPS)


def change_members(id: str, group: Jid, action: Action, people: Iterable[Member]) -> Node:
    """Add, remove, promote or demote; for somebody added by LID `alt` should be the phone-number address."""
    named = [_person(person) if action == "add" else Node("participant", {"jid": person.jid}) for person in people]
    return request(id, "w:g2", "set", [Node(action, content=named)], group)


def set_subject(id: str, group: Jid, subject: str) -> Node:
    """Give a group another name."""
    return request(id, "w:g2", "set", [Node("subject", content=subject.encode())], group)


def set_description(id: str, group: Jid, text: str, new_id: str, previous_id: str | None) -> Node:
    """Give a group another description, or none (an empty text); `previous_id` names the one that is replaced."""
    attrs: dict[str, Attribute] = {"id": new_id, "prev": previous_id, "delete": None if text else "true"}
    body = [Node("body", content=text.encode())] if text else None
    return request(id, "w:g2", "set", [Node("description", attrs, body)], group)


def set_announcement(id: str, group: Jid, *, on: bool) -> Node:
    """Let only admins write, or everybody."""
    return request(id, "w:g2", "set", [Node("announcement" if on else "not_announcement")], group)


def set_locked(id: str, group: Jid, *, on: bool) -> Node:
    """Let only admins change what the group is called and looks like, or everybody."""
    return request(id, "w:g2", "set", [Node("locked" if on else "unlocked")], group)


def set_member_add_mode(id: str, group: Jid, mode: MemberAddMode) -> Node:
    """Say who may add people."""
    return request(id, "w:g2", "set", [Node("member_add_mode", content=mode.value.encode())], group)


def set_ephemeral(id: str, group: Jid, seconds: int) -> Node:
    """Let messages vanish after a time, or stay (0)."""
    setting = Node("ephemeral", {"expiration": seconds}) if seconds else Node("not_ephemeral")
    return request(id, "w:g2", "set", [setting], group)


def set_approval(id: str, group: Jid, *, on: bool) -> Node:
    """Have admins let in who comes by link, or nobody."""
    return request(id, "w:g2", "set", [_approval(on)], group)


def invite(id: str, group: Jid, *, reset: bool = False) -> Node:
    """Ask for the invite code; with `reset` for a new one, which voids the old."""
    return request(id, "w:g2", "set" if reset else "get", [Node("invite")], group)


def invite_info(id: str, code: str) -> Node:
    """Ask which group an invite code leads to."""
    return request(id, "w:g2", "get", [Node("invite", {"code": bare_code(code)})], GROUPS)


def join(id: str, code: str) -> Node:
    """Join by invite code."""
    return request(id, "w:g2", "set", [Node("invite", {"code": bare_code(code)})], GROUPS)


def join_requests(id: str, group: Jid) -> Node:
    """Ask who wants to join."""
    return request(id, "w:g2", "get", [Node("membership_approval_requests")], group)


def decide_requests(id: str, group: Jid, decision: Decision, people: Iterable[Jid]) -> Node:
    """Let people in who asked for it, or not."""
    named = [Node("participant", {"jid": person}) for person in people]
    action = Node("membership_requests_action", content=[Node(decision, content=named)])
    return request(id, "w:g2", "set", [action], group)


def leave(id: str, group: Jid) -> Node:
    """Leave a group."""
    return request(id, "w:g2", "set", [Node("leave", content=[Node("group", {"id": group})])], GROUPS)


def set_picture(id: str, group: Jid, jpeg: bytes | None) -> Node:
    """Give a group a picture, or take it away."""
    attrs = {"id": id, "xmlns": "w:profile:picture", "type": "set", "to": SERVER, "target": group}
    return Node("iq", attrs, [Node("picture", {"type": "image"}, jpeg)] if jpeg is not None else None)


def bare_code(text: str) -> str:
    """The code of an invite link, or of a text that is one already."""
    return text.strip().removeprefix(INVITE_LINK).partition("?")[0]


def parse_group(answer: Node) -> Group:
    """Read the group in the answer to `create`, `query` or `invite_info`; raises StanzaRefused."""
    return group_of(answer.require("group"))


def parse_groups(answer: Node) -> tuple[Group, ...]:
    """Read the answer to `participating`; raises StanzaRefused."""
    return tuple(group_of(group) for group in answer.require("groups").all("group"))


def parse_changed(answer: Node, action: Action) -> tuple[Member, ...]:
    """Read the answer to `change_members`, person by person; raises StanzaRefused."""
    return members_of(answer.require(action))


def parse_invite(answer: Node) -> str:
    """Read the answer to `invite`; raises StanzaRefused."""
    return answer.require("invite").attr("code")


def parse_joined(answer: Node) -> Joined:
    """Read the answer to `join`; raises StanzaRefused."""
    pending = answer.child("membership_approval_request")
    if pending is not None:
        return Joined(pending.jid("jid"), is_pending=True)
    return Joined(answer.require("group").jid("jid"), is_pending=False)


def parse_requests(answer: Node) -> tuple[JoinRequest, ...]:
    """Read the answer to `join_requests`; raises StanzaRefused."""
    asked = answer.require("membership_approval_requests").all("membership_approval_request")
    return tuple(
        JoinRequest(
            jid=one.jid("jid").bare,
            alt=_alt(one),
            requested_at=optional_number(one, "request_time") or 0,
            method=one.get("request_method"),
        )
        for one in asked
    )


def parse_decided(answer: Node, decision: Decision) -> tuple[Member, ...]:
    """Read the answer to `decide_requests`, person by person; raises StanzaRefused."""
    return members_of(answer.require("membership_requests_action").require(decision))


def parse_picture(answer: Node) -> str | None:
    """Read the answer to `set_picture`: the new picture's id, None when it was taken away."""
    picture = answer.child("picture")
    return None if picture is None else picture.get("id")


def group_of(node: Node) -> Group:
    """Read a `group`; raises StanzaRefused."""
    members = members_of(node)
    return Group(
        jid=_group_jid(node.attr("id")),
        subject=node.get("subject") or "",
        subject_at=optional_number(node, "s_t") or 0,
        owner=optional_jid(node, "creator"),
        owner_alt=optional_jid(node, "creator_pn"),
        created_at=optional_number(node, "creation") or 0,
        description=_description(node.child("description")),
        settings=_settings(node),
        members=members,
        size=optional_number(node, "size") or len(members),
        by_lid=node.get("addressing_mode") == "lid" or any(member.jid.is_lid for member in members),
    )


def members_of(node: Node, tag: str = "participant") -> tuple[Member, ...]:
    """The people listed in an element; raises StanzaRefused."""
    return tuple(_member(child) for child in node.all(tag))


def _group_jid(text: str) -> Jid:
    """The server writes a group's id without its server half in some places."""
    return Jid(text) if "@" in text else Jid.of(text, GROUP_SERVER)


def _person(person: Member) -> Node:
    phone = person.alt if person.jid.is_lid else None
    token = [Node("privacy", content=person.token)] if person.token else None
    return Node("participant", {"jid": person.jid, "phone_number": phone}, token)


def _approval(on: bool) -> Node:
    return Node("membership_approval_mode", content=[Node("group_join", {"state": "on" if on else "off"})])


def _member(child: Node) -> Member:
    role, invited = child.get("type"), child.child("add_request")
    return Member(
        jid=child.jid("jid").bare,
        alt=_alt(child),
        role=Role(role) if role in (Role.ADMIN, Role.OWNER) else Role.MEMBER,
        error=optional_number(child, "error") or None,
        invitation=None if invited is None else Invitation(invited.attr("code"), number(invited, "expiration")),
    )


def _alt(child: Node) -> Jid | None:
    other = optional_jid(child, "phone_number" if child.jid("jid").is_lid else "lid")
    return None if other is None else other.bare


def _description(node: Node | None) -> Description | None:
    body = None if node is None else node.child("body")
    if node is None or body is None or body.content is None:
        return None
    return Description(node.get("id") or "", body.text(), timestamp(node))


def _settings(node: Node) -> Settings:
    ephemeral = node.child("ephemeral")
    return Settings(
        announcement=node.child("announcement") is not None,
        locked=node.child("locked") is not None,
        approval=approval_of(node.child("membership_approval_mode")),
        member_add_mode=add_mode_of(node.child("member_add_mode")),
        ephemeral_s=0 if ephemeral is None else optional_number(ephemeral, "expiration") or 0,
    )


def approval_of(node: Node | None) -> bool:
    """Whether a `membership_approval_mode` says that people have to be let in; a bare one does."""
    if node is None:
        return False
    state = node.child("group_join")
    return state is None or state.get("state") == "on"


def add_mode_of(node: Node | None) -> MemberAddMode:
    """Who may add people; a mode that is new to us counts as the stricter one."""
    if node is None:
        return MemberAddMode.EVERYBODY
    try:
        said = node.text()
    except StanzaRefused:
        return MemberAddMode.ADMINS
    return MemberAddMode.EVERYBODY if said == MemberAddMode.EVERYBODY else MemberAddMode.ADMINS
