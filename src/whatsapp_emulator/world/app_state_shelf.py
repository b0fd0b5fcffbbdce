"""What a virtual phone holds of the app state: its keys, where it stands in each collection, and what is in force."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Final

from whatsapp_wire.app_state import patches
from whatsapp_wire.app_state.actions import Action, read_action
from whatsapp_wire.app_state.collection import START, Collection, Position
from whatsapp_wire.app_state.keys import KEY_SIZE, MutationKeys, Operation
from whatsapp_wire.app_state.mutations import Index, Mutation, SharedKey
from whatsapp_wire.app_state.patches import Reading
from whatsapp_wire.proto.app_state_pb2 import SyncdPatch

_KEY_ID_HEAD: Final = b"\x00\x01"


@dataclass(eq=False, slots=True)
class Held:
    """One collection: where the phone stands, the MACs in force there, and what they stand for."""

    position: Position = START
    values: dict[bytes, bytes] = field(default_factory=dict)
    in_force: dict[Index, Mutation] = field(default_factory=dict)

    def take(self, reading: Reading) -> None:
        """Move on."""
        self.position = reading.position
        for index, value in reading.changes.items():
            if value is None:
                self.values.pop(index, None)
            else:
                self.values[index] = value
        for mutation in reading.mutations:
            if mutation.operation is Operation.SET:
                self.in_force[mutation.index] = mutation
            else:
                self.in_force.pop(mutation.index, None)


class AppStateShelf:
    """The app state on one phone. ``keys`` are all that it ever made, by id; the last one is written with."""

    def __init__(self, entropy: Random) -> None:
        self._entropy = entropy
        self.keys: dict[bytes, bytes] = {}
        self.collections: dict[str, Held] = {}
        self.make_key()

    @property
    def newest(self) -> tuple[bytes, bytes]:
        """Id and bytes of the key to write with."""
        return list(self.keys.items())[-1]

    def make_key(self) -> bytes:
        """Make another key, as a phone does when a companion is gone; returns its id."""
        id = _KEY_ID_HEAD + self._entropy.randbytes(4)
        self.keys[id] = self._entropy.randbytes(KEY_SIZE)
        return id

    def held(self, name: str) -> Held:
        """One collection."""
        return self.collections.setdefault(name, Held())

    def read(self, name: str, patch: bytes) -> None:
        """Read a patch that somebody wrote. Raises WireError."""
        held = self.held(name)
        keys = {id: MutationKeys.expand(key) for id, key in self.keys.items()}
        held.take(patches.read_patch(Collection(name), patches.parse_patch(patch), held.position, held.values, keys))

    def write(self, name: str, mutations: list[Mutation]) -> SyncdPatch:
        """A patch that follows upon what was read."""
        held, (id, key) = self.held(name), self.newest
        shared = SharedKey(id, MutationKeys.expand(key))
        patch, _ = patches.write_patch(
            Collection(name), held.position, held.values, mutations, shared, self._entropy.randbytes
        )
        return patch

    def actions(self) -> list[Action]:
        """What is in force, as far as it is known here."""
        mutations = (mutation for held in self.collections.values() for mutation in held.in_force.values())
        return [action for action in map(read_action, mutations) if action is not None]
