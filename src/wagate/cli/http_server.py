"""uvicorn, run by us: our socket, our signals, and streams that end before it waits for connections to close."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from wagate.api.errors import MalformedHttp, problem_of
from wagate.cli.outcome import CommandFailed, Exit

SHUTDOWN_TIMEOUT_S = 5
UNREAD_TIMEOUT_MS = 60_000
"""After this long a peer that reads nothing of what was sent to it is disconnected by the kernel."""

_BACKLOG = 2048


def listen(host: str, port: int, *, unread_timeout_ms: int = UNREAD_TIMEOUT_MS) -> socket.socket:
    """A socket that is bound, but not yet accepting; port 0 lets the system choose. Raises CommandFailed."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise CommandFailed(f"{host!r} is no address of this machine: {error.strerror}.", Exit.USAGE) from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            # Accepted sockets inherit it (tcp(7)). Without it a stream whose reader hangs would stay for ever.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, unread_timeout_ms)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise _why_not(host, port, error) from error
    listener.setblocking(False)
    return listener


def url_of(listener: socket.socket) -> str:
    """The address to open in a browser on this machine."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared with, not bound to
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _OneWrite(asyncio.Transport):
    """A transport that sends what is written in one turn of the loop at once.

    uvicorn writes the head of a response and its body one after the other, and either costs a system call.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        """Write to ``transport``."""
        super().__init__()
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._unsent: list[bytes] = []

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(bytes(data))

    @override
    def close(self) -> None:
        self._flush()
        self._transport.close()

    @override
    def abort(self) -> None:
        self._transport.abort()

    @override
    def is_closing(self) -> bool:
        return self._transport.is_closing()

    @override
    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    @override
    def pause_reading(self) -> None:
        self._transport.pause_reading()

    @override
    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def _flush(self) -> None:
        unsent, self._unsent = self._unsent, []
        if unsent and not self._transport.is_closing():
            self._transport.write(b"".join(unsent))


class _Protocol(HttpToolsProtocol):
    """HTTP as uvicorn speaks it; what is not HTTP is answered like every other error."""

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(_OneWrite(transport))

    @override
    def send_400_response(self, msg: str) -> None:
        refusal = problem_of(MalformedHttp()).response(None)
        head = [b"HTTP/1.1 400 Bad Request", *(b"%b: %b" % header for header in refusal.raw_headers)]
        self.transport.write(b"\r\n".join([*head, b"connection: close", b"", bytes(refusal.body)]))
        self.transport.close()


class HttpServer(uvicorn.Server):
    """Serves one application until ``stop``."""

    def __init__(
        self, app: ASGIApp, end_streams: Callable[[], Awaitable[None]], answering: Callable[[], object] = bool
    ) -> None:
        """``answering`` is called once connections are accepted.

        ``end_streams`` makes every endless response finish; it is called once, when the server stops.
        """
        super().__init__(
            uvicorn.Config(
                app,
                http=_Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                backlog=_BACKLOG,
                timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_S,
            )
        )
        self._end_streams = end_streams
        self._answering = answering

    def stop(self) -> None:
        """Stop accepting, finish what is being answered, and return from ``serve``; at the second call at once."""
        self.force_exit = self.should_exit
        self.should_exit = True

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone: ``stopping_on_signals`` owns them."""
        yield

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say so once it is true."""
        await super().startup(sockets)
        self._answering()

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams first: uvicorn waits for them."""
        await self._end_streams()
        await super().shutdown(sockets)


@contextlib.contextmanager
def stopping_on_signals(stop: Callable[[], object]) -> Iterator[None]:
    """Have Ctrl-C and SIGTERM call ``stop`` instead of ending the process."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def run_on_fast_loop(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """``asyncio.run`` on uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(main())
        return
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


def _why_not(host: str, port: int, error: OSError) -> CommandFailed:
    if error.errno == errno.EADDRINUSE:
        return CommandFailed(
            f"Port {port} on {host} is in use. Choose another one with --port, or stop what uses it.", Exit.IN_USE
        )
    if error.errno == errno.EACCES:
        return CommandFailed(f"Port {port} needs more rights than this user has. Choose one above 1023 with --port.")
    return CommandFailed(f"Cannot listen on {host} port {port}: {error.strerror}.")
