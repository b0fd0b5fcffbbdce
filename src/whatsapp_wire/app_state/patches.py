"""Snapshots and patches: read against what is in force, and written.

Nothing of one is used unless all of it is authentic.
What is in force is known by the MACs of its indexes and values; a device keeps those, and the hash over them.
"""

import hmac
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import DecodeError

from whatsapp_wire.app_state.collection import START, Collection, Position
from whatsapp_wire.app_state.keys import MutationKeys, Operation
from whatsapp_wire.app_state.lthash import fold
from whatsapp_wire.app_state.mutations import (
    Mutation,
    Sealed,
    SharedKey,
    open_sealed,
    read_mutations,
    read_sealed,
    seal,
)
from whatsapp_wire.errors import AppStateDamaged, AppStateKeyMissing
from whatsapp_wire.proto.app_state_pb2 import KeyId, SyncdMutations, SyncdPatch, SyncdSnapshot

MAX_MUTATIONS: Final = 250_000
"""How many mutations one snapshot or patch may have."""

Keys = Mapping[bytes, MutationKeys]
"""Keys by their ids."""

Values = Mapping[bytes, bytes]
"""The MAC of the value in force under each index, by the MAC of that."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Where reading leads to: the new position, what came into force or (None) ceased to be, and what it says."""

    position: Position
    changes: dict[bytes, bytes | None]
    mutations: tuple[Mutation, ...]


def parse_snapshot(blob: bytes) -> SyncdSnapshot:
    """Read a snapshot's file. Raises AppStateDamaged."""
    try:
        snapshot = SyncdSnapshot.FromString(blob)
    except DecodeError as error:
        raise AppStateDamaged("the snapshot is not a protobuf") from error
    if len(snapshot.records) > MAX_MUTATIONS:
        raise AppStateDamaged("the snapshot has too many records")
    return snapshot


def parse_patch(blob: bytes) -> SyncdPatch:
    """Read a patch; its mutations may be in a file of their own (`external_mutations`). Raises AppStateDamaged."""
    try:
        patch = SyncdPatch.FromString(blob)
    except DecodeError as error:
        raise AppStateDamaged("a patch is not a protobuf") from error
    if len(patch.mutations) > MAX_MUTATIONS:
        raise AppStateDamaged("a patch has too many mutations")
    return patch


def put_mutations(patch: SyncdPatch, blob: bytes) -> None:
    """Put mutations from a file of their own into their patch. Raises AppStateDamaged."""
    try:
        patch.mutations.MergeFrom(SyncdMutations.FromString(blob).mutations)
    except DecodeError as error:
        raise AppStateDamaged("a file of mutations is not a protobuf") from error
    if len(patch.mutations) > MAX_MUTATIONS:
        raise AppStateDamaged("a patch has too many mutations")


def missing_keys(told: SyncdSnapshot | SyncdPatch, keys: Iterable[bytes]) -> set[bytes]:
    """The ids of the keys that reading this takes, beyond those at hand."""
    records = told.records if isinstance(told, SyncdSnapshot) else (mutation.record for mutation in told.mutations)
    return {told.key_id.id, *(record.key_id.id for record in records)}.difference(keys)


def read_snapshot(collection: Collection, snapshot: SyncdSnapshot, keys: Keys) -> Reading:
    """Everything in force, at once. Raises AppStateKeyMissing, AppStateDamaged."""
    sealed = [read_sealed(record) for record in snapshot.records]
    changes: dict[bytes, bytes | None] = {each.index_mac: each.value_mac for each in sealed}
    if len(changes) != len(sealed):
        raise AppStateDamaged("a snapshot has two values for one index")
    position = Position(snapshot.version.version, fold(START.hash, (), (each.value_mac for each in sealed)))
    _check(_keys_of(keys, snapshot.key_id).snapshot_mac(collection, position), snapshot.mac, "snapshot")
    return Reading(position, changes, tuple(open_sealed(each, keys) for each in sealed))


def read_patch(collection: Collection, patch: SyncdPatch, position: Position, values: Values, keys: Keys) -> Reading:
    """One step on from a position; ``values`` must know every index of the patch that is in force.

    Raises AppStateKeyMissing, AppStateDamaged.
    """
    version = patch.version.version
    if version <= position.version:
        raise AppStateDamaged(f"version {version} does not follow upon {position.version}")
    sealed = read_mutations(patch.mutations)
    hash, changes = _advance(position, sealed, values)
    after = Position(version, hash)
    patch_keys = _keys_of(keys, patch.key_id)
    _check(patch_keys.snapshot_mac(collection, after), patch.snapshot_mac, "collection")
    value_macs = (each.value_mac for each in sealed)
    _check(patch_keys.patch_mac(collection, version, patch.snapshot_mac, value_macs), patch.patch_mac, "patch")
    return Reading(after, changes, tuple(open_sealed(each, keys) for each in sealed))


def indexes_of(patch: SyncdPatch) -> set[bytes]:
    """The MACs of the indexes that a patch changes."""
    return {mutation.record.index.blob for mutation in patch.mutations}


def write_patch(
    collection: Collection,
    position: Position,
    values: Values,
    mutations: Sequence[Mutation],
    key: SharedKey,
    random: Callable[[int], bytes] = os.urandom,
) -> tuple[SyncdPatch, Reading]:
    """A patch to follow upon a position, and where it leads to once the server takes it.

    It does not say its version: the server writes that into it (whatsmeow `appstate/encode.go`).
    """
    sealed = [seal(mutation, key, random) for mutation in mutations]
    hash, changes = _advance(position, sealed, values)
    after = Position(position.version + 1, hash)
    snapshot_mac = key.keys.snapshot_mac(collection, after)
    value_macs = (each.value_mac for each in sealed)
    patch = SyncdPatch(
        mutations=[each.mutation() for each in sealed],
        snapshot_mac=snapshot_mac,
        patch_mac=key.keys.patch_mac(collection, after.version, snapshot_mac, value_macs),
        key_id=KeyId(id=key.id),
    )
    return patch, Reading(after, changes, tuple(mutations))


def _advance(position: Position, sealed: Iterable[Sealed], values: Values) -> tuple[bytes, dict[bytes, bytes | None]]:
    """The hash that mutations lead to, and what they change.

    One that removes what is not there changes nothing (whatsmeow lets it pass, too).
    """
    changes: dict[bytes, bytes | None] = {}
    removed, added = [], []
    for each in sealed:
        former = changes[each.index_mac] if each.index_mac in changes else values.get(each.index_mac)
        if former is not None:
            removed.append(former)
        is_set = each.operation is Operation.SET
        if is_set:
            added.append(each.value_mac)
        changes[each.index_mac] = each.value_mac if is_set else None
    return fold(position.hash, removed, added), changes


def _keys_of(keys: Keys, id: KeyId) -> MutationKeys:
    found = keys.get(id.id)
    if found is None:
        raise AppStateKeyMissing(id.id)
    return found


def _check(expected: bytes, told: bytes, what: str) -> None:
    if not hmac.compare_digest(expected, told):
        raise AppStateDamaged(f"the MAC of the {what} is wrong")
