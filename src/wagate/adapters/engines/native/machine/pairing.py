"""Linking this device to a phone, by QR code or by a code typed into the phone."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

import structlog

from wagate.adapters.engines.native.machine import directory
from wagate.adapters.engines.native.machine.device import Device, LinkCode, Phase
from wagate.adapters.engines.native.machine.errors import LOGGED_OUT_BY_USER, NEW_CODES, QR_EXPIRED, LineLost
from wagate.adapters.engines.native.machine.flows import Commit, Compute, Flow, List, Load, Pause
from wagate.adapters.engines.native.machine.records import KINDS, Step
from wagate.domain import jid as domain
from wagate.domain.errors import SessionAlreadyPaired
from wagate.domain.session import SessionState
from wagate.ports.abilities import PairingCode
from wagate.ports.engine import NotSent
from wagate.ports.news import Paired, QrShown
from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.errors import PairingRefused
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.pairing import link_code
from whatsapp_wire.pairing.identity import PairSuccess, accept_pair_success
from whatsapp_wire.pairing.qr import QrCode, qr_text
from whatsapp_wire.stanza import login
from whatsapp_wire.stanza import pairing as stanzas
from whatsapp_wire.stanza.pairing import LinkOffer, PrimaryHello
from whatsapp_wire.stanza.source import Own

_log = structlog.get_logger(__name__)

CODE_LIFE_S: Final = 180.0
"""How long the phone takes a pairing code (the official clients count down three minutes)."""

_REFS_WITH_LONG_FIRST: Final = 6
_SLICE: Final = 200


def show_codes(us: Device, asked: Node) -> Flow[None]:
    """Show one QR code after the other; when all are used up, ask for new ones a few times, then stop."""
    us.write(stanzas.refs_taken(asked))
    us.become(SessionState.AWAITING_SCAN)
    refs = stanzas.parse_refs(asked)
    for index, ref in enumerate(refs):
        is_long = index == 0 and len(refs) == _REFS_WITH_LONG_FIRST
        shown_s = us.habits.first_qr_s if is_long else us.habits.next_qr_s
        us.shell.report(QrShown(_qr_text(us, ref), shown_s, len(refs) - index - 1))
        yield Pause(shown_s)
        if us.passkey is not None:
            return  # a code was used; from here on the passkey's deadlines count
    while us.link_code is not None and (left := us.link_code.expires_at - us.shell.now()) > 0:
        yield Pause(left)
    if us.passkey is not None:
        return
    us.qr_series += 1
    us.end(QR_EXPIRED if us.qr_series >= us.habits.qr_series else NEW_CODES)


def renew_codes(us: Device) -> None:
    """Begin a new series of QR codes, over a new connection. Raises SessionAlreadyPaired."""
    if us.credentials.own is not None:
        raise SessionAlreadyPaired()
    us.qr_series = 0
    if us.phase is not Phase.CLOSED:
        us.end(NEW_CODES)


def accept(us: Device, asked: Node) -> Flow[None]:
    """Take a phone's offer to link us, if it holds: the keys become durable before the server hears of it."""
    offer = stanzas.parse_link_offer(asked)
    try:
        success = accept_pair_success(offer.device_identity, us.credentials.adv_secret, us.credentials.identity)
    except PairingRefused as refused:
        _log.warning("a phone's offer to link this device does not hold", code=refused.code, reason=refused.text)
        us.write(stanzas.link_refused(asked, refused))
        return
    us.become(SessionState.PAIRING)
    us.passkey = None
    step = yield from _leftovers(us)
    yield Load(directory.pair_records(offer.pn.bare, offer.lid.bare))
    _take_offer(us, step, offer, success)
    yield Commit(step)
    us.write(stanzas.link_accepted(asked, success))
    us.write(login.unified_session(us.now * 1000))


def request_code(us: Device, phone: domain.Jid) -> Flow[PairingCode]:
    """Ask for a code to type into the phone with this number. Raises SessionAlreadyPaired, NotSent."""
    if us.credentials.own is not None:
        raise SessionAlreadyPaired()
    if us.phase is Phase.CLOSED:
        raise NotSent("the session is not connected to WhatsApp")
    if us.passkey is not None:
        raise NotSent("a phone is pairing already, and a passkey is asked for; begin a new series of codes first")
    code, salt, ephemeral = link_code.new_code(), link_code.new_salt(), KeyPair.generate()
    wrapping_key: bytes = yield Compute(partial(link_code.stretch, code, salt))
    wrapped = link_code.wrap(ephemeral.public, wrapping_key, salt)
    noise_public, browser = us.credentials.noise.public, us.habits.browser
    answer = yield from us.flows.ask(lambda id: stanzas.companion_hello(id, Jid(phone), wrapped, noise_public, browser))
    ref = stanzas.parse_pairing_ref(answer)
    us.link_code = LinkCode(Jid(phone), ephemeral, code, ref, us.shell.now() + CODE_LIFE_S)
    return PairingCode(link_code.shown(code), CODE_LIFE_S)


def finish_code(us: Device, hello: PrimaryHello) -> Flow[None]:
    """The code was typed into the phone: agree on the secret that will vouch for the offer. Raises NotSent."""
    waiting = us.link_code
    if waiting is None or waiting.ref != hello.ref:
        _log.warning("a pairing code was typed that is not ours")
        return
    salt = link_code.salt_of(hello.wrapped_ephemeral)
    wrapping_key: bytes = yield Compute(partial(link_code.stretch, waiting.code, salt))
    primary_ephemeral = link_code.unwrap(hello.wrapped_ephemeral, wrapping_key)
    identity = us.credentials.identity
    bundle = link_code.finish_companion(waiting.ephemeral, primary_ephemeral, hello.identity, identity)
    us.credentials = replace(us.credentials, adv_secret=bundle.adv_secret)
    yield from us.flows.ask(
        lambda id: stanzas.companion_finish(id, waiting.phone, bundle.wrapped, identity.public, waiting.ref)
    )


def log_out(us: Device) -> Flow[None]:
    """Tell the server to forget this device. Raises NotSent when the line is down."""
    if us.phase is not Phase.READY:
        raise NotSent("the session is not connected to WhatsApp")
    # The server may hang up before it answers, so the reason is known beforehand.
    us.ending = LOGGED_OUT_BY_USER
    try:
        yield from us.flows.ask(lambda id: stanzas.remove_companion(id, us.own.pn))
    except LineLost:
        return
    except NotSent:
        us.ending = None
        raise
    us.end(LOGGED_OUT_BY_USER)


def forget_everything(us: Device) -> Flow[None]:
    """Delete every record, the credentials last: interrupted, it is taken up again at the next login."""
    for kind in KINDS:
        records: list[tuple[str, bytes]] = yield List(kind)
        for start in range(0, len(records), _SLICE):
            step = us.step()
            for address, _ in records[start : start + _SLICE]:
                step.delete(kind, address)
            yield Commit(step)


def _leftovers(us: Device) -> Flow[Step]:
    """A unit that deletes what an earlier pairing may have left: it belongs to keys that are gone."""
    step = us.step()
    for kind in KINDS:
        records: list[tuple[str, bytes]] = yield List(kind)
        for address, _ in records:
            step.delete(kind, address)
    return step


def _take_offer(us: Device, step: Step, offer: LinkOffer, success: PairSuccess) -> None:
    linked = replace(
        us.credentials,
        own=Own(offer.pn, offer.lid),
        voucher=success.account,
        account_identity=success.account_identity,
        platform=offer.platform,
        name=offer.business_name,
    )
    us.store_credentials(step, linked)
    step.put("identity", offer.lid.bare, success.account_identity)
    directory.link(step, offer.pn.bare, offer.lid.bare)
    step.news.append(Paired(linked.me))


def _qr_text(us: Device, ref: str) -> str:
    keys = us.credentials
    return qr_text(QrCode(ref, keys.noise.public, keys.identity.public, keys.adv_secret, us.habits.browser[0]))
