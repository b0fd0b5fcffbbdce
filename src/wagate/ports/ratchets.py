"""The Double Ratchet and sender keys as plain data: the part of a linked device that must never be used twice.

See `device` for how keys and addresses are written. Every value checks itself and raises DeviceUnreadable.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from wagate.domain.errors import DeviceUnreadable
from wagate.ports import checks
from wagate.ports.checks import KEY, MAX_COUNTER

DERIVED: Final = 80
"""A message key that was derived already: cipher key (32), MAC key (32), IV (16)."""

MAX_ARCHIVED: Final = 64
MAX_CHAINS: Final = 16
MAX_SKIPPED: Final = 16_000
"""No client keeps more of these in one session: Signal's own limits are 40, 5 and 2,000 for each chain."""

_CHAT: Final = re.compile(r"[0-9A-Za-z_.-]{1,64}@[a-z.]{1,32}\Z")


@dataclass(frozen=True, slots=True)
class MessageKey:
    """The key of a message that was overtaken: a seed (32 bytes), or what is derived from it (80 bytes)."""

    counter: int
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Check."""
        checks.number(self.counter, 0, MAX_COUNTER, "a message's counter")
        if len(self.secret) not in (KEY, DERIVED):
            raise DeviceUnreadable(f"A message key has {KEY} or {DERIVED} bytes, not {len(self.secret)}")


@dataclass(frozen=True, slots=True)
class ReceivingChain:
    """What is needed to read messages under one ratchet key of theirs. An empty ``key``: only skipped ones still."""

    ratchet_key: bytes
    key: bytes = field(repr=False)
    next_counter: int
    skipped: tuple[MessageKey, ...] = ()

    def __post_init__(self) -> None:
        """Check."""
        checks.point(self.ratchet_key, "a ratchet key")
        checks.size_or_none(self.key, KEY, "a chain key")
        checks.number(self.next_counter, 0, MAX_COUNTER + 1, "a chain's counter")
        checks.rising((key.counter for key in self.skipped), self.next_counter, "skipped keys")


@dataclass(frozen=True, slots=True)
class Opening:
    """What goes along with each message until the other side has answered: on which of their keys we began."""

    base_key: bytes
    signed_prekey_id: int
    prekey_id: int | None

    def __post_init__(self) -> None:
        """Check."""
        checks.point(self.base_key, "a base key")
        checks.number(self.signed_prekey_id, 0, MAX_COUNTER, "a signed prekey's id")
        if self.prekey_id is not None:
            checks.number(self.prekey_id, 0, MAX_COUNTER, "a prekey's id")


@dataclass(frozen=True, slots=True)
class SessionState:
    """One state of the double ratchet.

    ``receiving`` has the newest chain last. ``previous_counter`` is what our messages say about our chain before.
    """

    remote_identity: bytes
    remote_registration_id: int
    root_key: bytes = field(repr=False)
    base_key: bytes
    ratchet_private: bytes = field(repr=False)
    sending_key: bytes = field(repr=False)
    sending_counter: int
    previous_counter: int
    receiving: tuple[ReceivingChain, ...] = ()
    opening: Opening | None = None

    def __post_init__(self) -> None:
        """Check."""
        checks.point(self.remote_identity, "an identity key")
        checks.number(self.remote_registration_id, 0, MAX_COUNTER, "a registration id")
        checks.size(self.root_key, KEY, "a root key")
        checks.point(self.base_key, "a base key")
        checks.size(self.ratchet_private, KEY, "our ratchet key")
        checks.size(self.sending_key, KEY, "our chain key")
        checks.number(self.sending_counter, 0, MAX_COUNTER, "our chain's counter")
        checks.number(self.previous_counter, 0, MAX_COUNTER, "our former chain's counter")
        checks.at_most(self.receiving, MAX_CHAINS, "receiving chains in a session")
        checks.unlike((chain.ratchet_key for chain in self.receiving), "receiving chain")
        checks.at_most(sum(len(chain.skipped) for chain in self.receiving), MAX_SKIPPED, "skipped keys in a session")


@dataclass(frozen=True, slots=True)
class Session:
    """The session with a device: the state in use, and older ones that late messages may need, newest first."""

    device: str
    current: SessionState
    archived: tuple[SessionState, ...] = ()

    def __post_init__(self) -> None:
        """Check."""
        checks.device_address(self.device)
        checks.at_most(self.archived, MAX_ARCHIVED, "archived states in a session")
        checks.unlike((state.base_key for state in (self.current, *self.archived)), "state of a session")


@dataclass(frozen=True, slots=True)
class SenderKeyState:
    """One chain of a sender in a group. ``signing_private`` is empty unless it is our own."""

    id: int
    chain_key: bytes = field(repr=False)
    next_iteration: int
    signing_public: bytes
    signing_private: bytes = field(repr=False)
    skipped: tuple[MessageKey, ...] = ()

    def __post_init__(self) -> None:
        """Check."""
        checks.number(self.id, 0, MAX_COUNTER, "a sender key's id")
        checks.size(self.chain_key, KEY, "a sender's chain key")
        checks.number(self.next_iteration, 0, MAX_COUNTER + 1, "a sender key's iteration")
        checks.point(self.signing_public, "a sender's signing key")
        checks.size_or_none(self.signing_private, KEY, "our signing key")
        checks.rising((key.counter for key in self.skipped), self.next_iteration, "skipped sender keys")
        checks.at_most(self.skipped, MAX_SKIPPED, "skipped keys of a sender")
        for key in self.skipped:
            checks.size(key.secret, KEY, "a skipped sender key")


@dataclass(frozen=True, slots=True)
class SenderKey:
    """The chains with which a device writes to a group, the newest first."""

    group: str
    device: str
    states: tuple[SenderKeyState, ...]

    def __post_init__(self) -> None:
        """Check."""
        if not _CHAT.match(self.group):
            raise DeviceUnreadable(f"{self.group!r} is no chat")
        checks.device_address(self.device)
        checks.at_most(self.states, MAX_ARCHIVED, "chains of a sender")
