"""The five collections, and where one stands."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from whatsapp_wire.app_state.lthash import HASH_SIZE


class Collection(StrEnum):
    """A part of the app state, with a version of its own (whatsmeow `appstate/keys.go`)."""

    CRITICAL_BLOCK = "critical_block"
    CRITICAL_UNBLOCK_LOW = "critical_unblock_low"
    REGULAR_HIGH = "regular_high"
    REGULAR = "regular"
    REGULAR_LOW = "regular_low"


@dataclass(frozen=True, slots=True)
class Position:
    """How far a device has read a collection: its version, and the hash of what is in force there, 128 bytes."""

    version: int = 0
    hash: bytes = field(default=bytes(HASH_SIZE), repr=False)


START: Final = Position()
"""Where a device stands that has read nothing."""
