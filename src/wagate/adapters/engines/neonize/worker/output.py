"""What neonize, Go and Python print goes into a file of the session's folder, where a crash leaves its last words.

A pipe to the gateway would do for a while: Go ends a process that prints into a pipe nobody reads any more.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from wagate.adapters.engines.neonize.worker.redaction import redacted

NAME: Final = "output.log"
PREVIOUS: Final = "output.previous.log"

_LARGEST: Final = 1 << 20
_TAIL: Final = 1 << 16
_WORDS_OF_DEATH: Final = ("fatal error:", "panic:", "SIGABRT", "runtime:", "Fatal Python error", "Error:")


def fresh(folder: Path) -> int:
    """Put the file of the process before aside and make a new one; its descriptor. Raises OSError."""
    path = folder / NAME
    if path.exists():
        path.replace(folder / PREVIOUS)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)


class Output:
    """The file behind this process's standard output, as this process reads it."""

    def __init__(self) -> None:
        """Begin at its start."""
        self._file = os.dup(1)
        self._read = 0
        self._rest = b""

    def lines(self) -> Iterator[str]:
        """What was printed since the last call, line by line and redacted. A file that grew large begins anew."""
        fresh = os.pread(self._file, _LARGEST, self._read)
        self._read += len(fresh)
        *whole, self._rest = (self._rest + fresh).split(b"\n")
        if self._read >= _LARGEST:
            os.ftruncate(self._file, 0)
            self._read = 0
        for line in whole:
            if line.strip():
                yield redacted(line.decode("utf-8", "replace"))


def last_words(folder: Path) -> str:
    """The line with which a process that died says why, redacted; empty when it said nothing."""
    try:
        with (folder / NAME).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    said = next((line for line in lines if any(word in line for word in _WORDS_OF_DEATH)), "")
    return redacted(said.strip())[:300]
