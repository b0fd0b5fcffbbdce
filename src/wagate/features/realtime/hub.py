"""Live events for whoever listens: first what a listener missed, from the journal, then what happens.

A listener that does not keep up is let go, not waited for and not silently robbed: its door closes, it comes back with
the id of the last event it saw, and the journal has the rest.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Sequence
from enum import StrEnum
from types import TracebackType
from typing import Self

from typing_extensions import override

from wagate.domain.errors import GatewayError
from wagate.domain.events import Event
from wagate.domain.ids import ApiKeyId, SessionId, TenantId
from wagate.features.access import Principal
from wagate.features.journal import EVERY_TYPE, Journal, Reader, Reading, covers

_REPLAY = 500


class End(StrEnum):
    """Why a stream was ended by us."""

    SLOW = "slow"
    REVOKED = "revoked"
    CLOSED = "closed"


class StreamEnded(GatewayError):
    """The stream was ended; connect again with the id of the last event to go on where it stopped"""

    code = "stream_ended"

    def __init__(self, why: End) -> None:
        """``why`` is for the log."""
        super().__init__()
        self.why = why


class Stream:
    """One listener's events: ``async with hub.stream(…) as stream: events = await stream.take(15)``."""

    def __init__(
        self,
        hub: Hub,
        principal: Principal,
        *,
        types: Sequence[str],
        sessions: Collection[SessionId] | None,
        last_event_id: str | None,
    ) -> None:
        """Made by ``Hub.stream``."""
        self.principal = principal
        self._hub = hub
        self._types = tuple(types)
        self._sessions = None if sessions is None else frozenset(sessions)
        self._last_event_id = last_event_id
        self._after = 0
        self._live = False
        self._waiting: deque[Event] = deque()
        self._news = asyncio.Event()
        self._end: End | None = None

    async def __aenter__(self) -> Self:
        """Begin to listen. Raises InvalidCursor when the last event is not one of the tenant's."""
        after = None
        if self._last_event_id is not None:
            after = await self._hub.journal.place_of(self.principal, self._last_event_id)
        await self._hub.open(self)
        self._after = self._hub.position if after is None else after
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        await self._hub.leave(self)

    async def take(self, wait_s: float | None = None) -> list[Event]:
        """All events that are there, in order; waits for the first one.

        Returns nothing when none came within ``wait_s`` seconds. Raises StreamEnded, StorageUnavailable.
        """
        while not self._live:
            missed = await self._catch_up()
            if missed:
                return missed
            await asyncio.sleep(0)  # a long replay of what nobody wants must not hold the loop
        if not self._waiting and self._end is None:
            try:
                async with asyncio.timeout(wait_s):
                    await self._news.wait()
            except TimeoutError:
                return []
        if self._waiting:
            taken = list(self._waiting)
            self._waiting.clear()
            if self._end is None:
                self._news.clear()
            return taken
        assert self._end is not None
        raise StreamEnded(self._end)

    async def _catch_up(self) -> list[Event]:
        """Read a stretch of the journal, or join the live events when there is nothing left to read."""
        if self._end is not None:
            raise StreamEnded(self._end)
        live_from = self._hub.position
        if self._after >= live_from:
            self._live = True  # nothing is awaited between the look at the hub's position and this
            return []
        events = await self._hub.journal.scan(self.principal, after=self._after, limit=_REPLAY)
        # Everything up to ``live_from`` was committed before we asked, so a short answer holds all of it.
        self._after = events[-1].position if events else live_from
        if len(events) < _REPLAY:
            self._after = max(self._after, live_from)
        return [event for event in events if self._wants(event)]

    # ---- the hub's side

    def offer(self, events: Sequence[Event], room: int) -> None:
        """Keep what the listener wants, if it is past its replay; end the stream when more than ``room`` waits."""
        if not self._live or self._end is not None:
            return
        self._waiting.extend(event for event in events if event.position > self._after and self._wants(event))
        if len(self._waiting) > room:
            self._waiting.clear()
            self.end(End.SLOW)
        elif self._waiting:
            self._news.set()

    def end(self, why: End) -> None:
        """Let the listener go."""
        self._end = self._end or why
        self._news.set()

    def _wants(self, event: Event) -> bool:
        if event.tenant != self.principal.tenant:
            return False
        if self._sessions is not None and event.session not in self._sessions:
            return False
        return covers(self._types, event.type)


class Hub(Reader):
    """All listeners of this process. It follows the journal only while there are any."""

    def __init__(self, journal: Journal, *, room: int = 1000) -> None:
        """``room`` is how many events may wait for one listener."""
        self.journal = journal
        self.position = 0
        """The position up to which live events have been handed out."""
        self._room = room
        self._streams: dict[TenantId, set[Stream]] = {}
        self._reading: Reading | None = None
        self._turn = asyncio.Lock()
        self._closed = False

    @property
    def listeners(self) -> int:
        """How many listen."""
        return sum(len(streams) for streams in self._streams.values())

    def stream(
        self,
        principal: Principal,
        *,
        types: Sequence[str] = EVERY_TYPE,
        sessions: Collection[SessionId] | None = None,
        last_event_id: str | None = None,
    ) -> Stream:
        """Events of the principal's tenant: of these types (patterns) and sessions, behind the last one seen.

        Without ``last_event_id`` it begins with what happens from now on.
        """
        return Stream(self, principal, types=types, sessions=sessions, last_event_id=last_event_id)

    async def close(self) -> None:
        """End every stream."""
        self._closed = True
        for streams in list(self._streams.values()):
            for stream in streams:
                stream.end(End.CLOSED)
        async with self._turn:
            await self._stop_reading()

    def drop_key(self, key: ApiKeyId) -> None:
        """End the streams that were opened with a key: it was revoked."""
        for streams in self._streams.values():
            for stream in streams:
                if stream.principal.key == key:
                    stream.end(End.REVOKED)

    # ---- between the hub, its streams and the relay

    async def open(self, stream: Stream) -> None:
        """Add a listener. The hub's position is known when this returns. Raises StreamEnded after ``close``."""
        async with self._turn:
            if self._closed:
                raise StreamEnded(End.CLOSED)
            if self._reading is None:
                self._reading = await self.journal.relay.subscribe(self)
                self.position = self._reading.cursor
            self._streams.setdefault(stream.principal.tenant, set()).add(stream)

    async def leave(self, stream: Stream) -> None:
        """Remove a listener; the last one switches off the light."""
        async with self._turn:
            streams = self._streams.get(stream.principal.tenant, set())
            streams.discard(stream)
            if not streams:
                self._streams.pop(stream.principal.tenant, None)
            if not self._streams:
                await self._stop_reading()

    async def _stop_reading(self) -> None:
        if self._reading is not None:
            reading, self._reading = self._reading, None
            await self.journal.relay.unsubscribe(reading)

    @override
    async def read(self, events: Sequence[Event]) -> None:
        """Hand events to those who listen."""
        self.position = events[-1].position
        by_tenant: dict[TenantId, list[Event]] = {}
        for event in events:
            if event.tenant in self._streams:
                by_tenant.setdefault(event.tenant, []).append(event)
        for tenant, theirs in by_tenant.items():
            for stream in self._streams[tenant]:
                stream.offer(theirs, self._room)
