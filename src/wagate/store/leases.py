"""Who holds a session: at most one process, and every write of a former holder is refused.

A process is a node with a lease that it renews; a session names its owner and an epoch that rises with every claim.
Whatever matters is written under the epoch (``store.vault``), so a holder that lost its lease without noticing, frozen
or cut off, changes nothing any more. A node that cannot renew lets go by itself a fifth of the lease before it ends.
(``docs/decisions/0007-ownership.md``)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from wagate.domain.errors import StorageUnavailable
from wagate.domain.ids import NodeId, SessionId, TenantId
from wagate.ports.clock import Clock
from wagate.store.database import Database
from wagate.store.scoped import SessionScope
from wagate.store.script import Script, sql

TTL_S = 15.0
RENEWAL_S = 5.0
_RETRY_S = 0.5
_MARGIN = 0.8
"""The part of its lease during which a node trusts it."""

_REGISTER = sql(
    "INSERT INTO node (id, started_at, expires_at) VALUES (:node, now_ms(), now_ms() + :ttl)",
    "ON CONFLICT (id) DO UPDATE SET started_at = excluded.started_at, expires_at = excluded.expires_at",
)
_RENEW = sql("UPDATE node SET expires_at = now_ms() + :ttl WHERE id = :node AND expires_at > now_ms() RETURNING id")
_LEAVE = sql("DELETE FROM node WHERE id = :node")
_LET_GO_OF_ALL = sql("UPDATE session SET owner = NULL WHERE owner = :node")

# The word "free" below: nobody's, mine, or that of a node whose lease is over.
_FREE = (
    "(owner IS NULL OR owner = :node"
    " OR NOT EXISTS (SELECT 1 FROM node WHERE node.id = session.owner AND expires_at > now_ms()))"
)
_CLAIM = sql(
    "UPDATE session SET owner = :node, epoch = epoch + 1 WHERE id = :session AND", _FREE, "RETURNING tenant_id, epoch"
)
_RELEASE = sql("UPDATE session SET owner = NULL WHERE id = :session AND owner = :node AND epoch = :epoch")
# Every tenant's: a node serves them all.
_WAITING = sql("SELECT id FROM session WHERE wanted = 1 AND", _FREE, "ORDER BY id LIMIT :limit")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Lease:
    """How long a node may be silent before others take its sessions, and how often it speaks. Seconds."""

    ttl_s: float = TTL_S
    renewal_s: float = RENEWAL_S


class Node:
    """This process among the others on the same database."""

    def __init__(self, database: Database, clock: Clock, node: NodeId, lease: Lease | None = None) -> None:
        """``node`` is this process's name, from ``store.folder``. Without a lease it needs none to renew.

        That is so on SQLite, where the data directory's lock keeps every other process away.
        """
        self.id = node
        self._database = database
        self._clock = clock
        self._lease = lease
        self._held_until = 0.0
        self._loss_listeners: list[Callable[[], None]] = []
        self._renewing: asyncio.Task[None] | None = None

    @property
    def holds(self) -> bool:
        """Whether this process may still act for the sessions that it claimed."""
        return self._lease is None or self._clock.monotonic() < self._held_until

    def on_loss(self, listener: Callable[[], None]) -> None:
        """Have ``listener`` called when the lease could not be renewed: drop every line, at once."""
        self._loss_listeners.append(listener)

    async def join(self) -> None:
        """Register, and begin to renew. Raises StorageUnavailable."""
        await self._register()
        if self._lease is not None and self._renewing is None:
            self._renewing = asyncio.get_running_loop().create_task(self._renew_for_ever(self._lease), name="lease")

    async def leave(self) -> None:
        """Give every session back, so that another node need not wait for the lease to end."""
        if self._renewing is not None:
            self._renewing.cancel()
            with suppress(asyncio.CancelledError):
                await self._renewing
            self._renewing = None
        with suppress(StorageUnavailable):  # then the lease ends by itself
            await self._database.write(self._let_go())

    # ---- scripts for those who run sessions

    def claim(self, session: SessionId) -> Script[SessionScope | None]:
        """Take a session that is free, under a new epoch; None when another node holds it, or it is gone."""
        rows = yield _CLAIM(session=session, node=self.id)
        return SessionScope(TenantId(rows[0]["tenant_id"]), session, rows[0]["epoch"]) if rows else None

    def release(self, scope: SessionScope) -> Script[None]:
        """Give a session back, if it is still ours."""
        yield _RELEASE(session=scope.session, node=self.id, epoch=scope.epoch)

    def waiting(self, limit: int) -> Script[list[SessionId]]:
        """Sessions that ought to run and that nobody runs, or that this node ran before it was restarted."""
        rows = yield _WAITING(node=self.id, limit=limit)
        return [SessionId(row["id"]) for row in rows]

    # ---- the lease

    async def _register(self) -> None:
        started = self._clock.monotonic()
        await self._database.write(self._insert())
        self._extend(started)

    def _insert(self) -> Script[None]:
        yield _REGISTER(node=self.id, ttl=self._ttl_ms())

    def _renew(self) -> Script[bool]:
        return bool((yield _RENEW(node=self.id, ttl=self._ttl_ms())))

    def _let_go(self) -> Script[None]:
        yield _LET_GO_OF_ALL(node=self.id)
        yield _LEAVE(node=self.id)

    def _ttl_ms(self) -> int:
        return round((self._lease or Lease()).ttl_s * 1000)

    def _extend(self, started: float) -> None:
        # Counted from before the request, because the server began to count at some moment after it.
        self._held_until = started + (self._lease or Lease()).ttl_s * _MARGIN

    async def _renew_for_ever(self, lease: Lease) -> None:
        while True:
            await self._clock.sleep(lease.renewal_s)
            while not await self._renewed():
                if not self.holds:
                    await self._start_again()
                    break
                await self._clock.sleep(_RETRY_S)

    async def _renewed(self) -> bool:
        started = self._clock.monotonic()
        try:
            async with asyncio.timeout(max(self._held_until - started, 0.0)):
                if await self._database.write(self._renew()):
                    self._extend(started)
                    return True
        except (StorageUnavailable, TimeoutError) as error:
            _log.warning("lease_not_renewed", node=self.id, error=str(error))
            return False
        self._held_until = 0.0  # it is over by the server's clock: others may have our sessions already
        return False

    async def _start_again(self) -> None:
        _log.error("lease_lost", node=self.id)
        for listener in self._loss_listeners:
            listener()
        while True:
            try:
                await self._database.write(self._let_go())
                await self._register()
            except StorageUnavailable:
                await self._clock.sleep(_RETRY_S)
            else:
                return
