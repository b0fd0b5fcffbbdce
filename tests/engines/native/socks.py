"""A SOCKS5 proxy for tests: CONNECT only, no authentication, every name leads to one port on loopback."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_GRANTED = b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00"
_REFUSED = b"\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00"


class SocksProxy:
    """``asked`` are the host names that clients wanted; ``refuses`` makes it say no."""

    def __init__(self, target_port: int, *, refuses: bool = False) -> None:
        self.target_port = target_port
        self.refuses = refuses
        self.asked: list[str] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client (RFC 1928)."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            methods = (await reader.readexactly(2))[1]
            await reader.readexactly(methods)
            writer.write(b"\x05\x00")
            _, _, _, kind = await reader.readexactly(4)
            length = (await reader.readexactly(1))[0] if kind == 3 else 4
            self.asked.append((await reader.readexactly(length)).decode("ascii", "replace"))
            await reader.readexactly(2)
            writer.write(_REFUSED if self.refuses else _GRANTED)
            if not self.refuses:
                await self._join(reader, writer)
        writer.close()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        async with asyncio.TaskGroup() as group:
            group.create_task(_pump(reader, far_writer))
            group.create_task(_pump(far_reader, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while passed := await reader.read(65536):
            writer.write(passed)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def socks_proxy(target_port: int, *, refuses: bool = False) -> AsyncIterator[SocksProxy]:
    """A running proxy."""
    proxy = SocksProxy(target_port, refuses=refuses)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.url = f"socks5://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield proxy
