"""Invitations to something that happens (WhatsApp's own definitions; Baileys `Utils/messages.ts`)."""

from dataclasses import dataclass

from whatsapp_wire.proto.message_pb2 import EventMessage, Message, MessageContextInfo


@dataclass(frozen=True, slots=True)
class Event:
    """What happens, when (seconds since 1970; 0: not told) and where."""

    name: str
    starts_at: int
    ends_at: int = 0
    description: str = ""
    place: str = ""
    link: str = ""
    is_cancelled: bool = False


def event_message(event: Event, secret: bytes) -> Message:
    """The message that invites; `secret` is 32 random bytes by which answers are sealed."""
    message = EventMessage(name=event.name, start_time=event.starts_at, is_canceled=event.is_cancelled)
    if event.ends_at:
        message.end_time = event.ends_at
    if event.description:
        message.description = event.description
    if event.place:
        message.location.name = event.place
    if event.link:
        message.join_link = event.link
    return Message(event_message=message, message_context_info=MessageContextInfo(message_secret=secret))


def read_event(inner: Message) -> Event | None:
    """The event that an unwrapped message invites to; None when it invites to none."""
    if not inner.HasField("event_message"):
        return None
    told = inner.event_message
    place = ", ".join(part for part in (told.location.name, told.location.address) if part)
    return Event(told.name, told.start_time, told.end_time, told.description, place, told.join_link, told.is_canceled)
