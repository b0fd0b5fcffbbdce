"""How chats stand: the list by last activity, and unread counts that are always those of a recount."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.messaging.test_identities import BOB, BOB_LID, Desk, make_desk
from fixtures.rooms import House, eventually
from wagate.adapters.clock import ManualClock
from wagate.domain.content import Text
from wagate.domain.errors import ChatNotFound, SessionNotRunning
from wagate.domain.jid import Jid
from wagate.domain.message import Direction
from wagate.domain.page import Order
from wagate.domain.session import Session
from wagate.features.messaging.chats import EVERY_CHAT, ChatFilter
from wagate.features.messaging.filters import MessageFilter
from wagate.features.messaging.repository.chats import StandingChat
from wagate.ports.news import MessageArrived, ReadElsewhere
from wagate.store.database import Database
from wagate.store.script import Script, sql


async def listed(house: House, session: Session, only: ChatFilter = EVERY_CHAT, limit: int = 200) -> list[StandingChat]:
    found: list[StandingChat] = []
    cursor = None
    while True:
        page = await house.gateway.chats.list(house.us, session.id, only, limit=limit, cursor=cursor)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


async def unread(house: House, session: Session, chat: str) -> int:
    return (await house.gateway.chats.get(house.us, session.id, chat)).unread


async def received(house: House, count: int) -> None:
    async def there() -> bool:
        found = await house.gateway.messaging.list(house.us, MessageFilter(direction=Direction.IN), limit=200)
        return len(found.items) == count

    await eventually(there)


async def test_chats_are_listed_by_what_was_said_last_with_what_is_unread(house: House) -> None:
    session, phone = await house.paired()
    ana, bob = house.service.phone("5511900000002", "Ána"), house.service.phone("5511900000003", "Bob")
    ana.type(phone, "one")
    await received(house, 1)
    bob.type(phone, "two")
    await received(house, 2)
    ana.type(phone, "three")
    await received(house, 3)
    shown = await listed(house, session, limit=1)
    assert [(one.unread, one.last_message.content.text if one.last_message else "") for one in shown] == [
        (2, "three"),
        (1, "two"),
    ]
    sent = await house.send(session, bob, "four")
    shown = await listed(house, session)
    assert shown[0].chat.id == sent.chat.id
    assert shown[0].unread == 1  # what the API sends does not read
    assert [
        one.chat.contact.push_name for one in await listed(house, session, ChatFilter(name="ANA")) if one.chat.contact
    ] == ["Ána"]
    assert await listed(house, session, ChatFilter(name="carol")) == []
    assert await listed(house, session, ChatFilter(kind="group")) == []
    assert len(await listed(house, session, ChatFilter(unread=True))) == 2


async def test_a_chat_is_read_here_on_the_phone_and_by_answering_there(house: House) -> None:
    session, phone = await house.paired()
    ana = house.service.phone("5511900000002", "Ana")
    first = [ana.type(phone, f"{n}") for n in range(3)]
    await received(house, 3)
    assert await unread(house, session, ana.jid) == 3
    read = await house.gateway.chats.mark_read(house.us, session.id, ana.jid)
    assert read.unread == 0
    assert ana.was_read == first
    ana.type(phone, "4")
    fifth = ana.type(phone, "5")
    ana.type(phone, "6")
    await received(house, 6)
    phone.read(fifth)

    async def one_left() -> bool:
        return await unread(house, session, ana.jid) == 1

    await eventually(one_left)
    phone.type(ana, "on my way")

    async def none_left() -> bool:
        return await unread(house, session, ana.jid) == 0

    await eventually(none_left)
    assert ana.was_read == first
    await house.gateway.sessions.stop(house.us, session.id)
    assert (await house.gateway.chats.mark_read(house.us, session.id, ana.jid)).unread == 0


async def test_what_cannot_be_told_is_not_marked(house: House) -> None:
    session, phone = await house.paired()
    ana = house.service.phone("5511900000002", "Ana")
    ana.type(phone, "hi")
    await received(house, 1)
    await house.gateway.sessions.stop(house.us, session.id)
    with pytest.raises(SessionNotRunning):
        await house.gateway.chats.mark_read(house.us, session.id, ana.jid)
    assert await unread(house, session, ana.jid) == 1
    with pytest.raises(ChatNotFound):
        await house.gateway.chats.get(house.us, session.id, "+5511900000099")


async def test_a_chat_has_a_middle_from_which_both_ways_lead_on(house: House) -> None:
    session, _ = await house.paired()
    sent = [await house.send(session, "+5511900000002", f"{n}") for n in range(9)]
    chat, gateway = sent[0].chat.id, house.gateway
    found = await gateway.chats.around(house.us, session.id, chat, sent[4].id, limit=4)
    assert [one.content.text for one in found.items] == ["6", "5", "4", "3", "2"]
    older = await gateway.chats.messages(house.us, session.id, chat, cursor=found.following)
    newer = await gateway.chats.messages(house.us, session.id, chat, cursor=found.back, order=Order.ASC)
    assert [one.content.text for one in older.items] == ["1", "0"]
    assert [one.content.text for one in newer.items] == ["7", "8"]
    assert (older.following, newer.following) == (None, None)


_COUNT = sql(
    "SELECT a.chat_id, a.unread, (SELECT COUNT(*) FROM message m WHERE m.chat_id = a.chat_id AND m.direction = 'in'",
    "AND m.id > a.read_until AND m.read_at IS NULL) AS counted, 'msg_' || a.activity AS last,",
    "(SELECT MAX(m.id) FROM message m WHERE m.chat_id = a.chat_id) AS newest FROM chat_activity a",
    "WHERE a.session_id = :session",
)


def _counted(session: str) -> Script[list[tuple[int, int, str, str]]]:
    rows = yield _COUNT(session=session)
    return [(row["unread"], row["counted"], row["last"], row["newest"]) for row in rows]


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("in"), st.sampled_from([BOB, BOB_LID]), st.integers(0, 12)),
        st.tuples(st.just("out"), st.sampled_from([BOB, BOB_LID]), st.integers(20, 30)),
        st.tuples(st.just("read"), st.sampled_from([BOB, BOB_LID]), st.integers(0, 12)),
    ),
    max_size=14,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=_STEPS, after=_STEPS)
async def test_counts_are_those_of_a_model_also_when_two_chats_become_one(
    database: Database, clock: ManualClock, before: list[tuple[str, Jid, int]], after: list[tuple[str, Jid, int]]
) -> None:
    desk = make_desk(database, clock)
    model: dict[Jid, dict[int, bool]] = {BOB: {}, BOB_LID: {}}
    for step in before:
        await _do(desk, model, step)
    await desk.resolve(BOB, BOB_LID)
    both = model[BOB] | {n: model[BOB].get(n, False) or unread for n, unread in model[BOB_LID].items()}
    merged = {BOB: both, BOB_LID: both}
    counted = await database.read(_counted(desk.scope.session))
    assert all(kept == recount and last == newest for kept, recount, last, newest in counted)
    if not set(model[BOB]) & set(model[BOB_LID]):
        assert sum(kept for kept, *_ in counted) == sum(both.values())
    for step in after:
        await _do(desk, merged, step)
        counted = await database.read(_counted(desk.scope.session))
        assert all(kept == recount and last == newest for kept, recount, last, newest in counted)


async def _do(desk: Desk, model: dict[Jid, dict[int, bool]], step: tuple[str, Jid, int]) -> None:
    kind, chat, number = step
    messages = model[chat]
    if kind == "in":
        await desk.receive(chat, f"{number}")
        messages.setdefault(number, True)
    elif kind == "out":
        news = MessageArrived(f"{number}", chat, desk_own, True, 1, Text("hi"))
        await desk.database.write(desk.inbox.arrived(desk.scope, news))
        if number not in messages:
            messages.update(dict.fromkeys(messages, False))
            messages[number] = False
    else:
        await desk.database.write(desk.inbox.read_elsewhere(desk.scope, ReadElsewhere((f"{number}",), chat)))
        if number in messages:
            order = list(messages)
            messages.update(dict.fromkeys(order[: order.index(number) + 1], False))


desk_own = Jid.from_phone("5511900000001")
