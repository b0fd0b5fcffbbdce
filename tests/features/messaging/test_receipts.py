"""Statuses only rise, whatever order the evidence comes in."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.rooms import House, eventually, until
from wagate.domain.content import Text
from wagate.domain.ids import ChatId, MessageId, SessionId, TenantId
from wagate.domain.message import Chat, Direction, Message, MessageFailure, MessageStatus, Origin
from wagate.features.messaging.receipts import advanced, moment
from wagate.ports.news import ReceiptKind

QUEUED = Message(
    id=MessageId("msg_1"),
    tenant=TenantId("tnt_1"),
    session=SessionId("ses_1"),
    chat=Chat(ChatId("cht_1"), "direct", None, None),
    sender=None,
    direction=Direction.OUT,
    origin=Origin.API,
    wa_id="3EB0",
    client_ref=None,
    content=Text("hi"),
    quoted=None,
    status=MessageStatus.QUEUED,
    status_reason=None,
    failure=None,
    accepted_at=1,
    sent_at=None,
    delivered_at=None,
    read_at=None,
)
LADDER = [MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ, MessageStatus.PLAYED]
RANK = {status: rank for rank, status in enumerate([MessageStatus.QUEUED, MessageStatus.SENDING, *LADDER])}


@pytest.mark.parametrize("order", list(permutations(LADDER)), ids="-".join)
def test_every_order_of_receipts_ends_where_the_best_one_says(order: tuple[MessageStatus, ...]) -> None:
    message, seen = QUEUED, []
    for at, status in enumerate(order, 10):
        message = advanced(message, status, at)
        seen.append(message.status)
    assert seen == sorted(seen, key=RANK.__getitem__)
    assert message.status is MessageStatus.PLAYED
    assert message.sent_at is not None
    assert message.delivered_at is not None
    assert message.read_at is not None
    assert message.sent_at <= message.delivered_at


@given(st.lists(st.sampled_from([*LADDER, MessageStatus.SENDING, MessageStatus.UNKNOWN, MessageStatus.FAILED])))
def test_no_evidence_is_ever_taken_back(evidence: list[MessageStatus]) -> None:
    message = QUEUED
    best = 0
    for at, status in enumerate(evidence, 10):
        before = message
        message = advanced(message, status, at, why=MessageFailure("x", "y") if status == "failed" else None)
        proven = RANK.get(message.status, 0)
        if message.status is MessageStatus.FAILED:
            assert best < RANK[MessageStatus.DELIVERED], "what was delivered cannot have failed"
        elif message.status is not MessageStatus.UNKNOWN and before.status is not MessageStatus.FAILED:
            assert proven >= best
        best = max(best if message.status is not MessageStatus.FAILED else 0, proven)
        for old, new in zip(
            (before.sent_at, before.delivered_at, before.read_at),
            (message.sent_at, message.delivered_at, message.read_at),
            strict=True,
        ):
            assert old is None or new == old
        assert (message.failure is not None) == (message.status is MessageStatus.FAILED)


def test_a_receipt_proves_that_a_failed_message_went_out_after_all() -> None:
    failed = advanced(QUEUED, MessageStatus.FAILED, 5, why=MessageFailure("refused", "no"))
    proven = advanced(failed, MessageStatus.DELIVERED, 9)
    assert (proven.status, proven.failure) == (MessageStatus.DELIVERED, None)


def test_a_servers_seconds_are_refined_by_our_own_clock() -> None:
    assert moment(100, 100_900) == 100_900
    assert moment(100, 101_999) == 101_999
    assert moment(100, 102_000) == 100_000
    assert moment(100, 99_000) == 99_000  # a server that is ahead of us


async def test_a_message_climbs_one_event_at_a_time(house: House) -> None:
    session, _ = await house.paired()
    bob = house.service.phone("5511900000002", "Bob")
    message = await house.send(session, bob)
    await until(lambda: bob.inbox)
    await reaches(house, message, MessageStatus.DELIVERED)
    bob.read()
    await reaches(house, message, MessageStatus.READ)
    bob.read()  # a second receipt changes nothing
    house.service.receipt(ReceiptKind.DELIVERED, bob.inbox[0].wa_id, bob)
    bob.type(house.service.phone("5511900000001"), "done")
    await eventually(lambda: house.events("message.received"))
    events = [event for event in await house.events("message.*") if event.data["id"] == message.id]
    assert [event.type.value for event in events] == [
        "message.queued",
        "message.sent",
        "message.delivered",
        "message.read",
    ]
    assert [event.data["status"] for event in events] == ["queued", "sent", "delivered", "read"]
    found = await house.message(message)
    assert found.accepted_at <= (found.sent_at or 0) <= (found.delivered_at or 0) <= (found.read_at or 0)


async def test_a_refused_message_fails_with_the_reason(house: House) -> None:
    session, _ = await house.paired()
    house.service.faults.refuse_with = "blocked"
    message = await house.send(session, "+5511900000002")
    found = await reaches(house, message, MessageStatus.FAILED)
    assert found.failure is not None
    assert found.failure.code == "blocked"
    (event,) = await house.events("message.failed")
    assert event.data["error"] == {"code": "blocked", "detail": found.failure.detail, "retryable": False}


async def test_a_late_ack_still_says_when_the_message_was_sent(house: House) -> None:
    session, phone = await house.paired()
    bob = house.service.phone("5511900000002", "Bob")
    house.service.faults.withhold_acks = True
    message = await house.send(session, bob)
    found = await reaches(house, message, MessageStatus.DELIVERED)
    assert found.sent_at is None
    house.service.faults.withhold_acks = False
    house.service.drop(phone)

    async def acknowledged() -> bool:
        return (await house.message(message)).sent_at is not None

    await eventually(acknowledged)
    found = await house.message(message)
    assert found.status is MessageStatus.DELIVERED
    assert found.sent_at == found.delivered_at
    assert not await house.events("message.sent")
    assert len(bob.inbox) == 1


async def reaches(house: House, message: Message, status: MessageStatus) -> Message:
    async def there() -> Message | None:
        found = await house.message(message)
        return found if found.status is status else None

    return await eventually(there)
