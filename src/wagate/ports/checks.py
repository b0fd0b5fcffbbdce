"""What has to hold for values that came from a foreign file. Whatever does not raises DeviceUnreadable."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from typing import Final

from wagate.domain.errors import DeviceUnreadable
from wagate.domain.jid import LID_SERVER, PHONE_SERVER

KEY: Final = 32
"""The size of a Curve25519 key, of a chain key and of a root key."""

MAX_COUNTER: Final = 0xFFFFFFFF

_ADDRESS: Final = re.compile(rf"[0-9A-Za-z_.-]{{1,64}}(:[1-9][0-9]{{0,4}})?@({re.escape(PHONE_SERVER)}|{LID_SERVER})\Z")
_P: Final = 2**255 - 19
_LOW_ORDER: Final = frozenset(
    {
        0,
        1,
        325606250916557431795983626356110631294008115727848805560023387167927233504,
        39382357235489614581723060781553021112529911719440698176882885853963445705823,
        _P - 1,
    }
)
"""The points of order 1, 2, 4 and 8: a secret agreed on with one of them is known to everybody (RFC 7748 §7)."""


def device_address(address: str) -> None:
    """The address of a device."""
    if not _ADDRESS.match(address):
        raise DeviceUnreadable(f"{address[:100]!r} is not the address of a device")


def size(value: bytes, length: int, what: str) -> None:
    """So many bytes."""
    if len(value) != length:
        raise DeviceUnreadable(f"{what[:1].upper()}{what[1:]} has {length} bytes, not {len(value)}")


def size_or_none(value: bytes, length: int, what: str) -> None:
    """So many bytes, or none."""
    if value:
        size(value, length, what)


def between(value: bytes, least: int, most: int, what: str) -> None:
    """That many bytes."""
    if not least <= len(value) <= most:
        raise DeviceUnreadable(f"{what[:1].upper()}{what[1:]} has {least} to {most} bytes, not {len(value)}")


def point(value: bytes, what: str) -> None:
    """A public key that agrees on a secret."""
    size(value, KEY, what)
    # The highest bit carries nothing (RFC 7748 §5).
    if (int.from_bytes(value, "little") & (2**255 - 1)) % _P in _LOW_ORDER:
        raise DeviceUnreadable(f"{what[:1].upper()}{what[1:]} is a point of low order")


def number(value: int, least: int, most: int, what: str) -> None:
    """A number within limits."""
    if not least <= value <= most:
        raise DeviceUnreadable(f"{what[:1].upper()}{what[1:]} is {value}, not {least} to {most}")


def at_most(found: int | tuple[object, ...], most: int, what: str) -> None:
    """Not too many."""
    count = found if isinstance(found, int) else len(found)
    if count > most:
        raise DeviceUnreadable(f"There are {count} {what}; at most {most} are taken")


def rising(numbers: Iterable[int], below: int, what: str) -> None:
    """Numbers that rise, all below a limit."""
    last = -1
    for number in numbers:
        if number <= last:
            raise DeviceUnreadable(f"The {what} are not in order, or one is there twice")
        last = number
    if last >= below:
        raise DeviceUnreadable(f"One of the {what} is {last}, which comes after {below - 1}, the last that was used")


def unlike(values: Iterable[Hashable], what: str) -> None:
    """No two alike."""
    values = tuple(values)
    if len(set(values)) != len(values):
        raise DeviceUnreadable(f"The same {what} is there twice")
