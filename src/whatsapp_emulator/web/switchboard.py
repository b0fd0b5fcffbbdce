"""Joins the world to its connections: tells it the time, carries out what it wants, wakes whoever waits for news."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from whatsapp_emulator.recorder import Recorder
from whatsapp_emulator.world.links import Delivery, Hangup, Link, Settled
from whatsapp_emulator.world.tickets import Ticket
from whatsapp_emulator.world.world import World
from whatsapp_wire.errors import WireError
from whatsapp_wire.node import Node

T = TypeVar("T")


class Carrier(Protocol):
    """A connection, as the switchboard needs it."""

    def send(self, node: Node) -> None:
        """Send a stanza."""

    def hang_up(self, hangup: Hangup) -> None:
        """End the connection."""


class Switchboard:
    """One world and everybody connected to it. Lives on one event loop; owns the tasks that are started on it."""

    def __init__(self, world: World, recorder: Recorder) -> None:
        self.world = world
        self.recorder = recorder
        self._carriers: dict[Link, Carrier] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._settled: dict[Ticket, asyncio.Future[None]] = {}
        self._news = asyncio.Event()

    @property
    def connected(self) -> int:
        """How many connections are past their handshake."""
        return len(self._carriers)

    # -- connections

    def connect(self, carrier: Carrier, noise_key: bytes, payload: bytes) -> Link:
        """A client has finished its handshake."""
        now = time.time()
        link = self.world.connect(noise_key, payload, now)
        self.recorder.write("payload", now, link.label, payload, str(link.payload))
        self._carriers[link] = carrier
        self.carry()
        return link

    def receive(self, link: Link, node: Node) -> None:
        """A stanza arrived."""
        self.world.receive(link, node, time.time())
        self.carry()

    def record(self, link: Link, raw: bytes, node: Node) -> None:
        """Write a stanza down as it came."""
        self.recorder.write("stanza", time.time(), link.label, raw, repr(node))

    def complain(self, link: Link | None, error: WireError) -> None:
        """A client said something that is no stanza; before its handshake is done it may be anybody, and is counted."""
        audit = self.world.audit
        if link is None:
            audit.counts["handshakes failed"] += 1
        else:
            audit.violate("malformed", link.label, f"{type(error).__name__}: {error}", time.time())

    def disconnect(self, link: Link) -> None:
        """A connection is gone."""
        self._carriers.pop(link, None)
        self.world.close(link, time.time())
        self.carry()

    # -- people

    @contextmanager
    def turn(self) -> Iterator[World]:
        """Do something with the world: it knows the time, and what comes of it is carried out, also after an error."""
        self.world.tick(time.time())
        try:
            yield self.world
        finally:
            self.carry()

    async def settled(self, ticket: Ticket, timeout_s: float) -> Ticket:
        """Wait until a pairing has ended. Raises TimeoutError."""
        if ticket.outcome == "waiting":
            future = self._settled.setdefault(ticket, asyncio.get_running_loop().create_future())
            async with asyncio.timeout(timeout_s):
                await asyncio.shield(future)
        return ticket

    async def until(self, look: Callable[[], T], timeout_s: float) -> T:
        """Look, and look again after every change, until there is something to see or the time is up."""
        deadline = time.monotonic() + timeout_s
        while not (seen := look()):
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                break
            news = self._news
            try:
                async with asyncio.timeout(left_s):
                    await news.wait()
            except TimeoutError:
                continue
        return seen

    # -- carrying out

    def carry(self) -> None:
        """Carry out what the world wants."""
        effects = self.world.collect()
        for effect in effects:
            match effect:
                case Delivery(link, node):
                    self._send(link, node)
                case Hangup(link):
                    carrier = self._carriers.get(link)
                    if carrier is not None:
                        carrier.hang_up(effect)
                case Settled(ticket):
                    future = self._settled.pop(ticket, None)
                    if future is not None and not future.done():
                        future.set_result(None)
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _send(self, link: Link, node: Node) -> None:
        carrier = self._carriers.get(link)
        if carrier is None:
            return
        try:
            carrier.send(node)
        except WireError as error:
            self.world.audit.violate("exception", link.label, f"cannot write {node!r}: {error}", time.time())

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Run something in the background, until it is done or the switchboard closes."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Cancel what still runs in the background."""
        running = list(self._tasks)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
