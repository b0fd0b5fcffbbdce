"""Who is online, and who is typing (whatsmeow `presence.go`)."""

from dataclasses import dataclass
from typing import Literal

from whatsapp_wire.errors import StanzaRefused
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.stanza.attributes import decimal
from whatsapp_wire.stanza.source import Own, Source, source_of


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether a person is online; `last_seen` in seconds, None when they hide it or are online."""

    person: Jid
    is_available: bool
    last_seen: int | None


@dataclass(frozen=True, slots=True)
class ChatState:
    """What a person does in a chat: `composing`, `recording` (a voice message) or `paused`."""

    source: Source
    state: str


def own_presence(is_available: bool, name: str | None) -> Node:
    """Show us online or not, under our own name."""
    return Node("presence", {"type": "available" if is_available else "unavailable", "name": name})


def subscribe(person: Jid, trusted_contact_token: bytes | None = None) -> Node:
    """Ask to be told when a person comes and goes; some people require their token."""
    token = [Node("tctoken", content=trusted_contact_token)] if trusted_contact_token else None
    return Node("presence", {"type": "subscribe", "to": person}, token)


def chat_state(chat: Jid, state: Literal["composing", "recording", "paused"]) -> Node:
    """Show us typing, recording, or neither any more."""
    shown = Node("composing", {"media": "audio"}) if state == "recording" else Node(state)
    return Node("chatstate", {"to": chat}, [shown])


def parse_presence(stanza: Node) -> Presence:
    """Read a `presence`; raises StanzaRefused when it does not say of whom."""
    is_available = stanza.get("type") != "unavailable"
    return Presence(stanza.jid("from"), is_available, None if is_available else decimal(stanza.get("last") or ""))


def parse_chat_state(stanza: Node, own: Own) -> ChatState:
    """Read a `chatstate`; raises StanzaRefused when it says nothing, or not of whom."""
    if not stanza.children:
        raise StanzaRefused("<chatstate> has no state")
    shown = stanza.children[0]
    is_recording = shown.tag == "composing" and shown.get("media") == "audio"
    return ChatState(source_of(stanza, own), "recording" if is_recording else shown.tag)
