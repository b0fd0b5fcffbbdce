"""The one way out, and servers that lie, drip and burst."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from dataclasses import replace

import pytest
from aiohttp import web

from adapters.web import LOOPBACK, egress, fetch, hang_up, raw_server, refused, serving
from wagate.adapters.egress import EgressPolicy
from wagate.domain.errors import FetchFailed, MediaTooLarge

# ---- servers that lie, drip and burst


async def test_a_body_that_is_declared_too_long_is_refused_at_once() -> None:
    client = egress(EgressPolicy(allowed=LOOPBACK, max_bytes=1000))
    async with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", hang_up) as port:
        with pytest.raises(MediaTooLarge):
            await fetch(client, f"http://127.0.0.1:{port}/")


async def test_a_body_that_does_not_end_is_cut() -> None:
    sent = 0

    async def pour(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        while True:
            writer.write(b"10000\r\n" + bytes(65536) + b"\r\n")
            await writer.drain()
            sent += 65536

    client = egress(EgressPolicy(allowed=LOOPBACK, max_bytes=1_000_000))
    async with raw_server(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", pour) as port:
        with pytest.raises(MediaTooLarge):
            await fetch(client, f"http://127.0.0.1:{port}/")
    assert sent < 20_000_000


async def test_a_body_that_is_shorter_than_declared_is_refused() -> None:
    async with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this", hang_up) as port:
        await refused(egress(), f"http://127.0.0.1:{port}/")


async def test_a_server_that_falls_silent_is_left() -> None:
    async def hold(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    policy = EgressPolicy(allowed=LOOPBACK, silence_s=0.1, total_s=30.0)
    for answer in (b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx"):
        async with raw_server(answer, hold) as port, asyncio.timeout(5):
            await refused(egress(policy), f"http://127.0.0.1:{port}/")


async def test_a_server_that_drips_is_left_when_the_time_is_over() -> None:
    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    policy = EgressPolicy(allowed=LOOPBACK, silence_s=5.0, total_s=0.4)
    async with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", drip) as port, asyncio.timeout(5):
        await refused(egress(policy), f"http://127.0.0.1:{port}/")
    async with raw_server(b"HTTP/1.1 200 OK\r\nX: ", drip) as port, asyncio.timeout(5):
        await refused(egress(policy), f"http://127.0.0.1:{port}/")


async def test_a_flood_of_headers_is_refused() -> None:
    flood = b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 1000) for n in range(50_000))
    async with raw_server(flood + b"\r\n", hang_up) as port:
        await refused(egress(), f"http://127.0.0.1:{port}/")
    async with raw_server(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", hang_up) as port:
        await refused(egress(), f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("answer", [b"nonsense\r\n\r\n", b"HTTP/9.9 200 OK\r\n\r\n", b"\x16\x03\x01\x02\x00\x01"])
async def test_what_is_not_http_is_refused(answer: bytes) -> None:
    async with raw_server(answer, hang_up) as port:
        await refused(egress(), f"http://127.0.0.1:{port}/")


async def _packed(content: bytes, encoding: str, policy: EgressPolicy) -> bytes:
    async def answer(_request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=content, headers={"Content-Encoding": encoding})

    async with serving(answer) as port:
        return await fetch(egress(policy), f"http://127.0.0.1:{port}/")


async def test_a_packed_body_is_unpacked_up_to_the_limit() -> None:
    policy = EgressPolicy(allowed=LOOPBACK, max_bytes=1_000_000)
    content = b"hello " * 10_000
    assert await _packed(gzip.compress(content), "gzip", policy) == content
    assert await _packed(zlib.compress(content), "deflate", policy) == content
    bomb = gzip.compress(bytes(200_000_000), 9)
    assert len(bomb) < 250_000
    with pytest.raises(MediaTooLarge):
        await _packed(bomb, "gzip", policy)
    for damaged in (b"no gzip", gzip.compress(content) + b"more"):
        with pytest.raises(FetchFailed):
            await _packed(damaged, "gzip", policy)
    with pytest.raises(FetchFailed):
        await _packed(content, "br", policy)


async def test_many_wait_for_their_turn_and_not_for_ever() -> None:
    reached, release = 0, asyncio.Event()

    async def hold(_request: web.BaseRequest) -> web.StreamResponse:
        nonlocal reached
        reached += 1
        await release.wait()
        return web.Response(text="x")

    client = egress(EgressPolicy(allowed=LOOPBACK, at_once=2, total_s=1.0))
    async with serving(hold) as port:
        waiting = [asyncio.get_running_loop().create_task(fetch(client, f"http://127.0.0.1:{port}/")) for _ in range(5)]
        ended = await asyncio.gather(*waiting, return_exceptions=True)
        release.set()
    assert all(isinstance(one, FetchFailed) for one in ended)
    assert reached == 2


async def test_a_closed_port_and_a_forbidden_address_read_alike() -> None:
    client = egress(replace(EgressPolicy(), allowed=LOOPBACK, total_s=3.0))
    await refused(client, "http://127.0.0.1:9/")
    await refused(client, "http://10.0.0.1/")
