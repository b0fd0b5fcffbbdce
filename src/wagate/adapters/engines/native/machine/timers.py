"""After how many seconds the messages of a chat with one person disappear: set by a message, ours or theirs."""

from __future__ import annotations

from wagate.adapters.engines.native.machine import send
from wagate.adapters.engines.native.machine.device import Device
from wagate.adapters.engines.native.machine.flows import Flow
from wagate.adapters.engines.native.machine.send import Written
from wagate.domain import jid as domain
from wagate.domain.ids import wa_id
from wagate.domain.marks import ChatMarks
from wagate.ports.news import ChatMarked
from whatsapp_wire.contents import timers
from whatsapp_wire.jid import Jid
from whatsapp_wire.proto.message_pb2 import Message


def set_timer(us: Device, chat: domain.Jid, seconds: int) -> Flow[None]:
    """Say it in the chat, as whatsmeow's `SetDisappearingTimer` does. Raises NotSent, NotOnWhatsApp."""
    id = wa_id()
    marked = ChatMarked(chat, ChatMarks(disappearing_s=seconds), int(us.shell.now() * 1000))
    # Nobody waits for this message: what it says is told as what it changes, in the unit that its stanza is kept by.
    yield from send.post(us, Written(None, id, Jid(chat), timers.timer_message(seconds, us.now), (marked,)))


def news_in(message: Message, chat: Jid, at_ms: int) -> ChatMarked | None:
    """What a message changes of its chat's timer, if that is what it is for."""
    seconds = timers.read_timer(message)
    if seconds is None or chat.is_shared:
        return None
    return ChatMarked(domain.Jid(chat), ChatMarks(disappearing_s=seconds), at_ms)
