"""The CONNECT proxy: the one way out for a client under test, and it leads nowhere but to the emulator."""

from __future__ import annotations

import asyncio
import re
from collections import Counter

from typing_extensions import override

from whatsapp_emulator.web.sockets import listen, port_of, reset

_WHATSAPP = ("whatsapp.com", "whatsapp.net")
_REQUEST = re.compile(rb"CONNECT ([A-Za-z0-9.-]+):(\d+) HTTP/1\.[01]\r\n")
_OURSELVES = ("localhost", "127.0.0.1")
_MAX_REQUEST = 16_384
_ACCEPTED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def is_whatsapp(host: str) -> bool:
    """Whether a host name is WhatsApp's."""
    return any(host == domain or host.endswith(f".{domain}") for domain in _WHATSAPP)


class ConnectProxy:
    """Tunnels every WhatsApp host to one port on loopback, that port itself too, and refuses all others with 403.

    `refused` counts what clients wanted outside, which makes this the network guard of a test.
    """

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.refused: Counter[str] = Counter()
        self.tunnels: set[_End] = set()
        self._dialling: set[asyncio.Task[None]] = set()
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self, port: int) -> None:
        """Listen on 127.0.0.1. Raises OSError when the port is taken."""
        listening = listen(port)
        self.port = port_of(listening)
        self._server = await asyncio.get_running_loop().create_server(lambda: _Client(self), sock=listening)

    async def stop(self) -> None:
        """Stop listening, and cut all tunnels."""
        if self._server is not None:
            self._server.close()
            for end in list(self.tunnels):
                end.cut()
            await asyncio.gather(*self._dialling, return_exceptions=True)
            await self._server.wait_closed()

    def dial(self, client: _Client) -> asyncio.Task[None]:
        """Open the other end of a tunnel in the background."""
        task = asyncio.get_running_loop().create_task(client.dial())
        self._dialling.add(task)
        task.add_done_callback(self._dialling.discard)
        return task


class _End(asyncio.Protocol):
    """One end of a tunnel: what it reads, the other end writes, at the pace of the slower one."""

    def __init__(self, proxy: ConnectProxy) -> None:
        self.proxy = proxy
        self.other: _End | None = None
        self.transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.proxy.tunnels.add(self)

    @override
    def data_received(self, data: bytes) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)

    @override
    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    @override
    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.proxy.tunnels.discard(self)
        if self.other is None or self.other.transport is None:
            return
        if isinstance(exc, ConnectionResetError):
            reset(self.other.transport)
        else:
            self.other.transport.close()

    def cut(self) -> None:
        """Hang up at once."""
        if self.transport is not None:
            self.transport.abort()


class _Client(_End):
    """The end that asks for a tunnel."""

    def __init__(self, proxy: ConnectProxy) -> None:
        super().__init__(proxy)
        self._request = b""
        self._dialling: asyncio.Task[None] | None = None

    @override
    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            super().data_received(data)
            return
        self._request += data
        if b"\r\n\r\n" in self._request or len(self._request) > _MAX_REQUEST:
            self._answer()

    def _answer(self) -> None:
        assert self.transport is not None
        request = _REQUEST.match(self._request)
        host = request[1].decode().lower() if request else repr(self._request[:80])
        if request is None or not (is_whatsapp(host) or self._is_target(host, int(request[2]))):
            self.proxy.refused[host] += 1
            self.transport.write(_REFUSED)
            self.transport.close()
        elif self._dialling is None:
            self._dialling = self.proxy.dial(self)

    def _is_target(self, host: str, port: int) -> bool:
        """Whether somebody wants where all tunnels lead anyway: the media hosts have this address."""
        return host in _OURSELVES and port == self.proxy.target_port

    async def dial(self) -> None:
        """Connect the other end, then say so; what the client sent meanwhile goes through first."""
        assert self.transport is not None
        loop = asyncio.get_running_loop()
        try:
            _, other = await loop.create_connection(lambda: _End(self.proxy), "127.0.0.1", self.proxy.target_port)
        except OSError:
            self.transport.abort()
            return
        other.other, self.other = self, other
        self.transport.write(_ACCEPTED)
        early = self._request.partition(b"\r\n\r\n")[2]
        if early:
            super().data_received(early)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._dialling is not None:
            self._dialling.cancel()
        super().connection_lost(exc)
