"""neonize's groups in the words of the link. Its values are read here; its types are not seen."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

from wagate.adapters.engines.neonize.link.messages import (
    Answer,
    Ask,
    Event,
    GroupEntered,
    GroupEvent,
    GroupMember,
    GroupNote,
    GroupTold,
    Nothing,
)
from wagate.adapters.engines.neonize.worker.line import InGroups

_FRAME_MEMBERS: Final = 4_000
"""Members in one frame: each takes some 200 bytes at most."""

_MAX_MEMBERS: Final = 16_000
"""People of one group: many times what WhatsApp allows."""


def answers(ask: Ask, found: InGroups) -> Iterator[Answer]:
    """What came of an errand, in parts that fit a frame each."""
    parts = _in_frames(found.groups)
    for part in parts[:-1]:
        yield Answer(ask.ticket, groups=part, more=True)
    yield Answer(ask.ticket, found.value, groups=parts[-1], members=found.members)


def _in_frames(groups: tuple[GroupTold, ...]) -> list[tuple[GroupTold, ...]]:
    """Groups in parts that fit a frame each; at least one part."""
    parts: list[list[GroupTold]] = [[]]
    room = _FRAME_MEMBERS
    for group in groups:
        takes = len(group.members) + 10
        if takes > room and parts[-1]:
            parts.append([])
            room = _FRAME_MEMBERS
        parts[-1].append(group)
        room -= takes
    return [tuple(part) for part in parts]


def bare(jid: Any) -> str:
    """An address without its device; empty where there is none."""
    return f"{jid.User}@{jid.Server}" if jid.User else ""


def group(info: Any) -> GroupTold:
    """A group as whatsmeow tells it."""
    owner, owner_alt = bare(info.OwnerJID), bare(info.OwnerPN)
    return GroupTold(
        jid=bare(info.JID),
        subject=str(info.GroupName.Name),
        description="" if info.GroupTopic.TopicDeleted else str(info.GroupTopic.Topic),
        owner=owner or owner_alt,
        owner_alt=owner_alt if owner and owner_alt != owner else "",
        created_at=max(int(info.GroupCreated), 0),
        announce=bool(info.GroupAnnounce.IsAnnounce),
        locked=bool(info.GroupLocked.isLocked),
        timer=int(info.GroupEphemeral.DisappearingTimer) if info.GroupEphemeral.IsEphemeral else 0,
        members=members(info.Participants),
    )


def members(people: Collection[Any]) -> tuple[GroupMember, ...]:
    """People in a group, or what became of them in a change; who has no address is left out.

    Raises ValueError for more than a frame of the link takes.
    """
    if len(people) > _MAX_MEMBERS:
        raise ValueError(f"a group of {len(people)} people")
    return tuple(_member(person) for person in people if person.JID.User)


def entered(told: Any) -> Event:
    """We are in a group now."""
    if not told.GroupInfo.JID.User:
        return Nothing()
    return GroupEntered(group(told.GroupInfo), bare(told.Sender), bare(told.SenderPN))


def changed(told: Any) -> Event:
    """What happened in a group."""
    notes = tuple(_notes(told))
    if not notes or not told.JID.User:
        return Nothing()
    return GroupEvent(bare(told.JID), bare(told.Sender), int(told.Timestamp), str(told.JoinReason), notes)


def _notes(told: Any) -> Iterator[GroupNote]:
    if told.HasField("Name"):
        yield GroupNote("subject", str(told.Name.Name))
    if told.HasField("Topic"):
        yield GroupNote("description", "" if told.Topic.TopicDeleted else str(told.Topic.Topic))
    if told.HasField("Locked"):
        yield GroupNote("lock", "on" if told.Locked.isLocked else "off")
    if told.HasField("Announce"):
        yield GroupNote("announce", "on" if told.Announce.IsAnnounce else "off")
    if told.HasField("Ephemeral"):
        yield GroupNote("timer", str(told.Ephemeral.DisappearingTimer if told.Ephemeral.IsEphemeral else 0))
    if told.NewInviteLink:
        yield GroupNote("link")
    for what, people in (
        ("add", told.Join),
        ("remove", told.Leave),
        ("promote", told.Promote),
        ("demote", told.Demote),
    ):
        addresses = tuple(bare(person) for person in people if person.User)
        if addresses:
            yield GroupNote(what, people=addresses)
    if told.HasField("Delete"):
        yield GroupNote("end")


def _member(person: Any) -> GroupMember:
    jid, lid, pn = bare(person.JID), bare(person.LID), bare(person.PhoneNumber)
    alt = next((one for one in (lid, pn) if one and one != jid), "")
    return GroupMember(
        jid=jid,
        alt=alt,
        role="owner" if person.IsSuperAdmin else "admin" if person.IsAdmin else "member",
        error=int(person.Error),
        invite_code=str(person.AddRequest.Code),
        invite_expires_at=max(int(person.AddRequest.Expiration), 0),
    )
