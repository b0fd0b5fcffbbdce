"""What a message says: building the plaintext of a text, and reading the kind, text and references of any message.

A plaintext is a `Message` protobuf in which one field is set; wrappers around it say how it came or how it is shown.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError
from google.protobuf.message import Message as ProtobufMessage
from google.protobuf.unknown_fields import UnknownFieldSet

from whatsapp_wire.errors import MalformedCiphertext, MalformedJid
from whatsapp_wire.jid import Jid
from whatsapp_wire.proto.message_pb2 import (
    ContextInfo,
    DeviceSentMessage,
    ExtendedTextMessage,
    Message,
    MessageKey,
    ProtocolMessage,
)

_WRAPPERS: Final = (
    "ephemeral_message",
    "view_once_message",
    "view_once_message_v2",
    "view_once_message_v2_extension",
    "document_with_caption_message",
    "edited_message",
    "lottie_sticker_message",
)
_T = TypeVar("_T", bound=ProtobufMessage)

_MAX_WRAPPERS: Final = 8
_LONGEST_ID: Final = 128


class Kind(StrEnum):
    """What kind of thing a message says."""

    TEXT = "text"
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"
    STICKER = "sticker"
    STICKER_PACK = "sticker_pack"
    CONTACT = "contact"
    LOCATION = "location"
    REACTION = "reaction"
    POLL = "poll"
    POLL_VOTE = "poll_vote"
    EDIT = "edit"
    REVOKE = "revoke"
    PIN = "pin"
    EVENT = "event"
    MENU = "menu"
    """Words with choices: buttons, a list, a template."""
    CHOICE = "choice"
    """What somebody chose of a menu."""
    APP_STATE_KEYS = "app_state_keys"
    HISTORY = "history"
    PROTOCOL = "protocol"
    """Housekeeping of another kind, between devices or for a chat; nothing to show."""
    SENDER_KEY = "sender_key"
    """Only a sender key for a group; nothing to show."""
    UNKNOWN = "unknown"
    """A kind this package does not know."""


class _Field(NamedTuple):
    """A field of Message: the kind it makes, where its words are, and what the stanza around it says."""

    kind: Kind
    text: str | None
    stanza_type: str
    media_type: str | None = None


_FIELDS: Final = {
    "extended_text_message": _Field(Kind.TEXT, "text", "text"),
    "image_message": _Field(Kind.IMAGE, "caption", "media", "image"),
    "video_message": _Field(Kind.VIDEO, "caption", "media", "video"),
    "ptv_message": _Field(Kind.VIDEO, "caption", "media", "video"),
    "audio_message": _Field(Kind.AUDIO, None, "media", "audio"),
    "document_message": _Field(Kind.DOCUMENT, "caption", "media", "document"),
    "sticker_message": _Field(Kind.STICKER, None, "media", "sticker"),
    "sticker_pack_message": _Field(Kind.STICKER_PACK, "name", "media"),
    "contact_message": _Field(Kind.CONTACT, "display_name", "media", "vcard"),
    "contacts_array_message": _Field(Kind.CONTACT, "display_name", "media", "contact_array"),
    "location_message": _Field(Kind.LOCATION, "name", "text"),
    "live_location_message": _Field(Kind.LOCATION, "caption", "text"),
    "reaction_message": _Field(Kind.REACTION, "text", "reaction"),
    "poll_creation_message": _Field(Kind.POLL, "name", "poll"),
    "poll_creation_message_v2": _Field(Kind.POLL, "name", "poll"),
    "poll_creation_message_v3": _Field(Kind.POLL, "name", "poll"),
    "poll_update_message": _Field(Kind.POLL_VOTE, None, "poll"),
    "pin_in_chat_message": _Field(Kind.PIN, None, "text"),
    "event_message": _Field(Kind.EVENT, "name", "text"),
    "buttons_message": _Field(Kind.MENU, "content_text", "text"),
    "list_message": _Field(Kind.MENU, "description", "media", "list"),
    "template_message": _Field(Kind.MENU, None, "text"),
    "interactive_message": _Field(Kind.MENU, None, "text"),
    "buttons_response_message": _Field(Kind.CHOICE, "selected_display_text", "media", "buttons_response"),
    "list_response_message": _Field(Kind.CHOICE, "title", "media", "list_response"),
    "template_button_reply_message": _Field(Kind.CHOICE, "selected_display_text", "text"),
    "interactive_response_message": _Field(Kind.CHOICE, None, "media", "native_flow_response"),
}

_PROTOCOL_KINDS: Final = {
    int(ProtocolMessage.REVOKE): Kind.REVOKE,
    int(ProtocolMessage.MESSAGE_EDIT): Kind.EDIT,
    int(ProtocolMessage.APP_STATE_SYNC_KEY_SHARE): Kind.APP_STATE_KEYS,
    int(ProtocolMessage.HISTORY_SYNC_NOTIFICATION): Kind.HISTORY,
}


@dataclass(frozen=True, slots=True)
class Quote:
    """A message that is replied to: its id, who wrote it, and what it said (None if we do not have it any more)."""

    id: str
    sender: Jid
    message: Message | None = None


@dataclass(frozen=True, slots=True)
class Quoted:
    """The message a reply refers to, as the reply tells it; `sender` is None when it is no address."""

    id: str
    sender: Jid | None
    text: str | None


@dataclass(frozen=True, slots=True)
class Target:
    """The message that an edit, revoke or reaction is about, seen from its sender: `from_me` means the sender's own."""

    id: str
    from_me: bool
    participant: Jid | None


@dataclass(frozen=True, slots=True)
class Content:
    """What a message says.

    `text` is the text, caption, emoji, or new text of an edit, None where there is none. `destination` is the chat of a
    copy from another device of ours. `has_sender_key` says that a sender key came along, whatever the kind.
    """

    kind: Kind
    text: str | None = None
    quoted: Quoted | None = None
    mentions: tuple[Jid, ...] = ()
    target: Target | None = None
    destination: Jid | None = None
    has_sender_key: bool = False


@dataclass(frozen=True, slots=True)
class StanzaKind:
    """What the stanza around a message has to say about it: attributes of `message`, of each `enc` and of `meta`."""

    type: str
    media_type: str | None = None
    edit: str | None = None
    hide_failure: bool = False
    poll_type: str | None = None


def text_message(text: str, quote: Quote | None = None, mentions: Iterable[Jid] = ()) -> Message:
    """The message for a text; a reply or mentions need the longer of its two forms."""
    mentioned = [str(mention.bare) for mention in mentions]
    if quote is None and not mentioned:
        return Message(conversation=text)
    context = ContextInfo(mentioned_jid=mentioned)
    if quote is not None:
        context.stanza_id = quote.id
        context.participant = str(quote.sender.bare)
        context.quoted_message.CopyFrom(quote.message or Message(conversation=""))
    return Message(extended_text_message=ExtendedTextMessage(text=text, context_info=context))


def device_sent(message: Message, chat: Jid) -> Message:
    """The copy of a message for our own other devices, which says where it went."""
    wrapped = Message(device_sent_message=DeviceSentMessage(destination_jid=str(chat), message=message))
    if message.HasField("message_context_info"):
        wrapped.message_context_info.CopyFrom(message.message_context_info)
    return wrapped


def parse(plaintext: bytes) -> Message:
    """Read an unpadded plaintext; raises MalformedCiphertext when it is not a protobuf.

    Text that is not UTF-8 is mended with U+FFFD: protobuf would hand it on as bytes where everybody expects text.
    """
    try:
        message = Message.FromString(plaintext)
    except DecodeError as error:
        raise MalformedCiphertext("the plaintext is not a message") from error
    _mend(message)
    return message


def mended(message: _T) -> _T:
    """A parsed protobuf whose texts are all UTF-8: see `parse`."""
    _mend(message)
    return message


def layers(message: Message) -> Iterator[Message]:
    """A message, and what is inside each of the wrappers around it, from the outside in."""
    yield message
    for _ in range(_MAX_WRAPPERS):
        inner = _inner(message)
        if inner is None:
            return
        yield (message := inner)


def unwrap(message: Message) -> Message:
    """The message inside the wrappers around it: copies from our devices, disappearing, view-once, edited messages."""
    for layer in layers(message):
        message = layer
    return message


def read(message: Message) -> Content:
    """What a message says; never raises, whatever it holds."""
    inner = unwrap(message)
    has_sender_key = any(part.HasField("sender_key_distribution_message") for part in (message, inner))
    return replace(
        _content(inner, has_sender_key),
        destination=_jid(message.device_sent_message.destination_jid),
        has_sender_key=has_sender_key,
    )


def stanza_kind(message: Message) -> StanzaKind:
    """What the stanza around an outgoing message has to say about it (whatsmeow `send.go`)."""
    inner = unwrap(message)
    if inner.HasField("protocol_message"):
        edit = _edit_attribute(inner.protocol_message)
        return StanzaKind("text", edit=edit, hide_failure=edit is not None)
    name = _field_of(inner)
    if name is None:
        return StanzaKind("text")
    field = _FIELDS[name]
    if field.kind is Kind.REACTION:
        return StanzaKind(field.stanza_type, edit=None if inner.reaction_message.text else "7", hide_failure=True)
    if field.kind is Kind.PIN:
        return StanzaKind(field.stanza_type, edit="2", hide_failure=True)
    if field.kind in (Kind.POLL, Kind.POLL_VOTE):
        is_vote = field.kind is Kind.POLL_VOTE
        return StanzaKind("poll", hide_failure=is_vote, poll_type="vote" if is_vote else "creation")
    media_type = _media_type(inner, field)
    return StanzaKind(field.stanza_type if media_type is None else "media", media_type)


def _mend(message: ProtobufMessage) -> None:
    for field, value in message.ListFields():
        if field.message_type is not None:
            for part in (value,) if isinstance(value, ProtobufMessage) else value:
                _mend(part)
        elif field.type == FieldDescriptor.TYPE_STRING:
            if isinstance(value, bytes):
                setattr(message, field.name, value.decode(errors="replace"))
            elif not isinstance(value, str):
                for place, text in enumerate(value):
                    if isinstance(text, bytes):
                        value[place] = text.decode(errors="replace")


def _inner(message: Message) -> Message | None:
    if message.HasField("device_sent_message"):
        return message.device_sent_message.message
    wrapper = next((name for name in _WRAPPERS if message.HasField(name)), None)
    return None if wrapper is None else getattr(message, wrapper).message


def _content(inner: Message, has_sender_key: bool) -> Content:
    if inner.HasField("protocol_message"):
        return _protocol(inner.protocol_message)
    if inner.HasField("conversation"):
        return Content(Kind.TEXT, inner.conversation)
    name = _field_of(inner)
    if name is None:
        return Content(Kind.SENDER_KEY if has_sender_key and not UnknownFieldSet(inner) else Kind.UNKNOWN)
    field, part = _FIELDS[name], getattr(inner, name)
    context = getattr(part, "context_info", ContextInfo())
    return Content(
        kind=field.kind,
        text=getattr(part, field.text) if field.text is not None and part.HasField(field.text) else None,
        quoted=_quoted(context),
        mentions=_mentions(context),
        target=_target_in(inner, field.kind),
    )


def _protocol(protocol: ProtocolMessage) -> Content:
    kind = _PROTOCOL_KINDS.get(protocol.type, Kind.PROTOCOL)
    if kind not in (Kind.EDIT, Kind.REVOKE):
        return Content(kind)
    if not protocol.HasField("key"):
        return Content(Kind.PROTOCOL)
    said = read(protocol.edited_message) if kind is Kind.EDIT else Content(kind)
    return replace(said, kind=kind, target=target_of(protocol.key))


def _target_in(inner: Message, kind: Kind) -> Target | None:
    if kind is Kind.REACTION:
        return target_of(inner.reaction_message.key)
    if kind is Kind.POLL_VOTE:
        return target_of(inner.poll_update_message.poll_creation_message_key)
    return target_of(inner.pin_in_chat_message.key) if kind is Kind.PIN else None


def _field_of(inner: Message) -> str | None:
    return next((name for name in _FIELDS if inner.HasField(name)), None)


def _media_type(inner: Message, field: _Field) -> str | None:
    if field.kind is Kind.TEXT:
        return "url" if inner.extended_text_message.HasField("title") else None
    if field.kind is Kind.AUDIO and inner.audio_message.ptt:
        return "ptt"
    if field.kind is Kind.VIDEO and inner.video_message.gif_playback:
        return "gif"
    return field.media_type


def _edit_attribute(protocol: ProtocolMessage) -> str | None:
    if not protocol.HasField("key"):
        return None
    if protocol.type == ProtocolMessage.REVOKE:
        return "7" if protocol.key.from_me else "8"
    return "1" if protocol.type == ProtocolMessage.MESSAGE_EDIT and protocol.HasField("edited_message") else None


def _quoted(context: ContextInfo) -> Quoted | None:
    if not context.HasField("stanza_id"):
        return None
    return Quoted(context.stanza_id, _jid(context.participant), _content(unwrap(context.quoted_message), False).text)


def _mentions(context: ContextInfo) -> tuple[Jid, ...]:
    return tuple(jid for jid in map(_jid, context.mentioned_jid) if jid is not None)


def is_id(text: str) -> bool:
    """Whether a text can be the id of a message: printable, and not too long."""
    return 0 < len(text) <= _LONGEST_ID and text.isascii() and text.isprintable()


def target_of(key: MessageKey) -> Target:
    """The message that a key names, seen from whoever wrote the key."""
    return Target(key.id, key.from_me, _jid(key.participant))


def _jid(text: str) -> Jid | None:
    try:
        return Jid(text)
    except MalformedJid:
        return None
