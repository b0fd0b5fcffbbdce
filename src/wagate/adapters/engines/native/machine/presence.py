"""What others see us doing."""

from __future__ import annotations

from wagate.adapters.engines.native.machine import directory
from wagate.adapters.engines.native.machine.device import Device, Phase
from wagate.adapters.engines.native.machine.flows import Flow
from wagate.domain import jid as domain
from wagate.ports.abilities import Activity
from wagate.ports.engine import NotSent
from whatsapp_wire.jid import Jid
from whatsapp_wire.stanza import presence


def show_typing(us: Device, chat: domain.Jid, activity: Activity) -> Flow[None]:
    """Show that we are writing or recording, or not any more. Raises NotSent, NotOnWhatsApp."""
    if us.phase is not Phase.READY:
        raise NotSent("the session is not connected to WhatsApp")
    to = Jid(chat)
    if to.is_user or to.is_lid:
        to = (yield from directory.find(us, to)).lid
    us.write(presence.chat_state(to, activity.value))
