"""The minimal companion on a real WebSocket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from emulator.companion import Companion, iq
from whatsapp_emulator.client import EmulatorClient
from whatsapp_wire.decoding import decode
from whatsapp_wire.encoding import encode
from whatsapp_wire.frames import FrameReader
from whatsapp_wire.node import Node
from whatsapp_wire.noise import ClientHandshake, Transport


class SocketLine:
    """One connection past its handshake. Stanzas are taken in the order they come, or by what they must be."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, transport: Transport, companion: Companion) -> None:
        self.companion = companion
        self._socket = socket
        self._transport = transport
        self._frames = FrameReader()
        self._heard: list[Node] = []

    async def say(self, *nodes: Node) -> None:
        """Send stanzas in one WebSocket message."""
        await self._socket.send_bytes(b"".join(self._transport.seal(encode(node)) for node in nodes))

    async def say_raw(self, sent: bytes) -> None:
        """Send bytes that need not be a frame."""
        await self._socket.send_bytes(sent)

    async def ask(self, query: Node) -> Node:
        """Send an iq and wait for its answer."""
        await self.say(query)
        return await self.wait("iq", id=query.get("id"))

    async def wait(self, tag: str, **attrs: str | None) -> Node:
        """The first stanza with that tag and these attributes; what comes before it is kept."""
        async with asyncio.timeout(10):
            while True:
                for node in self._heard:
                    if node.tag == tag and all(node.get(key) == value for key, value in attrs.items()):
                        self._heard.remove(node)
                        return node
                await self._read()

    async def closed(self) -> int | None:
        """Wait until the server hangs up; returns the close code, None or 1006 after a cut."""
        async with asyncio.timeout(10):
            while not self._socket.closed:
                try:
                    await self._read()
                except ConnectionError:
                    break
        return self._socket.close_code

    async def activate(self) -> None:
        """Ask for what waits."""
        await self.ask(iq("passive", "set", Node("active")))

    async def _read(self) -> None:
        message = await self._socket.receive()
        if message.type is aiohttp.WSMsgType.BINARY:
            self._heard += [decode(self._transport.open(body)) for body in self._frames.feed(message.data)]
        elif message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR, aiohttp.WSMsgType.CLOSING):
            raise ConnectionResetError


@asynccontextmanager
async def connect(url: str, root_key: str, companion: Companion, **how: Any) -> AsyncIterator[SocketLine]:
    """Connect to the emulator; ``how`` goes to aiohttp (`ssl`, `proxy`)."""
    async with aiohttp.ClientSession() as session, session.ws_connect(url, **how) as socket:
        handshake = ClientHandshake(companion.noise, bytes.fromhex(root_key), int(time.time()))
        await socket.send_bytes(handshake.hello())
        [body] = FrameReader().feed(await socket.receive_bytes())
        last, transport = handshake.finish(body, companion.payload)
        await socket.send_bytes(last)
        yield SocketLine(socket, transport, companion)


async def pair(url: str, root_key: str, control: EmulatorClient, phone: str) -> Companion:
    """A companion that was linked by QR code; it has published no keys and is not connected."""
    companion = Companion()
    async with connect(url, root_key, companion) as line:
        code = companion.qr(await line.wait("iq"))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(control.phone(phone).scan(code))
            await line.say(companion.accept(await line.wait("iq")))
        await line.wait("stream:error", code="515")
    return companion


async def log_in(line: SocketLine) -> None:
    """Publish keys and ask for what waits."""
    await line.wait("success")
    await line.ask(line.companion.upload())
    await line.activate()
