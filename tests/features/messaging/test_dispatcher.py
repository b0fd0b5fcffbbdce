"""From the outbox to the engine: in order, many at once, never too many, whatever fails."""

import asyncio
import random
from collections.abc import Callable
from itertools import pairwise

import pytest
from typing_extensions import override

from fixtures.rooms import QUICK, House, OpenHouse, eventually, until
from wagate.adapters.clock import ManualClock
from wagate.adapters.engines.fake import FakeEngine
from wagate.domain.jid import Jid
from wagate.domain.message import Message, MessageStatus
from wagate.domain.session import SessionState
from wagate.features.messaging.dispatcher import Dispatcher
from wagate.features.messaging.lane import IN_FLIGHT
from wagate.features.sessions.lines import LiveLine
from wagate.ports.clock import Clock
from wagate.ports.engine import Connection, Line, NotSent, Outgoing
from wagate.store import open_database
from wagate.store.scoped import SessionScope
from wagate.store.script import Script, sql


class Watch:
    """What the engine was asked to send, and how much at once. While ``gate`` is closed nothing gets through."""

    def __init__(self) -> None:
        self.asked: list[Outgoing] = []
        self.sending: set[Jid] = set()
        self.overlapped = False
        self.most = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.tickets = 1_000_000
        """So many more get through the gate."""
        self.fault: Callable[[Outgoing], None] = lambda _: None


class WatchedConnection(Connection):
    """Looks over a connection's shoulder."""

    def __init__(self, inner: Connection, watch: Watch) -> None:
        self._inner = inner
        self._watch = watch

    @override
    async def send(self, outgoing: Outgoing) -> None:
        watch = self._watch
        watch.asked.append(outgoing)
        watch.overlapped = watch.overlapped or outgoing.to in watch.sending
        watch.sending.add(outgoing.to)
        watch.most = max(watch.most, len(watch.sending))
        try:
            await watch.gate.wait()
            await until(lambda: watch.tickets > 0)
            watch.tickets -= 1
            watch.fault(outgoing)
            await self._inner.send(outgoing)
        finally:
            watch.sending.discard(outgoing.to)

    @override
    async def close(self) -> None:
        await self._inner.close()


class WatchedEngine(FakeEngine):
    """Makes watched connections."""

    watch: Watch

    @override
    async def connect(self, line: Line) -> Connection:
        return WatchedConnection(await super().connect(line), self.watch)


async def watched(open_house: OpenHouse, clock: Clock | None = None) -> tuple[House, Watch]:
    watch = Watch()

    def make(house: House) -> WatchedEngine:
        engine = WatchedEngine(house.service, house.clock, QUICK)
        engine.watch = watch
        return engine

    return await open_house(clock, make_engine=make), watch


def numbers(count: int) -> list[str]:
    return [f"551200000{number:04}" for number in range(count)]


async def reach(house: House, messages: list[Message], status: MessageStatus) -> None:
    async def there() -> bool:
        return all([(await house.message(message)).status is status for message in messages])

    await eventually(there)


async def test_a_chat_keeps_its_order_while_chats_do_not_wait_for_one_another(open_house: OpenHouse) -> None:
    house, watch = await watched(open_house)
    session, _ = await house.paired()
    watch.gate.clear()
    phones = [house.service.phone(number) for number in numbers(5)]
    for n in range(40):
        await house.send(session, phones[n % 5], str(n))
    await until(lambda: len(watch.sending) == 5)
    watch.gate.set()
    await until(lambda: sum(len(phone.inbox) for phone in phones) == 40)
    for place, phone in enumerate(phones):
        assert [int(shown.text) for shown in phone.inbox] == list(range(place, 40, 5))
    assert not watch.overlapped


async def test_a_slow_chat_holds_up_nobody_else(open_house: OpenHouse) -> None:
    house, watch = await watched(open_house)
    session, _ = await house.paired()
    slow, quick = (house.service.phone(number) for number in numbers(2))
    stuck = asyncio.Event()
    watch.gate = asyncio.Event()
    first = await house.send(session, slow, "stuck")
    await until(lambda: slow.jid in watch.sending)
    stuck, watch.gate = watch.gate, asyncio.Event()
    watch.gate.set()
    later = [await house.send(session, quick, str(n)) for n in range(5)]
    await reach(house, later, MessageStatus.DELIVERED)
    assert (await house.message(first)).status is MessageStatus.QUEUED
    stuck.set()
    await reach(house, [first], MessageStatus.DELIVERED)


async def test_no_more_than_so_many_chats_send_at_once(open_house: OpenHouse) -> None:
    house, watch = await watched(open_house)
    session, _ = await house.paired()
    watch.gate.clear()
    sent = [await house.send(session, number) for number in numbers(IN_FLIGHT + 20)]
    await until(lambda: len(watch.sending) == IN_FLIGHT)
    watch.gate.set()
    await reach(house, sent, MessageStatus.DELIVERED)
    assert watch.most == IN_FLIGHT
    assert len(watch.asked) == IN_FLIGHT + 20


async def test_a_backlog_larger_than_memory_leaves_in_order_and_once(open_house: OpenHouse) -> None:
    house, watch = await watched(open_house)
    session, _ = await house.paired()
    await house.gateway.sessions.stop(house.us, session.id)
    phones = [house.service.phone(number) for number in numbers(3)]
    for n in range(200):
        await house.send(session, phones[n % 3], str(n))
    watch.gate.clear()
    await house.gateway.sessions.start(house.us, session.id)
    await until(lambda: len(watch.sending) == 3)
    for n in range(200, 230):  # and more comes while the backlog is being worked off
        await house.send(session, phones[n % 3], str(n))
    watch.gate.set()
    await until(lambda: sum(len(phone.inbox) for phone in phones) == 230)
    for place, phone in enumerate(phones):
        assert [int(shown.text) for shown in phone.inbox] == list(range(place, 230, 3))
    assert len(watch.asked) == 230
    assert not watch.overlapped


async def test_what_is_new_does_not_overtake_a_backlog_that_is_only_partly_read(open_house: OpenHouse) -> None:
    house, watch = await watched(open_house)
    session, _ = await house.paired()
    bob = house.service.phone("5511900000009")
    await house.gateway.sessions.stop(house.us, session.id)
    for n in range(150):
        await house.send(session, bob, str(n))
    watch.tickets = 30  # leaves room in memory, but not so much that the next page is read
    await house.gateway.sessions.start(house.us, session.id)
    await until(lambda: len(bob.inbox) == 30)
    for n in range(150, 155):
        await house.send(session, bob, str(n))
    await until(lambda: watch.tickets == 0)
    watch.tickets = 1_000
    await until(lambda: len(bob.inbox) == 155)
    assert [int(shown.text) for shown in bob.inbox] == list(range(155))
    assert len(watch.asked) == 155


class Sink(Connection):
    """Takes everything, and starts nothing."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    @override
    async def send(self, outgoing: Outgoing) -> None:
        self.taken.append(outgoing.content.text)

    @override
    async def close(self) -> None:
        """Nothing to close."""


async def test_what_is_found_in_the_backlog_and_as_new_is_taken_once(house: House) -> None:
    """A line comes up in the very moment at which a message is accepted."""
    session = await house.gateway.sessions.create(house.us)
    cellar = house.gateway._cellar
    ours = house.gateway.messaging._dispatcher
    dispatcher = Dispatcher(cellar.database, ours._handover, ours._receipts, ours._accounts, house.clock)
    sink = Sink()
    async with asyncio.TaskGroup() as group:
        group.create_task(dispatcher.run())
        for n in range(20):
            await house.send(session, "+5511900000009", str(n))
            dispatcher.line_up(LiveLine(SessionScope(house.us.tenant, session.id, 1), sink))
            await until(lambda n=n: str(n) in sink.taken)  # type: ignore[misc]  # a lambda's default
            dispatcher.line_down(session.id)
            taken, sink.taken[:] = list(sink.taken), []
            assert taken == [str(earlier) for earlier in range(n + 1)]
        dispatcher.close()


async def test_one_sessions_backlog_does_not_keep_another_waiting(open_house: OpenHouse) -> None:
    house, watch = await watched(open_house)
    busy, _ = await house.paired("busy", "5511900000001")
    calm, _ = await house.paired("calm", "5511900000002")
    watch.gate.clear()
    for number in numbers(150):
        await house.send(busy, number)
    await until(lambda: len(watch.sending) == IN_FLIGHT)
    watch.gate, held = asyncio.Event(), watch.gate
    watch.gate.set()
    message = await house.send(calm, "5511900000009")
    await reach(house, [message], MessageStatus.DELIVERED)
    held.set()
    await eventually(lambda: queue_is_empty(house))


_QUEUED = sql("SELECT COUNT(*) AS queued FROM outbox")


async def queue_is_empty(house: House) -> bool:
    def script() -> Script[bool]:
        rows = yield _QUEUED()
        return bool(rows[0]["queued"] == 0)

    outside = await open_database(house.url)
    empty = await outside.read(script())
    await outside.close()
    return empty


async def test_what_was_not_sent_is_tried_again_later_and_later(open_house: OpenHouse) -> None:
    clock = ManualClock()
    house, watch = await watched(open_house, clock)
    session, _ = await house.paired()
    bob = house.service.phone("5511900000009")

    moments: list[float] = []

    def fault(_: Outgoing) -> None:
        moments.append(clock.monotonic())
        raise NotSent("no keys yet")

    watch.fault = fault
    messages = [await house.send(session, bob, str(n)) for n in range(3)]

    async def tried() -> bool:
        await house.pass_time(1.0)
        return len(moments) >= 5

    await eventually(tried)
    pauses = [later - earlier for earlier, later in pairwise(moments)]
    assert all(pause >= 0.4 * 2**tries for tries, pause in enumerate(pauses))
    assert {outgoing.content.text for outgoing in watch.asked} == {"0"}  # nothing overtakes it
    assert {(await house.message(message)).status for message in messages} == {MessageStatus.QUEUED}
    watch.fault = lambda _: None

    async def gone() -> bool:
        await house.pass_time(1.0)
        return len(bob.inbox) == 3

    await eventually(gone)
    assert [shown.text for shown in bob.inbox] == ["0", "1", "2"]


async def test_a_line_that_comes_back_does_not_wait_for_the_next_try(open_house: OpenHouse) -> None:
    house, watch = await watched(open_house)
    session, phone = await house.paired()
    bob = house.service.phone("5511900000009")
    house.service.faults.refuse_login = True
    house.service.drop(phone)
    await house.reaches(session, SessionState.DISCONNECTED)
    message = await house.send(session, bob)
    house.service.faults.refuse_login = False
    await reach(house, [message], MessageStatus.DELIVERED)
    assert len(watch.asked) == 1


async def test_what_never_can_be_sent_fails_and_the_next_one_goes_out(house: House) -> None:
    session, _ = await house.paired()
    house.service.absent.add(Jid.from_phone("5511900000009"))
    message = await house.send(session, "+5511900000009")
    await reach(house, [message], MessageStatus.FAILED)
    found = await house.message(message)
    assert found.failure is not None
    assert found.failure.code == "recipient_not_on_whatsapp"
    assert await queue_is_empty(house)
    house.service.absent.clear()
    await reach(house, [await house.send(session, "+5511900000009")], MessageStatus.DELIVERED)


async def test_an_engines_mistake_over_one_message_does_not_block_the_chat_for_ever(open_house: OpenHouse) -> None:
    clock = ManualClock()
    house, watch = await watched(open_house, clock)
    session, _ = await house.paired()
    bob = house.service.phone("5511900000009")

    def fault(outgoing: Outgoing) -> None:
        if outgoing.content.text == "poison":
            raise KeyError("x")

    watch.fault = fault
    poison = await house.send(session, bob, "poison")
    good = await house.send(session, bob, "good")
    await until(lambda: watch.asked)

    async def given_up() -> bool:
        await house.pass_time(1.0)
        return (await house.message(poison)).status is MessageStatus.FAILED

    await eventually(given_up)
    await reach(house, [good], MessageStatus.DELIVERED)
    failure = (await house.message(poison)).failure
    assert failure is not None
    assert (failure.code, failure.retryable) == ("engine_failed", True)
    assert [outgoing.content.text for outgoing in watch.asked] == ["poison"] * 5 + ["good"]


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
async def test_commits_that_fail_delay_messages_and_lose_or_double_none(open_house: OpenHouse, share: float) -> None:
    chance = random.Random(round(share * 100))
    failed = 0
    armed = False

    def before_commit() -> None:
        nonlocal failed
        if armed and (chance.random() < share or not failed):
            failed += 1
            raise OSError("disk full")

    house = await open_house(before_commit=before_commit)
    session, phone = await house.paired()
    bob = house.service.phone("5511900000009")
    await house.gateway.sessions.stop(house.us, session.id)
    for n in range(15):
        await house.send(session, bob, str(n))
    await house.gateway.sessions.start(house.us, session.id)
    armed = True
    bob.type(phone, "and one that comes in")
    await until(lambda: len(bob.inbox) >= 15, within_s=30)
    armed = False
    assert failed
    await eventually(lambda: queue_is_empty(house))
    assert [shown.text for shown in bob.inbox] == [str(n) for n in range(15)]
    await eventually(lambda: house.events("message.received"))
    assert len(await house.events("message.received")) == 1


async def test_a_session_that_was_logged_out_does_not_know_what_became_of_what_it_was_sending(house: House) -> None:
    session, phone = await house.paired()
    bob = house.service.phone("5511900000009")
    bob.auto_deliver = False
    house.service.faults.withhold_acks = True
    sending = await house.send(session, bob, "handed over")
    await reach(house, [sending], MessageStatus.SENDING)
    await house.gateway.sessions.stop(house.us, session.id)
    waiting = await house.send(session, bob, "still here")
    await house.gateway.sessions.logout(house.us, session.id)
    found = await house.message(sending)
    assert (found.status, found.status_reason) == (MessageStatus.UNKNOWN, "session_reset")
    (event,) = await house.events("message.unknown")
    assert event.data["id"] == sending.id
    house.service.faults.withhold_acks = False
    bob.auto_deliver = True
    await house.gateway.sessions.start(house.us, session.id)
    phone.scan((await house.qr(session)).text)
    await reach(house, [waiting], MessageStatus.DELIVERED)
    assert (await house.message(sending)).status is MessageStatus.UNKNOWN


def tried_before(message: Message) -> Script[None]:
    yield sql("UPDATE outbox SET attempt = 1 WHERE message_id = :message")(message=message.id)


async def test_only_what_no_engine_ever_answered_for_is_called_a_first_try(open_house: OpenHouse) -> None:
    house, watch = await watched(open_house)
    session, _ = await house.paired()
    await house.gateway.sessions.stop(house.us, session.id)
    again, new = [await house.send(session, number) for number in numbers(2)]
    await house.gateway._cellar.database.write(tried_before(again))
    await house.gateway.sessions.start(house.us, session.id)
    await reach(house, [again, new], MessageStatus.DELIVERED)
    assert {outgoing.message: outgoing.is_first for outgoing in watch.asked} == {again.id: False, new.id: True}
