import asyncio

import pytest

from fixtures.rooms import House, OpenHouse, eventually, until
from wagate.adapters.clock import ManualClock
from wagate.domain.content import Text, Unsupported
from wagate.domain.errors import (
    GatewayError,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    InvalidContent,
    InvalidRecipient,
    MessageNotFound,
    SessionNotFound,
    SessionNotPaired,
    StorageUnavailable,
    UnsupportedByEngine,
)
from wagate.domain.ids import TenantId
from wagate.domain.jid import Jid
from wagate.domain.message import Message, MessageStatus
from wagate.domain.session import Session
from wagate.features.access import Principal
from wagate.features.messaging.requests import Accepted, SendRequest
from wagate.features.messaging.shape import message_shape

STRANGER = Principal.system(TenantId("tnt_STRANGER"))


async def send(house: House, session: Session, request: SendRequest, key: str | None = None) -> Accepted:
    return await house.gateway.messaging.send(house.us, session.id, request, idempotency_key=key)


async def test_a_message_is_queued_while_the_session_is_stopped_and_leaves_when_it_starts(house: House) -> None:
    session, _ = await house.paired()
    bob = house.service.phone("5511900000002", "Bob")
    await house.gateway.sessions.stop(house.us, session.id)
    messages = [await house.send(session, bob, f"{n}") for n in range(3)]
    assert {message.status for message in messages} == {MessageStatus.QUEUED}
    await house.gateway.sessions.start(house.us, session.id)
    await until(lambda: len(bob.inbox) == 3)
    assert [shown.text for shown in bob.inbox] == ["0", "1", "2"]


async def test_a_message_shows_who_what_and_where(house: House) -> None:
    session, _ = await house.paired()
    request = SendRequest(
        "+55 (11) 90000-0002", Text("Hello", (Jid("5511900000003@s.whatsapp.net"),)), None, "order-17"
    )
    message = (await send(house, session, request)).message
    shape = message_shape(message)
    contact = {"phone": "+5511900000002", "lid": None, "push_name": None, "is_me": False}
    assert shape["chat"]["contact"] == {**contact, "id": shape["chat"]["contact"]["id"]}  # type: ignore[index]  # JSON
    assert shape["from"]["phone"] == "+5511900000001"  # type: ignore[index]  # JSON
    assert shape["from"]["is_me"] is True  # type: ignore[index]  # JSON
    assert (shape["type"], shape["text"], shape["content"]) == ("text", "Hello", {"text": "Hello"})
    assert shape["mentions"] == ["5511900000003@s.whatsapp.net"]
    assert (shape["client_ref"], shape["direction"], shape["origin"]) == ("order-17", "out", "api")
    (event,) = await house.events("message.queued")
    assert event.data == shape
    assert event.session == session.id


@pytest.mark.parametrize("to", ["5511900000002", "005511900000002", "5511900000002@c.us", "+55 11 9 0000 0002"])
async def test_every_spelling_of_a_number_is_one_chat(house: House, to: str) -> None:
    session, _ = await house.paired()
    first = await house.send(session, "+5511900000002")
    second = await house.send(session, to)
    third = await house.send(session, first.chat.id)
    assert first.chat.contact is not None
    fourth = await house.send(session, first.chat.contact.id)
    assert {message.chat.id for message in (second, third, fourth)} == {first.chat.id}


@pytest.mark.parametrize(
    ("request_", "error", "pointer"),
    [
        (SendRequest("nobody", Text("x")), InvalidRecipient, "/to"),
        (SendRequest("cht_01AAAAAAAAAAAAAAAAAAAAAAAA", Text("x")), InvalidRecipient, "/to"),
        (SendRequest("con_01AAAAAAAAAAAAAAAAAAAAAAAA", Text("x")), InvalidRecipient, "/to"),
        (SendRequest("120363000000000000@g.us", Text("x")), UnsupportedByEngine, "/to"),
        (SendRequest("+5511900000002", Text("  \n")), InvalidContent, "/text"),
        (SendRequest("+5511900000002", Text("ä" * 40_000)), InvalidContent, "/text"),
        (SendRequest("+5511900000002", Unsupported("x")), UnsupportedByEngine, "/type"),
        (SendRequest("+5511900000002", Text("x"), reply_to="msg_1"), MessageNotFound, "/reply_to"),
    ],
)
async def test_what_cannot_be_sent_is_refused_at_once_and_leaves_no_trace(
    house: House, request_: SendRequest, error: type[GatewayError], pointer: str
) -> None:
    session, _ = await house.paired()
    with pytest.raises(error) as refused:
        await send(house, session, request_, key="k")
    assert refused.value.pointer == pointer
    assert (await house.gateway.messaging.list(house.us)).items == ()
    assert await house.events("message.*") == []
    assert not (await send(house, session, SendRequest("+5511900000002", Text("x")), key="k")).replayed


async def test_a_stranger_can_neither_send_nor_see(house: House) -> None:
    session, _ = await house.paired()
    message = await house.send(session, "+5511900000002")
    for ref in (session.id, session.name):
        with pytest.raises(SessionNotFound):
            await house.gateway.messaging.send(STRANGER, ref, SendRequest("+5511900000002", Text("x")))
    with pytest.raises(MessageNotFound):
        await house.gateway.messaging.get(STRANGER, message.id)
    assert (await house.gateway.messaging.list(STRANGER)).items == ()


async def test_a_reply_quotes_the_message_and_its_writer(house: House) -> None:
    session, phone = await house.paired()
    bob = house.service.phone("5511900000002", "Bob")
    bob.type(phone, "the question")
    await eventually(lambda: house.events("message.received"))
    (question,) = (await house.gateway.messaging.list(house.us)).items
    reply = (await send(house, session, SendRequest(bob.jid, Text("the answer"), question.id))).message
    assert reply.quoted is not None
    assert (reply.quoted.wa_id, reply.quoted.sender, reply.quoted.text) == (question.wa_id, bob.jid, "the question")
    await until(lambda: bob.inbox)
    assert bob.inbox[0].quoted is not None
    assert bob.inbox[0].quoted.wa_id == question.wa_id
    own = (await send(house, session, SendRequest(bob.jid, Text("and more"), reply.id))).message
    assert own.quoted is not None
    assert own.quoted.sender == phone.jid
    with pytest.raises(MessageNotFound):  # another chat's message
        await send(house, session, SendRequest("+5511900000003", Text("x"), question.id))


async def test_our_own_message_cannot_be_quoted_before_we_know_who_we_are(house: House) -> None:
    session = await house.gateway.sessions.create(house.us)
    first = await house.send(session, "+5511900000002")
    with pytest.raises(SessionNotPaired):
        await send(house, session, SendRequest("+5511900000002", Text("x"), first.id))


# ---- idempotency


async def test_the_same_key_and_request_is_the_same_message(house: House) -> None:
    session, _ = await house.paired()
    request = SendRequest("+5511900000002", Text("once"))
    first = await send(house, session, request, "k1")
    again = await send(house, session, SendRequest("5511900000002@c.us", Text("once")), "k1")
    assert (first.replayed, again.replayed) == (False, True)
    assert again.message.id == first.message.id
    by_name = await house.gateway.messaging.send(house.us, session.name, request, idempotency_key="k1")
    assert by_name.replayed
    assert (await send(house, session, request, "k2")).message.id != first.message.id
    assert len((await house.gateway.messaging.list(house.us)).items) == 2


@pytest.mark.parametrize(
    "other",
    [
        SendRequest("+5511900000003", Text("once")),
        SendRequest("+5511900000002", Text("twice")),
        SendRequest("+5511900000002", Text("once"), client_ref="x"),
        SendRequest("+5511900000002", Text("once", (Jid("5511900000003@s.whatsapp.net"),))),
    ],
)
async def test_the_same_key_for_another_request_is_refused(house: House, other: SendRequest) -> None:
    session, _ = await house.paired()
    await send(house, session, SendRequest("+5511900000002", Text("once")), "k1")
    with pytest.raises(IdempotencyKeyReused):
        await send(house, session, other, "k1")
    assert len((await house.gateway.messaging.list(house.us)).items) == 1


async def test_the_same_key_for_another_session_is_refused_and_for_another_tenant_is_free(house: House) -> None:
    session, _ = await house.paired()
    other = await house.gateway.sessions.create(house.us)
    request = SendRequest("+5511900000002", Text("once"))
    await send(house, session, request, "k1")
    with pytest.raises(IdempotencyKeyReused):
        await send(house, other, request, "k1")
    theirs = await house.gateway.sessions.create(STRANGER)
    assert not (await house.gateway.messaging.send(STRANGER, theirs.id, request, idempotency_key="k1")).replayed


async def test_many_at_once_with_one_key_make_one_message(house: House) -> None:
    session, _ = await house.paired()
    bob = house.service.phone("5511900000002", "Bob")
    request = SendRequest(bob.jid, Text("once"))
    outcomes = await asyncio.gather(*(send(house, session, request, "k1") for _ in range(50)), return_exceptions=True)
    answers = [outcome for outcome in outcomes if isinstance(outcome, Accepted)]
    assert all(isinstance(outcome, Accepted | IdempotencyInProgress) for outcome in outcomes)
    answers.append(await send(house, session, request, "k1"))
    assert len({answer.message.id for answer in answers}) == 1
    assert sum(not answer.replayed for answer in answers) == 1
    last = await house.send(session, bob, "last")
    await until(lambda: [shown.text for shown in bob.inbox] == ["once", "last"])
    assert last.id not in {answer.message.id for answer in answers}


async def test_a_key_is_free_again_after_72_hours(open_house: OpenHouse) -> None:
    clock = ManualClock()
    house = await open_house(clock)
    session = await house.gateway.sessions.create(house.us)
    request = SendRequest("+5511900000002", Text("once"))
    first = await send(house, session, request, "k1")
    clock.turn(72 * 3600 - 1)
    assert (await send(house, session, request, "k1")).message.id == first.message.id
    clock.turn(1)
    later = await send(house, session, SendRequest("+5511900000002", Text("another")), "k1")
    assert not later.replayed


async def test_a_commit_that_fails_accepts_nothing(open_house: OpenHouse) -> None:
    trouble: list[Exception] = []

    def before_commit() -> None:
        if trouble:
            raise trouble[0]

    house = await open_house(before_commit=before_commit)
    session, _ = await house.paired()
    trouble.append(OSError("disk full"))
    with pytest.raises(StorageUnavailable):
        await house.send(session, "+5511900000002", key="k1")
    trouble.clear()
    assert (await house.gateway.messaging.list(house.us)).items == ()
    message = await house.send(session, "+5511900000002", key="k1")
    await eventually(lambda: sent(house, message))


async def sent(house: House, message: Message) -> bool:
    return (await house.message(message)).sent_at is not None


# ---- waiting for the outcome


async def wait_for(house: House, session: Session, until_: MessageStatus, wait_s: float, to: str) -> Message:
    accepted = await house.gateway.messaging.send(
        house.us, session.id, SendRequest(to, Text("hi")), wait_s=wait_s, until=until_
    )
    return accepted.message


async def test_a_caller_can_wait_until_a_message_is_sent_delivered_or_read(house: House) -> None:
    session, _ = await house.paired()
    bob = house.service.phone("5511900000002", "Bob")
    bob.auto_read = True
    for status in (MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ):
        message = await wait_for(house, session, status, 10.0, bob.jid)
        order = [MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ]
        assert order.index(message.status) >= order.index(status)


async def test_waiting_ends_when_the_message_fails(house: House) -> None:
    session, _ = await house.paired()
    house.service.faults.refuse_with = "blocked"
    message = await wait_for(house, session, MessageStatus.READ, 10.0, "+5511900000002")
    assert message.status is MessageStatus.FAILED


async def test_waiting_ends_when_the_time_is_over(house: House) -> None:
    session = await house.gateway.sessions.create(house.us)
    message = await wait_for(house, session, MessageStatus.SENT, 0.05, "+5511900000002")
    assert message.status is MessageStatus.QUEUED


async def test_many_can_wait_at_once_and_nobody_is_forgotten(house: House) -> None:
    session, _ = await house.paired()
    waits = [wait_for(house, session, MessageStatus.DELIVERED, 10.0, f"+55119{n:08}") for n in range(40)]
    messages = await asyncio.gather(*waits)
    assert {message.status for message in messages} == {MessageStatus.DELIVERED}
