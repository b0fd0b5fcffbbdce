"""What is done to messages: reactions, edits, revocations, pins (whatsmeow `send.go`, Baileys `Utils/messages.ts`)."""

from dataclasses import dataclass

from whatsapp_wire.jid import Jid
from whatsapp_wire.message import Target, is_id, target_of
from whatsapp_wire.proto.message_pb2 import (
    FutureProofMessage,
    Message,
    MessageContextInfo,
    MessageKey,
    PinInChatMessage,
    ProtocolMessage,
    ReactionMessage,
)


@dataclass(frozen=True, slots=True)
class Act:
    """Which message an act is about, seen from its sender, and when by their own clock (ms since 1970; 0: not told)."""

    target: Target
    at_ms: int


def key_of(chat: Jid, id: str, *, from_me: bool, author: Jid | None = None) -> MessageKey:
    """The key of a message as its chat knows it; others' messages in a group carry their `author`."""
    key = MessageKey(remote_jid=str(chat.bare), from_me=from_me, id=id)
    if author is not None and not from_me and chat.is_shared:
        key.participant = str(author.bare)
    return key


def reaction_message(key: MessageKey, emoji: str, at_ms: int) -> Message:
    """React to a message; with no emoji, take one's reaction away."""
    return Message(reaction_message=ReactionMessage(key=key, text=emoji, sender_timestamp_ms=at_ms))


def edit_message(key: MessageKey, content: Message, at_ms: int) -> Message:
    """Put other content in the place of what one has said."""
    protocol = ProtocolMessage(key=key, type=ProtocolMessage.MESSAGE_EDIT, edited_message=content, timestamp_ms=at_ms)
    return Message(edited_message=FutureProofMessage(message=Message(protocol_message=protocol)))


def revoke_message(key: MessageKey) -> Message:
    """Take a message back, for everybody."""
    return Message(protocol_message=ProtocolMessage(key=key, type=ProtocolMessage.REVOKE))


def pin_message(key: MessageKey, for_s: int, at_ms: int) -> Message:
    """Pin a message to the top of its chat for so many seconds; with 0, unpin it."""
    kind = PinInChatMessage.PIN_FOR_ALL if for_s else PinInChatMessage.UNPIN_FOR_ALL
    return Message(
        pin_in_chat_message=PinInChatMessage(key=key, type=kind, sender_timestamp_ms=at_ms),
        message_context_info=MessageContextInfo(message_add_on_duration_in_secs=for_s),
    )


def read_act(inner: Message) -> Act | None:
    """What an unwrapped message is about; None when it is no act, or does not say about what."""
    if inner.HasField("reaction_message"):
        key, at_ms = inner.reaction_message.key, inner.reaction_message.sender_timestamp_ms
    elif inner.HasField("protocol_message"):
        key, at_ms = inner.protocol_message.key, inner.protocol_message.timestamp_ms
    elif inner.HasField("pin_in_chat_message"):
        key, at_ms = inner.pin_in_chat_message.key, inner.pin_in_chat_message.sender_timestamp_ms
    elif inner.HasField("poll_update_message"):
        key, at_ms = inner.poll_update_message.poll_creation_message_key, inner.poll_update_message.sender_timestamp_ms
    else:
        return None
    return Act(target_of(key), max(at_ms, 0)) if is_id(key.id) else None


def pinned_for_s(inner: Message) -> int | None:
    """For how long an unwrapped pin pins its message, in seconds; None when it unpins it."""
    if inner.pin_in_chat_message.type != PinInChatMessage.PIN_FOR_ALL:
        return None
    return inner.message_context_info.message_add_on_duration_in_secs
