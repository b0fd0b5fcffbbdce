import pytest

from fixtures.rooms import House, eventually
from wagate.domain.errors import InvalidCursor, InvalidRecipient, SessionNotFound
from wagate.domain.ids import ChatId, SessionId
from wagate.domain.message import Direction, MessageStatus
from wagate.domain.page import Order
from wagate.features.messaging.filters import EVERY_MESSAGE, MessageFilter
from wagate.features.messaging.repository.messages import find_message, list_messages, messages_of
from wagate.store.scoped import SessionScope
from wagate.store.script import Script, Statement, sql


async def texts(
    house: House, only: MessageFilter = EVERY_MESSAGE, order: Order = Order.ASC, limit: int = 3
) -> list[str]:
    """All pages, put together."""
    found: list[str] = []
    cursor = None
    while True:
        page = await house.gateway.messaging.list(house.us, only, limit=limit, cursor=cursor, order=order)
        assert len(page.items) <= limit
        found += [message.content.text for message in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return found


async def test_messages_are_listed_page_by_page_in_either_order(house: House) -> None:
    session = await house.gateway.sessions.create(house.us, name="shop")
    sent = [(await house.send(session, f"+55119000000{n % 2}0", f"{n}")).content.text for n in range(8)]
    assert await texts(house) == sent
    assert await texts(house, order=Order.DESC) == sent[::-1]
    assert await texts(house, limit=8) == sent
    assert await texts(house, limit=200) == sent


async def test_messages_are_listed_by_session_chat_direction_and_status(house: House) -> None:
    session, phone = await house.paired()
    other = await house.gateway.sessions.create(house.us, name="other")
    bob = house.service.phone("5511900000002", "Bob")
    message = await house.send(session, bob, "to bob")
    await house.send(other, bob, "waits")
    await house.send(session, "+5511900000003", "to carol")
    bob.type(phone, "from bob")
    await eventually(lambda: house.events("message.received"))

    async def all_delivered() -> bool:
        return len(await texts(house, MessageFilter(status=MessageStatus.DELIVERED))) == 2

    await eventually(all_delivered)
    everything = ["to bob", "waits", "to carol", "from bob"]
    assert sorted(await texts(house)) == sorted(everything)
    assert await texts(house, MessageFilter(session="other")) == ["waits"]
    assert await texts(house, MessageFilter(session=session.id)) == ["to bob", "to carol", "from bob"]
    for chat in (
        message.chat.id,
        "+55 11 90000-0002",
        bob.jid,
        message.chat.contact.id if message.chat.contact else "",
    ):
        assert await texts(house, MessageFilter(session="shop", chat=chat)) == ["to bob", "from bob"]
    assert await texts(house, MessageFilter(direction=Direction.IN)) == ["from bob"]
    assert await texts(house, MessageFilter(status=MessageStatus.QUEUED)) == ["waits"]
    assert await texts(house, MessageFilter(session="shop", direction=Direction.OUT)) == ["to bob", "to carol"]
    assert await texts(house, MessageFilter(session="shop", chat="+5511900009999")) == []
    assert await texts(house, MessageFilter(session="shop", chat="cht_nowhere")) == []


async def test_a_list_that_cannot_be_is_refused(house: House) -> None:
    session = await house.gateway.sessions.create(house.us, name="shop")
    for _ in range(2):
        await house.send(session, "+5511900000002")
    page = await house.gateway.messaging.list(house.us, limit=1)
    assert page.next_cursor is not None
    with pytest.raises(InvalidCursor):
        await house.gateway.messaging.list(house.us, limit=1, cursor=page.next_cursor, order=Order.ASC)
    with pytest.raises(InvalidCursor):
        await house.gateway.messaging.list(house.us, cursor=page.next_cursor[:-2])
    with pytest.raises(SessionNotFound):
        await texts(house, MessageFilter(session="nowhere"))
    with pytest.raises(InvalidRecipient):
        await texts(house, MessageFilter(session="shop", chat="nonsense"))


_EXPLAIN = "EXPLAIN QUERY PLAN "


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("place", "index"),
    [
        (("tenant", ""), "message_tenant_id_id"),
        (("session", "ses_1"), "message_session_id_id"),
        (("chat", "cht_1"), "message_chat_id_id"),
    ],
)
@pytest.mark.parametrize("order", list(Order))
async def test_a_page_is_read_from_the_index_of_its_place(
    house: House, place: tuple[str, str], index: str, order: Order
) -> None:
    """Otherwise a page of a long history would take as long as all of it."""
    query = next(list_messages(house.us, place, {}, order, "", 50))
    explained = sql(_EXPLAIN, query.statement.text)

    def script() -> Script[list[str]]:
        rows = yield explained(**dict(zip(query.statement.names, query.values, strict=True)))
        return [row["detail"] for row in rows]

    plan = await house.gateway._cellar.database.read(script())
    assert any(f"USING INDEX {index}" in step for step in plan), plan
    assert not any("TEMP B-TREE" in step for step in plan), plan


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
async def test_an_ack_finds_its_message_by_its_id_at_whatsapp(house: House) -> None:
    """Otherwise each ack and each receipt would walk through all messages of the tenant."""
    scope = SessionScope(house.us.tenant, SessionId("ses_1"), 0)
    for script in (find_message(scope, "3EB0", Direction.OUT), messages_of(scope, ChatId("cht_1"), "3EB0")):
        query = next(script)
        explained = sql(_EXPLAIN, query.statement.text)
        values = dict(zip(query.statement.names, query.values, strict=True))

        def plan(explained: Statement = explained, values: dict[str, object] = values) -> Script[list[str]]:
            return [row["detail"] for row in (yield explained(**values))]

        steps = await house.gateway._cellar.database.read(plan())
        assert any("(session_id=? AND wa_id=?)" in step for step in steps), steps
