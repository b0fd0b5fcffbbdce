"""What becomes of messages that a phone tells of the past, whatever else is heard of them."""

from __future__ import annotations

from fixtures.rooms import House, eventually
from wagate.adapters.engines.fake.frames import Stanza
from wagate.domain.acts import Revocation, Target
from wagate.domain.content import PLAIN_CONTEXT, Text
from wagate.domain.message import Message, Origin
from wagate.domain.page import Order
from wagate.features.messaging.search import ANYWHERE, SearchFilter

OWN, ANA, BOB = "5511900000001", "5511900000002", "5511900000003"
LONG_AGO = 1_700_000_000


async def listed(house: House) -> list[Message]:
    return list((await house.gateway.messaging.list(house.us, order=Order.ASC)).items)


async def test_the_past_stands_before_what_is_new_and_is_told_once(house: House) -> None:
    own, ana = house.service.phone(OWN), house.service.phone(ANA, "Ana")
    old = [own.remember(ana, "old", LONG_AGO), own.remember(ana, "older answer", LONG_AGO, from_me=True)]
    session, _ = await house.paired(number=OWN)
    await eventually(lambda: house.events("history.synced"))
    await house.send(session, ana, "new")
    found = await listed(house)
    assert [message.wa_id for message in found[:2]] == old
    assert [message.content.text for message in found] == ["old", "older answer", "new"]
    assert len({message.chat.id for message in found}) == 1
    (told,) = await house.events("history.synced")
    assert (told.data["messages"], told.data["added"], told.data["error"]) == (2, 2, None)


async def test_a_chat_of_the_past_shows_its_last_message_and_what_nobody_has_read(house: House) -> None:
    own, ana, bob = (house.service.phone(number, name) for number, name in ((OWN, "Me"), (ANA, "Ana"), (BOB, "Bob")))
    wa_ids = [own.remember(ana, f"{n}", LONG_AGO + n) for n in range(3)]
    own.remember(bob, "older", LONG_AGO - 10)
    own.unread_past[ana.jid] = 2
    session, _ = await house.paired(number=OWN)
    await eventually(lambda: house.events("history.synced"))
    chats = (await house.gateway.chats.list(house.us, session.id)).items
    assert [(chat.last_message.content.text, chat.unread) for chat in chats if chat.last_message] == [
        ("2", 2),
        ("older", 0),
    ]
    ana.type(own, "new")
    await eventually(lambda: house.events("message.received"))
    assert (await house.gateway.chats.get(house.us, session.id, ana.jid)).unread == 3
    await house.gateway.chats.mark_read(house.us, session.id, ana.jid)
    assert len(ana.was_read) == 3
    assert wa_ids[0] not in ana.was_read


async def test_the_past_is_found_behind_what_happened_and_by_when_it_was_said(house: House) -> None:
    own, ana = house.service.phone(OWN), house.service.phone(ANA, "Ana")
    said = [own.remember(ana, f"needle {n}", LONG_AGO + n * 60) for n in range(4)]
    session, _ = await house.paired(number=OWN)
    await eventually(lambda: house.events("history.synced"))
    await house.send(session, ana, "needle new")
    await eventually(lambda: _finds(house, "needle", ANYWHERE, ["needle new", *_needles(3, 2, 1, 0)]))
    within = SearchFilter(since=(LONG_AGO + 60) * 1000, until=(LONG_AGO + 180) * 1000)
    assert await _finds(house, "needle", within, _needles(2, 1))
    assert await _finds(house, "needle", SearchFilter(since=(LONG_AGO + 180) * 1000), ["needle new", *_needles(3)])
    assert await _finds(house, "needle -new", SearchFilter(session=session.id, chat=ana.jid), _needles(3, 2, 1, 0))
    assert await _pages(house, "needle", 2) == ["needle new", *_needles(3, 2, 1, 0)]
    ana.say(own, Revocation(Target(said[2], ana.jid)))
    await eventually(lambda: _finds(house, "needle", ANYWHERE, ["needle new", *_needles(3, 1, 0)]))


def _needles(*numbers: int) -> list[str]:
    return [f"needle {n}" for n in numbers]


async def _finds(house: House, text: str, only: SearchFilter, wanted: list[str]) -> bool:
    found = (await house.gateway.search.messages(house.us, text, only)).items
    return [one.message.content.text for one in found] == wanted


async def _pages(house: House, text: str, limit: int) -> list[str]:
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = await house.gateway.search.messages(house.us, text, limit=limit, cursor=cursor)
        found += [one.message.content.text for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return found


async def test_a_message_that_arrives_after_the_past_had_it_is_told_of_under_the_same_id(house: House) -> None:
    own, ana = house.service.phone(OWN), house.service.phone(ANA, "Ana")
    wa_id = own.remember(ana, "crossing", LONG_AGO)
    await house.paired(number=OWN)
    await eventually(lambda: house.events("history.synced"))
    (kept,) = await listed(house)
    assert kept.origin is Origin.HISTORY
    stanza = Stanza("", wa_id, own.jid, Text("crossing"), None, PLAIN_CONTEXT)
    for _ in range(2):
        house.service.route(ana, stanza, wa_id, except_for=None)
    (told,) = await eventually(lambda: house.events("message.received"))
    assert (told.data["id"], told.data["origin"]) == (kept.id, "contact")
    ana.type(own, "next")
    await eventually(lambda: _two(house))
    assert [message.origin for message in await listed(house)] == [Origin.CONTACT, Origin.CONTACT]


async def _two(house: House) -> bool:
    return len(await house.events("message.received")) == 2
