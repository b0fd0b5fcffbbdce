"""What mutations say: each action with its word, its index, its version and its collection.

Facts: whatsmeow `appstate/keys.go` and `encode.go`, Baileys `chat-utils`. A star is read from whichever collection has
it: the two put it into different ones.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from whatsapp_wire.app_state.collection import Collection
from whatsapp_wire.app_state.keys import Operation
from whatsapp_wire.app_state.mutations import Index, Mutation
from whatsapp_wire.errors import MalformedJid
from whatsapp_wire.jid import Jid
from whatsapp_wire.proto import app_state_pb2 as proto
from whatsapp_wire.proto.message_pb2 import MessageKey

FOREVER: Final = -1
"""The end of a mute that has none."""


@dataclass(frozen=True, slots=True)
class MessageRef:
    """One message: its chat and id, whether we sent it, and who else did where that is not the chat itself."""

    chat: Jid
    id: str
    from_me: bool
    sender: Jid | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """The messages of a chat that an action is about: all up to the last one's moment (s since 1970; 0: none is told).

    ``last`` are the newest of them, each with its moment, as far as they are told.
    """

    until: int = 0
    last: tuple[tuple[MessageRef, int], ...] = ()


EVERYTHING: Final = Range()


@dataclass(frozen=True, slots=True)
class Archive:
    """A chat goes into the archive, or comes back."""

    chat: Jid
    on: bool
    range: Range = EVERYTHING


@dataclass(frozen=True, slots=True)
class Pin:
    """A chat is kept on top of the list, or not any more."""

    chat: Jid
    on: bool


@dataclass(frozen=True, slots=True)
class Mute:
    """A chat makes no sound until a moment (ms since 1970, or FOREVER); None: it does again."""

    chat: Jid
    until: int | None


@dataclass(frozen=True, slots=True)
class MarkRead:
    """A chat is shown as read, or as unread."""

    chat: Jid
    read: bool
    range: Range = EVERYTHING


@dataclass(frozen=True, slots=True)
class Clear:
    """The messages of a chat are gone for us; those with a star only if it says so."""

    chat: Jid
    with_starred: bool
    with_media: bool = False
    range: Range = EVERYTHING


@dataclass(frozen=True, slots=True)
class DeleteChat:
    """A chat is gone for us, with its messages."""

    chat: Jid
    with_media: bool = True
    range: Range = EVERYTHING


@dataclass(frozen=True, slots=True)
class Star:
    """A message has a star, or not any more."""

    message: MessageRef
    on: bool


@dataclass(frozen=True, slots=True)
class DeleteForMe:
    """A message is gone for us. ``sent_at`` is its moment (s since 1970; 0: not told)."""

    message: MessageRef
    with_media: bool = False
    sent_at: int = 0


@dataclass(frozen=True, slots=True)
class SaveContact:
    """A person is in our address book under a name, with whatever other addresses it has. Empty: not any more."""

    person: Jid
    full_name: str
    first_name: str = ""
    lid: Jid | None = None
    pn: Jid | None = None
    username: str = ""
    to_phone: bool = False
    """Whether the phone is to write it into the address book of its own system."""


@dataclass(frozen=True, slots=True)
class SetPushName:
    """The name that others see of us."""

    name: str


@dataclass(frozen=True, slots=True)
class NameNumber:
    """A LID is the person with this phone number."""

    lid: Jid
    pn: Jid


Action: TypeAlias = (
    Archive | Pin | Mute | MarkRead | Clear | DeleteChat | Star | DeleteForMe | SaveContact | SetPushName | NameNumber
)

COLLECTIONS: Final[Mapping[type, Collection]] = {
    Archive: Collection.REGULAR_LOW,
    Pin: Collection.REGULAR_LOW,
    MarkRead: Collection.REGULAR_LOW,
    Mute: Collection.REGULAR_HIGH,
    Clear: Collection.REGULAR_HIGH,
    DeleteChat: Collection.REGULAR_HIGH,
    Star: Collection.REGULAR_HIGH,
    DeleteForMe: Collection.REGULAR_HIGH,
    SaveContact: Collection.CRITICAL_UNBLOCK_LOW,
    SetPushName: Collection.CRITICAL_BLOCK,
    NameNumber: Collection.REGULAR,
}
"""Where each action is written."""


_CHAT_WORDS: Final[Mapping[type, str]] = {Archive: "archive", Pin: "pin_v1", Mute: "mute", MarkRead: "markChatAsRead"}


def index_of(action: Action) -> Index:
    """What an action is about: of two with the same index the later one counts."""
    match action:
        case Archive(chat) | Pin(chat) | Mute(chat) | MarkRead(chat):
            return (_CHAT_WORDS[type(action)], chat)
        case Clear(chat, with_starred, with_media):
            return ("clearChat", chat, _flag(with_starred), _flag(with_media))
        case DeleteChat(chat, with_media):
            return ("deleteChat", chat, _flag(with_media))
        case Star(message):
            return ("star", *_message_index(message))
        case DeleteForMe(message):
            return ("deleteMessageForMe", *_message_index(message))
        case SaveContact(person):
            return ("lid_contact" if person.is_lid else "contact", person)
        case SetPushName():
            return ("setting_pushName",)
        case NameNumber(lid):
            return ("pnForLidChat", lid)


def mutation_of(action: Action, at: int) -> Mutation:
    """The mutation for an action that is done at a moment (ms since 1970)."""
    value, version = _value(action)
    value.timestamp = at
    is_removal = isinstance(action, SaveContact) and not action.full_name
    return Mutation(Operation.REMOVE if is_removal else Operation.SET, index_of(action), value, version)


def read_action(mutation: Mutation) -> Action | None:
    """What a mutation says; None for what this module does not know, or what makes no sense."""
    if not mutation.index:
        return None
    word, *rest = mutation.index
    reader = _READERS.get(word)
    if reader is None:
        return None
    if mutation.operation is Operation.REMOVE and word not in _REMOVABLE:
        return None
    try:
        return reader(rest, mutation)
    except (MalformedJid, LookupError):
        return None


def _value(action: Action) -> tuple[proto.SyncActionValue, int]:
    value = proto.SyncActionValue()
    match action:
        case Archive(_, on, range):
            value.archive_chat_action.archived = on
            value.archive_chat_action.message_range.CopyFrom(_range(range))
            return value, 3
        case Pin(_, on):
            value.pin_action.pinned = on
            return value, 5
        case Mute(_, until):
            value.mute_action.muted = until is not None
            if until is not None:
                value.mute_action.mute_end_timestamp = until
            return value, 2
        case MarkRead(_, read, range):
            value.mark_chat_as_read_action.read = read
            value.mark_chat_as_read_action.message_range.CopyFrom(_range(range))
            return value, 3
        case Clear(range=range):
            value.clear_chat_action.message_range.CopyFrom(_range(range))
            return value, 6
        case DeleteChat(range=range):
            value.delete_chat_action.message_range.CopyFrom(_range(range))
            return value, 6
    return _rarer_value(action, value)


def _rarer_value(
    action: Star | DeleteForMe | SaveContact | SetPushName | NameNumber, value: proto.SyncActionValue
) -> tuple[proto.SyncActionValue, int]:
    match action:
        case Star(_, on):
            value.star_action.starred = on
            return value, 2
        case DeleteForMe(_, with_media, sent_at):
            value.delete_message_for_me_action.delete_media = with_media
            if sent_at:
                value.delete_message_for_me_action.message_timestamp = sent_at
            return value, 3
        case SaveContact():
            _write_contact(action, value)
            return value, 2
        case SetPushName(name):
            value.push_name_setting.name = name
            return value, 1
        case NameNumber(_, pn):
            value.pn_for_lid_chat_action.pn_jid = pn
            return value, 8


def _write_contact(action: SaveContact, value: proto.SyncActionValue) -> None:
    if action.person.is_lid:
        value.lid_contact_action.full_name = action.full_name
        value.lid_contact_action.first_name = action.first_name
        if action.username:
            value.lid_contact_action.username = action.username
        return
    told = value.contact_action
    told.full_name, told.first_name = action.full_name, action.first_name
    told.save_on_primary_addressbook = action.to_phone
    if action.lid is not None:
        told.lid_jid = action.lid
    if action.pn is not None:
        told.pn_jid = action.pn
    if action.username:
        told.username = action.username


def _range(range: Range) -> proto.SyncActionMessageRange:
    told = proto.SyncActionMessageRange()
    if range.until:
        told.last_message_timestamp = range.until
    for message, at in range.last:
        key = MessageKey(remote_jid=message.chat, from_me=message.from_me, id=message.id)
        if message.sender is not None and message.chat.is_group:
            key.participant = message.sender
        told.messages.add(key=key, timestamp=at)
    return told


def _read_range(told: proto.SyncActionMessageRange) -> Range:
    last = []
    for each in told.messages:
        key = each.key
        if key.id and "@" in key.remote_jid:
            sender = Jid(key.participant).bare if "@" in key.participant else None
            last.append((MessageRef(Jid(key.remote_jid).bare, key.id, key.from_me, sender), max(0, each.timestamp)))
    return Range(max(0, told.last_message_timestamp), tuple(last))


def _flag(on: bool) -> str:
    return "1" if on else "0"


def _message_index(message: MessageRef) -> Index:
    sender = message.sender if message.chat.is_group and not message.from_me else None
    return (message.chat, message.id, _flag(message.from_me), sender or "0")


def _read_message(rest: list[str]) -> MessageRef:
    chat, id, from_me, sender = rest[0], rest[1], rest[2], rest[3]
    return MessageRef(Jid(chat).bare, id, from_me == "1", None if sender == "0" else Jid(sender).bare)


def _read_contact(rest: list[str], mutation: Mutation) -> SaveContact:
    person = Jid(rest[0]).bare
    if mutation.operation is Operation.REMOVE:
        return SaveContact(person, "")
    told = mutation.value.contact_action
    return SaveContact(
        person,
        told.full_name or told.first_name,
        told.first_name,
        Jid(told.lid_jid).bare if told.lid_jid else None,
        Jid(told.pn_jid).bare if told.pn_jid else None,
        told.username,
        told.save_on_primary_addressbook,
    )


def _read_lid_contact(rest: list[str], mutation: Mutation) -> SaveContact:
    person, told = Jid(rest[0]).bare, mutation.value.lid_contact_action
    if mutation.operation is Operation.REMOVE:
        return SaveContact(person, "")
    return SaveContact(person, told.full_name or told.first_name, told.first_name, username=told.username)


def _read_mute(rest: list[str], mutation: Mutation) -> Mute:
    told = mutation.value.mute_action
    until = told.mute_end_timestamp if told.mute_end_timestamp > 0 else FOREVER
    return Mute(Jid(rest[0]).bare, until if told.muted else None)


_Reader: TypeAlias = Callable[[list[str], Mutation], Action]

_REMOVABLE: Final = frozenset({"contact", "lid_contact"})
"""Words whose removal says something; that of others only tidies up (whatsmeow ignores all of them)."""

_READERS: Final[Mapping[str, _Reader]] = {
    "archive": lambda rest, m: Archive(
        Jid(rest[0]).bare,
        m.value.archive_chat_action.archived,
        _read_range(m.value.archive_chat_action.message_range),
    ),
    "pin_v1": lambda rest, m: Pin(Jid(rest[0]).bare, m.value.pin_action.pinned),
    "mute": _read_mute,
    "markChatAsRead": lambda rest, m: MarkRead(
        Jid(rest[0]).bare,
        m.value.mark_chat_as_read_action.read,
        _read_range(m.value.mark_chat_as_read_action.message_range),
    ),
    "clearChat": lambda rest, m: Clear(
        Jid(rest[0]).bare,
        rest[1:2] == ["1"],
        rest[2:3] == ["1"],
        _read_range(m.value.clear_chat_action.message_range),
    ),
    "deleteChat": lambda rest, m: DeleteChat(
        Jid(rest[0]).bare, rest[1:2] == ["1"], _read_range(m.value.delete_chat_action.message_range)
    ),
    "star": lambda rest, m: Star(_read_message(rest), m.value.star_action.starred),
    "deleteMessageForMe": lambda rest, m: DeleteForMe(
        _read_message(rest),
        m.value.delete_message_for_me_action.delete_media,
        max(0, m.value.delete_message_for_me_action.message_timestamp),
    ),
    "contact": _read_contact,
    "lid_contact": _read_lid_contact,
    "setting_pushName": lambda _, m: SetPushName(m.value.push_name_setting.name),
    "pnForLidChat": lambda rest, m: NameNumber(Jid(rest[0]).bare, Jid(m.value.pn_for_lid_chat_action.pn_jid).bare),
}
