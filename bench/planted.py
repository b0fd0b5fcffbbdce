"""A gateway with a mistake planted in it: ``python -m bench.planted BUG serve --data DIR``. A bench must find it.

Nothing in the product knows of this. The mistakes sit between the native engine and its vault, which are joined by a
port, or in the failpoint before a COMMIT.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from asyncio import Future
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace

from typing_extensions import override

from bench.served import serve
from wagate.adapters.clock import SystemClock
from wagate.bootstrap import build
from wagate.domain.ids import SessionId
from wagate.features import Gateway
from wagate.plugs import ENGINES
from wagate.ports.engine import Connection, Engine, EngineFeatures, Line
from wagate.ports.news import MessageArrived, SendStarted
from wagate.ports.vault import RecordKey, Unit, Vault
from wagate.settings import Settings


class HastyVault(Vault):
    """A vault that says "durable" too early for units with one kind of news, as a careless engine would assume."""

    def __init__(self, vault: Vault, hasty_about: type) -> None:
        """Pass everything on to ``vault``."""
        self._vault = vault
        self._hasty_about = hasty_about

    @override
    def submit(self, unit: Unit) -> Future[None]:
        """Submit it, and for some units do not wait."""
        committed = self._vault.submit(unit)
        if not any(isinstance(news, self._hasty_about) for news in unit.news):
            return committed
        committed.add_done_callback(lambda done: done.cancelled() or done.exception())
        at_once: Future[None] = asyncio.get_running_loop().create_future()
        at_once.set_result(None)
        return at_once

    @override
    async def load(self, keys: Iterable[RecordKey]) -> None:
        await self._vault.load(keys)

    @override
    def get(self, kind: str, address: str) -> bytes | None:
        return self._vault.get(kind, address)

    @override
    async def expire(self, kind: str, before_ms: int) -> None:
        await self._vault.expire(kind, before_ms)

    @override
    async def reopen(self) -> None:
        await self._vault.reopen()

    @override
    async def close(self) -> None:
        await self._vault.close()

    @override
    async def list(self, kind: str) -> list[tuple[str, bytes]]:
        return await self._vault.list(kind)


class HastyEngine(Engine):
    """The native engine on hasty vaults."""

    def __init__(self, engine: Engine, hasty_about: type) -> None:
        """Wrap ``engine``."""
        self._engine = engine
        self._hasty_about = hasty_about

    @property
    @override
    def name(self) -> str:
        return self._engine.name

    @property
    @override
    def features(self) -> EngineFeatures:
        return self._engine.features

    @property
    @override
    def connection(self) -> type[Connection]:
        return self._engine.connection

    @override
    async def connect(self, line: Line) -> Connection:
        return await self._engine.connect(replace(line, vault=HastyVault(line.vault, self._hasty_about)))

    @override
    async def forget(self, session: SessionId) -> None:
        await self._engine.forget(session)

    @override
    async def close(self) -> None:
        await self._engine.close()


def _hasty(about: type) -> Callable[[Settings], Awaitable[Gateway]]:
    async def make(settings: Settings) -> Gateway:
        return await build(settings, engines=[HastyEngine(ENGINES["native"](settings, SystemClock()), about)])

    return make


async def _failing_commits(settings: Settings) -> Gateway:
    rate, _, seed = os.environ[FAILURES].partition(":")
    dice = random.Random(int(seed))
    mended = settings.data / MENDED

    def fail_sometimes() -> None:
        if dice.random() < float(rate) and not mended.exists():
            raise OSError("a planted failure of the disk")

    return await build(settings, before_commit=fail_sometimes)


FAILURES = "BENCH_COMMIT_FAILURES"
"""The variable that says ``RATE:SEED`` to ``failing_commits``: that share of all COMMITs fails."""

MENDED = "commits-work-again"
"""The file in the data directory that ends those failures."""

BUGS = {
    "send_before_commit": _hasty(SendStarted),
    "ack_before_commit": _hasty(MessageArrived),
}
"""Mistakes by name."""

_WAYS: Mapping[str, Callable[[Settings], Awaitable[Gateway]]] = {**BUGS, "failing_commits": _failing_commits}


if __name__ == "__main__":
    serve(_WAYS[sys.argv[1]], sys.argv[2:])
