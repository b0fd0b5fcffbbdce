"""Large files over a real server: many at once in little memory, and clients that leave in the middle."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest

from api.served import Served, serving
from api.world import one_database, until
from fixtures import samples
from fixtures.rooms import House
from wagate.domain.media import MB

PIECE = 256 * 1024
pytestmark = pytest.mark.timeout(120)


def content_of(number: int, size: int) -> Iterator[bytes]:
    """Bytes that differ from file to file, without ever holding a file."""
    piece = hashlib.sha256(str(number).encode()).digest() * (PIECE // 32)
    for start in range(0, size, PIECE):
        yield piece[: size - start]


async def form_of(number: int, size: int) -> AsyncIterator[bytes]:
    disposition = f'form-data; name="file"; filename="{number}.bin"'
    yield f"--{samples.BOUNDARY}\r\nContent-Disposition: {disposition}\r\n\r\n".encode()
    for piece in content_of(number, size):
        yield piece
    yield f"\r\n--{samples.BOUNDARY}--\r\n".encode()


def digest_of(number: int, size: int) -> str:
    digest = hashlib.sha256()
    for piece in content_of(number, size):
        digest.update(piece)
    return digest.hexdigest()


async def send(served: Served, number: int, size: int) -> Any:
    async with served.http.post(f"{served.url}/v1/media", data=form_of(number, size), headers=samples.FORM) as answer:
        assert answer.status == 201, await answer.read()
        return await answer.json()


@one_database
async def test_twenty_files_of_16_mb_at_once_take_little_memory(house: House) -> None:
    size = 16 * MB
    process = psutil.Process()
    async with serving(house.gateway) as served:
        await send(served, 99, size)
        base, largest = process.memory_info().rss, 0

        async def watch() -> None:
            nonlocal largest
            while True:
                largest = max(largest, process.memory_info().rss)
                await asyncio.sleep(0.01)

        watching = asyncio.get_running_loop().create_task(watch())
        made = await asyncio.gather(*(send(served, number, size) for number in range(20)))
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        assert [one["sha256"] for one in made] == [digest_of(number, size) for number in range(20)]
        assert (largest - base) / MB < 20 * 16 / 3
        digest = hashlib.sha256()
        async with served.http.get(f"{served.url}{made[7]['url']}") as answer:
            async for piece in answer.content.iter_chunked(PIECE):
                digest.update(piece)
        assert digest.hexdigest() == made[7]["sha256"]


def _files(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "data" / "media").rglob("*") if path.is_file()]


@one_database
async def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(house: House, tmp_path: Path) -> None:
    async with serving(house.gateway) as served:

        async def begun() -> bool:
            return any(path.stat().st_size for path in _files(tmp_path))

        async def half() -> AsyncIterator[bytes]:
            sent = 0
            async for piece in form_of(1, 4 * MB):
                yield piece
                sent += len(piece)
                if sent > MB:
                    await until(begun)
                    raise ConnectionAbortedError

        with pytest.raises((aiohttp.ClientError, ConnectionError)):
            await served.http.post(f"{served.url}/v1/media", data=half(), headers=samples.FORM)

        async def gone() -> bool:
            return not _files(tmp_path)

        await until(gone)
        assert (await send(served, 1, 4 * MB))["sha256"] == digest_of(1, 4 * MB)


@one_database
async def test_a_reader_that_leaves_in_the_middle_harms_nobody(house: House) -> None:
    async with serving(house.gateway) as served:
        made = await send(served, 1, 8 * MB)
        for _ in range(3):
            async with served.http.get(f"{served.url}{made['url']}") as answer:
                await answer.content.readexactly(1000)
                answer.close()
        headers = {"Range": f"bytes={8 * MB - 10}-"}
        async with served.http.get(f"{served.url}{made['url']}", headers=headers) as answer:
            assert (answer.status, len(await answer.read())) == (206, 10)


@one_database
async def test_a_body_that_is_longer_than_declared_is_refused(house: House, tmp_path: Path) -> None:
    """The server reads what was declared, and that is no whole form."""
    async with serving(house.gateway) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        key = served.http.headers["Authorization"]
        head = f"POST /v1/media HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\nContent-Length: 1000\r\n"
        body = b"".join([piece async for piece in form_of(1, 3000)])
        writer.write(f"{head}Content-Type: {samples.FORM['Content-Type']}\r\n\r\n".encode() + body)
        assert b" 400 " in await reader.readuntil(b"\r\n")
        writer.close()

        async def gone() -> bool:
            return not _files(tmp_path)

        await until(gone)
