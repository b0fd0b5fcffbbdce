"""Both engines side by side on one emulator: ``python -m bench.engines``.

For each engine a gateway of its own: the memory of the whole process tree (PSS, so that pages that processes share
count once) with 1, 5 and 20 connected sessions; CPU of the tree and the median time per message each way; the rate at
100 ms latency with 20 messages at once. Then what the gateway adds to neonize: the median from the call to the phone,
against a bare neonize client that is driven by the same process.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import orjson
import psutil

from bench.neonized import EMULATOR_INFO
from bench.rig import Emulated, Gateway, bar, gateway, scratch
from bench.roundtrip import newest_seq, send_many
from judges import peers
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator

CONTACT = "491520000001"
BARE = "491510000099"
SESSIONS = (1, 5, 20)
COUNT = 200
WARM = 20
SETTLE_S = 2.0


@dataclass(slots=True)
class Figures:
    """What was measured of one engine."""

    memory_mb: dict[int, float]
    out_ms: float = 0.0
    out_cpu_ms: float = 0.0
    in_ms: float = 0.0
    in_cpu_ms: float = 0.0
    slow_rate: float = 0.0


@asynccontextmanager
async def network(folder: Path) -> AsyncIterator[tuple[Emulator, Emulated]]:
    """An emulator in this process, with its address card where `bench.neonized` looks for it."""
    async with Emulator() as emulator, EmulatorClient(emulator.whereabouts.control_url) as control:
        (folder / "emulator.json").write_bytes(orjson.dumps(emulator.whereabouts.as_dict()))
        yield emulator, Emulated(emulator.whereabouts, control, None)


def tree(running: Gateway) -> list[psutil.Process]:
    """The gateway's process and all below it."""
    root = psutil.Process(running.running.process.pid)
    return [root, *root.children(recursive=True)]


def tree_mb(running: Gateway) -> float:
    """The proportional set size of all of them."""
    return sum(float(process.memory_full_info().pss) for process in tree(running)) / 1e6


def tree_cpu_s(running: Gateway) -> float:
    """The CPU time of all of them."""
    times = [process.cpu_times() for process in tree(running)]
    return sum(float(each.user + each.system) for each in times)


async def measured(engine: str, folder: Path) -> Figures:
    """All figures of one engine."""
    figures = Figures({})
    async with network(folder) as (emulator, here):
        settings = {EMULATOR_INFO: str(folder / "emulator.json")}
        async with gateway(folder, here, entry=("bench.neonized",), settings=settings) as running:
            await here.control.account(CONTACT, "Ana")
            for number in range(max(SESSIONS)):
                phone, name = f"49151{number:07d}", "shop" if number == 0 else f"s{number}"
                await here.control.account(phone, name)
                await running.pair(name, phone, here.control, engine)
                if number + 1 in SESSIONS:
                    await asyncio.sleep(SETTLE_S)
                    figures.memory_mb[number + 1] = tree_mb(running)
                if number == 0:
                    await one_session(running, emulator, here.control, figures)
    return figures


async def one_session(running: Gateway, emulator: Emulator, control: EmulatorClient, figures: Figures) -> None:
    """Times and costs of the session ``shop``."""
    await outbound(running, emulator, WARM)
    before = tree_cpu_s(running)
    figures.out_ms = await outbound(running, emulator, COUNT)
    await asyncio.sleep(0.5)
    figures.out_cpu_ms = (tree_cpu_s(running) - before) / COUNT * 1000
    await inbound(running, control, WARM)
    before = tree_cpu_s(running)
    figures.in_ms = await inbound(running, control, COUNT)
    await asyncio.sleep(0.5)
    figures.in_cpu_ms = (tree_cpu_s(running) - before) / COUNT * 1000
    await control.faults(latency_s=0.1)
    figures.slow_rate = await send_many(running, "shop", [CONTACT] * COUNT, 20)
    await control.faults(latency_s=0.0)


async def outbound(running: Gateway, emulator: Emulator, count: int) -> float:
    """POST, wait until the phone shows it, next; the median in ms."""
    phone = emulator.world.phone(CONTACT)
    times = []
    for number in range(count):
        shown = len(phone.inbox)
        began = time.perf_counter()
        await running.call("POST", "/sessions/shop/messages", {"to": CONTACT, "text": f"text {number}"})
        await emulator.board.until(lambda shown=shown: len(phone.inbox) > shown, 30)  # type: ignore[misc]
        times.append((time.perf_counter() - began) * 1000)
    return median(times)


async def inbound(running: Gateway, control: EmulatorClient, count: int) -> float:
    """A phone types, the event stream shows it, next; the median in ms."""
    already = await newest_seq(running)
    times = []
    async with running.http.get(f"{running.url}/v1/events/stream?types=message.received") as stream:
        for number in range(count):
            text = f"answer {already} {number}."
            began = time.perf_counter()
            await control.phone(CONTACT).type("491510000000", text)
            while text not in (await stream.content.readline()).decode():
                pass
            times.append((time.perf_counter() - began) * 1000)
    return median(times)


async def bare_ms(folder: Path) -> float:
    """The median from a bare client's call to the phone."""
    async with network(folder) as (emulator, here):
        await here.control.account(CONTACT, "Ana")
        await here.control.account(BARE, "Bare")
        phone = emulator.world.phone(CONTACT)
        async with peers.JUDGES["neonize"](emulator.whereabouts, folder).open(BARE) as peer:
            await here.control.phone(BARE).scan(await peer.qr_text())
            await peer.wait("open")
            times: list[float] = []
            for number in range(WARM + COUNT):
                shown = len(phone.inbox)
                began = time.perf_counter()
                asked = asyncio.get_running_loop().create_task(peer.send(f"{CONTACT}@s.whatsapp.net", f"bare {number}"))
                await emulator.board.until(lambda shown=shown: len(phone.inbox) > shown, 30)  # type: ignore[misc]
                times.append((time.perf_counter() - began) * 1000)
                await asked
    return median(times[WARM:])


async def main() -> bool:
    """Measure and print both."""
    found: dict[str, Figures] = {}
    with scratch() as folder:
        for engine in ("native", "neonize"):
            place = folder / engine
            place.mkdir()
            found[engine] = await measured(engine, place)
        bare = folder / "bare"
        bare.mkdir()
        bare_out_ms = await bare_ms(bare)
    native, neonize = found["native"], found["neonize"]
    rows = [
        *((f"memory, {count} sessions", "MB", native.memory_mb[count], neonize.memory_mb[count]) for count in SESSIONS),
        ("API to phone, median", "ms", native.out_ms, neonize.out_ms),
        ("CPU per message out", "ms", native.out_cpu_ms, neonize.out_cpu_ms),
        ("phone to event stream, median", "ms", native.in_ms, neonize.in_ms),
        ("CPU per message in", "ms", native.in_cpu_ms, neonize.in_cpu_ms),
        ("at 100 ms latency, 20 at once", "msg/s", native.slow_rate, neonize.slow_rate),
    ]
    print(f"  {'':34} {'native':>9} {'neonize':>9}")
    for name, unit, ours, theirs in rows:
        print(f"  {name:34} {ours:9.2f} {theirs:9.2f} {unit}")
    print(f"  a bare neonize client, call to phone, median: {bare_out_ms:.2f} ms")
    return bar("what the gateway adds to neonize, median", neonize.out_ms - bare_out_ms, 5, "ms")


if __name__ == "__main__":
    raise SystemExit(not asyncio.run(main()))
