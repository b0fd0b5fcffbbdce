"""Groups in the product's words and in the protocol's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from wagate.domain import people as domain
from wagate.domain.jid import Jid
from wagate.domain.people import GroupEdit, GroupRole, MemberOutcome, MembersAction, Participant
from whatsapp_wire import jid as wire_jid
from whatsapp_wire.stanza import group_changes as wire
from whatsapp_wire.stanza.groups import Group, Member, MemberAddMode, Role, Settings

_ROLES: Final = {Role.MEMBER: GroupRole.MEMBER, Role.ADMIN: GroupRole.ADMIN, Role.OWNER: GroupRole.OWNER}

_OUTCOMES: Final = {
    400: "invalid",
    401: "not_allowed",
    403: "invite_only",
    404: "not_found",
    406: "not_allowed",
    408: "left_recently",
    409: "already_member",
    417: "not_on_whatsapp",
    500: "group_full",
}
"""Codes of single people in the answer to a change, as far as their meaning is known (Baileys, whatsmeow)."""


def group_of_wire(group: Group) -> domain.Group:
    """A group in the product's words."""
    owner = None if group.owner is None else Member(group.owner.bare, group.owner_alt, Role.OWNER)
    return domain.Group(
        jid=Jid(group.jid),
        subject=group.subject,
        description=None if group.description is None else group.description.text,
        owner=None if owner is None else participant_of(owner),
        created_at=group.created_at,
        settings=settings_of(group.settings),
        participants=tuple(participant_of(member) for member in group.members if member.error is None),
        size=group.size,
    )


def participant_of(member: Member) -> Participant:
    """Somebody in the product's words."""
    return Participant(Jid(member.jid), None if member.alt is None else Jid(member.alt), _ROLES[member.role])


def settings_of(settings: Settings) -> domain.GroupSettings:
    """Settings in the product's words."""
    return domain.GroupSettings(
        admins_send=settings.announcement,
        admins_edit=settings.locked,
        admins_add=settings.member_add_mode is MemberAddMode.ADMINS,
        approval=settings.approval,
        disappearing_s=settings.ephemeral_s,
    )


def settings_to(settings: domain.GroupSettings) -> Settings:
    """Settings in the protocol's words."""
    return Settings(
        announcement=settings.admins_send,
        locked=settings.admins_edit,
        approval=settings.approval,
        member_add_mode=MemberAddMode.ADMINS if settings.admins_add else MemberAddMode.EVERYBODY,
        ephemeral_s=settings.disappearing_s,
    )


def outcome_of(member: Member) -> MemberOutcome:
    """What became of one person in a change."""
    code = None if member.error is None else _OUTCOMES.get(member.error, "refused")
    invited = member.invitation
    return MemberOutcome(
        jid=Jid(member.jid),
        alt=None if member.alt is None else Jid(member.alt),
        code=code,
        invite_code=None if invited is None else invited.code,
        invite_expires_at=None if invited is None else invited.expires_at,
    )


def changes_of(content: wire.GroupChanged, is_me: Callable[[wire_jid.Jid], bool]) -> list[domain.GroupChange]:
    """What a notification tells, in the product's words; what we do not take apart is left out."""
    found = [_change_of(change, is_me) for change in content.changes]
    return [change for change in found if change is not None]


def _change_of(change: wire.Change, is_me: Callable[[wire_jid.Jid], bool]) -> domain.GroupChange | None:
    match change:
        case wire.Entered(group):
            return domain.GroupSeen(group_of_wire(group))
        case wire.MembersChanged(action, people, reason):
            ours = any(is_me(person.jid) for person in people)
            return domain.MembersChanged(MembersAction(action), tuple(map(participant_of, people)), ours, reason)
        case wire.SubjectChanged(subject):
            return domain.GroupEdited(GroupEdit(subject=subject))
        case wire.DescriptionChanged(description):
            return domain.GroupEdited(GroupEdit(description="" if description is None else description.text))
        case wire.SettingChanged(name, value):
            return domain.GroupEdited(_edit_of(name, value))
    return _rare_change_of(change)


def _rare_change_of(change: wire.Change) -> domain.GroupChange | None:
    match change:
        case wire.InviteReset():
            return domain.InviteReset()
        case wire.RequestsMade(people, method):
            return domain.JoinRequested(tuple(map(participant_of, people)), method)
        case wire.RequestsGone(people):
            return domain.JoinRequestsGone(tuple(Participant(Jid(jid)) for jid in people))
        case wire.Deleted():
            return domain.GroupEnded()
    return None


def _edit_of(name: str, value: bool | int | MemberAddMode) -> GroupEdit:
    match name:
        case "announcement":
            return GroupEdit(admins_send=bool(value))
        case "locked":
            return GroupEdit(admins_edit=bool(value))
        case "approval":
            return GroupEdit(approval=bool(value))
        case "member_add_mode":
            return GroupEdit(admins_add=value == MemberAddMode.ADMINS)
    return GroupEdit(disappearing_s=int(value))
