"""How long a message takes and what it costs: ``python -m bench.roundtrip``.

The emulator runs in this process, so that the moment at which the phone shows a message is known to the microsecond;
the gateway is a process of its own with durable commits, and only its CPU is counted.
"""

from __future__ import annotations

import asyncio
import time
from asyncio import sslproto
from collections.abc import Callable
from pathlib import Path
from statistics import median

from bench.profiled import engine_share
from bench.rig import Emulated, Gateway, bar, gateway, percentile, scratch, spread, until
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator

SHOP = "491510000001"
SAMPLED = "491510000002"
CONTACT = "491520000001"
SESSIONS = 20
ROUNDS = 5
RECEIPTS_S = 0.5
"""How long the last receipts are given to come in and be kept."""


async def main() -> None:
    """Run everything and print the bars."""
    sslproto.SSLProtocol.max_size = 1 << 14
    with scratch() as folder:
        async with Emulator() as network, EmulatorClient(network.whereabouts.control_url) as control:
            here = Emulated(network.whereabouts, control, None)
            async with gateway(folder, here) as running:
                await run(running, network, control)
            await share_of_the_engine(folder, here, network)


async def share_of_the_engine(folder: Path, here: Emulated, network: Emulator) -> None:
    """The same sending once more under a sampler, only to see which part of the cost is the engine's."""
    samples = folder / "samples"
    (folder / "sampled").mkdir()
    await here.control.account(SAMPLED, "Sampled shop")
    async with gateway(folder / "sampled", here, entry=("bench.profiled", str(samples))) as running:
        await running.pair("shop", SAMPLED, here.control)
        phone = network.world.phone(CONTACT)
        shown = len(phone.inbox)
        await send_many(running, "shop", [CONTACT] * 1000, 4, settle=False)
        await network.board.until(lambda: len(phone.inbox) >= shown + 1000, 60)
        await asyncio.sleep(RECEIPTS_S)
    print(f"  the engine's share of the CPU per message sent: {engine_share(samples):.0%}")


async def run(running: Gateway, network: Emulator, control: EmulatorClient) -> None:
    """All measurements, in one run."""
    await control.account(SHOP, "Shop")
    await control.account(CONTACT, "Ana")
    await running.pair("shop", SHOP, control)
    await send_many(running, "shop", [CONTACT] * 20, 1)
    print("one session, sequential, durable commits")
    await sequential(running, network, 500)
    await answers(running, control, 200)
    print(f"CPU of the whole gateway, the median of {ROUNDS} rounds, for a busy neighbour slows single ones down")
    sent = [await cost_of_sending(running, network, 500) for _ in range(ROUNDS)]
    bar(f"per message sent and delivered ({spread(sent)})", median(sent), 1.6, "ms")
    received = [await cost_of_receiving(running, control, 500) for _ in range(ROUNDS)]
    bar(f"per message received and journalled ({spread(received)})", median(received), 1.1, "ms")
    print("100 ms latency, one session, 20 at a time")
    await control.faults(latency_s=0.1)
    rate = await send_many(running, "shop", [CONTACT] * 600, 20)
    bar("accepted to the last message sent", rate, 150, "msg/s", at_least=True)
    await control.faults(latency_s=0.0)
    print(f"{SESSIONS} sessions, one sender each, the emulator beside the gateway on the same cores")
    bar("accepted and sent", await crowd(running, control), 700, "msg/s", at_least=True)


async def sequential(running: Gateway, network: Emulator, count: int) -> None:
    """POST, wait until the phone shows it, next."""
    times = []
    phone = network.world.phone(CONTACT)
    shown = len(phone.inbox)
    for number in range(count):
        began = time.perf_counter()
        await running.call("POST", "/sessions/shop/messages", {"to": CONTACT, "text": f"one {number}"})
        await network.board.until(lambda shown=shown: len(phone.inbox) > shown, 30)  # type: ignore[misc]
        times.append((time.perf_counter() - began) * 1000)
        shown += 1
    bar("API to phone, p50", percentile(times, 0.5), 6, "ms")
    bar("API to phone, p99", percentile(times, 0.99), 20, "ms")


async def answers(running: Gateway, control: EmulatorClient, count: int) -> None:
    """From the moment at which a phone is told to type until the text is on the event stream."""
    times: list[float] = []
    async with running.http.get(f"{running.url}/v1/events/stream?types=message.received") as stream:
        for number in range(count):
            began = time.perf_counter()
            await control.phone(CONTACT).type(SHOP, f"answer {number}")
            while f'"answer {number}"' not in (await stream.content.readline()).decode():
                pass
            times.append((time.perf_counter() - began) * 1000)
    bar("phone to event stream, median", percentile(times, 0.5), 30, "ms")


async def cost_of_sending(running: Gateway, network: Emulator, count: int) -> float:
    """CPU from the request to the delivery receipt, four at a time; the gateway is asked nothing meanwhile."""
    phone = network.world.phone(CONTACT)
    shown = len(phone.inbox)
    before = running.running.cpu_s()
    await send_many(running, "shop", [CONTACT] * count, 4, settle=False)
    await network.board.until(lambda: len(phone.inbox) >= shown + count, 60)
    await asyncio.sleep(RECEIPTS_S)
    spent = (running.running.cpu_s() - before) / count * 1000
    await all_gone_from(running, "queued", "sending", "sent")
    return spent


async def cost_of_receiving(running: Gateway, control: EmulatorClient, count: int) -> float:
    """CPU from the stanza to the journal, while nobody asks for anything."""
    already = await newest_seq(running)
    await asyncio.sleep(RECEIPTS_S)
    before = running.running.cpu_s()
    await control.phone(CONTACT).type_many(SHOP, "hello ", count, interval_ms=2)

    async def journalled() -> bool:
        return await newest_seq(running) >= already + count

    await until(journalled, 60, "the last inbound message", every_s=0.25)
    return (running.running.cpu_s() - before) / count * 1000


async def crowd(running: Gateway, control: EmulatorClient, prepare: Callable[[str], None] | None = None) -> float:
    """Many new sessions at once, each with one sender; messages a second. ``prepare``: see `Gateway.pair`."""
    names = [f"s{number}" for number in range(SESSIONS)]
    for number, name in enumerate(names):
        phone = f"49153{number:07d}"
        await control.account(phone, name)
        await running.pair(name, phone, control, prepare=prepare)
        await send_many(running, name, [CONTACT], 1)
    began = time.perf_counter()
    per_session = 150
    async with asyncio.TaskGroup() as tasks:
        for name in names:
            tasks.create_task(send_many(running, name, [CONTACT] * per_session, 1, settle=False))
    await all_gone_from(running, "queued", "sending")
    return SESSIONS * per_session / (time.perf_counter() - began)


async def send_many(running: Gateway, session: str, to: list[str], at_once: int, *, settle: bool = True) -> float:
    """POST a text to each, so many at a time; returns messages a second, until all are sent if asked to settle."""
    queue = list(enumerate(to))
    began = time.perf_counter()

    async def sender() -> None:
        while queue:
            number, phone = queue.pop()
            await running.call("POST", f"/sessions/{session}/messages", {"to": phone, "text": f"text {number}"})

    async with asyncio.TaskGroup() as tasks:
        for _ in range(at_once):
            tasks.create_task(sender())
    if settle:
        await all_gone_from(running, "queued", "sending")
    return len(to) / (time.perf_counter() - began)


async def all_gone_from(running: Gateway, *statuses: str) -> None:
    """Wait until no message has one of these statuses any more."""
    for status in statuses:

        async def none_left(status: str = status) -> bool:
            return not (await running.call("GET", f"/messages?direction=out&status={status}&limit=1"))["data"]

        await until(none_left, 120, f"no message left in {status}", every_s=0.05)


async def newest_seq(running: Gateway) -> int:
    """How many events the session has."""
    page = await running.call("GET", "/events?session=shop&types=message.received&limit=1&order=desc")
    return int(page["data"][0]["seq"]) if page["data"] else 0


if __name__ == "__main__":
    asyncio.run(main())
