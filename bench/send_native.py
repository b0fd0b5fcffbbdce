"""The whole way out with the rules of the queue on: ``python -m bench.send_native [--rounds 5] [--count 500]``.

From the request over the native engine and the emulator to the delivery receipt, with durable commits, while pace,
guard and the limits of the day are kept and written down; they are wide enough to hold nothing up. Beside it, in turns,
a gateway without any rules, so that what they cost is seen on a machine that is never quiet. Then twenty sessions at
once, the emulator on the same cores; and once more under a sampler, which says where the CPU goes.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
from asyncio import sslproto
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median

import orjson

from bench.profiled import shares
from bench.rig import Emulated, Gateway, bar, gateway, scratch, spread
from bench.roundtrip import CONTACT, RECEIPTS_S, SESSIONS, SHOP, cost_of_sending, crowd, send_many
from wagate.domain.pacing import Pacing
from wagate.features.sessions.sealed_settings import write_pacing
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator

WIDE = Pacing(
    per_minute=60_000, bulk_per_minute=60_000, burst=60_000, chat_gap_s=0.0, per_day=10**9, checks_numbers=False
)
"""Every rule is kept, and none ever holds anything up; numbers are not checked."""

PLAIN_SHOP = "491510000003"
SAMPLED_SHOP = "491510000004"
CPU_BAR_MS = 1.8
RATE_BAR = 650
PLACES = {
    "engine and protocol": ("wagate.adapters.engines.", "whatsapp_wire"),
    "messaging": ("wagate.features.messaging",),
    "journal": ("wagate.features.journal",),
    "other rooms": ("wagate.features",),
    "statements and commits": ("wagate.store",),
    "the door": ("wagate.api",),
    "layers below the door": ("uvicorn", "starlette", "fastapi", "pydantic"),
    "words": ("wagate.domain", "wagate.ports"),
}


def ruled(running: Gateway) -> Callable[[str], None]:
    """Gives a session that is not started yet the rules. They are put into its row: no API takes rules so wide."""

    def prepare(name: str) -> None:
        settings = orjson.dumps({"pacing": write_pacing(WIDE)}).decode()
        with closing(sqlite3.connect(running.data / "wagate.db", timeout=5)) as database, database:
            database.execute("UPDATE session SET settings = ? WHERE name = ?", (settings, name))

    return prepare


async def measure(folder: Path, network: Emulator, control: EmulatorClient, rounds: int, count: int) -> bool:
    """All figures; whether the bars hold."""
    here = Emulated(network.whereabouts, control, None)
    for phone in (CONTACT, SHOP, PLAIN_SHOP, SAMPLED_SHOP):
        await control.account(phone, "Somebody")
    plain_place, ruled_place = folder / "plain", folder / "ruled"
    plain_place.mkdir()
    ruled_place.mkdir()
    async with gateway(ruled_place, here) as with_rules:
        async with gateway(plain_place, here) as without:
            await with_rules.pair("shop", SHOP, control, prepare=ruled(with_rules))
            await without.pair("shop", PLAIN_SHOP, control)
            costs: dict[Gateway, list[float]] = {with_rules: [], without: []}
            for running in costs:
                await send_many(running, "shop", [CONTACT] * 50, 4)
            for _ in range(rounds):
                for running, cost in costs.items():
                    cost.append(await cost_of_sending(running, network, count))
        print(f"one session, 4 senders: CPU of the whole gateway, the median of {rounds} rounds in turns")
        print(f"  without rules {median(costs[without]):.2f} ms ({spread(costs[without])})")
        what = f"per message sent and delivered ({spread(costs[with_rules])})"
        holds = bar(what, median(costs[with_rules]), CPU_BAR_MS, "ms")
        print(f"{SESSIONS} sessions, one sender each, the emulator beside the gateway on the same cores")
        rate = await crowd(with_rules, control, ruled(with_rules))
        holds = bar("accepted and sent", rate, RATE_BAR, "msg/s", at_least=True) and holds
    await show_shares(folder, here, network, count)
    return holds


async def show_shares(folder: Path, here: Emulated, network: Emulator, count: int) -> None:
    """The same sending once more under a sampler."""
    place, samples = folder / "sampled", folder / "samples"
    place.mkdir()
    async with gateway(place, here, entry=("bench.profiled", str(samples))) as running:
        await running.pair("shop", SAMPLED_SHOP, here.control, prepare=ruled(running))
        phone = network.world.phone(CONTACT)
        shown = len(phone.inbox)
        await send_many(running, "shop", [CONTACT] * 4 * count, 4, settle=False)
        await network.board.until(lambda: len(phone.inbox) >= shown + 4 * count, 60)
        await asyncio.sleep(RECEIPTS_S)
    print("where the CPU goes")
    for name, share in shares(samples, PLACES, "the loop, sockets and waiting threads").items():
        print(f"  {share:4.0%} {name}")


async def main() -> bool:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=500, help="messages of one round")
    chosen = parser.parse_args()
    sslproto.SSLProtocol.max_size = 1 << 14
    with scratch() as folder:
        async with Emulator() as network, EmulatorClient(network.whereabouts.control_url) as control:
            return await measure(folder, network, control, chosen.rounds, chosen.count)


if __name__ == "__main__":
    raise SystemExit(not asyncio.run(main()))
