"""The parts of a history in the product's words, with the other addresses of people and the secrets of polls."""

from __future__ import annotations

from wagate.adapters.engines.native.machine import polls
from wagate.adapters.engines.native.machine.device import Device
from wagate.adapters.engines.native.machine.records import Step
from wagate.adapters.whatsapp_web.letters import Account
from wagate.adapters.whatsapp_web.past import Part, Told, is_person, past_in
from wagate.domain import jid as domain
from wagate.ports.news import HistoryArrived, PastChat, PastMessage
from wagate.ports.vault import RecordKey
from whatsapp_wire.jid import Jid


def people_of(part: Part) -> set[Jid]:
    """The people whose other address is wanted."""
    told = {jid for message in part.messages for jid in (message.chat, message.sender)}
    chats = {Jid(chat.jid) for chat in part.chats}
    return {jid for jid in (*told, *chats, *(person for person, _ in part.names)) if is_person(jid)}


def secrets_of(part: Part) -> tuple[RecordKey, ...]:
    """What `keep_secrets` needs to have loaded."""
    return tuple(key for told in part.messages for key in polls.records_of(told.wa_id, [told.message]))


def keep_secrets(us: Device, step: Step, part: Part) -> None:
    """Keep the secrets of polls, so that votes that come later can be read."""
    for told in part.messages:
        if ("secret", told.wa_id) in polls.records_of(told.wa_id, [told.message]) and polls.is_new(step, told.wa_id):
            polls.keep(step, told.wa_id, told.sender, told.message)


def news_of(us: Device, step: Step, history: str, part: Part) -> HistoryArrived:
    """What there is to tell of a part; needs the other addresses of `people_of` loaded."""
    return HistoryArrived(
        history=history,
        messages=tuple(past for told in part.messages if (past := _past(us, step, told)) is not None),
        chats=tuple(PastChat(chat.jid, _other(step, Jid(chat.jid)), chat.name, chat.unread) for chat in part.chats),
        names=tuple((domain.Jid(person), name) for person, name in part.names),
        links=tuple((domain.Jid(pn), domain.Jid(lid)) for pn, lid in part.links),
    )


def _past(us: Device, step: Step, told: Told) -> PastMessage | None:
    """A message in the product's words, if it is one."""
    own = Account(domain.Jid(us.own.pn.bare), domain.Jid(us.me.lid))
    return past_in(told, own, _other(step, told.chat), own.pn if told.from_me else _other(step, told.sender))


def _other(step: Step, person: Jid) -> domain.Jid | None:
    """Somebody's other address, where it is known."""
    if not is_person(person):
        return None
    value = step.get("pn" if person.is_lid else "lid", person)
    return None if value is None else domain.Jid(value.decode())
