"""Accounts that keep a pace, a day and quiet hours, and that are slowed down when WhatsApp says so."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from features.messaging.test_queue import reaches, send, texts
from fixtures.rooms import House, OpenHouse, eventually
from wagate.adapters.clock import ManualClock
from wagate.domain.conditions import Conditions, Priority
from wagate.domain.message import Message, MessageStatus
from wagate.domain.pacing import UNPACED, QuietHours
from wagate.domain.session import Session, SessionState

BOB, ANA = "5511900000002", "5511900000003"
NOON = round(datetime(2026, 12, 1, 15, tzinfo=UTC).timestamp() * 1000)
"""In São Paulo."""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


async def paced(open_house: OpenHouse, clock: ManualClock, **pacing: object) -> tuple[House, Session]:
    """A house with a connected session that keeps such a pace."""
    rules = {name: getattr(UNPACED, name) for name in ("per_minute", "bulk_per_minute", "chat_gap_s", "checks_numbers")}
    house = await open_house(clock)
    session, _ = await house.paired()
    await house.gateway.sessions.update(house.us, session.id, settings={"pacing": {**rules, **pacing}})
    await house.gateway.sessions.restart(house.us, session.id)
    return house, await house.reaches(session, session.state)


async def put_off(house: House, message: Message, reason: str) -> Message:
    async def there() -> Message | None:
        found = await house.message(message)
        return found if found.status_reason == reason else None

    found = await eventually(there)
    assert found.status is MessageStatus.SCHEDULED
    return found


async def test_messages_leave_at_their_pace_in_their_order(open_house: OpenHouse, clock: ManualClock) -> None:
    house, session = await paced(open_house, clock, per_minute=20, burst=1)
    bob = house.service.phone(BOB)
    sent = [await send(house, session, bob, str(number)) for number in range(30)]
    await house.pass_time(58)
    assert 15 <= len(bob.inbox) <= 20
    place = await house.gateway.queues.place(house.us, await house.message(sent[-1]))
    assert place is not None
    assert 9 <= place.position <= 15
    assert place.expected_at is not None
    assert 20_000 <= place.expected_at - clock.now_ms() <= 60_000
    await house.pass_time(60)
    assert texts(bob) == [str(number) for number in range(30)]


async def test_a_restart_does_not_burst(open_house: OpenHouse, clock: ManualClock) -> None:
    house, session = await paced(open_house, clock, per_minute=20)
    bob = house.service.phone(BOB)
    for number in range(40):
        await send(house, session, bob, str(number))
    await house.pass_time(45)
    before = len(bob.inbox)
    await house.close()
    await house.open()
    await house.reaches(session, session.state)
    await house.pass_time(10)
    assert before >= 12
    assert len(bob.inbox) <= 20
    await house.pass_time(100)
    assert texts(bob) == [str(number) for number in range(40)]


async def test_urgent_messages_take_the_next_slot_and_bulk_its_own(open_house: OpenHouse, clock: ManualClock) -> None:
    house, session = await paced(open_house, clock, per_minute=20, bulk_per_minute=3, burst=1)
    bob, ana = house.service.phone(BOB), house.service.phone(ANA)
    for number in range(10):
        await send(house, session, ana, f"bulk {number}", Conditions(priority=Priority.BULK))
        await send(house, session, bob, f"normal {number}")
    await house.pass_time(6)
    urgent = await send(house, session, bob, "urgent", Conditions(priority=Priority.URGENT))
    await house.pass_time(5)
    assert (await house.message(urgent)).status is MessageStatus.DELIVERED
    await house.pass_time(49)
    assert len(ana.inbox) <= 3
    assert 9 <= len(bob.inbox) <= 11


async def test_at_night_only_the_urgent_go(open_house: OpenHouse, clock: ManualClock) -> None:
    house, session = await paced(open_house, clock, quiet_hours=QuietHours(time(11), time(14, 30)))
    bob = house.service.phone(BOB)
    waiting = await send(house, session, bob, "not now")
    asleep = await put_off(house, waiting, "quiet_hours")
    assert asleep.due_at == NOON + 150 * 60_000
    urgent = await send(house, session, bob, "fire", Conditions(priority=Priority.URGENT))
    await reaches(house, urgent, MessageStatus.DELIVERED)
    clock.turn(151 * 60)
    await reaches(house, waiting, MessageStatus.DELIVERED)
    assert texts(bob) == ["fire", "not now"]


async def test_a_day_has_an_end(open_house: OpenHouse, clock: ManualClock) -> None:
    house, session = await paced(open_house, clock, per_day=2)
    bob = house.service.phone(BOB)
    sent = [await send(house, session, bob, str(number)) for number in range(4)]
    late = [await put_off(house, message, "daily_cap") for message in sent[2:]]
    assert {message.due_at for message in late} == {NOON + 9 * 3_600_000}
    assert texts(bob) == ["0", "1"]
    await house.restart()
    await house.reaches(session, session.state)
    more = await put_off(house, await send(house, session, bob, "4"), "daily_cap")
    clock.turn(9 * 3600)
    for message in late:
        await reaches(house, message, MessageStatus.DELIVERED)
    assert texts(bob) == ["0", "1", "2", "3"]
    assert (await house.message(more)).status is MessageStatus.SCHEDULED


async def test_only_so_many_strangers_a_day(open_house: OpenHouse, clock: ManualClock) -> None:
    house, session = await paced(open_house, clock, cold_per_day=1)
    bob, ana = house.service.phone(BOB), house.service.phone(ANA)
    first = await send(house, session, bob)
    await reaches(house, first, MessageStatus.DELIVERED)
    await put_off(house, await send(house, session, ana), "cold_cap")
    again = await send(house, session, bob, "we know each other")
    await reaches(house, again, MessageStatus.DELIVERED)


async def test_who_is_not_on_whatsapp_is_found_out_before(open_house: OpenHouse, clock: ManualClock) -> None:
    house, session = await paced(open_house, clock, checks_numbers=True)
    nobody = house.service.phone("5511900000099")
    house.service.absent.add(nobody.jid)
    failed = await reaches(house, await send(house, session, nobody), MessageStatus.FAILED)
    assert failed.failure is not None
    assert failed.failure.code == "recipient_not_on_whatsapp"


async def test_when_whatsapp_asks_to_send_less_less_is_sent_until_it_is_calm_again(
    open_house: OpenHouse, clock: ManualClock
) -> None:
    house, session = await paced(open_house, clock, per_minute=20)
    bob = house.service.phone(BOB)
    house.service.faults.refuse_with = "rate_limited"
    refused = await send(house, session, bob, "refused")

    async def again() -> bool:
        return (await house.message(refused)).status_reason == "rate_limited"

    await eventually(again)
    house.service.faults.refuse_with = None
    health = (await house.gateway.queues.state(house.us, session.id)).health
    assert (health.factor, health.reasons) == (0.5, ("rate_limited",))
    assert health.paused_until == pytest.approx(clock.now_ms() + 60_000, abs=5_000)
    held = await put_off(house, await send(house, session, house.service.phone(ANA), "held"), "account_limited")
    await reaches(house, refused, MessageStatus.DELIVERED)
    await reaches(house, held, MessageStatus.DELIVERED)
    clock.turn(31 * 60)
    await house.pass_time(3)
    assert (await house.gateway.queues.state(house.us, session.id)).health.factor == 1.0
    events = [event.type.value for event in await house.events("account.*")]
    assert events == ["account.limited", "account.recovered"]


async def test_a_number_that_was_suspended_sends_little_when_it_is_back(
    open_house: OpenHouse, clock: ManualClock
) -> None:
    house, session = await paced(open_house, clock, per_minute=20)
    await reaches(house, await send(house, session, house.service.phone(BOB)), MessageStatus.DELIVERED)
    shop = house.service.phone("5511900000001")
    house.service.ban(shop)
    await house.reaches(session, SessionState.BANNED)

    async def is_limited() -> bool:
        return (await house.gateway.queues.state(house.us, session.id)).health.reasons == ("banned",)

    await eventually(is_limited)
    house.service.pardon(shop)
    clock.turn(2 * 3600)
    await house.gateway.sessions.start(house.us, session.id)
    await house.reaches(session, SessionState.CONNECTED)
    await put_off(house, await send(house, session, house.service.phone(ANA), "a stranger"), "account_limited")
    await reaches(house, await send(house, session, house.service.phone(BOB), "a friend"), MessageStatus.DELIVERED)
    assert [event.type.value for event in await house.events("account.*")] == ["account.limited"]
