"""A message to a group: one ciphertext for all, and its key for each device that lacks it (whatsmeow `send.go`)."""

from dataclasses import dataclass, field

from whatsapp_wire.jid import STATUS_BROADCAST, Jid
from whatsapp_wire.node import Node
from whatsapp_wire.stanza.message import EncKind, Recipient, enc, meta, voucher


@dataclass(frozen=True, slots=True)
class GroupMessage:
    """A message to all members of a group.

    `keys` are the devices that get the sender key along, `ciphertext` is the `skmsg`; `phash` is over all devices that
    are meant to read it, the sending one included. `by_lid` is how the group addresses its members. `device_identity`
    (our account voucher) goes along when anybody gets a `pkmsg`.
    """

    id: str
    group: Jid
    type: str
    keys: tuple[Recipient, ...]
    ciphertext: bytes
    phash: str
    by_lid: bool = True
    edit: str | None = None
    content: EncKind = field(default_factory=EncKind)
    device_identity: bytes | None = None

    def node(self) -> Node:
        """The stanza."""
        attrs = {
            "id": self.id,
            "type": self.type,
            "to": self.group,
            # A status post has none, whoever is named how (whatsmeow `send.go`).
            "addressing_mode": "lid" if self.by_lid and self.group != STATUS_BROADCAST else None,
            "edit": self.edit,
            "phash": self.phash,
        }
        hidden = EncKind(hide_failure=self.content.hide_failure)
        fan_out = [Node("to", {"jid": to.device}, [enc(to.kind, to.ciphertext, hidden)]) for to in self.keys]
        children = [Node("participants", content=fan_out)] if fan_out else []
        children += [*voucher(self.keys, self.device_identity), *meta(self.content)]
        children.append(enc("skmsg", self.ciphertext, EncKind(self.content.media_type)))
        return Node("message", attrs, children)
