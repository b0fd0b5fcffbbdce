"""Plain texts that come at about the same time are accepted together, with one set of statements for all of them.

Nobody is kept waiting for company: what comes while one COMMIT is under way would wait for the next one anyway. What
cannot be accepted in this way, and what fails together with others, is accepted by itself.
(``docs/decisions/0056-accepting-together.md``)
"""

from __future__ import annotations

from asyncio import Future, get_running_loop
from collections import defaultdict
from dataclasses import dataclass

from wagate.domain.content import LinkPreview
from wagate.domain.errors import GatewayError, StorageUnavailable, TooBusy
from wagate.domain.ids import TenantId
from wagate.features.messaging.outbox import Outbox
from wagate.features.messaging.repository.outbox import MOST_TARGETS
from wagate.features.messaging.requests import Accepted, Plain, SendRequest
from wagate.features.messaging.together import Outcome
from wagate.store.database import Database
from wagate.store.scoped import Scoped, TenantScope
from wagate.store.script import Script

_MOST = 10_000
"""Messages that may wait to be accepted."""


@dataclass(slots=True)
class _Asked:
    """A request that waits, and what has become of it."""

    tenant: TenantId
    plain: Plain
    settled: Future[Accepted | None]
    made: Outcome = None


class Gathering:
    """Accepts messages."""

    def __init__(self, database: Database, way_out: Outbox) -> None:
        """Accept into ``way_out``."""
        self._database = database
        self._way_out = way_out
        self._waiting: list[_Asked] = []
        self._is_queued = False

    async def accept(
        self, scope: Scoped, session: str, request: SendRequest, key: str | None, preview: LinkPreview | None
    ) -> Accepted:
        """``Outbox.accept``, committed. Raises what that raises, and TooBusy, StorageUnavailable."""
        plain = Plain.of(session, request, key)
        accepted = None if plain is None else await self._together(scope, plain)
        if accepted is not None:
            return accepted
        return await self._database.write(self._way_out.accept(scope, session, request, key, preview))

    async def _together(self, scope: Scoped, plain: Plain) -> Accepted | None:
        if len(self._waiting) >= _MOST:
            raise TooBusy(f"{len(self._waiting)} messages are waiting to be accepted")
        asked = _Asked(scope.tenant, plain, get_running_loop().create_future())
        self._waiting.append(asked)
        if not self._is_queued:
            self._queue()
        return await asked.settled

    def _queue(self) -> None:
        """Have those who wait accepted; who they are is seen when it begins."""
        batch: list[_Asked] = []
        self._is_queued = True
        self._database.enqueue(self._accept_all(batch), lambda _, error: self._settle(batch, error))

    def _accept_all(self, batch: list[_Asked]) -> Script[None]:
        self._begin(batch)
        groups: dict[tuple[TenantId, str], list[_Asked]] = defaultdict(list)
        for asked in batch:
            groups[asked.tenant, "id" if asked.plain.session.startswith("ses_") else "name"].append(asked)
        for (tenant, by), some in groups.items():
            made = yield from self._way_out.together.accept(TenantScope(tenant), by, [asked.plain for asked in some])
            for asked, outcome in zip(some, made, strict=True):
                asked.made = outcome

    def _begin(self, batch: list[_Asked]) -> None:
        batch += self._waiting[:MOST_TARGETS]
        del self._waiting[:MOST_TARGETS]
        self._is_queued = False
        if self._waiting:
            self._queue()

    def _settle(self, batch: list[_Asked], error: BaseException | None) -> None:
        if error is not None and not batch:
            self._begin(batch)  # it was refused, or dropped: those who wait must hear of it all the same
        for asked in batch:
            if asked.settled.done():
                continue  # whoever asked has gone
            if isinstance(error, StorageUnavailable | TooBusy):
                asked.settled.set_exception(_again(error))
            elif error is None and isinstance(asked.made, GatewayError):
                asked.settled.set_exception(asked.made)
            else:
                asked.settled.set_result(asked.made if error is None and isinstance(asked.made, Accepted) else None)


def _again(error: StorageUnavailable | TooBusy) -> GatewayError:
    """A fresh copy for another caller: one exception raised in many places would collect all their tracebacks."""
    copy = type(error)(error.detail)
    copy.__cause__ = error.__cause__
    return copy
