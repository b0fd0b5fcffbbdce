"""Who sent a stanza, in which chat: the rules by which attributes become people (whatsmeow `message.go`)."""

from dataclasses import dataclass
from typing import Final

from whatsapp_wire.jid import (
    BROADCAST_SERVER,
    GROUP_SERVER,
    HOSTED_LID_SERVER,
    HOSTED_SERVER,
    LID_SERVER,
    USER_SERVER,
    Jid,
)
from whatsapp_wire.node import Node
from whatsapp_wire.stanza.attributes import optional_jid

_HOSTED_AS: Final = {HOSTED_SERVER: USER_SERVER, HOSTED_LID_SERVER: LID_SERVER}


@dataclass(frozen=True, slots=True)
class Own:
    """Our two addresses, both with our device number."""

    pn: Jid
    lid: Jid

    def is_me(self, jid: Jid) -> bool:
        """Whether an address is ours, on any device."""
        return jid.user in (self.pn.user, self.lid.user)


@dataclass(frozen=True, slots=True)
class Source:
    """The people of a stanza.

    `sender` carries a device; `sender_alt` is the same person's other kind of address (LID for PN, PN for LID) and
    `chat_alt` the chat's, each where the server told it. In a chat with one person `chat` is that person, bare.
    """

    chat: Jid
    sender: Jid
    sender_alt: Jid | None
    chat_alt: Jid | None
    is_from_me: bool
    is_group: bool


def source_of(stanza: Node, own: Own) -> Source:
    """Read a message's, receipt's or chat state's people.

    Raises StanzaRefused without a sender. A group's grouped receipt names no participant: its sender is the group.
    """
    came_from = stanza.jid("from")
    if came_from.server in (GROUP_SERVER, BROADCAST_SERVER):
        return _in_group(stanza, came_from, own)
    sender = Jid.of(came_from.user, _HOSTED_AS.get(came_from.server, came_from.server), came_from.device)
    if own.is_me(sender):
        chat = optional_jid(stanza, "recipient") or sender.bare
        return Source(chat.bare, sender, None, _other_address(stanza, chat, "peer_recipient"), True, False)
    return Source(sender.bare, sender, _other_address(stanza, sender, "sender"), None, False, False)


def _in_group(stanza: Node, group: Jid, own: Own) -> Source:
    sender = optional_jid(stanza, "participant") or group
    return Source(group, sender, _other_address(stanza, sender, "participant"), None, own.is_me(sender), True)


def _other_address(stanza: Node, known: Jid, role: str) -> Jid | None:
    other = optional_jid(stanza, f"{role}_pn" if known.is_lid else f"{role}_lid")
    if other is not None and other.device == 0 and known.device:
        return other.with_device(known.device)
    return other
