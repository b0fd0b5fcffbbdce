"""Messages that could not be read: asking for theirs again, and answering those who ask for ours, from the store."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

import structlog

from wagate.adapters.engines.native.machine import directory, group_keys, groups, ratchets, statuses
from wagate.adapters.engines.native.machine.device import Device
from wagate.adapters.engines.native.machine.doubts import Doubts
from wagate.adapters.engines.native.machine.flows import Commit, Flow, Join, Load, Pause
from wagate.adapters.engines.native.machine.ratchets import Peer
from wagate.adapters.engines.native.machine.records import Asked, Sent, Step
from wagate.domain import jid as domain
from wagate.ports.news import MessageUndecryptable
from whatsapp_wire.errors import BadBundle, BadMac, NoSession, WireError
from whatsapp_wire.message import device_sent, parse, stanza_kind
from whatsapp_wire.node import Node
from whatsapp_wire.signal.prekeys import PreKey, next_prekey_id
from whatsapp_wire.stanza import receipt
from whatsapp_wire.stanza.ack import ack
from whatsapp_wire.stanza.message import IncomingMessage, Resend
from whatsapp_wire.stanza.receipt import Receipt, RetryKeys, RetryRequest

_log = structlog.get_logger(__name__)

MAX_RETRIES: Final = 5
MAX_ANSWERS: Final = 10
"""How often a message is asked for, and sent again to one device that asks (whatsmeow `retry.go`)."""

PEER: Final = "peer"
"""The category of what our own devices tell one another."""

_KEYS_FROM: Final = 2


def ask(us: Device, step: Step, stanza: Node, message: IncomingMessage, peer: Peer, failure: WireError) -> None:
    """Have a message that could not be read sent again, until it was asked for too often."""
    epoch, doubts = us.epoch, us.doubts(peer.device)
    _log.info("a message cannot be read", wa_id=message.id, error=repr(failure))
    if isinstance(failure, BadMac) and doubts.unread(message.id, us.shell.now()):
        us.flows.start(_renew(us, peer))
    if doubts.is_asking(message.id):
        doubts.acknowledge_later(message.id, ack(stanza))
        us.submit(step)
        return
    asked, ciphertext = Asked.unpack(step.get("retry", peer.address)), b"".join(enc.ciphertext for enc in message.encs)
    count = asked.count(message.id)
    if not asked.is_about(message.id, ciphertext):
        count += 1
        if count == 1 and len(message.encs) == 1:
            count = message.encs[0].count + 1
        step.put("retry", peer.address, asked.once_more(message.id, count, ciphertext))
        if message.category != PEER and not all(enc.content.hide_failure for enc in message.encs):
            step.news.append(undecryptable(message, count, failure))
    if count >= MAX_RETRIES:
        us.submit(step, lambda: _write(us, epoch, ack(stanza)))
        return
    request = receipt.retry(stanza, count, us.credentials.registration_id, _keys(us, step, count))
    pause_s = doubts.ask(message.id, count, us.shell.now())
    doubts.acknowledge_later(message.id, ack(stanza))

    def committed() -> None:
        if pause_s > 0.0 and us.epoch == epoch:
            us.flows.start(_ask_later(us, doubts, message.id, pause_s, request), ends_with_line=True)
        else:
            _write(us, epoch, request, *doubts.asked(message.id))

    us.submit(step, committed)


def _ask_later(us: Device, doubts: Doubts, wa_id: str, pause_s: float, request: Node) -> Flow[None]:
    """Ask, and let the server forget the message, after a while; if the line is lost before, it comes again anyway."""
    try:
        yield Pause(pause_s)
        _write(us, us.epoch, request, *doubts.asked(wa_id))
    finally:
        doubts.asked(wa_id)


def _write(us: Device, epoch: int, *stanzas: Node) -> None:
    """Write stanzas, unless the connection they belong to is gone."""
    if us.epoch == epoch:
        for stanza in stanzas:
            us.write(stanza)


def undecryptable(message: IncomingMessage, count: int, failure: Exception) -> MessageUndecryptable:
    """What to tell of a message that could not be read, asked for the ``count``-th time."""
    return MessageUndecryptable(
        wa_id=message.id,
        chat=domain.Jid(message.source.chat),
        sender=domain.Jid(message.source.sender.bare),
        timestamp=message.timestamp,
        attempt=count,
        detail=f"{type(failure).__name__}: {failure}",
    )


def answer(us: Device, stanza: Node, asked: Receipt, request: RetryRequest) -> Flow[None]:
    """Encrypt a message again for the one device that could not read it, and send it there."""
    epoch = us.epoch
    peer = yield from directory.sender_of(us, asked.source)
    yield Load((("sent", request.message_id),))
    stored = us.shell.get("sent", request.message_id)
    if stored is None or not (yield from _may_have(us, peer, request.message_id, sent := Sent.unpack(stored))):
        _log.info("a message that was asked for is not sent again", wa_id=request.message_id, known=stored is not None)
        us.write(ack(stanza))
        return
    doubts = us.doubts(peer.device)
    if request.bundle is None and doubts.refused(request.message_id, request.count, sent.sealed_at):
        yield from _renew(us, peer)
    elif doubts.is_renewing:
        yield Join(("renew", peer), partial(_renew_once, us, peer))
    elif request.bundle is None:
        yield from directory.meet(us, [peer])
    own_keys = group_keys.records(us, sent.chat) if sent.chat.is_shared else ()
    yield Load((("sent", request.message_id), *peer.keys, *own_keys))
    step = us.step()
    resend = _resend(us, step, asked, request, peer)
    yield Commit(step)
    _write(us, epoch, *(() if resend is None else (resend.node(),)), ack(stanza))


def _may_have(us: Device, peer: Peer, wa_id: str, sent: Sent) -> Flow[bool]:
    """Whether a device is one the message was meant for, and has not asked too often."""
    if sent.answered.get(peer.address, 0) >= MAX_ANSWERS:
        return False
    if sent.chat.is_group:
        return (yield from groups.has_device(us, sent.chat, peer))
    if sent.chat.is_shared:
        return (yield from statuses.has_device(us, wa_id, peer))
    person = us.me if peer.device.bare == us.me.lid else (yield from directory.known_person(us, sent.chat))
    return (yield from directory.is_device_of(us, peer, person))


def _keys(us: Device, step: Step, count: int) -> RetryKeys | None:
    """Fresh keys of ours, so that the sender can begin a new session without asking the server."""
    if not _KEYS_FROM <= count < MAX_RETRIES:
        return None
    us_now = us.credentials
    prekey = PreKey.generate(us_now.next_prekey)
    following = next_prekey_id(prekey.id)
    are_published = us_now.first_unpublished == prekey.id
    step.put("prekey", str(prekey.id), prekey.key.private)
    us.store_credentials(
        step,
        replace(
            us_now,
            next_prekey=following,
            first_unpublished=following if are_published else us_now.first_unpublished,
        ),
    )
    return RetryKeys(us_now.identity.public, prekey, us_now.signed_prekey, us_now.voucher)


def _renew(us: Device, peer: Peer) -> Flow[None]:
    """Begin a new session with a device from what the server has of it, once for all who find that needed. NotSent."""
    us.doubts(peer.device).is_renewing = True
    yield Join(("renew", peer), partial(_renew_once, us, peer))


def _renew_once(us: Device, peer: Peer) -> Flow[None]:
    doubts = us.doubts(peer.device)
    try:
        yield from directory.meet(us, [peer], anew=True)
        doubts.renewed(us.shell.now())
    finally:
        doubts.is_renewing = False


def _resend(us: Device, step: Step, asked: Receipt, request: RetryRequest, peer: Peer) -> Resend | None:
    stored = step.get("sent", request.message_id)
    if stored is None:
        return None
    sent = Sent.unpack(stored)
    message = parse(sent.plaintext)
    if sent.chat.is_shared:
        plaintext = group_keys.with_key(us, step, sent.chat, peer, message).SerializeToString()
    elif peer.device.bare == us.me.lid != sent.chat:
        plaintext = device_sent(message, sent.chat).SerializeToString()
    else:
        plaintext = sent.plaintext
    doubts, now = us.doubts(peer.device), us.shell.now()
    try:
        has_session = ratchets.session_of(step, peer) is not None
        if request.bundle is not None and (
            not has_session or doubts.refused(request.message_id, request.count, sent.sealed_at)
        ):
            ratchets.begin(us.credentials, step, peer, request.bundle)
            doubts.renewed(now)
        recipient = ratchets.seal(us.credentials, step, peer, plaintext)
    except (BadBundle, NoSession) as error:
        _log.warning("a message cannot be sent again", wa_id=request.message_id, error=str(error))
        return None
    doubts.resent(request.message_id, now)
    answered = {**sent.answered, peer.address: sent.answered.get(peer.address, 0) + 1}
    step.put("sent", request.message_id, replace(sent, answered=answered).pack())
    kind = stanza_kind(message)
    return Resend(
        id=request.message_id,
        to=asked.came_from,
        type=kind.type,
        timestamp=request.timestamp,
        count=request.count,
        recipient_device=recipient,
        participant=asked.participant,
        recipient=asked.recipient,
        edit=asked.edit,
        media_type=kind.media_type,
        poll_type=kind.poll_type,
        device_identity=us.credentials.voucher,
    )
