"""The database as the rooms see it: transaction scripts in, answers out, one writer that commits many at once."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from asyncio import Future
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn, TypeVar

from wagate.domain.errors import StorageUnavailable, TooBusy
from wagate.store.script import Dialect, Script

T = TypeVar("T")

_LINGER_S = 0.003

Settled = Callable[[Any, BaseException | None], None]
"""Told once how a script ended: ``(result, None)`` after its COMMIT, or ``(None, error)``."""


class ConstraintViolated(Exception):
    """A statement broke a constraint of the schema, which an ``ON CONFLICT`` should have answered."""


class OutcomeUnknown(StorageUnavailable):
    """The database went away while it committed; whether the change was kept is known once it is back"""


class StorageFailed(StorageUnavailable):
    """The database could not be read or written"""


def throw_into(script: Script[Any], error: Exception) -> NoReturn:
    """Tell a script that its statement failed. It may put a word of its own in place of a constraint's, no more."""
    try:
        script.throw(error)
    except BaseException as answer:
        if isinstance(error, StorageFailed) and answer is not error:
            raise error from answer
        raise
    script.close()
    raise RuntimeError("A script went on after one of its statements had failed") from error


@dataclass(slots=True)
class Job:
    """A script that waits for its turn. ``error`` is set when the script failed by itself."""

    script: Script[Any]
    settled: Settled
    result: Any = None
    error: BaseException | None = None


class Database(ABC):
    """One database, for the life of the process; made and used on one event loop."""

    dialect: ClassVar[Dialect]

    def __init__(self, *, queue_limit: int, before_commit: Callable[[], None] | None) -> None:
        """``before_commit`` is called before every COMMIT; what it raises makes that COMMIT fail (a failpoint)."""
        self._loop = asyncio.get_running_loop()
        self._queue: deque[Job] = deque()
        self._queue_limit = queue_limit
        self._before_commit = before_commit
        self._commit_listeners: list[Callable[[], None]] = []
        self._closing = False
        self._is_due = False  # somebody in the queue is in a hurry, or has lingered long enough
        self._stirred_at = 0.0  # when something was last begun or ended, on the loop's clock
        self._alarm: asyncio.TimerHandle | None = None

    # ---- what the rooms call

    def enqueue(self, script: Script[Any], settled: Settled, *, vital: bool = False, hurry: bool = True) -> None:
        """Queue a write script and be told how it ended. Scripts run in the order of the calls.

        Once queued a script cannot be taken back. ``settled`` is called on the loop, must not raise, and learns of
        TooBusy, StorageUnavailable (OutcomeUnknown among them), ConstraintViolated, or what the script itself raised.
        Half of the queue is kept free for ``vital`` scripts: those that finish what was begun. Scripts without
        ``hurry``, unless they come after a rest, wait a moment for others to share their COMMIT with, as it costs more
        than they do.
        """
        room = self._queue_limit if vital else self._queue_limit // 2
        if self._closing or len(self._queue) >= room:
            script.close()
            closed = StorageUnavailable("The database is closed")
            settled(None, closed if self._closing else TooBusy(f"{len(self._queue)} transactions are waiting"))
            return
        self._queue.append(Job(script, settled))
        if hurry or self._loop.time() - self._stirred_at > _LINGER_S:
            self._make_due()
        elif self._alarm is None:
            self._alarm = self._loop.call_later(_LINGER_S, self._ring)

    def submit(self, script: Script[T]) -> Future[T]:
        """Queue a write script; the future resolves after its COMMIT. Cancelling it does not take the script back."""
        future: Future[T] = self._loop.create_future()

        def settled(result: Any, error: BaseException | None) -> None:
            if future.done():
                return
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

        self.enqueue(script, settled)
        return future

    async def write(self, script: Script[T]) -> T:
        """Run a script in a transaction (shared with whatever else waits) and return after the COMMIT."""
        return await self.submit(script)

    @abstractmethod
    async def read(self, script: Script[T]) -> T:
        """Run a script that only reads. Each of its statements sees what is committed at that moment.

        Raises StorageUnavailable.
        """

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Have ``listener`` called on the loop after every batch that this process committed."""
        self._commit_listeners.append(listener)

    async def listen(self, channel: str, heard: Callable[[], None]) -> None:
        """Call ``heard`` when another process tells of something on a channel, until cancelled.

        Only some databases can: whoever listens asks from time to time as well.
        """
        await asyncio.Event().wait()

    @abstractmethod
    async def close(self) -> None:
        """Finish what is queued and let go of the database."""

    # ---- what the two databases have in common

    def _refuse_when_closed(self, script: Script[Any]) -> None:
        if self._closing:
            script.close()
            raise StorageUnavailable("The database is closed")

    @abstractmethod
    def _wake_writer(self) -> None:
        """See to it that the queue is worked on."""

    def _ring(self) -> None:
        """Work on what is left in the queue, if anything is."""
        self._silence()
        if self._queue:
            self._make_due()

    def _make_due(self) -> None:
        self._is_due = True
        self._stirred_at = self._loop.time()
        self._wake_writer()

    def _silence(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _next_job(self) -> Job:
        """Take the first of the queue; with the last one gone, nothing is due."""
        job = self._queue.popleft()
        if not self._queue:
            self._is_due = False
            self._silence()
        return job

    def _drop_queue(self) -> list[Job]:
        """Take all of the queue, none of which will be run."""
        dropped = [self._next_job() for _ in range(len(self._queue))]
        for job in dropped:
            job.script.close()
        return dropped

    def _settle(self, batch: list[Job], failure: Callable[[], StorageUnavailable] | None = None) -> None:
        """Tell everybody how the batch ended; ``failure`` makes the error of those whose COMMIT failed."""
        self._stirred_at = self._loop.time()
        for job in batch:
            error = job.error
            if error is None and failure is not None:
                error = failure()
            self._tell(job.settled, None if error is not None else job.result, error)
        if failure is None:
            for listener in self._commit_listeners:
                self._tell(listener)

    def _tell(self, listener: Callable[..., None], *news: object) -> None:
        try:
            listener(*news)
        except Exception as error:  # a listener's fault must not stop the writer
            self._loop.call_exception_handler({"message": f"{listener!r} failed", "exception": error})
