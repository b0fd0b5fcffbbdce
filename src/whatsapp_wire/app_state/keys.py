"""The keys of the app state, and what is authenticated with them (whatsmeow `appstate/keys.go`, `appstate/hash.go`)."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, Self

from whatsapp_wire.app_state.collection import Collection, Position
from whatsapp_wire.crypto.kdf import hkdf, hmac_sha256
from whatsapp_wire.errors import InvalidKey

KEY_SIZE: Final = 32
MAC_SIZE: Final = 32
_INFO: Final = b"WhatsApp Mutation Keys"


class Operation(IntEnum):
    """What a mutation does with its index, by the number in `SyncdMutation`."""

    SET = 0
    REMOVE = 1


@dataclass(frozen=True, slots=True)
class MutationKeys:
    """What a shared key is expanded to, 32 bytes for each purpose."""

    index: bytes = field(repr=False)
    encryption: bytes = field(repr=False)
    value: bytes = field(repr=False)
    snapshot: bytes = field(repr=False)
    patch: bytes = field(repr=False)

    @classmethod
    def expand(cls, key: bytes) -> Self:
        """Expand a key as the phone shared it; raises InvalidKey when it is not 32 bytes."""
        if len(key) != KEY_SIZE:
            raise InvalidKey("a key of the app state is 32 bytes")
        expanded = hkdf(key, _INFO, 5 * KEY_SIZE)
        return cls(*(expanded[at : at + KEY_SIZE] for at in range(0, len(expanded), KEY_SIZE)))

    def index_mac(self, index: bytes) -> bytes:
        """What stands for an index, 32 bytes, so that the server can tell two apart and read neither."""
        return hmac_sha256(self.index, index)

    def value_mac(self, operation: Operation, key_id: bytes, sealed: bytes) -> bytes:
        """Authenticates an encrypted value (its IV in front) with what is done to its index, 32 bytes."""
        told = bytes((operation + 1,)) + key_id + sealed + (len(key_id) + 1).to_bytes(8, "big")
        return hmac.digest(self.value, told, "sha512")[:MAC_SIZE]

    def snapshot_mac(self, collection: Collection, position: Position) -> bytes:
        """Authenticates all that is in force in a collection at a position, 32 bytes."""
        told = position.hash + position.version.to_bytes(8, "big") + collection.encode()
        return hmac_sha256(self.snapshot, told)

    def patch_mac(self, collection: Collection, version: int, snapshot_mac: bytes, values: Iterable[bytes]) -> bytes:
        """Authenticates a patch, by the MACs of its values and of what they lead to, 32 bytes."""
        told = snapshot_mac + b"".join(values) + version.to_bytes(8, "big") + collection.encode()
        return hmac_sha256(self.patch, told)
