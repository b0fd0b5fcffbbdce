"""A group as it is kept, and as JSON: the one place that knows the shape, shared by the API and by events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from wagate.domain.ids import ChatId, ContactId
from wagate.domain.moments import iso
from wagate.domain.people import Group, JoinRequest, MemberOutcome, Participant


@dataclass(frozen=True, slots=True)
class StoredGroup:
    """A group as it is kept, under the id of its chat. ``participants`` are loaded only where somebody asks for them.

    ``is_member`` says whether our account is in it.
    """

    id: ChatId
    group: Group
    is_member: bool


@dataclass(frozen=True, slots=True)
class StoredMember:
    """Somebody in a group, and the contact that they are, if they are one."""

    participant: Participant
    contact: ContactId | None
    push_name: str | None


def group_shape(stored: StoredGroup) -> dict[str, object]:
    """A group without the people in it. Its ``id`` is that of its chat."""
    return {"id": stored.id, **_outside(stored.group), "is_member": stored.is_member}


def full_group_shape(stored: StoredGroup, members: Iterable[StoredMember]) -> dict[str, object]:
    """A group with the people in it."""
    return {**group_shape(stored), "participants": [member_shape(member) for member in members]}


def invited_shape(group: Group) -> dict[str, object]:
    """A group as an invite link shows it to strangers: it has no chat here, so it has no id."""
    return {"id": None, **_outside(group), "is_member": False}


def member_shape(member: StoredMember) -> dict[str, object]:
    """Somebody in a group."""
    person = member.participant
    return {**participant_shape(person), "contact": member.contact, "push_name": member.push_name}


def participant_shape(person: Participant) -> dict[str, object]:
    """Somebody in a group, by the identifiers that are known."""
    return {**person_shape(person), "role": person.role.value}


def person_shape(person: Participant) -> dict[str, object]:
    """Somebody, by the identifiers that are known; ``jid`` is the address that the group uses."""
    return {"jid": person.jid, "phone": person.phone, "lid": person.lid}


def outcome_shape(outcome: MemberOutcome) -> dict[str, object]:
    """What became of one person in a change."""
    expires_at = outcome.invite_expires_at
    return {
        **person_shape(Participant(outcome.jid, outcome.alt)),
        "ok": outcome.code is None,
        "code": outcome.code,
        "invite": None
        if outcome.invite_code is None
        else {"code": outcome.invite_code, "expires_at": None if expires_at is None else iso(expires_at * 1000)},
    }


def request_shape(request: JoinRequest) -> dict[str, object]:
    """Somebody who wants to join."""
    return {
        **person_shape(request.person),
        "method": request.method,
        "requested_at": iso(request.requested_at * 1000) if request.requested_at else None,
    }


def group_lite_shape(id: ChatId, group: Group) -> dict[str, object]:
    """Which group an event is about."""
    return {"id": id, "jid": group.jid, "subject": group.subject}


def _outside(group: Group) -> dict[str, object]:
    settings = group.settings
    return {
        "jid": group.jid,
        "subject": group.subject,
        "description": group.description,
        "owner": None if group.owner is None else person_shape(group.owner),
        "created_at": iso(group.created_at * 1000) if group.created_at else None,
        "size": group.size,
        "settings": {
            "admins_send": settings.admins_send,
            "admins_edit": settings.admins_edit,
            "admins_add": settings.admins_add,
            "approval": settings.approval,
            "disappearing_s": settings.disappearing_s,
        },
    }
