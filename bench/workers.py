"""Faults of neonize's worker processes: ``python -m bench.workers [--sessions 10] [--starts 500]``.

So many sessions on neonize, each sending a text a second. One worker is killed (SIGKILL), aborted (SIGABRT) and stopped
(SIGSTOP): only its session may go down, and it has to be back soon. Then the gateway is killed (SIGKILL) and started
anew: all sessions have to be back, on the workers that lived on. At last a storm of starts: sessions that nobody has
paired are started and stopped again and again; the gateway must survive, and start its workers one after the other.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import time
from bisect import bisect_left
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psutil

from bench.engines import network
from bench.neonized import EMULATOR_INFO
from bench.rig import Emulated, Gateway, bar, gateway, scratch, until

CONTACT = "491520000001"
STRANGERS = 10
DETECTED_S = 30.0
BACK_S = 10.0


def names(count: int) -> list[str]:
    """The sessions."""
    return [f"s{number}" for number in range(count)]


async def pid_of(running: Gateway, name: str) -> int:
    """The worker of a session."""
    session = await running.call("GET", f"/sessions/{name}")
    return _pid_in(running.data / "neonize" / session["id"] / "lock")


def _pid_in(lock: Path) -> int:
    return int(lock.read_text("ascii"))


class Watch:
    """The states that sessions went through, read from the journal."""

    def __init__(self, running: Gateway) -> None:
        self._running = running
        self._ids: dict[str, str] = {}
        self._from = 0

    async def begin(self, sessions: list[str]) -> None:
        """Count from here on."""
        for name in sessions:
            self._ids[(await self._running.call("GET", f"/sessions/{name}"))["id"]] = name
        self._from = len(await self._running.every("/events", types="session.state"))

    async def went_down(self) -> Counter[str]:
        """How often each session left ``connected``."""
        events = (await self._running.every("/events", types="session.state"))[self._from :]
        return Counter(
            self._ids[event["session"]["id"]]
            for event in events
            if event["session"]["id"] in self._ids and event["data"]["previous"] == "connected"
        )


async def hit(running: Gateway, sessions: list[str], number: signal.Signals) -> bool:
    """Send a signal to the first session's worker and watch."""
    victim = sessions[0]
    watch = Watch(running)
    await watch.begin(sessions)
    os.kill(await pid_of(running, victim), number)
    began = time.monotonic()

    async def is_down() -> bool:
        return (await watch.went_down())[victim] > 0

    await until(is_down, DETECTED_S + 30, f"{number.name} noticed")
    noticed = time.monotonic() - began
    await running.wait_connected([victim], BACK_S + 60)
    back = time.monotonic() - began - noticed
    down = await watch.went_down()
    others = sum(times for name, times in down.items() if name != victim)
    holds = bar(f"{number.name}: noticed", noticed, DETECTED_S, "s")
    holds &= bar(f"{number.name}: connected again after that", back, BACK_S, "s")
    return bar(f"{number.name}: other sessions that went down", others, 0, "") and holds


async def texts(running: Gateway, name: str, sent: list[str], ending: asyncio.Event) -> None:
    """A text a second until the end."""
    while not ending.is_set():
        text = f"{name} {len(sent)}"
        await running.call("POST", f"/sessions/{name}/messages", {"to": CONTACT, "text": text})
        sent.append(text)
        try:
            async with asyncio.timeout(1.0):
                await ending.wait()
        except TimeoutError:
            continue


async def worker_faults(running: Gateway, here: Emulated, sessions: list[str]) -> bool:
    """All signals, under load; nothing that was accepted may be lost or doubled outside ``unknown``."""
    ending = asyncio.Event()
    sent: dict[str, list[str]] = {name: [] for name in sessions}
    holds = True
    async with asyncio.TaskGroup() as tasks:
        for name in sessions:
            tasks.create_task(texts(running, name, sent[name], ending))
        for number in (signal.SIGKILL, signal.SIGABRT, signal.SIGSTOP):
            await asyncio.sleep(2)
            holds &= await hit(running, sessions, number)
        ending.set()
    return await ledger(running, here, [text for each in sent.values() for text in each]) and holds


async def ledger(running: Gateway, here: Emulated, accepted: list[str]) -> bool:
    """Count what became of accepted texts."""

    async def settled() -> bool:
        for status in ("queued", "sending"):
            if (await running.call("GET", f"/messages?direction=out&status={status}&limit=1"))["data"]:
                return False
        return True

    await until(settled, 120, "no message under way", every_s=0.5)
    await asyncio.sleep(1)
    shown = Counter(message.text for message in await here.control.phone(CONTACT).inbox(limit=10**6))
    status = {message["text"]: message["status"] for message in await running.messages(direction="out")}
    lost = [text for text in accepted if not shown[text] and status[text] not in ("unknown", "failed")]
    false = [text for text in accepted if not shown[text] and status[text] in ("sent", "delivered", "read")]
    unknown = sum(1 for text in accepted if status[text] == "unknown")
    print(f"  {len(accepted)} accepted, {unknown} unknown, {sum(1 for t in accepted if status[t] == 'failed')} failed")
    holds = bar("lost outside unknown", len(lost), 0, "")
    holds &= bar("told as sent and never shown", len(false), 0, "")
    return bar("shown twice", sum(times - 1 for times in shown.values()), 0, "") and holds


async def gateway_fault(running: Gateway, sessions: list[str]) -> bool:
    """Kill the gateway; its workers go on, and serve the next one."""
    before = {name: await pid_of(running, name) for name in sessions}
    running.kill()
    began = time.monotonic()
    await running.start()
    await running.wait_connected(sessions, 60)
    holds = bar("gateway killed: all sessions live again", time.monotonic() - began, BACK_S, "s")
    adopted = sum([await pid_of(running, name) == pid for name, pid in before.items()])
    return bar("workers that were adopted", adopted, len(sessions), "", at_least=True) and holds


class Births:
    """The times at which child processes of the gateway were born, as long as somebody looks."""

    def __init__(self, running: Gateway) -> None:
        self._process = psutil.Process(running.running.process.pid)
        self._born: dict[int, float] = {}

    async def look(self) -> None:
        """Look for new ones until cancelled."""
        while True:
            for child in self._process.children():
                with suppress(psutil.NoSuchProcess):
                    self._born.setdefault(child.pid, child.create_time())
            await asyncio.sleep(0.02)

    def most_in_a_second(self) -> int:
        """The most births in any second."""
        times = sorted(self._born.values())
        return max((bisect_left(times, time + 1.0) - place for place, time in enumerate(times)), default=0)

    def __len__(self) -> int:
        return len(self._born)


async def storm(running: Gateway, starts: int) -> bool:
    """Start and stop unpaired sessions, many at once, each as soon as its worker lives."""
    strangers = [f"stranger{number}" for number in range(STRANGERS)]
    for name in strangers:
        await running.call("POST", "/sessions", {"name": name, "engine": "neonize"})
    left = iter(range(starts))
    began = time.monotonic()

    async def restless(name: str) -> None:
        async def works() -> bool:
            return bool((await running.call("GET", f"/sessions/{name}"))["state"] == "awaiting_scan")

        for _ in left:
            await running.call("POST", f"/sessions/{name}/start")
            await until(works, 120, f"a code of {name}", every_s=0.1)
            await running.call("POST", f"/sessions/{name}/stop")

    births = Births(running)
    async with asyncio.TaskGroup() as tasks:
        looking = tasks.create_task(births.look())
        async with asyncio.TaskGroup() as work:
            for name in strangers:
                work.create_task(restless(name))
        looking.cancel()
    alive = running.running.process.poll() is None
    print(f"  {starts} starts, {len(births)} workers seen, in {time.monotonic() - began:.0f} s")
    holds = bar("most workers started in a second", births.most_in_a_second(), 10, "")
    return bar("the gateway died", 0 if alive else 1, 0, "") and holds


async def main(count: int, starts: int) -> bool:
    """Everything on one gateway."""
    sessions = names(count)
    with scratch() as folder:
        async with network(folder) as (_, here):
            settings = {EMULATOR_INFO: str(folder / "emulator.json")}
            async with gateway(folder, here, entry=("bench.neonized",), settings=settings) as running:
                await here.control.account(CONTACT, "Ana")
                for number, name in enumerate(sessions):
                    phone = f"49151{number:07d}"
                    await here.control.account(phone, name)
                    await running.pair(name, phone, here.control, "neonize")
                holds = await worker_faults(running, here, sessions)
                holds &= await gateway_fault(running, sessions)
                return await storm(running, starts) and holds


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench.workers", description=__doc__)
    parser.add_argument("--sessions", type=int, default=10)
    parser.add_argument("--starts", type=int, default=500)
    chosen = parser.parse_args()
    sys.exit(not asyncio.run(main(chosen.sessions, chosen.starts)))
