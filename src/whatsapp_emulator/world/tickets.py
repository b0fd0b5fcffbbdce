"""Pairings under way: begun by a phone or by a companion that asked for a code, ended by the companion's answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.pairing.passkey import Prologue, Request

if TYPE_CHECKING:
    from whatsapp_emulator.world.accounts import Account, Device
    from whatsapp_emulator.world.authenticator import Passkey
    from whatsapp_emulator.world.links import Link


@dataclass(eq=False, slots=True)
class Ticket:
    """Follows one pairing from the scan (or the typed code) to the companion's answer."""

    account: Account
    link: Link
    outcome: Literal["waiting", "paired", "refused"] = "waiting"
    reason: str = ""
    """Why it was refused."""

    device: Device | None = None
    """The device that is being linked; part of the account only once the outcome is `paired`."""

    request: str = ""
    """The id of the `pair-success` iq whose answer decides."""

    passkey: PasskeyAttempt | None = None
    """Set while the account's passkey is asked for first."""


@dataclass(eq=False, slots=True)
class PasskeyAttempt:
    """A pairing with a passkey, as the server and the phone know it."""

    key: Passkey
    challenge: bytes
    old_secret: bytes
    """The secret in the code that was used: handoff proofs are made from it."""

    stalls: int = 0
    """How many accepted assertions the phone does not react to."""

    ref: str = ""
    prologue: Prologue | None = None
    ephemeral: KeyPair | None = None
    nonce: bytes = b""
    spares_code: bool = False
    """Whether a handoff proof came: the phone asks nobody to compare."""

    code: str | None = None
    is_confirmed: bool = False
    request: Request | None = None
    """What the companion wants to be linked as, once it has asked."""


@dataclass(eq=False, slots=True)
class LinkCodeRequest:
    """A companion that shows an eight-character code and waits for its owner to type it into the phone."""

    link: Link
    ref: bytes
    """The server's name for this attempt, which both sides repeat."""

    wrapped_ephemeral: bytes
    """The companion's ephemeral key under the code."""

    noise_key: bytes
    ticket: Ticket | None = None
    """Set once the code was typed."""

    ephemeral: KeyPair | None = None
    """The phone's ephemeral key, from then on."""

    companion_ephemeral: bytes = b""
    """What the typed code made of `wrapped_ephemeral`."""
