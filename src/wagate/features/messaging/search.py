"""Finding messages by what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wagate.domain.errors import ChatNotFound, SessionNotFound
from wagate.domain.ids import MessageId, lowest_ulid
from wagate.domain.message import Direction, Message
from wagate.domain.page import DEFAULT_LIMIT, Page, read_cursor, write_cursor
from wagate.features.access import Principal
from wagate.features.messaging.chats import road_to
from wagate.features.messaging.indexer import Indexer, mark
from wagate.features.messaging.newest_first import Place, newest
from wagate.features.messaging.query import Query, highlights
from wagate.features.messaging.repository import outbox, search
from wagate.features.messaging.repository.search import Reach
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

    ``since`` and ``until`` are in ms since 1970: when the gateway learnt of a message, ``until`` not included.
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

        A page may hold fewer than ``limit``, where messages changed after they were indexed, and still have a next one.
        Raises InvalidSearch, InvalidCursor, SessionNotFound, ChatNotFound, InvalidRecipient.
        """
        query = Query.read(text)
        before = int(read_cursor(_LISTED, cursor)) if cursor is not None else _FAR
        place = await self._database.read(self._place(principal, only, before))
        if place is None:
            return Page((), None)
        dialect = self._database.dialect
        hits = await self._database.read(newest(dialect, principal, query, place, limit + 1, self._walk))
        shown = hits[:limit]
        ids = [hit.message for hit in shown]
        there = await self._database.read(search.messages_by_id(dialect, principal, ids))
        found = [show(there[id_], query) for id_ in ids if id_ in there]
        following = write_cursor(_LISTED, str(shown[-1].position)) if len(hits) > limit else None
        return Page(tuple(one for one in found if one is not None), following)

    # ---- where to look

    def _place(self, principal: Principal, only: SearchFilter, before: int) -> Script[Place | None]:
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
        reach = yield from self._reach(principal, only, before)
        return None if reach is None else Place(tuple(map(mark, marks)), narrowest, reach)

    def _reach(self, principal: Principal, only: SearchFilter, before: int) -> Script[Reach | None]:
        since: int | None = 0
        if only.since is not None:
            since = yield from search.position_since(principal, first_id_at(only.since))
        if only.until is not None:
            beyond = yield from search.position_since(principal, first_id_at(only.until))
            before = before if beyond is None else min(before, beyond)
        return None if since is None or since >= before else Reach(before, since)


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


def first_id_at(ms: int) -> MessageId:
    """The lowest id that a message of a moment (ms since 1970) can have."""
    return MessageId("msg_" + lowest_ulid(ms))
