"""Flows: work that waits. A generator yields what it waits for and is resumed with it, or with an error."""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias, TypeVar

import structlog

from wagate.adapters.engines.native.machine.errors import LineLost, RequestRefused, Unanswered
from wagate.adapters.engines.native.machine.shell import Shell, Then, Timer
from wagate.ports.engine import NotSent
from wagate.ports.vault import RecordKey, Unit, VaultFailed
from whatsapp_wire.encoding import encode
from whatsapp_wire.media.content import MediaFile
from whatsapp_wire.node import Node
from whatsapp_wire.stanza.iq import RequestIds, error_of

_log = structlog.get_logger(__name__)

_T = TypeVar("_T")

ANSWER_TIMEOUT_S = 75.0
"""How long the answer to a request may take (whatsmeow `request.go`)."""


@dataclass(frozen=True, slots=True)
class Load:
    """Wait until these records are in memory. What follows, up to the next wait, sees them as they are."""

    keys: tuple[RecordKey, ...]


@dataclass(frozen=True, slots=True)
class List:
    """Wait for all committed records of a kind: ``list[tuple[str, bytes]]``."""

    kind: str


@dataclass(frozen=True, slots=True)
class Expire:
    """Wait until the records of a kind written before a moment (seconds) are deleted."""

    kind: str
    before: float


@dataclass(frozen=True, slots=True)
class Commit:
    """Wait until a unit is durable."""

    unit: Unit


@dataclass(frozen=True, slots=True)
class Ask:
    """Send an encoded request and wait for its answer, a `Node`; raises LineLost, Unanswered or RequestRefused."""

    id: str
    request: bytes
    timeout_s: float = ANSWER_TIMEOUT_S


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait for a time."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Compute:
    """Wait for the result of a function that takes long and touches nothing."""

    work: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Download:
    """Wait for a whole file from the media hosts, ``bytes``; raises MediaFailed, also for more than ``limit`` bytes."""

    file: MediaFile
    limit: int


@dataclass(frozen=True, slots=True)
class Join:
    """Wait for a flow that is run once for everybody who asks for the same key meanwhile."""

    key: Hashable
    begin: Callable[[], Flow[Any]]


Wait: TypeAlias = Load | List | Expire | Commit | Ask | Pause | Compute | Download | Join
Flow: TypeAlias = Generator[Wait, Any, _T]


class _Run:
    """One flow on its way."""

    __slots__ = ("done", "ends_with_line", "flow", "timer")

    def __init__(self, flow: Flow[Any], done: Then | None, ends_with_line: bool) -> None:
        self.flow = flow
        self.done = done
        self.ends_with_line = ends_with_line
        self.timer: Timer | None = None


class Flows:
    """Runs flows: starts them, passes their wishes to the shell, and resumes them with what came of it.

    ``is_open`` says whether a connection is there to ask over.
    """

    __slots__ = ("_asked", "_ids", "_joined", "_running", "_shell", "is_open")

    def __init__(self, shell: Shell) -> None:
        self.is_open = False
        self._shell = shell
        self._ids = RequestIds()
        self._running: set[_Run] = set()
        self._asked: dict[str, _Run] = {}
        self._joined: dict[Hashable, list[_Run]] = {}

    def start(self, flow: Flow[Any], done: Then | None = None, *, ends_with_line: bool = False) -> None:
        """Run a flow until it waits; ``done`` hears of its end unless it is given up with the line.

        An error that no ``done`` hears of is logged.
        """
        run = _Run(flow, done, ends_with_line)
        self._running.add(run)
        self._resume(run, None, None)

    def next_id(self) -> str:
        """An id for a request that was not given out before."""
        return self._ids.next()

    def ask(self, build: Callable[[str], Node], timeout_s: float = ANSWER_TIMEOUT_S) -> Flow[Node]:
        """Build a request with a new id, send it and wait for the answer."""
        id = self._ids.next()
        answer: Node = yield Ask(id, encode(build(id)), timeout_s)
        return answer

    def answered(self, answer: Node) -> None:
        """Take the server's answer to a request; one that nobody waits for (any more) is dropped."""
        run = self._asked.pop(answer.get("id") or "", None)
        if run is None:
            return
        error = error_of(answer)
        self._resume(run, RequestRefused(error.code, error.text) if error else None, answer)

    def line_lost(self) -> None:
        """No answer will come any more, and what belongs to the connection ends with it."""
        self.is_open = False
        for run in [run for run in self._running if run.ends_with_line]:
            self._drop(run)
        asked, self._asked = self._asked, {}
        for run in asked.values():
            self._resume(run, LineLost(), None)

    def give_up(self, error: Exception) -> None:
        """End every flow where it stands; whoever waits for one hears this error."""
        self._asked.clear()
        self._joined.clear()
        for run in list(self._running):
            self._drop(run)
            if run.done is not None:
                run.done(error, None)

    def _drop(self, run: _Run) -> None:
        self._running.discard(run)
        if run.timer is not None:
            run.timer.cancel()
        run.flow.close()

    def _resume(self, run: _Run, error: Exception | None, value: object) -> None:
        if run not in self._running:
            return
        if run.timer is not None:
            run.timer.cancel()
            run.timer = None
        while True:
            try:
                wait = run.flow.send(value) if error is None else run.flow.throw(error)
            except StopIteration as end:
                self._finish(run, None, end.value)
                return
            except Exception as failure:  # whatever a flow dies of, the one who waits for it must hear it
                self._finish(run, failure, None)
                return
            error = value = None
            if isinstance(wait, Ask) and not self.is_open:
                error = LineLost()
            elif not isinstance(wait, Load):
                break
            else:
                try:
                    if not self._shell.is_loaded(wait.keys):
                        break
                except VaultFailed as failure:
                    error = failure
        self._begin(run, wait)

    def _begin(self, run: _Run, wait: Wait) -> None:
        then = partial(self._resume, run)
        match wait:
            case Load(keys):
                self._shell.load(keys, then)
            case Commit(unit):
                self._shell.submit(unit, then)
            case Ask(id, request, timeout_s):
                self._asked[id] = run
                self._shell.write(request)
                run.timer = self._shell.after(timeout_s, partial(self._expired, id))
            case Join(key, begin):
                self._join(run, key, begin)
            case Pause(seconds):
                run.timer = self._shell.after(seconds, partial(then, None, None))
            case Compute(work):
                self._shell.compute(work, then)
            case Download(file, limit):
                self._shell.download(file, limit, then)
            case List(kind):
                self._shell.list(kind, then)
            case Expire(kind, before):
                self._shell.expire(kind, before, then)

    def _expired(self, id: str) -> None:
        run = self._asked.pop(id, None)
        if run is not None:
            self._resume(run, Unanswered(), None)

    def _join(self, run: _Run, key: Hashable, begin: Callable[[], Flow[Any]]) -> None:
        if key in self._joined:
            self._joined[key].append(run)
            return
        self._joined[key] = [run]
        self.start(begin(), partial(self._landed, key))

    def _landed(self, key: Hashable, error: Exception | None, value: object) -> None:
        for run in self._joined.pop(key, ()):
            self._resume(run, error, value)

    def _finish(self, run: _Run, error: Exception | None, value: object) -> None:
        self._running.discard(run)
        if isinstance(error, VaultFailed):
            self._shell.fail(error)
        if run.done is not None:
            run.done(error, value)
        elif isinstance(error, NotSent):
            _log.info("a flow ended early", flow=repr(run.flow), reason=str(error))
        elif error is not None and not isinstance(error, VaultFailed):
            _log.error("a flow failed", flow=repr(run.flow), exc_info=error)
