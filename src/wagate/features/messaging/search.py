"""Finding messages by what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wagate.domain.errors import ChatNotFound, SessionNotFound
from wagate.domain.ids import lowest_ulid
from wagate.domain.message import Direction, Message
from wagate.domain.page import DEFAULT_LIMIT, Page, read_cursor, write_cursor
from wagate.features.access import Principal
from wagate.features.messaging.chats import road_to
from wagate.features.messaging.indexer import Indexer, mark
from wagate.features.messaging.newest_first import Place, newest
from wagate.features.messaging.query import Query, highlights
from wagate.features.messaging.repository import outbox, search
from wagate.features.messaging.repository.search import Hit, Reach
from wagate.features.messaging.words import composed, words
from wagate.store.database import Database
from wagate.store.script import Script

SNIPPET_CHARS = 160
"""About how much of a message a snippet shows."""

_LONG = 4_000
"""Characters of a message in which a snippet is looked for first."""

_LISTED = "search"
_FAR = 2**62


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """Where to look. ``session`` is an id or a name; ``chat`` and ``sender`` (whatever ``to`` takes) need it.

    ``since`` and ``until`` are in ms since 1970, ``until`` not included: when the gateway learnt of a message, or, for
    what the phone told of the past, when it was said.
    """

    session: str | None = None
    chat: str | None = None
    sender: str | None = None
    type: str | None = None
    direction: Direction | None = None
    since: int | None = None
    until: int | None = None
    has_media: bool = False


ANYWHERE = SearchFilter()


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a snippet: what was looked for, or what stands around it."""

    text: str
    is_match: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A message that was found, and the part of its text that shows why."""

    message: Message
    snippet: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where to look, as entries are marked, and by which of their columns they are walked through."""

    marks: tuple[str, ...]
    narrowest: tuple[str, str]


class Search:
    """Search over the messages of all tenants; every verb is narrowed to the principal's."""

    def __init__(self, database: Database, indexer: Indexer, *, walk: int | None = None) -> None:
        """``indexer`` makes new messages findable, within a second; ``walk`` entries are looked at one by one first."""
        self._walk = walk
        self._database = database
        self._indexer = indexer

    async def run(self) -> None:
        """Keep the index up with the journal, until ``shut_down``."""
        await self._indexer.run()

    def shut_down(self) -> None:
        """Let ``run`` end."""
        self._indexer.close()

    async def messages(
        self,
        principal: Principal,
        text: str,
        only: SearchFilter = ANYWHERE,
        *,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[Found]:
        """Messages that say something, newest first, in the order in which the gateway learnt of them.

        What the phone told of the past comes behind all others, as it was told: the newest first, chat by chat.
        A page may hold fewer than ``limit``, where messages changed after they were indexed, and still have a next one.
        Raises InvalidSearch, InvalidCursor, SessionNotFound, ChatNotFound, InvalidRecipient.
        """
        query = Query.read(text)
        before = int(read_cursor(_LISTED, cursor)) if cursor is not None else _FAR
        spot = await self._database.read(self._spot(principal, only))
        if spot is None:
            return Page((), None)
        hits = await self._database.read(self._hits(principal, query, spot, only, before, limit + 1))
        shown = hits[:limit]
        ids = [hit.message for hit in shown if _is_meant(hit, only)]
        dialect = self._database.dialect
        there = await self._database.read(search.messages_by_id(dialect, principal, ids))
        found = [show(there[id_], query) for id_ in ids if id_ in there]
        following = write_cursor(_LISTED, str(shown[-1].position)) if len(hits) > limit else None
        return Page(tuple(one for one in found if one is not None), following)

    # ---- where to look

    def _hits(
        self, principal: Principal, query: Query, spot: _Spot, only: SearchFilter, before: int, limit: int
    ) -> Script[list[Hit]]:
        hits = list[Hit]()
        for reach in (yield from self._reaches(principal, only, before)):
            if len(hits) < limit and reach.since < reach.before:
                place, room = Place(spot.marks, spot.narrowest, reach), limit - len(hits)
                hits += yield from newest(self._database.dialect, principal, query, place, room, self._walk)
        return hits

    def _spot(self, principal: Principal, only: SearchFilter) -> Script[_Spot | None]:
        # A chat is of one session, a session of one tenant: the narrowest mark says it all.
        marks, narrowest = [str(principal.tenant)], ("tenant", "")
        if only.session is not None:
            target = yield from outbox.find_target(principal, only.session, "chat", "")
            if target is None:
                raise SessionNotFound(f"There is no session {only.session!r}")
            marks, narrowest = [str(target.session)], ("session", target.session)
            if only.chat is not None:
                there = yield from outbox.find_target(principal, only.session, *road_to(only.chat))
                if there is None or there.chat is None:
                    raise ChatNotFound(f"There is no chat {only.chat!r} in this session")
                marks, narrowest = [str(there.chat)], ("chat", there.chat)
            if only.sender is not None:
                there = yield from outbox.find_target(principal, only.session, *road_to(only.sender))
                if there is None or there.contact is None:
                    return None
                marks.append(there.contact.id)
        marks += [only.direction.value] if only.direction is not None else []
        marks += [f"type_{only.type}"] if only.type is not None else []
        marks += ["media"] if only.has_media else []
        return _Spot(tuple(map(mark, marks)), narrowest)

    def _reaches(self, principal: Principal, only: SearchFilter, before: int) -> Script[tuple[Reach, Reach]]:
        """Where to look among what happened, and among what the phone told of the past."""
        since, end = 0, before
        if only.since is not None:
            first = yield from search.position_since(principal, _first_at(only.since))
            since = _FAR if first is None else first
        if only.until is not None:
            beyond = yield from search.position_since(principal, _first_at(only.until))
            end = before if beyond is None else min(before, beyond)
        return Reach(end, since), Reach(min(before, 0), (yield from search.oldest()))


def show(message: Message, query: Query) -> Found | None:
    """A message as it was found; None when it does not say any more what was looked for."""
    text = composed(message.content.text)
    if message.deleted_at is not None or message.act_on is not None:
        return None
    is_edited = message.edited_at is not None
    found = words(text if is_edited else text[:_LONG])
    spans = highlights(found, query)
    if len(text) > _LONG and not spans and not is_edited:
        found = words(text)
        spans = highlights(found, query)
    # What was not edited says what it was indexed for.
    if is_edited and not query.matches([word for word, _, _ in found]):
        return None
    return Found(message, snippet(text, spans))


def snippet(text: str, spans: Sequence[tuple[int, int]]) -> tuple[Piece, ...]:
    """The text around the first place that was looked for, in pieces; left out parts are shown as `…`."""
    first = spans[0][0] if spans else 0
    start = 0 if len(text) <= SNIPPET_CHARS else max(0, min(first - SNIPPET_CHARS // 4, len(text) - SNIPPET_CHARS))
    end = min(len(text), start + SNIPPET_CHARS)
    pieces: list[Piece] = [Piece("…", False)] if start > 0 else []
    at = start
    for begin, stop in spans:
        if begin >= end or stop <= at:
            continue
        if begin > at:
            pieces.append(Piece(text[at:begin], False))
        pieces.append(Piece(text[max(begin, at) : min(stop, end)], True))
        at = min(stop, end)
    if at < end:
        pieces.append(Piece(text[at:end], False))
    if end < len(text):
        pieces.append(Piece("…", False))
    return tuple(pieces)


def _is_meant(hit: Hit, only: SearchFilter) -> bool:
    """Whether a hit lies between the moments that were asked for. The past has ids of when it was said."""
    if hit.position >= 0:
        return True
    is_too_old = only.since is not None and hit.message < _first_at(only.since)
    return not is_too_old and not (only.until is not None and hit.message >= _first_at(only.until))


def _first_at(ms: int) -> str:
    """The lowest id that a message of a moment (ms since 1970) can have."""
    return "msg_" + lowest_ulid(ms)
