"""Writes down what clients say, decrypted, so that two of them can be compared; and reads it again."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, TypeAlias

from whatsapp_wire.decoding import decode
from whatsapp_wire.node import Node

_Kind: TypeAlias = Literal["stanza", "payload", "http", "mark"]


@dataclass(frozen=True, slots=True)
class Record:
    """One line of a recording.

    A `stanza` holds the decrypted frame, a `payload` the client payload of the handshake, a `mark` only a text. An
    `http` is a request to a media host, its text JSON with `method`, `target` and `headers`.
    """

    kind: _Kind
    at: float
    who: str
    raw: bytes
    text: str

    @property
    def node(self) -> Node:
        """The stanza. Raises MalformedNode for another kind of record."""
        return decode(self.raw)


class Recorder:
    """Appends JSON lines to a file, or does nothing while there is none."""

    def __init__(self) -> None:
        self._file: IO[str] | None = None

    @property
    def running(self) -> bool:
        """Whether there is a file."""
        return self._file is not None

    def start(self, path: Path) -> None:
        """Record into a new file, in place of the one before. Raises OSError."""
        self.stop()
        self._file = path.open("w", encoding="utf-8")

    def stop(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def write(self, kind: _Kind, at: float, who: str, raw: bytes = b"", text: str = "") -> None:
        """Add one line; it is in the file when this returns."""
        if self._file is not None:
            line = {"kind": kind, "t": at, "who": who, "hex": raw.hex(), "text": text}
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()


def read_recording(path: Path) -> Iterator[Record]:
    """The records of a file, in order."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield Record(row["kind"], row["t"], row["who"], bytes.fromhex(row["hex"]), row["text"])
