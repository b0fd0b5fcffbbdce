"""The states inside one session record: which is current, which are archived, and what each may keep at most.

Two sides that start sessions with one another at the same moment hold two; archived ones must still read late messages.
"""

from collections.abc import Iterator

from whatsapp_wire.proto.signal_pb2 import ReceiverChain, SessionRecord, SessionState
from whatsapp_wire.signal import skipped

MAX_ARCHIVED = 20
"""Archived states that are kept (libsignal keeps 40); each costs about 300 bytes of every record written."""

MAX_RECEIVER_CHAINS = 5
"""Ratchet keys of the other side whose late messages can still be read (libsignal `MAX_RECEIVER_CHAINS`)."""


def of(record: SessionRecord) -> Iterator[SessionState]:
    """Every state, the current one first, then the archived ones from the newest to the oldest."""
    if record.HasField("current"):
        yield record.current
    yield from record.archived


def chain(state: SessionState, ratchet_key: bytes) -> ReceiverChain | None:
    """The receiving chain of one ratchet key of the other side, if it is still kept."""
    return next((chain for chain in state.receiving if chain.ratchet_key == ratchet_key), None)


def archive_current(record: SessionRecord) -> None:
    """Make room for a new current state; the oldest archived one may fall out."""
    if record.HasField("current"):
        record.archived.insert(0, record.current)
        del record.archived[MAX_ARCHIVED:]
        record.ClearField("current")


def promote(record: SessionRecord, base_key: bytes) -> bool:
    """Make the state that began with this base key the current one; False when the record has none."""
    if record.current.base_key == base_key:
        return True
    for index, state in enumerate(record.archived):
        if state.base_key == base_key:
            promoted = SessionState()
            promoted.CopyFrom(state)
            del record.archived[index]
            archive_current(record)
            record.current.CopyFrom(promoted)
            return True
    return False


def bound_skipped(record: SessionRecord) -> None:
    """Forget the oldest skipped keys beyond `ratchet.MAX_SKIPPED` in the whole record, archived states first.

    libsignal counts per chain; counting per record is what bounds the bytes a hostile sender can make us keep.
    """
    oldest_first = [*record.archived[::-1], record.current]
    skipped.bound(chain.skipped for state in oldest_first for chain in state.receiving)
