"""What an idle connected session costs: ``python -m bench.session_memory [COUNT …]`` (default 1 50 200 1000).

Sessions are connected over TLS. Memory is the gateway's resident set above the base: the same gateway with no session
connected, after one was, so that what the first connection loads once for all is not counted as a session's. Two
starts of one program differ by some hundred kilobytes, so the base, and the little that few sessions add to it, are
medians of several starts. After the largest count the gateway is killed with SIGKILL and must have all sessions back,
logins unlimited for the bench.
"""

from __future__ import annotations

import asyncio
import sys
import time
from statistics import median

import psutil

from bench.rig import Emulated, Gateway, bar, emulator, gateway, scratch, until

SETTLE_S = 3.0
IDLE_S = 60.0
STARTS = 7
"""Of how many starts a small figure is the median."""

FEW = 10


async def main(counts: list[int]) -> None:
    """Grow through the counts, then kill and come back."""
    with scratch() as folder:
        async with emulator(folder) as network, gateway(folder, network, tls=True) as running:
            await asyncio.sleep(SETTLE_S)
            empty = running.running.rss_mb()
            base = await warmed(running, network)
            print(f"without sessions: {empty:.1f} MB resident, {base:.1f} MB once one was connected (the base)")
            connected = 1
            for count in counts:
                await pair_more(running, network, connected, count)
                connected = count
                # A process that has just paired keeps the garbage of it; what lasts is what a restart shows.
                resident = [await resident_mb(running, count) for _ in range(STARTS if count < FEW else 1)]
                each_kb = (median(resident) - base) / count * 1000
                bar(f"{count} connected sessions, each above the base", each_kb, 100, "kB")
            cpu = running.running.cpu_s()
            await asyncio.sleep(IDLE_S)
            bar(f"idle CPU of {connected} sessions", (running.running.cpu_s() - cpu) / IDLE_S * 100, 2, "% of a core")
            await come_back(running, connected)


async def warmed(running: Gateway, network: Emulated) -> float:
    """The resident memory, in MB, of a gateway that has had one session connected and has none now."""
    await pair_more(running, network, 0, 1)
    resident = []
    for _ in range(STARTS):
        await restart(running, 1)
        await running.call("POST", "/sessions/s0/stop")
        await asyncio.sleep(SETTLE_S)
        resident.append(running.running.rss_mb())
        await running.call("POST", "/sessions/s0/start")
        await running.wait_connected(["s0"])
    return median(resident)


async def resident_mb(running: Gateway, count: int) -> float:
    """The resident memory, in MB, of a gateway that was just started and has so many sessions connected."""
    await restart(running, count)
    return running.running.rss_mb()


async def restart(running: Gateway, count: int) -> None:
    """Start anew and let all sessions come back and settle."""
    await asyncio.to_thread(running.running.end)
    await running.start()
    await all_connected(running, count, 120)
    await asyncio.sleep(SETTLE_S)


async def pair_more(running: Gateway, network: Emulated, already: int, count: int) -> None:
    """Pair sessions until there are so many, a few at a time."""
    numbers = list(range(already, count))

    async def pairer() -> None:
        while numbers:
            number = numbers.pop()
            phone = f"4917{number:08d}"
            await network.control.account(phone, f"Shop {number}")
            await running.pair(f"s{number}", phone, network.control)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(8):
            tasks.create_task(pairer())


async def come_back(running: Gateway, count: int) -> None:
    """SIGKILL, and the time from readiness of the process to the last session connected."""
    running.kill()
    began = time.monotonic()
    await running.start()
    await all_connected(running, count, 120)
    whole = time.monotonic() - began
    bar(f"{count} sessions back after SIGKILL (process start included)", whole, 10, "s")
    times = psutil.Process(running.running.process.pid).cpu_times()
    print(f"       CPU of that start: {times.user + times.system:.1f} s")


async def all_connected(running: Gateway, count: int, timeout_s: float) -> None:
    """Wait until the emulator's side and ours agree that all are connected."""

    async def connected() -> bool:
        page = await running.call("GET", "/sessions?state=connected&limit=200")
        if count <= 200:
            return len(page["data"]) == count
        others = await running.call("GET", "/sessions?state=connecting&limit=1")
        waiting = await running.call("GET", "/sessions?state=disconnected&limit=1")
        starting = await running.call("GET", "/sessions?state=starting&limit=1")
        return bool(page["data"]) and not (others["data"] or waiting["data"] or starting["data"])

    await until(connected, timeout_s, f"{count} sessions connected", every_s=0.1)


if __name__ == "__main__":
    asyncio.run(main([int(argument) for argument in sys.argv[1:]] or [1, 50, 200, 1000]))
