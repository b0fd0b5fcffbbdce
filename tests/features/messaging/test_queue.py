"""Messages that wait: for their moment, for their turn, for somebody who halts the queue; and what is called back."""

from __future__ import annotations

import pytest

from fixtures.rooms import House, OpenHouse, eventually, until
from wagate.adapters.clock import ManualClock
from wagate.adapters.engines.fake import FakePhone
from wagate.domain.conditions import PLAIN_CONDITIONS, Conditions, OnUnknown, Priority
from wagate.domain.content import Text
from wagate.domain.errors import InvalidRequest, MessageNotWaiting
from wagate.domain.message import Message, MessageStatus
from wagate.domain.session import Session
from wagate.features.messaging.receipts import EVIDENCE_MS
from wagate.features.messaging.requests import SendRequest
from wagate.store.scoped import SessionScope
from wagate.store.script import Script

BOB = "5511900000002"
MINUTE_MS = 60_000


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


async def send(
    house: House, session: Session, to: FakePhone, text: str = "hello", conditions: Conditions = PLAIN_CONDITIONS
) -> Message:
    request = SendRequest(str(to.jid), Text(text), conditions=conditions)
    return (await house.gateway.messaging.send(house.us, session.id, request)).message


async def reaches(house: House, message: Message, status: MessageStatus) -> Message:
    """Wait until a message is there, while a second of the house's clock passes for each look."""

    async def there() -> Message | None:
        if isinstance(house.clock, ManualClock):
            await house.clock.run(1.0)
        found = await house.message(message)
        return found if found.status is status else None

    return await eventually(there)


def texts(phone: FakePhone) -> list[str]:
    return [shown.text for shown in phone.inbox]


async def told(house: House, message: Message) -> list[tuple[str, str | None]]:
    """The events about a message, each with the reason that it gives."""
    events = await house.events("message.*")
    return [
        (event.type.value, event.data["status_reason"])  # type: ignore[misc]  # as the shape has it
        for event in events
        if event.data["id"] == message.id
    ]


# ---- moments


async def test_a_message_waits_for_its_moment_and_others_do_not_wait_for_it(
    open_house: OpenHouse, clock: ManualClock
) -> None:
    house = await open_house(clock)
    session, _ = await house.paired()
    bob = house.service.phone(BOB)
    later = await send(house, session, bob, "later", Conditions(send_at=clock.now_ms() + 10 * MINUTE_MS))
    assert (later.status, later.due_at) == (MessageStatus.SCHEDULED, clock.now_ms() + 10 * MINUTE_MS)
    now = await send(house, session, bob, "now")
    await reaches(house, now, MessageStatus.DELIVERED)
    assert (await house.message(later)).status is MessageStatus.SCHEDULED
    await house.pass_time(600)
    await reaches(house, later, MessageStatus.DELIVERED)
    assert texts(bob) == ["now", "later"]
    assert [type_ for type_, _ in await told(house, later)] == [
        "message.scheduled",
        "message.queued",
        "message.sent",
        "message.delivered",
    ]
    timeline = await house.gateway.queues.timeline(house.us, later.id)
    assert [each.status.value for each in timeline] == ["scheduled", "queued", "sending", "sent", "delivered"]
    assert [each.at for each in timeline] == sorted(each.at for each in timeline)


async def test_a_moment_that_has_passed_is_now(open_house: OpenHouse, clock: ManualClock) -> None:
    house = await open_house(clock)
    session, _ = await house.paired()
    message = await send(house, session, house.service.phone(BOB), conditions=Conditions(send_at=clock.now_ms() - 1))
    assert message.status is MessageStatus.QUEUED
    await reaches(house, message, MessageStatus.DELIVERED)


async def test_what_is_scheduled_survives_a_restart_and_is_sent_late_rather_than_never(
    open_house: OpenHouse, clock: ManualClock
) -> None:
    house = await open_house(clock)
    session, _ = await house.paired()
    bob = house.service.phone(BOB)
    message = await send(house, session, bob, conditions=Conditions(send_at=clock.now_ms() + MINUTE_MS))
    await house.close()
    clock.turn(3600)
    await house.open()
    await until(lambda: house.gateway.restored)
    await reaches(house, message, MessageStatus.DELIVERED)
    assert texts(bob) == ["hello"]


@pytest.mark.parametrize(
    ("send_in", "expires_in", "field"),
    [(None, 0, "/expires_at"), (2 * MINUTE_MS, MINUTE_MS, "/expires_at"), (400 * 86_400_000, None, "/send_at")],
)
async def test_moments_that_make_no_sense_are_refused(
    house: House, send_in: int | None, expires_in: int | None, field: str
) -> None:
    session = await house.gateway.sessions.create(house.us)
    now = house.clock.now_ms()
    conditions = Conditions(
        send_at=None if send_in is None else now + send_in, expires_at=None if expires_in is None else now + expires_in
    )
    with pytest.raises(InvalidRequest) as refused:
        await send(house, session, house.service.phone(BOB), conditions=conditions)
    assert refused.value.pointer == field


async def test_what_has_waited_too_long_fails_also_while_the_session_is_down(
    open_house: OpenHouse, clock: ManualClock
) -> None:
    house = await open_house(clock)
    session, _ = await house.paired()
    bob = house.service.phone(BOB)
    await house.gateway.sessions.stop(house.us, session.id)
    soon = await send(house, session, bob, "soon", Conditions(expires_at=clock.now_ms() + MINUTE_MS))
    never = await send(house, session, bob, "never")
    await house.pass_time(61)
    failed = await reaches(house, soon, MessageStatus.FAILED)
    assert failed.failure is not None
    assert failed.failure.code == "expired"
    assert (await house.message(never)).status is MessageStatus.QUEUED
    await house.gateway.sessions.start(house.us, session.id)
    await reaches(house, never, MessageStatus.DELIVERED)
    assert texts(bob) == ["never"]


# ---- turns


async def test_the_urgent_overtake_and_bulk_comes_last(open_house: OpenHouse, clock: ManualClock) -> None:
    house = await open_house(clock)
    session, _ = await house.paired()
    bob = house.service.phone(BOB)
    await house.gateway.queues.halt(house.us, session.id)
    order = [("b1", Priority.BULK), ("n1", Priority.NORMAL), ("u1", Priority.URGENT), ("n2", Priority.NORMAL)]
    sent = [await send(house, session, bob, text, Conditions(priority=priority)) for text, priority in order]
    listed = await house.gateway.queues.list(house.us, session.id)
    assert [message.content.text for message in listed.items] == ["u1", "n1", "n2", "b1"]
    first = await house.gateway.queues.list(house.us, session.id, limit=3)
    rest = await house.gateway.queues.list(house.us, session.id, limit=3, cursor=first.next_cursor)
    assert [message.content.text for message in (*first.items, *rest.items)] == ["u1", "n1", "n2", "b1"]
    places = await house.gateway.queues.places(house.us, listed.items)
    assert [place is not None and (place.position, place.expected_at) for place in places] == [
        (number, None) for number in (1, 2, 3, 4)
    ]
    await house.gateway.queues.resume(house.us, session.id)
    for message in sent:
        await reaches(house, message, MessageStatus.DELIVERED)
    assert texts(bob) == ["u1", "n1", "n2", "b1"]


async def test_a_halted_queue_stays_halted_across_a_restart(open_house: OpenHouse, clock: ManualClock) -> None:
    house = await open_house(clock)
    session, _ = await house.paired()
    bob = house.service.phone(BOB)
    halted = await house.gateway.queues.halt(house.us, session.id)
    assert halted.halted_at == clock.now_ms()
    clock.turn(5)
    assert (await house.gateway.queues.halt(house.us, session.id)).halted_at == halted.halted_at
    message = await send(house, session, bob)
    await house.restart()
    await house.pass_time(5)
    assert (await house.message(message)).status is MessageStatus.QUEUED
    assert (await house.gateway.queues.resume(house.us, session.id)).halted_at is None
    await reaches(house, message, MessageStatus.DELIVERED)


async def test_a_message_can_be_made_more_urgent(open_house: OpenHouse, clock: ManualClock) -> None:
    house = await open_house(clock)
    session, _ = await house.paired()
    bob = house.service.phone(BOB)
    await house.gateway.queues.halt(house.us, session.id)
    first, second = [await send(house, session, bob, text) for text in ("first", "second")]
    raised = await house.gateway.queues.reprioritise(house.us, second.id, Priority.URGENT)
    assert raised.conditions.priority is Priority.URGENT
    assert (await house.message(second)).conditions.priority is Priority.URGENT
    await house.gateway.queues.resume(house.us, session.id)
    await reaches(house, first, MessageStatus.DELIVERED)
    assert texts(bob) == ["second", "first"]
    with pytest.raises(MessageNotWaiting):
        await house.gateway.queues.reprioritise(house.us, second.id, Priority.BULK)


# ---- called back


async def test_a_message_that_waits_can_be_called_back(open_house: OpenHouse, clock: ManualClock) -> None:
    house = await open_house(clock)
    session, _ = await house.paired()
    bob = house.service.phone(BOB)
    later = await send(house, session, bob, conditions=Conditions(send_at=clock.now_ms() + MINUTE_MS))
    cancelled = await house.gateway.queues.cancel(house.us, later.id)
    assert (cancelled.status, cancelled.status_reason) == (MessageStatus.CANCELLED, "cancelled_by_user")
    with pytest.raises(MessageNotWaiting):
        await house.gateway.queues.cancel(house.us, later.id)
    await house.pass_time(120)
    assert texts(bob) == []
    assert [type_ for type_, _ in await told(house, later)] == ["message.scheduled", "message.cancelled"]


async def test_what_is_gone_cannot_be_called_back(open_house: OpenHouse, clock: ManualClock) -> None:
    house = await open_house(clock)
    session, _ = await house.paired()
    message = await send(house, session, house.service.phone(BOB))
    await reaches(house, message, MessageStatus.DELIVERED)
    with pytest.raises(MessageNotWaiting):
        await house.gateway.queues.cancel(house.us, message.id)


async def test_a_queue_is_cleared_and_goes_on_afterwards(open_house: OpenHouse, clock: ManualClock) -> None:
    house = await open_house(clock)
    session, _ = await house.paired()
    bob = house.service.phone(BOB)
    await house.gateway.queues.halt(house.us, session.id)
    waiting = [await send(house, session, bob, str(number)) for number in range(150)]
    waiting.append(await send(house, session, bob, "later", Conditions(send_at=clock.now_ms() + MINUTE_MS)))
    assert await house.gateway.queues.clear(house.us, session.id) == 151
    await house.gateway.queues.resume(house.us, session.id)
    after = await send(house, session, bob, "after")
    await reaches(house, after, MessageStatus.DELIVERED)
    await house.pass_time(70)
    assert texts(bob) == ["after"]
    assert (await house.message(waiting[77])).status is MessageStatus.CANCELLED
    assert (await house.gateway.queues.list(house.us, session.id)).items == ()


# ---- refusals


async def test_what_is_refused_for_now_is_tried_again_where_it_stood(open_house: OpenHouse, clock: ManualClock) -> None:
    house = await open_house(clock)
    session, _ = await house.paired()
    bob = house.service.phone(BOB)
    house.service.faults.refuse_with = "service_unavailable"
    message = await send(house, session, bob)

    async def put_back() -> Message | None:
        found = await house.message(message)
        return found if found.status_reason == "service_unavailable" else None

    waiting = await eventually(put_back)
    assert waiting.status is MessageStatus.QUEUED
    assert waiting.due_at is not None
    house.service.faults.refuse_with = None
    await house.pass_time(10)
    await reaches(house, message, MessageStatus.DELIVERED)
    assert texts(bob) == ["hello"]


async def test_what_is_refused_again_and_again_fails_in_the_end(open_house: OpenHouse, clock: ManualClock) -> None:
    house = await open_house(clock)
    session, _ = await house.paired()
    house.service.faults.refuse_with = "service_unavailable"
    message = await send(house, session, house.service.phone(BOB))
    await house.pass_time(900)
    failed = await reaches(house, message, MessageStatus.FAILED)
    assert failed.failure is not None
    assert failed.failure.code == "service_unavailable"
    timeline = await house.gateway.queues.timeline(house.us, message.id)
    assert [each.status.value for each in timeline].count("sending") == 6


# ---- nobody knows


@pytest.mark.parametrize(
    ("on_unknown", "becomes", "reason"),
    [
        (OnUnknown.HOLD, ["unknown"], "session_reset"),
        (OnUnknown.FAIL, ["unknown", "failed"], None),
        (OnUnknown.RESEND, ["unknown", "queued"], "outcome_unknown"),
    ],
)
async def test_what_becomes_of_the_unknown_is_for_its_own_terms_to_say(
    open_house: OpenHouse, clock: ManualClock, on_unknown: OnUnknown, becomes: list[str], reason: str | None
) -> None:
    house = await open_house(clock)
    session, _ = await house.paired()
    house.service.faults.lose_posts = True
    lost = await send(house, session, house.service.phone(BOB), conditions=Conditions(on_unknown=on_unknown))
    await reaches(house, lost, MessageStatus.SENDING)
    await lose(house, session, lost)
    await house.gateway.queues.halt(house.us, session.id)
    await house.pass_time(EVIDENCE_MS // 1000 - 10)
    assert (await house.message(lost)).status is MessageStatus.UNKNOWN
    await house.pass_time(20)
    timeline = await house.gateway.queues.timeline(house.us, lost.id)
    assert [each.status.value for each in timeline] == ["queued", "sending", *becomes]
    found = await house.message(lost)
    assert found.status_reason == reason
    assert (found.failure is not None) == (on_unknown is OnUnknown.FAIL)


@pytest.mark.parametrize("on_unknown", [OnUnknown.HOLD, OnUnknown.FAIL, OnUnknown.RESEND])
async def test_evidence_in_time_settles_it(open_house: OpenHouse, clock: ManualClock, on_unknown: OnUnknown) -> None:
    house = await open_house(clock)
    session, _ = await house.paired()
    house.service.faults.withhold_acks = True
    bob = house.service.phone(BOB)
    lost = await send(house, session, bob, conditions=Conditions(on_unknown=on_unknown))
    await reaches(house, lost, MessageStatus.DELIVERED)
    house.service.faults.lose_posts = True
    lost = await send(house, session, bob, "again", Conditions(on_unknown=on_unknown))
    await reaches(house, lost, MessageStatus.SENDING)
    await lose(house, session, lost)
    await house.gateway._cellar.database.write(came(house, session, await house.message(lost)))
    assert (await house.message(lost)).status is MessageStatus.DELIVERED
    await house.pass_time(EVIDENCE_MS // 1000 + 10)
    assert (await house.message(lost)).status is MessageStatus.DELIVERED
    assert texts(bob) == ["hello"]


async def lose(house: House, session: Session, message: Message) -> None:
    """Have the outcome of a message be unknown, as when an engine lost its keys while it was on its way."""
    receipts, scope = house.gateway.messaging._way_out._receipts, SessionScope(house.us.tenant, session.id, 0)
    lost = receipts.lose(scope, await house.message(message), "session_reset")
    await house.gateway._cellar.database.write(lost)


def came(house: House, session: Session, message: Message) -> Script[None]:
    """A receipt says that somebody has the message."""
    receipts, scope = house.gateway.messaging._way_out._receipts, SessionScope(house.us.tenant, session.id, 0)
    return receipts.move(scope, message, MessageStatus.DELIVERED, house.clock.now_ms())
