"""Messages out: who gets them, one ciphertext per device, the exact stanza kept until the server acknowledges it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import structlog

from wagate.adapters.engines.native.machine import directory, group_keys, groups, polls, ratchets, statuses
from wagate.adapters.engines.native.machine.device import Device, InFlight, Person, Phase
from wagate.adapters.engines.native.machine.errors import refusal_of
from wagate.adapters.engines.native.machine.flows import Commit, Flow, Join, Load
from wagate.adapters.engines.native.machine.ratchets import Peer
from wagate.adapters.engines.native.machine.records import ContactToken, Sent, Step, Unacked
from wagate.adapters.whatsapp_web.encode import Enclosed, Stage, message_of
from wagate.adapters.whatsapp_web.files import Sealed
from wagate.domain.acts import Edit, PollVote, Said
from wagate.domain.ids import MessageId
from wagate.ports.engine import NoRecipientDevice, NotSent, Outgoing, SendImpossible
from wagate.ports.news import ChatMarked, SendAccepted, SendRefused, SendStarted
from whatsapp_wire import participants
from whatsapp_wire.encoding import encode
from whatsapp_wire.errors import NoSession, WireError
from whatsapp_wire.jid import Jid
from whatsapp_wire.message import device_sent, stanza_kind
from whatsapp_wire.node import Node
from whatsapp_wire.proto.message_pb2 import Message
from whatsapp_wire.stanza import privacy
from whatsapp_wire.stanza.ack import ServerAck
from whatsapp_wire.stanza.message import DirectMessage, EncKind, Recipient

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Letter:
    """A message ready to be encrypted: its id, its chat, what it says, and the tokens shared with the recipient."""

    wa_id: str
    chat: Person
    message: Message
    token: ContactToken


@dataclass(frozen=True, slots=True)
class Written:
    """A message to send, in WhatsApp's own terms; for the rest see `wagate.ports.engine.Outgoing`.

    ``message`` is None for what the line says by itself, and nobody handed over. ``told`` is what the message changes
    here: it is durable together with the stanza, or neither is.
    """

    message: MessageId | None
    wa_id: str
    to: Jid
    plaintext: Message
    told: tuple[ChatMarked, ...] = ()


@dataclass(frozen=True, slots=True)
class _Draft:
    """A message to send, whose words depend on the chat that they are for."""

    message: MessageId | None
    wa_id: str
    to: Jid
    compose: Callable[[Person], Flow[Message]]
    is_first: bool = False
    told: tuple[ChatMarked, ...] = ()


def send(us: Device, outgoing: Outgoing, file: Sealed | None) -> Flow[None]:
    """Write a message and post it; ``file`` is what it shows, on the hosts.

    Raises NotSent, SendImpossible, UnsupportedByEngine, or the vault's error.
    """
    compose = partial(_compose, us, outgoing, file)
    yield from _begin(us, _Draft(outgoing.message, outgoing.chosen_id, Jid(outgoing.to), compose, outgoing.is_first))


def post(us: Device, written: Written) -> Flow[None]:
    """Make a message durable with its exact stanza, and send that. A second call for one ``wa_id`` changes nothing.

    Raises NotSent, SendImpossible, or the vault's error.
    """
    compose = partial(_as_it_is, written.plaintext)
    yield from _begin(us, _Draft(written.message, written.wa_id, written.to, compose, told=written.told))


def acked(us: Device, ack: ServerAck) -> None:
    """Take the server's answer to a message: it is on its way, or it never will be."""
    in_flight = us.unacked.pop(ack.id, None)
    if in_flight is None:
        return
    if ack.error is not None:
        us.flows.start(_refused(us, in_flight, ack.error))
        return
    step = us.step()
    step.delete("unacked", in_flight.address)
    if not in_flight.is_unasked:
        step.news.append(SendAccepted(ack.id, ack.timestamp or None))
    chat = in_flight.unacked.chat
    if ack.phash is not None and ack.phash != in_flight.unacked.phash:
        _log.info("the server knows other devices of a recipient; they will be asked for", wa_id=ack.id)
        if chat.is_group:
            us.flows.start(groups.recheck(us, chat))
        elif chat.is_shared:
            us.flows.start(statuses.recheck(us))
        else:
            step.delete("device", chat)
        step.delete("device", us.own.lid.bare)
    us.submit(step)


def _refused(us: Device, in_flight: InFlight, error: int) -> Flow[None]:
    """The server did not take a message. Nobody got the sender key that was in it: the next one begins with another."""
    wa_id, chat = in_flight.unacked.wa_id, in_flight.unacked.chat
    if chat.is_shared:
        yield Load(group_keys.records(us, chat))
    refusal, step = refusal_of(error), us.step()
    if chat.is_shared:
        group_keys.forget(us, step, chat)
    step.delete("unacked", in_flight.address)
    step.delete("sent", wa_id)
    if not in_flight.is_unasked:
        step.news.append(SendRefused(wa_id, refusal.code, refusal.detail))
    us.submit(step)


def resend(us: Device) -> None:
    """Send every stanza that was not acknowledged again, byte for byte, in its order."""
    for in_flight in us.unacked.values():
        in_flight.written_at = us.shell.now()
        us.shell.write(in_flight.unacked.stanza)


def issue_token(us: Device, person: Jid, issued_at: int) -> Flow[None]:
    """Let someone we wrote to write to us: once a week, and again, as of the same time, when they have a new identity.

    ``issued_at`` is in seconds since 1970.
    """
    yield Join(("token", person), partial(_issue_token, us, person, issued_at))


def _begin(us: Device, draft: _Draft) -> Flow[None]:
    if us.phase is not Phase.READY:
        raise NotSent("the session is not connected to WhatsApp")
    yield Join(("send", draft.wa_id), lambda: _post(us, draft))


def _post(us: Device, draft: _Draft) -> Flow[None]:
    to = draft.to
    if not (to.is_user or to.is_lid):
        raise SendImpossible(f"this engine cannot write to {to.server} yet, only to people and groups")
    if not draft.is_first and (yield from is_kept(us, draft.wa_id)):
        return
    try:
        chat = yield from directory.find(us, to)
        theirs, ours = yield from _recipients(us, chat)
    except WireError as error:
        raise NotSent(f"WhatsApp's answer to a look-up cannot be read: {error}") from error
    message = yield from draft.compose(chat)
    yield Load((*(key for peer in (*theirs, *ours) for key in peer.keys), ("tctoken", chat.lid)))
    # From here to the commit nothing waits: no other flow can see a ratchet between its old and its new state.
    step = us.step()
    letter = _Letter(draft.wa_id, chat, message, ContactToken.unpack(step.get("tctoken", chat.lid)))
    in_flight = _seal_for_all(us, step, letter, theirs, ours)
    polls.keep(step, letter.wa_id, us.me.lid, message)
    step.news += draft.told
    yield from depart(us, draft.message, step, in_flight)
    if privacy.is_token_due(letter.token.issued_at or None, us.now):
        us.flows.start(issue_token(us, chat.lid, us.now), ends_with_line=True)


def is_kept(us: Device, wa_id: str) -> Flow[bool]:
    """Whether we answer for a message already."""
    yield Load((("sent", wa_id),))
    return us.shell.get("sent", wa_id) is not None


def _as_it_is(plaintext: Message, _chat: Person) -> Flow[Message]:
    yield from ()
    return plaintext


def stage_in(us: Device, chat: Jid) -> Stage:
    """What is said now in a chat."""
    return Stage(chat, (us.me.lid, us.own.pn.bare), int(us.shell.now() * 1000))


def original_of(us: Device, said: Said) -> Flow[bytes | None]:
    """The plaintext of the message that an edit is about, if we sent it and still have it."""
    if not isinstance(said, Edit):
        return None
    address = ("sent", said.target.wa_id)
    yield Load((address,))
    kept = us.shell.get(*address)
    return None if kept is None else Sent.unpack(kept).plaintext


def _compose(us: Device, outgoing: Outgoing, file: Sealed | None, chat: Person) -> Flow[Message]:
    """The plaintext. Raises SendImpossible for what cannot be said."""
    stage = stage_in(us, chat.lid)
    if isinstance(outgoing.content, PollVote):
        return (yield from polls.compose_vote(us, outgoing.content, stage))
    original = yield from original_of(us, outgoing.content)
    return message_of(outgoing, stage, Enclosed(file, original))


def _recipients(us: Device, chat: Person) -> Flow[tuple[list[Peer], list[Peer]]]:
    """Their devices and ours but the one it is sent from, with a session wherever one can be had."""
    people = (chat,) if chat is us.me else (chat, us.me)
    lists = yield from directory.devices_of(us, people)
    theirs, *rest = ([peer for peer in peers if peer.device != us.own.lid] for peers in lists)
    ours = rest[0] if rest else []
    yield from directory.meet(us, (*theirs, *ours))
    return theirs, ours


def _seal_for_all(us: Device, step: Step, letter: _Letter, theirs: list[Peer], ours: list[Peer]) -> InFlight:
    chat, plaintext = letter.chat.lid, letter.message.SerializeToString()
    recipients = seal_each(us, step, theirs, plaintext)
    if not recipients:
        raise NoRecipientDevice()
    recipients += seal_each(us, step, ours, device_sent(letter.message, chat).SerializeToString())
    stanza = encode(_stanza(us, letter, recipients))
    phash = hash_of((us.own.lid, *(peer.device for peer in theirs), *(peer.device for peer in ours)))
    return keep(us, step, Unacked(letter.wa_id, chat, phash, stanza), plaintext)


def keep(us: Device, step: Step, unacked: Unacked, plaintext: bytes) -> InFlight:
    """Make an exact stanza, and what answers to retry receipts need, part of a unit."""
    in_flight = InFlight(us.next_unacked_address(), unacked)
    step.put("unacked", in_flight.address, unacked.pack())
    step.put("sent", unacked.wa_id, Sent(unacked.chat, plaintext, us.shell.now(), {}).pack())
    return in_flight


def depart(us: Device, message: MessageId | None, step: Step, in_flight: InFlight) -> Flow[None]:
    """Commit a message with its stanza, and only then send that."""
    wa_id = in_flight.unacked.wa_id
    if message is not None:
        step.news.append(SendStarted(message, wa_id))
    in_flight.is_unasked = message is None
    yield Commit(step)
    us.unacked[wa_id] = in_flight
    if us.phase is Phase.READY:
        in_flight.written_at = us.shell.now()
        us.shell.write(in_flight.unacked.stanza)


def seal_each(us: Device, step: Step, peers: Sequence[Peer], plaintext: bytes) -> list[Recipient]:
    """A ciphertext for each device that there is a session with."""
    recipients = []
    for peer in peers:
        try:
            recipients.append(ratchets.seal(us.credentials, step, peer, plaintext))
        except NoSession:
            _log.info("a device is left out: it has no keys", device=peer.device)
    return recipients


@lru_cache(maxsize=1024)
def hash_of(devices: tuple[Jid, ...]) -> str:
    """The participant hash of the devices that a message is meant for, our own sending one included."""
    return participants.phash(devices)


def _stanza(us: Device, letter: _Letter, recipients: Sequence[Recipient]) -> Node:
    kind, token = stanza_kind(letter.message), letter.token
    is_token_good = token.token and not privacy.is_token_expired(token.received_at, us.now)
    direct = DirectMessage(
        id=letter.wa_id,
        to=letter.chat.lid,
        type=kind.type,
        recipients=tuple(recipients),
        recipient_pn=letter.chat.pn,
        edit=kind.edit,
        content=EncKind(kind.media_type, kind.hide_failure, kind.poll_type),
        device_identity=us.credentials.voucher,
        trusted_contact_token=token.token if is_token_good else None,
    )
    return direct.node()


def _issue_token(us: Device, person: Jid, issued_at: int) -> Flow[None]:
    yield from us.flows.ask(lambda id: privacy.issue_tokens(id, [person], issued_at))
    yield Load((("tctoken", person),))
    step = us.step()
    token = ContactToken.unpack(step.get("tctoken", person))
    step.put("tctoken", person, ContactToken(token.token, token.received_at, issued_at).pack())
    us.submit(step)
