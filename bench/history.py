"""What the past of an account costs: ``python -m bench.history``.

A phone tells all of its past in one file, some 100 MB when it is inflated, to a session that was just paired and wants
everything: once 50,000 messages of about 2,000 bytes, and once 120 of 0.9 MB, which nobody writes and anybody may send.
Measured from the scan of the code until the last message is kept: memory is the gateway's largest resident set
meanwhile, above that before; CPU is its own.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from bench.media import report, watching
from bench.rig import Emulated, Gateway, bar, emulator, gateway, scratch, until

SHOP, ANA, BOB = "491510000001", "491520000001", "491520000002"
PATIENCE_S = 900.0
AT = 1_700_000_000
WARM = "warm"


@dataclass(frozen=True, slots=True)
class Past:
    """So many different texts of so many words, each that often.

    Copies are so far apart that deflating one does not help with the next.
    """

    texts: int
    copies: int
    words: int

    @property
    def messages(self) -> int:
        """How many there are."""
        return self.texts * self.copies


PASTS = (Past(texts=200, copies=250, words=280), Past(texts=4, copies=30, words=125_000))


async def main() -> None:
    """Run both and print the bars."""
    for past in PASTS:
        with scratch() as folder:
            await tell(past, folder)


async def tell(past: Past, folder: Path) -> None:
    """One gateway and one phone with that past."""
    async with emulator(folder) as network:
        for phone, name in ((SHOP, "Shop"), (ANA, "Ana"), (BOB, "Bob")):
            await network.control.account(phone, name)
        size_mb = await remember(network, past)
        async with gateway(folder, network) as running:
            await warm_up(running, network)
            async with watching(running) as watched:
                await learn(running, network, past)
    report(f"the past of an account, {past.messages:,} messages in one file of {size_mb:.0f} MB", watched, size_mb)
    print(f"       {watched.wall_s:.0f} s; {watched.cpu_s / past.messages * 1000:.2f} ms of CPU for a message")
    bar("memory for it, above the base", watched.grown_mb, 48, "MB")


async def remember(network: Emulated, past: Past) -> float:
    """Give the phone its past; its size in MB."""
    dice = Random(1)
    words = ["".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=dice.randint(3, 9))) for _ in range(5_000)]
    texts = [" ".join(dice.choices(words, k=past.words)) for _ in range(past.texts)]
    await network.control.faults(history_chunk=past.messages)
    # A text each second, all texts in turn: copies are sorted by their moment.
    for place, text in enumerate(texts):
        row = {"text": text, "from_me": place % 2 == 0, "at": AT}
        await network.control.phone(SHOP).remember(ANA, [row], count=past.copies)
    return sum(map(len, texts)) * past.copies / 1e6


async def warm_up(running: Gateway, network: Emulated) -> None:
    """Have everything loaded that a session needs, and a small past read."""
    await network.control.phone(BOB).remember(SHOP, [{"text": "once", "from_me": True, "at": AT}])
    await paired(running, network, WARM, BOB)
    await until(lambda: told_of(running, WARM), 60, "the small past")


async def learn(running: Gateway, network: Emulated, past: Past) -> None:
    """Pair the session and wait for all of the past."""
    await paired(running, network, "shop", SHOP)
    await until(lambda: has_all(running, past), PATIENCE_S, "the past", every_s=0.5)


async def has_all(running: Gateway, past: Past) -> bool:
    """Whether every message was told of as new. Raises RuntimeError for a history that could not be read."""
    return sum(int(event["added"]) for event in await told_of(running, "shop")) == past.messages


async def paired(running: Gateway, network: Emulated, name: str, phone: str) -> None:
    """A session that wants everything, linked to a phone."""
    await running.call("POST", "/sessions", {"name": name, "engine": "native", "settings": {"history": "full"}})
    await running.call("POST", f"/sessions/{name}/start")

    async def code() -> str | None:
        try:
            shown = await running.call("GET", f"/sessions/{name}/qr", Accept="application/json")
        except RuntimeError:
            return None
        return str(shown["qr"])

    await network.control.phone(phone).scan(await until(code, 30, f"a QR code for {name}"))
    await running.wait_connected([name])


async def told_of(running: Gateway, name: str) -> list[dict[str, Any]]:
    """What was told of a session's past. Raises RuntimeError for a history that could not be read."""
    events = [event["data"] for event in await running.every("/events", types="history.synced", session=name)]
    for event in events:
        if event["error"]:
            raise RuntimeError(f"a history was not read: {event}")
    return events


if __name__ == "__main__":
    asyncio.run(main())
