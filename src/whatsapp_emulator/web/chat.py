"""The one door of all hosts, with or without TLS in front: the WebSocket, ``/ws/chat``, and the media hosts' paths."""

from aiohttp import web

from whatsapp_emulator.web.connection import Connection
from whatsapp_emulator.web.media import Blobs, media_routes
from whatsapp_emulator.web.switchboard import Switchboard
from whatsapp_wire.certificate import ServerIdentity
from whatsapp_wire.frames import MAX_FRAME

_MAX_MESSAGE = 2 * MAX_FRAME
_CLOSE_TIMEOUT_S = 1.0


def chat_app(board: Switchboard, identity: ServerIdentity, blobs: Blobs) -> web.Application:
    """The application behind the door; every client that connects meets the same world."""
    connections: set[Connection] = set()

    async def chat(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(timeout=_CLOSE_TIMEOUT_S, max_msg_size=_MAX_MESSAGE, compress=False)
        await socket.prepare(request)
        connection = Connection(board, identity, socket, request.transport)
        connections.add(connection)
        try:
            await connection.serve()
        finally:
            connections.discard(connection)
        return socket

    async def cut_everybody(app: web.Application) -> None:
        for connection in list(connections):
            connection.cut()

    app = web.Application()
    app.router.add_get("/ws/chat", chat)
    # Baileys and clients with a patched URL of fixed length may put more slashes in front.
    app.router.add_get("/{slashes:/+}ws/chat", chat)
    app.add_routes(media_routes(board, blobs))
    app.on_shutdown.append(cut_everybody)
    return app
