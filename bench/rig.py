"""What every bench stands on: the emulator and the gateway as processes of their own, driven over their real APIs."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson
import psutil

from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.whereabouts import Whereabouts

START_TIMEOUT_S = 60.0
JSON = {"Content-Type": "application/json"}


def free_port() -> int:
    """A port of loopback that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def until(holds: Any, timeout_s: float, what: str, every_s: float = 0.02) -> Any:
    """Ask again and again until the answer is true, and return it. Raises TimeoutError, naming what did not come."""
    ends = time.monotonic() + timeout_s
    while time.monotonic() < ends:
        if answer := await holds():
            return answer
        await asyncio.sleep(every_s)
    raise TimeoutError(f"{what} did not happen within {timeout_s:.0f} s")


class Spawned:
    """A Python module that runs as a process of its own, ended with its owner."""

    def __init__(self, module: str, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        """Start it; both of its streams go to ``log``."""
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self._watched = psutil.Process(self.process.pid)

    def cpu_s(self) -> float:
        """Seconds of CPU, user and system, since the start."""
        times = self._watched.cpu_times()
        return float(times.user + times.system)

    def rss_mb(self) -> float:
        """Resident memory."""
        return float(self._watched.memory_info().rss) / 1e6

    def threads(self) -> int:
        """How many threads it has."""
        return int(self._watched.num_threads())

    def end(self, number: int = signal.SIGTERM, patience_s: float = 30) -> None:
        """Send a signal and wait for the end."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass(slots=True)
class Emulated:
    """A running emulator; ``spawned`` is None when it runs in the bench's own process."""

    where: Whereabouts
    control: EmulatorClient
    spawned: Spawned | None


@asynccontextmanager
async def emulator(folder: Path) -> AsyncIterator[Emulated]:
    """The pretend network, in a process of its own."""
    info = folder / "emulator.json"
    spawned = Spawned("whatsapp_emulator", ["--info", str(info)], os.environ, folder / "emulator.log")
    try:

        async def appeared() -> bool:
            return info.exists()

        await until(appeared, START_TIMEOUT_S, "the emulator's start")
        where = Whereabouts.of(orjson.loads(info.read_bytes()))
        async with EmulatorClient(where.control_url) as control:
            yield Emulated(where, control, spawned)
    finally:
        spawned.end()


class Gateway:
    """A gateway on its own data directory; it can be killed and started again on the same port."""

    def __init__(self, folder: Path, environment: Mapping[str, str], entry: Sequence[str]) -> None:
        """Made by `gateway`."""
        self.data = folder / "data"
        self.url = f"http://127.0.0.1:{environment['PORT']}"
        self._environment = environment
        self._entry = entry
        self._log = folder / "gateway.log"
        self._http: aiohttp.ClientSession | None = None
        self.spawned: Spawned | None = None
        self.key = ""

    async def __aenter__(self) -> Self:
        """Make a key and start."""
        made = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "wagate", "key", "create", "bench", "--data", str(self.data), "--json"),
            env=dict(self._environment),
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await made.communicate()
        self.key = orjson.loads(output)["key"]
        self._http = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {self.key}", **JSON},
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=120),
        )
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        if self._http is not None:
            await self._http.close()
        if self.spawned is not None:
            await asyncio.to_thread(self.spawned.end)

    @property
    def running(self) -> Spawned:
        """The process."""
        assert self.spawned is not None
        return self.spawned

    @property
    def http(self) -> aiohttp.ClientSession:
        """A pool with the key in its headers."""
        assert self._http is not None
        return self._http

    async def start(self) -> None:
        """Start, and return when it is ready."""
        self.spawn()

        async def ready() -> bool:
            if self.running.process.poll() is not None:
                raise RuntimeError(f"the gateway ended; see {self._log}: {self._log.read_text()[-2000:]}")
            with suppress(aiohttp.ClientError):
                async with self.http.get(f"{self.url}/health/ready") as response:
                    return response.status == 200
            return False

        await until(ready, START_TIMEOUT_S, "readiness")

    def spawn(self) -> None:
        """Start the process and wait for nothing."""
        command = [*self._entry, "serve", "--data", str(self.data)]
        self.spawned = Spawned(command[0], command[1:], self._environment, self._log)

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        self.running.end(signal.SIGKILL)

    async def call(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """A request under /v1; returns the answer's JSON and raises RuntimeError for a refusal."""
        content = None if body is None else orjson.dumps(body)
        async with self.http.request(method, f"{self.url}/v1{path}", data=content, headers=headers) as response:
            answer = await response.read()
            if response.status >= 400:
                raise RuntimeError(f"{method} {path}: {response.status} {answer.decode()}")
            return orjson.loads(answer) if answer else None

    async def pair(
        self,
        name: str,
        phone: str,
        control: EmulatorClient,
        engine: str = "native",
        prepare: Callable[[str], None] | None = None,
    ) -> None:
        """Make a session, let the phone scan its code, and wait until it is connected.

        ``prepare`` is called with the session's name before it is started.
        """
        await self.call("POST", "/sessions", {"name": name, "engine": engine})
        if prepare is not None:
            prepare(name)
        await self.call("POST", f"/sessions/{name}/start")

        async def code() -> str | None:
            try:
                shown = await self.call("GET", f"/sessions/{name}/qr", Accept="application/json")
            except RuntimeError:
                return None
            return str(shown["qr"])

        await control.phone(phone).scan(await until(code, 30, f"a QR code for {name}"))
        await self.wait_connected([name])

    async def wait_connected(self, names: Sequence[str], timeout_s: float = 60) -> None:
        """Wait until all these sessions are connected."""
        for name in names:

            async def connected(name: str = name) -> bool:
                return bool((await self.call("GET", f"/sessions/{name}"))["state"] == "connected")

            await until(connected, timeout_s, f"{name} connected")

    async def messages(self, **query: str) -> list[dict[str, Any]]:
        """All messages that the list route has, oldest first."""
        return await self.every("/messages", **query)

    async def every(self, path: str, **query: str) -> list[dict[str, Any]]:
        """All pages of a list, oldest first."""
        found: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            question = "&".join(f"{key}={value}" for key, value in {**query, "cursor": cursor}.items() if value)
            page = await self.call("GET", f"{path}?limit=200&order=asc&{question}")
            found += page["data"]
            cursor = page["next_cursor"]
        return found


def _way_to(where: Whereabouts, *, tls: bool) -> dict[str, str]:
    """The settings of a gateway that finds the emulator in WhatsApp's place."""
    return {
        "WAGATE_WHATSAPP_URL": where.tls_url if tls else where.plain_url,
        "WAGATE_WHATSAPP_ROOT_KEY": where.root_key,
        "WAGATE_WHATSAPP_CA_FILE": where.ca_file,
    }


@asynccontextmanager
async def gateway(
    folder: Path,
    network: Emulated | None,
    *,
    database_url: str = "",
    tls: bool = False,
    entry: Sequence[str] = ("wagate",),
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[Gateway]:
    """A gateway whose native engine dials the emulator, if there is one.

    ``entry`` may be a bench's own way into ``wagate``.
    """
    environment = {
        **os.environ,
        "PORT": str(free_port()),
        "WAGATE_DATABASE_URL": database_url,
        **({} if network is None else _way_to(network.where, tls=tls)),
        "WAGATE_LOGIN_RATE": "0",
        "WAGATE_PACE_PER_MINUTE": "0",
        "WAGATE_PACE_BULK_PER_MINUTE": "0",
        "WAGATE_LOG_LEVEL": "warning",
        **(settings or {}),
    }
    async with Gateway(folder, environment, entry) as running:
        yield running


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for one run; the one that ``BENCH_FOLDER`` names stays, with the logs of both processes."""
    if kept := os.environ.get("BENCH_FOLDER"):
        Path(kept).mkdir(parents=True)
        yield Path(kept)
        return
    with tempfile.TemporaryDirectory(prefix="wagate-bench-") as folder:
        yield Path(folder)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def spread(values: Sequence[float], digits: int = 2) -> str:
    """The least and the most of some figures."""
    return f"{min(values):.{digits}f} to {max(values):.{digits}f}"


def bar(name: str, value: float, limit: float, unit: str, *, at_least: bool = False) -> bool:
    """Print a figure beside its bar; whether it holds."""
    holds = value >= limit if at_least else value <= limit
    sign = "≥" if at_least else "≤"
    print(f"  {'ok  ' if holds else 'MISS'} {name:<58} {value:10.2f} {unit:<8} (bar {sign} {limit:g})", flush=True)
    return holds
