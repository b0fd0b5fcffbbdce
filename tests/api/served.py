"""The API on a real server, in the test's own event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import aiohttp

from api.world import until
from wagate.api.app import create_app, let_everybody_go
from wagate.api.limits import LIMITS, Limits
from wagate.cli.http_server import UNREAD_TIMEOUT_MS, HttpServer, listen, url_of
from wagate.features import Gateway


@dataclass(frozen=True, slots=True)
class Served:
    """A server, and a client that has the admin key."""

    url: str
    port: int
    server: HttpServer
    task: asyncio.Task[None]
    http: aiohttp.ClientSession

    async def stop(self) -> None:
        self.server.stop()
        await self.task


@asynccontextmanager
async def serving(
    gateway: Gateway, limits: Limits = LIMITS, *, unread_timeout_ms: int = UNREAD_TIMEOUT_MS
) -> AsyncIterator[Served]:
    """Serve a gateway on a port of the system's choice."""
    assert gateway.first_key is not None
    listener = listen("127.0.0.1", 0, unread_timeout_ms=unread_timeout_ms)
    port = listener.getsockname()[1]
    url = url_of(listener)
    server = HttpServer(create_app(gateway, limits), partial(let_everybody_go, gateway))
    task = asyncio.get_running_loop().create_task(server.serve(sockets=[listener]))
    headers = {"Authorization": f"Bearer {gateway.first_key.secret}"}

    async def started() -> bool:
        return server.started

    await until(started)
    async with aiohttp.ClientSession(headers=headers) as http:
        served = Served(url, port, server, task, http)
        try:
            yield served
        finally:
            await http.close()
            await served.stop()
