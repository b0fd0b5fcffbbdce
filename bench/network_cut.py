"""A line that is cut in the middle of its work: ``python -m bench.network_cut``.

500 texts are accepted on a wire with 100 ms of latency; at the 250th the connection is reset. Every text must be shown
by the phone once.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter

from bench.rig import Emulated, Gateway, bar, emulator, gateway, scratch, until

SHOP = "491510000001"
CONTACT = "491520000001"


async def main(count: int) -> bool:
    """Run it and print the bars; whether they hold."""
    with scratch() as folder:
        async with emulator(folder) as network, gateway(folder, network) as running:
            await network.control.account(SHOP, "Shop")
            await network.control.account(CONTACT, "Ana")
            await running.pair("shop", SHOP, network.control)
            await network.control.faults(latency_s=0.1)
            accepted = await send_and_cut(running, network, count)

            async def settled() -> bool:
                left = [
                    await running.call("GET", f"/messages?direction=out&status={status}&limit=1")
                    for status in ("queued", "sending")
                ]
                return not any(page["data"] for page in left)

            await until(settled, 120, "every message sent", every_s=0.2)
            await asyncio.sleep(2)
            shown = Counter(message.text for message in await network.control.phone(CONTACT).inbox(limit=10 * count))
            holds = bar("lost", sum(1 for text in accepted if not shown[text]), 0, "messages")
            holds &= bar("shown twice", sum(times - 1 for times in shown.values()), 0, "messages")
            holds &= bar("violations of the emulator's strict mode", len(await network.control.violations()), 0, "")
            return holds


async def send_and_cut(running: Gateway, network: Emulated, count: int) -> list[str]:
    """POST the texts, 20 at a time, and reset the connection when half of them are accepted."""
    accepted: list[str] = []
    waiting = [f"text {number}" for number in reversed(range(count))]

    async def sender() -> None:
        while waiting:
            text = waiting.pop()
            await running.call("POST", "/sessions/shop/messages", {"to": CONTACT, "text": text})
            accepted.append(text)
            if len(accepted) == count // 2:
                print(f"  connections reset: {await network.control.operator(SHOP).kick('rst')}")

    async with asyncio.TaskGroup() as tasks:
        for _ in range(20):
            tasks.create_task(sender())
    return accepted


if __name__ == "__main__":
    sys.exit(not asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)))
