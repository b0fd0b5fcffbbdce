"""What an account's devices agree on about its chats and messages: archived, pinned, muted, unread, starred, gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from wagate.domain.jid import Jid

FOREVER: Final = 253_402_300_799_999
"""The end of a mute that has none: the last moment of the year 9999 (ms since 1970)."""

NOT_MUTED: Final = 0
"""A ``muted_until`` that says that the chat is not muted (any more)."""

MAX_NAME: Final = 100
"""Characters of the longest name that a contact is saved under."""


@dataclass(frozen=True, slots=True)
class ChatMarks:
    """What is said of a chat; None says nothing. ``muted_until`` is in ms since 1970, NOT_MUTED or FOREVER.

    ``disappearing_s``: its messages vanish after so many seconds; 0 is never.
    """

    archived: bool | None = None
    pinned: bool | None = None
    muted_until: int | None = None
    unread: bool | None = None
    disappearing_s: int | None = None


@dataclass(frozen=True, slots=True)
class NamedMessage:
    """A message by what WhatsApp calls it. ``sender`` (bare) is told where it is not we; ``at`` in ms since 1970."""

    chat: Jid
    wa_id: str
    from_me: bool
    sender: Jid | None
    at: int


@dataclass(frozen=True, slots=True)
class ContactName:
    """The names a person has in an address book."""

    full: str
    first: str = ""
