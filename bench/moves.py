"""A session moves from engine to engine under traffic: ``python -m bench.moves [--moves 20]``.

One linked device goes from ``native`` to ``neonize`` and back, again and again, while texts go out to a contact and a
group and come in from both. At the end everything is counted: nothing lost, nothing doubled, no ratchet counter used
twice by us, and no QR code shown after the first pairing.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

from bench.crash_native import post
from bench.crash_neonize import quiet
from bench.engines import network
from bench.neonized import EMULATOR_INFO
from bench.rig import Emulated, Gateway, bar, gateway, scratch, until

SHOP = "491510000001"
CONTACT = "491520000001"
BETWEEN_S = 1.5
ENGINES = ("neonize", "native")


@dataclass(slots=True)
class Ledger:
    """What happened, as seen from outside."""

    accepted: list[str] = field(default_factory=list)
    typed: list[str] = field(default_factory=list)
    stopping: bool = False


async def send_texts(running: Gateway, to: str, word: str, ledger: Ledger) -> None:
    """Send texts, whatever engine has the session."""
    number = 0
    while not ledger.stopping:
        number += 1
        text = f"out {word} {number}"

        async def accepted(text: str = text) -> bool:
            return await post(running, to, text)

        await until(accepted, 120, f"a 202 for {text!r}", every_s=0.05)
        ledger.accepted.append(text)
        await asyncio.sleep(random.uniform(0, 0.2))


async def type_texts(here: Emulated, to: str, word: str, ledger: Ledger) -> None:
    """The contact types."""
    number = 0
    while not ledger.stopping:
        number += 1
        text = f"in {word} {number}"
        await here.control.phone(CONTACT).type(to, text)
        ledger.typed.append(text)
        await asyncio.sleep(random.uniform(0, 0.2))


async def move_about(running: Gateway, moves: int, ledger: Ledger) -> list[float]:
    """Move so many times; how long each took."""
    times = []
    for number in range(moves):
        await asyncio.sleep(BETWEEN_S)
        began = time.monotonic()
        session = await running.call("POST", "/sessions/shop/move", {"engine": ENGINES[number % 2]})
        times.append(time.monotonic() - began)
        if session["engine"] != ENGINES[number % 2]:
            raise RuntimeError(f"the session is with {session['engine']}")
        await running.wait_connected(["shop"], 60)
    await asyncio.sleep(BETWEEN_S)
    ledger.stopping = True
    return times


async def count(running: Gateway, here: Emulated, ledger: Ledger, pairings: int) -> bool:
    """Count and print; whether all bars hold."""
    await quiet(running, here)
    shown = Counter(message.text for message in await here.control.phone(CONTACT).inbox(limit=10**6))
    told = Counter(message["text"] for message in await running.messages(direction="in"))
    status = {message["text"]: message["status"] for message in await running.messages(direction="out")}
    codes = len(await running.every("/events", types="session.qr"))
    ours = [v for v in await here.control.violations() if v.kind == "ratchet_reuse" and v.who.startswith(SHOP)]
    print(f"  {len(ledger.accepted)} accepted: {dict(Counter(status.values()))}; {len(ledger.typed)} typed")
    holds = bar("accepted and never delivered", sum(1 for text in ledger.accepted if not shown[text]), 0, "")
    holds &= bar("delivered twice", sum(shown[text] - 1 for text in ledger.accepted if shown[text]), 0, "")
    holds &= bar("inbound lost", sum(1 for text in ledger.typed if not told[text]), 0, "")
    holds &= bar("inbound listed twice", sum(times - 1 for times in told.values()), 0, "")
    holds &= bar("ratchet reuse by us", len(ours), 0, "")
    return bar("QR codes since the pairing", codes - pairings, 0, "") and holds


async def main(moves: int, seed: int) -> bool:
    """Everything on one gateway."""
    random.seed(seed)
    with scratch() as folder:
        async with network(folder) as (_, here):
            settings = {EMULATOR_INFO: str(folder / "emulator.json")}
            async with gateway(folder, here, entry=("bench.neonized",), settings=settings) as running:
                await here.control.account(SHOP, "Shop")
                await here.control.account(CONTACT, "Ana")
                await running.pair("shop", SHOP, here.control)
                pairings = len(await running.every("/events", types="session.qr"))
                made = await here.control.phone(CONTACT).create_group("Traffic", [SHOP])
                ledger = Ledger()
                async with asyncio.TaskGroup() as tasks:
                    moving = tasks.create_task(move_about(running, moves, ledger))
                    for to, word in ((CONTACT, "person"), (made.jid, "group")):
                        tasks.create_task(send_texts(running, to, word, ledger))
                    for to, word in ((SHOP, "person"), (made.jid, "group")):
                        tasks.create_task(type_texts(here, to, word, ledger))
                times = moving.result()
                print(f"  {moves} moves, {min(times):.1f} to {max(times):.1f} s each")
                return await count(running, here, ledger, pairings)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench.moves", description=__doc__)
    parser.add_argument("--moves", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    sys.exit(not asyncio.run(main(chosen.moves, chosen.seed)))
