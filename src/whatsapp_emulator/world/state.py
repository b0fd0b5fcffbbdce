"""What every part of the world shares: who there is, what is going on, what is about to leave, and what time it is."""

from __future__ import annotations

from itertools import count
from random import Random
from typing import TYPE_CHECKING

from whatsapp_emulator.faults import Faults
from whatsapp_emulator.world.accounts import Account, Device, Directory
from whatsapp_emulator.world.audit import Audit, ViolationKind
from whatsapp_emulator.world.groups import Groups
from whatsapp_emulator.world.links import Attrs, Delivery, Effect, Hangup, Link, Settled
from whatsapp_emulator.world.shelf import MediaShelf
from whatsapp_emulator.world.tickets import LinkCodeRequest, Ticket
from whatsapp_wire.jid import SERVER
from whatsapp_wire.node import Node

if TYPE_CHECKING:
    from whatsapp_emulator.world.calls import Call

STREAM_GRACE_S = 2.0
"""How long a connection stays open after a stream error, for the client to hang up first: closing at once loses the
error in some clients, and a 515 that is lost leaves a freshly paired whatsmeow dead."""


class State:
    """The shared state. `now` is seconds since 1970 as last told; `entropy` is where every random choice comes from."""

    def __init__(self, entropy: Random) -> None:
        self.entropy = entropy
        self.now = 0.0
        self.faults = Faults()
        self.audit = Audit()
        self.directory = Directory()
        self.media = MediaShelf()
        self.groups = Groups()
        self.calls: dict[str, Call] = {}
        self.refs: dict[str, Link] = {}
        """Unpaired connections by the references in their QR codes."""

        self.link_codes: dict[str, LinkCodeRequest] = {}
        """Pairings by code under way, by phone number."""

        self._effects: list[Effect] = []
        self._ids = count(1)

    @property
    def stamp(self) -> int:
        """The time as stanzas carry it: whole seconds since 1970."""
        return int(self.now)

    def next_id(self) -> str:
        """An id for a stanza of the server's own."""
        return f"{self.stamp}-{next(self._ids)}"

    def message_id(self) -> str:
        """An id for a message a phone types: 20 hexadecimal digits beginning 3A, as iPhones make them."""
        return f"3A{self.entropy.randbytes(9).hex().upper()}"

    def collect(self) -> list[Effect]:
        """Take everything that has to leave since the last time, in order."""
        effects, self._effects = self._effects, []
        return effects

    def send(self, link: Link, node: Node) -> None:
        """Say something once on a connection; it is lost when the connection is not there."""
        if link.open and not self.faults.deaf:
            self._effects.append(Delivery(link, node))
            self.release(link)

    def tell(self, device: Device, node: Node) -> None:
        """Say something once to a device, if it listens right now."""
        if device.link is not None and device.link.active:
            self.send(device.link, node)

    def deliver(self, device: Device, node: Node) -> None:
        """Queue a stanza for a device until it is acknowledged, and push it when the device listens."""
        device.queue.put(node)
        link = device.link
        if link is None or not link.active:
            return
        faults = self.faults
        if faults.strike(faults.drop_rate):
            self.audit.counts["dropped"] += 1
        elif not link.held and faults.strike(faults.reorder):
            link.held.append(node)
            self.audit.counts["reordered"] += 1
        else:
            self.send(link, node)
            if faults.strike(faults.duplicate_rate):
                self.audit.counts["duplicated"] += 1
                self.send(link, node)

    def release(self, link: Link) -> None:
        """Let the stanza go that was held back so that another could overtake it."""
        if link.held and not self.faults.deaf:
            held, link.held = link.held, []
            self._effects.extend(Delivery(link, node) for node in held)

    def hang_up(self, link: Link, grace_s: float = 0.0, *, reset: bool = False) -> None:
        """End a connection; what was sent before goes out first, unless it is reset."""
        self._effects.append(Hangup(link, grace_s, reset))

    def break_stream(self, link: Link, error: Node) -> None:
        """Say the last word on a stream, and give the client time to hang up itself. Its device is off the link."""
        self.send(link, error)
        self.hang_up(link, STREAM_GRACE_S)
        link.active, link.ended = False, True
        if link.device is not None and link.device.link is link:
            link.device.link = None

    def settle(self, ticket: Ticket) -> None:
        """Announce that a pairing has ended."""
        self._effects.append(Settled(ticket))

    def violate(self, kind: ViolationKind, link: Link, detail: str) -> None:
        """Record that the client on this connection did what must not happen."""
        self.audit.violate(kind, link.label, detail, self.now)

    def notify(self, device: Device, type: str, sender: Account | None, content: list[Node], **attrs: str) -> None:
        """Queue a `notification` for a device, from the server or about an account (by its phone-number address)."""
        source = SERVER if sender is None else sender.pn
        head: Attrs = {"from": source, "type": type, "id": self.next_id(), "t": self.stamp, **attrs}
        self.deliver(device, Node("notification", head, content))
