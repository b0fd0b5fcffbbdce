"""One worker's service to one line: what it tells becomes commits and states, in the order in which it tells it."""

from __future__ import annotations

import asyncio
from asyncio import Future, Task
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

import structlog

from wagate.adapters.engines.neonize.attachment import Attachment
from wagate.adapters.engines.neonize.endings import CONNECTION_LOST, QR_EXPIRED, Ending, ending_of, lost
from wagate.adapters.engines.neonize.files import Ways
from wagate.adapters.engines.neonize.holding import Holding
from wagate.adapters.engines.neonize.limits import Limits
from wagate.adapters.engines.neonize.link.frames import LinkBroken
from wagate.adapters.engines.neonize.link.messages import (
    Begin,
    Committed,
    Entry,
    LineEvent,
    LogLine,
    Message,
    QrCode,
    Recall,
    Recalled,
)
from wagate.adapters.engines.neonize.link.people import PresenceTold
from wagate.adapters.engines.neonize.pauses import Pauses
from wagate.domain.session import Reason, SessionState
from wagate.ports.engine import Line
from wagate.ports.news import LineNews, QrShown, SeenAlive, StateChanged
from wagate.ports.vault import Unit

_log = structlog.get_logger(__name__)

_SEEN_S: Final = 60.0


class LineOver(Exception):
    """The line is over; ``ending`` says how."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.reason.code)
        self.ending = ending


class Wedged(Exception):
    """The worker lives and does nothing any more"""


@dataclass(frozen=True, slots=True)
class Means:
    """What the lines of an engine share. ``clock`` counts seconds; ``random`` makes jitter."""

    limits: Limits
    device_name: str
    platform: str
    ways: Ways


class Serving:
    """From an open link to its end (``run``).

    ``is_live``: messages can leave: the line is up, and the worker has said what became of earlier ones.
    """

    def __init__(
        self,
        means: Means,
        line: Line,
        holding: Holding,
        pauses: Pauses,
        attachment: Attachment,
        report: Callable[[LineNews], None],
    ) -> None:
        """Nothing is said before ``run``."""
        self.attachment = attachment
        self.is_live = False
        self.is_scanning = False
        self._means = means
        self._limits = means.limits
        self._line = line
        self._holding = holding
        self._pauses = pauses
        self._report = report
        self._loop = asyncio.get_running_loop()
        self._commits: Future[None] | None = None
        self._failure: Future[None] = self._loop.create_future()
        self._acked = 0
        self._recalled = False
        self._is_up = False
        self._gate: Task[None] | None = None
        self._saying: Task[None] | None = None
        self._patience: asyncio.Timeout | None = None
        self._progress = self._loop.time()
        self._seen = -_SEEN_S
        self._qr_shown = 0

    async def run(self) -> None:
        """Serve until it is over. Raises LineOver, LinkBroken, Wedged, VaultFailed."""
        work: list[Coroutine[Any, Any, None]] = [self._listen(), self.attachment.keep_alive(), self._guard()]
        tasks = [self._loop.create_task(part) for part in work]
        try:
            done, _ = await asyncio.wait([*tasks, self._failure], return_when=asyncio.FIRST_COMPLETED)
            if self._failure in done:
                await self._failure
            for task in tasks:
                if task in done:
                    await task
        finally:
            self.is_live = False
            tasks += [task for task in (self._gate, self._saying) if task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._failure.cancel()

    # ---- commits

    async def committed(self, unit: Unit) -> None:
        """Submit a unit and wait until it is durable. A failure ends ``run``, too. Raises VaultFailed."""
        self._commit(unit)
        await self.settled()

    def _commit(self, unit: Unit, number: int = 0) -> None:
        """Submit a unit, that of an entry perhaps; it is acknowledged once durable. A failure ends ``run``."""
        future = self._line.vault.submit(unit)
        self._commits = future

        def settled(committed: Future[None]) -> None:
            if committed.cancelled():
                return
            error = committed.exception()
            if error is not None:
                self._fail(error)
            elif future is self._commits:
                self._ack(self._holding.position.number)  # and entries behind it that had nothing to commit
            elif number:
                self._ack(number)

        future.add_done_callback(settled)

    def _fail(self, error: BaseException) -> None:
        if not self._failure.done():
            self._failure.set_exception(error)

    async def settled(self) -> None:
        """Wait until everything that was submitted is durable. Raises VaultFailed."""
        if self._commits is not None:
            await asyncio.shield(self._commits)

    # ---- what the worker tells

    async def _listen(self) -> None:
        self._begin()
        unit = self._holding.remember_key()
        if unit is not None:
            await self.committed(unit)
        try:
            async with asyncio.timeout(self._limits.connect_s) as self._patience:
                while True:
                    await self._hear(await self.attachment.receive())
        except TimeoutError:
            if self._qr_shown:
                raise LineOver(QR_EXPIRED) from None
            raise LineOver(lost("connection_lost", "whatsmeow did not connect in time")) from None

    def _begin(self) -> None:
        """Ask first what became of earlier messages: whatsmeow's notes are read before it works again."""
        credentials, options = self._holding.credentials, self._line.options
        self.attachment.send(Recall(self._holding.outstanding.questions(credentials)))
        self.attachment.send(
            Begin(
                credentials.device,
                self._line.proxy or "",
                options.device_name or self._means.device_name,
                options.device_platform or self._means.platform,
                options.history.value,
            )
        )

    async def _hear(self, message: Message) -> None:
        match message:
            case Entry():
                await self._take(message)
            case LineEvent():
                await self.settled()
                await self._change(message)
            case QrCode():
                self._show(message)
            case PresenceTold():
                self._see(message)
            case Recalled(found):
                unit = Unit()
                for one in found:
                    self._holding.outstanding.found(one, unit)
                if unit.changes:
                    self._commit(unit)
                self._recalled = True
                if self._is_up:
                    self._came_up()
            case LogLine(level, source, text):
                _log.debug("worker", session=self._line.session, level=level, source=source, text=text)
            case _:
                raise LinkBroken(f"a worker does not say {type(message).__name__}")

    async def _take(self, entry: Entry) -> None:
        self._progress = self._loop.time()
        unit = await self._holding.take(self.attachment.welcome.spool, entry)
        if unit is not None:
            self._commit(unit, entry.number)
        elif self._commits is None or self._commits.done():
            self._ack(entry.number)
        self._follow_up()

    def _see(self, told: PresenceTold) -> None:
        """Somebody came, went or writes: as long as it is not kept, nobody was told, and that is all right."""
        seen = self._holding.company.seen(told, self._holding.credentials.account)
        if seen is not None:
            self._commit(Unit(news=[seen]))

    def _follow_up(self) -> None:
        """Say to the service what is due because of what it said, one thing after the other."""
        is_busy = self._saying is not None and not self._saying.done()
        if self.is_live and self._holding.company.is_due and not is_busy:
            self._saying = self._loop.create_task(self._say_due())

    async def _say_due(self) -> None:
        await self.settled()
        await self._holding.company.say(self.attachment, self.committed)

    def _ack(self, number: int) -> None:
        if number and self._acked == 0:
            self._loop.call_soon(self._send_ack)
        self._acked = max(self._acked, number)

    def _send_ack(self) -> None:
        number, self._acked = self._acked, 0
        try:
            self.attachment.send(Committed(number))
        except LinkBroken:
            return  # the reader finds out, too

    # ---- states

    async def _change(self, told: LineEvent) -> None:
        ending = ending_of(told)
        if ending is not None:
            raise LineOver(ending)
        match told.what:
            case "connected" | "alive":
                self._is_up = True
                if self._recalled:
                    self._came_up()
            case "disconnected":
                self._went_down(Reason("connection_lost"))
            case "silent":
                self._went_down(Reason("keepalive_lost"))
            case "stream_error":
                self._went_down(Reason("server_unavailable", f"the server ended the connection with {told.detail}"))
            case "scanned" | "paired":
                self.is_scanning = False
                self._expect(self._limits.connect_s)
                self._report(StateChanged(SessionState.PAIRING))
            case "codes_over":
                raise LineOver(QR_EXPIRED if self._qr_shown >= self._limits.qr_count else CONNECTION_LOST)
            case _:
                _log.info("worker_said", session=self._line.session, what=told.what, detail=told.detail)

    def _came_up(self) -> None:
        self._expect(None)
        self._pauses.came_up()
        if not self.is_live:
            self._holding.company.came_up()
        self.is_live = True
        self.is_scanning = False
        if self._pauses.is_flapping(self._loop.time()):
            self._report(StateChanged(SessionState.DEGRADED, Reason("flapping")))
        else:
            self._report(StateChanged(SessionState.CONNECTED))
        self._saw()
        self._hand_over()
        self._follow_up()

    def _went_down(self, reason: Reason) -> None:
        if self.is_live:
            self._pauses.dropped(self._loop.time())
            # whatsmeow dials again by itself, at once: others at the gate have to wait for it all the same.
            self._gate = self._loop.create_task(_passed(self._line))
        self.is_live = self._is_up = False
        self._expect(self._limits.reconnect_s)
        self._report(StateChanged(SessionState.DISCONNECTED, reason))

    def _show(self, code: QrCode) -> None:
        first = code.index == 0
        lasts = self._limits.first_qr_s if first else self._limits.qr_s
        self._qr_shown = code.index + 1
        self.is_scanning = True
        self._expect(lasts + self._limits.qr_grace_s)
        self._report(StateChanged(SessionState.AWAITING_SCAN))
        self._report(QrShown(code.text, lasts, max(0, self._limits.qr_count - self._qr_shown)))

    def _expect(self, seconds: float | None) -> None:
        """Something has to happen within so many seconds."""
        if self._patience is not None:
            self._patience.reschedule(None if seconds is None else self._loop.time() + seconds)

    def _saw(self) -> None:
        now = self._loop.time()
        if now - self._seen >= _SEEN_S:
            self._seen = now
            self._report(SeenAlive())

    # ---- messages out

    def hand_over(self, message: Message) -> None:
        """Give the worker something to do; one that is gone is found out by others."""
        try:
            self.attachment.send(message)
        except LinkBroken:
            return

    def _hand_over(self) -> None:
        """Send what is due."""
        if not self.is_live:
            return
        for sending in self._holding.outstanding.due():
            self.hand_over(sending.post(self._holding.credentials))

    async def _guard(self) -> None:
        """Look now and then whether messages move, and try again what did not go out. Raises Wedged."""
        while True:
            await asyncio.sleep(self._limits.ping_s)
            now = self._loop.time()
            if not len(self._holding.outstanding) or not self.is_live:
                self._progress = now
            elif now - self._progress > self._limits.send_s:
                raise Wedged("no message has moved for too long")
            if self.is_live:
                self._saw()
                self._follow_up()
            self._hand_over()


async def _passed(line: Line) -> None:
    await line.login_gate()
