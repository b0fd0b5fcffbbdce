"""The parts of a history, as engines read them: so much of it as is committed at once, and what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from wagate.adapters.whatsapp_web.files import file_in
from wagate.adapters.whatsapp_web.letters import Account, Letter, Origin
from wagate.domain import jid as domain
from wagate.domain.acts import Act
from wagate.domain.content import Attached
from wagate.domain.session import HistoryPolicy
from wagate.ports.files import ArrivedFile
from wagate.ports.news import MessageArrived, PastChat, PastMessage, ReceiptKind
from whatsapp_wire.errors import MalformedJid
from whatsapp_wire.history.notices import HistoryKind, kind_of
from whatsapp_wire.history.reading import HistoryReader, MalformedHistory, ToldMessage, ToldPart, size_of
from whatsapp_wire.jid import Jid
from whatsapp_wire.message import is_id, read, unwrap
from whatsapp_wire.proto.history_pb2 import Conversation, PhoneNumberToLidMapping, Pushname, WebMessageInfo
from whatsapp_wire.proto.message_pb2 import Message
from whatsapp_wire.stanza.media import MediaMessage

PART: Final = 50
"""Messages, chats, names or links that are committed at once, at most."""

PART_BYTES: Final = 1 << 20
"""So many bytes of them, as the phone told them, are enough for a commit: one message may have that many."""

MALFORMED: Final = "history_malformed"
UNREADABLE: Final = "history_unreadable"
"""Why a history could not be read: it is no history, or it is not to be had."""

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
    held: int = 0
    """Bytes of what is in it, as the phone told it."""

    @property
    def is_full(self) -> bool:
        """Whether it is to be committed before more comes."""
        return self.size >= PART or self.held >= PART_BYTES

    @property
    def size(self) -> int:
        """How many things are in it."""
        return len(self.messages) + len(self.chats) + len(self.names) + len(self.links)

    def take(self, told: ToldPart, own_lid: Jid) -> bool:
        """Add something; whether it could be used."""
        is_usable = self._take(told, own_lid)
        if is_usable:
            self.held += size_of(told)
        return is_usable

    def _take(self, told: ToldPart, own_lid: Jid) -> bool:
        match told:
            case ToldMessage(chat, info):
                return self._take_message(chat, info, own_lid)
            case Conversation():
                return self._take_chat(told)
            case Pushname():
                person = _address(told.id)
                name = _name(told.pushname)
                if person is None or not is_person(person) or name is None:
                    return False
                self.names.append((person, name))
                return True
            case PhoneNumberToLidMapping():
                return self._take_link(told.pn_jid, told.lid_jid)

    def _take_message(self, chat: str, info: WebMessageInfo, own_lid: Jid) -> bool:
        place = _address(chat or info.key.remote_jid)
        if place is None or not is_id(info.key.id) or not info.HasField("message"):
            return False
        sender = own_lid.bare if info.key.from_me else _sender(place, info)
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


class PastReader:
    """A history of a library that does the rest of the protocol, taken in order as deflated pieces of any size."""

    def __init__(self, us: Account) -> None:
        """Raises PastUnreadable where nobody knows who we are."""
        if us.lid is None and us.pn is None:
            raise PastUnreadable("the history belongs to an account that is not known")
        self._own = us.addresses[0]
        self._reader = HistoryReader()
        self._part = Part(0)
        self._unusable = 0

    @property
    def skipped(self) -> int:
        """Parts that could not be used."""
        return self._reader.skipped + self._unusable

    def feed(self, deflated: bytes) -> Iterator[Part]:
        """The parts that are full with this piece. Raises PastUnreadable."""
        try:
            for told in self._reader.feed(deflated):
                if not self._part.take(told, self._own):
                    self._unusable += 1
                elif self._part.is_full:
                    full, self._part = self._part, Part(self._part.number + 1)
                    yield full
        except MalformedHistory as error:
            raise PastUnreadable(str(error)) from error

    def finish(self) -> Part | None:
        """What was left over at the end, if anything. Raises PastUnreadable where this is not the end."""
        try:
            self._reader.finish()
        except MalformedHistory as error:
            raise PastUnreadable(str(error)) from error
        return self._part if self._part.size else None


class PastUnreadable(Exception):
    """What was taken for a history is none, or not all of one"""


def letter_of(told: Told) -> Letter:
    """A message of the past, taken apart."""
    return Letter(told.message, unwrap(told.message), read(told.message))


def past_in(told: Told, us: Account, chat_alt: domain.Jid | None, sender_alt: domain.Jid | None) -> PastMessage | None:
    """A message in the product's words; None for what is none, as an act, whose effect the phone tells instead."""
    letter = letter_of(told)
    origin = Origin(domain.Jid(told.chat), domain.Jid(told.sender), sender_alt, told.from_me, by_admin=False)
    said = letter.said(origin, us)
    if said is None or isinstance(said, Act):
        return None
    return PastMessage(
        MessageArrived(
            wa_id=told.wa_id,
            chat=origin.chat,
            sender=origin.sender,
            from_me=told.from_me,
            timestamp=told.at,
            content=said,
            chat_alt=chat_alt,
            sender_alt=sender_alt,
            push_name=told.push_name,
            quoted=letter.quoted,
            offline=True,
            context=letter.context,
            file=_file_of(told, said) if isinstance(said, Attached) else None,
        ),
        told.got_to,
    )


def _file_of(told: Told, said: Attached) -> ArrivedFile:
    """The file of a message, with what it takes to fetch it, or to ask the phone for it when it is gone."""
    author = told.sender if told.chat.is_shared else None
    return file_in(told.message, said, MediaMessage(told.wa_id, told.chat, told.from_me, author))


def is_wanted(policy: HistoryPolicy, kind: HistoryKind) -> bool:
    """Whether a session wants a history of that kind."""
    if kind is HistoryKind.ON_DEMAND:
        return True
    if kind is HistoryKind.OTHER or policy is HistoryPolicy.NONE:
        return False
    return kind is not HistoryKind.FULL or policy is HistoryPolicy.FULL


def kind_wanted(policy: HistoryPolicy, number: int) -> str | None:
    """The word for a kind by its number in `HistorySync`; None where a session does not want it."""
    kind = kind_of(number)
    return kind.value if is_wanted(policy, kind) else None


def _sender(chat: Jid, info: WebMessageInfo) -> Jid | None:
    """Who wrote a message that is not ours."""
    if is_person(chat):
        return chat
    author = _address(info.key.participant or info.participant)
    return author if author is not None and is_person(author) else None


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


def is_person(jid: Jid) -> bool:
    """Whether an address is that of a person, under either kind."""
    return jid.is_user or jid.is_lid
