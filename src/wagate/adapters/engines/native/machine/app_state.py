"""The app state, read: whatever the server has of a collection that we have not, checked, kept, and told of.

One flow at a time reads, for all that is due; what is due is a record, so that it survives whatever interrupts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from wagate.adapters.engines.native.machine import app_state_keys, app_state_news
from wagate.adapters.engines.native.machine.app_state_records import (
    ALL_STATES,
    DUE,
    KEYED,
    STATE,
    due_version,
    every_share,
    pack_position,
    put_due,
    put_values,
    shares_of,
    unpack_position,
    values_in,
)
from wagate.adapters.engines.native.machine.device import Device, Phase
from wagate.adapters.engines.native.machine.errors import RequestRefused
from wagate.adapters.engines.native.machine.flows import Commit, Compute, Download, Flow, Join, Load, Pause
from wagate.adapters.whatsapp_web.files import MediaFailed
from wagate.ports.engine import NotSent
from wagate.ports.vault import RecordKey
from whatsapp_wire.app_state import patches
from whatsapp_wire.app_state.actions import read_action
from whatsapp_wire.app_state.blobs import MAX_BLOB, file_of, parse_reference
from whatsapp_wire.app_state.collection import START, Collection, Position
from whatsapp_wire.app_state.patches import Keys, Reading
from whatsapp_wire.errors import AppStateDamaged, StanzaRefused, WireError
from whatsapp_wire.node import Node
from whatsapp_wire.proto.app_state_pb2 import ExternalBlobReference, SyncdPatch, SyncdSnapshot
from whatsapp_wire.stanza import app_state as stanzas
from whatsapp_wire.stanza.app_state import Synced

_log = structlog.get_logger(__name__)

_NAMES: Final = frozenset(collection.value for collection in Collection)
_TRIES: Final = 3
_PAUSE_S: Final = 5.0
_ROUNDS: Final = 1_000
"""Answers that one reading may take: the server sends a long list of patches in parts."""

_NEWS: Final = 200
"""Pieces of news in one unit: an address book must not hold up the messages of everybody."""

_QUICK: Final = 32
"""Mutations that are opened at once; more are left to a thread."""


class _KeyMissing(Exception):
    """A collection cannot be read before the phone shares a key."""


@dataclass(frozen=True, slots=True)
class _Reader:
    """One collection on its way: whether what it tells was so before we were here."""

    collection: Collection
    quiet: bool


def wake(us: Device) -> None:
    """Read whatever is due, if the line is up; else that is done after the next login."""
    if us.phase is Phase.READY:
        us.flows.start(read_due(us), ends_with_line=True)


def read_due(us: Device, attempt: int = 1) -> Flow[None]:
    """Read whatever is due; returns when nothing is, or nothing more can be done about it now.

    What failed for another reason than a key is tried again twice, later.
    """
    yield Join("app state", partial(_read_due, us, attempt))


def told(us: Device, versions: Sequence[tuple[str, int]]) -> Flow[list[tuple[str, int]]]:
    """Those of a notification's collections that are news to us; their records are loaded when it returns."""
    known = [(name, version) for name, version in versions if name in _NAMES]
    yield Load(tuple(key for name, _ in known for key in ((STATE, name), (DUE, name))))
    behind = []
    for name, version in known:
        position = unpack_position(us.shell.get(STATE, name))
        if position is None or not version or position.version < version:
            behind.append((name, version))
    return behind


def dirty(us: Device, timestamp: int) -> Flow[None]:
    """The server says that our app state is behind, and not which collection: read all of them."""
    yield Load(ALL_STATES)
    step = us.step()
    for collection in Collection:
        put_due(step, collection.value, 0)
    yield Commit(step)
    yield from read_due(us)
    yield from us.flows.ask(lambda id: stanzas.clean(id, timestamp))


def position_of(us: Device, collection: Collection) -> Flow[Position | None]:
    """Where we stand in a collection; None when it was never read."""
    yield Load(((STATE, collection.value), (DUE, collection.value)))
    return unpack_position(us.shell.get(STATE, collection.value))


# ---- what is due


def _read_due(us: Device, attempt: int) -> Flow[None]:
    tried: dict[Collection, int] = {}
    has_failed = False
    while (collection := (yield from _next(us, tried))) is not None:
        try:
            yield from _read(us, collection)
        except AppStateDamaged as error:
            tried[collection] = tried.get(collection, 0) + 1
            _log.warning("app state is damaged; a snapshot is asked for", collection=collection, error=str(error))
            yield from _begin_anew(us, collection)
        except _KeyMissing:
            tried[collection] = _TRIES
        except (WireError, MediaFailed, RequestRefused) as error:
            tried[collection], has_failed = _TRIES, True
            _log.warning("app state cannot be read", collection=collection, attempt=attempt, error=str(error))
        else:
            if us.pushing[collection]:
                tried[collection] = _TRIES
    if has_failed and attempt < _TRIES:
        us.flows.start(_read_later(us, attempt + 1), ends_with_line=True)


def _read_later(us: Device, attempt: int) -> Flow[None]:
    yield Pause(_PAUSE_S * attempt)
    yield from read_due(us, attempt)


def _next(us: Device, tried: dict[Collection, int]) -> Flow[Collection | None]:
    """A collection that is due and may be tried. Once a key came, whatever waits for one or was never read is both."""
    yield Load((KEYED, *ALL_STATES))
    if us.shell.get(*KEYED) is not None:
        tried.clear()
        step = us.step()
        step.delete(*KEYED)
        for collection in Collection:
            if step.get(STATE, collection.value) is None:
                put_due(step, collection.value, 0)
        us.submit(step)
    for collection in Collection:
        if us.shell.get(DUE, collection.value) is not None and tried.get(collection, 0) < _TRIES:
            return collection
    return None


def _begin_anew(us: Device, collection: Collection) -> Flow[None]:
    """What we have of a collection does not hold: stand at its beginning again, so that a snapshot is asked for."""
    yield Load(((STATE, collection.value), (DUE, collection.value)))
    step = us.step()
    step.put(STATE, collection.value, pack_position(START))
    put_values(step, every_share(collection), {})
    put_due(step, collection.value, 0)
    yield Commit(step)


# ---- one collection


def _read(us: Device, collection: Collection) -> Flow[None]:
    held = yield from position_of(us, collection)
    position = held or START
    reader = _Reader(collection, quiet=held is None)
    for _ in range(_ROUNDS):
        answer = yield from us.flows.ask(partial(_query, collection, position.version))
        synced = stanzas.parse_synced(answer)
        if synced.error is not None:
            raise NotSent(f"WhatsApp does not show the collection: {synced.error}")
        position, has_moved = yield from _take(us, reader, position, synced)
        if not (synced.has_more and has_moved):
            break
    if held is None and position == START:
        yield from _keep(us, reader, Reading(START, {}, ()), (), {})
    yield from _done(us, collection, position)


def _query(collection: Collection, version: int, id: str) -> Node:
    return stanzas.query(id, collection.value, version)


def _take(us: Device, reader: _Reader, position: Position, synced: Synced) -> Flow[tuple[Position, bool]]:
    """Take in an answer. Returns where that leads, and whether it leads anywhere."""
    keys = yield from app_state_keys.held(us)
    has_moved = False
    if synced.snapshot is not None:
        snapshot = yield from _snapshot(synced.snapshot)
        yield from _insist(us, snapshot, keys)
        reading: Reading = yield Compute(partial(patches.read_snapshot, reader.collection, snapshot, keys))
        yield from _keep_snapshot(us, reader, reading)
        position, has_moved = reading.position, True
    for encoded in synced.patches:
        patch = yield from _patch(encoded)
        if patch.version.version <= position.version:
            continue
        yield from _insist(us, patch, keys)
        position = yield from _keep_patch(us, reader, position, patch, keys)
        has_moved = True
    return position, has_moved


def _snapshot(encoded: bytes) -> Flow[SyncdSnapshot]:
    blob = yield from _fetch(parse_reference(encoded))
    snapshot: SyncdSnapshot = yield Compute(partial(patches.parse_snapshot, blob))
    return snapshot


def _patch(encoded: bytes) -> Flow[SyncdPatch]:
    patch = patches.parse_patch(encoded)
    if patch.HasField("external_mutations"):
        patches.put_mutations(patch, (yield from _fetch(patch.external_mutations)))
    return patch


def _fetch(reference: ExternalBlobReference) -> Flow[bytes]:
    blob: bytes = yield Download(file_of(reference), MAX_BLOB)
    return blob


def _insist(us: Device, wanted: SyncdSnapshot | SyncdPatch, keys: Keys) -> Flow[None]:
    """Go on only with every key that is needed; the phone is asked for the others. Raises _KeyMissing."""
    missing = patches.missing_keys(wanted, keys)
    if missing:
        _log.info("keys of the app state are missing; the phone is asked for them", count=len(missing))
        yield from app_state_keys.ask_phone(us, missing)
        raise _KeyMissing()


# ---- what is kept of it


def _keep_snapshot(us: Device, reader: _Reader, reading: Reading) -> Flow[None]:
    values = {index: value for index, value in reading.changes.items() if value is not None}
    yield from _keep(us, reader, reading, every_share(reader.collection), values)


def _keep_patch(us: Device, reader: _Reader, position: Position, patch: SyncdPatch, keys: Keys) -> Flow[Position]:
    shares = shares_of(reader.collection, patches.indexes_of(patch))
    yield Load(shares)
    values = values_in(us.step(), shares)
    work = partial(patches.read_patch, reader.collection, patch, position, values, keys)
    reading: Reading = work() if len(patch.mutations) <= _QUICK else (yield Compute(work))
    for index, value in reading.changes.items():
        if value is None:
            values.pop(index, None)
        else:
            values[index] = value
    yield from _keep(us, reader, reading, shares, values)
    return reading.position


def _keep(
    us: Device, reader: _Reader, reading: Reading, shares: Sequence[RecordKey], values: dict[bytes, bytes]
) -> Flow[None]:
    """Tell of it, and move on with the last that is told: what a crash interrupts is read, and told, once more."""
    actions = [
        (action, each.value.timestamp) for each in reading.mutations if (action := read_action(each)) is not None
    ]
    last = max(0, (len(actions) - 1) // _NEWS * _NEWS)
    for at in range(0, last + 1, _NEWS):
        some = actions[at : at + _NEWS]
        yield Load(app_state_news.records_of(us, some))
        step = us.step()
        app_state_news.put(us, step, some, quiet=reader.quiet)
        if at == last:
            put_values(step, shares, values)
            step.put(STATE, reader.collection.value, pack_position(reading.position))
        yield Commit(step)


def _done(us: Device, collection: Collection, position: Position) -> Flow[None]:
    """A collection was read to its end. Raises StanzaRefused when the server told of a newer version meanwhile."""
    yield Load(((DUE, collection.value),))
    version = due_version(us.shell.get(DUE, collection.value)) or 0
    if version > position.version:
        raise StanzaRefused(f"the server has version {position.version}, and told of {version}")
    if us.pushing[collection]:
        return  # what is being handed in may come after what was read
    step = us.step()
    step.delete(DUE, collection.value)
    yield Commit(step)
