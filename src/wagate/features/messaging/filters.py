"""Which messages are listed."""

from __future__ import annotations

from dataclasses import dataclass

from wagate.domain.message import Direction, MessageStatus


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which messages: ``session`` is an id or a name; ``chat`` takes what ``to`` takes, and needs ``session``.

    ``acts``: also the acts that were sent, which travel as messages. ``has_media``: only those with a file, or without.
    """

    session: str | None = None
    chat: str | None = None
    direction: Direction | None = None
    status: MessageStatus | None = None
    acts: bool = False
    has_media: bool | None = None


EVERY_MESSAGE = MessageFilter()
