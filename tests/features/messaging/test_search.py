"""Search: the same questions, and the same answers, on both databases."""

# ruff: noqa: RUF001  letters of other scripts are what is looked for

import asyncio
from itertools import count

import pytest

from fixtures.rooms import House, OpenHouse, eventually
from wagate.domain.content import Text
from wagate.domain.errors import ChatNotFound, InvalidCursor, InvalidSearch, SessionNotFound
from wagate.domain.ids import TenantId
from wagate.domain.message import Direction, Message
from wagate.domain.session import Session
from wagate.features.access import Principal
from wagate.features.journal import Journal
from wagate.features.messaging import search as search_room
from wagate.features.messaging.indexer import Indexer
from wagate.features.messaging.requests import ActRequest
from wagate.features.messaging.search import ANYWHERE, Found, Search, SearchFilter
from wagate.features.messaging.wishes import Revoke, Rewrite
from wagate.store import open_database
from wagate.store.script import Script, sql

SAID = {
    "accents": "Amanhã é o dia da Integração, João!",
    "case": "THE QUICK Brown fox",
    "order": "quick the fox",
    "german": "Straße und Ärger",
    "greek": "Καλημέρα κόσμε",
    "cyrillic": "Привет, мир",
    "hebrew": "שָׁלוֹם עולם",
    "arabic": "مَرْحَبًا بالعالم",
    "hindi": "नमस्ते दुनिया",
    "chinese": "你好世界，今天天气很好",
    "japanese": "東京タワーへ行きました",
    "korean": "안녕하세요 세계",
    "thai": "สวัสดีชาวโลก",
    "emoji": "great 👍🏽😀 work",
    "code": "order A-1027/b, e-mail me@example.com",
    "quotes": 'it\'s "quoted" 100% \\ back_slash',
    "html": "<b>bold</b> & <script>alert(1)</script>",
    "wide": "ｆｕｌｌ width",
    "numbers": "call 5511900000002 at 17:30",
}

QUESTIONS = {
    "amanha": {"accents"},
    "AMANHÃ JOAO": {"accents"},
    "integracao dia": {"accents"},
    "quick": {"case", "order"},
    '"the quick"': {"case"},
    '"quick brown" fox': {"case"},
    "quick -brown": {"order"},
    'quick -"the quick"': {"order"},
    "qui*": {"case", "order"},
    "qui": set[str](),
    "strasse": {"german"},
    "STRASSE arger": {"german"},
    "καλημερα": {"greek"},
    "ПРИВЕТ": {"cyrillic"},
    "прив*": {"cyrillic"},
    "שלום": {"hebrew"},
    "مرحبا": {"arabic"},
    "नमस्ते": {"hindi"},
    "世界": {"chinese"},
    "世": {"chinese"},
    "好": {"chinese"},
    "你好世界": {"chinese"},
    "天气": {"chinese"},
    "气天": set[str](),
    "タワー": {"japanese"},
    "東京": {"japanese"},
    "안녕하세요": {"korean"},
    "안녕*": {"korean"},
    "ชาวโลก": {"thai"},
    "👍": {"emoji"},
    "😀 great": {"emoji"},
    "🎉": set[str](),
    "e-mail": {"code"},
    "me@example.com": {"code"},
    "a-1027/b": {"code"},
    "it's quoted": {"quotes"},
    "back_slash": {"quotes"},
    "100%": {"quotes"},
    "script alert": {"html"},
    "full width": {"wide"},
    "17:30": {"numbers"},
    "55119*": {"numbers"},
    "fox OR straße": set[str](),
    "NEAR(quick fox)": set[str](),
    "words:quick": set[str](),
    "quick' OR '1'='1": set[str](),
    "quick & !fox | (": {"case", "order"},
    "quick fox": {"case", "order"},
    " ".join(["the quick fox"] * 66): {"case", "order"},
    " ".join(f"word{number}" for number in range(200)): set[str](),
    "tnt* ses* in out type*": set[str](),
    '"unclosed quick': set[str](),
    '"the quick': {"case"},
}


async def find(house: House, text: str, only: SearchFilter = ANYWHERE, limit: int = 50) -> list[Found]:
    """All pages, put together."""
    found: list[Found] = []
    cursor = None
    while True:
        page = await house.gateway.search.messages(house.us, text, only, limit=limit, cursor=cursor)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


async def texts(house: House, text: str, only: SearchFilter = ANYWHERE, limit: int = 50) -> list[str]:
    return [found.message.content.text for found in await find(house, text, only, limit)]


async def findable(house: House, text: str, count: int = 1) -> None:
    async def there() -> bool:
        return len(await find(house, text)) == count

    await eventually(there)


async def test_questions_have_the_same_answers_on_both_databases(house: House) -> None:
    session = await house.gateway.sessions.create(house.us, name="shop")
    names = {}
    for name, text in SAID.items():
        names[(await house.send(session, "+5511900000002", text)).id] = name
    await findable(house, "17:30")
    for question, answers in QUESTIONS.items():
        found = [names[one.message.id] for one in await find(house, question)]
        assert set(found) == answers, question
        assert len(found) == len(answers), question
        order = list(SAID)
        assert found == sorted(found, key=order.index, reverse=True), question


async def test_the_index_and_the_walk_find_the_same(house: House, migrated_url: str) -> None:
    session = await house.gateway.sessions.create(house.us, name="shop")
    names = {}
    for name, text in SAID.items():
        names[(await house.send(session, "+5511900000002", text)).id] = name
    await findable(house, "17:30")
    order = list(SAID)
    database = await open_database(migrated_url)
    try:
        room = Search(database, Indexer(database, house.gateway.journal, house.clock), walk=3)
        for question, answers in QUESTIONS.items():
            for limit in (1, 50):
                found: list[str] = []
                cursor: str | None = ""
                while cursor is not None:
                    page = await room.messages(house.us, question, limit=limit, cursor=cursor or None)
                    found += [names[one.message.id] for one in page.items]
                    cursor = page.next_cursor
                assert set(found) == answers, question
                assert found == sorted(answers, key=order.index, reverse=True), question
    finally:
        await database.close()


@pytest.mark.parametrize(
    "question", ["", "   ", "-fox", '""', "*", "... !?", "-", "'; --", "x" * 4_001, "a " * 251 + "b"]
)
async def test_a_search_that_says_nothing_is_refused(house: House, question: str) -> None:
    if question.startswith("a "):
        question = " ".join(f"a{number}" for number in range(251))
    with pytest.raises(InvalidSearch):
        await find(house, question)


async def test_what_was_edited_is_found_anew_and_what_was_deleted_is_not(house: House) -> None:
    session, _ = await house.paired()
    bob = house.service.phone("5511900000002", "Bob")
    edited, deleted = await house.send(session, bob, "apple pie"), await house.send(session, bob, "apple juice")

    async def out() -> bool:
        return all([(await house.message(one)).sent_at for one in (edited, deleted)])

    await eventually(out)
    await findable(house, "apple", 2)
    await house.gateway.messaging.act(house.us, ActRequest(edited.id, Rewrite(Text("cherry pie"))))
    await house.gateway.messaging.act(house.us, ActRequest(deleted.id, Revoke()))
    await findable(house, "cherry pie")
    await findable(house, "apple", 0)
    assert await texts(house, "pie") == ["cherry pie"]
    assert await texts(house, "juice") == []
    assert await texts(house, "deleted") == []


async def test_where_to_look(house: House) -> None:
    session, phone = await house.paired()
    other = await house.gateway.sessions.create(house.us, name="other")
    bob, carol = house.service.phone("5511900000002", "Bob"), house.service.phone("5511900000003", "Carol")
    to_bob = await house.send(session, bob, "tea for bob")
    await house.send(session, carol, "tea for carol")
    await house.send(other, bob, "tea for later")
    bob.type(phone, "tea from bob")
    await findable(house, "tea", 4)
    wanted = {
        SearchFilter(): 4,
        SearchFilter(session="other"): 1,
        SearchFilter(session=session.id): 3,
        SearchFilter(session="shop", chat=to_bob.chat.id): 2,
        SearchFilter(session="shop", chat="+5511900000003"): 1,
        SearchFilter(session="shop", sender=str(bob.jid)): 1,
        SearchFilter(session="shop", sender=str(phone.jid)): 2,
        SearchFilter(session="shop", sender="+5511900000077"): 0,
        SearchFilter(direction=Direction.IN): 1,
        SearchFilter(type="text"): 4,
        SearchFilter(type="poll"): 0,
        SearchFilter(has_media=True): 0,
        SearchFilter(since=to_bob.accepted_at): 4,
        SearchFilter(until=to_bob.accepted_at): 0,
        SearchFilter(since=to_bob.accepted_at + 3_600_000): 0,
        SearchFilter(until=to_bob.accepted_at + 3_600_000): 4,
    }
    for only, expected in wanted.items():
        for question in ("tea", "te*"):
            assert len(await find(house, question, only)) == expected, only
            assert len(await find(house, question, only, limit=1)) == expected, only
    with pytest.raises(SessionNotFound):
        await find(house, "tea", SearchFilter(session="nobody"))
    with pytest.raises(ChatNotFound):
        await find(house, "tea", SearchFilter(session="shop", chat="cht_nothing"))
    with pytest.raises(InvalidCursor):
        await house.gateway.search.messages(house.us, "tea", cursor="x")


async def test_a_merged_person_is_found_with_all_they_wrote(house: House) -> None:
    session, phone = await house.paired()
    bob = house.service.phone("5511900000002", "Bob")
    await house.send(session, bob, "hello bob")
    house.service.phone("5511900000003", "Carol").type(phone, "hello from carol")
    bob.uses_lid = True
    bob.type(phone, "hello from under my LID")
    await findable(house, "hello", 3)

    async def one_chat() -> bool:
        try:
            return len(await find(house, "hello", SearchFilter(session="shop", chat=str(bob.lid)))) == 2
        except ChatNotFound:
            return False

    await eventually(one_chat)
    assert await texts(house, "hello", SearchFilter(session="shop", sender=str(bob.jid))) == ["hello from under my LID"]


async def test_nobody_finds_what_another_tenant_said(house: House) -> None:
    session = await house.gateway.sessions.create(house.us, name="shop")
    await house.send(session, "+5511900000002", "canary")
    await findable(house, "canary")
    stranger = Principal.system(TenantId("tnt_01OTHER"))
    for question in ("canary", "can*", '"canary"'):
        assert (await house.gateway.search.messages(stranger, question)).items == ()


async def test_what_was_said_before_a_crash_is_found_after_it(open_house: OpenHouse) -> None:
    house = await open_house()
    session = await house.gateway.sessions.create(house.us, name="shop")
    house.gateway.search.shut_down()
    for number in range(5):
        await house.send(session, "+5511900000002", f"before {number}")
    await house.restart()
    await findable(house, "before", 5)
    await house.send(session, "+5511900000002", "before 5")
    await findable(house, "before", 6)


async def test_nothing_is_found_of_a_session_that_was_deleted(house: House) -> None:
    session = await house.gateway.sessions.create(house.us, name="shop")
    await house.send(session, "+5511900000002", "canary")
    await findable(house, "canary")
    await house.gateway.sessions.delete(house.us, session.id)
    assert await find(house, "canary") == []


@pytest.mark.parametrize("limit", [1, 7, 200])
async def test_pages_go_on_however_frequent_a_word_is(house: House, limit: int) -> None:
    session: Session = await house.gateway.sessions.create(house.us, name="shop")
    sent: list[Message] = [
        await house.send(session, "+5511900000002", f"always {'seldom' if number % 9 == 0 else 'often'}")
        for number in range(40)
    ]
    await findable(house, "always", 40)
    everything = [message.content.text for message in sent][::-1]
    assert await texts(house, "always", limit=limit) == everything
    assert await texts(house, "alw*", limit=limit) == everything
    assert len(await texts(house, "seldom", limit=limit)) == 5
    assert len(await texts(house, "always -seldom", limit=limit)) == 35


async def test_a_snippet_shows_what_was_found_in_plain_pieces(house: House) -> None:
    session = await house.gateway.sessions.create(house.us, name="shop")
    await house.send(session, "+5511900000002", f"{'x ' * 300}<b>Olá</b> mundo{' y' * 300}")
    await findable(house, "ola")
    (found,) = await find(house, '"ola b" mundo')
    assert [piece.text for piece in found.snippet if piece.is_match] == ["Olá</b", "mundo"]
    shown = "".join(piece.text for piece in found.snippet)
    assert shown.startswith("… x")
    assert shown.endswith("y …")
    assert "<b>Olá</b> mundo" in shown
    assert len(shown) <= search_room.SNIPPET_CHARS + 2


async def test_acts_are_not_found_and_what_is_huge_is(house: House) -> None:
    session, _ = await house.paired()
    bob = house.service.phone("5511900000002", "Bob")
    message = await house.send(session, bob, "plain words")

    async def out() -> bool:
        return (await house.message(message)).sent_at is not None

    await eventually(out)
    await house.gateway.messaging.act(house.us, ActRequest(message.id, Rewrite(Text("edited words"))))
    bob.type(house.service.phone("5511900000001"), " ".join(f"ﷺﷺﷺ{number}" for number in range(9_000)))
    await findable(house, "edited")
    await findable(house, "صلى*")
    assert await texts(house, "words") == ["edited words"]


_ENTRIES = sql("SELECT COUNT(*) AS entries, COUNT(DISTINCT message_id) AS messages FROM search_entry")


async def test_whatever_commits_are_lost_everything_is_indexed_once(open_house: OpenHouse, migrated_url: str) -> None:
    house = await open_house()
    house.gateway.search.shut_down()
    session = await house.gateway.sessions.create(house.us, name="shop")
    for number in range(300):
        await house.send(session, "+5511900000002", f"number {number}")
    await house.close()
    commits = count()

    def fail_often() -> None:
        if next(commits) % 3 != 2:
            raise OSError("the machine went down")

    def counted() -> Script[tuple[int, int]]:
        (row,) = yield _ENTRIES()
        return row["entries"], row["messages"]

    database = await open_database(migrated_url, before_commit=fail_often)
    try:
        journal = Journal(database, house.clock)
        indexers = [Indexer(database, journal, house.clock) for _ in range(3)]
        for _ in range(60):
            await asyncio.gather(*(indexer.catch_up() for indexer in indexers), return_exceptions=True)
        assert await database.read(counted()) == (300, 300)
    finally:
        await database.close()
    await house.open()
    assert len(await find(house, "number", limit=100)) == 300
