"""What the machine of a replay stands on: records that survive a crash, and all it asked for, until it is done."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from typing_extensions import override

from wagate.adapters.engines.native.machine.shell import Shell, Then, Timer
from wagate.adapters.whatsapp_web.files import MediaFailed
from wagate.ports.news import DurableNews, LineNews
from wagate.ports.vault import NotLoaded, RecordKey, Unit, VaultFailed
from whatsapp_wire.media.content import MediaFile


@dataclass
class Disk:
    """What survives a crash: the records, and what the rest of the house was told in the same transactions."""

    records: dict[RecordKey, bytes] = field(default_factory=dict)
    ledger: list[DurableNews] = field(default_factory=list)

    def commit(self, unit: Unit) -> None:
        for key, value in unit.changes.items():
            if value is None:
                self.records.pop(key, None)
            else:
                self.records[key] = value
        self.ledger += unit.news


class _Timer(Timer):
    def __init__(self, due: float, then: Callable[[], None]) -> None:
        self.due = due
        self.then: Callable[[], None] | None = then

    @override
    def cancel(self) -> None:
        self.then = None


class ReplayShell(Shell):
    """Keeps everything that the machine asked for until the test carries it out."""

    def __init__(self, disk: Disk, now: Callable[[], float]) -> None:
        self.disk = disk
        self._now = now
        self.uncommitted: deque[tuple[Unit, Then]] = deque()
        self.answers: deque[Callable[[], None]] = deque()
        self.written: deque[bytes] = deque()
        self.timers: list[_Timer] = []
        self.loaded: dict[RecordKey, bytes | None] = {}
        self.told: list[LineNews] = []
        self.fetch: Callable[[MediaFile], tuple[Exception | None, object]] = lambda _: (MediaFailed("no hosts"), None)
        self.expired: list[tuple[str, float]] = []
        self.failure: VaultFailed | None = None
        self.hung_up = False
        self.is_paused = False
        self.history_wakes = 0

    @override
    def now(self) -> float:
        return self._now()

    @override
    def get(self, kind: str, address: str) -> bytes | None:
        if self.failure is not None:
            raise self.failure
        if (kind, address) not in self.loaded:
            raise NotLoaded(f"{kind} {address}")
        return self.loaded[kind, address]

    @override
    def is_loaded(self, keys: Sequence[RecordKey]) -> bool:
        return all(key in self.loaded for key in keys)

    @override
    def load(self, keys: Sequence[RecordKey], then: Then) -> None:
        def answer() -> None:
            for key in keys:
                if key not in self.loaded:
                    self.loaded[key] = self.disk.records.get(key)
            then(None, None)

        self.answers.append(answer)

    @override
    def list(self, kind: str, then: Then) -> None:
        self.answers.append(
            lambda: then(None, [(address, value) for (of, address), value in self.disk.records.items() if of == kind])
        )

    @override
    def expire(self, kind: str, before: float, then: Then) -> None:
        self.expired.append((kind, before))
        self.answers.append(lambda: then(None, None))

    @override
    def submit(self, unit: Unit, then: Then) -> None:
        self.loaded.update(unit.changes)
        self.uncommitted.append((unit, then))

    @override
    def compute(self, work: Callable[[], object], then: Then) -> None:
        self.answers.append(lambda: then(None, work()))

    @override
    def download(self, file: MediaFile, limit: int, then: Then) -> None:
        self.answers.append(lambda: then(*self.fetch(file)))

    @override
    def after(self, seconds: float, then: Callable[[], None]) -> Timer:
        timer = _Timer(self._now() + seconds, then)
        self.timers.append(timer)
        return timer

    @override
    def write(self, stanza: bytes) -> None:
        self.written.append(stanza)

    @override
    def pause_reading(self) -> None:
        self.is_paused = True

    @override
    def resume_reading(self) -> None:
        self.is_paused = False

    @override
    def report(self, news: LineNews) -> None:
        self.told.append(news)

    @override
    def history_waits(self) -> None:
        self.history_wakes += 1

    @override
    def fail(self, error: VaultFailed) -> None:
        self.failure = self.failure or error

    @override
    def hang_up(self) -> None:
        self.hung_up = True

    def forget_clean(self) -> None:
        """Let go of records that are on the disk as they are in memory, as a bounded cache does at any time."""
        changing = {key for unit, _ in self.uncommitted for key in unit.changes}
        self.loaded = {key: value for key, value in self.loaded.items() if key in changing}

    def commit(self) -> None:
        """Make the oldest unit durable."""
        if self.uncommitted:
            unit, then = self.uncommitted.popleft()
            self.disk.commit(unit)
            then(None, None)

    def fail_commits(self) -> None:
        """Let the oldest unit fail, and so all that were built on it."""
        if self.uncommitted:
            self.failure = VaultFailed("injected")
            failed, self.uncommitted = self.uncommitted, deque()
            for _, then in failed:
                then(self.failure, None)
