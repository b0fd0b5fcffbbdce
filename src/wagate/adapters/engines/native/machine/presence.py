"""What others see us doing, and what we are shown of them. None of it is acknowledged: what is lost is lost."""

from __future__ import annotations

from typing import Final

from wagate.adapters.engines.native.machine import directory
from wagate.adapters.engines.native.machine.device import Device, Phase
from wagate.adapters.engines.native.machine.flows import Flow
from wagate.adapters.engines.native.machine.people_commands import token_of
from wagate.domain import jid as domain
from wagate.domain.contacts import Whereabouts
from wagate.ports.abilities import Activity
from wagate.ports.engine import NotSent
from wagate.ports.people_news import PresenceSeen
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.stanza import presence

_SAME_S: Final = 3.0
"""A person who does the same thing again within so many seconds is not told of again: phones repeat it all the time."""

_REMEMBERED: Final = 1_024
_WATCHED: Final = 1_024


def show_typing(us: Device, chat: domain.Jid, activity: Activity) -> Flow[None]:
    """Show that we are writing or recording, or not any more. Raises NotSent, NotOnWhatsApp."""
    _require_line(us)
    to = Jid(chat)
    if to.is_user or to.is_lid:
        to = (yield from directory.find(us, to)).lid
    us.write(presence.chat_state(to, activity.value))


def show_presence(us: Device, *, available: bool) -> Flow[None]:
    """Show us online or not, from now on and after each reconnect. Raises NotSent."""
    _require_line(us)
    us.shows_online = available
    us.write(presence.own_presence(available, us.credentials.name))
    yield from ()


def watch(us: Device, jid: domain.Jid) -> Flow[None]:
    """Ask to be told when a person comes and goes, now and after each reconnect. Raises NotSent, NotOnWhatsApp."""
    _require_line(us)
    person = yield from directory.find(us, Jid(jid))
    us.watched.pop(person.lid, None)
    us.watched[person.lid] = None
    while len(us.watched) > _WATCHED:
        us.watched.pop(next(iter(us.watched)))
    us.write(presence.subscribe(person.lid, (yield from token_of(us, person))))


def resume(us: Device) -> Flow[None]:
    """A new connection is up, of which the server knows nothing of all this."""
    us.seen_presences.clear()
    if us.shows_online:
        us.write(presence.own_presence(True, us.credentials.name))
    for lid in list(us.watched):
        person = yield from directory.known_person(us, lid)
        us.write(presence.subscribe(lid, (yield from token_of(us, person))))


def heard(us: Device, stanza: Node) -> None:
    """Somebody came or went. Raises StanzaRefused when it does not say who."""
    if us.credentials.own is None:
        return
    seen = presence.parse_presence(stanza)
    person = seen.person.bare
    if us.own.is_me(person) or person.is_group:
        return
    whereabouts = Whereabouts.ONLINE if seen.is_available else Whereabouts.OFFLINE
    _tell(us, PresenceSeen(domain.Jid(person), whereabouts, last_seen=seen.last_seen))


def heard_typing(us: Device, stanza: Node) -> None:
    """Somebody does something in a chat. Raises StanzaRefused when it does not say who, or what."""
    if us.credentials.own is None:
        return
    state = presence.parse_chat_state(stanza, us.own)
    source = state.source
    if source.is_from_me or state.state not in (Whereabouts.COMPOSING, Whereabouts.RECORDING, Whereabouts.PAUSED):
        return
    alt = None if source.sender_alt is None else domain.Jid(source.sender_alt.bare)
    _tell(
        us,
        PresenceSeen(domain.Jid(source.sender.bare), Whereabouts(state.state), domain.Jid(source.chat.bare), alt),
    )


def _tell(us: Device, seen: PresenceSeen) -> None:
    key, now = (seen.person, seen.chat), us.shell.now()
    before = us.seen_presences.get(key)
    if before is not None and before[0] == (seen.whereabouts, seen.last_seen) and now - before[1] < _SAME_S:
        return
    if len(us.seen_presences) >= _REMEMBERED:
        us.seen_presences.clear()
    us.seen_presences[key] = ((seen.whereabouts, seen.last_seen), now)
    step = us.step()
    step.news.append(seen)
    us.submit(step)


def _require_line(us: Device) -> None:
    if us.phase is not Phase.READY:
        raise NotSent("the session is not connected to WhatsApp")
