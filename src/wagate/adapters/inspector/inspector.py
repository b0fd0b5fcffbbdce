"""Has the jobs done: keeps the forking process, hands it files, waits for answers, and never longer than is allowed."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from wagate.adapters.inspector.fork_server import ForkServer
from wagate.adapters.inspector.jobs import COSTS, Order, Refused, read_answer
from wagate.domain.errors import InvalidMedia, StorageFull, StorageUnavailable, TooBusy
from wagate.ports.inspector import Inspected

WAITING = 128
"""How many jobs may wait for their turn."""

_START_S = 30.0
_TURN_S = 60.0
_GRACE_S = 2.0
_LARGEST_ANSWER = 256 * 1024
_TRIES = 2

_log = structlog.get_logger(__name__)


class _Gone(Exception):
    """The forking process ended before it took the job."""


class ForkingInspector:
    """An ``Inspector`` and a ``Transcoder``. The process behind it starts with the first job, and ends when idle."""

    def __init__(self, at_once: int | None = None, server: ForkServer | None = None) -> None:
        """``at_once`` jobs run beside each other; as many as there are processors unless it is given.

        A ``server`` that is given may serve others too, one after the other, and is not ended with this.
        """
        self._turns = asyncio.Semaphore(at_once or os.cpu_count() or 1)
        self._waiting = 0
        self._asking = asyncio.Lock()
        self._server = server or ForkServer()
        self._is_ours = server is None
        self._is_closed = False

    async def inspect(self, file: int, mime: str) -> Inspected:
        """Look into a file."""
        return await self._do(Order("inspect", mime), file)

    async def voice_note(self, source: int, target: int, mime: str) -> Inspected:
        """Make a voice note."""
        return await self._do(Order("voice_note", mime), source, target)

    async def sticker(self, source: int, target: int, mime: str) -> Inspected:
        """Make a sticker."""
        return await self._do(Order("sticker", mime), source, target)

    async def picture(self, source: int, target: int, mime: str, max_edge: int) -> Inspected:
        """Make a JPEG."""
        return await self._do(Order("picture", mime, max_edge), source, target)

    async def portrait(self, source: int, target: int, mime: str, edge: int) -> Inspected:
        """Make a square JPEG."""
        return await self._do(Order("portrait", mime, edge), source, target)

    @property
    def process_id(self) -> int | None:
        """The forking process, while there is one."""
        return self._server.process_id

    async def close(self) -> None:
        """End the forking process and every job."""
        self._is_closed = True
        if self._is_ours:
            await asyncio.to_thread(self._server.end)

    # ---- inside

    async def _do(self, order: Order, *files: int) -> Inspected:
        async with self._turn():
            for _ in range(_TRIES):
                try:
                    raw = await self._ask(order, files)
                except _Gone:  # it was idle and ended just now
                    continue
                return _understood(raw)
        raise StorageUnavailable("The process that looks into media does not start")

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._waiting >= WAITING or self._is_closed:
            raise TooBusy("Too much media waits to be looked into")
        self._waiting += 1
        try:
            async with asyncio.timeout(_TURN_S):
                await self._turns.acquire()
        except TimeoutError:
            raise TooBusy("Too much media waits to be looked into") from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._turns.release()

    async def _ask(self, order: Order, files: tuple[int, ...]) -> bytes:
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                source, *target = files
                await self._hand_over(order, [source, theirs.fileno(), *target])
            ours.setblocking(False)
            try:
                async with asyncio.timeout(COSTS[order.job].wall_s + _GRACE_S):
                    return await _all_of(ours)
            except TimeoutError:  # its own alarm should have ended it: end all of them
                _log.error("inspection_not_ended", job=order.job)
                self._server.end()
                return b""

    async def _hand_over(self, order: Order, files: list[int]) -> None:
        """Give a job to the forking process, which is started if need be; one at a time. Raises _Gone."""
        async with self._asking:
            orders = self._server.started()
            try:
                async with asyncio.timeout(_START_S):
                    socket.send_fds(orders, [order.written()], files)
                    taken = await asyncio.get_running_loop().sock_recv(orders, 1)
            except (OSError, TimeoutError) as error:
                self._server.end()
                raise _Gone from error
            except asyncio.CancelledError:
                self._server.end()  # its answer would be taken for that to the next order
                raise
            if not taken:
                self._server.end()
                raise _Gone


async def _all_of(answers: socket.socket) -> bytes:
    loop, raw = asyncio.get_running_loop(), b""
    while len(raw) <= _LARGEST_ANSWER and (piece := await loop.sock_recv(answers, 65_536)):
        raw += piece
    return raw


def _understood(raw: bytes) -> Inspected:
    """Raises InvalidMedia when the job refused or died of its limits, StorageFull."""
    if raw == b"full":
        raise StorageFull
    try:
        return read_answer(raw)
    except Refused as error:
        raise InvalidMedia(str(error)) from None
    except (ValueError, KeyError, TypeError):
        raise InvalidMedia("It takes too much time or memory to be looked into") from None
