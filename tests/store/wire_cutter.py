"""A TCP relay in front of PostgreSQL that cuts connections at chosen moments."""

import asyncio
from contextlib import suppress
from enum import Enum, auto
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
"""A simple query message with the text COMMIT."""


class AtCommit(Enum):
    """What happens to the next COMMIT."""

    PASS = auto()
    CUT_BEFORE = auto()
    """The server never hears of it."""
    CUT_AFTER = auto()
    """The server commits, the client never hears of it."""
    CUT_AND_DELAY = auto()
    """The client is cut off at once; the server hears of the COMMIT only after ``release``."""


class WireCutter:
    """The relay. ``url`` is the server's, through the relay."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self.url = ""
        self.at_commit = AtCommit.PASS
        self.refusing = False
        self.connections = 0
        self._release = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = self._target._replace(netloc=f"{self._target.username}@127.0.0.1:{port}").geturl()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._release.set()
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    def cut(self) -> None:
        """Cut every connection, on both sides."""
        for writer in list(self._open):
            writer.transport.abort()

    def release(self) -> None:
        """Let the delayed COMMIT through."""
        self._release.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            writer.transport.abort()
            return
        self.connections += 1
        host, port = self._target.hostname, self._target.port
        server_reader, server_writer = await asyncio.open_connection(host, port)
        self._open |= {writer, server_writer}
        with suppress(OSError, ExceptionGroup):
            async with asyncio.TaskGroup() as group:
                group.create_task(self._towards_server(reader, server_writer, writer))
                group.create_task(self._copy(server_reader, writer))
        for end in (writer, server_writer):
            end.transport.abort()
        self._open -= {writer, server_writer}

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while heard := await reader.read(65536):
            writer.write(heard)
            await writer.drain()
        raise ConnectionResetError

    async def _towards_server(
        self, reader: asyncio.StreamReader, server: asyncio.StreamWriter, client: asyncio.StreamWriter
    ) -> None:
        while heard := await reader.read(65536):
            if _COMMIT in heard and self.at_commit is not AtCommit.PASS:
                act, self.at_commit = self.at_commit, AtCommit.PASS
                if act is AtCommit.CUT_BEFORE:
                    break
                client.transport.abort()
                if act is AtCommit.CUT_AND_DELAY:
                    await self._release.wait()
                server.write(heard)
                await server.drain()
                await asyncio.sleep(0.2)  # the server works while nobody listens
                break
            server.write(heard)
            await server.drain()
        raise ConnectionResetError
