"""What passes between the world and whoever carries its stanzas: links in, effects out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from whatsapp_wire.node import Attribute, Node
from whatsapp_wire.proto.transport_pb2 import ClientPayload

if TYPE_CHECKING:
    from whatsapp_emulator.world.accounts import Device
    from whatsapp_emulator.world.tickets import Ticket


Attrs: TypeAlias = dict[str, Attribute]
"""Attributes of a stanza that is being built."""


@dataclass(eq=False, slots=True)
class Link:
    """One connection of a client, from the end of its Noise handshake until either side is gone."""

    noise_key: bytes
    """The client's static Noise key (32 bytes), which is how a device proves who it is."""

    payload: ClientPayload
    """What the client said of itself when it connected."""

    open: bool = True
    device: Device | None = None
    """Set by a successful login."""

    active: bool = False
    """Whether queued stanzas are pushed: clients log in passive and ask for them when they are ready."""

    ended: bool = False
    """Whether the server has said its last word; what the client still sends is not heard."""

    ticket: Ticket | None = None
    """The pairing under way on this connection."""

    held: list[Node] = field(default_factory=list)
    """Stanzas the `reorder` fault keeps until the next one has passed."""

    @property
    def label(self) -> str:
        """The device as ``phone:device``, or ``unpaired``."""
        return self.device.label if self.device is not None else "unpaired"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A stanza to send on a link."""

    link: Link
    node: Node


@dataclass(frozen=True, slots=True)
class Hangup:
    """The server ends a connection: after what was sent and `grace_s` seconds, or at once with a TCP reset."""

    link: Link
    grace_s: float = 0.0
    reset: bool = False


@dataclass(frozen=True, slots=True)
class Settled:
    """A pairing that a phone began has ended, one way or the other; the ticket says how."""

    ticket: Ticket


Effect: TypeAlias = Delivery | Hangup | Settled
