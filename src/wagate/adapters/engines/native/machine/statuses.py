"""Status posts: whom one is for is said when it is posted, and every post carries its key to all their devices.

The server takes the audience from the devices that get the key (whatsmeow `send.go`, `broadcast.go`), so it is given to
all of them each time, whether they have it or not. Who sees a post may differ from one to the next: whoever has a key
and is not meant any more ends it, as in a group.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from wagate.adapters.engines.native.machine import directory
from wagate.adapters.engines.native.machine.device import Device, Person
from wagate.adapters.engines.native.machine.flows import Flow, Load
from wagate.adapters.engines.native.machine.ratchets import Peer
from wagate.adapters.engines.native.machine.records import Audience, Holders, Step
from wagate.domain import jid as domain
from wagate.ports.engine import NotOnWhatsApp
from whatsapp_wire.jid import STATUS_BROADCAST, Jid

_AT_ONCE: Final = 256
"""Phone numbers that the server is asked about in one request."""


def audience_of(us: Device, addresses: Iterable[domain.Jid]) -> Flow[tuple[Person, ...]]:
    """The people behind some addresses, ourselves among them; those without an account are left out.

    Raises NotOnWhatsApp when nobody else is left, NotSent.
    """
    people: list[Person] = []
    strangers: list[Jid] = []
    for address in map(Jid, addresses):
        person = yield from directory.known_person(us, address)
        people.append(person)
        if not person.lid.is_lid:
            strangers.append(person.lid)
    for start in range(0, len(strangers), _AT_ONCE):
        yield from directory.look_up(us, strangers[start : start + _AT_ONCE])
    if strangers:
        people = []
        for address in map(Jid, addresses):
            people.append((yield from directory.known_person(us, address)))
    meant = tuple(dict.fromkeys(person for person in people if person.lid.is_lid and person != us.me))
    if not meant:
        raise NotOnWhatsApp("nobody whom this status post is for has an account")
    return (*meant, us.me)


def keep(step: Step, wa_id: str, people: Iterable[Person]) -> None:
    """Keep whom a post was for: nobody else is sent it again."""
    step.put("audience", wa_id, Audience(tuple(person.lid for person in people)).pack())


def has_device(us: Device, wa_id: str, peer: Peer) -> Flow[bool]:
    """Whether a device belongs to somebody whom a post was for. Raises NotSent."""
    yield Load((("audience", wa_id),))
    kept = us.shell.get("audience", wa_id)
    person = yield from directory.known_person(us, peer.device)
    if kept is None or person.lid not in Audience.unpack(kept).people:
        return False
    return (yield from directory.is_device_of(us, peer, person))


def recheck(us: Device) -> Flow[None]:
    """The server knows other devices of those who see our posts than we do: ask for all of them again."""
    yield Load((("holders", STATUS_BROADCAST),))
    known = us.shell.get("holders", STATUS_BROADCAST)
    if known is None:
        return
    step = us.step()
    for person in {Jid(address).bare for address in Holders.unpack(known).devices}:
        step.delete("device", person)
    us.submit(step)
