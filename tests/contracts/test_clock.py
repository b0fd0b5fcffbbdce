"""Clocks: the machine's, and the one that a test turns."""

import asyncio
import time

from wagate.adapters.clock import ManualClock, SystemClock


async def test_the_machines_clock_passes_by_itself() -> None:
    clock = SystemClock()
    assert abs(clock.now_ms() - time.time() * 1000) < 1000
    begun = clock.monotonic()
    await clock.sleep(0.01)
    assert clock.monotonic() - begun >= 0.009
    await clock.sleep(0)
    await clock.sleep(-1)


async def test_a_manual_clock_stands_still_until_it_is_turned() -> None:
    clock = ManualClock(1000)
    assert (clock.now_ms(), clock.monotonic()) == (1000, 0.0)
    clock.turn(1.5)
    assert (clock.now_ms(), clock.monotonic()) == (2500, 1.5)


async def test_sleepers_wake_in_the_order_of_their_deadlines() -> None:
    clock = ManualClock()
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.monotonic()))

    async with asyncio.TaskGroup() as group:
        for name, seconds in (("late", 3.0), ("early", 1.0), ("early too", 1.0), ("never early", 5.0)):
            group.create_task(sleeper(name, seconds))
        await asyncio.sleep(0)
        assert clock.sleepers == 4
        clock.turn(0.9)
        await asyncio.sleep(0)
        assert woken == []
        clock.turn(2.2)
        await asyncio.sleep(0)
        assert [name for name, _ in woken] == ["early", "early too", "late"]
        assert clock.sleepers == 1
        clock.turn(10)
    assert woken[-1][0] == "never early"


async def test_a_run_lets_a_sleeper_sleep_again() -> None:
    clock = ManualClock()
    ticks: list[float] = []

    async def ticker() -> None:
        while True:
            await clock.sleep(1)
            ticks.append(clock.monotonic())

    ticking = asyncio.get_running_loop().create_task(ticker())
    await clock.run(4.5)
    assert ticks == [1, 2, 3, 4]
    assert clock.monotonic() == 4.5
    ticking.cancel()
    await asyncio.gather(ticking, return_exceptions=True)


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = ManualClock()
    sleeping = asyncio.get_running_loop().create_task(clock.sleep(1))
    await asyncio.sleep(0)
    sleeping.cancel()
    await asyncio.gather(sleeping, return_exceptions=True)
    assert clock.sleepers == 0
    clock.turn(2)


async def test_a_sleep_of_no_time_lets_others_run() -> None:
    clock = ManualClock()
    ran: list[str] = []
    asyncio.get_running_loop().call_soon(ran.append, "other")
    await clock.sleep(0)
    assert ran == ["other"]
