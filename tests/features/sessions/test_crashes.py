"""What becomes of a session when its engine, its keys, its line or its owner fail."""

from collections.abc import Callable

import pytest
from typing_extensions import override

from fixtures.rooms import QUICK, House, OpenHouse, eventually, until
from wagate.adapters.clock import ManualClock
from wagate.adapters.engines.fake import FakeEngine
from wagate.adapters.engines.fake.frames import Ended
from wagate.domain.errors import StorageUnavailable
from wagate.domain.session import Reason, Session, SessionState
from wagate.features.journal import Journal
from wagate.features.sessions.sealed_settings import SettingsBox
from wagate.features.sessions.states import States
from wagate.ports.engine import Connection, Line
from wagate.ports.news import LineNews, StateChanged
from wagate.store import open_database
from wagate.store.leases import RENEWAL_S
from wagate.store.scoped import SessionScope
from wagate.store.script import Script, sql
from wagate.store.sealed import MasterKey, Sealer


class BrittleEngine(FakeEngine):
    """Crashes when it is told to: ``crash`` breaks a line, ``broken`` every new one."""

    broken = False
    report: Callable[[LineNews], None]

    @override
    async def connect(self, line: Line) -> Connection:
        self.report = line.report
        if self.broken:
            raise RuntimeError("out of cheese")
        return await super().connect(line)

    def crash(self) -> None:
        self.report(StateChanged(SessionState.FAILED, Reason("engine_failed", "KeyError('x')")))


async def brittle(open_house: OpenHouse) -> tuple[House, BrittleEngine, ManualClock]:
    clock = ManualClock()
    engines: list[BrittleEngine] = []

    def make(house: House) -> BrittleEngine:
        engines.append(BrittleEngine(house.service, house.clock, QUICK))
        return engines[-1]

    house = await open_house(clock, make_engine=make)
    return house, engines[0], clock


async def test_a_crashed_engine_is_started_again(open_house: OpenHouse) -> None:
    house, engine, clock = await brittle(open_house)
    session, _ = await house.paired()
    engine.crash()
    found = await house.reaches(session, SessionState.DISCONNECTED)
    assert found.reason == Reason("engine_failed", "KeyError('x'); it is started again in 1 s (1 of 5)")
    clock.turn(1.0)
    await house.reaches(session, SessionState.CONNECTED)


async def test_an_engine_that_keeps_crashing_is_given_up(open_house: OpenHouse) -> None:
    house, engine, clock = await brittle(open_house)
    session, _ = await house.paired()
    engine.broken = True
    engine.crash()
    for crash in range(2, 7):
        clock.turn(16.0)

        async def told(crash: int = crash) -> bool:
            found = await house.gateway.sessions.get(house.us, session.id)
            return found.state is SessionState.FAILED or f"({crash} of 5)" in (found.reason or Reason("")).detail

        await eventually(told)
    found = await house.reaches(session, SessionState.FAILED)
    assert found.reason == Reason("engine_failed", "RuntimeError('out of cheese')")
    engine.broken = False
    clock.turn(1000.0)
    await house.gateway.sessions.start(house.us, session.id)
    await house.reaches(session, SessionState.CONNECTED)


async def test_a_stop_wins_over_a_start_that_was_planned(open_house: OpenHouse) -> None:
    house, engine, clock = await brittle(open_house)
    session, _ = await house.paired()
    engine.crash()
    await house.reaches(session, SessionState.DISCONNECTED)
    assert (await house.gateway.sessions.stop(house.us, session.id)).state is SessionState.STOPPED
    clock.turn(60.0)
    other, _ = await house.paired("other", "5511900000002")  # takes longer than the supervisor's look at its plans
    await house.gateway.sessions.restart(house.us, other.id)
    await house.reaches(other, SessionState.CONNECTED)
    assert await house.state(session) is SessionState.STOPPED


_DAMAGE = sql("UPDATE vault_record SET data = :data WHERE session_id = :session")
_RECORDS = sql("SELECT address, data FROM vault_record WHERE session_id = :session ORDER BY kind, address")
_STEAL = sql("UPDATE session SET owner = 'nod_OTHER', epoch = epoch + 1 WHERE id = :session")


_END_LEASES = sql("UPDATE node SET expires_at = 0")


def end_leases() -> Script[None]:
    yield _END_LEASES()


def damage(session: Session) -> Script[None]:
    yield _DAMAGE(data=b"\x01garbage", session=session.id)


def records(session: Session) -> Script[list[tuple[str, bytes]]]:
    return [(row["address"], bytes(row["data"])) for row in (yield _RECORDS(session=session.id))]


_LOGGED_OUT = sql("UPDATE session SET state = 'logged_out', me_phone = NULL, me_lid = NULL WHERE id = :session")


def pretend_logged_out(session: Session) -> Script[None]:
    yield _LOGGED_OUT(session=session.id)


def steal(session: Session) -> Script[None]:
    yield _STEAL(session=session.id)


async def test_damaged_keys_are_reported_and_left_as_they_are(house: House) -> None:
    session, phone = await house.paired()
    shown = await house.events("session.qr")
    await house.close()
    outside = await open_database(house.url)
    await outside.write(damage(session))
    before = await outside.read(records(session))
    await house.open()
    found = await house.reaches(session, SessionState.FAILED)
    assert found.reason is not None
    assert found.reason.code == "credentials_corrupt"
    await house.restart()
    assert await house.state(session) is SessionState.FAILED
    await house.gateway.sessions.start(house.us, session.id)
    await house.reaches(session, SessionState.FAILED)
    assert await outside.read(records(session)) == before
    assert before
    await outside.close()
    assert await house.events("session.qr") == shown
    await house.gateway.sessions.logout(house.us, session.id)
    await house.gateway.sessions.start(house.us, session.id)
    phone.scan((await house.qr(session)).text)
    await house.reaches(session, SessionState.CONNECTED)


async def test_a_line_whose_session_was_taken_over_is_dropped_and_writes_nothing(house: House) -> None:
    session, phone = await house.paired()
    outside = await open_database(house.url)
    await outside.write(steal(session))
    await outside.close()
    house.service.drop(phone)  # what the engine reports now meets the other owner's epoch

    async def told_anew() -> list[object] | None:
        await house.gateway.sessions.start(house.us, session.id)
        told = [event.data["state"] for event in await house.events("session.state")]
        anew = told[told.index("connected") + 1 :]
        return anew if "connected" in anew else None

    # The line may log in once more before it learns that the session is not its own; of that it writes nothing.
    assert await eventually(told_anew) == ["starting", "connecting", "connected"]


async def test_keys_of_a_device_that_was_removed_are_thrown_away_at_once(house: House) -> None:
    session, phone = await house.paired()
    outside = await open_database(house.url)
    assert await outside.read(records(session))
    phone.unlink()

    async def gone() -> bool:
        return not await outside.read(records(session))

    await eventually(gone)
    await outside.close()


async def test_keys_that_outlived_a_logout_are_thrown_away_before_the_next_start(house: House) -> None:
    """The process died after it had written that the session is logged out, and before its keys were deleted."""
    session, phone = await house.paired()
    await house.close()
    outside = await open_database(house.url)
    await outside.write(pretend_logged_out(session))
    await outside.close()
    await house.open()
    await house.gateway.sessions.start(house.us, session.id)
    phone.scan((await house.qr(session)).text)  # it asks to be paired instead of logging in
    await house.reaches(session, SessionState.CONNECTED)
    assert len(phone.devices) == 2


@pytest.mark.parametrize(
    ("ended", "reason"),
    [
        (SessionState.BANNED, "banned"),
        (SessionState.REPLACED, "replaced"),
        (SessionState.OUTDATED, "client_outdated"),
    ],
)
async def test_a_final_state_stays_until_somebody_starts_the_session(
    house: House, ended: SessionState, reason: str
) -> None:
    session, phone = await house.paired()
    house.service.end(phone, Ended(ended, Reason(reason)))
    found = await house.reaches(session, ended)
    assert found.reason == Reason(reason)
    await house.restart()
    after = await house.gateway.sessions.get(house.us, session.id)
    assert (after.state, after.reason, after.state_since) == (found.state, found.reason, found.state_since)
    assert (await house.gateway.sessions.stop(house.us, session.id)).state is ended
    house.service.pardon(phone)
    await house.gateway.sessions.start(house.us, session.id)
    await house.reaches(session, SessionState.CONNECTED)


async def test_a_state_that_could_not_be_written_is_written_later(open_house: OpenHouse) -> None:
    is_full = False
    failed = 0

    def before_commit() -> None:
        nonlocal failed
        if is_full:
            failed += 1
            raise StorageUnavailable("disk full")

    house = await open_house(before_commit=before_commit)
    session, phone = await house.paired()
    is_full = True
    phone.unlink()
    await until(lambda: failed)
    is_full = False
    await house.reaches(session, SessionState.LOGGED_OUT)
    assert len(await house.events("session.logged_out")) == 1


async def test_the_same_state_twice_is_told_once(house: House) -> None:
    session = await house.gateway.sessions.create(house.us)
    outside = await open_database(house.url)
    states = States(Journal(outside, house.clock), house.clock, SettingsBox(Sealer(MasterKey.of(bytes(32)))))
    for reason in (Reason("not_paired"), Reason("banned"), Reason("banned"), Reason("banned", "for 5 s")):
        await outside.write(states.change(SessionScope(house.us.tenant, session.id, 0), session.state, reason))
    await outside.close()
    told = [event.data["reason"] for event in await house.events("session.state")]
    assert told == [{"code": "banned", "detail": ""}, {"code": "banned", "detail": "for 5 s"}]


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
async def test_a_lost_lease_drops_every_line_and_a_new_one_brings_them_back(open_house: OpenHouse) -> None:
    clock = ManualClock()
    house = await open_house(clock)
    session, phone = await house.paired()
    outside = await open_database(house.url)
    await outside.write(end_leases())
    await outside.close()
    clock.turn(RENEWAL_S)
    await until(lambda: phone.devices[0].link is None)

    async def back() -> bool:
        await clock.run(1.0)
        return house.service.logins == 2

    await eventually(back)
    await house.reaches(session, SessionState.CONNECTED)
