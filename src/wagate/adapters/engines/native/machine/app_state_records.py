"""What is kept of the app state: for each collection where we stand, and the MACs of all that is in force.

kind              address           value
app_state         collection        its version and hash (`pack_position`)
app_state_values  collection/00…ff  MACs of the values in force, by those of their indexes that begin with this byte
app_state_due     collection        the version that the server is said to have; `KEYED`: a key came
app_state_asked   key id (hex)      when the phone was asked for a key, in seconds since 1970

A collection may have ten thousand entries. A patch changes a few of them: in shares of a 256th it rewrites little, and
a snapshot is still one unit of a few hundred records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from wagate.adapters.engines.native.machine.records import Step
from wagate.ports.vault import RecordKey, RecordUnreadable
from whatsapp_wire.app_state.collection import Collection, Position
from whatsapp_wire.app_state.keys import MAC_SIZE
from whatsapp_wire.app_state.lthash import HASH_SIZE

STATE: Final = "app_state"
VALUES: Final = "app_state_values"
DUE: Final = "app_state_due"
ASKED: Final = "app_state_asked"
KEY: Final = "app_state_key"

KEYED: Final[RecordKey] = (DUE, "keys")
"""Set when a key came: whatever waits for one, and whatever was never read, can go on."""

ALL_STATES: Final = tuple((kind, collection.value) for collection in Collection for kind in (STATE, DUE))
"""Where each collection stands, and whether it is due."""

_SHARES: Final = tuple(f"{first:02x}" for first in range(256))
_ENTRY: Final = 2 * MAC_SIZE
_VERSION_SIZE: Final = 8


def pack_position(position: Position) -> bytes:
    """The record's value."""
    return position.version.to_bytes(_VERSION_SIZE, "big") + position.hash


def unpack_position(value: bytes | None) -> Position | None:
    """Read a record's value; None for a collection that was never read. Raises RecordUnreadable."""
    if value is None:
        return None
    if len(value) != _VERSION_SIZE + HASH_SIZE:
        raise RecordUnreadable("a record is damaged")
    return Position(int.from_bytes(value[:_VERSION_SIZE], "big"), value[_VERSION_SIZE:])


def due_version(value: bytes | None) -> int | None:
    """Up to which version a collection is to be read; None when it is not due. Raises RecordUnreadable."""
    if value is None:
        return None
    if not value.isdigit():
        raise RecordUnreadable("a record is damaged")
    return int(value)


def put_due(step: Step, collection: str, version: int) -> None:
    """A collection is to be read, up to this version at least (0: whatever there is); its record must be loaded."""
    former = due_version(step.get(DUE, collection))
    step.put(DUE, collection, str(version if former is None else max(former, version)).encode())


def shares_of(collection: Collection, indexes: Iterable[bytes]) -> tuple[RecordKey, ...]:
    """The records that have these indexes."""
    return tuple((VALUES, f"{collection.value}/{first}") for first in sorted({index[:1].hex() for index in indexes}))


def every_share(collection: Collection) -> tuple[RecordKey, ...]:
    """All records of a collection's values."""
    return tuple((VALUES, f"{collection.value}/{first}") for first in _SHARES)


def values_in(step: Step, shares: Iterable[RecordKey]) -> dict[bytes, bytes]:
    """The MACs in these records, which must be loaded. Raises RecordUnreadable."""
    values: dict[bytes, bytes] = {}
    for key in shares:
        share = step.get(*key) or b""
        if len(share) % _ENTRY:
            raise RecordUnreadable("a record is damaged")
        for at in range(0, len(share), _ENTRY):
            values[share[at : at + MAC_SIZE]] = share[at + MAC_SIZE : at + _ENTRY]
    return values


def put_values(step: Step, shares: Iterable[RecordKey], values: Mapping[bytes, bytes]) -> None:
    """Make these records have these values and no others."""
    by_share: dict[str, list[bytes]] = {}
    for index, value in sorted(values.items()):
        by_share.setdefault(index[:1].hex(), []).append(index + value)
    for kind, address in shares:
        share = b"".join(by_share.get(address.rpartition("/")[2], ()))
        if share:
            step.put(kind, address, share)
        else:
            step.delete(kind, address)
