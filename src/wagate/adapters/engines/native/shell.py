"""The machine's shell on asyncio: records from a vault, time from the loop, stanzas to a wire."""

from __future__ import annotations

import asyncio
import math
import time
from asyncio import Future
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

from typing_extensions import override

from wagate.adapters.engines.native.machine.shell import Shell, Then, Timer
from wagate.adapters.engines.native.transport import Wire
from wagate.ports.news import LineNews
from wagate.ports.vault import NotLoaded, RecordKey, Unit, Vault, VaultFailed
from whatsapp_wire.media.content import MediaFile

Downloads: TypeAlias = Callable[[MediaFile, int], Coroutine[Any, Any, bytes]]
"""Gets a whole file of at most so many bytes. Raises MediaFailed, NotSent."""

MAX_UNCOMMITTED: Final = 512
"""Units that may wait for their commit before reading from the wire pauses."""

_PATIENT_S: Final = 10.0
"""Whoever waits this long can wait for the next whole second of the loop's clock as well.

Thousands of quiet lines then wake the process once a second, for all whose turn it is, and not for each ping alone:
an idle line costs less than half.
"""


class LineShell(Shell):
    """Serves one machine.

    ``wire`` is the open connection, if there is one; ``failure`` what made the vault useless, and ``has_committed``
    whether anything was committed before.
    """

    __slots__ = (
        "_calm",
        "_download",
        "_give_up",
        "_is_paused",
        "_is_retired",
        "_loop",
        "_report",
        "_tasks",
        "_uncommitted",
        "_vault",
        "failure",
        "has_committed",
        "on_history",
        "wire",
    )

    def __init__(
        self,
        vault: Vault,
        report: Callable[[LineNews], None],
        give_up: Callable[[VaultFailed], None],
        download: Downloads,
    ) -> None:
        """``give_up`` is called once, soon after the vault became useless; ``download`` gets whole files."""
        self._loop = asyncio.get_running_loop()
        self._vault = vault
        self._report = report
        self._give_up = give_up
        self._download = download
        self._tasks: set[asyncio.Task[None]] = set()
        self._uncommitted = 0
        self._calm: Future[None] | None = None
        self._is_paused = False
        self._is_retired = False
        self.wire: Wire | None = None
        self.failure: VaultFailed | None = None
        self.has_committed = False
        self.on_history: Callable[[], None] | None = None

    async def calm(self) -> None:
        """Wait until the machine wants to read on, and not too many units wait for their commit."""
        while self.is_pressed and self.failure is None:
            self._calm = self._loop.create_future()
            await self._calm

    async def retire(self) -> None:
        """Serve no longer: nothing is answered any more, and what still runs is awaited."""
        self._is_retired = True
        self.wire = None
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    @override
    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    @override
    def get(self, kind: str, address: str) -> bytes | None:
        """A record that was loaded."""
        return self._vault.get(kind, address)

    @override
    def is_loaded(self, keys: Sequence[RecordKey]) -> bool:
        """Whether all of these are in memory."""
        try:
            for key in keys:
                self._vault.get(*key)
        except NotLoaded:
            return False
        return True

    @override
    def load(self, keys: Sequence[RecordKey], then: Then) -> None:
        """Load records."""
        self._call(partial(self._vault.load, keys), then)

    @override
    def list(self, kind: str, then: Then) -> None:
        """List records."""
        self._call(partial(self._vault.list, kind), then)

    @override
    def expire(self, kind: str, before: float, then: Then) -> None:
        """Delete old records."""
        self._call(partial(self._vault.expire, kind, int(before * 1000)), then)

    @override
    def submit(self, unit: Unit, then: Then) -> None:
        """Submit a unit."""
        self._uncommitted += 1
        self._vault.submit(unit).add_done_callback(partial(self._committed, then))

    @override
    def compute(self, work: Callable[[], object], then: Then) -> None:
        """Work in a thread."""
        self._call(partial(asyncio.to_thread, work), then)

    @override
    def download(self, file: MediaFile, limit: int, then: Then) -> None:
        """Get a file."""
        self._call(partial(self._download, file, limit), then)

    @override
    def after(self, seconds: float, then: Callable[[], None]) -> Timer:
        """A timer of the loop, on a whole second of its clock if there is time."""
        due = self._loop.time() + seconds
        return self._loop.call_at(due if seconds < _PATIENT_S else math.ceil(due), then)

    @override
    def write(self, stanza: bytes) -> None:
        """Write to the wire, if it is there."""
        if self.wire is not None:
            self.wire.write(stanza)

    @override
    def pause_reading(self) -> None:
        """Let `calm` wait."""
        self._is_paused = True

    @override
    def resume_reading(self) -> None:
        """Let `calm` return."""
        self._is_paused = False
        self._be_calm()

    @override
    def report(self, news: LineNews) -> None:
        """Tell the owner of the line."""
        if not self._is_retired:
            self._report(news)

    @override
    def history_waits(self) -> None:
        """Wake who reads histories."""
        if self.on_history is not None and not self._is_retired:
            self.on_history()

    @override
    def fail(self, error: VaultFailed) -> None:
        """End the connection; whoever serves it sees the failure."""
        if self.failure is not None:
            return
        self.failure = error
        self._be_calm()
        self.hang_up()
        # Not now: the machine may be in the middle of a step.
        self._loop.call_soon(self._give_up, error)

    @override
    def hang_up(self) -> None:
        """Cut the wire."""
        if self.wire is not None:
            self.wire.hang_up()

    @property
    def is_pressed(self) -> bool:
        """Whether the machine wants to read no further now, or too many units wait for their commit."""
        return self._is_paused or self._uncommitted > MAX_UNCOMMITTED

    def _call(self, call: Callable[[], Awaitable[object]], then: Then) -> None:
        task = self._loop.create_task(self._answer(call, then))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, call: Callable[[], Awaitable[object]], then: Then) -> None:
        try:
            value = await call()  # begun here: a task that is cancelled before must not leave it behind, never awaited
        except Exception as error:  # the machine decides what an error means
            self._tell(then, error, None)
        else:
            # No wait between this and the flow's next step: what was loaded is as it was.
            self._tell(then, None, value)

    def _committed(self, then: Then, commit: Future[None]) -> None:
        self._uncommitted -= 1
        if self._uncommitted == MAX_UNCOMMITTED:
            self._be_calm()
        error = None if commit.cancelled() else commit.exception()
        if error is None:
            self.has_committed = True
        elif isinstance(error, VaultFailed) and not self._is_retired:
            self.fail(error)
        self._tell(then, error if isinstance(error, Exception) else None, None)

    def _tell(self, then: Then, error: Exception | None, value: object) -> None:
        if not self._is_retired:
            then(error, value)

    def _be_calm(self) -> None:
        if self._calm is not None and not self._calm.done():
            self._calm.set_result(None)
        self._calm = None
