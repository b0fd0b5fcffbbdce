"""What an engine has to tell of people and calls. It is durable, as the other news in ``news``."""

from __future__ import annotations

from dataclasses import dataclass

from wagate.domain.contacts import ContactChange, Whereabouts
from wagate.domain.jid import Jid


@dataclass(frozen=True, slots=True)
class ContactTold:
    """Something about a person is different, or was told. ``alt`` is their other address; ``timestamp`` in seconds.

    The same may be told more than once: who keeps it compares with what is known.
    """

    person: Jid
    change: ContactChange
    timestamp: int
    alt: Jid | None = None


@dataclass(frozen=True, slots=True)
class BlocklistTold:
    """Everybody whom we have blocked, and nobody else."""

    people: tuple[Jid, ...]


@dataclass(frozen=True, slots=True)
class PresenceSeen:
    """Somebody came, went, or does something in a chat. ``chat`` is None where it is about no chat.

    ``last_seen`` (seconds) is there for somebody who is offline and does not hide it.
    """

    person: Jid
    whereabouts: Whereabouts
    chat: Jid | None = None
    alt: Jid | None = None
    last_seen: int | None = None


@dataclass(frozen=True, slots=True)
class CallRang:
    """Somebody calls us; ``group`` for a call to a group. ``is_offline``: it began while we were away.

    ``is_rejected`` says that the engine turned it down by itself, as it was told to. ``timestamp`` in seconds. The same
    call may be told more than once.
    """

    call: str
    creator: Jid
    timestamp: int
    creator_alt: Jid | None = None
    group: Jid | None = None
    is_video: bool = False
    is_offline: bool = False
    is_rejected: bool = False


@dataclass(frozen=True, slots=True)
class CallEnded:
    """A call does not ring any more: ``outcome`` is ours, stable (`accepted`, `rejected`, `ended`).

    ``detail`` is WhatsApp's own word for why. ``timestamp`` in seconds.
    """

    call: str
    creator: Jid
    timestamp: int
    outcome: str
    creator_alt: Jid | None = None
    detail: str | None = None


PeopleNews = ContactTold | BlocklistTold | PresenceSeen | CallRang | CallEnded
