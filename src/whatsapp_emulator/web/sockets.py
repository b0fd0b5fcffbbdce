"""Two things about sockets that asyncio has no word for: listening on loopback, and hanging up by force."""

import asyncio
import socket
import struct

BACKLOG = 2048
"""Connections that may wait to be accepted: a thousand clients come back at once."""

_LINGER_NOT = struct.pack("ii", 1, 0)


def listen(port: int) -> socket.socket:
    """A listening socket on 127.0.0.1; port 0 takes a free one. Raises OSError when the port is taken."""
    return socket.create_server(("127.0.0.1", port), backlog=BACKLOG)


def port_of(listening: socket.socket) -> int:
    """The port it listens on."""
    port: int = listening.getsockname()[1]
    return port


def reset(transport: asyncio.BaseTransport | None) -> None:
    """Cut a connection with a TCP RST: what was on its way in either direction is lost."""
    if transport is None:
        return
    connected = transport.get_extra_info("socket")
    if connected is not None:
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()
