"""Histories: notices are kept until what they tell of is committed; the phone is asked for more.

The files do not pass through the machine (`native/histories.py` reads them). What it does here is what needs records:
keep a notice together with the message that brought it, commit the parts with how far they got, and ask.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Final

import structlog

from wagate.adapters.engines.native.machine import directory, past, ratchets
from wagate.adapters.engines.native.machine.device import Device, Phase
from wagate.adapters.engines.native.machine.flows import Commit, Flow, List, Load, Pause
from wagate.adapters.engines.native.machine.ratchets import peer_at
from wagate.adapters.engines.native.machine.records import Step
from wagate.adapters.whatsapp_web.past import Part, is_wanted
from wagate.domain import jid as domain
from wagate.domain.errors import TooBusy
from wagate.domain.ids import wa_id as new_wa_id
from wagate.ports.abilities import Oldest
from wagate.ports.engine import NotSent
from wagate.ports.news import HistoryRead
from wagate.ports.vault import RecordUnreadable
from whatsapp_wire.errors import NoSession, WireError
from whatsapp_wire.history.notices import HistoryKind, HistoryNotice, OlderWanted, parse_notice
from whatsapp_wire.jid import Jid
from whatsapp_wire.message import unwrap
from whatsapp_wire.proto.message_pb2 import Message
from whatsapp_wire.stanza.peer import PeerMessage

PHONE_SILENT: Final = "phone_not_answering"

_MAX_ASKED: Final = 64
"""Requests that may be open at a time."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A history that is to be read: its record's address, the notice as it came, and how many parts are committed.

    ``tries`` counts how often reading it was begun since the last part was.
    """

    address: str
    told: bytes
    done: int = 0
    tries: int = 0

    @property
    def notice(self) -> HistoryNotice:
        """What the notice says. Raises StanzaRefused."""
        return parse_notice(self.told)

    def pack(self) -> bytes:
        """The record's value."""
        return self.done.to_bytes(4, "big") + self.tries.to_bytes(4, "big") + self.told

    @classmethod
    def unpack(cls, address: str, value: bytes) -> Waiting:
        """Read a record's value."""
        return cls(address, value[8:], int.from_bytes(value[:4], "big"), int.from_bytes(value[4:8], "big"))


@dataclass(frozen=True, slots=True)
class Ask:
    """A request for older messages: of which chat (as it was asked for), and when (seconds since 1970)."""

    chat: domain.Jid
    at: float

    def pack(self) -> bytes:
        """The record's value."""
        return json.dumps([self.chat, self.at]).encode()

    @classmethod
    def unpack(cls, value: bytes) -> Ask:
        """Read a record's value; raises RecordUnreadable."""
        try:
            chat, at = json.loads(value)
            return cls(domain.Jid(chat), float(at))
        except (ValueError, TypeError) as error:
            raise RecordUnreadable("a record is damaged") from error


def keep(us: Device, step: Step, wa_id: str, message: Message) -> None:
    """Keep a notice until its history is read, if that is wanted."""
    told = unwrap(message).protocol_message.history_sync_notification
    try:
        notice = parse_notice(told)
    except WireError as error:
        _log.warning("the notice of a history cannot be read", wa_id=wa_id, error=str(error))
        return
    if is_wanted(us.options.history, notice.kind):
        # By the microsecond: they are read in the order in which they came.
        waiting = Waiting(f"{int(us.shell.now() * 1_000_000):018}-{wa_id}", told)
        step.put("history", waiting.address, waiting.pack())


def resume(us: Device) -> None:
    """A connection is ready: read what waits, and go on waiting for answers."""
    us.shell.history_waits()
    us.flows.start(_watch(us))


def waiting(us: Device) -> Flow[list[Waiting]]:
    """The histories that are to be read, the oldest first."""
    records: list[tuple[str, bytes]] = yield List("history")
    return [Waiting.unpack(address, value) for address, value in records]


def begin(us: Device, whole: Waiting) -> Flow[None]:
    """Count that a history is about to be read, before it is: one that breaks everything is not tried forever."""
    step = us.step()
    step.put("history", whole.address, replace(whole, tries=whole.tries + 1).pack())
    yield Commit(step)


def commit(us: Device, whole: Waiting, part: Part) -> Flow[None]:
    """Make a part of a history durable, together with that it is."""
    people = past.people_of(part)
    yield Load(
        (
            *(record for person in people for record in _link_record(person)),
            *(record for pn, lid in part.links for record in directory.pair_records(pn, lid)),
            *past.secrets_of(part),
        )
    )
    step = us.step()
    for pn, lid in part.links:
        directory.link_quietly(step, pn, lid)
    past.keep_secrets(us, step, part)
    step.news.append(past.news_of(us, step, whole.address, part))
    step.put("history", whole.address, replace(whole, done=part.number + 1, tries=0).pack())
    yield Commit(step)


def finish(us: Device, whole: Waiting, read: HistoryRead, chats: frozenset[domain.Jid]) -> Flow[None]:
    """A history has been read, or never will be: forget its notice, and the request that it answers."""
    step = us.step()
    if read.kind == HistoryKind.ON_DEMAND:
        found = yield from _answered(us, whole.notice.request, chats)
        if found is not None:
            address, ask = found
            step.delete("history_ask", address)
            read = replace(read, request=address, chat=ask.chat)
    step.delete("history", whole.address)
    step.news.append(read)
    yield Commit(step)


def ask(us: Device, chat: domain.Jid, oldest: Oldest, count: int) -> Flow[str]:
    """Ask our phone for older messages of a chat. Raises NotSent, TooBusy."""
    if us.phase is not Phase.READY:
        raise NotSent("the session is not connected to WhatsApp")
    asked: list[tuple[str, bytes]] = yield List("history_ask")
    if len(asked) >= _MAX_ASKED:
        raise TooBusy(f"{_MAX_ASKED} requests for older messages are open already; wait for what comes of them")
    phone = peer_at(us.me.lid)
    yield from directory.meet(us, (phone,))
    yield Load(phone.keys)
    wa_id, step = new_wa_id(), us.step()
    wanted = OlderWanted(Jid(chat), oldest.wa_id, oldest.from_me, oldest.sent_at, count)
    try:
        sealed = ratchets.seal(us.credentials, step, phone, wanted.message().SerializeToString())
    except NoSession as error:
        raise NotSent("the phone has no keys to write to it with") from error
    stanza = PeerMessage(wa_id, us.own.pn.bare, sealed, us.credentials.voucher, asks_for_history=True)
    step.put("history_ask", wa_id, Ask(chat, us.shell.now()).pack())
    yield Commit(step)
    us.write(stanza.node())
    us.flows.start(_expire(us, wa_id, us.habits.history_answer_s))
    return wa_id


def _link_record(person: Jid) -> tuple[tuple[str, str], ...]:
    return (("pn", person),) if person.is_lid else (("lid", person),)


def _answered(us: Device, request: str | None, chats: frozenset[domain.Jid]) -> Flow[tuple[str, Ask] | None]:
    """The request that a history answers: the one that it names, else the oldest for one of its chats, else the oldest.

    A phone that has nothing older may name neither.
    """
    records: list[tuple[str, bytes]] = yield List("history_ask")
    open_asks = sorted(((address, Ask.unpack(value)) for address, value in records), key=lambda one: one[1].at)
    named = [one for one in open_asks if one[0] == request]
    alike = [one for one in open_asks if one[1].chat in chats]
    return next(iter((*named, *alike, *open_asks)), None)


def _watch(us: Device) -> Flow[None]:
    """Take up the deadlines of requests that were made before."""
    records: list[tuple[str, bytes]] = yield List("history_ask")
    for address, value in records:
        left = Ask.unpack(value).at + us.habits.history_answer_s - us.shell.now()
        us.flows.start(_expire(us, address, max(0.0, left)))


def _expire(us: Device, address: str, after_s: float) -> Flow[None]:
    """Give a request up when its time is over."""
    yield Pause(after_s)
    yield Load((("history_ask", address),))
    value = us.shell.get("history_ask", address)
    if value is None:
        return
    step = us.step()
    step.delete("history_ask", address)
    step.news.append(
        HistoryRead(
            history=address,
            kind=HistoryKind.ON_DEMAND.value,
            request=address,
            chat=Ask.unpack(value).chat,
            code=PHONE_SILENT,
            detail=f"the phone did not answer within {us.habits.history_answer_s:.0f} seconds; it may be switched off",
        )
    )
    yield Commit(step)
