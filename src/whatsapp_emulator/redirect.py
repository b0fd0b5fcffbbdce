"""Makes a WhatsApp client library in this process trust the emulator: its one root key is overwritten in memory.

Works on whatsmeow inside neonize, whose key (`WACertPubKey`) lies in the writable data of the shared library.
"""

import ctypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from whatsapp_wire.certificate import WHATSAPP_ROOT

_LINE = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \S+ *(.*)")


class RedirectFailed(Exception):
    """The library does not hold the root key exactly once in writable memory, so it must not be trusted to be tamed."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """A part of this process's memory: addresses, permissions as in ``/proc/self/maps``, and the file behind it."""

    start: int
    end: int
    permissions: str
    path: str


def replace_root(library: str, root: bytes) -> None:
    """Overwrite WhatsApp's root key with `root` (32 bytes) in the loaded library whose path contains `library`.

    Raises RedirectFailed unless there is exactly one place, and it is writable. Holds until the process ends.
    """
    if len(root) != len(WHATSAPP_ROOT):
        raise RedirectFailed(f"a root key has {len(WHATSAPP_ROOT)} bytes, not {len(root)}")
    maps = parse_maps(Path("/proc/self/maps").read_text(encoding="utf-8"))
    places = [place for mapping in of_library(maps, library) for place in _places(mapping)]
    if len(places) != 1:
        raise RedirectFailed(f"{library} holds the root key {len(places)} times")
    [(address, writable)] = places
    if not writable:
        raise RedirectFailed(f"{library} holds the root key in memory that cannot be written")
    ctypes.memmove(address, root, len(root))


def parse_maps(text: str) -> list[Mapping]:
    """Read the format of ``/proc/self/maps`` (proc(5))."""
    found = [_LINE.match(line) for line in text.splitlines()]
    return [Mapping(int(m[1], 16), int(m[2], 16), m[3], m[4].strip()) for m in found if m is not None]


def of_library(maps: list[Mapping], library: str) -> Iterator[Mapping]:
    """The mappings of a library, and the anonymous ones right behind them, which hold its zeroed data."""
    end = -1
    for mapping in maps:
        if library in mapping.path or (not mapping.path and mapping.start == end):
            end = mapping.end
            yield mapping


def _places(mapping: Mapping) -> Iterator[tuple[int, bool]]:
    if "r" not in mapping.permissions:
        return
    memory = ctypes.string_at(mapping.start, mapping.end - mapping.start)
    at = memory.find(WHATSAPP_ROOT)
    while at >= 0:
        yield mapping.start + at, "w" in mapping.permissions
        at = memory.find(WHATSAPP_ROOT, at + 1)
