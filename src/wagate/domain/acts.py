"""What people do to messages: react, edit, take back, vote, pin. An act is no message, though it travels like one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wagate.domain.content import Content, Text
from wagate.domain.jid import Jid


@dataclass(frozen=True, slots=True)
class Target:
    """The message that an act is about: WhatsApp's id, who wrote it, and its id in this house where it is known."""

    wa_id: str
    author: Jid
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Reaction:
    """An emoji under a message, in place of the same person's earlier one; None takes it away.

    ``at`` is here, as in every act, when the person did it by their own clock (ms since 1970; None: not told).
    """

    type: ClassVar[str] = "reaction"
    target: Target
    emoji: str | None
    at: int | None = None

    @property
    def text(self) -> str:
        """The readable text."""
        return self.emoji or "[reaction removed]"


@dataclass(frozen=True, slots=True)
class Edit:
    """New words for a message of one's own."""

    type: ClassVar[str] = "edit"
    target: Target
    content: Text
    at: int | None = None

    @property
    def text(self) -> str:
        """The readable text."""
        return self.content.text


@dataclass(frozen=True, slots=True)
class Revocation:
    """A message is taken back, for everybody."""

    type: ClassVar[str] = "revocation"
    target: Target
    at: int | None = None

    @property
    def text(self) -> str:
        """The readable text."""
        return "[message deleted]"


@dataclass(frozen=True, slots=True)
class PollVote:
    """All that a person chooses in a poll, in place of what they chose before. None: it could not be read."""

    type: ClassVar[str] = "poll_vote"
    target: Target
    selected: tuple[str, ...] | None
    at: int | None = None

    @property
    def text(self) -> str:
        """The readable text."""
        return ", ".join(self.selected or ()) or "[vote]"


@dataclass(frozen=True, slots=True)
class Pin:
    """A message is pinned to the top of its chat for so many seconds; None unpins it."""

    type: ClassVar[str] = "pin"
    target: Target
    for_s: int | None
    at: int | None = None

    @property
    def text(self) -> str:
        """The readable text."""
        return "[message unpinned]" if self.for_s is None else "[message pinned]"


Act = Reaction | Edit | Revocation | PollVote | Pin
ACTS = (Reaction, Edit, Revocation, PollVote, Pin)

Said = Content | Act
"""Everything that travels as a message."""
