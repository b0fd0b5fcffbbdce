from pathlib import Path

import pytest
from typing_extensions import override

from fixtures.rooms import House, OpenHouse, eventually, until
from wagate.adapters.clock import ManualClock
from wagate.adapters.engines.fake import FakeEngine
from wagate.bootstrap import build
from wagate.domain.errors import StorageUnavailable
from wagate.domain.session import Reason, SessionState
from wagate.features.access import EVERY_SCOPE, Principal
from wagate.settings import Settings
from wagate.store.folder import DataInUse


async def test_what_ran_runs_again_and_what_was_stopped_stays_stopped(house: House) -> None:
    running, _ = await house.paired("running", "5511900000001")
    stopped, _ = await house.paired("stopped", "5511900000002")
    await house.gateway.sessions.stop(house.us, stopped.id)
    await house.restart()
    await house.reaches(running, SessionState.CONNECTED)
    assert await house.state(stopped) is SessionState.STOPPED
    assert house.service.logins == 3


async def test_a_clean_stop_says_that_the_gateway_was_stopped(house: House) -> None:
    session, _ = await house.paired()
    await house.restart()
    await house.reaches(session, SessionState.CONNECTED)
    told = [(event.data["state"], event.data["reason"]) for event in await house.events("session.state")]
    assert told[-4:] == [
        ("disconnected", {"code": "gateway_stopped", "detail": ""}),
        ("starting", None),
        ("connecting", None),
        ("connected", None),
    ]


async def test_an_unpaired_session_shows_no_code_after_a_restart(house: House) -> None:
    session = await house.gateway.sessions.create(house.us)
    await house.gateway.sessions.start(house.us, session.id)
    await house.qr(session)
    told = await eventually(lambda: house.events("session.qr"))
    await house.restart()
    found = await house.gateway.sessions.get(house.us, session.id)
    assert (found.state, found.reason) == (SessionState.STOPPED, Reason("not_paired"))
    assert await house.events("session.qr") == told
    assert house.service.codes == {}


async def test_many_sessions_come_back_at_the_pace_of_the_gate(open_house: OpenHouse) -> None:
    clock = ManualClock()
    house = await open_house(clock)
    sessions = [(await house.paired(f"s{n}", f"551190000{n:04}"))[0] for n in range(5)]
    await house.close()
    house.settings.update(login_rate=2.0, login_burst=2)
    await house.open()
    await until(lambda: house.gateway.restored)
    await until(lambda: house.service.logins == 5 + 2)
    for expected in (3, 4, 5):
        clock.turn(0.5)
        await until(lambda expected=expected: house.service.logins == 5 + expected)  # type: ignore[misc]  # mypy cannot infer a lambda's default
    for session in sessions:
        await house.reaches(session, SessionState.CONNECTED)


class RenamedEngine(FakeEngine):
    """Another engine."""

    @property
    @override
    def name(self) -> str:
        return "other"


async def test_a_session_whose_engine_is_gone_is_reported(house: House) -> None:
    session, _ = await house.paired()
    await house.close()
    house.make_engine = lambda house: RenamedEngine(house.service, house.clock)
    await house.open()
    found = await house.reaches(session, SessionState.FAILED)
    assert found.reason == Reason("engine_failed", "This gateway has no engine 'fake'")


async def test_a_second_gateway_on_the_same_data_refuses(house: House) -> None:
    with pytest.raises(DataInUse, match="in use by the process"):
        await build(Settings(data=house.data, database_url=house.url))
    await house.paired()  # the first one is none the worse


async def test_a_gateway_that_cannot_open_its_database_lets_go_of_everything(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", database_url="postgresql://nobody@127.0.0.1:1/nothing")
    for _ in range(2):  # a lock left behind would make the second failure another one
        with pytest.raises(StorageUnavailable, match="could not be brought up to date"):
            await build(settings)


async def test_the_admin_key_is_shown_once_and_works(house: House) -> None:
    issued = house.gateway.first_key
    assert issued is not None
    assert await house.gateway.access.authenticate(issued.secret) == Principal(
        house.us.tenant, EVERY_SCOPE, issued.key.id
    )
    await house.restart()
    assert house.gateway.first_key is None
    assert (await house.gateway.access.authenticate(issued.secret)).tenant == house.us.tenant


async def test_a_running_gateway_can_write_and_a_stopped_one_cannot(open_house: OpenHouse) -> None:
    trouble: list[Exception] = []

    def before_commit() -> None:
        if trouble:
            raise trouble[0]

    house = await open_house(before_commit=before_commit)
    assert await house.gateway.can_write()
    trouble.append(OSError("disk full"))
    assert not await house.gateway.can_write()
    trouble.clear()
    assert await house.gateway.can_write()
    gateway = house.gateway
    await house.close()
    assert not await gateway.can_write()
    await gateway.stop()
