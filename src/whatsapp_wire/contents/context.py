"""The context of a message: what it answers, whom it names, how often it was forwarded, how long it stays.

It is a part of nearly every kind (`ContextInfo` in WhatsApp's own definitions; Baileys `Utils/messages.ts`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from whatsapp_wire.jid import Jid
from whatsapp_wire.message import Quote, unwrap
from whatsapp_wire.proto.message_pb2 import ContextInfo, ExtendedTextMessage, Message

_VIEW_ONCE: Final = ("view_once_message", "view_once_message_v2", "view_once_message_v2_extension")
_SAY_ONCE: Final = ("image_message", "video_message", "ptv_message", "audio_message")
_MAX_DEPTH: Final = 8


@dataclass(frozen=True, slots=True)
class Context:
    """How a message was said. `expires_in_s` is the timer of its chat; `is_view_once` is only read, never built."""

    forwarding_score: int = 0
    expires_in_s: int = 0
    mentions_all: bool = False
    is_view_once: bool = False


def with_context(message: Message, context: Context, quote: Quote | None = None, mentions: Iterable[Jid] = ()) -> None:
    """Give a message its context, in place, inside wrappers. A text that needs one takes the longer of two forms."""
    info = ContextInfo(mentioned_jid=[str(mention.bare) for mention in mentions])
    if quote is not None:
        info.stanza_id = quote.id
        info.participant = str(quote.sender.bare)
        info.quoted_message.CopyFrom(quote.message or Message(conversation=""))
    if context.forwarding_score:
        info.forwarding_score, info.is_forwarded = context.forwarding_score, True
    if context.expires_in_s:
        info.expiration = context.expires_in_s
    if context.mentions_all:
        info.non_jid_mentions = 1
    if not info.ListFields():
        return
    if message.HasField("conversation"):
        text = message.conversation
        message.ClearField("conversation")
        message.extended_text_message.CopyFrom(ExtendedTextMessage(text=text))
    for field, part in unwrap(message).ListFields():
        if field.message_type is not None and "context_info" in field.message_type.fields_by_name:
            part.context_info.MergeFrom(info)
            return


def read_context(message: Message) -> Context:
    """The context of a message, through whatever is wrapped around it."""
    info = context_info(unwrap(message))
    return Context(
        forwarding_score=max(info.forwarding_score, int(info.is_forwarded)),
        expires_in_s=info.expiration,
        mentions_all=info.non_jid_mentions > 0,
        is_view_once=_is_view_once(message),
    )


def context_info(inner: Message) -> ContextInfo:
    """The context of an unwrapped message; empty where it has none."""
    for field, part in inner.ListFields():
        if field.message_type is not None and "context_info" in field.message_type.fields_by_name:
            found: ContextInfo = part.context_info
            return found
    return ContextInfo()


def _is_view_once(message: Message) -> bool:
    """Whether a wrapper says so, or the file's own part of the message, as neonize's builders have it."""
    for _ in range(_MAX_DEPTH):
        if any(message.HasField(name) for name in _VIEW_ONCE):
            return True
        if message.HasField("device_sent_message"):
            message = message.device_sent_message.message
        elif message.HasField("ephemeral_message"):
            message = message.ephemeral_message.message
        else:
            return any(message.HasField(name) and getattr(message, name).view_once for name in _SAY_ONCE)
    return False
