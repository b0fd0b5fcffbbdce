"""Who is who, and on which devices: LIDs for phone numbers, device lists, and prekey bundles of devices not met yet.

Every look-up is made once for all who ask at the same time, and what it teaches is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import structlog

from wagate.adapters.engines.native.machine import ratchets
from wagate.adapters.engines.native.machine.device import Device, Person
from wagate.adapters.engines.native.machine.flows import Flow, Join, Load
from wagate.adapters.engines.native.machine.ratchets import Peer, peer_at
from wagate.adapters.engines.native.machine.records import DeviceList, Step
from wagate.domain import jid as domain
from wagate.ports.engine import NotOnWhatsApp
from wagate.ports.news import IdentityLinked
from wagate.ports.vault import RecordKey
from whatsapp_wire.errors import BadBundle
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.stanza import prekeys, usync
from whatsapp_wire.stanza.source import Source

_log = structlog.get_logger(__name__)


def find(us: Device, to: Jid) -> Flow[Person]:
    """The person behind an address, asking the server if need be. Raises NotOnWhatsApp, NotSent."""
    person = yield from known_person(us, to)
    if not person.lid.is_lid:
        yield Join(("lid", person.lid), lambda: _look_up(us, person.lid))
        person = yield from known_person(us, to)
    if not person.lid.is_lid:
        raise NotOnWhatsApp(f"{to.user} is not on WhatsApp")
    return person


def known_person(us: Device, address: Jid) -> Flow[Person]:
    """The person behind an address, as far as we know."""
    address = address.bare
    if address in (us.me.lid, us.me.pn):
        return us.me
    if address.is_lid:
        yield Load((("pn", address),))
        pn = us.shell.get("pn", address)
        return Person(address, None if pn is None else Jid(pn.decode()))
    yield Load((("lid", address),))
    lid = us.shell.get("lid", address)
    return Person(address, None) if lid is None else Person(Jid(lid.decode()), address)


def known_devices(us: Device, person: Person) -> Flow[list[Peer]]:
    """The devices of a person that we heard of, the phone always among them."""
    yield Load((("device", person.lid),))
    known = us.shell.get("device", person.lid)
    devices = DeviceList.unpack(known).devices if known is not None else ()
    return [peer_at(device) for device in dict.fromkeys((person.lid, *devices))]


def devices_of(us: Device, people: tuple[Person, ...]) -> Flow[list[list[Peer]]]:
    """For each person all devices that messages to them go to. Raises NotSent."""
    lists = yield from lists_of(us, people)
    return [[peer_at(device) for device in known.devices] if known else [] for known in lists]


def lists_of(us: Device, people: tuple[Person, ...]) -> Flow[list[DeviceList | None]]:
    """For each person their list of devices, from memory or from the server; None for whom that knows nothing of.

    These are what was known at this call or told since: a list that an ack puts in doubt while others are asked for is
    deleted, and a recipient must not be taken for somebody without devices for that. Raises NotSent.
    """
    yield Load(tuple(("device", person.lid) for person in people))
    lists = {person.lid: _fresh_list(us, person.lid) for person in people}
    missing = tuple(person for person, known in lists.items() if known is None)
    if missing:
        lists |= yield Join(("devices", missing), lambda: _list_devices(us, missing))
    return [lists[person.lid] for person in people]


def meet(us: Device, peers: Iterable[Peer], *, anew: bool = False) -> Flow[None]:
    """Begin sessions with those devices that we have none with (or with all, ``anew``). Raises NotSent.

    A device that has published no usable keys stays without a session.
    """
    peers = tuple(peers)
    yield Load(tuple(key for peer in peers for key in peer.keys))
    strangers = tuple(peer for peer in peers if anew or us.shell.get(*peer.keys[0]) is None)
    if not anew:
        strangers = yield from _not_adopted(us, strangers)
    if strangers:
        yield Join(("bundles", anew, strangers), lambda: _fetch_bundles(us, strangers))


def adopt(us: Device, peer: Peer, pn: Jid) -> Flow[None]:
    """Take over a session that was begun under somebody's phone number, before their LID was known."""
    former = peer_at(pn.with_device(peer.device.device))
    yield Load((*former.keys, *peer.keys))
    step = us.step()
    ratchets.move(step, former, peer)
    if step.changes:
        us.submit(step)


def is_device_of(us: Device, peer: Peer, person: Person) -> Flow[bool]:
    """Whether an account vouches for a device, by the list at hand or else by a new one. Raises NotSent."""
    (devices,) = yield from devices_of(us, (person,))
    if peer not in devices:
        step = us.step()
        step.delete("device", person.lid)
        us.submit(step)
        (devices,) = yield from devices_of(us, (person,))
    return peer in devices


def sender_of(us: Device, source: Source) -> Flow[Peer]:
    """The sending device of a stanza, under its LID wherever that is known."""
    sender, other = source.sender, source.sender_alt
    if sender.is_lid:
        return peer_at(sender)
    if other is not None:
        return peer_at(other)
    person = yield from known_person(us, sender)
    return peer_at(person.lid.with_device(sender.device))


def link_records(source: Source) -> tuple[RecordKey, ...]:
    """What `learn_links` needs to have loaded."""
    return tuple(record for pn, lid in _pairs(source) for record in pair_records(pn, lid))


def pair_records(pn: Jid, lid: Jid) -> tuple[RecordKey, ...]:
    """What `link` needs to have loaded for these two addresses."""
    return ("lid", pn), ("pn", lid)


def learn_links(step: Step, source: Source) -> None:
    """Keep that two addresses of a stanza are one person, if that is new."""
    for pn, lid in _pairs(source):
        link(step, pn, lid)


def link(step: Step, pn: Jid, lid: Jid) -> None:
    """Keep that a phone number and a LID (both bare, records loaded) are one person, if that is new."""
    if link_quietly(step, pn, lid):
        step.news.append(IdentityLinked(phone=domain.Jid(pn), lid=domain.Jid(lid)))


def link_quietly(step: Step, pn: Jid, lid: Jid) -> bool:
    """The same for one of many people whom a group's news tell of all together; returns whether it is new."""
    if step.get("lid", pn) == lid.encode():
        return False
    step.put("lid", pn, lid.encode())
    step.put("pn", lid, pn.encode())
    return True


def _pairs(source: Source) -> list[tuple[Jid, Jid]]:
    """The (phone number, LID) pairs that a stanza tells."""
    pairs = []
    for known, other in ((source.sender, source.sender_alt), (source.chat, source.chat_alt)):
        if other is not None and known.is_lid != other.is_lid:
            pairs.append((other.bare, known.bare) if known.is_lid else (known.bare, other.bare))
    return pairs


def _fresh_list(us: Device, person: Jid) -> DeviceList | None:
    value = us.shell.get("device", person)
    known = None if value is None else DeviceList.unpack(value)
    return known if known is not None and us.now - known.fetched_at < us.habits.device_list_life_s else None


def _not_adopted(us: Device, strangers: tuple[Peer, ...]) -> Flow[tuple[Peer, ...]]:
    """Those of some devices whose session is not kept under a phone number either."""
    unknown = []
    for peer in strangers:
        person = yield from known_person(us, peer.device)
        if person.pn is not None:
            yield from adopt(us, peer, person.pn)
        yield Load(peer.keys)
        if us.shell.get(*peer.keys[0]) is None:
            unknown.append(peer)
    return tuple(unknown)


def _look_up(us: Device, pn: Jid) -> Flow[None]:
    yield from look_up(us, [pn])


def look_up(us: Device, pns: Sequence[Jid]) -> Flow[None]:
    """Ask the server for the LIDs behind phone numbers, and keep them. Raises NotSent."""
    answer = yield from us.flows.ask(lambda id: usync.lid_query(id, us.flows.next_id(), pns))
    found = [(person.jid, person.lid) for person in usync.parse_people(answer) if person.lid is not None]
    yield Load(tuple(record for pn, lid in found for record in pair_records(pn, lid)))
    step = us.step()
    for known, lid in found:
        link(step, known, lid.bare)
    us.submit(step)


def _list_devices(us: Device, people: tuple[Jid, ...]) -> Flow[dict[Jid, DeviceList]]:
    identities = tuple(("identity", str(person)) for person in people)
    yield Load(identities)  # before we ask: what the server tells after its answer must not be taken in before that
    answer = yield from us.flows.ask(lambda id: usync.device_query(id, us.flows.next_id(), people))
    yield Load(identities)
    step = us.step()
    lists = {listed.user: _checked(us, listed) for listed in usync.parse_devices(answer)}
    for person, known in lists.items():
        step.put("device", person, known.pack())
    us.submit(step)
    return lists


def _checked(us: Device, listed: usync.DeviceList) -> DeviceList:
    """The devices that the account's signature vouches for: the server alone cannot slip one in."""
    if listed.user == us.me.lid:
        account_identity: bytes | None = us.credentials.account_identity
    else:
        account_identity = us.shell.get("identity", listed.user)
    judged = usync.judge(listed, account_identity)
    if judged.unvouched:
        _log.warning("devices left out", verdict=judged.verdict.value, devices=len(judged.unvouched))
    return DeviceList(us.now, judged.vouched)


def _fetch_bundles(us: Device, peers: tuple[Peer, ...]) -> Flow[None]:
    answer: Node = yield from us.flows.ask(lambda id: prekeys.bundle_query(id, [peer.device for peer in peers]))
    by_device = {peer.device: peer for peer in peers}
    yield Load(tuple(key for peer in peers for key in peer.keys))
    step = us.step()
    for fetched in prekeys.parse_bundles(answer):
        peer = by_device.get(fetched.device)
        if peer is None or fetched.bundle is None:
            _log.info("a device has no keys to offer", device=fetched.device, error=fetched.error)
            continue
        try:
            ratchets.begin(us.credentials, step, peer, fetched.bundle)
        except BadBundle as error:
            _log.warning("a device's keys do not hold", device=fetched.device, error=str(error))
    us.submit(step)
