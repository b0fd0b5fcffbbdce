"""What a phone writes and reads: message protobufs made and understood the way the official app does it."""

from collections.abc import Sequence
from dataclasses import dataclass

from whatsapp_wire.jid import Jid
from whatsapp_wire.proto.message_pb2 import AppStateSyncKeyShare, ContextInfo, Message, ProtocolMessage

REVOKE, KEY_SHARE, KEY_REQUEST, EDIT = 0, 6, 7, 14
"""`ProtocolMessage.type` (Message.proto of WhatsApp Web)."""

_OPAQUE_KINDS = ("image", "contact", "location", "document", "audio", "video", "sticker")


@dataclass(frozen=True, slots=True)
class Quote:
    """The message that a reply answers: its id, who wrote it, and what it said."""

    id: str
    author: Jid
    content: Message


@dataclass(frozen=True, slots=True)
class Reading:
    """What a person would see of a message. `kind` is `text`, `reaction`, `revoke`, `edit`, `image`, … or `other`."""

    kind: str
    text: str
    quoted: str | None = None
    mentions: tuple[str, ...] = ()


def text_message(text: str, quote: Quote | None = None, mentions: Sequence[Jid] = ()) -> Message:
    """A text; a reply or one with mentions travels as `extendedTextMessage`, a plain one as `conversation`."""
    if quote is None and not mentions:
        return Message(conversation=text)
    message = Message()
    message.extended_text_message.text = text
    context: ContextInfo = message.extended_text_message.context_info
    context.mentioned_jid.extend(mentions)
    if quote is not None:
        context.stanza_id, context.participant = quote.id, quote.author
        context.quoted_message.CopyFrom(quote.content)
    return message


def sent_copy(message: Message, chat: Jid) -> Message:
    """The message as the sender's own other devices get it."""
    copy = Message()
    copy.device_sent_message.destination_jid = chat
    copy.device_sent_message.message.CopyFrom(message)
    return copy


def key_share(key_id: bytes, key: bytes, timestamp_ms: int) -> Message:
    """The app-state key that a phone gives a new companion; the fingerprint covers the phone and the first device."""
    # AppStateSyncKeyFingerprint{raw_id=1, current_index=1, device_indexes=[0, 1]}
    fingerprint = bytes((0x08, 1, 0x10, 1, 0x1A, 2, 0, 1))
    shared = AppStateSyncKeyShare.Key(
        key_id=AppStateSyncKeyShare.Key.KeyId(key_id=key_id),
        key_data=AppStateSyncKeyShare.Key.KeyData(key_data=key, fingerprint=fingerprint, timestamp=timestamp_ms),
    )
    share = ProtocolMessage(type=KEY_SHARE, app_state_sync_key_share=AppStateSyncKeyShare(keys=[shared]))
    return Message(protocol_message=share)


def unwrap(message: Message) -> Message:
    """The message inside its envelopes: sent by an own device, disappearing, edited."""
    if message.HasField("device_sent_message"):
        return unwrap(message.device_sent_message.message)
    for envelope in ("ephemeral_message", "edited_message"):
        if message.HasField(envelope):
            return unwrap(getattr(message, envelope).message)
    return message


def read(message: Message) -> Reading:
    """What a person would see."""
    seen = unwrap(message)
    if seen.HasField("conversation"):
        return Reading("text", seen.conversation)
    if seen.HasField("extended_text_message"):
        context = seen.extended_text_message.context_info
        return Reading("text", seen.extended_text_message.text, context.stanza_id or None, tuple(context.mentioned_jid))
    if seen.HasField("reaction_message"):
        return Reading("reaction", seen.reaction_message.text, seen.reaction_message.key.id)
    if seen.HasField("protocol_message"):
        return _read_protocol(seen.protocol_message)
    kind = next((name for name in _OPAQUE_KINDS if seen.HasField(f"{name}_message")), "other")
    return Reading(kind, "")


def _read_protocol(protocol: ProtocolMessage) -> Reading:
    if protocol.type == REVOKE and protocol.HasField("key"):
        return Reading("revoke", "", protocol.key.id)
    if protocol.type == EDIT:
        return Reading("edit", read(protocol.edited_message).text, protocol.key.id)
    return Reading("other", "")
