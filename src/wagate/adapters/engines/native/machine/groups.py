"""Who is in a group: asked once, kept current by what the server tells, asked again when in doubt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

import structlog

from wagate.adapters.engines.native.machine import directory, group_keys
from wagate.adapters.engines.native.machine.device import Device, Person
from wagate.adapters.engines.native.machine.errors import RequestRefused
from wagate.adapters.engines.native.machine.flows import Flow, Join, List, Load
from wagate.adapters.engines.native.machine.group_words import changes_of, group_of_wire
from wagate.adapters.engines.native.machine.ratchets import Peer
from wagate.adapters.engines.native.machine.records import Holders, Membership, Step
from wagate.domain import jid as domain
from wagate.domain.people import GroupSeen
from wagate.ports.engine import NotOnWhatsApp, SendImpossible
from wagate.ports.news import GroupChanged
from whatsapp_wire.jid import Jid
from whatsapp_wire.stanza import group_changes as wire
from whatsapp_wire.stanza import groups as stanzas
from whatsapp_wire.stanza.groups import Group, Member

_log = structlog.get_logger(__name__)

_NOT_OURS = (403, 404)


class NotInGroup(SendImpossible):
    """This account is not in the group, or there is no such group"""

    code = "not_group_member"


def members_of(us: Device, group: Jid) -> Flow[Membership]:
    """The people in a group, asking the server if need be. Raises NotInGroup, NotSent."""
    yield Load((("group", group),))
    known = _fresh(us, group)
    if known is None:
        # What it answers, and not what is kept by then: somebody may have put that in doubt again.
        known = yield Join(("group", group), lambda: _fetch(us, group))
    return known


def people_of(us: Device, membership: Membership) -> Flow[tuple[Person, ...]]:
    """Who the members are, under their LIDs wherever those can be found. Raises NotSent."""
    yield Load(tuple(("pn" if member.is_lid else "lid", member) for member in membership.members))
    people = []
    for member in membership.members:
        person = yield from directory.known_person(us, member)
        if not person.lid.is_lid:
            with suppress(NotOnWhatsApp):  # the server lists them, so they are written to as it does
                person = yield from directory.find(us, member)
        people.append(person)
    return tuple(dict.fromkeys(people))


def has_device(us: Device, group: Jid, peer: Peer) -> Flow[bool]:
    """Whether a device belongs to somebody in a group. Raises NotSent."""
    try:
        membership = yield from members_of(us, group)
    except NotInGroup:
        return False
    person = yield from directory.known_person(us, peer.device)
    if person.lid not in membership.members and person.pn not in membership.members:
        return False
    return (yield from directory.is_device_of(us, peer, person))


def learn(us: Device, step: Step, groups: Iterable[Group], *, tell: bool = True) -> None:
    """Keep what the server says of groups that we are in.

    Needs nothing loaded: if something were waited for between an answer and this, what the server tells meanwhile would
    be taken in first, and overwritten with what is older.
    """
    for group in groups:
        step.put("group", group.jid, _membership(us, group).pack())
        if tell:
            seen = GroupSeen(group_of_wire(group))
            step.news.append(GroupChanged(domain.Jid(group.jid), seen, us.now))


def learn_members(us: Device, groups: Sequence[Group]) -> Flow[None]:
    """Keep which addresses the server says are one person; that is so whatever has changed since."""
    yield Load(_member_records(groups))
    step = us.step()
    _link_members(step, groups)
    if step.changes:
        us.submit(step)


def recheck(us: Device, group: Jid) -> Flow[None]:
    """The server knows other devices of a group's members than we do: ask for all of them again."""
    yield Load((("group", group),))
    known = us.shell.get("group", group)
    if known is None:
        return
    people = []
    for member in Membership.unpack(known).members:
        people.append((yield from directory.known_person(us, member)))
    step = us.step()
    step.delete("group", group)
    for person in people:
        step.delete("device", person.lid)
    us.submit(step)


def lost_keys(us: Device, peers: Iterable[Peer]) -> Flow[None]:
    """Devices that began anew have lost our keys: they get them again with the next messages."""
    addresses = frozenset(peer.address for peer in peers)
    stored: list[tuple[str, bytes]] = yield List("holders")
    groups = [group for group, value in stored if addresses & Holders.unpack(value).devices]
    yield Load(tuple(("holders", group) for group in groups))
    step = us.step()
    for group in groups:
        group_keys.doubt(step, Jid(group), addresses & Holders.unpack(step.get("holders", group)).devices)
    if step.changes:
        us.submit(step)


def changed(us: Device, step: Step, content: wire.GroupChanged, timestamp: int) -> Flow[None]:
    """Take in what a notification says of a group."""
    entered = [change.group for change in content.changes if isinstance(change, wire.Entered)]
    told = [person for change in content.changes for person in _people_in(change)]
    pairs = [*_pairs(told), *_author_pair(content)]
    pair_records = (record for pn, lid in pairs for record in directory.pair_records(pn, lid))
    yield Load(
        (("group", content.group), *group_keys.records(us, content.group), *pair_records, *_member_records(entered))
    )
    for pn, lid in pairs:
        directory.link_quietly(step, pn, lid)
    _link_members(step, entered)
    for change in content.changes:
        _apply(us, step, content.group, change)
    by, alt = content.author, content.author_alt
    step.news += [
        GroupChanged(
            group=domain.Jid(content.group),
            change=change,
            timestamp=timestamp,
            by=None if by is None else domain.Jid(by),
            by_alt=None if alt is None else domain.Jid(alt),
        )
        for change in changes_of(content, us.own.is_me)
    ]


def left(us: Device, step: Step, group: Jid) -> None:
    """We are not in a group any more; its records must be loaded."""
    if step.get("group", group) is not None:
        step.delete("group", group)
    group_keys.forget(us, step, group)


def apply_members(us: Device, step: Step, group: Jid, action: stanzas.Action, people: Iterable[Member]) -> None:
    """Keep who came and went; the group's record and our key's must be loaded. What is not known stays so."""
    if action == "remove":
        # A key that was on its way to them never arrived. If they come back, nothing else would tell.
        group_keys.forget(us, step, group)
    known = step.get("group", group)
    if known is None or action not in ("add", "remove"):
        return
    membership = Membership.unpack(known)
    addresses = [person.jid for person in people]
    came, went = (addresses, []) if action == "add" else ([], addresses)
    if any(us.own.is_me(jid) for jid in went):
        left(us, step, group)
    else:
        step.put("group", group, membership.changed(came, went).pack())


def _apply(us: Device, step: Step, group: Jid, change: wire.Change) -> None:
    match change:
        case wire.Entered(found):
            learn(us, step, [found], tell=False)
        case wire.MembersChanged(action, people):
            apply_members(us, step, group, action, people)
        case wire.Deleted():
            left(us, step, group)


def _people_in(change: wire.Change) -> tuple[Member, ...]:
    return change.people if isinstance(change, wire.MembersChanged | wire.RequestsMade) else ()


def _author_pair(content: wire.GroupChanged) -> list[tuple[Jid, Jid]]:
    return _pairs([] if content.author is None else [Member(content.author, content.author_alt)])


def _fresh(us: Device, group: Jid) -> Membership | None:
    value = us.shell.get("group", group)
    known = None if value is None else Membership.unpack(value)
    return known if known is not None and us.now - known.fetched_at < us.habits.members_life_s else None


def _fetch(us: Device, group: Jid) -> Flow[Membership]:
    try:
        answer = yield from us.flows.ask(lambda id: stanzas.query(id, group))
    except RequestRefused as refused:
        if refused.status in _NOT_OURS:
            raise NotInGroup() from refused
        raise
    found = stanzas.parse_group(answer)
    step = us.step()
    learn(us, step, [found])
    us.submit(step)
    yield from learn_members(us, [found])
    return _membership(us, found)


def _member_records(groups: Iterable[Group]) -> tuple[tuple[str, str], ...]:
    """What `_link_members` needs to have loaded."""
    return tuple(
        record for group in groups for pn, lid in _pairs(group.members) for record in directory.pair_records(pn, lid)
    )


def _link_members(step: Step, groups: Iterable[Group]) -> None:
    for group in groups:
        for pn, lid in _pairs(group.members):
            directory.link_quietly(step, pn, lid)


def _membership(us: Device, group: Group) -> Membership:
    return Membership(us.now, group.by_lid, tuple(member.jid for member in group.members if member.error is None))


def _pairs(members: Iterable[Member]) -> list[tuple[Jid, Jid]]:
    """(phone number, LID) of those whom both are told of."""
    return [
        (member.alt, member.jid) if member.jid.is_lid else (member.jid, member.alt)
        for member in members
        if member.alt is not None and member.jid.is_lid != member.alt.is_lid
    ]
