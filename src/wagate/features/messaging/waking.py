"""Looks after what waits for a moment: makes it ready, gives it up, or does what its own terms say of the unknown.

The session need not be connected: what expires has failed then, and what is due stands ready for when it is.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from wagate.domain.errors import StorageUnavailable
from wagate.domain.ids import NodeId
from wagate.features.messaging.accounts import Accounts
from wagate.features.messaging.dispatcher import Dispatcher
from wagate.features.messaging.held import Held
from wagate.features.messaging.repository import queues
from wagate.features.messaging.repository.queues import Due
from wagate.ports.clock import Clock
from wagate.store.database import Database
from wagate.store.script import Script

TICK_S = 1.0
"""How often the outbox is asked for what is due: a message goes out at most so much later than it should."""

_BATCH = 50

_log = structlog.get_logger(__name__)


class Waking:
    """One loop for all sessions but those that other processes hold."""

    def __init__(
        self,
        database: Database,
        held: Held,
        accounts: Accounts,
        node: NodeId,
        dispatcher: Dispatcher,
        clock: Clock,
    ) -> None:
        """``dispatcher`` is told in which sessions something has become ready, and knows what is on its way."""
        self._accounts = accounts
        self._database = database
        self._held = held
        self._node = node
        self._dispatcher = dispatcher
        self._clock = clock

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                await self.look()
            except StorageUnavailable as error:
                _log.warning("queue_not_looked_after", detail=error.detail)
            await self._clock.sleep(TICK_S)

    async def look(self) -> None:
        """Do all that is due now. Raises StorageUnavailable."""
        while await self._work_off(queues.expired, self._held.expire, self._is_free) == _BATCH:
            pass
        if self._accounts.are_limited:
            await self._database.write(self._accounts.recover())
        while await self._work_off(queues.due, self._held.see_to) == _BATCH:
            pass

    async def _work_off(
        self,
        find: Callable[[NodeId, int, int], Script[list[Due]]],
        do: Callable[[Due], Script[None]],
        may: Callable[[Due], bool] = lambda _: True,
    ) -> int:
        """Do what is due; how many it was, not counting those that may not be touched now."""
        found = [due for due in await self._database.read(find(self._node, self._clock.now_ms(), _BATCH)) if may(due)]
        if not found:
            return 0

        def all_of_them() -> Script[None]:
            for due in found:
                yield from do(due)

        await self._database.write(all_of_them())
        for session in {due.session for due in found}:
            self._dispatcher.look_again(session)
        return len(found)

    def _is_free(self, due: Due) -> bool:
        """Whether a message is not being handed over right now: then it is in time after all."""
        return self._dispatcher.withdraw(due.session, due.message)
