"""Messages that could not be read: asking for theirs again, and answering those who ask for ours, from the store."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import structlog

from wagate.adapters.engines.native.machine import directory, ratchets
from wagate.adapters.engines.native.machine.device import Device, Doubts
from wagate.adapters.engines.native.machine.flows import Commit, Flow, Load
from wagate.adapters.engines.native.machine.ratchets import Peer
from wagate.adapters.engines.native.machine.records import Asked, Sent, Step
from wagate.domain import jid as domain
from wagate.ports.news import MessageUndecryptable
from whatsapp_wire.errors import BadBundle, NoSession, WireError
from whatsapp_wire.message import device_sent, parse, stanza_kind
from whatsapp_wire.node import Node
from whatsapp_wire.signal.prekeys import PreKey, next_prekey_id
from whatsapp_wire.stanza import receipt
from whatsapp_wire.stanza.ack import ack
from whatsapp_wire.stanza.message import IncomingMessage, Resend
from whatsapp_wire.stanza.receipt import Receipt, RetryKeys, RetryRequest

_log = structlog.get_logger(__name__)

MAX_RETRIES: Final = 5
"""How often a message is asked for, or sent again to one device (whatsmeow `retry.go`)."""

PEER: Final = "peer"
"""The category of what our own devices tell one another."""

_KEYS_FROM: Final = 2
_DOUBTFUL_MESSAGES: Final = 3
_DOUBTED_DEVICES: Final = 256
_RENEWAL_PAUSE_S: Final = 30.0


def ask(us: Device, step: Step, stanza: Node, message: IncomingMessage, peer: Peer, failure: WireError) -> None:
    """Have a message that could not be read sent again, until it was asked for too often."""
    epoch = us.epoch
    asked = Asked.unpack(step.get("retry", peer.address))
    count = asked.counts.get(message.id, 0) + 1
    if count == 1 and len(message.encs) == 1:
        count = message.encs[0].count + 1
    step.put("retry", peer.address, asked.once_more(message.id, count))
    if message.category != PEER and not all(enc.content.hide_failure for enc in message.encs):
        step.news.append(undecryptable(message, count, failure))
    request = receipt.retry(stanza, count, us.credentials.registration_id, _keys(us, step, count))
    _log.info("a message cannot be read", wa_id=message.id, attempt=count, error=repr(failure))

    def committed() -> None:
        if us.epoch != epoch:
            return
        if count < MAX_RETRIES:
            us.write(request)
        us.write(ack(stanza))

    us.submit(step, committed)


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
    if stored is None or not (yield from _may_have(us, peer, Sent.unpack(stored))):
        _log.info("a message that was asked for is not sent again", wa_id=request.message_id, known=stored is not None)
        us.write(ack(stanza))
        return
    if request.bundle is None and _must_renew(us, peer, request):
        yield from directory.meet(us, [peer], anew=True)
    else:
        yield from directory.meet(us, [peer])
    yield Load((("sent", request.message_id), *peer.keys))
    step = us.step()
    resend = _resend(us, step, asked, request, peer)
    yield Commit(step)
    if us.epoch == epoch:
        if resend is not None:
            us.write(resend.node())
        us.write(ack(stanza))


def _may_have(us: Device, peer: Peer, sent: Sent) -> Flow[bool]:
    """Whether a device is one the message was meant for, and has not asked too often."""
    if sent.answered.get(peer.address, 0) >= MAX_RETRIES:
        return False
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


def _must_renew(us: Device, peer: Peer, request: RetryRequest) -> bool:
    """Whether the session with a device is to be begun anew: it says so, or it could not read several messages.

    whatsmeow waits for the second request for one message. A device whose half of the session is broken refuses every
    message once, so three different ones are sign enough; but a new session costs it a prekey, so not too often.
    """
    if us.doubts is None:
        us.doubts = {}
    elif len(us.doubts) > _DOUBTED_DEVICES:
        us.doubts.clear()
    doubts = us.doubts.setdefault(peer.device, Doubts(set()))
    doubts.wa_ids.add(request.message_id)
    now = us.shell.now()
    is_broken = len(doubts.wa_ids) >= _DOUBTFUL_MESSAGES and now - doubts.renewed_at > _RENEWAL_PAUSE_S
    if request.count < _KEYS_FROM and not is_broken:
        return False
    us.doubts[peer.device] = Doubts(set(), now)
    return True


def _resend(us: Device, step: Step, asked: Receipt, request: RetryRequest, peer: Peer) -> Resend | None:
    stored = step.get("sent", request.message_id)
    if stored is None:
        return None
    sent = Sent.unpack(stored)
    message = parse(sent.plaintext)
    if peer.device.bare == us.me.lid != sent.chat:
        plaintext = device_sent(message, sent.chat).SerializeToString()
    else:
        plaintext = sent.plaintext
    try:
        if request.bundle is not None:
            ratchets.begin(us.credentials, step, peer, request.bundle)
        recipient = ratchets.seal(us.credentials, step, peer, plaintext)
    except (BadBundle, NoSession) as error:
        _log.warning("a message cannot be sent again", wa_id=request.message_id, error=str(error))
        return None
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
        device_identity=us.credentials.voucher,
    )
