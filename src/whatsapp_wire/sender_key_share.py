"""The message that hands a sender key to a device: a `Message` protobuf beside, or instead of, anything to show."""

from whatsapp_wire.jid import Jid
from whatsapp_wire.message import unwrap
from whatsapp_wire.proto.message_pb2 import Message, SenderKeyDistribution


def share(group: Jid, distribution: bytes, message: Message | None = None) -> Message:
    """A message that carries the key of a group: a new one, or a copy of one that says something as well."""
    carrier = Message()
    if message is not None:
        carrier.CopyFrom(message)
    carrier.sender_key_distribution_message.CopyFrom(
        SenderKeyDistribution(group_id=str(group), axolotl_sender_key_distribution_message=distribution)
    )
    return carrier


def shared(message: Message) -> bytes | None:
    """The SenderKeyDistributionMessage that came with a message, wrapped or not.

    Which group it is for is said by the stanza: what the message itself says could be another sender's wish.
    """
    for part in (message, unwrap(message)):
        if part.HasField("sender_key_distribution_message"):
            return part.sender_key_distribution_message.axolotl_sender_key_distribution_message
    return None
