"""Events as a stream of server-sent events (WHATWG HTML, section 9.2)."""

from __future__ import annotations

import asyncio

import orjson
import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from wagate.api.event_shape import EventShapes
from wagate.domain.errors import StorageUnavailable
from wagate.domain.events import Event
from wagate.features.realtime import End, Stream, StreamEnded

RECONNECT_MS = 2_000

_HEARTBEAT = b": still here\n\n"
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx must not hold events back
}
_log = structlog.get_logger(__name__)


class EventStream(Response):
    """Answers with events until the listener goes, falls behind, or the gateway stops; it then ends cleanly."""

    media_type = "text/event-stream"

    def __init__(self, stream: Stream, shapes: EventShapes, *, heartbeat_s: float) -> None:
        """``stream`` is opened when the answer begins, so that what it refuses becomes a problem document."""
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._stream = stream
        self._shapes = shapes
        self._heartbeat_s = heartbeat_s

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream. Raises InvalidCursor before anything was sent."""
        async with self._stream:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async with asyncio.TaskGroup() as group:
                watching = group.create_task(self._end_on_disconnect(receive))
                try:
                    await self._pump(send)
                finally:
                    watching.cancel()
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _pump(self, send: Send) -> None:
        await _write(send, b"retry: %d\n\n" % RECONNECT_MS)
        while True:
            try:
                events = await self._stream.take(self._heartbeat_s)
                block = b"".join([await self._block(event) for event in events])
            except StreamEnded as ended:
                _log.debug("stream_ended", why=ended.why)
                return
            except StorageUnavailable:
                return  # the listener comes back and goes on where it stopped
            await _write(send, block or _HEARTBEAT)

    async def _block(self, event: Event) -> bytes:
        shape = await self._shapes.shape(self._stream.principal, event)
        return b"id: %b\nevent: %b\ndata: %b\n\n" % (event.id.encode(), event.type.encode(), orjson.dumps(shape))

    async def _end_on_disconnect(self, receive: Receive) -> None:
        # A server does not complain when it is told to send to somebody who left, so only this notices it.
        while (await receive())["type"] != "http.disconnect":
            pass
        self._stream.end(End.CLOSED)


async def _write(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})
