"""The wire under one connection: a WebSocket, possibly through a proxy, and the Noise encryption on it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import aiohttp

from wagate.adapters.engines.native.machine.errors import Ending, lost
from wagate.adapters.whatsapp_web.http import ORIGIN, SOCKS_ERRORS, Pools, http_proxy
from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.errors import HandshakeFailed, WireError
from whatsapp_wire.frames import FrameReader
from whatsapp_wire.noise import ClientHandshake, Transport

DIAL_TIMEOUT_S: Final = 20.0
CLOSE_TIMEOUT_S: Final = 1.0

_MAX_MESSAGE: Final = 1 << 26
_MAX_UNSENT: Final = 1 << 23


class DialFailed(Exception):
    """No connection came about; ``ending`` says why, in the words of a connection that ended."""

    def __init__(self, ending: Ending) -> None:
        """Made by `dial`."""
        super().__init__(str(ending.reason))
        self.ending = ending


class WireClosed(Exception):
    """The connection is gone."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the service is and how it proves itself: a ``ws://`` or ``wss://`` URL, the root of its Noise certificates.

    ``tls`` (None: the system's authorities) and ``user_agent`` belong to the WebSocket.
    """

    url: str
    root_key: bytes
    tls: ssl.SSLContext | None
    user_agent: str


class Wire:
    """Encrypted stanzas over an open WebSocket."""

    __slots__ = ("_cut_timer", "_flush", "_frames", "_loop", "_noise", "_unsent", "_websocket")

    def __init__(self, websocket: aiohttp.ClientWebSocketResponse, frames: FrameReader, noise: Transport) -> None:
        """Made by `dial`."""
        self._loop = asyncio.get_running_loop()
        self._websocket = websocket
        self._frames = frames
        self._noise = noise
        self._unsent = bytearray()
        self._flush: asyncio.Task[None] | None = None
        self._cut_timer: asyncio.TimerHandle | None = None

    async def receive(self) -> list[bytes]:
        """The stanzas that came next, encoded; perhaps none. Raises WireClosed, MalformedFrame."""
        message = await self._websocket.receive()
        if message.type is not aiohttp.WSMsgType.BINARY:
            raise WireClosed(f"the WebSocket ended: {message.type.name.lower()} {message.extra or ''}".rstrip())
        received: bytes = message.data
        return [self._noise.open(body) for body in self._frames.feed(received)]

    def write(self, stanza: bytes) -> None:
        """Send an encoded stanza behind all earlier ones; what is written in one turn of the loop goes out at once."""
        self._unsent += self._noise.seal(stanza)
        if self._flush is None:
            self._flush = self._loop.create_task(self._send())
        elif len(self._unsent) > _MAX_UNSENT:
            self.hang_up()

    def hang_up(self) -> None:
        """End the connection without waiting for the other side; `receive` then raises WireClosed.

        What was written goes out first, for a second at most: acknowledgements of what is durable are among it, and
        without them the server would deliver the same stanzas again and again.
        """
        if self._cut_timer is None:
            self._cut_timer = self._loop.call_later(CLOSE_TIMEOUT_S if self._flush else 0.0, self._cut)

    async def close(self) -> None:
        """Send what was written, say goodbye, and let go of the connection."""
        flush = self._flush
        if flush is not None:
            await asyncio.wait([flush], timeout=CLOSE_TIMEOUT_S)
            flush.cancel()
        if self._cut_timer is not None:
            self._cut_timer.cancel()
        await self._websocket.close()

    def _cut(self) -> None:
        # The socket that asyncio shows may not be shut down on every loop (uvloop); a duplicate may.
        shown = self._websocket.get_extra_info("socket")
        with contextlib.suppress(OSError):
            if shown is not None:
                with socket.socket(fileno=os.dup(shown.fileno())) as duplicate:
                    duplicate.shutdown(socket.SHUT_RDWR)

    async def _send(self) -> None:
        try:
            while self._unsent:
                unsent = bytes(self._unsent)
                self._unsent.clear()
                await self._websocket.send_bytes(unsent)
        except (ConnectionError, aiohttp.ClientError):
            # The reader hears of it as well, and the stanzas that matter are durable.
            self._unsent.clear()
        finally:
            self._flush = None
            if self._cut_timer is not None:
                self._cut()


async def dial(
    endpoint: Endpoint, pools: Pools, proxy: str | None, static: KeyPair, payload: Callable[[], bytes], now: float
) -> Wire:
    """Connect and shake hands within `DIAL_TIMEOUT_S`. Raises DialFailed."""
    try:
        async with asyncio.timeout(DIAL_TIMEOUT_S):
            websocket = await _open(endpoint, pools, proxy)
            try:
                return await _shake_hands(websocket, ClientHandshake(static, endpoint.root_key, int(now)), payload())
            except BaseException:
                await websocket.close()
                raise
    except (aiohttp.ClientError, *SOCKS_ERRORS, OSError, WireError, WireClosed, ValueError) as error:
        raise DialFailed(_ending_of(error)) from error


async def _open(endpoint: Endpoint, pools: Pools, proxy: str | None) -> aiohttp.ClientWebSocketResponse:
    return await pools.client(proxy).ws_connect(
        endpoint.url,
        origin=ORIGIN,
        headers={"User-Agent": endpoint.user_agent},
        proxy=http_proxy(proxy),
        ssl=endpoint.tls if endpoint.tls is not None else True,
        timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT_S),
        max_msg_size=_MAX_MESSAGE,
        compress=0,
    )


async def _shake_hands(websocket: aiohttp.ClientWebSocketResponse, handshake: ClientHandshake, payload: bytes) -> Wire:
    frames = FrameReader()
    await websocket.send_bytes(handshake.hello())
    bodies: list[bytes] = []
    while not bodies:
        message = await websocket.receive()
        if message.type is not aiohttp.WSMsgType.BINARY:
            raise WireClosed("the server hung up during the handshake")
        bodies = frames.feed(message.data)
    if len(bodies) > 1:
        raise HandshakeFailed("the server spoke before the handshake was done")
    finish, noise = handshake.finish(bodies[0], payload)
    await websocket.send_bytes(finish)
    return Wire(websocket, frames, noise)


def _ending_of(error: Exception) -> Ending:
    # Behind a SOCKS proxy, aiohttp does not tell a TLS error from any other.
    if isinstance(error.__cause__, ssl.SSLError):
        error = error.__cause__
    code = next((code for kinds, code in _CODES if isinstance(error, kinds)), "connection_lost")
    return lost(code, f"{type(error).__name__}: {error}")


_CODES: Final[tuple[tuple[tuple[type[Exception], ...], str], ...]] = (
    ((aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError, *SOCKS_ERRORS), "proxy_failed"),
    ((aiohttp.ClientSSLError, ssl.SSLError), "tls_failed"),
    ((WireError,), "handshake_failed"),
)
"""Reason codes of what can go wrong; whatever is not listed counts as a lost connection."""
