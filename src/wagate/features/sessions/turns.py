"""One thing at a time for each session."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from wagate.domain.ids import SessionId


@dataclass(slots=True)
class _Turn:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class Turns:
    """Locks by session, which cost nothing while nobody uses them."""

    def __init__(self) -> None:
        """No locks yet."""
        self._turns: dict[SessionId, _Turn] = {}

    @property
    def held(self) -> int:
        """How many sessions' turns are held or waited for."""
        return len(self._turns)

    @asynccontextmanager
    async def of(self, session: SessionId) -> AsyncIterator[None]:
        """Hold a session's turn: whoever else wants it waits, in order."""
        turn = self._turns.setdefault(session, _Turn())
        turn.users += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.users -= 1
            if not turn.users:
                del self._turns[session]
