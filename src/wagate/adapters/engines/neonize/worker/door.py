"""The worker's end of the link: a Unix socket in the session's folder, one gateway at a time."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from wagate.adapters.engines.neonize.link.frames import PREFIX, LinkBroken, decode, encode, length_of
from wagate.adapters.engines.neonize.link.messages import VERSION, Hello, Message
from wagate.adapters.engines.neonize.link.tokens import Door as TokenDoor

NAME: Final = "link"

_HANDSHAKE_S: Final = 5.0
_SEND_S: Final = 10.0


class Link:
    """One gateway's connection. ``send`` may be called from any thread."""

    def __init__(self, connection: socket.socket) -> None:
        """Take over a connection that was accepted."""
        self._socket = connection
        self._writing = threading.Lock()
        self._rest = b""

    def send(self, message: Message) -> None:
        """Send a message. Raises LinkBroken when the gateway does not take it in time."""
        data = encode(message)
        try:
            with self._writing:
                self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as error:
            # It hung up. Its last words may still be there to be read: whoever reads finds the end behind them.
            raise LinkBroken("the gateway hung up") from error
        except OSError as error:
            self.close()
            raise LinkBroken("the gateway does not listen") from error

    def receive(self) -> Message:
        """The next message. Raises LinkBroken."""
        return decode(self._exactly(length_of(self._exactly(PREFIX))))

    def wait_for_ever(self) -> None:
        """From now on ``receive`` waits as long as it takes; ``send`` does not."""
        self._socket.settimeout(None)
        timeout = struct.pack("ll", int(_SEND_S), 0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeout)

    def is_ours(self) -> bool:
        """Whether the other side is the same user, where the system can tell."""
        if not hasattr(socket, "SO_PEERCRED"):
            return True
        _, uid, _ = struct.unpack("3i", self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        return uid in (os.getuid(), 0)

    def bow_out(self, message: Message) -> None:
        """Say a last thing. Hanging up at once might take it back: the other side would find the end before it."""
        with contextlib.suppress(LinkBroken, OSError):
            self.send(message)
            self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Hang up; whoever waits in ``receive`` is woken."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _exactly(self, size: int) -> bytes:
        while len(self._rest) < size:
            try:
                data = self._socket.recv(65536)
            except OSError as error:
                raise LinkBroken("the link broke") from error
            if not data:
                raise LinkBroken("the gateway hung up")
            self._rest += data
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken


class Door:
    """Listens, and lets in who knows the token."""

    def __init__(self, folder: Path) -> None:
        """Open the socket (mode 0600 by the umask) in the folder, which is the working directory: paths have a limit.

        Raises OSError.
        """
        self._token = TokenDoor(folder)
        with contextlib.suppress(FileNotFoundError):
            Path(NAME).unlink()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(NAME)
        Path(NAME).chmod(0o600)
        self._socket.listen(4)

    def serve(self, attached: Callable[[Link, Hello], None]) -> None:
        """Let one after the other in, for ever."""
        while True:
            connection, _ = self._socket.accept()
            connection.settimeout(_HANDSHAKE_S)
            line = Link(connection)
            hello = self._greeted(line)
            if hello is None:
                line.close()
            else:
                line.wait_for_ever()
                attached(line, hello)

    def _greeted(self, line: Link) -> Hello | None:
        if not line.is_ours():
            return None
        try:
            hello = line.receive()
        except LinkBroken:
            return None
        if not isinstance(hello, Hello) or hello.version != VERSION or not self._token.opens_for(hello.token):
            return None
        return hello
