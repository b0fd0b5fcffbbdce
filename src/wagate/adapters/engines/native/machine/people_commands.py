"""What a caller can ask of people and change about our own account: one request each, what it taught is kept first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from wagate.adapters.engines.native.machine import directory
from wagate.adapters.engines.native.machine.device import Device, Person, Phase
from wagate.adapters.engines.native.machine.errors import RequestRefused
from wagate.adapters.engines.native.machine.flows import Commit, Flow, Load
from wagate.adapters.engines.native.machine.records import ContactToken, Step
from wagate.adapters.whatsapp_web.privacy import AUDIENCE_WORDS, SETTING_WORDS, privacy_in
from wagate.domain import contacts as domain
from wagate.domain.contacts import Audience, BlockChanged, NumberCheck, Picture, Privacy, Profile, ProfileSeen
from wagate.domain.errors import (
    GatewayError,
    GroupNotFound,
    NotGroupAdmin,
    NotGroupMember,
    PictureNotFound,
    RefusedByWhatsApp,
)
from wagate.domain.jid import Jid as DomainJid
from wagate.ports.engine import NotOnWhatsApp, NotSent
from wagate.ports.people_news import BlocklistTold, ContactTold
from whatsapp_wire.errors import StanzaRefused, WireError
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.stanza import groups, privacy, usync
from whatsapp_wire.stanza import people as stanzas

_T = TypeVar("_T")
_Refusals = Mapping[int, type[GatewayError]]

_NONE: Final[_Refusals] = {}
_NO_PICTURE: Final[_Refusals] = {401: PictureNotFound, 403: PictureNotFound, 404: PictureNotFound}
_IN_GROUP: Final[_Refusals] = {401: NotGroupAdmin, 403: NotGroupMember, 404: GroupNotFound}


def check_numbers(us: Device, numbers: tuple[str, ...]) -> Flow[tuple[NumberCheck, ...]]:
    """Which numbers have an account, under whichever of their spellings."""
    spelt = {number: domain.spellings(number) for number in numbers}
    asked = dict.fromkeys(spelling for spellings in spelt.values() for spelling in spellings)
    answer = yield from _ask(us, lambda id: stanzas.number_query(id, us.flows.next_id(), asked))
    found = {each.number: each for each in _read(lambda: stanzas.parse_numbers(answer)) if each.pn or each.lid}
    pairs = [(each.pn, each.lid) for each in found.values() if each.pn is not None and each.lid is not None]
    yield Load(tuple(record for pn, lid in pairs for record in directory.pair_records(pn, lid)))
    step = us.step()
    for pn, lid in pairs:
        directory.link_quietly(step, pn, lid)
    yield Commit(step)
    checked = []
    for number, spellings in spelt.items():
        one = next((found[spelling] for spelling in spellings if spelling in found), None)
        jid = None if one is None else one.pn or one.lid
        other = None if one is None or one.lid is None else DomainJid(one.lid)
        checked.append(NumberCheck(number, None if jid is None else DomainJid(jid), other))
    return tuple(checked)


def profile(us: Device, jid: DomainJid) -> Flow[Profile]:
    """What a person shows of themselves. Raises NotOnWhatsApp."""
    known = yield from directory.known_person(us, Jid(jid))
    asked = known.pn or Jid(jid)
    answer = yield from _ask(us, lambda id: usync.lid_query(id, us.flows.next_id(), [asked]))
    found = next(iter(_read(lambda: stanzas.parse_profiles(answer))), None)
    if found is None or found.lid is None:
        raise NotOnWhatsApp(f"{asked.user} is not on WhatsApp")
    lid = found.lid.bare
    pn = found.jid if found.jid.is_user else known.pn
    step = us.step()
    if pn is not None:
        yield Load(directory.pair_records(pn, lid))
        directory.link(step, pn, lid)
    seen = ProfileSeen(found.about, found.about_at, found.picture_id)
    yield from _tell(us, step, Person(lid, pn), seen)
    return Profile(
        DomainJid(pn or lid), DomainJid(lid), about=seen.about, about_at=seen.about_at, picture_id=seen.picture_id
    )


def picture(us: Device, jid: DomainJid, *, preview: bool) -> Flow[Picture]:
    """Where the picture of a person or group lies. Raises PictureNotFound."""
    chat, token = Jid(jid), None
    if not chat.is_group:
        person = yield from directory.known_person(us, chat)
        token = yield from token_of(us, person)
    answer = yield from _ask(us, lambda id: stanzas.picture_query(id, chat, preview=preview, token=token), _NO_PICTURE)
    found = _read(lambda: stanzas.parse_picture(answer))
    if found is None:
        raise PictureNotFound
    return Picture(found.id, found.url, found.kind == "preview")


def blocked(us: Device) -> Flow[tuple[DomainJid, ...]]:
    """Everybody whom we have blocked."""
    answer = yield from _ask(us, stanzas.blocklist_query)
    people = tuple(map(DomainJid, _read(lambda: stanzas.parse_blocklist(answer))))
    step = us.step()
    step.news.append(BlocklistTold(people))
    yield Commit(step)
    return people


def block(us: Device, jid: DomainJid, *, blocked: bool) -> Flow[None]:
    """Block somebody, or do so no longer. Raises NotOnWhatsApp."""
    person = yield from directory.find(us, Jid(jid))
    yield from _ask(us, lambda id: stanzas.block(id, person.lid, person.pn, "block" if blocked else "unblock"))
    yield from _tell(us, us.step(), person, BlockChanged(blocked))


def set_about(us: Device, text: str) -> Flow[None]:
    """Show another about."""
    answer = yield from _ask(us, lambda id: stanzas.set_about(id, text))
    try:
        stanzas.check_about_set(answer)
    except StanzaRefused as error:
        raise RefusedByWhatsApp(f"The about was not changed: {error}") from error
    yield from _tell(us, us.step(), us.me, domain.AboutChanged(text))


def set_group_picture(us: Device, group: DomainJid, jpeg: bytes | None) -> Flow[str | None]:
    """Give a group another picture, or none: its members are told, we among them."""
    target = Jid(group)
    answer = yield from _ask(us, lambda id: groups.set_picture(id, target, jpeg), _IN_GROUP)
    return groups.parse_picture(answer)


def set_picture(us: Device, jpeg: bytes | None) -> Flow[str | None]:
    """Show another picture of us, or none."""
    answer = yield from _ask(us, lambda id: stanzas.set_picture(id, jpeg))
    picture_id = groups.parse_picture(answer)
    yield from _tell(us, us.step(), us.me, domain.PictureChanged(picture_id, is_removed=jpeg is None))
    return picture_id


def get_privacy(us: Device) -> Flow[dict[Privacy, Audience]]:
    """Who may see what of us."""
    answer = yield from _ask(us, privacy.settings_query)
    told = _read(lambda: privacy.parse_settings(answer))
    us.tells_reading = told.get("readreceipts") != "none"
    return privacy_in(told)


def set_privacy(us: Device, setting: Privacy, audience: Audience) -> Flow[None]:
    """Let others see something, or not."""
    yield from _ask(us, lambda id: privacy.change_setting(id, SETTING_WORDS[setting], AUDIENCE_WORDS[audience]))
    if setting is Privacy.READ_RECEIPTS:
        us.tells_reading = None


def token_of(us: Device, person: Person) -> Flow[bytes | None]:
    """The token that lets us approach a person, if they gave us one that is still good."""
    yield Load((("tctoken", person.lid),))
    kept = ContactToken.unpack(us.shell.get("tctoken", person.lid))
    return kept.token if kept.token and not privacy.is_token_expired(kept.received_at, us.now) else None


# ---- inside


def _ask(us: Device, build: Callable[[str], Node], refusals: _Refusals = _NONE) -> Flow[Node]:
    if us.phase is not Phase.READY:
        raise NotSent("the session is not connected to WhatsApp")
    try:
        return (yield from us.flows.ask(build))
    except RequestRefused as refused:
        kind = refusals.get(refused.status, RefusedByWhatsApp)
        detail = "" if kind is not RefusedByWhatsApp else f"WhatsApp refused the request with code {refused.status}"
        raise kind(detail) from refused


def _read(parse: Callable[[], _T]) -> _T:
    try:
        return parse()
    except WireError as error:
        raise NotSent(f"WhatsApp's answer cannot be read: {error}") from error


def _tell(us: Device, step: Step, person: Person, change: domain.ContactChange) -> Flow[None]:
    step.news.append(told(person, change, us.now))
    yield Commit(step)


def told(person: Person, change: domain.ContactChange, timestamp: int) -> ContactTold:
    """News of a person, under both their addresses."""
    alt = None if person.pn is None or person.pn == person.lid else DomainJid(person.pn)
    return ContactTold(DomainJid(person.lid), change, timestamp, alt)
