"""A message to our own phone that no person sees (whatsmeow `send.go`, `preparePeerMessageNode`)."""

from dataclasses import dataclass

from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.stanza.message import EncKind, Recipient, enc, voucher


@dataclass(frozen=True, slots=True)
class PeerMessage:
    """A message between own devices. ``phone`` is our own number's address, bare."""

    id: str
    phone: Jid
    sealed: Recipient
    device_identity: bytes | None = None
    asks_for_history: bool = False

    def node(self) -> Node:
        """The stanza."""
        attrs = {
            "id": self.id,
            "type": "text",
            "category": "peer",
            "to": self.phone,
            "push_priority": "high_force" if self.asks_for_history else None,
            "privacy_sensitive": "1" if self.asks_for_history else None,
        }
        ciphertext = enc(self.sealed.kind, self.sealed.ciphertext, EncKind())
        content = [
            Node("meta", {"appdata": "default"}),
            ciphertext,
            *voucher((self.sealed,), self.device_identity),
        ]
        return Node("message", attrs, content)
