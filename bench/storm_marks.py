"""App state in the kill storm: chats are archived and muted, by us and on the phone, and in the end all agree."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Protocol

import aiohttp

from bench.rig import Emulated, Gateway, until

MARKING_S = 1.0
"""The longest pause between two marks."""

AGREE_S = 60.0
_BASE_MS = 1_900_000_000_000


class Storm(Protocol):
    """What is known of the storm."""

    stopping: bool


async def mark_chats(running: Gateway, chats: Sequence[str], storm: Storm) -> None:
    """Archive and mute at random. A mark whose answer was lost, or that was refused, is not asked for again."""
    while not storm.stopping:
        path = f"{running.url}/v1/sessions/shop/chats/{random.choice(chats)}"
        with suppress(aiohttp.ClientError, ConnectionError, TimeoutError):
            async with running.http.patch(path, json=_marks()) as answer:
                await answer.read()
        await asyncio.sleep(random.uniform(0, MARKING_S))


async def mark_on_phone(network: Emulated, phone: str, chats: Sequence[str], storm: Storm) -> None:
    """The account's phone does the same, whether or not the gateway is there."""
    own = network.control.phone(phone)
    while not storm.stopping:
        chat = random.choice(chats)
        if random.random() < 0.5:
            await own.app_state("archive", chat=chat, on=random.random() < 0.5)
        else:
            await own.app_state("mute", chat=chat, until=_BASE_MS + random.randrange(1_000) * 1_000)
        await asyncio.sleep(random.uniform(0, MARKING_S))


async def disagreements(running: Gateway, network: Emulated, phone: str, chats: Sequence[str]) -> int:
    """For how many chats the gateway's marks are others than the phone's, once everything had time to arrive."""
    wrong: list[str] = []

    async def agreed() -> bool:
        wrong[:] = await _unlike(running, network, phone, chats)
        return not wrong

    with suppress(TimeoutError):
        await until(agreed, AGREE_S, "the phone and the gateway agree", every_s=1)
    for line in wrong:
        print(f"    {line}")
    return len(wrong)


async def _unlike(running: Gateway, network: Emulated, phone: str, chats: Sequence[str]) -> list[str]:
    theirs: dict[str, dict[str, Any]] = {}
    for action in await network.control.phone(phone).agreed():
        if action["action"] in ("Archive", "Mute"):
            theirs.setdefault(action["chat"], {})[action["action"]] = action
    wrong = []
    for chat in chats:
        lid = (await network.control.account(chat)).lid
        ours = await running.call("GET", f"/sessions/shop/chats/{chat}")
        phone_says = theirs.get(lid, {})
        archived = bool(phone_says.get("Archive", {}).get("on"))
        muted = phone_says.get("Mute", {}).get("until")
        if (ours["archived"], _milliseconds(ours["muted_until"])) != (archived, muted):
            wrong.append(f"{chat}: here {ours['archived']}, {ours['muted_until']}; on the phone {archived}, {muted}")
    return wrong


def _marks() -> dict[str, object]:
    if random.random() < 0.5:
        return {"archived": random.random() < 0.5}
    moment = datetime.fromtimestamp(_BASE_MS / 1000 + random.randrange(1_000), UTC)
    return {"muted_until": moment.isoformat()}


def _milliseconds(moment: str | None) -> int | None:
    return None if moment is None else round(datetime.fromisoformat(moment).timestamp() * 1000)
