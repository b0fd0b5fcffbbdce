"""What it costs to accept a message: ``python -m bench.accept [--database both] [--requests 8000] [--rounds 5]``.

Messages are posted over 32 connections that stay open, by a client in a process of its own that does next to nothing
but write and read sockets. Their sessions are not started, so that all that the gateway does is to accept: it parses,
checks, commits for good (SQLite with ``synchronous=FULL``, PostgreSQL with ``fsync``) and answers. CPU is that of the
gateway's process. A figure is the median of the rounds, as a busy neighbour slows single ones down.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import median
from typing import NamedTuple

import orjson
import uvloop
from typing_extensions import override

from bench.rig import Gateway, bar, gateway, percentile, scratch, spread
from services.postgres import postgres_server

CONNECTIONS = 32
SESSIONS = 8
CONTACTS = 40
BATCH = 100
PATIENCE_S = 300
BATCH_PATH = "/v1/sessions/{session}/messages/batch"

RATE_BAR = 4_000
CPU_BAR_US = 250
WAIT_BAR_MS = 60


class Round(NamedTuple):
    """What the client saw: messages a second, and how long each request took, in ms."""

    rate: float
    waits: list[float]


class Sender(asyncio.Protocol):
    """One connection: it writes a request, reads the answer, and writes the next one."""

    def __init__(self, requests: Iterator[bytes], ended: asyncio.Future[None]) -> None:
        """Take the next request from those that all connections share; ``ended`` when there is none left."""
        self._requests = requests
        self._ended = ended
        self._heard = b""
        self._written_at = 0.0
        self.waits: list[float] = []

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # a TCP connection's
        self._transport = transport
        self._next()

    @override
    def data_received(self, data: bytes) -> None:
        self._heard += data
        head, found, body = self._heard.partition(b"\r\n\r\n")
        if not found or len(body) < int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]):
            return
        self._heard = b""
        if not head.startswith((b"HTTP/1.1 202", b"HTTP/1.1 200")):
            self._ended.set_exception(RuntimeError(f"{head.decode()} {body.decode()}"))
            return
        self.waits.append((time.perf_counter() - self._written_at) * 1000)
        self._next()

    @override
    def connection_lost(self, error: Exception | None) -> None:
        if not self._ended.done():
            self._ended.set_exception(error or RuntimeError("The gateway hung up"))

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is not None:
            self._written_at = time.perf_counter()
            self._transport.write(request)
        elif not self._ended.done():
            self._ended.set_result(None)


def request(key: str, path: str, body: object, idempotency_key: str = "") -> bytes:
    """A whole POST."""
    content = orjson.dumps(body)
    keyed = f"Idempotency-Key: {idempotency_key}\r\n" if idempotency_key else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n{keyed}"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def requests_of(kind: str, key: str, number: int, marked: str) -> list[bytes]:
    """So many messages of one kind, spread over sessions and contacts, as requests; ``marked`` makes them new ones."""

    def message(place: int) -> dict[str, object]:
        return {
            "to": f"49152{place // SESSIONS % CONTACTS:07}",
            "text": f"{marked}: your parcel number {place} is here",
        }

    def path(place: int) -> str:
        return f"/v1/sessions/s{place % SESSIONS}/messages"

    if kind == "batch":
        return [
            request(
                key,
                BATCH_PATH.format(session=f"s{start // BATCH % SESSIONS}"),
                {"messages": [message(place) for place in range(start, start + BATCH)]},
            )
            for start in range(0, number, BATCH)
        ]
    keys = (f"{marked}-{place}" if kind == "key" else "" for place in count())
    return [request(key, path(place), message(place), next(keys)) for place in range(number)]


async def post(port: int, requests: list[bytes], messages: int) -> Round:
    """Send all requests over all connections."""
    loop = asyncio.get_running_loop()
    queue = iter(requests)
    begun = time.perf_counter()
    senders, ended = [], []
    for _ in range(min(CONNECTIONS, len(requests))):
        done: asyncio.Future[None] = loop.create_future()
        _, sender = await loop.create_connection(lambda done=done: Sender(queue, done), "127.0.0.1", port)  # type: ignore[misc]
        senders.append(sender)
        ended.append(done)
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*ended)
    rate = messages / (time.perf_counter() - begun)
    return Round(rate, [wait for sender in senders for wait in sender.waits])


async def client(port: int, kind: str, key: str, number: int, marked: str) -> None:
    """The client's process: tells its round on standard output."""
    made = await post(port, requests_of(kind, key, number, marked), number)
    sys.stdout.buffer.write(orjson.dumps([made.rate, made.waits]))


async def one_round(running: Gateway, kind: str, number: int, marked: str) -> tuple[Round, float]:
    """Let a client send; what it saw, and µs of the gateway's CPU for each message."""
    port = running.url.rpartition(":")[2]
    before = running.running.cpu_s()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.accept", "--client", port, kind, running.key, str(number), marked),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError("The client failed; what it said is above")
    return Round(*orjson.loads(output)), (running.running.cpu_s() - before) / number * 1e6


async def measure(folder: Path, database_url: str, number: int, rounds: int, entry: tuple[str, ...]) -> bool:
    """All kinds of requests on one database; whether the bars hold."""
    async with gateway(folder, None, database_url=database_url, entry=entry) as running:
        for session in range(SESSIONS):
            await running.call("POST", "/sessions", {"name": f"s{session}", "engine": "native"})
        async with running.http.get(f"{running.url}/openapi.json") as response:
            has_batches = BATCH_PATH in (await response.json())["paths"]
        await one_round(running, "plain", 2 * SESSIONS * CONTACTS, "the first ones")
        holds = True
        for kind in ("plain", "key", "batch") if has_batches else ("plain", "key"):
            made = [await one_round(running, kind, number, f"{kind}-{place}") for place in range(rounds)]
            holds = told(kind, [round_ for round_, _ in made], [cpu for _, cpu in made]) and holds
        return holds


def told(kind: str, rounds: list[Round], cpu_us: list[float]) -> bool:
    """Print what was measured of one kind; either bar of speed will do."""
    what = {"plain": "a request each", "key": "with an Idempotency-Key", "batch": f"{BATCH} in a request"}[kind]
    print(f"  {what}: rates {spread([round_.rate for round_ in rounds], 0)}, CPU {spread(cpu_us, 0)} µs")
    waits = [wait for round_ in rounds for wait in round_.waits]
    print(f"       a request takes {percentile(waits, 0.5):.1f} ms (p50)")
    fast = bar("accepted", median(round_.rate for round_ in rounds), RATE_BAR, "msg/s", at_least=True)
    cheap = bar("or: CPU per accepted message", median(cpu_us), CPU_BAR_US, "µs")
    in_time = bar("a request takes, p99", percentile(waits, 0.99), WAIT_BAR_MS, "ms")
    return (fast or cheap) and in_time


@contextmanager
def databases(which: str) -> Iterator[dict[str, str]]:
    """URLs of empty databases, "" for the gateway's own file, by kind."""
    urls = {"sqlite": ""} if which != "postgresql" else {}
    if which == "sqlite":
        yield urls
        return
    with postgres_server(durable=True) as server:
        yield {**urls, "postgresql": server.create_database()}


def main() -> bool:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--requests", type=int, default=8_000, help="messages of one round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", type=Path, help="sample the gateway into this file; its figures are worth nothing")
    chosen = parser.parse_args()
    entry = ("wagate",) if chosen.profile is None else ("bench.profiled", str(chosen.profile))
    holds = True
    with scratch() as folder, databases(chosen.database) as urls:
        for name, url in urls.items():
            print(f"{name}, {CONNECTIONS} connections")
            place = folder / name
            place.mkdir()
            holds = asyncio.run(measure(place, url, chosen.requests, chosen.rounds, entry)) and holds
    return holds


if __name__ == "__main__":
    if sys.argv[1:2] == ["--client"]:
        uvloop.run(client(int(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5]), sys.argv[6]))
    else:
        raise SystemExit(not main())
