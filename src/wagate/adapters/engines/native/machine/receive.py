"""Messages in: decrypted, stored with what they changed, and only then confirmed to the server.

A stanza's flow waits for records at most; it ends with its unit submitted, so the next stanza is read while this one is
being committed.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

import structlog

from wagate.adapters.engines.native.machine import (
    app_state,
    app_state_keys,
    directory,
    histories,
    polls,
    ratchets,
    retry,
    timers,
)
from wagate.adapters.engines.native.machine.device import Device
from wagate.adapters.engines.native.machine.flows import Flow, Load
from wagate.adapters.engines.native.machine.ratchets import Peer
from wagate.adapters.engines.native.machine.records import Asked, Step, remember, was_seen
from wagate.adapters.whatsapp_web.decode import Speaker, context_of, quoted_of, said_in
from wagate.adapters.whatsapp_web.files import file_in
from wagate.domain import jid as domain
from wagate.domain.acts import Said
from wagate.domain.content import PLAIN_CONTEXT, Attached, Context, Quoted, Unsupported
from wagate.ports.files import ArrivedFile
from wagate.ports.news import ChatMarked, MessageArrived
from wagate.ports.vault import RecordKey
from whatsapp_wire.errors import BadMac, DuplicateMessage, MalformedCiphertext, StanzaRefused, WireError
from whatsapp_wire.jid import Jid
from whatsapp_wire.message import Content as Read
from whatsapp_wire.message import Kind, parse, read, unwrap
from whatsapp_wire.node import Node
from whatsapp_wire.pairing.identity import verify_device_identity
from whatsapp_wire.proto.message_pb2 import AppStateSyncKeyRequest, Message, ProtocolMessage
from whatsapp_wire.sender_key_share import shared
from whatsapp_wire.stanza import receipt
from whatsapp_wire.stanza.ack import ack
from whatsapp_wire.stanza.media import MediaMessage
from whatsapp_wire.stanza.message import ADMIN_REVOKE, Enc, IncomingMessage, parse_message

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message on its way in: the stanza, what it says, the device it comes from, and the connection it came over."""

    stanza: Node
    message: IncomingMessage
    peer: Peer
    epoch: int

    @property
    def chat(self) -> Jid:
        """Where it was said."""
        return self.message.source.chat


def message(us: Device, stanza: Node) -> Flow[None]:
    """Take a message in. Raises StanzaRefused when it lacks what a message must have."""
    epoch = us.epoch
    incoming = parse_message(stanza, us.own)
    peer = yield from directory.sender_of(us, incoming.source)
    arrival = Arrival(stanza, incoming, peer, epoch)
    records = _records(arrival)
    yield Load(records)
    if us.shell.get(*peer.keys[0]) is None:
        yield from _adopt(us, arrival)
        yield Load(records)
    step = us.step()
    directory.learn_links(step, incoming.source)
    if not incoming.encs:
        _take_unavailable(us, step, arrival)
        return
    messages, failure = _unseal(us, step, arrival)
    if (secrets := polls.records_of(incoming.id, messages)) != ():
        # What a vote needs is known only now. Nothing was submitted yet, so all of it is done once more.
        yield Load((*records, *secrets))
        step = us.step()
        directory.learn_links(step, incoming.source)
        messages, failure = _unseal(us, step, arrival)
    if messages and (failure is None or isinstance(failure, DuplicateMessage)):
        _take(us, step, arrival, messages)
    elif was_seen(step.get("seen", peer.address), arrival.chat, incoming.id):
        us.submit(step, lambda: _confirm(us, arrival, announces_history=False))
    else:
        retry.ask(us, step, stanza, incoming, peer, failure or MalformedCiphertext("the message holds nothing"))


def give_up_on(us: Device, stanza: Node, error: Exception, code: int) -> None:
    """Acknowledge a stanza that cannot be used, with a code; if it is a message, its loss is told of first."""
    epoch, step = us.epoch, us.step()
    try:
        refusal = ack(stanza, code)
    except StanzaRefused:
        _log.warning("a stanza without an id or sender cannot even be refused", tag=stanza.tag)
        return
    if stanza.tag == "message":
        with suppress(StanzaRefused):
            step.news.append(retry.undecryptable(parse_message(stanza, us.own), retry.MAX_RETRIES, error))

    def committed() -> None:
        if us.epoch == epoch:
            us.write(refusal)

    us.submit(step, committed)


def _adopt(us: Device, arrival: Arrival) -> Flow[None]:
    """Look for a session with the sender under their phone number."""
    source = arrival.message.source
    pn = source.sender_alt if source.sender.is_lid else source.sender
    if pn is None:
        pn = (yield from directory.known_person(us, source.sender)).pn
    if pn is not None:
        yield from directory.adopt(us, arrival.peer, pn)


def _records(arrival: Arrival) -> tuple[RecordKey, ...]:
    message, peer = arrival.message, arrival.peer
    address = peer.address
    records = [*peer.keys, ("seen", address), ("retry", address), *directory.link_records(message.source)]
    for enc in message.encs:
        records += _prekey_record(enc)
    if message.source.is_group:
        records.append(ratchets.sender_key_record(arrival.chat, peer))
    return tuple(records)


def _prekey_record(enc: Enc) -> tuple[RecordKey, ...]:
    try:
        return ratchets.prekey_record(enc)
    except MalformedCiphertext:
        return ()


def _unseal(us: Device, step: Step, arrival: Arrival) -> tuple[list[Message], WireError | None]:
    """Decrypt one ciphertext after the other, up to the first that cannot be: a used one is passed over."""
    messages: list[Message] = []
    failure: WireError | None = None
    for enc in arrival.message.encs:
        before = dict(step.changes)
        try:
            message = parse(ratchets.unseal(us.credentials, step, arrival.peer, arrival.chat, enc))
            _check_voucher(step, arrival, enc)
            _take_sender_key(step, arrival, message)
        except DuplicateMessage as error:
            failure = error
        except WireError as error:
            step.changes = before
            return [], error
        else:
            messages.append(message)
    return messages, failure


def _check_voucher(step: Step, arrival: Arrival, enc: Enc) -> None:
    """A companion's first message carries its account's word for it; without that it may be anybody's."""
    if enc.kind != "pkmsg" or arrival.peer.device.device == 0:
        return
    identity, voucher = step.get("identity", arrival.peer.address), arrival.message.device_identity
    if identity is None or voucher is None or verify_device_identity(voucher, identity) is None:
        raise BadMac("no account vouches for the sending device")


def _take_sender_key(step: Step, arrival: Arrival, message: Message) -> None:
    distributed = shared(message)
    if arrival.message.source.is_group and distributed is not None:
        ratchets.take_sender_key(step, arrival.peer, arrival.chat, distributed)


def _take(us: Device, step: Step, arrival: Arrival, messages: list[Message]) -> None:
    """Store a message that could be read and tell of it, unless it came before."""
    wa_id, address = arrival.message.id, arrival.peer.address
    found = [(message, read(message)) for message in messages]
    got_keys, asked_for = _keep_ours(us, step, arrival, found)
    for message, content in found:
        if content.kind is Kind.POLL and polls.is_new(step, wa_id):
            polls.keep(step, wa_id, arrival.message.source.sender.bare, message)
    seen = step.get("seen", address)
    if not was_seen(seen, arrival.chat, wa_id):
        step.put("seen", address, remember(seen, arrival.chat, wa_id))
        step.news += _news(us, step, arrival, found)
    if wa_id in (asked := Asked.unpack(step.get("retry", address))).counts:
        step.changes["retry", address] = asked.settled(wa_id)
    announces_history = any(content.kind is Kind.HISTORY for _, content in found)

    def committed() -> None:
        _confirm(us, arrival, announces_history)
        if got_keys:
            app_state.wake(us)
        if asked_for is not None:
            us.flows.start(app_state_keys.serve(us, arrival.peer, asked_for), ends_with_line=True)

    us.submit(step, committed)


def _keep_ours(
    us: Device, step: Step, arrival: Arrival, found: list[tuple[Message, Read]]
) -> tuple[bool, AppStateSyncKeyRequest | None]:
    """Keep what devices of ours tell one another: whether there were new keys, and which ones are asked for."""
    got_keys, asked_for = False, None
    if not arrival.message.source.is_from_me:
        return got_keys, asked_for
    for message, content in found:
        if content.kind is Kind.APP_STATE_KEYS:
            share = unwrap(message).protocol_message.app_state_sync_key_share
            got_keys = app_state_keys.keep(step, share) or got_keys
        elif content.kind is Kind.PROTOCOL:
            asked_for = _key_request(message) or asked_for
        elif content.kind is Kind.HISTORY and arrival.peer.device == us.me.lid:
            histories.keep(us, step, arrival.message.id, message)
    return got_keys, asked_for


def _key_request(message: Message) -> AppStateSyncKeyRequest | None:
    """Which keys a device of ours asks for, if that is what a message is."""
    told = unwrap(message).protocol_message
    is_request = told.type == ProtocolMessage.APP_STATE_SYNC_KEY_REQUEST and told.HasField("app_state_sync_key_request")
    return told.app_state_sync_key_request if is_request else None


def _news(
    us: Device, step: Step, arrival: Arrival, found: list[tuple[Message, Read]]
) -> list[MessageArrived | ChatMarked]:
    """What there is to show: of several ciphertexts in one stanza, one carries it."""
    source = arrival.message.source
    for message, content in found:
        chat, _ = _chat_of(arrival, content.destination)
        timer = timers.news_in(message, chat, arrival.message.timestamp * 1000)
        if timer is not None:
            return [timer]
        is_admins = arrival.message.edit == ADMIN_REVOKE
        speaker = Speaker(source.sender.bare, chat, us.me.lid, source.is_from_me, by_admin=is_admins)
        selected = polls.opened(us, step, source, message) if content.kind is Kind.POLL_VOTE else None
        said = said_in(message, content, speaker, selected)
        if said is not None:
            context = context_of(message)
            news = _arrived(us, arrival, said, quoted_of(content), content.destination, context)
            return [replace(news, file=_file_of(arrival, message, said, chat)) if isinstance(said, Attached) else news]
    return []


def _file_of(arrival: Arrival, message: Message, said: Attached, chat: Jid) -> ArrivedFile:
    source = arrival.message.source
    participant = source.sender.bare if source.is_group else None
    return file_in(message, said, MediaMessage(arrival.message.id, chat, source.is_from_me, participant))


def _chat_of(arrival: Arrival, destination: Jid | None) -> tuple[Jid, Jid | None]:
    """The chat of a message, by both its addresses: a copy from a device of ours may say only inside where it went."""
    source = arrival.message.source
    if source.is_group:
        return source.chat, source.chat_alt
    if not source.is_from_me:
        return source.chat, source.sender_alt
    if destination is not None and arrival.stanza.get("recipient") is None:
        return destination.bare, None
    return source.chat, source.chat_alt


def _arrived(
    us: Device,
    arrival: Arrival,
    said: Said,
    quoted: Quoted | None = None,
    destination: Jid | None = None,
    context: Context = PLAIN_CONTEXT,
) -> MessageArrived:
    message, source = arrival.message, arrival.message.source
    sender_alt = source.sender_alt
    if source.is_from_me:
        sender_alt = us.own.pn if source.sender.is_lid else us.own.lid
    chat, chat_alt = _chat_of(arrival, destination)
    return MessageArrived(
        wa_id=message.id,
        chat=domain.Jid(chat),
        sender=domain.Jid(source.sender.bare),
        from_me=source.is_from_me,
        timestamp=message.timestamp,
        content=said,
        chat_alt=_bare(chat_alt),
        sender_alt=_bare(sender_alt),
        push_name=None if source.is_from_me else message.notify,
        quoted=quoted,
        offline=message.is_offline,
        context=context,
    )


def _bare(jid: Jid | None) -> domain.Jid | None:
    return None if jid is None else domain.Jid(jid.bare)


def _take_unavailable(us: Device, step: Step, arrival: Arrival) -> None:
    """A message that the server has for the phone only: say that there is one."""
    reason = arrival.message.unavailable
    if reason is not None:
        kind = "view_once" if reason.startswith("view_once") else "unavailable"
        step.news.append(_arrived(us, arrival, Unsupported(kind)))
    us.submit(step, lambda: _acknowledge(us, arrival))


def _confirm(us: Device, arrival: Arrival, announces_history: bool) -> None:
    """Let the server forget a message, and its sender know that it arrived."""
    if us.epoch != arrival.epoch:
        return
    us.write(receipt.delivery(arrival.stanza, arrival.message.source.is_from_me, is_active=us.shows_online))
    if arrival.message.category == retry.PEER:
        us.write(receipt.peer_receipt(arrival.message.id, us.own.pn, "peer_msg"))
    if announces_history:
        us.write(receipt.peer_receipt(arrival.message.id, us.own.pn, "hist_sync"))
        us.shell.history_waits()


def _acknowledge(us: Device, arrival: Arrival) -> None:
    if us.epoch == arrival.epoch:
        us.write(ack(arrival.stanza))
