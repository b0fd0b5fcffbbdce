"""``python -m wagate.adapters.engines.neonize.worker``: one session's process. The engine starts it, nobody else."""

from __future__ import annotations

import argparse
import fcntl
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final

from wagate.adapters.engines.neonize.worker.line import Library
from wagate.adapters.engines.neonize.worker.process import Terms, Worker

LOCK: Final = "lock"

BUSY: Final = 3
"""Another worker works in this folder."""

UNAVAILABLE: Final = 4
"""The library is not installed."""

_TURN_S: Final = 10.0


def main(arguments: list[str], load: Callable[[], Library]) -> int:
    """Work for one session, alone in its folder, with the library that ``load`` loads. Returns BUSY or UNAVAILABLE."""
    parser = argparse.ArgumentParser(prog="wagate-neonize-worker")
    parser.add_argument("--folder", required=True, type=Path)
    parser.add_argument("--ready", required=True, type=int, help="descriptor to write to once the link is open")
    parser.add_argument("--orphan-s", required=True, type=float)
    parser.add_argument("--spool-bytes", required=True, type=int)
    parsed = parser.parse_args(arguments)
    os.umask(0o077)
    os.chdir(parsed.folder)
    lock = os.open(LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    if not _taken(lock):
        return BUSY
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    try:
        library = load()
    except ImportError as error:
        sys.stderr.write(f"Error: {error}\n")
        return UNAVAILABLE
    code = 1
    try:
        Worker(Path(), Terms(parsed.orphan_s, parsed.spool_bytes), library).run(lambda: _say_ready(parsed.ready))
        code = 0
    except Exception:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    # Go's threads and a call that never returns (a QR code that nobody scans) would keep the process for ever.
    os._exit(code)


def neonize() -> Library:
    """Loaded late: it takes most of a second, and who has no folder to work in need not spend it."""
    from wagate.adapters.engines.neonize.worker.binding import Neonize

    return Neonize()


def _say_ready(descriptor: int) -> None:
    os.write(descriptor, b"!")
    os.close(descriptor)


def _taken(lock: int) -> bool:
    """Whether the folder is ours; one whose worker is just ending is waited for."""
    deadline = time.monotonic() + _TURN_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)  # noqa: TID251 - a process of its own, before it has a loop or a clock
        else:
            return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], neonize))
