"""Worker processes as the gateway sees them: one folder per session, and in it at most one process at a time.

Who works in a folder holds its lock (``flock``, the kernel's), so a killed worker leaves none behind, and one that
outlived a gateway is found again by the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wagate.adapters.engines.neonize.limits import Limits
from wagate.adapters.engines.neonize.link.frames import LinkBroken
from wagate.adapters.engines.neonize.link.tokens import read_token
from wagate.adapters.engines.neonize.worker.output import fresh, last_words

_LINK: Final = "link"
_LOCK: Final = "lock"
_UNAVAILABLE: Final = 4
"""The code with which a worker ends whose library is not installed (``worker.__main__``)."""

_LONGEST_PATH: Final = 100
"""A Unix socket's path may have 107 bytes on Linux and 103 elsewhere."""

_OURS: Final = "WAGATE_"
"""Variables that begin so are the gateway's own business, secrets among them."""


class WorkerFailed(Exception):
    """A worker did not come up; the text says what it said"""


class WorkerUnavailable(WorkerFailed):
    """A worker cannot come up: its library is not installed"""


@dataclass(frozen=True, slots=True)
class Launch:
    """How a worker is started: the command, and what its environment has besides ours. Set before exec: Go reads it
    then, and never again."""

    command: Sequence[str]
    environment: Mapping[str, str]


class StartGate:
    """Spaces the starts of processes, first come first in. The real clock: it is the machine that needs the time."""

    def __init__(self, per_second: float) -> None:
        """So many a second."""
        self._interval_s = 1.0 / per_second
        self._next = 0.0

    async def __call__(self) -> None:
        """Wait for one's turn."""
        now = asyncio.get_running_loop().time()
        due = max(self._next, now)
        self._next = due + self._interval_s
        await asyncio.sleep(due - now)


class Host:
    """One session's folder and whoever works in it."""

    def __init__(self, folder: Path, launch: Launch, gate: StartGate, limits: Limits) -> None:
        """Nothing happens yet."""
        self.folder = folder
        self._launch = launch
        self._gate = gate
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._is_fresh = False

    def is_occupied(self) -> bool:
        """Whether a worker lives in the folder."""
        self._is_running()  # a child that has ended is taken note of
        try:
            lock = os.open(self.folder / _LOCK, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False

    async def start(self) -> None:
        """Start a worker, in its turn, and wait until its link is open. Raises WorkerFailed, OSError."""
        for folder in (self.folder.parent, self.folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        await self._gate()
        ready, theirs = os.pipe()
        try:
            try:
                self._process = self._spawn(theirs)
                self._is_fresh = True
            finally:
                os.close(theirs)
            is_open = await self._opened(ready)
        except TimeoutError:
            await self.kill()
            raise WorkerFailed(f"it did not open its link within {self._limits.start_s:.0f} s") from None
        finally:
            os.close(ready)
        if not is_open:
            with contextlib.suppress(TimeoutError):
                await self.gone()
            failure = WorkerUnavailable if self._process.poll() == _UNAVAILABLE else WorkerFailed
            raise failure(self.why())

    async def dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, str]:
        """Open the link; its two ends and the token for it. Raises LinkBroken."""
        token = read_token(self.folder)
        try:
            with _short(self.folder) as folder:
                reader, writer = await asyncio.open_unix_connection(f"{folder}/{_LINK}")
        except OSError as error:
            raise LinkBroken("the worker's link is not open") from error
        self._is_fresh = False
        return reader, writer, token

    async def kill(self) -> None:
        """End the worker at once, whatever it is doing, and wait until it is gone. Raises TimeoutError."""
        if self._process is not None and self._is_running():
            self._process.kill()
        elif self.is_occupied():
            pid = self._pid()
            if pid is not None and self._works_here(pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        await self.gone()

    async def abandon(self) -> None:
        """End a worker that was started here and has not been attached to. Raises TimeoutError."""
        if self._is_fresh and self._process is not None and self._is_running():
            self._process.kill()
            await self.gone()

    async def gone(self) -> None:
        """Wait until nobody works in the folder. Raises TimeoutError."""
        async with asyncio.timeout(self._limits.stop_s):
            while self.is_occupied() or self._is_running():  # noqa: ASYNC110 - the lock is the kernel's: nobody tells
                await asyncio.sleep(0.01)

    def why(self) -> str:
        """What can be told about the end of the worker."""
        code = self._process.poll() if self._process is not None else None
        return self._obituary(code)

    def forget(self) -> None:
        """Delete everything. Nobody may work in the folder. Raises OSError."""
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.folder)

    def _spawn(self, ready: int) -> subprocess.Popen[bytes]:
        terms = ["--orphan-s", f"{self._limits.orphan_s}", "--spool-bytes", f"{self._limits.spool_bytes}"]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        # In a session of its own: what is typed at the gateway's terminal is not meant for it.
        output = fresh(self.folder)
        try:
            return subprocess.Popen(  # noqa: S603 - the command is ours or a test's
                [*self._launch.command, "--folder", str(self.folder.absolute()), "--ready", str(ready), *terms],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**inherited, **self._launch.environment},
                pass_fds=(ready,),
                start_new_session=True,
            )
        finally:
            os.close(output)

    async def _opened(self, ready: int) -> bool:
        """Wait until the worker says into a pipe that its link is open, or ends. Raises TimeoutError."""
        loop = asyncio.get_running_loop()
        said = asyncio.Event()
        loop.add_reader(ready, said.set)
        try:
            async with asyncio.timeout(self._limits.start_s):
                await said.wait()
        finally:
            loop.remove_reader(ready)
        return bool(os.read(ready, 1))

    def _works_here(self, pid: int) -> bool:
        """Whether the process with this number is the folder's worker, where the system can tell (Linux).

        For a moment a new worker has the lock, and the number in it is still that of one that died.
        """
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except FileNotFoundError:
            return not Path("/proc/self").exists()
        return os.fsencode(self.folder.absolute()) in command

    def _pid(self) -> int | None:
        try:
            return int((self.folder / _LOCK).read_text("ascii"))
        except (OSError, ValueError):
            return None

    def _is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _obituary(self, code: int | None) -> str:
        said = last_words(self.folder)
        if code is None:
            end = "the process is gone"
        elif code < 0:
            end = f"the process died of {signal.Signals(-code).name}"
        else:
            end = f"the process ended with code {code}"
        return f"{end}: {said}" if said else end


@contextmanager
def _short(folder: Path) -> Iterator[str]:
    """The folder under a name that is short enough for a socket in it. Raises OSError."""
    if len(os.fsencode(folder.absolute())) + len(_LINK) + 1 <= _LONGEST_PATH:
        yield str(folder.absolute())
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
