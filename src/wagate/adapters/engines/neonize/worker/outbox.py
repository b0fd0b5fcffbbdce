"""What the gateway is told, in order: kept events again and again until they are committed, all else once."""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

from wagate.adapters.engines.neonize.link.frames import LinkBroken, decode_event
from wagate.adapters.engines.neonize.link.messages import (
    Entry,
    Event,
    Gap,
    LineEvent,
    LogLine,
    Message,
    QrCode,
    Recalled,
    Welcome,
)
from wagate.adapters.engines.neonize.link.people import PresenceTold
from wagate.adapters.engines.neonize.worker.door import Link
from wagate.adapters.engines.neonize.worker.line import EventUnreadable, Library
from wagate.adapters.engines.neonize.worker.spool import Record, Spool

OWN: Final = 0x4000
"""The kind of entries that are ours, in the link's own encoding; neonize's kinds are far below."""

OFFLINE: Final = 0x8000
"""Marks the kind of a message that had waited for us."""

WINDOW: Final = 64
"""Entries that may be under way without having been committed."""

_LINES: Final = 256
"""Log lines, and words on who is there, that wait at most; later ones are dropped."""

_WAITING: Final = 4096
"""Answers and news of the line that wait at most; a gateway that takes none of them is as good as gone."""


class Outbox:
    """Feeds one gateway at a time, from one thread (``run``)."""

    def __init__(self, spool: Spool, library: Library) -> None:
        """Nobody is attached yet. ``library`` reads what its lines said."""
        self._spool = spool
        self._library = library
        self._changed = threading.Condition()
        self._line: Link | None = None
        self._is_mute = False
        self._cursor = 0
        self._committed = 0
        self._newest = spool.newest
        self._urgent: deque[Message] = deque()
        self._ordered: deque[tuple[int, Message]] = deque()
        self._phase: LineEvent | QrCode | None = None

    # ---- from the line

    def keep(self, kind: int, value: bytes, at: int) -> int:
        """Keep an event, then tell it. Raises OSError."""
        number = self._spool.append(kind, value, at)
        with self._changed:
            self._newest = number
            self._changed.notify_all()
        return number

    def tell(self, news: LineEvent | QrCode | Recalled) -> None:
        """Tell this after everything that was kept before. The newest word about the line is told to whoever comes."""
        with self._changed:
            if not isinstance(news, Recalled):
                self._phase = news
            if self._line is not None and not self._is_mute:
                self._ordered.append((self._newest, news))
                self._bound()
                self._changed.notify_all()

    def say(self, message: Message) -> None:
        """Tell this as soon as possible, and only to who is attached now."""
        with self._changed:
            if self._line is None or self._is_mute:
                return
            if isinstance(message, LogLine | PresenceTold) and len(self._urgent) >= _LINES:
                return
            self._urgent.append(message)
            self._bound()
            self._changed.notify_all()

    # ---- from the gateway

    def attach(self, line: Link, welcome: Welcome, spool: str, committed: int) -> Link | None:
        """Tell this gateway from now on, beginning behind what it has committed; returns the one before."""
        with self._changed:
            former, self._line = self._line, line
            self._is_mute = False
            if spool == self._spool.id:
                self._spool.forget(committed)
            # Entries that meant nothing were acknowledged, and the gateway's record need not know of them.
            self._committed = self._cursor = self._spool.forgotten
            self._urgent.clear()
            self._urgent.append(welcome)
            self._ordered.clear()
            if self._phase is not None:
                self._ordered.append((self._newest, self._phase))
            self._changed.notify_all()
            return former

    def serves(self, line: Link) -> bool:
        """Whether this is the gateway that is attached: nobody else has anything to say."""
        with self._changed:
            return self._line is line

    @property
    def is_heard(self) -> bool:
        """Whether a gateway is there that commits what it is told."""
        with self._changed:
            return self._line is not None

    def detach(self, line: Link) -> None:
        """This gateway is gone."""
        with self._changed:
            if self._line is line:
                self._line = None

    def committed(self, number: int) -> None:
        """The gateway has made everything up to this number durable. Raises OSError."""
        with self._changed:
            self._committed = max(self._committed, number)
            self._spool.forget(number)
            self._changed.notify_all()

    # ---- the thread

    def run(self) -> None:
        """Feed whoever is attached, for ever."""
        while True:
            with self._changed:
                while (turn := self._next()) is None:
                    self._changed.wait()
            line, due = turn
            # Reading takes its time; neonize's thread must not wait for it with events in its hands.
            message = Entry(due.number, self._read(due)) if isinstance(due, Record) else due
            try:
                line.send(message)
            except LinkBroken:
                self._mute(line)

    def _next(self) -> tuple[Link, Message | Record] | None:
        if self._line is None or self._is_mute:
            return None
        if self._urgent:
            return self._line, self._urgent.popleft()
        if self._ordered and self._ordered[0][0] <= self._cursor:
            return self._line, self._ordered.popleft()[1]
        if self._cursor - self._committed >= WINDOW:
            return None
        record = self._spool.after(self._cursor)
        if record is None:
            return None
        self._cursor = record.number
        return self._line, record

    def _read(self, record: Record) -> Event:
        """What a kept event says. One that cannot be read is a gap: what it said is lost."""
        try:
            if record.kind & OWN:
                return decode_event(record.value)
            offline = bool(record.kind & OFFLINE)
            return self._library.read_kept(record.kind & ~OFFLINE, record.value, offline=offline)
        except (EventUnreadable, LinkBroken) as error:
            return Gap(record.at, record.at, "event_unreadable", str(error))

    def _mute(self, line: Link) -> None:
        """This gateway cannot be told anything any more. What it still says counts, until its link ends."""
        with self._changed:
            if self._line is line:
                self._is_mute = True

    def _bound(self) -> None:
        if len(self._urgent) + len(self._ordered) > _WAITING and self._line is not None:
            self._line.close()
            self._is_mute = True
