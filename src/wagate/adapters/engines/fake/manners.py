"""How the pretend engine behaves: how long it waits, and how its line may end."""

from __future__ import annotations

from dataclasses import dataclass

from wagate.adapters.engines.fake.hearing import Hearing
from wagate.adapters.engines.fake.letters import Letters


@dataclass(frozen=True, slots=True)
class Patience:
    """How long this engine waits: a QR code's life and how many there are, and the pause between two dials, in s."""

    qr_s: float = 20.0
    qr_count: int = 6
    redial_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Manners:
    """How a device keeps, or does not keep, what its engine's data sheet promises."""

    letters: Letters
    hearing: Hearing


class LineEnded(Exception):
    """The line is in a final state."""


class LineDropped(Exception):
    """The line broke; dial again."""
