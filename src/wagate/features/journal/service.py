"""The verbs of the journal room."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping, Sequence

from wagate.domain.errors import InvalidCursor
from wagate.domain.events import Event, EventType, matches
from wagate.domain.ids import SessionId, event_id
from wagate.domain.page import DEFAULT_LIMIT, Order, Page, read_cursor, write_cursor
from wagate.features.journal import repository
from wagate.features.journal.relay import Relay
from wagate.features.journal.repository import News
from wagate.ports.clock import Clock
from wagate.store.database import Database
from wagate.store.scoped import Scoped
from wagate.store.script import Script

EVERY_TYPE = ("*",)

_SCAN = 500
_SCANS_PER_PAGE = 20
"""A page with a narrow filter ends early rather than read the whole journal; its cursor goes on from there."""

_FAR = 2**62


class Journal:
    """The durable, ordered list of what happened. Other rooms append inside their own transactions."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Keep the journal in ``database``."""
        self._database = database
        self._clock = clock
        self.relay = Relay(database)

    def append(
        self,
        scope: Scoped,
        session: SessionId | None,
        type_: EventType,
        data: Mapping[str, object],
        occurred_at: int | None = None,
    ) -> Script[Event]:
        """Part of a write script: write an event down. ``data`` is JSON; ``occurred_at`` is in ms (None: now)."""
        now = self._clock.now_ms()
        self.relay.note_append()
        moment = now if occurred_at is None else occurred_at
        return (yield from repository.append(scope, event_id(now), session, type_, data, moment))

    def append_all(
        self, scope: Scoped, news: Iterable[tuple[SessionId, EventType, Mapping[str, object], int]]
    ) -> Script[None]:
        """Part of a write script: ``append`` for many events at once: session, type, data, and when it was (ms)."""
        now = self._clock.now_ms()
        self.relay.note_append()
        written = [News(event_id(now), session, type_, data, at) for session, type_, data, at in news]
        yield from repository.append_all(scope, written)

    async def list(
        self,
        scope: Scoped,
        *,
        session: SessionId | None = None,
        types: Sequence[str] = EVERY_TYPE,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
        order: Order = Order.ASC,
    ) -> Page[Event]:
        """The tenant's events whose type one of the patterns (``*``, ``message.*``, ``message.sent``) covers.

        A page may hold fewer than ``limit`` events, even none, and still have a next one. Raises InvalidCursor.
        """
        listed = f"events.{order.value}"
        ascending = order is Order.ASC
        after = int(read_cursor(listed, cursor)) if cursor is not None else 0 if ascending else _FAR
        chunk = limit + 1 if "*" in types else _SCAN
        found: builtins.list[Event] = []
        for _ in range(_SCANS_PER_PAGE):
            scanned = await self.scan(scope, after=after, ascending=ascending, session=session, limit=chunk)
            for event in scanned:
                if len(found) == limit:
                    return Page(tuple(found), write_cursor(listed, str(after)))
                after = event.position
                if covers(types, event.type):
                    found.append(event)
            if len(scanned) < chunk:
                return Page(tuple(found), None)
            await self._clock.sleep(0)
        return Page(tuple(found), write_cursor(listed, str(after)))

    async def scan(
        self, scope: Scoped, *, after: int, ascending: bool = True, session: SessionId | None = None, limit: int = _SCAN
    ) -> Sequence[Event]:
        """Up to ``limit`` of the tenant's events next to a position, whatever their type."""
        return await self._database.read(
            repository.page(scope, after=after, ascending=ascending, limit=limit, session=session)
        )

    async def head(self) -> int:
        """The position of the newest event, or 0."""
        return await self._database.read(repository.head())

    async def between(
        self, after: int, until: int, types: Sequence[EventType], but: tuple[EventType, str]
    ) -> Sequence[Event]:
        """All tenants' events of up to eight types, behind a position and up to another one, in order.

        Those of one type whose JSON is ``LIKE`` a pattern are left out.
        """
        return await self._database.read(repository.between(after, until, types, but))

    async def place_of(self, scope: Scoped, event: str) -> int:
        """The position of an event of the tenant. Raises InvalidCursor when there is none (any more)."""
        position = await self._database.read(repository.place_of(scope, event))
        if position is None:
            raise InvalidCursor("There is no such event (any more); list /v1/events to see what is left")
        return position


def covers(patterns: Sequence[str], type_: EventType) -> bool:
    """Whether one of the patterns covers an event type."""
    return any(matches(pattern, type_) for pattern in patterns)
