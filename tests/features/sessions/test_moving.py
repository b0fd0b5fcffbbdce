"""A session goes to another engine: one engine owns the device at any time, and its ratchet is never used twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from fixtures.carriers import Carrier, Ledger
from fixtures.rooms import House, OpenHouse, eventually, until
from wagate.adapters.engines.fake import FakeEngine, FakePhone
from wagate.adapters.engines.fake.engine import FEATURES
from wagate.domain.errors import Conflict, MoveFailed, SessionNotPaired, UnknownEngine, UnsupportedByEngine
from wagate.domain.message import Message, MessageStatus
from wagate.domain.session import Session, SessionState
from wagate.features.sessions.moving import Patience
from wagate.store import open_database
from wagate.store.script import Script, sql

_LATE_IDS = replace(FEATURES, chooses_message_id=False)
_MOVES = sql("SELECT session_id, phase FROM session_move")
_RECORDS = sql("SELECT kind FROM vault_record ORDER BY kind")


def moves() -> Script[list[str]]:
    return [row["phase"] for row in (yield _MOVES())]


def kinds() -> Script[list[str]]:
    return [row["kind"] for row in (yield _RECORDS())]


async def kept(house: House, script: Script[list[str]]) -> list[str]:
    database = await open_database(house.url)
    try:
        return await database.read(script)
    finally:
        await database.close()


async def opened(open_house: OpenHouse, ledger: Ledger) -> House:
    """A gateway whose engines `one` and `two` carry devices, and `fake` does not."""
    return await open_house(
        settings={"engine": "one"},
        make_engine=lambda house: Carrier(house, "one", ledger, FEATURES),
        more_engines=lambda house: [
            Carrier(house, "two", ledger, FEATURES),
            FakeEngine(house.service, house.clock),
        ],
        move_patience=Patience(outcomes_s=0.3, line_s=1.0),
    )


async def move(house: House, session: Session, engine: str = "two") -> Session:
    return await house.gateway.sessions.move(house.us, session.id, engine)


async def talks(house: House, session: Session, phone: FakePhone, word: str) -> None:
    """Messages go both ways, once each."""
    friend = house.service.phone("5511900000099", "Ana")
    message = await house.send(session, friend, f"out {word}")
    friend.type(phone, f"in {word}")
    await until(lambda: [shown.text for shown in friend.inbox].count(f"out {word}") == 1)
    await reaches(house, message, MessageStatus.DELIVERED)

    async def heard() -> bool:
        told = [event.data["text"] for event in await house.events("message.received")]
        return told.count(f"in {word}") == 1

    await eventually(heard)


async def reaches(house: House, message: Message, status: MessageStatus) -> None:
    async def there() -> bool:
        return (await house.message(message)).status is status

    await eventually(there)


async def test_a_session_moves_and_moves_back(open_house: OpenHouse) -> None:
    ledger = Ledger()
    house = await opened(open_house, ledger)
    session, phone = await house.paired()
    for engine in ("two", "one", "two"):
        moved = await move(house, session, engine)
        assert (moved.engine, moved.state) == (engine, SessionState.CONNECTED)
        assert moved.me == session.me
        await talks(house, session, phone, f"{engine} {len(ledger.used)}")
        assert not [kind for kind in await kept(house, kinds()) if not kind.startswith(engine)]
    assert ledger.by == ["two", "one", "two"]
    assert len(set(ledger.used)) == len(ledger.used) == 3
    assert await kept(house, moves()) == []
    told = [(event.data["previous"], event.data["engine"]) for event in await house.events("session.moved")]
    assert told == [("one", "two"), ("two", "one"), ("one", "two")]


async def test_a_stopped_session_moves_and_stays_stopped(open_house: OpenHouse) -> None:
    ledger = Ledger()
    house = await opened(open_house, ledger)
    session, phone = await house.paired()
    await house.gateway.sessions.stop(house.us, session.id)
    moved = await move(house, session)
    assert (moved.engine, moved.state) == ("two", SessionState.STOPPED)
    assert await kept(house, moves()) == ["settling"]
    await house.restart()
    assert await house.state(session) is SessionState.STOPPED
    await house.gateway.sessions.start(house.us, session.id)
    await talks(house, session, phone, "after")

    async def is_over() -> bool:
        return not await kept(house, moves())

    await eventually(is_over)
    assert not [kind for kind in await kept(house, kinds()) if kind.startswith("one")]


async def test_what_waits_is_sent_by_the_other_engine(open_house: OpenHouse) -> None:
    ledger = Ledger()
    house = await opened(open_house, ledger)
    session, _ = await house.paired()
    friend = house.service.phone("5511900000099", "Ana")
    await house.gateway.sessions.stop(house.us, session.id)
    messages = [await house.send(session, friend, f"text {number}") for number in range(3)]
    await move(house, session)
    await house.gateway.sessions.start(house.us, session.id)
    for message in messages:
        await reaches(house, message, MessageStatus.DELIVERED)
    assert [shown.text for shown in friend.inbox] == ["text 0", "text 1", "text 2"]


async def test_what_may_have_gone_out_is_not_sent_again(open_house: OpenHouse) -> None:
    ledger = Ledger()
    house = await opened(open_house, ledger)
    session, phone = await house.paired()
    friend = house.service.phone("5511900000099", "Ana")
    house.service.faults.withhold_acks = True
    friend.auto_deliver = False
    message = await house.send(session, friend, "once")
    await until(lambda: friend.inbox)
    await move(house, session)
    house.service.faults.withhold_acks = False
    found = await house.message(message)
    assert (found.status, found.status_reason) == (MessageStatus.UNKNOWN, "session_moved")
    friend.auto_deliver = True
    await talks(house, session, phone, "after")
    assert [shown.text for shown in friend.inbox].count("once") == 1


async def test_an_outcome_that_is_about_to_come_is_waited_for(open_house: OpenHouse) -> None:
    ledger = Ledger()
    house = await opened(open_house, ledger)
    session, _ = await house.paired()
    friend = house.service.phone("5511900000099", "Ana")
    messages = [await house.send(session, friend, f"text {number}") for number in range(20)]
    await move(house, session)
    for message in messages:
        await reaches(house, message, MessageStatus.DELIVERED)
    assert len(friend.inbox) == 20


async def test_a_copy_that_differs_is_thrown_away(open_house: OpenHouse) -> None:
    ledger = Ledger()
    house = await opened(open_house, ledger)
    session, phone = await house.paired()
    ledger.spoils = "two"
    with pytest.raises(MoveFailed, match=r"came out different \(registration_id\)"):
        await move(house, session)
    await house.reaches(session, SessionState.CONNECTED)
    assert await house.state(session) is SessionState.CONNECTED
    assert (await house.gateway.sessions.get(house.us, session.id)).engine == "one"
    assert await kept(house, moves()) == []
    assert not [kind for kind in await kept(house, kinds()) if kind.startswith("two")]
    await talks(house, session, phone, "still one")


async def test_an_engine_that_does_not_start_gives_the_session_back(open_house: OpenHouse) -> None:
    ledger = Ledger(broken={"two"})
    house = await opened(open_house, ledger)
    session, phone = await house.paired()
    with pytest.raises(MoveFailed, match=r"'two' cannot connect \(engine_failed: .*cheese.*'one' goes on"):
        await move(house, session)
    await house.reaches(session, SessionState.CONNECTED)
    await talks(house, session, phone, "still one")
    assert ledger.by == ["one"]
    assert await kept(house, moves()) == []
    ledger.broken.clear()
    assert (await move(house, session)).engine == "two"
    await talks(house, session, phone, "two at last")
    assert len(set(ledger.used)) == len(ledger.used)


async def test_a_device_is_not_carried_away_from_an_engine_that_may_still_use_it(open_house: OpenHouse) -> None:
    ledger = Ledger(clings={"one"})
    house = await opened(open_house, ledger)
    session, phone = await house.paired()
    await house.gateway.sessions.restart(house.us, session.id)
    await house.reaches(session, SessionState.CONNECTED)
    with pytest.raises(MoveFailed, match="'one' does not let go"):
        await move(house, session)
    await house.reaches(session, SessionState.CONNECTED)
    assert not [step for step in ledger.steps if step.startswith("export")]
    await talks(house, session, phone, "still one")


async def test_a_session_that_was_about_to_start_again_moves(open_house: OpenHouse) -> None:
    ledger = Ledger()
    house = await opened(open_house, ledger)
    session, phone = await house.paired()
    ledger.broken.add("one")
    await house.gateway.sessions.restart(house.us, session.id)
    await house.reaches(session, SessionState.DISCONNECTED)
    moved = await move(house, session)
    assert (moved.engine, moved.state) == ("two", SessionState.CONNECTED)
    await talks(house, session, phone, "two")
    assert "one" not in ledger.by


async def test_an_engine_that_has_used_a_key_keeps_the_session(open_house: OpenHouse) -> None:
    ledger = Ledger(breaks_late={"two"})
    house = await opened(open_house, ledger)
    session, phone = await house.paired()
    assert (await move(house, session)).engine == "two"
    ledger.breaks_late.clear()
    await house.reaches(session, SessionState.CONNECTED)
    await talks(house, session, phone, "two, later")
    assert set(ledger.by) == {"two"}
    assert len(set(ledger.used)) == len(ledger.used)


async def test_a_line_that_does_not_come_up_in_time_gives_the_session_back(open_house: OpenHouse) -> None:
    ledger = Ledger()
    house = await opened(open_house, ledger)
    session, phone = await house.paired()
    house.service.faults.refuse_login = True
    with pytest.raises(MoveFailed, match="'two' cannot connect"):
        await move(house, session)
    house.service.faults.refuse_login = False
    await house.reaches(session, SessionState.CONNECTED)
    await talks(house, session, phone, "still one")
    assert "two" not in ledger.by


async def test_a_session_is_never_started_with_the_engine_that_it_left(open_house: OpenHouse) -> None:
    ledger = Ledger()
    house = await opened(open_house, ledger)
    session, _ = await house.paired()
    await house.gateway.sessions.stop(house.us, session.id)
    await move(house, session)
    with pytest.raises(Conflict, match="moved to another engine meanwhile"):
        await house.gateway._cellar.supervisor.open(session)  # as somebody would who read the row before
    assert ledger.by == []


async def test_what_cannot_be_moved_is_refused(open_house: OpenHouse) -> None:
    ledger = Ledger()
    house = await opened(open_house, ledger)
    session, phone = await house.paired()
    with pytest.raises(UnknownEngine, match="no engine 'three'"):
        await move(house, session, "three")
    with pytest.raises(UnsupportedByEngine, match="'fake' has no linked device"):
        await move(house, session, "fake")
    unpaired = await house.gateway.sessions.create(house.us, name="unpaired")
    with pytest.raises(SessionNotPaired):
        await move(house, unpaired)
    assert (await move(house, session, "one")).engine == "one"
    await talks(house, session, phone, "undisturbed")


@pytest.mark.parametrize("is_running", [True, False])
async def test_a_gateway_that_dies_at_any_step_leaves_one_owner(open_house: OpenHouse, is_running: bool) -> None:
    """Each step of the engines in turn is the last one that this process makes."""
    ledger = Ledger()
    house = await opened(open_house, ledger)
    session, phone = await house.paired()
    if not is_running:
        await house.gateway.sessions.stop(house.us, session.id)
    target, at, engines = "two", 0, []
    while True:
        ledger.stop_at, ledger.stopped, ledger.steps = at, asyncio.Event(), []
        task = asyncio.get_running_loop().create_task(move(house, session, target))
        stopping = asyncio.get_running_loop().create_task(ledger.stopped.wait())
        await asyncio.wait([task, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        has_died = not task.done()
        task.cancel()
        await asyncio.wait([task])
        ledger.stop_at = None
        await house.restart()
        if not is_running:
            await house.gateway.sessions.start(house.us, session.id)
        await house.reaches(session, SessionState.CONNECTED)
        await talks(house, session, phone, f"after {at} to {target}")
        engine = (await house.gateway.sessions.get(house.us, session.id)).engine
        engines.append(engine)
        assert len(set(ledger.used)) == len(ledger.used)

        async def is_over(engine: str = engine) -> bool:
            left = [kind for kind in await kept(house, kinds()) if not kind.startswith(engine)]
            return not left and not await kept(house, moves())

        await eventually(is_over)
        if not has_died:
            break
        target = "one" if engine == "two" else "two"
        if not is_running:
            await house.gateway.sessions.stop(house.us, session.id)
        at += 1
    assert set(engines) == {"one", "two"}
    assert at >= 5


@pytest.mark.parametrize("good", range(0, 12, 2))
async def test_a_database_that_goes_away_at_any_commit_leaves_one_owner(open_house: OpenHouse, good: int) -> None:
    ledger = Ledger()
    house = await opened(open_house, ledger)
    session, phone = await house.paired()
    commits = None

    def before_commit() -> None:
        nonlocal commits
        if commits is not None:
            commits -= 1
            if commits < 0:
                raise RuntimeError("the disk is gone")

    await house.close()
    house.before_commit = before_commit
    await house.open()
    await house.reaches(session, SessionState.CONNECTED)
    commits = good
    task = asyncio.get_running_loop().create_task(move(house, session))
    await asyncio.wait([task], timeout=5.0)
    task.cancel()
    await asyncio.wait([task])
    commits = None
    await house.restart()
    await house.reaches(session, SessionState.CONNECTED)
    await talks(house, session, phone, "after")
    assert len(set(ledger.used)) == len(ledger.used)
