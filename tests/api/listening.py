"""A client of the event stream, for tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp

from api.served import Served

PATIENCE_S = 40.0


class Listener:
    """Reads a stream of server-sent events as a client would."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.comments = 0

    async def next(self) -> dict[str, str]:
        fields: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE_S):
            while True:
                line = (await self.response.content.readline()).decode()
                if not line:
                    raise EOFError
                if line.startswith(":"):
                    self.comments += 1
                elif line == "\n" and "data" in fields:
                    return fields
                elif line != "\n":
                    name, _, value = line.rstrip("\n").partition(": ")
                    fields[name] = value

    async def take(self, count: int) -> list[dict[str, str]]:
        return [await self.next() for _ in range(count)]


@asynccontextmanager
async def listening(
    served: Served, query: str = "", headers: Mapping[str, str] | None = None
) -> AsyncIterator[Listener]:
    async with served.http.get(f"{served.url}/v1/events/stream{query}", headers=headers) as response:
        assert response.status == 200, await response.text()
        listener = Listener(response)
        assert (await response.content.readline()).startswith(b"retry:")
        yield listener
