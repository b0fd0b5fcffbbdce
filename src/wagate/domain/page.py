"""One page of a list, and the opaque cursor that leads to the next one."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from wagate.domain.errors import InvalidCursor

T = TypeVar("T")

DEFAULT_LIMIT = 50
MAX_LIMIT = 200


class Order(StrEnum):
    """Oldest first or newest first."""

    ASC = "asc"
    DESC = "desc"


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items of a list; ``next_cursor`` is None on the last page."""

    items: tuple[T, ...]
    next_cursor: str | None


def write_cursor(list_name: str, position: str) -> str:
    """The cursor behind ``position``, an item's place in the list called ``list_name`` (its order included)."""
    body = json.dumps([list_name, position], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(zlib.crc32(body).to_bytes(4, "big") + body).decode().rstrip("=")


def read_cursor(list_name: str, cursor: str) -> str:
    """The position inside a cursor. Raises InvalidCursor when it was altered or comes from another list.

    The checksum guards against accidents; it need not be secret, because a list is narrowed to its tenant anyway.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        if int.from_bytes(raw[:4], "big") != zlib.crc32(raw[4:]):
            raise InvalidCursor("The cursor was altered; take it from next_cursor as it is")
        name, position = json.loads(raw[4:])
    except (ValueError, TypeError, binascii.Error) as error:
        raise InvalidCursor("The cursor is not one of ours; take it from next_cursor as it is") from error
    if name != list_name or not isinstance(position, str):
        raise InvalidCursor("The cursor comes from another list or another order")
    return position
