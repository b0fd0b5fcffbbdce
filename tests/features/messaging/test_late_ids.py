"""An engine that does not choose ids: its messages are named late, or nobody knows what became of them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from itertools import permutations

import pytest

from fixtures.media import some_arrivals
from fixtures.paces import unpaced
from fixtures.rooms import QUICK, House, OpenHouse, eventually, until
from wagate.adapters.engines.fake import WITHOUT_PROMISES, FakeEngine
from wagate.domain.content import Text
from wagate.domain.errors import MessageNotNamed
from wagate.domain.ids import MessageId
from wagate.domain.jid import Jid
from wagate.domain.message import Message, MessageStatus, Origin
from wagate.domain.session import Session, SessionState
from wagate.features.journal import Journal
from wagate.features.messaging.acts import Acts
from wagate.features.messaging.identities import Identities
from wagate.features.messaging.inbox import Inbox
from wagate.features.messaging.receipts import Receipts
from wagate.features.messaging.requests import SendRequest
from wagate.ports.news import (
    DurableNews,
    MessageArrived,
    ReceiptArrived,
    ReceiptKind,
    SendAccepted,
    SendRefused,
    SendStarted,
    SendUncertain,
)
from wagate.store import open_database
from wagate.store.database import Database
from wagate.store.scoped import SessionScope
from wagate.store.script import Row, Script, sql

BOB = "5511900000002"
RANK = {"queued": 0, "sending": 1, "unknown": 1, "sent": 2, "delivered": 3, "read": 4}


def late(house: House) -> FakeEngine:
    return FakeEngine(house.service, house.clock, QUICK, WITHOUT_PROMISES)


async def reaches(house: House, message: Message, status: MessageStatus) -> Message:
    async def there() -> Message | None:
        found = await house.message(message)
        return found if found.status is status else None

    return await eventually(there)


async def told_of(house: House, message: Message) -> list[str]:
    """The statuses that events told of a message, in order."""
    return [str(event.data["status"]) for event in await house.events("message.*") if event.data["id"] == message.id]


async def test_a_message_has_no_id_until_whatsapp_has_it_and_receipts_find_it_then(open_house: OpenHouse) -> None:
    house = await open_house(make_engine=late)
    session, _ = await house.paired()
    bob = house.service.phone(BOB)
    sent = await house.send(session, bob)
    assert sent.wa_id is None
    found = await reaches(house, sent, MessageStatus.DELIVERED)
    assert found.wa_id == bob.inbox[0].wa_id
    bob.read()
    await reaches(house, sent, MessageStatus.READ)
    events = [event for event in await house.events("message.*") if event.data["id"] == sent.id]
    assert [(event.data["status"], event.data["wa_id"] is None) for event in events] == [
        ("queued", True),
        ("sent", False),
        ("delivered", False),
        ("read", False),
    ]


async def test_nobody_knows_and_the_services_answer_settles_it(open_house: OpenHouse) -> None:
    house = await open_house(make_engine=late)
    session, phone = await house.paired()
    bob = house.service.phone(BOB)
    house.service.faults.withhold_acks = True
    sent = await house.send(session, bob)
    await until(lambda: bob.inbox)
    house.service.drop(phone)
    found = await reaches(house, sent, MessageStatus.UNKNOWN)
    assert found.status_reason == "line_lost"
    house.service.faults.withhold_acks = False
    house.service.drop(phone)
    found = await reaches(house, sent, MessageStatus.SENT)
    assert (found.wa_id, found.status_reason) == (bob.inbox[0].wa_id, None)
    assert len(bob.inbox) == 1
    assert await told_of(house, sent) == ["queued", "unknown", "sent"]


async def test_nobody_knows_and_a_receipt_proves_it(open_house: OpenHouse) -> None:
    house = await open_house(make_engine=late)
    session, phone = await house.paired()
    bob = house.service.phone(BOB)
    bob.auto_deliver = False
    house.service.faults.withhold_acks = True
    sent = await house.send(session, bob)
    await until(lambda: bob.inbox)
    house.service.drop(phone)
    await reaches(house, sent, MessageStatus.UNKNOWN)

    async def is_named() -> bool:
        return (await house.message(sent)).wa_id == bob.inbox[0].wa_id

    await eventually(is_named)
    bob.read()
    await reaches(house, sent, MessageStatus.READ)
    assert await told_of(house, sent) == ["queued", "unknown", "read"]


async def test_nobody_knows_and_the_service_never_heard_of_it(open_house: OpenHouse) -> None:
    house = await open_house(make_engine=late)
    session, phone = await house.paired()
    bob = house.service.phone(BOB)
    house.service.faults.lose_posts = True
    sent = await house.send(session, bob)
    await reaches(house, sent, MessageStatus.SENDING)
    house.service.drop(phone)
    found = await reaches(house, sent, MessageStatus.FAILED)
    assert found.failure is not None
    assert (found.failure.code, found.wa_id) == ("never_arrived", None)
    assert await told_of(house, sent) == ["queued", "unknown", "failed"]
    house.service.faults.lose_posts = False
    await house.send(session, bob, "the next one")
    await until(lambda: bob.inbox)
    assert [shown.text for shown in bob.inbox] == ["the next one"]


async def test_a_gateway_that_died_while_sending_does_not_send_again(open_house: OpenHouse) -> None:
    house = await open_house(make_engine=late)
    session, _ = await house.paired()
    bob = house.service.phone(BOB)
    house.service.faults.withhold_acks = True
    sent = await house.send(session, bob)
    await until(lambda: bob.inbox)
    await house.restart()
    await house.reaches(session, SessionState.CONNECTED)
    await reaches(house, sent, MessageStatus.UNKNOWN)
    await house.send(session, bob, "last")
    await until(lambda: len(bob.inbox) > 1)
    assert [shown.text for shown in bob.inbox] == ["hello", "last"]


async def test_what_has_no_id_cannot_be_answered(open_house: OpenHouse) -> None:
    house = await open_house(make_engine=late)
    session, _ = await house.paired()
    await house.gateway.sessions.stop(house.us, session.id)
    waiting = await house.send(session, BOB)
    answer = SendRequest(BOB, Text("about that"), reply_to=waiting.id)
    with pytest.raises(MessageNotNamed) as refused:
        await house.gateway.messaging.send(house.us, session.id, answer)
    assert refused.value.pointer == "/reply_to"
    await house.gateway.sessions.start(house.us, session.id)
    await reaches(house, waiting, MessageStatus.DELIVERED)
    await house.gateway.messaging.send(house.us, session.id, answer)
    bob = house.service.phone(BOB)
    await until(lambda: len(bob.inbox) == 2)
    assert bob.inbox[1].quoted is not None
    assert bob.inbox[1].quoted.wa_id == bob.inbox[0].wa_id


@pytest.mark.parametrize("chose_before", [False, True])
async def test_a_message_that_waited_while_its_engine_changed_gets_an_id_from_the_new_one(
    open_house: OpenHouse, chose_before: bool
) -> None:
    """What was accepted for one kind of engine is sent by the other kind: the id is the one that it went out under."""
    house = await open_house(
        make_engine=lambda house: FakeEngine(
            house.service, house.clock, QUICK, replace(WITHOUT_PROMISES, chooses_message_id=chose_before)
        )
    )
    session, _ = await house.paired()
    await house.gateway.sessions.stop(house.us, session.id)
    waiting = await house.send(session, BOB)
    assert (waiting.wa_id is not None) is chose_before
    await house.close()
    house.make_engine = lambda house: FakeEngine(
        house.service, house.clock, QUICK, replace(WITHOUT_PROMISES, chooses_message_id=not chose_before)
    )
    await house.open()
    await house.gateway.sessions.start(house.us, session.id)
    found = await reaches(house, waiting, MessageStatus.DELIVERED)
    (shown,) = house.service.phone(BOB).inbox
    assert found.wa_id == shown.wa_id
    assert (found.wa_id == waiting.wa_id) is False


# ---- what the room makes of news, whatever order they come in


@dataclass
class Desk:
    """A message that an engine without ids sends, and somebody who brings news about it."""

    house: House
    database: Database
    receipts: Receipts
    inbox: Inbox
    scope: SessionScope
    session: Session
    message: Message

    async def hears(self, news: DurableNews) -> Message:
        match news:
            case SendStarted():
                script = self.receipts.started(self.scope, news)
            case SendAccepted():
                script = self.receipts.accepted(self.scope, news)
            case SendRefused():
                script = self.receipts.refused(self.scope, news)
            case SendUncertain():
                script = self.receipts.uncertain(self.scope, news)
            case ReceiptArrived():
                script = self.receipts.arrived(self.scope, news)
            case MessageArrived():
                script = self.inbox.arrived(self.scope, news)
            case _:
                raise AssertionError(news)
        await self.database.write(script)
        return await self.house.message(self.message)

    async def messages(self) -> list[Message]:
        return list((await self.house.gateway.messaging.list(self.house.us)).items)


@pytest.fixture
async def desk(open_house: OpenHouse) -> AsyncIterator[Desk]:
    house = await open_house(make_engine=late)
    session = await house.gateway.sessions.create(house.us, name="shop")
    message = await house.send(session, BOB)
    database = await open_database(house.url)
    journal = Journal(database, house.clock)
    acts = Acts(journal)
    identities = Identities(journal, house.clock)
    receipts = Receipts(journal, identities, acts, unpaced(journal, house.clock), house.clock)
    inbox = Inbox(journal, identities, acts, receipts, some_arrivals(), house.clock)
    yield Desk(house, database, receipts, inbox, SessionScope(house.us.tenant, session.id, 1), session, message)
    await database.close()


_RECEIPTS = sql("SELECT message_id FROM receipt")


def _receipts() -> Script[list[Row]]:
    return (yield _RECEIPTS())


def receipt(kind: ReceiptKind = ReceiptKind.DELIVERED) -> ReceiptArrived:
    return ReceiptArrived(kind, ("3EB0",), Jid.from_phone(BOB), Jid.from_phone(BOB), 1)


def echo() -> MessageArrived:
    return MessageArrived("3EB0", Jid.from_phone(BOB), Jid.from_phone("5511900000001"), True, 1, Text("hello"))


async def test_whatever_the_order_of_the_evidence_a_status_never_sinks(desk: Desk) -> None:
    id_ = desk.message.id
    evidence: list[DurableNews] = [
        SendUncertain(id_, "line_lost", "", "3EB0"),
        SendAccepted("3EB0", None, id_),
        receipt(),
        receipt(ReceiptKind.READ),
        echo(),
    ]
    for order in permutations(evidence):
        desk.message = await desk.house.send(desk.session, BOB)
        wa_id = desk.message.id  # an id of its own for each round
        seen = []
        for news in order:
            found = await desk.hears(_about(news, desk.message, wa_id))
            seen.append(RANK[found.status.value])
        assert seen == sorted(seen), order
        assert seen[-1] >= RANK["sent"]
    assert len([one for one in await desk.messages() if one.origin is Origin.OTHER_DEVICE]) == 0


def _about(news: DurableNews, message: Message, wa_id: str) -> DurableNews:
    """The same news about another message, which WhatsApp knows by ``wa_id``."""
    match news:
        case SendUncertain():
            return replace(news, message=message.id, wa_id=wa_id)
        case SendAccepted():
            return replace(news, message=message.id, wa_id=wa_id)
        case ReceiptArrived():
            return replace(news, wa_ids=(wa_id,))
        case MessageArrived():
            return replace(news, wa_id=wa_id)
    raise AssertionError(news)


async def test_an_echo_that_comes_after_the_name_doubles_nothing_and_proves_the_message(desk: Desk) -> None:
    await desk.hears(SendStarted(desk.message.id, None))
    found = await desk.hears(SendUncertain(desk.message.id, "line_lost", "", "3EB0"))
    assert (found.status, found.wa_id) == (MessageStatus.UNKNOWN, "3EB0")
    found = await desk.hears(echo())
    assert (found.status, found.status_reason) == (MessageStatus.SENT, None)
    assert [one.id for one in await desk.messages()] == [desk.message.id]


async def test_an_echo_that_comes_before_the_name_becomes_one_with_the_message(desk: Desk) -> None:
    await desk.hears(SendStarted(desk.message.id, None))
    await desk.hears(echo())
    assert len(await desk.messages()) == 2  # nobody can know yet
    await desk.hears(receipt())
    found = await desk.hears(SendAccepted("3EB0", None, desk.message.id))
    assert (found.status, found.wa_id) == (MessageStatus.DELIVERED, "3EB0")
    assert found.delivered_at is not None
    assert [one.id for one in await desk.messages()] == [desk.message.id]
    assert await told_of(desk.house, desk.message) == ["queued", "delivered"]


async def test_of_a_message_and_its_echo_the_first_moments_count(desk: Desk) -> None:
    await desk.hears(SendStarted(desk.message.id, None))
    await desk.hears(echo())
    await desk.hears(receipt(ReceiptKind.READ))
    (other,) = [one for one in await desk.messages() if one.id != desk.message.id]
    await desk.hears(SendAccepted("3EB1", None, desk.message.id))
    await desk.hears(replace(receipt(ReceiptKind.READ), wa_ids=("3EB1",), timestamp=5))
    found = await desk.hears(SendAccepted("3EB0", None, desk.message.id))  # an engine that has changed its mind
    assert (found.status, found.wa_id) == (MessageStatus.READ, "3EB0")
    assert (found.delivered_at, found.read_at) == (other.delivered_at, other.read_at)
    assert [one.id for one in await desk.messages()] == [desk.message.id]
    assert await told_of(desk.house, desk.message) == ["queued", "sent", "read"]


async def test_who_played_an_echo_played_the_message(desk: Desk) -> None:
    messaging, us = desk.house.gateway.messaging, desk.house.us
    await desk.hears(SendStarted(desk.message.id, None))
    await desk.hears(echo())
    await desk.hears(receipt(ReceiptKind.PLAYED))
    (other,) = [one for one in await desk.messages() if one.id != desk.message.id]
    (before,) = (await messaging.receipts(us, other.id)).items
    await desk.hears(SendAccepted("3EB0", None, desk.message.id))
    assert (await messaging.receipts(us, desk.message.id)).items == (before,)
    assert before.played_at is not None
    kept = await desk.database.read(_receipts())
    assert [row["message_id"] for row in kept] == [desk.message.id]


async def test_what_was_refused_by_name_only_fails(desk: Desk) -> None:
    await desk.hears(SendUncertain(desk.message.id, "line_lost", ""))
    found = await desk.hears(SendRefused(None, "blocked", "no", desk.message.id))
    assert (found.status, found.wa_id) == (MessageStatus.FAILED, None)
    found = await desk.hears(SendUncertain(desk.message.id, "line_lost", ""))
    assert found.status is MessageStatus.FAILED  # nobody doubts what is known


async def test_news_of_a_message_that_is_gone_change_nothing(desk: Desk) -> None:
    for news in (SendUncertain(desk.message.id, "x", ""), SendAccepted("3EB0", None, desk.message.id)):
        gone = replace(news, message=MessageId("msg_gone"))
        found = await desk.hears(gone)
        assert found.status is MessageStatus.QUEUED


async def test_an_id_that_was_given_to_two_messages_costs_neither(desk: Desk) -> None:
    first = desk.message
    await desk.hears(SendAccepted("3EB0", None, first.id))
    desk.message = await desk.house.send(desk.session, BOB, "another")
    found = await desk.hears(SendAccepted("3EB0", None, desk.message.id))
    assert (found.status, found.wa_id) == (MessageStatus.SENT, None)
    assert (await desk.house.message(first)).wa_id == "3EB0"
