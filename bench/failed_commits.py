"""Commits that fail under load: ``python -m bench.failed_commits [--messages 300]``.

5 % and then 20 % of all COMMITs fail, with four seeds each, while texts go in both directions. A caller who is told 503
repeats the same Idempotency-Key. When commits work again everything must have been delivered once, both ways.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys

from bench.crash_native import CONTACTS, SHOP, Ledger, count, post
from bench.planted import FAILURES, MENDED
from bench.rig import Emulated, Gateway, emulator, gateway, scratch

RATES = (0.05, 0.2)
SEEDS = (1, 2, 3, 4)


async def load(running: Gateway, network: Emulated, messages: int) -> Ledger:
    """Send and receive so many texts with every contact's share at once."""
    ledger = Ledger()
    each = messages // len(CONTACTS)

    async def send(contact: str) -> None:
        for number in range(each):
            text = f"out {contact} {number}"
            while not await post(running, contact, text):
                ledger.retried += 1
                await asyncio.sleep(random.uniform(0, 0.05))
            ledger.accepted.add(text)

    async def type_texts(contact: str) -> None:
        for number in range(each):
            await network.control.phone(contact).type(SHOP, f"in {contact} {number}")
            ledger.typed.append(f"in {contact} {number}")
            await asyncio.sleep(random.uniform(0, 0.02))

    async with asyncio.TaskGroup() as tasks:
        for contact in CONTACTS:
            tasks.create_task(send(contact))
            tasks.create_task(type_texts(contact))
    return ledger


async def run(rate: float, seed: int, messages: int) -> bool:
    """One run with one rate and seed."""
    print(f"{rate:.0%} of commits fail, seed {seed}", flush=True)
    random.seed(seed)
    with scratch() as folder:
        data = folder / "data"
        data.mkdir(mode=0o700)
        mended = data / MENDED
        mended.touch()
        async with (
            emulator(folder) as network,
            gateway(
                folder, network, entry=("bench.planted", "failing_commits"), settings={FAILURES: f"{rate}:{seed}"}
            ) as running,
        ):
            await network.control.account(SHOP, "Shop")
            for contact in CONTACTS:
                await network.control.account(contact, f"Contact {contact[-1]}")
            await running.pair("shop", SHOP, network.control)
            mended.unlink()
            ledger = await load(running, network, messages)
            mended.touch()
            return await count(running, network, ledger)


async def main(messages: int) -> bool:
    """Every rate with every seed."""
    holds = [await run(rate, seed, messages) for rate in RATES for seed in SEEDS]
    return all(holds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench.failed_commits", description=__doc__)
    parser.add_argument("--messages", type=int, default=300)
    sys.exit(not asyncio.run(main(parser.parse_args().messages)))
