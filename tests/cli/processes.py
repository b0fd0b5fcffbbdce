"""Runs ``wagate`` as a human or a script does: as a process, told apart by what it prints and how it ends."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

PATIENCE_S = 60.0


def environment(**also: str) -> dict[str, str]:
    """This process's environment without any setting of ours or of a proxy."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("WAGATE_") and name not in ("HOST", "PORT") and not name.lower().endswith("_proxy")
    }
    return {**kept, "NO_COLOR": "1", "COLUMNS": "200", **also}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return orjson.loads(self.out)


async def wagate(*arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Ended:
    """Run a command to its end."""
    async with started(*arguments, env=env, cwd=cwd) as process, asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


@asynccontextmanager
async def started(
    *arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> AsyncIterator[Process]:
    """A command while it runs; it is killed afterwards."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "wagate", *arguments, env=environment(**(env or {})), cwd=cwd, stdout=PIPE, stderr=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@dataclass(frozen=True, slots=True)
class Running:
    """A gateway process that answers."""

    process: Process
    url: str
    greeting: str

    @property
    def key(self) -> str | None:
        found = re.search(r"wag_live_\w+(?:-\w*)*", self.greeting)
        return found[0] if found else None

    def env(self, key: str | None = None) -> dict[str, str]:
        """What a command needs to talk to it."""
        return {"WAGATE_URL": self.url, "WAGATE_API_KEY": key or self.key or ""}

    async def end(self, number: int = signal.SIGINT) -> Ended:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        async with asyncio.timeout(PATIENCE_S):
            out, err = await self.process.communicate()
        assert self.process.returncode is not None
        return Ended(self.process.returncode, self.greeting + out.decode(), err.decode())


@asynccontextmanager
async def running(command: str, data: Path, **env: str) -> AsyncIterator[Running]:
    """``wagate serve`` or ``wagate sandbox`` on a port of the system's choice, once it has said that it answers."""
    async with started(command, "--data", str(data), "--port", "0", env=env) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        greeting = ""
        async with asyncio.timeout(PATIENCE_S):
            while "Ctrl-C stops it" not in greeting:
                line = (await process.stdout.readline()).decode()
                if not line:
                    raise AssertionError(f"it ended: {(await process.stderr.read()).decode()}")
                greeting += line
        found = re.search(r"http://[\d.]+:\d+", greeting)
        assert found, greeting
        yield Running(process, found[0], greeting)
