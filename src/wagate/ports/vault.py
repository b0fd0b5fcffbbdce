"""An engine's own durable state, committed together with the news that it concerns (crash rules of ``docs/``).

A record is a small blob under (kind, address), private to one session and sealed at rest. Engines change records only
through a ``Unit``; what it says becomes visible to ``get`` at once, and durable when ``submit``'s future resolves.
Nothing may leave for the wire before that.
"""

from __future__ import annotations

from asyncio import Future
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from wagate.domain.errors import GatewayError
from wagate.ports.news import DurableNews

RecordKey = tuple[str, str]
"""(kind, address): both short, printable and never secret."""


class NotLoaded(LookupError):
    """``get`` was asked for a record that no ``load`` has brought into memory: a mistake of the caller."""


class VaultFailed(GatewayError):
    """A unit of this session could not be committed; everything built on it fails too, until ``reopen``"""

    code = "storage_unavailable"


class OwnershipLost(VaultFailed):
    """Another process owns this session now; this one must drop the line at once"""

    code = "ownership_lost"


class RecordUnreadable(VaultFailed):
    """A stored record is damaged, or sealed with another master key"""

    code = "credentials_corrupt"


@dataclass(slots=True)
class Unit:
    """Everything that one step changes. Either all of it becomes durable or none of it."""

    changes: dict[RecordKey, bytes | None] = field(default_factory=dict)
    news: list[DurableNews] = field(default_factory=list)

    def put(self, kind: str, address: str, value: bytes) -> None:
        """Create or replace a record."""
        self.changes[kind, address] = value

    def delete(self, kind: str, address: str) -> None:
        """Remove a record; one that is not there is no error."""
        self.changes[kind, address] = None


class Vault(Protocol):
    """The records of one session, as seen by the one process that owns it."""

    async def load(self, keys: Iterable[RecordKey]) -> None:
        """Bring records into memory so that ``get`` can answer. Absent ones are remembered as absent.

        Loaded records stay readable at least until the caller next awaits anything. Raises RecordUnreadable.
        """
        ...

    def get(self, kind: str, address: str) -> bytes | None:
        """The newest value, submitted ones included; None when there is no such record. Raises NotLoaded."""
        ...

    async def list(self, kind: str) -> list[tuple[str, bytes]]:
        """All committed records of a kind as (address, value), ordered by address. Raises RecordUnreadable."""
        ...

    def submit(self, unit: Unit) -> Future[None]:
        """Queue a unit, in order behind earlier ones of this session. The future fails with VaultFailed.

        After a failure every later unit fails as well and ``get`` raises, until ``reopen``.
        """
        ...

    async def expire(self, kind: str, before_ms: int) -> None:
        """Delete the committed records of a kind that were last written before a moment (ms since 1970).

        For records that nobody deletes one by one, such as the plaintext kept for retries. Raises VaultFailed.
        """
        ...

    async def reopen(self) -> None:
        """After a failure: wait until all that was submitted is settled, then forget what was not committed."""
        ...

    async def close(self) -> None:
        """Wait until all that was submitted is settled and let go of the memory."""
        ...
