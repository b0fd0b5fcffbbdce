"""The worker: takes orders from the gateway, listens to neonize, and ends by itself when nobody needs it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from typing_extensions import override

from wagate.adapters.engines.neonize.link.frames import LinkBroken, encode_event
from wagate.adapters.engines.neonize.link.messages import (
    VERSION,
    Ask,
    Begin,
    Committed,
    Gap,
    Hello,
    LineEvent,
    LogLine,
    Message,
    Ping,
    Pong,
    Post,
    QrCode,
    Recall,
    Recalled,
    SendEnded,
    Stop,
    Untagged,
    Welcome,
)
from wagate.adapters.engines.neonize.link.past import HistoryCame
from wagate.adapters.engines.neonize.worker import device_file, mutes, notes
from wagate.adapters.engines.neonize.worker.door import Door, Link
from wagate.adapters.engines.neonize.worker.errands import Errands
from wagate.adapters.engines.neonize.worker.line import (
    DEVICE,
    HISTORY,
    KEPT,
    OFFLINE_BEGINS,
    OFFLINE_ENDS,
    SEEN,
    Accepted,
    EventUnreadable,
    Library,
    Line,
    LineUnavailable,
    Listener,
    Refused,
)
from wagate.adapters.engines.neonize.worker.omens import omen_in
from wagate.adapters.engines.neonize.worker.outbox import OFFLINE, OWN, Outbox
from wagate.adapters.engines.neonize.worker.output import Output
from wagate.adapters.engines.neonize.worker.pasts import Pasts
from wagate.adapters.engines.neonize.worker.redaction import redacted
from wagate.adapters.engines.neonize.worker.sends import Sends, TooManySends
from wagate.adapters.engines.neonize.worker.spool import Spool
from wagate.domain.session import HistoryPolicy

RUNNING: Final = "running"
"""The file that is there while a line is up and after an end that was not clean; its time is that of the last sign."""

_TICK_S: Final = 1.0
_SWITCH_S: Final = 0.001
"""How long another thread may keep neonize's waiting for the interpreter: what it holds is lost if we die now."""

_OMEN_S: Final = 2.0
_LAST_SEND_S: Final = 2.0
_CALM_S: Final = 0.3
_DRAIN_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a worker goes on that hears nothing from a gateway, and with how much in its spool it hangs up."""

    orphan_s: float
    spool_bytes: int


class _NoDevice(Exception):
    """The device that the gateway wants is not here; ``what`` is the word for it."""

    def __init__(self, what: str, detail: str) -> None:
        super().__init__(detail)
        self.what = what


class Worker(Listener):
    """One session's process. Its working directory is the session's folder."""

    def __init__(self, folder: Path, terms: Terms, library: Library) -> None:
        """Open the files. Raises OSError, DeviceFileUnreadable."""
        self._folder = folder
        self._terms = terms
        self._output = Output()
        self._spool = Spool(folder / "spool")
        self._library = library
        self._outbox = Outbox(self._spool, library)
        self._door = Door(folder)
        self._sends = Sends(self, self._keep_own)
        self._errands = Errands(folder, self._outbox.say)
        self._pasts = Pasts(folder)
        self._line: Line | None = None
        self._runs = self._is_new = False
        self._offline = 0
        self._qr_index = 0
        self._omen: LineEvent | None = None
        self._omen_at = 0.0
        self._last_event = time.monotonic()
        self._heard = time.monotonic()
        self._ending = threading.Event()
        self._starting = threading.Lock()
        self._pause = threading.Event()
        """Never set: waits with a deadline."""

    # ---- the life of the process

    def run(self, ready: Callable[[], None]) -> None:
        """Work until told to stop, or until nobody has been there for too long. The main thread's work."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: self._ending.set())
        sys.setswitchinterval(_SWITCH_S)
        self._thread(self._outbox.run)
        self._thread(self._sends.run)
        self._thread(self._errands.run)
        self._thread(self._errands.run_uploads)
        self._thread(lambda: self._door.serve(self._attached))
        ready()
        while not self._ending.wait(_TICK_S):
            self._tick()
        self._hang_up()

    def _tick(self) -> None:
        if not self._outbox.is_heard:
            # What is committed at once needs no disk of its own, and neonize's thread would have to wait for it.
            self._spool.flush()
        if self._runs:
            os.utime(self._folder / RUNNING)
        for line in self._output.lines():
            self._outbox.say(LogLine("debug", "output", line))
        if self._omen is not None and time.monotonic() - self._omen_at > _OMEN_S:
            self._outbox.tell(self._omen)
            self._omen = None
        if time.monotonic() - self._heard > self._terms.orphan_s:
            self._ending.set()
        if self._spool.size > self._terms.spool_bytes:
            self._outbox.tell(LineEvent("spool_full"))
            self._ending.set()

    def _hang_up(self) -> None:
        """End so that nothing is lost: finish the send under way, hang up, and take in what whatsmeow still has."""
        self._sends.close(_LAST_SEND_S)
        if self._runs and self._line is not None:
            self._line.disconnect()
            deadline = time.monotonic() + _DRAIN_S
            while time.monotonic() < deadline and time.monotonic() - self._last_event < _CALM_S:
                self._pause.wait(_CALM_S / 4)
        self._spool.flush()
        (self._folder / RUNNING).unlink(missing_ok=True)

    @staticmethod
    def _thread(work: Callable[[], None]) -> None:
        threading.Thread(target=work, daemon=True).start()

    # ---- the gateway

    def _attached(self, link: Link, hello: Hello) -> None:
        welcome = Welcome(VERSION, os.getpid(), self._spool.id, self._line is not None)
        former = self._outbox.attach(link, welcome, hello.spool, hello.committed)
        if hello.spool == self._spool.id:
            self._sends.committed(hello.committed)
        self._heard = time.monotonic()
        if former is not None:
            former.bow_out(LineEvent("superseded"))
        self._thread(lambda: self._obey(link))

    def _obey(self, link: Link) -> None:
        try:
            while True:
                message = link.receive()
                if self._outbox.serves(link):
                    self._heard = time.monotonic()
                    self._take(message)
        except (LinkBroken, TooManySends):
            link.close()
            self._outbox.detach(link)

    def _take(self, message: Message) -> None:
        match message:
            case Ping(number):
                self._outbox.say(Pong(number))
            case Committed(number):
                self._outbox.committed(number)
                self._sends.committed(number)
            case Post():
                self._sends.post(message)
            case Recall(sends):
                self._outbox.tell(Recalled(self._sends.recall(sends)))
            case Ask():
                self._errands.put(message)
            case Begin():
                self._begin(message)
            case Stop():
                self._ending.set()
            case _:
                raise LinkBroken(f"a gateway does not say {type(message).__name__}")

    # ---- the line

    def _begin(self, begin: Begin) -> None:
        """Connect, unless a line is there or cannot be."""
        with self._starting:
            if self._line is not None:
                return
            try:
                device = self._device(begin.device)
                self._note_gap(device)
                self._is_new = device is None or not begin.device
                self._line = self._library.open(
                    device_file.NAME, begin.device_name, begin.platform, self, begin.history
                )
                self._pasts.is_wanted = begin.history != HistoryPolicy.NONE
                self._errands.line = self._line
            except _NoDevice as missing:
                self._outbox.tell(LineEvent(missing.what, detail=str(missing)))
                return
            except (LineUnavailable, ValueError) as error:
                self._outbox.tell(LineEvent("unavailable", detail=str(error)))
                return
            except (device_file.DeviceFileUnreadable, OSError) as error:
                self._outbox.tell(LineEvent("device_unreadable", detail=str(error)))
                return
            self._runs = device is not None
            if self._runs:
                (self._folder / RUNNING).touch(0o600)
        line, proxy = self._line, begin.proxy
        self._thread(lambda: self._stay(line, proxy))

    def _device(self, wanted: str) -> str | None:
        """The device in the file, which is made when it is not there and nobody misses it.

        whatsmeow panics when it is told to connect a device that is not in its file, and begins to pair when it is told
        none: neither may happen to a session that is linked. Raises _NoDevice, DeviceFileUnreadable.
        """
        if wanted and not device_file.exists(self._folder):
            raise _NoDevice("device_missing", "the files of this session are not on this machine")
        device_file.prepare(self._folder)
        device = device_file.device_in(self._folder)
        if wanted and device is None:
            raise _NoDevice("removed", "whatsmeow has deleted the device, as it does when the phone unlinks it")
        if wanted and device != wanted:
            raise _NoDevice("device_missing", "the files of this session belong to another device")
        return device

    def _note_gap(self, device: str | None) -> None:
        """Keep it in mind that the process before us ended with events in its hands."""
        now = _now_ms()
        try:
            since = round((self._folder / RUNNING).stat().st_mtime * 1000)
        except FileNotFoundError:
            since = now
        else:
            if device is not None:
                self._keep_own(Gap(since, now, "worker_died", "the process of this session ended without hanging up"))
        if self._spool.damaged:
            self._keep_own(Gap(since, now, "spool_damaged", self._spool.damaged))
            self._spool.damaged = ""

    def _stay(self, line: Line, proxy: str) -> None:
        reason = redacted(line.run(proxy))
        if not self._ending.is_set():
            mutes.note(self._folder, reason)
            if reason and self._runs and self._omen is None:
                # neonize's loop ended over an event that it could not pass on; whatsmeow goes on taking others in.
                since = _now_ms() - round((time.monotonic() - self._last_event) * 1000)
                self._keep_own(Gap(since, _now_ms(), "engine_failed", reason))
            self._outbox.tell(self._omen or LineEvent("ended", detail=reason))

    def _keep_own(self, event: SendEnded | Untagged | Gap | HistoryCame) -> int:
        return self._outbox.keep(OWN, encode_event(event), _now_ms())

    # ---- what neonize says, on neonize's threads: before anything else, it is kept

    @override
    def on_event(self, kind: int, value: bytes) -> None:
        """Keep what must not be lost, and tell what is about the line."""
        try:
            self._last_event = time.monotonic()
            if kind == DEVICE and not self._is_new:
                return
            if kind == HISTORY:
                self._keep_own(self._pasts.keep(value))
                return
            if kind in KEPT:
                self._outbox.keep(kind | self._offline, value, _now_ms())
                return
            if kind in (OFFLINE_BEGINS, OFFLINE_ENDS):
                self._offline = OFFLINE if kind == OFFLINE_BEGINS else 0
                return
            if kind in SEEN:
                self._show(kind, value)
                return
            told = self._library.read_line(kind, value)
            if told is not None:
                self._note_running(told)
                self._outbox.tell(told)
        except Exception as error:
            self._failed(kind, error)

    @override
    def on_qr(self, text: str) -> None:
        """Show a code."""
        index, self._qr_index = self._qr_index, self._qr_index + 1
        self._outbox.tell(QrCode(text, index))

    @override
    def on_pairing_end(self, word: str) -> None:
        """The codes are over."""
        self._outbox.tell(LineEvent("scanned" if word == "success" else "codes_over", detail=word))

    @override
    def on_log(self, level: str, source: str, text: str) -> None:
        """Look at it for what it says of a send, and hand it on."""
        try:
            omen = omen_in(text)
            if omen is not None:
                self._omen, self._omen_at = omen, time.monotonic()
            lost = self._pasts.lost_in(text)
            if lost is not None:
                self._keep_own(lost)
            self._sends.on_log(threading.get_ident(), level, text)
            self._outbox.say(LogLine(level.lower(), source, redacted(text)))
        except Exception as error:
            self._failed(-1, error)

    def _show(self, kind: int, value: bytes) -> None:
        """Tell who is there; what cannot be read is of no use to anybody."""
        with contextlib.suppress(EventUnreadable):
            seen = self._library.read_seen(kind, value)
            if seen is not None:
                self._outbox.say(seen)

    def _note_running(self, told: LineEvent) -> None:
        if told.what == "connected" and not self._runs:
            (self._folder / RUNNING).touch(0o600)
            self._runs = True

    def _failed(self, kind: int, error: Exception) -> None:
        """What neonize handed over could not be kept: there is a gap, and this process is not to be trusted."""
        detail = f"an event of kind {kind} could not be kept: {type(error).__name__}"
        self._outbox.tell(LineEvent("not_kept", detail=detail))
        os.abort()

    # ---- for ``Sends``

    def send(self, post: Post) -> Accepted:
        """Send through the line. Raises Refused."""
        if self._line is None:
            raise Refused("websocket not connected")
        return self._line.send(post)

    def noted(self, tags: Collection[str]) -> Mapping[str, str]:
        """What whatsmeow noted of messages: once it has the file open, only another process may look."""
        with self._starting:
            if self._line is None:
                return device_file.noted_in(self._folder, tags)
        return notes.look(self._folder, tags)

    def reaches(self, recipient: str, failed: frozenset[str]) -> bool:
        """Whether the recipient has a device besides these."""
        return self._line is not None and self._line.reaches(recipient, failed)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
