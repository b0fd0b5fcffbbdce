"""Web servers on loopback, a name service that says what a test wants, and the client that is examined."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from wagate.adapters.addresses import read_networks
from wagate.adapters.egress import REFUSED, EgressPolicy, HttpEgress
from wagate.domain.errors import FetchFailed

LOOPBACK = read_networks(["127.0.0.1"])


class Names:
    """A name service that says what the test wants: each time the next answer, and in the end always the last."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self._answers = {name.replace("_", "."): list(addresses) for name, addresses in answers.items()}
        self.asked: list[str] = []

    async def resolve(self, host: str) -> list[str]:
        self.asked.append(host)
        answers = self._answers.get(host)
        if answers is None:
            raise OSError("no such name")
        return answers.pop(0) if len(answers) > 1 else answers[0]


Then = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A web server on loopback; its port."""
    runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw_server(answer: bytes, then: Then) -> AsyncIterator[int]:
    """A server that says these bytes to whoever asks, then does something."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
            await then(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def hang_up(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    return


def egress(policy: EgressPolicy | None = None, names: Names | None = None) -> HttpEgress:
    return HttpEgress(policy or EgressPolicy(allowed=LOOPBACK, total_s=10.0), names)


async def fetch(client: HttpEgress, url: str) -> bytes:
    async with client.get(url) as fetched:
        return b"".join([chunk async for chunk in fetched.chunks])


async def refused(client: HttpEgress, url: str) -> None:
    with pytest.raises(FetchFailed) as failed:
        await fetch(client, url)
    assert failed.value.detail == REFUSED, "every refusal reads alike"
    assert (failed.value.code, failed.value.pointer) == ("fetch_failed", "/url")


async def hello(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(text=f"hello {request.host}", headers={"Content-Disposition": 'attachment; filename="a b.txt"'})
