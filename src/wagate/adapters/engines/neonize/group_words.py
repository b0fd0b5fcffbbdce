"""Groups in the product's words and in the link's."""

from __future__ import annotations

from typing import Final

from wagate.adapters.engines.neonize.link.messages import GroupMember, GroupNote, GroupTold
from wagate.adapters.whatsapp_web.letters import Account
from wagate.domain.jid import Jid
from wagate.domain.people import (
    Group,
    GroupChange,
    GroupEdit,
    GroupEdited,
    GroupEnded,
    GroupRole,
    GroupSettings,
    InviteReset,
    MemberOutcome,
    MembersAction,
    MembersChanged,
    Participant,
)

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


def group_of(told: GroupTold) -> Group:
    """A group in the product's words. What neonize does not tell (who adds people, approval) counts as off."""
    participants = tuple(participant_of(member) for member in told.members if not member.error)
    return Group(
        jid=Jid(told.jid),
        subject=told.subject,
        description=told.description or None,
        owner=participant_of(GroupMember(told.owner, told.owner_alt, "owner")) if told.owner else None,
        created_at=told.created_at,
        settings=GroupSettings(admins_send=told.announce, admins_edit=told.locked, disappearing_s=told.timer),
        participants=participants,
        size=len(participants),
    )


def participant_of(member: GroupMember) -> Participant:
    """Somebody in the product's words."""
    return Participant(Jid(member.jid), Jid(member.alt) if member.alt else None, GroupRole(member.role))


def outcome_of(member: GroupMember) -> MemberOutcome:
    """What became of one person in a change."""
    return MemberOutcome(
        jid=Jid(member.jid),
        alt=Jid(member.alt) if member.alt else None,
        code=_OUTCOMES.get(member.error, "refused") if member.error else None,
        invite_code=member.invite_code or None,
        invite_expires_at=member.invite_expires_at or None,
    )


def change_of(note: GroupNote, reason: str | None, us: Account) -> GroupChange | None:
    """A change that a worker tells of; None for one that is not known."""
    match note.what:
        case "add" | "remove" | "promote" | "demote":
            people = tuple(Participant(Jid(person)) for person in note.people)
            ours = any(us.has(person) for person in note.people)
            return MembersChanged(MembersAction(note.what), people, ours, reason)
        case "link":
            return InviteReset()
        case "end":
            return GroupEnded()
    edit = _edit_of(note)
    return None if edit is None else GroupEdited(edit)


def _edit_of(note: GroupNote) -> GroupEdit | None:
    match note.what:
        case "subject":
            return GroupEdit(subject=note.text)
        case "description":
            return GroupEdit(description=note.text)
        case "announce":
            return GroupEdit(admins_send=note.text == "on")
        case "lock":
            return GroupEdit(admins_edit=note.text == "on")
        case "timer":
            return GroupEdit(disappearing_s=int(note.text)) if note.text.isdecimal() else None
    return None
