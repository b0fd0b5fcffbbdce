"""The small parts of the room that need no gateway."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from wagate.adapters.clock import ManualClock
from wagate.domain.ids import SessionId
from wagate.domain.moments import iso
from wagate.domain.session import ChatFilters, DevicePlatform, SessionSettings
from wagate.features.sessions.login_gate import LoginGate
from wagate.features.sessions.sealed_settings import UNREADABLE, SettingsBox
from wagate.features.sessions.shape import masked
from wagate.features.sessions.turns import Turns
from wagate.store.sealed import MasterKey, Sealer

SESSION, OTHER = SessionId("ses_1"), SessionId("ses_2")


async def test_the_gate_lets_a_burst_through_and_spaces_the_rest() -> None:
    clock = ManualClock()
    gate = LoginGate(clock, rate=10.0, burst=10)
    passed: list[float] = []

    async def log_in() -> None:
        await gate()
        passed.append(clock.monotonic())

    async with asyncio.TaskGroup() as group:
        for _ in range(30):
            group.create_task(log_in())
        await clock.run(2.5)
    assert passed[:10] == [0.0] * 10
    assert [round(moment, 6) for moment in passed[10:]] == [round(n / 10, 6) for n in range(1, 21)]


async def test_the_gate_forgets_the_past_after_a_rest() -> None:
    clock = ManualClock()
    gate = LoginGate(clock, rate=1.0, burst=2)
    await gate()
    await gate()
    clock.turn(10.0)
    await gate()
    await gate()
    assert clock.sleepers == 0


async def test_a_lifted_gate_holds_nobody() -> None:
    gate = LoginGate(ManualClock(), rate=0.0, burst=1)
    async with asyncio.timeout(1):
        for _ in range(1000):
            await gate()


@given(rate=st.floats(0.5, 50), burst=st.integers(1, 20), arrivals=st.lists(st.floats(0, 3), max_size=40))
def test_no_second_sees_more_than_the_rate_and_the_burst(rate: float, burst: int, arrivals: list[float]) -> None:
    clock = ManualClock()
    gate = LoginGate(clock, rate, burst)
    passed: list[float] = []

    async def log_in(at: float) -> None:
        await clock.sleep(at)
        await gate()
        passed.append(clock.monotonic())

    async def everybody() -> None:
        async with asyncio.TaskGroup() as group:
            for at in arrivals:
                group.create_task(log_in(at))
            await clock.run(3.0 + len(arrivals) / rate + 1.0)

    asyncio.run(everybody())
    assert len(passed) == len(arrivals)
    for start in passed:
        assert sum(start <= moment < start + 1.0 - 1e-9 for moment in passed) <= burst + rate + 1


async def test_turns_are_taken_one_after_the_other_and_leave_nothing_behind() -> None:
    turns = Turns()
    log: list[str] = []

    async def work(session: SessionId, name: str) -> None:
        async with turns.of(session):
            log.append(f"{name} begins")
            await asyncio.sleep(0)
            log.append(f"{name} ends")

    await asyncio.gather(work(SESSION, "a"), work(SESSION, "b"), work(OTHER, "c"))
    assert log == ["a begins", "c begins", "a ends", "c ends", "b begins", "b ends"]
    assert turns.held == 0


def test_a_proxy_is_sealed_and_opens_only_in_its_own_session() -> None:
    box = SettingsBox(Sealer(MasterKey.of(bytes(32))))
    settings = SessionSettings("http://user:hunter2@127.0.0.1:8080")
    written = box.write(SESSION, settings)
    assert "hunter2" not in written
    assert box.read(SESSION, written) == settings
    assert box.read(OTHER, written) == SessionSettings(UNREADABLE)
    other = SettingsBox(Sealer(MasterKey.of(bytes(31) + b"\x01")))
    assert other.read(SESSION, written) == SessionSettings(UNREADABLE)
    assert box.read(SESSION, box.write(SESSION, SessionSettings())) == SessionSettings()


def test_every_setting_survives_its_row_and_defaults_take_no_room() -> None:
    box = SettingsBox(Sealer(MasterKey.of(bytes(32))))
    settings = SessionSettings(
        "http://h:1", "Shop", DevicePlatform.EDGE, True, True, False, ChatFilters(groups=False, status=False)
    )
    assert box.read(SESSION, box.write(SESSION, settings)) == settings
    assert box.write(SESSION, SessionSettings()) == "{}"
    assert box.write(SESSION, SessionSettings(always_online=True)) == '{"always_online":true}'
    for damaged in ("[]", "{", '{"filters":1}', '{"device_platform":"toaster"}'):
        assert box.read(SESSION, damaged) == SessionSettings(UNREADABLE)


def test_a_password_is_masked() -> None:
    assert masked("http://user:hunter2@host:1") == "http://user:***@host:1"
    assert masked("http://user@host:1") == "http://user@host:1"
    assert masked("socks5://host:1") == "socks5://host:1"
    assert masked(None) is None


def test_a_moment_is_written_in_utc_with_milliseconds() -> None:
    assert iso(1_795_166_127_123) == "2026-11-20T09:15:27.123Z"
    assert iso(0) == "1970-01-01T00:00:00.000Z"
    assert iso(1_795_166_127_000) == "2026-11-20T09:15:27.000Z"
