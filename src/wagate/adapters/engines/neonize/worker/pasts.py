"""Histories that whatsmeow hands over: each goes into a file for the gateway, and only that it came into the spool.

neonize has a history as one event, of any size: an entry or a frame of the link need not hold it. The file is what it
was on WhatsApp's hosts, a zlib stream, whose checksum tells one that is torn; it is not compressed, for neonize's
thread waits meanwhile. Facts: whatsmeow `message.go` (``DownloadHistorySync``), field numbers of ``HistorySync``.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from wagate.adapters.engines.neonize.link.past import HISTORIES, UNSAID, HistoryCame
from wagate.adapters.engines.neonize.worker.redaction import redacted

MAX_BYTES: Final = 1 << 30
"""What all histories together may have that the gateway has not read yet; what comes beyond is not kept."""

_LOST: Final = "Failed to download history sync: "
"""What whatsmeow logs, and tells nobody else, when a history cannot be had."""

_DATA: Final = 1
_KIND, _CHUNK, _PROGRESS = 1, 5, 6
_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
_PIECE: Final = 1 << 20


class Pasts:
    """The folder for histories, in that of the session. ``is_wanted`` says whether the session wants any."""

    def __init__(self, folder: Path, most: int = MAX_BYTES) -> None:
        """Nothing is made before there is a history."""
        self.is_wanted = False
        self._folder = folder / HISTORIES
        self._most = most

    def keep(self, value: bytes) -> HistoryCame:
        """Keep what an event says; what cannot be kept is told as well, with the reason. Raises ValueError."""
        data = _data_in(value)
        numbers = {number: number_told for number, number_told in _fields(data) if isinstance(number_told, int)}
        kind, chunk = numbers.get(_KIND, UNSAID), numbers.get(_CHUNK, 0)
        progress = min(numbers[_PROGRESS], 100) if _PROGRESS in numbers else UNSAID
        name, error = f"{time.time_ns():020}{secrets.token_hex(4)}", ""
        try:
            if self._size() + len(data) > self._most:
                error = f"with it more than {self._most} bytes of histories would wait to be read"
            else:
                self._write(name, data)
        except OSError as failed:
            with contextlib.suppress(OSError):
                (self._folder / name).unlink()
            error = f"it could not be written: {failed.strerror}"
        return HistoryCame("" if error else name, kind, chunk, progress, error)

    def lost_in(self, text: str) -> HistoryCame | None:
        """The history that a line of whatsmeow's log says is lost, if it is wanted."""
        if not self.is_wanted or not text.startswith(_LOST):
            return None
        return HistoryCame("", UNSAID, 0, UNSAID, redacted(text.removeprefix(_LOST)))

    def _size(self) -> int:
        if not self._folder.is_dir():
            return 0
        return sum(found.stat().st_size for found in os.scandir(self._folder))

    def _write(self, name: str, data: memoryview) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        deflater = zlib.compressobj(0)
        with os.fdopen(os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for start in range(0, len(data), _PIECE):
                file.write(deflater.compress(data[start : start + _PIECE]))
            file.write(deflater.flush())


def _data_in(event: bytes) -> memoryview:
    """The `HistorySync` in neonize's event of that name."""
    for number, found in _fields(memoryview(event)):
        if number == _DATA and isinstance(found, memoryview):
            return found
    raise ValueError("the event has no history")


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """The outermost fields of a protobuf: numbers, and fields of bytes, which are not copied. Raises ValueError."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        match key & 7:
            case _ if key >> 3 == 0:
                raise ValueError("a field has no number")
            case kind if kind == _VARINT:
                value, at = _varint(message, at)
                yield key >> 3, value
            case kind if kind == _BYTES:
                length, at = _varint(message, at)
                if at + length > len(message):
                    raise ValueError("a field is longer than what it is in")
                yield key >> 3, message[at : at + length]
                at += length
            case kind if kind in (_FIXED_64, _FIXED_32):
                at += 8 if kind == _FIXED_64 else 4
            case _:
                raise ValueError("a field has an unknown wire type")


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message) and shift < 64:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise ValueError("a number does not end")
