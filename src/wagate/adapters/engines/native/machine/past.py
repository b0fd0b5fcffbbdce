"""The parts of a history in the product's words: read with the same decoder as what arrives live."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from wagate.adapters.engines.native.machine import polls
from wagate.adapters.engines.native.machine.device import Device
from wagate.adapters.engines.native.machine.records import Step
from wagate.adapters.whatsapp_web.decode import Speaker, context_of, quoted_of, said_in
from wagate.adapters.whatsapp_web.files import file_in
from wagate.domain import jid as domain
from wagate.domain.acts import Act
from wagate.domain.content import Attached
from wagate.ports.files import ArrivedFile
from wagate.ports.news import HistoryArrived, MessageArrived, PastChat, PastMessage, ReceiptKind
from wagate.ports.vault import RecordKey
from whatsapp_wire.errors import MalformedJid
from whatsapp_wire.history.reading import ToldMessage, ToldPart
from whatsapp_wire.jid import Jid
from whatsapp_wire.message import is_id, read
from whatsapp_wire.proto.history_pb2 import Conversation, PhoneNumberToLidMapping, Pushname, WebMessageInfo
from whatsapp_wire.proto.message_pb2 import Message
from whatsapp_wire.stanza.media import MediaMessage
from whatsapp_wire.stanza.source import Own

_GOT_TO: Final = {3: ReceiptKind.DELIVERED, 4: ReceiptKind.READ, 5: ReceiptKind.PLAYED}
"""By `WebMessageInfo.status`."""

_ADDRESS: Final = re.compile(
    r"([0-9]{1,20}@(s\.whatsapp\.net|lid|newsletter)|[0-9-]{1,64}@(g\.us|broadcast)|status@broadcast)\Z"
)
_LATEST_S: Final = 250_000_000_000
_LONGEST_NAME: Final = 1000


@dataclass(frozen=True, slots=True)
class Told:
    """A message of the past: where it was said and by whom (bare addresses), and what it says."""

    wa_id: str
    chat: Jid
    sender: Jid
    from_me: bool
    at: int
    message: Message
    push_name: str | None
    got_to: ReceiptKind | None


@dataclass(slots=True)
class Part:
    """So much of a history as is committed at once; ``number`` counts from 0."""

    number: int
    messages: list[Told] = field(default_factory=list)
    chats: list[PastChat] = field(default_factory=list)
    names: list[tuple[Jid, str]] = field(default_factory=list)
    links: list[tuple[Jid, Jid]] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many things are in it."""
        return len(self.messages) + len(self.chats) + len(self.names) + len(self.links)

    def take(self, told: ToldPart, own: Own) -> bool:
        """Add something; whether it could be used."""
        match told:
            case ToldMessage(chat, info):
                return self._take_message(chat, info, own)
            case Conversation():
                return self._take_chat(told)
            case Pushname():
                person = _address(told.id)
                name = _name(told.pushname)
                if person is None or not _is_person(person) or name is None:
                    return False
                self.names.append((person, name))
                return True
            case PhoneNumberToLidMapping():
                return self._take_link(told.pn_jid, told.lid_jid)

    def _take_message(self, chat: str, info: WebMessageInfo, own: Own) -> bool:
        place = _address(chat or info.key.remote_jid)
        if place is None or not is_id(info.key.id) or not info.HasField("message"):
            return False
        sender = own.lid.bare if info.key.from_me else _sender(place, info)
        if sender is None or info.message_timestamp > _LATEST_S:
            return False
        message = info.message
        if info.HasField("message_secret") and not message.message_context_info.message_secret:
            message.message_context_info.message_secret = info.message_secret
        got_to = _GOT_TO.get(info.status) if info.key.from_me else None
        name = None if info.key.from_me else _name(info.push_name)
        self.messages.append(
            Told(info.key.id, place, sender, info.key.from_me, info.message_timestamp, message, name, got_to)
        )
        return True

    def _take_chat(self, chat: Conversation) -> bool:
        place = _address(chat.id)
        if place is None:
            return False
        # A person's name is the address book's matter, which the app state tells.
        name = _name(chat.name or chat.display_name) if place.is_group else None
        self.chats.append(PastChat(domain.Jid(place), None, name, min(chat.unread_count, 1_000_000)))
        if chat.pn_jid and place.is_lid:
            self._take_link(chat.pn_jid, place)
        elif chat.lid_jid and place.is_user:
            self._take_link(place, chat.lid_jid)
        return True

    def _take_link(self, pn: str, lid: str) -> bool:
        phone, other = _address(pn), _address(lid)
        if phone is None or other is None or not phone.is_user or not other.is_lid:
            return False
        self.links.append((phone, other))
        return True


def people_of(part: Part) -> set[Jid]:
    """The people whose other address is wanted."""
    told = {jid for message in part.messages for jid in (message.chat, message.sender)}
    chats = {Jid(chat.jid) for chat in part.chats}
    return {jid for jid in (*told, *chats, *(person for person, _ in part.names)) if _is_person(jid)}


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
    """A message in the product's words; None for what is none, as an act, whose effect the phone tells instead."""
    content = read(told.message)
    speaker = Speaker(told.sender, told.chat, us.me.lid, told.from_me)
    said = said_in(told.message, content, speaker, None)
    if said is None or isinstance(said, Act):
        return None
    return PastMessage(
        MessageArrived(
            wa_id=told.wa_id,
            chat=domain.Jid(told.chat),
            sender=domain.Jid(told.sender),
            from_me=told.from_me,
            timestamp=told.at,
            content=said,
            chat_alt=_other(step, told.chat),
            sender_alt=domain.Jid(us.own.pn.bare) if told.from_me else _other(step, told.sender),
            push_name=told.push_name,
            quoted=quoted_of(content),
            offline=True,
            context=context_of(told.message),
            file=_file_of(told, said) if isinstance(said, Attached) else None,
        ),
        told.got_to,
    )


def _file_of(told: Told, said: Attached) -> ArrivedFile:
    """The file of a message, with what it takes to fetch it, or to ask the phone for it when it is gone."""
    author = told.sender if told.chat.is_shared else None
    return file_in(told.message, said, MediaMessage(told.wa_id, told.chat, told.from_me, author))


def _other(step: Step, person: Jid) -> domain.Jid | None:
    """Somebody's other address, where it is known."""
    if not _is_person(person):
        return None
    value = step.get("pn" if person.is_lid else "lid", person)
    return None if value is None else domain.Jid(value.decode())


def _sender(chat: Jid, info: WebMessageInfo) -> Jid | None:
    """Who wrote a message that is not ours."""
    if _is_person(chat):
        return chat
    author = _address(info.key.participant or info.participant)
    return author if author is not None and _is_person(author) else None


def _address(text: str) -> Jid | None:
    """A bare address of a person, a group, a list or a channel; None for anything else."""
    try:
        jid = Jid(text).bare
    except MalformedJid:
        return None
    return jid if _ADDRESS.match(jid) else None


def _name(text: str) -> str | None:
    """A name that can be kept: databases take no U+0000."""
    name = text.replace("\0", "")
    return name if 0 < len(name) <= _LONGEST_NAME else None


def _is_person(jid: Jid) -> bool:
    return jid.is_user or jid.is_lid
