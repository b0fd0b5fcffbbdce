"""What a file costs on its way in and out: ``python -m bench.media``.

One document of 100 MB, twenty of 16 MB at once, and pictures that are looked into; by form, over HTTP on loopback, with
durable files and commits. Then a document of 100 MB in a message: by form to a phone of the emulator, and from one.
CPU is the gateway's own and that of the processes that it starts; the client here has its own, on the same machine, and
so have the phones. Memory is the largest resident set while it happens, above the one before.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import orjson
import psutil
from PIL import Image

from bench.rig import Emulated, Gateway, bar, emulator, free_port, gateway, scratch, until

MB = 1024 * 1024
PIECE = 256 * 1024
BOUNDARY = "bench"
SETTLE_S = 2.0
SHOP, ANA = "491510000001", "491520000001"


@dataclass
class Watched:
    """What the gateway used in a while."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    grown_mb: float = 0.0
    children_mb: float = 0.0
    seen: dict[int, float] = field(default_factory=dict)


async def main() -> None:
    """Run everything and print the bars."""
    with scratch() as folder:
        environment = {**os.environ, "PORT": str(free_port()), "WAGATE_LOG_LEVEL": "warning"}
        async with Gateway(folder, environment, ("wagate",)) as running:
            await send(running, os.urandom(MB))
            await asyncio.sleep(SETTLE_S)
            large = await one_large(running)
            await out(running, large)
            await many_at_once(running)
            await pictures(running)
    with scratch() as folder:
        async with emulator(folder) as network, gateway(folder, network) as running:
            await network.control.account(SHOP, "Shop")
            await network.control.account(ANA, "Ana")
            await running.pair("shop", SHOP, network.control)
            await running.wait_connected(["shop"])
            await to_the_phone(running, network, os.urandom(MB))
            await from_the_phone(running, network, os.urandom(MB))
            await asyncio.sleep(SETTLE_S)
            content = os.urandom(100 * MB)
            async with watching(running) as watched:
                await to_the_phone(running, network, content)
            report("message out: one document of 100 MB, to the phone", watched, 100)
            bar("memory for it, above the base", watched.grown_mb, 48, "MB")
            await asyncio.sleep(SETTLE_S)
            async with watching(running) as watched:
                await from_the_phone(running, network, content)
            report("message in: one document of 100 MB, from the phone", watched, 100)
            bar("memory for it, above the base", watched.grown_mb, 48, "MB")


async def to_the_phone(running: Gateway, network: Emulated, content: bytes) -> None:
    """A document by form, in a message; until the phone has it."""
    made = await send(running, content, path="/v1/sessions/shop/messages?wait=60", to=ANA, type="document")
    got = await network.control.phone(ANA).fetch(made["wa_id"])
    assert (got.sha256, got.size) == (hashlib.sha256(content).hexdigest(), len(content))


async def from_the_phone(running: Gateway, network: Emulated, content: bytes) -> None:
    """A document from a phone; until the gateway has it, who is asked for it because it is large."""

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), PIECE):
            yield content[start : start + PIECE]

    wa_id = await network.control.phone(ANA).send_media(SHOP, "document", pieces(), file_name="large.bin")

    async def media() -> dict[str, Any] | None:
        found = [message for message in await running.messages(has_media="true") if message["wa_id"] == wa_id]
        return found[0]["media"] if found else None

    arriving = await until(media, 60, "the message")

    async def ready() -> dict[str, Any] | None:
        async with running.http.get(f"{running.url}{arriving['url']}", headers={"Range": "bytes=0-0"}) as answer:
            return arriving if answer.status == 206 else None

    await until(ready, 120, "the file", every_s=0.1)
    found = await running.call("GET", f"/media/{arriving['id']}/info")
    assert (found["sha256"], found["size"]) == (hashlib.sha256(content).hexdigest(), len(content))


async def one_large(running: Gateway) -> tuple[str, bytes]:
    """A document of 100 MB in."""
    content = os.urandom(100 * MB)
    async with watching(running) as watched:
        made = await send(running, content)
    report("in: one document of 100 MB", watched, 100)
    bar("memory for it, above the base", watched.grown_mb, 48, "MB")
    assert made["sha256"] == hashlib.sha256(content).hexdigest()
    return made["id"], content


async def out(running: Gateway, large: tuple[str, bytes]) -> None:
    """The same document out."""
    media, content = large
    digest, size = hashlib.sha256(), 0
    async with watching(running) as watched, running.http.get(f"{running.url}/v1/media/{media}") as answer:
        async for piece in answer.content.iter_chunked(PIECE):
            digest.update(piece)
            size += len(piece)
    report("out: one document of 100 MB", watched, 100)
    bar("memory for it, above the base", watched.grown_mb, 48, "MB")
    assert (digest.digest(), size) == (hashlib.sha256(content).digest(), len(content))


async def many_at_once(running: Gateway) -> None:
    """Twenty documents of 16 MB at once."""
    contents = [os.urandom(16 * MB) for _ in range(20)]
    async with watching(running) as watched:
        made = await asyncio.gather(*(send(running, content) for content in contents))
    report("in: twenty documents of 16 MB at once", watched, 320)
    bar("memory for all of them, above the base", watched.grown_mb, 96, "MB")
    assert [one["sha256"] for one in made] == [hashlib.sha256(content).hexdigest() for content in contents]


async def pictures(running: Gateway) -> None:
    """Pictures of 12 megapixels, four at a time: measured, and shown in small."""
    written = io.BytesIO()
    Image.frombytes("RGB", (1000, 750), os.urandom(1000 * 750 * 3)).resize((4000, 3000)).save(written, "JPEG")
    count = 40
    turns = asyncio.Semaphore(4)

    async def one(number: int) -> None:
        async with turns:
            await send(running, written.getvalue() + number.to_bytes(4, "big"), "picture.jpg")

    async with watching(running) as watched:
        await asyncio.gather(*(one(number) for number in range(count)))
    size_mb = written.tell() * count / MB
    report(f"in: {count} pictures of 12 megapixels, {written.tell() / MB:.1f} MB each", watched, size_mb)
    print(f"       a picture: {watched.cpu_s / count * 1000:.0f} ms of CPU; its process: {watched.children_mb:.0f} MB")


async def send(
    running: Gateway, content: bytes, filename: str = "file.bin", path: str = "/v1/media", **fields: str
) -> Any:
    """Send a form; the answer."""
    head = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ).encode()
    head += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n\r\n'.encode()
    tail = f"\r\n--{BOUNDARY}--\r\n".encode()

    async def body() -> AsyncIterator[bytes]:
        yield head
        for start in range(0, len(content), PIECE):
            yield content[start : start + PIECE]
        yield tail

    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    async with running.http.post(f"{running.url}{path}", data=body(), headers=headers) as answer:
        said = await answer.read()
        if answer.status not in (200, 201, 202):
            raise RuntimeError(f"{answer.status} {said.decode()}")
        return orjson.loads(said)


@asynccontextmanager
async def watching(running: Gateway) -> AsyncIterator[Watched]:
    """Measure the gateway while something happens."""
    watched, base = Watched(), running.running.rss_mb()
    gateway = psutil.Process(running.running.process.pid)
    cpu, began = whole_cpu(gateway, watched), time.monotonic()
    sampling = asyncio.get_running_loop().create_task(sample(gateway, watched, base))
    try:
        yield watched
    finally:
        watched.wall_s = time.monotonic() - began
        sampling.cancel()
        with suppress(asyncio.CancelledError):
            await sampling
        watched.cpu_s = whole_cpu(gateway, watched) - cpu


async def sample(gateway: psutil.Process, watched: Watched, base_mb: float) -> None:
    """Note the largest memory, again and again."""
    while True:
        watched.grown_mb = max(watched.grown_mb, gateway.memory_info().rss / 1e6 - base_mb)
        whole_cpu(gateway, watched)
        await asyncio.sleep(0.01)


def whole_cpu(gateway: psutil.Process, watched: Watched) -> float:
    """Seconds of CPU of the gateway and of everything that it started, as far as it was seen alive."""
    for child in gateway.children(recursive=True):
        with suppress(psutil.Error):
            times = child.cpu_times()
            watched.seen[child.pid] = times.user + times.system
            watched.children_mb = max(watched.children_mb, child.memory_info().rss / 1e6)
    own = gateway.cpu_times()
    return float(own.user + own.system + sum(watched.seen.values()))


def report(what: str, watched: Watched, size_mb: float) -> None:
    """One line of figures."""
    speed, cost = size_mb / watched.wall_s, watched.cpu_s / size_mb * 1000
    print(f"{what}: {speed:.0f} MB/s, {cost:.2f} ms of CPU per MB, {watched.grown_mb:.0f} MB of memory", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
