"""What becomes of messages that a phone tells of the past, whatever else is heard of them."""

from __future__ import annotations

from fixtures.rooms import House, eventually
from wagate.adapters.engines.fake.frames import Stanza
from wagate.domain.content import PLAIN_CONTEXT, Text
from wagate.domain.message import Message, Origin
from wagate.domain.page import Order

OWN, ANA = "5511900000001", "5511900000002"
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
