"""The append-only file in which an event is kept from the moment neonize hands it over until it is committed.

Layout: a header, then records of ``length, CRC-32, number, time, kind, value``, all little-endian. whatsmeow has told
the server that it has a message when we see it, so what is not in here when the process dies is lost.
"""

from __future__ import annotations

import os
import secrets
import struct
import threading
import zlib
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MAGIC: Final = b"wagspool"
_HEADER: Final = struct.Struct("<8s16sQ")
_CHECKED: Final = struct.Struct("<I")
_HEADER_BYTES: Final = _HEADER.size + _CHECKED.size
_PREFIX: Final = struct.Struct("<II")
_FIELDS: Final = struct.Struct("<QqH")
_LONGEST: Final = 64 << 20
"""Bytes of one record: what is announced to be longer is damage."""

_COMPACT: Final = 4 << 20
"""So many bytes of committed records in front of others are worth a copy of the rest."""


@dataclass(frozen=True, slots=True)
class Record:
    """One kept event: neonize's number for its kind, and its bytes. ``at`` is in ms since 1970."""

    number: int
    at: int
    kind: int
    value: bytes


class Spool:
    """One session's file. All methods may be called from any thread."""

    def __init__(self, path: Path) -> None:
        """Open it, or make it (mode 0600). What is torn or damaged at its end is cut off. Raises OSError."""
        self._path = path
        self._lock = threading.Lock()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._places: deque[tuple[int, int, int]] = deque()
        self._next = 1
        self._end = 0
        self._dirty = False
        self.damaged = ""
        """What was wrong with the file when it was opened; empty when it was whole."""
        self.id = ""
        """Names this file: numbers of different files have nothing to do with each other."""
        self._open()

    @property
    def size(self) -> int:
        """Bytes that wait to be committed, with what stands between them."""
        with self._lock:
            return self._end - self._places[0][1] if self._places else 0

    @property
    def newest(self) -> int:
        """The number of the newest event that was kept, 0 when there never was one."""
        with self._lock:
            return self._next - 1

    @property
    def forgotten(self) -> int:
        """The number up to which nothing is kept any more."""
        with self._lock:
            return (self._places[0][0] if self._places else self._next) - 1

    def append(self, kind: int, value: bytes, at: int) -> int:
        """Keep an event; its number. It survives this process, and after `flush` a power cut. Raises OSError."""
        with self._lock:
            number = self._next
            body = _FIELDS.pack(number, at, kind) + value
            record = _PREFIX.pack(len(body), zlib.crc32(body)) + body
            written = os.pwrite(self._file, record, self._end)
            if written != len(record):
                raise OSError(f"{self._path} took {written} of {len(record)} bytes")
            self._places.append((number, self._end, len(record)))
            self._end += len(record)
            self._next += 1
            self._dirty = True
            return number

    def after(self, number: int) -> Record | None:
        """The first record with a higher number. Raises OSError."""
        with self._lock:
            if not self._places or self._places[-1][0] <= number:
                return None
            (first, _, _) = self._places[0]
            _, start, length = self._places[max(0, number + 1 - first)]
            body = os.pread(self._file, length, start)[_PREFIX.size :]
        found, at, kind = _FIELDS.unpack_from(body)
        return Record(found, at, kind, body[_FIELDS.size :])

    def forget(self, number: int) -> None:
        """Everything up to this number is committed. Raises OSError."""
        with self._lock:
            while self._places and self._places[0][0] <= number:
                self._places.popleft()
            if not self._places:
                if self._end > _HEADER_BYTES:
                    self._write_header(self._file)
                    os.ftruncate(self._file, _HEADER_BYTES)
                    self._end = _HEADER_BYTES
            elif self._places[0][1] > _COMPACT:
                self._compact()

    def flush(self) -> None:
        """Make what was appended survive a power cut. Raises OSError."""
        with self._lock:
            if not self._dirty:
                return
            self._dirty = False
        os.fdatasync(self._file)

    def close(self) -> None:
        """Flush and let go."""
        self.flush()
        os.close(self._file)

    # ---- inside; whoever calls these holds the lock

    def _open(self) -> None:
        size = os.fstat(self._file).st_size
        header = os.pread(self._file, _HEADER_BYTES, 0)
        if not self._read_header(header):
            self.damaged = "the header of the spool is damaged" if size else ""
            self.id = secrets.token_hex(8)
            self._write_header(self._file)
            os.ftruncate(self._file, _HEADER_BYTES)
            self._end = _HEADER_BYTES
            return
        self._end = _HEADER_BYTES
        while self._read_place(size):
            pass
        if self._end < size:
            self.damaged = f"the last {size - self._end} bytes of the spool are torn or damaged"
            os.ftruncate(self._file, self._end)

    def _read_header(self, header: bytes) -> bool:
        if (
            len(header) < _HEADER_BYTES
            or zlib.crc32(header[: _HEADER.size]) != _CHECKED.unpack_from(header, _HEADER.size)[0]
        ):
            return False
        magic, id, self._next = _HEADER.unpack_from(header)
        self.id = id.decode("ascii", "replace")
        return bool(magic == _MAGIC)

    def _read_place(self, size: int) -> bool:
        """Take the next record into account, if it is whole."""
        prefix = os.pread(self._file, _PREFIX.size, self._end)
        if len(prefix) < _PREFIX.size:
            return False
        length, checksum = _PREFIX.unpack(prefix)
        if not _FIELDS.size <= length <= _LONGEST or self._end + _PREFIX.size + length > size:
            return False
        body = os.pread(self._file, length, self._end + _PREFIX.size)
        if zlib.crc32(body) != checksum:
            return False
        (number, _, _) = _FIELDS.unpack_from(body)
        # A crash between a new header and its truncation leaves committed records behind: they have lower numbers.
        if number >= self._next:
            self._places.append((number, self._end, _PREFIX.size + length))
            self._next = number + 1
        self._end += _PREFIX.size + length
        return True

    def _write_header(self, file: int) -> None:
        header = _HEADER.pack(_MAGIC, self.id.encode("ascii"), self._places[0][0] if self._places else self._next)
        os.pwrite(file, header + _CHECKED.pack(zlib.crc32(header)), 0)

    def _compact(self) -> None:
        """Copy what is not committed into a new file, which takes the old one's place."""
        fresh_path = self._path.with_suffix(".new")
        fresh = os.open(fresh_path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        shift = self._places[0][1] - _HEADER_BYTES
        self._write_header(fresh)
        os.pwrite(fresh, os.pread(self._file, self._end - self._places[0][1], self._places[0][1]), _HEADER_BYTES)
        os.fdatasync(fresh)
        fresh_path.replace(self._path)
        os.close(self._file)
        self._file = fresh
        self._end -= shift
        self._places = deque((number, start - shift, length) for number, start, length in self._places)
