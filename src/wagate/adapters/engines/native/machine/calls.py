"""Calls in: they are told, and can be turned down; nothing here answers one."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

from wagate.adapters.engines.native.machine import directory
from wagate.adapters.engines.native.machine.device import Device, Phase, Ringing
from wagate.adapters.engines.native.machine.flows import Commit, Flow
from wagate.adapters.engines.native.machine.people_commands import token_of
from wagate.domain.errors import CallNotFound
from wagate.domain.jid import Jid as DomainJid
from wagate.ports.engine import NotSent
from wagate.ports.people_news import CallEnded, CallRang
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.stanza import call as stanzas
from whatsapp_wire.stanza.ack import ack
from whatsapp_wire.stanza.call import CallEvent, parse_call

_BEGINS: Final = frozenset({"offer", "offer_notice"})
_ENDS: Final = {"accept": "accepted", "reject": "rejected", "terminate": "ended"}
_ELSEWHERE: Final = {"accepted_elsewhere": "accepted", "rejected_elsewhere": "rejected"}
"""Why a call ends that another device of our account has taken care of."""

_REMEMBERED: Final = 256


@dataclass(frozen=True, slots=True)
class _Refusal:
    creator: Jid
    call_id: str
    token: bytes | None


def call(us: Device, stanza: Node) -> Flow[None]:
    """Take one step of a call in. Raises StanzaRefused when it does not say of which."""
    epoch = us.epoch
    event = parse_call(stanza)
    step = us.step()
    refusal: _Refusal | None = None
    if event.step in _BEGINS and event.call_id not in us.calls:
        rejects = us.options.rejects_calls and not event.is_offline
        if rejects:
            person = yield from directory.known_person(us, event.creator)
            refusal = _Refusal(event.creator.bare, event.call_id, (yield from token_of(us, person)))
        _remember(us, event.call_id, Ringing(event.creator.bare, is_over=rejects))
        step.news.append(_rang(event, is_rejected=rejects))
        if rejects:
            step.news.append(_ended(event, "rejected"))
    elif event.step in _ENDS:
        known = us.calls.get(event.call_id)
        if known is None or not known.is_over:
            outcome = _ELSEWHERE.get(event.reason or "", _ENDS[event.step])
            step.news.append(_ended(event, outcome))
        _remember(us, event.call_id, Ringing(event.creator.bare, is_over=True))

    def committed() -> None:
        if us.epoch == epoch:
            if refusal is not None:
                _refuse(us, refusal)
            us.write(ack(stanza))

    us.submit(step, committed)


def reject(us: Device, call_id: str) -> Flow[None]:
    """Turn down a call that is ringing. Raises CallNotFound, NotSent."""
    if us.phase is not Phase.READY:
        raise NotSent("the session is not connected to WhatsApp")
    ringing = us.calls.get(call_id)
    if ringing is None or ringing.is_over:
        raise CallNotFound
    person = yield from directory.known_person(us, ringing.creator)
    token = yield from token_of(us, person)
    us.calls[call_id] = Ringing(ringing.creator, is_over=True)
    _refuse(us, _Refusal(ringing.creator, call_id, token))
    step = us.step()
    step.news.append(CallEnded(call_id, DomainJid(ringing.creator), us.now, "rejected"))
    yield Commit(step)


def _refuse(us: Device, refusal: _Refusal) -> None:
    id = f"3EB0{secrets.token_hex(9).upper()}"
    us.write(stanzas.reject(id, us.own.pn.bare, refusal.creator, refusal.call_id, refusal.token))


def _remember(us: Device, call_id: str, ringing: Ringing) -> None:
    us.calls.pop(call_id, None)
    us.calls[call_id] = ringing
    while len(us.calls) > _REMEMBERED:
        us.calls.pop(next(iter(us.calls)))


def _rang(event: CallEvent, *, is_rejected: bool) -> CallRang:
    return CallRang(
        event.call_id,
        DomainJid(event.creator.bare),
        event.timestamp,
        None if event.creator_alt is None else DomainJid(event.creator_alt.bare),
        None if event.group is None else DomainJid(event.group),
        is_video=event.is_video,
        is_offline=event.is_offline,
        is_rejected=is_rejected,
    )


def _ended(event: CallEvent, outcome: str) -> CallEnded:
    alt = None if event.creator_alt is None else DomainJid(event.creator_alt.bare)
    return CallEnded(event.call_id, DomainJid(event.creator.bare), event.timestamp, outcome, alt, event.reason)
