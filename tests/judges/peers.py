"""Starts and drives a judge: an unmodified neonize or Baileys client in a process of its own, over JSON lines."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

JUDGES = Path(__file__).parent
Event = dict[str, Any]


class Peer:
    """A running judge. ``seen`` keeps every event in order."""

    def __init__(self, phone: str, process: Process) -> None:
        """Take over a process that was just started."""
        self.phone = phone
        self.seen: list[Event] = []
        self._process = process
        self._news = asyncio.Condition()

    async def read(self) -> None:
        """Collect events until the process ends."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            if line.startswith(b"@@"):
                async with self._news:
                    self.seen.append(json.loads(line[2:]))
                    self._news.notify_all()
        async with self._news:
            self.seen.append({"event": "ended"})
            self._news.notify_all()

    def command(self, do: str, **arguments: object) -> None:
        """Send a command without waiting for its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")

    async def wait(self, event: str, matches: Callable[[Event], bool] = lambda _: True, timeout_s: float = 30) -> Event:
        """The first event of a kind that fits, waiting for it if it is not there yet."""
        async with asyncio.timeout(timeout_s), self._news:
            start = 0
            while True:
                for candidate in self.seen[start:]:
                    if candidate["event"] == event and matches(candidate):
                        return candidate
                start = len(self.seen)
                if self.seen and self.seen[-1]["event"] == "ended":
                    raise AssertionError(f"{self.phone} ended; it said {self.seen[-5:]}")
                await self._news.wait()

    async def send(self, to: str, text: str, timeout_s: float = 60) -> str:
        """Send a text and wait until the client says that it is sent; returns the WhatsApp id."""
        self.command("send", to=to, text=text)
        answer = await self.wait_either("sent", "error", text, timeout_s)
        assert answer["event"] == "sent", answer
        return str(answer["id"])

    async def wait_either(self, first: str, second: str, text: str, timeout_s: float) -> Event:
        """The first event of either kind about this text."""
        async with asyncio.timeout(timeout_s), self._news:
            while True:
                for candidate in self.seen:
                    if candidate["event"] in (first, second) and candidate.get("text") == text:
                        return candidate
                await self._news.wait()

    def texts(self) -> list[str]:
        """The texts that contacts sent to this client, in order, repeats included."""
        return [event["text"] for event in self.seen if event["event"] == "message" and not event["from_me"]]


@asynccontextmanager
async def neonize(phone: str, folder: Path, root_key: str, environment: Mapping[str, str]) -> AsyncIterator[Peer]:
    """A neonize client; ``environment`` points it at the emulator (Go reads it at exec, so it is set here)."""
    command = [sys.executable, "-m", "whatsapp_emulator.launch", "--root", root_key, "--"]
    command += ["judges.neonize_driver", phone, str(folder / f"{phone}.db")]
    path = os.pathsep.join([str(JUDGES.parent), str(JUDGES.parents[1] / "src")])
    async with _running(phone, command, {**environment, "PYTHONPATH": path}, folder) as peer:
        yield peer


@asynccontextmanager
async def baileys(phone: str, folder: Path, root_key: str, url: str, node: Path, modules: Path) -> AsyncIterator[Peer]:
    """A Baileys client; ``modules`` is the folder whose ``node_modules`` holds it, ``url`` the plain WebSocket."""
    driver = JUDGES / "baileys" / "driver.mjs"
    command = [str(node), str(driver), url, root_key, str(folder / f"baileys-{phone}"), str(modules)]
    async with _running(phone, command, dict(os.environ), folder) as peer:
        yield peer


@asynccontextmanager
async def _running(phone: str, command: list[str], environment: Mapping[str, str], folder: Path) -> AsyncIterator[Peer]:
    with (folder / f"{phone}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, stderr=log, env=dict(environment), limit=1 << 22
        )
        peer = Peer(phone, process)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(peer.read())
            try:
                yield peer
            finally:
                if process.returncode is None:
                    process.kill()
                await process.wait()
