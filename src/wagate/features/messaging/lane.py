"""One live session's share of the outbox in memory: its chats, each a queue, and who may send next. No I/O.

Urgent messages go before normal ones, and those before bulk, in a chat and among chats; within one priority a chat
keeps its order. A chat sends one message at a time, and rests after each if the session's pace says so.
"""

from __future__ import annotations

import heapq
from asyncio import Task
from bisect import insort
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter

from wagate.domain.ids import ChatId, MessageId
from wagate.features.messaging.pace import Pace
from wagate.features.messaging.repository.outbox import Waiting
from wagate.features.sessions.lines import LiveLine

IN_FLIGHT = 32
"""How many chats of one session may be sending at once."""

_MANY_RESTS = 512
_turn = attrgetter("turn")


@dataclass(slots=True)
class Lane:
    """A session's messages that are about to leave. Moments are seconds on the clock that never jumps.

    ``behind`` says that there is more to read. ``stale``: what is in memory is to be forgotten and read again, as soon
    as nothing is in flight. ``halted``: nothing leaves until somebody says so. ``wake_at``: when somebody may send next
    who may not now; ``alarm``: when the lane is woken for that. ``pace`` is None before it is known how the queue
    stands. ``seen``: the highest position that was found in the backlog.
    """

    line: LiveLine
    pace: Pace | None = None
    live: bool = True
    halted: bool = False
    behind: bool = True
    stale: bool = False
    failures: int = 0
    seen: int = 0
    suspect: tuple[MessageId | None, int] = (None, 0)
    held: dict[int, Waiting] = field(default_factory=dict)
    queues: dict[ChatId, list[Waiting]] = field(default_factory=dict)
    ready: list[tuple[tuple[int, int], ChatId]] = field(default_factory=list)
    resting: list[tuple[float, ChatId]] = field(default_factory=list)
    rests: dict[ChatId, float] = field(default_factory=dict)
    busy: set[ChatId] = field(default_factory=set)
    pause: Task[None] | None = None
    alarm: float | None = None
    wake_at: float | None = None

    def add(self, waiting: Waiting, rests_until: float | None = None) -> bool:
        """Queue a message in its chat, unless it is here already; one that was put off keeps its chat waiting."""
        if waiting.position in self.held:
            return False
        self.held[waiting.position] = waiting
        queue = self.queues.setdefault(waiting.chat, [])
        insort(queue, waiting, key=_turn)
        if rests_until is not None:
            self.rests[waiting.chat] = max(rests_until, self.rests.get(waiting.chat, rests_until))
        if waiting.chat not in self.busy:
            heapq.heappush(self.ready, (queue[0].turn, waiting.chat))
        return True

    def next_chat(self, now: float) -> ChatId | None:
        """A chat that may begin to send now; it is busy from here on, and its slot is taken."""
        self.wake_at = None
        if self.pace is None or len(self.busy) >= IN_FLIGHT or not self.flows:
            return None
        while self.resting and self.resting[0][0] <= now:
            _, chat = heapq.heappop(self.resting)
            if chat not in self.busy and (queue := self.queues.get(chat)):
                heapq.heappush(self.ready, (queue[0].turn, chat))
        while self.ready:
            turn, chat = self.ready[0]
            queue = self.queues.get(chat)
            if chat in self.busy or not queue or queue[0].turn != turn:
                heapq.heappop(self.ready)  # said of a head that is no more
                continue
            if self.rests.get(chat, now) > now:
                heapq.heappop(self.ready)
                heapq.heappush(self.resting, (self.rests[chat], chat))
                continue
            at = self.pace.ready_at(queue[0].priority, now)
            if at > now:
                # Whoever comes behind has no slot before the first one has.
                self.wake_at = at
                return None
            heapq.heappop(self.ready)
            self.rests.pop(chat, None)
            self.busy.add(chat)
            self.pace.take(queue[0].priority, now)
            return chat
        self.wake_at = self.resting[0][0] if self.resting else None
        return None

    def head(self, chat: ChatId) -> Waiting | None:
        """The message that a busy chat sends next, or None when it should let go."""
        queue = self.queues.get(chat)
        return queue[0] if queue and self.flows and chat not in self.rests else None

    def gone(self, waiting: Waiting) -> int:
        """A message waits here no longer; how many it was: none, if all were forgotten meanwhile."""
        if self.held.pop(waiting.position, None) is None:
            return 0
        self.queues[waiting.chat].remove(waiting)
        return 1

    def give_back(self, waiting: Waiting) -> None:
        """The message that took a slot did not go."""
        if self.pace is not None:
            self.pace.give_back(waiting.priority)

    def withdraw(self, message: MessageId) -> bool:
        """Take a message out that is not being sent right now; False when it is."""
        found = next((waiting for waiting in self.held.values() if waiting.message == message), None)
        if found is None:
            return True
        if found.chat in self.busy and self.queues[found.chat][0] is found:
            return False
        self.gone(found)
        if found.chat not in self.busy:
            self.let_go(found.chat)
        return True

    def is_hopeless(self, message: MessageId, mistakes: int) -> bool:
        """Count an engine's unforeseen failure; whether it was the last one that this message is given."""
        suspect, count = self.suspect
        self.suspect = (message, count + 1 if suspect == message else 1)
        return self.suspect[1] >= mistakes

    def rest(self, chat: ChatId, now: float) -> None:
        """A chat has just sent something, and sends nothing more for a moment."""
        assert self.pace is not None, "nothing is sent before"
        until = now + self.pace.rules.chat_gap_s
        self.rests[chat] = max(until, self.rests.get(chat, until))
        if len(self.rests) > _MANY_RESTS:
            oldest = sorted(self.rests.items(), key=itemgetter(1))
            self.rests = dict(oldest[_MANY_RESTS // 2 :])

    def let_go(self, chat: ChatId) -> None:
        """A chat has stopped sending. Until then it keeps its queue, so that nobody else serves it."""
        self.busy.discard(chat)
        queue = self.queues.get(chat)
        if queue:
            heapq.heappush(self.ready, (queue[0].turn, chat))
        else:
            self.queues.pop(chat, None)

    def begin(self) -> int:
        """Forget what is in memory, so that it is read again; how many messages were forgotten."""
        forgotten = len(self.held)
        self.held.clear()
        self.queues.clear()
        self.ready.clear()
        self.resting.clear()
        self.behind = True
        self.stale = False
        return forgotten

    @property
    def flows(self) -> bool:
        """Whether the next message may be handed to the engine."""
        is_open = self.pace is not None and self.live and not self.halted
        return is_open and not self.stale and self.pause is None

    @property
    def takes_turns(self) -> bool:
        """Whether there is a pace to keep, so that each message waits for a slot of its own."""
        return self.pace is not None and not self.pace.is_free
