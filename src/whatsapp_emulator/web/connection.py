"""One client's WebSocket: handshake, frames, and the way of a stanza in both directions."""

import asyncio
import contextlib
from collections.abc import Callable

from aiohttp import WSMsgType, web

from whatsapp_emulator.web.delay_line import DelayLine
from whatsapp_emulator.web.sockets import reset
from whatsapp_emulator.web.switchboard import Switchboard
from whatsapp_emulator.world.links import Hangup, Link
from whatsapp_wire.certificate import ServerIdentity
from whatsapp_wire.decoding import decode
from whatsapp_wire.encoding import encode
from whatsapp_wire.errors import WireError
from whatsapp_wire.frames import FrameReader, frame, split_prologue
from whatsapp_wire.node import Node
from whatsapp_wire.noise import ServerHandshake, Transport


class Connection:
    """From the first byte to the last. The world learns of it when the handshake is done."""

    def __init__(
        self,
        board: Switchboard,
        identity: ServerIdentity,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport | None,
    ) -> None:
        self._board = board
        self._identity = identity
        self._socket = socket
        self._transport = transport
        self._link: Link | None = None
        self._noise: Transport | None = None
        self._handshake: ServerHandshake | None = None
        self._frames = FrameReader()
        self._first = b""
        self._hear: Callable[[bytes], None] = self._hear_hello
        self._arriving: DelayLine[Node] = DelayLine(self._deliver)
        self._leaving = bytearray()
        self._flushing = False

    async def serve(self) -> None:
        """Read until either side hangs up."""
        try:
            async for message in self._socket:
                if message.type is not WSMsgType.BINARY:
                    continue
                self._feed(message.data)
        except WireError as error:
            self._board.complain(self._link, error)
            await self._socket.close()
        finally:
            self._arriving.clear()
            if self._link is not None:
                self._board.disconnect(self._link)

    def send(self, node: Node) -> None:
        """Seal a stanza and send it with whatever else is ready by the time the loop comes round."""
        if self._noise is not None:
            self._write(self._noise.seal(encode(node)))

    def hang_up(self, hangup: Hangup) -> None:
        """End the connection as the world wants it ended."""
        if hangup.reset:
            reset(self._transport)
        else:
            self._board.spawn(self._close(hangup.grace_s))

    def cut(self) -> None:
        """End the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def _feed(self, received: bytes) -> None:
        if self._handshake is None:
            self._first += received
            split = split_prologue(self._first)
            if split is None:
                return
            prologue, received = split
            self._handshake = ServerHandshake(self._identity, prologue)
        for body in self._frames.feed(received):
            self._hear(body)

    def _hear_hello(self, body: bytes) -> None:
        assert self._handshake is not None
        self._write(frame(self._handshake.hello(body)))
        self._hear = self._hear_finish

    def _hear_finish(self, body: bytes) -> None:
        assert self._handshake is not None
        noise_key, payload, self._noise = self._handshake.finish(body)
        self._hear = self._hear_stanza
        self._link = self._board.connect(self, noise_key, payload)

    def _hear_stanza(self, body: bytes) -> None:
        assert self._noise is not None
        assert self._link is not None
        raw = self._noise.open(body)
        node = decode(raw)
        if self._board.recorder.running:
            self._board.record(self._link, raw, node)
        self._arriving.put(node, self._board.world.faults.latency_s)

    def _deliver(self, node: Node) -> None:
        if self._link is not None:
            self._board.receive(self._link, node)

    def _write(self, sealed: bytes) -> None:
        self._leaving += sealed
        if not self._flushing:
            self._flushing = True
            self._board.spawn(self._flush())

    async def _flush(self) -> None:
        try:
            while self._leaving:
                ready = bytes(self._leaving)
                self._leaving.clear()
                await self._socket.send_bytes(ready)
        except ConnectionError:
            # The client is gone; what was for it stays in its queue, and the reading side does the rest.
            self._leaving.clear()
        finally:
            self._flushing = False

    async def _close(self, grace_s: float) -> None:
        with contextlib.suppress(ConnectionError):
            await self._flush()
            if grace_s:
                await asyncio.sleep(grace_s)
                await self._socket.close()
            elif self._transport is not None:
                self._transport.close()
