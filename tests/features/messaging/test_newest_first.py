"""Pages of a search where entries lie closely, and far apart: as a plain look through all of them has them."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random

import pytest

from wagate.adapters.clock import SystemClock
from wagate.domain.ids import MessageId, TenantId
from wagate.features.access import Principal
from wagate.features.journal import Journal
from wagate.features.messaging.indexer import Indexer, marks_of
from wagate.features.messaging.query import Query
from wagate.features.messaging.repository import search
from wagate.features.messaging.repository.search import WINDOW_BITS, Entry
from wagate.features.messaging.search import ANYWHERE, Search, SearchFilter
from wagate.features.messaging.words import word_list
from wagate.store import open_database
from wagate.store.database import Database
from wagate.store.script import Script, sql

MESSAGES = 1_500
US, THEM = "tnt_us", "tnt_them"
CHATS = ("cht_large", "cht_small")
LATEST = 60
"""Messages of most questions that are compared; of some it is all there are."""

QUESTIONS = (
    "always",
    "often",
    "often some",
    "some seldom",
    "seldom",
    "once",
    "never",
    "lately",
    "lately some",
    "early",
    "early often",
    "burst",
    '"often some"',
    '"some some"',
    '"some seldom" always',
    '"seldom early"',
    "often -some",
    'seldom -"seldom often"',
    "of*",
    "se*",
    "ear* some",
    "bur*",
    '"often so*',
    '"to be"',
    '"to to"',
    '"be to" often',
    '"to be often"',
    '"to be to"',
    'to -"to be"',
    '"to b*',
    '"to be" lately',
)

_SESSION = sql(
    "INSERT INTO session (id, tenant_id, name, engine, wanted, state, state_since, settings, metadata, epoch,",
    "created_at) VALUES (:id, :tenant, 'shop', 'fake', 0, 'stopped', 0, '{}', '{}', 1, 0)",
)
_CHAT = sql(
    "INSERT INTO chat (id, tenant_id, session_id, kind, jid, created_at)",
    "VALUES (:id, :tenant, :session, 'group', :id, 0)",
)
_MESSAGE = sql(
    "INSERT INTO message (id, tenant_id, session_id, chat_id, direction, accepted_at, content, sender_id, origin,",
    "wa_id, status) VALUES (:id, :tenant, :session, :chat, 'in', :position, :content, 'con_1', 'contact', :id,",
    "'received')",
)


@dataclass(frozen=True, slots=True)
class Said:
    """A message that is there to be found."""

    id: str
    tenant: str
    chat: str
    position: int
    words: list[str]


def said() -> Iterator[Said]:
    """Half of the messages are ours. Some hours are busy, some days are empty; words come and go."""
    random = Random(4)
    position = 0
    for number in range(MESSAGES):
        position += random.choice((1, 3, 40, 40, 900, 900, 5_000, 60_000, 300_000 if number % 97 == 0 else 2))
        words = ["always", *(["often"] * (number % 3 == 0)), *(["once"] if number == 700 else [])]
        words += ["some"] * (random.random() < 0.15) + ["some"] * (random.random() < 0.1)
        words += ["seldom"] * (random.random() < 0.02) + ["early"] * (number < 90)
        words += ["lately"] * (number > MESSAGES - 80) + ["burst"] * (400 < number < 520)
        words += ["to"] * (random.random() < 0.4) + ["be"] * (random.random() < 0.4) + ["to"] * (random.random() < 0.1)
        random.shuffle(words)
        tenant = random.choice((US, THEM))
        chat = f"{random.choices(CHATS, (12, 1))[0]}_{tenant[4:]}"
        yield Said(f"msg_{number:026}", tenant, chat, position, words)


def _fill(database: Database, everything: list[Said]) -> Script[None]:
    for tenant in (US, THEM):
        yield _SESSION(id=f"ses_{tenant[4:]}", tenant=tenant)
        for chat in CHATS:
            yield _CHAT(id=f"{chat}_{tenant[4:]}", tenant=tenant, session=f"ses_{tenant[4:]}")
    yield _MESSAGE.many(
        {
            "id": one.id,
            "tenant": one.tenant,
            "session": f"ses_{one.tenant[4:]}",
            "chat": one.chat,
            "position": one.position,
            "content": f'{{"type":"text","body":"{" ".join(one.words)}"}}',
        }
        for one in everything
    )
    entries = []
    for one in everything:
        shape = {"session": f"ses_{one.tenant[4:]}", "chat": {"id": one.chat}, "direction": "in", "type": "text"}
        marks = marks_of(shape, one.tenant, one.position)
        words = search.stored_words(database.dialect, word_list(" ".join(one.words)), marks)
        entries.append(Entry(one.position, MessageId(one.id), words))
    yield from search.add_entries(database.dialect, entries)


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    database = await open_database(migrated_url)
    try:
        await database.write(_fill(database, list(said())))
        yield database
    finally:
        await database.close()


async def pages(room: Search, question: str, only: SearchFilter, limit: int) -> AsyncIterator[str]:
    """What is found, page by page."""
    cursor: str | None = ""
    while cursor is not None:
        us = Principal.system(TenantId(US))
        page = await room.messages(us, question, only, limit=limit, cursor=cursor or None)
        assert len(page.items) == limit or page.next_cursor is None
        for found in page.items:
            yield found.message.id
        cursor = page.next_cursor


async def first(found: AsyncIterator[str], most: int) -> list[str]:
    there: list[str] = []
    async for one in found:
        there.append(one)
        if len(there) == most:
            break
    return there


@pytest.mark.parametrize("walk", [1, 5, None])
async def test_whatever_lies_where_pages_are_as_a_plain_look_has_them(database: Database, walk: int | None) -> None:
    clock = SystemClock()
    room = Search(database, Indexer(database, Journal(database, clock), clock), walk=walk)
    ours = [one for one in said() if one.tenant == US][::-1]
    assert ours[0].position >> WINDOW_BITS > 300
    for question in QUESTIONS:
        query = Query.read(question)
        for chat in (None, "cht_small_us", "cht_large_us"):
            only = ANYWHERE if chat is None else SearchFilter(session="shop", chat=chat)
            expected = [one.id for one in ours if chat in (None, one.chat) and query.matches(one.words)]
            for limit, most in ((2, LATEST // 3), (20, LATEST), (200, MESSAGES)):
                found = await first(pages(room, question, only, limit), most)
                assert found == list(islice(expected, most)), (question, chat, limit)


_UNMARK = sql(
    "UPDATE search_entry SET words = ts_delete(words, CAST('{__to_be}' AS TEXT[])) WHERE position <= :position"
)
_PAIRED_AFTER = sql("UPDATE search_state SET position = :position WHERE name = 'pairs'")


async def test_phrases_are_found_in_what_was_indexed_before_pairs_were_marked(database: Database) -> None:
    ours = [one for one in said() if one.tenant == US][::-1]
    query, middle = Query.read('"to be"'), ours[len(ours) // 2].position

    def as_it_was() -> Script[None]:
        yield _PAIRED_AFTER(position=middle)
        if database.dialect == "postgresql":
            yield _UNMARK(position=middle)

    await database.write(as_it_was())
    clock = SystemClock()
    room = Search(database, Indexer(database, Journal(database, clock), clock), walk=4)
    expected = [one.id for one in ours if query.matches(one.words)]
    for limit in (1, 10, 200):
        assert await first(pages(room, '"to be"', ANYWHERE, limit), MESSAGES) == expected
    small = [one.id for one in ours if query.matches(one.words) and one.chat == "cht_small_us"]
    assert await first(pages(room, '"to be"', SearchFilter(session="shop", chat="cht_small_us"), 10), MESSAGES) == small


async def test_what_was_never_said_side_by_side_is_looked_for_to_the_end(database: Database) -> None:
    clock = SystemClock()
    room = Search(database, Indexer(database, Journal(database, clock), clock), walk=4)
    assert await first(pages(room, '"always always"', ANYWHERE, 50), 1) == []
    assert await first(pages(room, '"once always once"', ANYWHERE, 50), 1) == []
