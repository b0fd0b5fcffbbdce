"""Hands what was committed to those who read the journal, to each at their own pace.

Readers are woken by the commits of this process and look by themselves every second, for what other processes commit.
They ask the database instead of being handed the events, so a reader that was slow, restarted or came late misses
nothing: its cursor is all there is to know about it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

import structlog

from wagate.domain.events import Event
from wagate.features.journal import repository
from wagate.store.database import Database

_BATCH = 500
_RETRY_S = 1.0

_log = structlog.get_logger(__name__)


class Reader(Protocol):
    """Somebody who reads the journal."""

    async def read(self, events: Sequence[Event]) -> None:
        """Take the next events, of all tenants, in order. What raises is read again a second later."""
        ...


class Reading:
    """One reader's way through the journal."""

    def __init__(self, database: Database, reader: Reader, after: int) -> None:
        """Begin behind the position ``after``."""
        self._database = database
        self._reader = reader
        self._woken = asyncio.Event()
        self.cursor = after
        """The position up to which the reader has taken everything."""
        self._task = asyncio.get_running_loop().create_task(self._follow(), name=f"journal {type(reader).__name__}")

    def wake(self) -> None:
        """There may be something new."""
        self._woken.set()

    async def close(self) -> None:
        """Stop reading."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _follow(self) -> None:
        while True:
            self._woken.clear()
            try:
                while await self._step():
                    pass
            except Exception as error:  # whatever it was, the cursor has not moved and nothing is lost
                _log.warning("journal_reader_failed", reader=type(self._reader).__name__, error=repr(error))
                await asyncio.sleep(_RETRY_S)
            else:
                await self._woken.wait()

    async def _step(self) -> bool:
        """Read one batch; say whether there may be more."""
        events = await self._database.read(repository.since(self.cursor, _BATCH))
        if events:
            await self._reader.read(events)
            self.cursor = events[-1].position
        return len(events) == _BATCH


class Relay:
    """All readers of the journal in this process."""

    def __init__(self, database: Database, *, poll_s: float = 1.0) -> None:
        """Wake readers after commits that appended something, and every ``poll_s`` seconds in any case."""
        self._database = database
        self._poll_s = poll_s
        self._readings: set[Reading] = set()
        self._appended = False
        self._timer: asyncio.TimerHandle | None = None
        database.on_commit(self._committed)

    @property
    def readers(self) -> int:
        """How many follow the journal."""
        return len(self._readings)

    async def subscribe(self, reader: Reader, *, after: int | None = None) -> Reading:
        """Have ``reader`` follow the journal from behind a position; None: from its present end."""
        if after is None:
            after = await self._database.read(repository.head())
        reading = Reading(self._database, reader, after)
        self._readings.add(reading)
        if self._timer is None:
            self._poll()
        return reading

    async def unsubscribe(self, reading: Reading) -> None:
        """Stop a reader."""
        self._readings.discard(reading)
        if not self._readings and self._timer is not None:
            self._timer.cancel()
            self._timer = None
        await reading.close()

    async def close(self) -> None:
        """Stop all readers."""
        for reading in list(self._readings):
            await self.unsubscribe(reading)

    def note_append(self) -> None:
        """Called while a script appends: the commit that follows is worth waking up for."""
        self._appended = True

    def _committed(self) -> None:
        if self._appended:
            self._appended = False
            self._wake()

    def _poll(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._poll_s, self._poll)
        self._wake()

    def _wake(self) -> None:
        for reading in self._readings:
            reading.wake()
