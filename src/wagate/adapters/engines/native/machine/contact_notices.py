"""What the server tells of people without being asked: pictures, abouts, blocking, another number."""

from __future__ import annotations

from wagate.adapters.engines.native.machine import directory, people_commands
from wagate.adapters.engines.native.machine.device import Device
from wagate.adapters.engines.native.machine.flows import Flow, Load
from wagate.adapters.engines.native.machine.people_commands import told
from wagate.adapters.engines.native.machine.records import Step
from wagate.domain import contacts as domain
from wagate.domain.jid import Jid as DomainJid
from wagate.domain.people import GroupPictureChanged
from wagate.ports.news import GroupChanged
from wagate.ports.people_news import ContactTold
from whatsapp_wire.stanza.notification import Content, PictureChanged
from whatsapp_wire.stanza.people import AboutChanged, BlocklistChanged, NumberChanged


def changed(us: Device, step: Step, content: Content, timestamp: int) -> Flow[None]:
    """Take in what is told of people; anything else is none of this module's business."""
    match content:
        case PictureChanged():
            yield from _picture(us, step, content, timestamp)
        case AboutChanged(person, about):
            known = yield from directory.known_person(us, person)
            step.news.append(told(known, domain.AboutChanged(about), timestamp))
        case BlocklistChanged(people):
            if not people:
                us.flows.start(people_commands.blocked(us), ends_with_line=True)
            for person, is_blocked in people:
                known = yield from directory.known_person(us, person)
                step.news.append(told(known, domain.BlockChanged(is_blocked), timestamp))
        case NumberChanged():
            yield from _number(us, step, content, timestamp)


def own_changed(us: Device, step: Step, parts: tuple[str, ...], timestamp: int) -> None:
    """Something of our own account was changed on another device."""
    us.tells_reading = None
    if "picture" in parts:
        step.news.append(told(us.me, domain.PictureChanged(None, is_removed=False), timestamp))


def _picture(us: Device, step: Step, changed: PictureChanged, timestamp: int) -> Flow[None]:
    picture_id = None if changed.is_removed else changed.picture_id
    if not changed.chat.is_group:
        known = yield from directory.known_person(us, changed.chat)
        step.news.append(told(known, domain.PictureChanged(picture_id, changed.is_removed), timestamp))
        return
    by = None
    if changed.author is not None:
        by = yield from directory.known_person(us, changed.author)
    step.news.append(
        GroupChanged(
            DomainJid(changed.chat),
            GroupPictureChanged(picture_id),
            timestamp,
            None if by is None else DomainJid(by.lid),
            None if by is None or by.pn is None else DomainJid(by.pn),
        )
    )


def _number(us: Device, step: Step, changed: NumberChanged, timestamp: int) -> Flow[None]:
    """Somebody goes on under another number: their devices have to be asked for again."""
    known = yield from directory.known_person(us, changed.old_lid or changed.old)
    lid = changed.new_lid or (known.lid if known.lid.is_lid else None)
    alt = changed.old_lid or (known.lid if known.lid.is_lid else None)
    moved = domain.NumberMoved(DomainJid(changed.new), None if lid is None else DomainJid(lid))
    step.news.append(
        ContactTold(DomainJid(changed.old), moved, timestamp, None if alt is None else DomainJid(alt.bare))
    )
    if lid is not None:
        yield Load(directory.pair_records(changed.new, lid.bare))
        directory.link_quietly(step, changed.new, lid.bare)
        step.delete("device", lid.bare)
