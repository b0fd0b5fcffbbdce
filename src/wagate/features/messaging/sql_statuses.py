"""Keeps the rows that other programs left up with their messages: follows the journal, behind everybody's back."""

from __future__ import annotations

from asyncio import TaskGroup
from collections.abc import Sequence
from typing import Any

import structlog

from wagate.domain.errors import StorageUnavailable
from wagate.domain.events import Event, EventType
from wagate.features.journal import Journal
from wagate.features.messaging.repository import sql_inbox as rows
from wagate.ports.clock import Clock
from wagate.store.database import Database
from wagate.store.script import Script

EVERY_S = 1.0
"""How much later than its message a row changes, at most."""

_CHUNK = 512
_SWEEP_S = 3600.0
_SWEEP = 500
_TYPES = (
    EventType.MESSAGE_SENT,
    EventType.MESSAGE_DELIVERED,
    EventType.MESSAGE_READ,
    EventType.MESSAGE_PLAYED,
    EventType.MESSAGE_FAILED,
    EventType.MESSAGE_CANCELLED,
    EventType.MESSAGE_UNKNOWN,
    EventType.MESSAGE_QUEUED,
)
_ALL_OF_THEM = (EventType.MESSAGE_SENT, "")
_WORDS = {
    "sent": "SENT",
    "delivered": "DELIVERED",
    "read": "READ",
    "played": "READ",
    "failed": "FAILED",
    "cancelled": "CANCELLED",
    "unknown": "UNKNOWN",
}

_log = structlog.get_logger(__name__)


def status_of(message_status: str) -> str:
    """The status of a row whose message has one: it is ACCEPTED until something is to be said of it."""
    return _WORDS.get(message_status, "ACCEPTED")


class SqlStatuses:
    """Writes the statuses of messages into the rows that they came from."""

    def __init__(self, database: Database, journal: Journal, keep_ms: int, clock: Clock) -> None:
        """Write what ``journal`` tells. Rows that are over are removed after ``keep_ms`` (0: never)."""
        self._keep_ms = keep_ms
        self._database = database
        self._journal = journal
        self._clock = clock

    async def run(self) -> None:
        """Work until cancelled."""
        async with TaskGroup() as group:
            group.create_task(self._sweep())
            await self._follow()

    async def begin(self) -> None:
        """Follow the journal from here on, unless it is followed already. Raises StorageUnavailable."""
        await self._database.write(rows.begin_to_follow())

    async def catch_up(self) -> None:
        """Write all that is told in the journal so far. Raises StorageUnavailable, TooBusy."""
        done = await self._database.read(rows.followed_up_to())
        head = await self._journal.head()
        while done < head:
            until = min(done + _CHUNK, head)
            events = await self._journal.between(done, until, _TYPES, _ALL_OF_THEM)
            if await self._database.write(self._step(done, until, events)):
                done = until
            else:
                done = await self._database.read(rows.followed_up_to())

    async def sweep(self) -> None:
        """Remove what is over for long enough. Raises StorageUnavailable, TooBusy."""
        while await self._database.write(rows.sweep(self._clock.now_ms() - self._keep_ms, _SWEEP)) == _SWEEP:
            pass

    # ---- inside

    async def _sweep(self) -> None:
        while self._keep_ms:
            try:
                await self.sweep()
            except StorageUnavailable as error:
                _log.warning("sql_inbox_not_swept", error=error.detail)
            await self._clock.sleep(_SWEEP_S)

    async def _follow(self) -> None:
        while True:
            try:
                await self.catch_up()
            except Exception as error:  # whatever it was, the cursor has not moved and nothing is lost
                _log.warning("sql_inbox_statuses_wait", error=repr(error))
            await self._clock.sleep(EVERY_S)

    def _step(self, done: int, until: int, events: Sequence[Event]) -> Script[bool]:
        if not (yield from rows.advance(done, until)):
            return False
        newest = {str(event.data["id"]): event.data for event in events}
        if newest:
            now = self._clock.now_ms()
            yield from rows.move(
                {"message": id_, "status": status_of(str(data["status"])), "error": _error(data), "now": now}
                for id_, data in newest.items()
            )
        return True


def _error(message: dict[str, Any]) -> str | None:
    failure = message.get("error")
    return None if failure is None else f"{failure['code']}: {failure['detail']}"
