"""One live session's share of the outbox in memory: its chats, each a queue, and who may send next. No I/O."""

from __future__ import annotations

from asyncio import Task
from collections import deque
from dataclasses import dataclass, field

from wagate.domain.ids import ChatId, MessageId
from wagate.features.messaging.repository.outbox import Waiting
from wagate.features.sessions.lines import LiveLine

IN_FLIGHT = 32
"""How many chats of one session may be sending at once."""


@dataclass(slots=True)
class Lane:
    """A session's messages that are about to leave.

    ``cursor`` is the position up to which the outbox was read; ``behind`` says that there may be more to read.
    ``stale``: what is in memory is to be forgotten and read again, as soon as nothing is in flight.
    """

    line: LiveLine
    live: bool = True
    cursor: int = 0
    behind: bool = True
    stale: bool = False
    held: int = 0
    failures: int = 0
    suspect: tuple[MessageId | None, int] = (None, 0)
    queues: dict[ChatId, deque[Waiting]] = field(default_factory=dict)
    ready: deque[ChatId] = field(default_factory=deque)
    busy: set[ChatId] = field(default_factory=set)
    pause: Task[None] | None = None

    def add(self, waiting: Waiting) -> None:
        """Queue a message behind the others of its chat."""
        self.cursor = waiting.position
        self.held += 1
        queue = self.queues.get(waiting.chat)
        if queue is None:
            queue = self.queues[waiting.chat] = deque()
            self.ready.append(waiting.chat)
        queue.append(waiting)

    def next_chat(self) -> ChatId | None:
        """A chat that may begin to send now; it is busy from here on."""
        if not self.ready or len(self.busy) >= IN_FLIGHT or not self.flows:
            return None
        chat = self.ready.popleft()
        self.busy.add(chat)
        return chat

    def head(self, chat: ChatId) -> Waiting | None:
        """The message that a busy chat sends next, or None when it should let go."""
        queue = self.queues.get(chat)
        return queue[0] if queue and self.flows else None

    def gone(self, chat: ChatId) -> None:
        """The head of a chat has left."""
        self.queues[chat].popleft()
        self.held -= 1

    def is_hopeless(self, message: MessageId, mistakes: int) -> bool:
        """Count an engine's unforeseen failure; whether it was the last one that this message is given."""
        suspect, count = self.suspect
        self.suspect = (message, count + 1 if suspect == message else 1)
        return self.suspect[1] >= mistakes

    def let_go(self, chat: ChatId) -> None:
        """A chat has stopped sending. Until then it keeps its queue, so that nobody else serves it."""
        self.busy.discard(chat)
        if not self.queues[chat]:
            del self.queues[chat]

    def begin(self) -> int:
        """Forget what is in memory, so that it is read again; how many messages were forgotten."""
        forgotten, self.held = self.held, 0
        self.queues.clear()
        self.ready.clear()
        self.cursor = 0
        self.behind = True
        self.stale = False
        return forgotten

    @property
    def flows(self) -> bool:
        """Whether the next message may be handed to the engine."""
        return self.live and not self.stale and self.pause is None
