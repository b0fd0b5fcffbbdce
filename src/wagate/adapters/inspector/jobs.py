"""The jobs of the inspecting process, as both sides know them: what is asked, what is answered, what it may cost."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass
from typing import Any

from wagate.ports.inspector import Inspected

MB = 1024 * 1024

MEMORY = 416 * MB
"""Private memory (heap, bitmaps, stacks) of a job. With the libraries' code, which is shared, it stays below 512 MB."""

MOST_WRITTEN = 128 * MB
"""How large a file a job may write."""


class Refused(Exception):
    """The file cannot be used; the message says why, to the one who sent it."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a job may take: seconds of CPU, and seconds until it is killed whatever it does."""

    cpu_s: int
    wall_s: float


COSTS = {
    "inspect": Cost(4, 10.0),
    "picture": Cost(8, 20.0),
    "portrait": Cost(8, 20.0),
    "sticker": Cost(30, 60.0),
    "voice_note": Cost(60, 120.0),
}
"""By the name of the job. Few run at once, so that CPU and clock do not drift far apart."""


@dataclass(frozen=True, slots=True)
class Order:
    """One job. Its files come beside it: the source, the way to answer, and the target where there is one."""

    job: str
    mime: str
    max_edge: int = 0

    def written(self) -> bytes:
        """As one line."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Order:
        """From one line."""
        return cls(**json.loads(line))


def answer(found: Inspected) -> bytes:
    """What a job found, written down."""
    return json.dumps({"found": {name: _text(value) for name, value in asdict(found).items()}}).encode()


def refusal(reason: str) -> bytes:
    """Why a job refused, written down."""
    return json.dumps({"refused": reason}).encode()


def read_answer(raw: bytes) -> Inspected:
    """What a job found. Raises Refused; ValueError when it said nothing sensible."""
    document: dict[str, Any] = json.loads(raw)
    if "refused" in document:
        raise Refused(str(document["refused"]))
    found = document["found"]
    for name in ("thumbnail", "waveform"):
        found[name] = None if found[name] is None else base64.b64decode(found[name])
    return Inspected(**found)


def _text(value: object) -> object:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
