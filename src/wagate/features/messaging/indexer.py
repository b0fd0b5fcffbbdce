"""Makes messages findable: reads the journal behind everybody's back and keeps the search entries up with it.

Nothing of this is in the way of a message. The indexer's place in the journal moves in the transaction of the entries,
so a crash loses nothing and doubles nothing; several processes on one database take turns.
"""

from __future__ import annotations

import asyncio
from asyncio import TaskGroup
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import structlog

from wagate.domain.events import Event, EventType
from wagate.domain.ids import MessageId
from wagate.domain.message import Message, Origin
from wagate.features.journal import Journal
from wagate.features.messaging.repository import search
from wagate.features.messaging.repository.search import Entry, Reach
from wagate.features.messaging.shape import message_shape
from wagate.features.messaging.words import word_list
from wagate.ports.clock import Clock
from wagate.store.database import Database
from wagate.store.scoped import Scoped, TenantScope
from wagate.store.script import Dialect, Script

EVERY_S = 0.5
"""How long a message waits at most until the indexer looks for it. It is findable within a second."""

_CHUNK = 64
"""Positions of the journal that are indexed in one transaction: everybody who writes waits for it."""

_PAGE = 200
_FAR = 2**62
_TYPES = (
    EventType.MESSAGE_RECEIVED,
    EventType.MESSAGE_QUEUED,
    EventType.MESSAGE_SENT,
    EventType.MESSAGE_EDITED,
    EventType.MESSAGE_DELETED,
    EventType.CONTACT_MERGED,
)
_FROM_HERE = (EventType.MESSAGE_SENT, '%"origin":"api"%')
"""What was accepted here is known since it was queued. Inside a text the quotes would be escaped."""

_MEDIA = frozenset({"image", "video", "gif", "audio", "voice", "video_note", "document", "sticker"})

_log = structlog.get_logger(__name__)


def marks_of(message: Mapping[str, Any], tenant: str, position: int) -> list[str]:
    """What a message in its JSON shape can be filtered by. Words never begin like this."""
    # An event may be of a version that told less.
    sender, type_, content = message.get("from"), message.get("type", "text"), message.get("content") or {}
    marks = [tenant, message["session"], message["chat"]["id"], message["direction"], f"type_{type_}"]
    if sender is not None:
        marks.append(sender["id"])
    if type_ in _MEDIA or content.get("media") is not None:
        marks.append("media")
    return [*map(mark, marks), search.mark_of_window(position)]


def mark(word: str) -> str:
    """A mark as entries carry it."""
    return f"_{word.lower()}"


def index_past(dialect: Dialect, past: Sequence[Message]) -> Script[None]:
    """Make what the phone told of the past findable, the newest first: there is no event of it to be indexed by."""
    places = yield from search.places_of_the_past(len(past))
    entries = [
        Entry(place, message.id, _words_of(dialect, message, place))
        for place, message in zip(places, past, strict=True)
    ]
    yield from search.add_entries(dialect, entries)


def _words_of(dialect: Dialect, message: Message, position: int) -> str:
    marks = marks_of(message_shape(message), message.tenant, position)
    return search.stored_words(dialect, word_list(message.content.text), marks)


class Indexer:
    """Keeps the search entries up with the journal."""

    def __init__(self, database: Database, journal: Journal, clock: Clock) -> None:
        """Index what is told in ``journal``."""
        self._database = database
        self._journal = journal
        self._clock = clock
        self._closed = asyncio.Event()

    async def run(self) -> None:
        """Work until ``close``."""
        async with TaskGroup() as group:
            working = group.create_task(self._work())
            await self._closed.wait()
            working.cancel()

    def close(self) -> None:
        """Let ``run`` end. What is not indexed yet is indexed after the next start."""
        self._closed.set()

    async def catch_up(self) -> None:
        """Index all that is told in the journal so far. Raises StorageUnavailable, TooBusy."""
        done = await self._database.read(search.indexed_up_to())
        head = await self._journal.head()
        while done < head and not self._closed.is_set():
            until = min(done + _CHUNK, head)
            events = await self._journal.between(done, until, _TYPES, _FROM_HERE)
            done = await self._index(done, until, events)

    # ---- inside

    async def _work(self) -> None:
        while True:
            try:
                await self.catch_up()
            except Exception as error:  # whatever it was, the indexer's place has not moved and nothing is lost
                _log.warning("search_index_waits", error=repr(error))
            await self._clock.sleep(EVERY_S)

    async def _index(self, done: int, until: int, events: Sequence[Event]) -> int:
        """Index a stretch of the journal, up to the next merger at most; how far it is indexed then."""
        for place, event in enumerate(events):
            if event.type is EventType.CONTACT_MERGED:
                if place:
                    events, until = events[:place], event.position - 1
                    break
                await self._merged(event)
                events, until = (), event.position
                break
        if await self._database.write(self._step(done, until, events)):
            return until
        return await self._database.read(search.indexed_up_to())

    def _step(self, done: int, until: int, events: Iterable[Event]) -> Script[bool]:
        if not (yield from search.advance(done, until)):
            return False
        new: dict[str, tuple[int, Event]] = {}
        for event in events:
            message = str(event.data["id"])
            if event.type is EventType.MESSAGE_DELETED:
                new.pop(message, None)
                yield from search.remove_entry(message)
            elif event.type is EventType.MESSAGE_EDITED and message not in new:
                yield from self._edited(message, event)
            elif event.type is EventType.MESSAGE_EDITED:
                new[message] = (new[message][0], event)
            elif event.type is not EventType.MESSAGE_SENT or event.data["origin"] == Origin.OTHER_DEVICE:
                new.setdefault(message, (event.position, event))
        if new:
            entries = [Entry(at, MessageId(message), self._words(event, at)) for message, (at, event) in new.items()]
            yield from search.add_entries(self._database.dialect, entries)
        return True

    def _edited(self, message: str, event: Event) -> Script[None]:
        at = yield from search.place_of(message)
        if at is not None:
            yield from search.rewrite_entry(self._database.dialect, MessageId(message), self._words(event, at))

    async def _merged(self, event: Event) -> None:
        """Two people are one: what was marked with the one that is gone is marked anew, in pages."""
        scope = TenantScope(event.tenant)
        gone = [mark(str(word)) for word in (event.data["merged_contact"], event.data["merged_chat"]) if word]
        query = " OR ".join(f'"{word}"' for word in gone)
        if self._database.dialect == "postgresql":
            query = " | ".join(f"'{word}'" for word in gone)
        before = _FAR
        while (below := await self._database.write(self._remark(scope, query, before))) is not None:
            before = below

    def _remark(self, scope: Scoped, query: str, before: int) -> Script[int | None]:
        """Mark some entries anew; the lowest position of them, or None when there are no more."""
        dialect = self._database.dialect
        hits = yield from search.found(dialect, scope, query, Reach(before, search.LOWEST), _PAGE)
        there = yield from search.messages_by_id(dialect, scope, [hit.message for hit in hits])
        for hit in hits:
            message = there.get(hit.message)
            if message is None:
                yield from search.remove_entry(hit.message)
            else:
                yield from search.rewrite_entry(dialect, hit.message, _words_of(dialect, message, hit.position))
        return hits[-1].position if hits else None

    def _words(self, event: Event, position: int) -> str:
        marks = marks_of(event.data, event.tenant, position)
        return search.stored_words(self._database.dialect, word_list(str(event.data.get("text", ""))), marks)
