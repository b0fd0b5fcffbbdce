"""The timer of a chat with one person: a message says after how many seconds those that follow disappear.

Facts: whatsmeow `SetDisappearingTimer` in `send.go`.
"""

from typing import Final

from whatsapp_wire.message import unwrap
from whatsapp_wire.proto.message_pb2 import Message, ProtocolMessage

_LONGEST_S: Final = 366 * 86_400


def timer_message(seconds: int, now: int) -> Message:
    """The message that sets a timer; 0 ends it. ``now`` is in seconds since 1970."""
    setting = ProtocolMessage(
        type=ProtocolMessage.EPHEMERAL_SETTING, ephemeral_expiration=seconds, ephemeral_setting_timestamp=now
    )
    return Message(protocol_message=setting)


def read_timer(message: Message) -> int | None:
    """The seconds that a message sets the timer to, or None when it sets none."""
    told = unwrap(message).protocol_message
    if told.type != ProtocolMessage.EPHEMERAL_SETTING or not told.HasField("type"):
        return None
    return told.ephemeral_expiration if told.ephemeral_expiration <= _LONGEST_S else None
