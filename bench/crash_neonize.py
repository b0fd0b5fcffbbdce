"""A kill storm on neonize: ``python -m bench.crash_neonize [--sends 1000] [--kills 30]``.

Texts go out and come in while, at random moments, the session's worker or the gateway is killed with SIGKILL. neonize
does not choose ids and acknowledges before it hands over, so this counts what can be promised all the same:

* accepted and neither shown by the phone nor told as ``unknown`` or ``failed``: lost,
* told as sent and never shown: a false success; shown twice: a repetition,
* ``unknown``: at most one for each kill,
* typed on the phone and not listed: lost on the way in. How long before the kill each was typed is the window, and each
  has to lie in an interval that a ``session.gap_suspected`` event names.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from bench.crash_native import post
from bench.engines import network
from bench.neonized import EMULATOR_INFO
from bench.rig import Emulated, Gateway, bar, gateway, scratch, until
from bench.workers import pid_of

SHOP = "491510000001"
CONTACTS = [f"49152000000{number}" for number in range(1, 4)]


@dataclass(slots=True)
class Ledger:
    """What happened, as seen from outside. Times are seconds since 1970."""

    accepted: list[str] = field(default_factory=list)
    typed: dict[str, float] = field(default_factory=dict)
    worker_kills: list[float] = field(default_factory=list)
    gateway_kills: int = 0
    stopping: bool = False

    @property
    def kills(self) -> int:
        """All of them."""
        return len(self.worker_kills) + self.gateway_kills


async def send_texts(running: Gateway, ledger: Ledger, texts: AsyncIterator[tuple[str, str]]) -> None:
    """Send texts; one whose answer was lost is asked for again, with the same key."""
    async for contact, text in texts:

        async def accepted(contact: str = contact, text: str = text) -> bool:
            return await post(running, contact, text)

        await until(accepted, 120, f"a 202 for {text!r}", every_s=0.05)
        ledger.accepted.append(text)


async def type_texts(here: Emulated, ledger: Ledger) -> None:
    """Type at random moments."""
    number = 0
    while not ledger.stopping:
        number += 1
        contact = random.choice(CONTACTS)
        text = f"in {number}"
        ledger.typed[text] = time.time()
        await here.control.phone(contact).type(SHOP, text)
        await asyncio.sleep(random.uniform(0.0, 0.05))


async def storm(running: Gateway, here: Emulated, sends: int, kills: int) -> Ledger:
    """Load in both directions, and kills spread over it."""
    ledger = Ledger()
    due = (sends * number // (kills + 1) for number in range(1, kills + 1))

    async def texts() -> AsyncIterator[tuple[str, str]]:
        for number in range(sends):
            yield CONTACTS[number % len(CONTACTS)], f"out {number}"
            await asyncio.sleep(random.uniform(0.0, 0.05))

    async def killer() -> None:
        for count in due:

            async def reached(count: int = count) -> bool:
                return len(ledger.accepted) >= count

            await until(reached, 600, f"{count} accepted texts", every_s=0.01)
            await kill(running, ledger)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(type_texts(here, ledger))
        async with asyncio.TaskGroup() as work:
            work.create_task(send_texts(running, ledger, texts()))
            work.create_task(killer())
        await asyncio.sleep(1)
        ledger.stopping = True
    return ledger


async def kill(running: Gateway, ledger: Ledger) -> None:
    """Kill the worker or the gateway, and let the session come back."""
    if ledger.kills % 2:
        ledger.gateway_kills += 1
        await asyncio.to_thread(running.kill)
        await running.start()
    else:
        with suppress(ProcessLookupError, ValueError, OSError):
            os.kill(await pid_of(running, "shop"), signal.SIGKILL)
            ledger.worker_kills.append(time.time())
    await asyncio.sleep(0.1)
    await running.wait_connected(["shop"], 60)
    await asyncio.sleep(random.uniform(0.1, 1.0))


async def count(running: Gateway, here: Emulated, ledger: Ledger) -> bool:
    """Wait for quiet, count and print; whether all bars hold."""
    await quiet(running, here)
    shown: Counter[str] = Counter()
    for contact in CONTACTS:
        shown.update([message.text for message in await here.control.phone(contact).inbox(limit=10**6)])
    status = {message["text"]: message["status"] for message in await running.messages(direction="out")}
    tally = Counter(status.values())
    told = Counter(message["text"] for message in await running.messages(direction="in"))
    print(f"  {len(ledger.accepted)} accepted: {dict(tally)}; {len(ledger.typed)} typed; "
          f"{len(ledger.worker_kills)} workers and {ledger.gateway_kills} gateways killed")  # fmt: skip
    known = ("unknown", "failed")
    lost = [text for text in ledger.accepted if not shown[text] and status.get(text) not in known]
    false = [text for text in ledger.accepted if not shown[text] and status.get(text) in ("sent", "delivered", "read")]
    arrived = sum(1 for text, state in status.items() if state == "unknown" and shown[text])
    holds = bar("lost outside unknown", len(lost), 0, "")
    holds &= bar("told as sent and never shown", len(false), 0, "")
    holds &= bar("shown twice", sum(times - 1 for times in shown.values()), 0, "")
    holds &= bar("unknown", tally["unknown"], ledger.kills, "")
    print(f"       {arrived} of the unknown had arrived")
    holds &= bar("listed twice on the way in", sum(times - 1 for times in told.values()), 0, "")
    return await count_inbound(running, ledger, told) and holds


async def count_inbound(running: Gateway, ledger: Ledger, told: Counter[str]) -> bool:
    """What was lost on the way in, how long before a kill it was typed, and whether a gap was told."""
    lost = [text for text in ledger.typed if not told[text]]
    gaps = [
        (_seconds(event["data"]["since"]), _seconds(event["data"]["until"]))
        for event in await running.every("/events", types="session.gap_suspected")
    ]
    windows = []
    for text in lost:
        before = [killed - ledger.typed[text] for killed in ledger.worker_kills if killed >= ledger.typed[text]]
        windows.append(min(before, default=float("inf")))
    print(f"  lost on the way in: {len(lost)} of {len(ledger.typed)}; {len(gaps)} gaps told")
    if windows:
        print(f"       typed at most {max(windows) * 1000:.0f} ms before a worker was killed")
    untold = [text for text in lost if not any(since - 1 <= ledger.typed[text] <= until_ + 1 for since, until_ in gaps)]
    holds = bar("lost on the way in and in no gap that was told", len(untold), 0, "")
    return bar("worker kills without a gap told", len(ledger.worker_kills) - len(gaps), 0, "") and holds


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


async def quiet(running: Gateway, here: Emulated) -> None:
    """Wait until nothing is under way in either direction."""

    async def settled() -> bool:
        for status in ("queued", "sending"):
            if (await running.call("GET", f"/messages?direction=out&status={status}&limit=1"))["data"]:
                return False
        stats = await here.control.stats()
        return not any(device["pending"] for device in stats["devices"].values())

    await until(settled, 180, "quiet", every_s=0.5)
    await asyncio.sleep(3)


async def main(sends: int, kills: int, seed: int) -> bool:
    """One storm."""
    random.seed(seed)
    with scratch() as folder:
        async with network(folder) as (_, here):
            settings = {EMULATOR_INFO: str(folder / "emulator.json")}
            async with gateway(folder, here, entry=("bench.neonized",), settings=settings) as running:
                await here.control.account(SHOP, "Shop")
                for contact in CONTACTS:
                    await here.control.account(contact, f"Contact {contact[-1]}")
                await running.pair("shop", SHOP, here.control, "neonize")
                ledger = await storm(running, here, sends, kills)
                return await count(running, here, ledger)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench.crash_neonize", description=__doc__)
    parser.add_argument("--sends", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    sys.exit(not asyncio.run(main(chosen.sends, chosen.kills, chosen.seed)))
