"""Mutations: what is set or removed under an index, as the server has it and opened."""

import hmac
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import DecodeError

from whatsapp_wire.app_state.keys import MAC_SIZE, MutationKeys, Operation
from whatsapp_wire.crypto.ciphers import BLOCK_SIZE, aes_cbc_decrypt, aes_cbc_encrypt
from whatsapp_wire.errors import AppStateDamaged, AppStateKeyMissing, DecryptionFailed
from whatsapp_wire.proto.app_state_pb2 import (
    KeyId,
    SyncActionData,
    SyncActionValue,
    SyncdIndex,
    SyncdMutation,
    SyncdRecord,
    SyncdValue,
)

MAX_INDEX: Final = 4096
"""Bytes of the longest index that is read; a JID and a message id need a hundred."""

Index = tuple[str, ...]
"""What a mutation is about: the word for its action, then whatever that needs."""


@dataclass(frozen=True, slots=True)
class SharedKey:
    """A key that the account's devices share, under its id."""

    id: bytes
    keys: MutationKeys


@dataclass(frozen=True, slots=True)
class Mutation:
    """What is set or removed. ``version`` belongs to the kind of action.

    One that nobody can read, although it is authentic, has an empty ``index``.
    """

    operation: Operation
    index: Index
    value: SyncActionValue
    version: int


@dataclass(frozen=True, slots=True)
class Sealed:
    """A mutation as the server has it: authentic only once it was opened."""

    operation: Operation
    key_id: bytes
    index_mac: bytes
    sealed: bytes
    value_mac: bytes

    def record(self) -> SyncdRecord:
        """The protobuf."""
        return SyncdRecord(
            index=SyncdIndex(blob=self.index_mac),
            value=SyncdValue(blob=self.sealed + self.value_mac),
            key_id=KeyId(id=self.key_id),
        )

    def mutation(self) -> SyncdMutation:
        """The protobuf."""
        return SyncdMutation(operation=SyncdMutation.SyncdOperation.Name(self.operation), record=self.record())


def read_sealed(record: SyncdRecord, operation: Operation = Operation.SET) -> Sealed:
    """Take a record apart. Raises AppStateDamaged."""
    index, value = record.index.blob, record.value.blob
    if len(index) != MAC_SIZE or len(value) < 2 * BLOCK_SIZE + MAC_SIZE:
        raise AppStateDamaged("a record has no index or no value")
    return Sealed(operation, record.key_id.id, index, value[:-MAC_SIZE], value[-MAC_SIZE:])


def read_mutations(mutations: Iterable[SyncdMutation]) -> list[Sealed]:
    """Take mutations apart. Raises AppStateDamaged."""
    return [read_sealed(mutation.record, Operation(mutation.operation)) for mutation in mutations]


def seal(mutation: Mutation, key: SharedKey, random: Callable[[int], bytes] = os.urandom) -> Sealed:
    """Encrypt a mutation; ``random`` gives the IV."""
    index, iv = write_index(mutation.index), random(BLOCK_SIZE)
    told = SyncActionData(index=index, value=mutation.value, padding=b"", version=mutation.version)
    sealed = iv + aes_cbc_encrypt(key.keys.encryption, iv, told.SerializeToString())
    value_mac = key.keys.value_mac(mutation.operation, key.id, sealed)
    return Sealed(mutation.operation, key.id, key.keys.index_mac(index), sealed, value_mac)


def open_sealed(sealed: Sealed, keys: Mapping[bytes, MutationKeys]) -> Mutation:
    """Check and decrypt a mutation. Raises AppStateKeyMissing, AppStateDamaged."""
    found = keys.get(sealed.key_id)
    if found is None:
        raise AppStateKeyMissing(sealed.key_id)
    value_mac = found.value_mac(sealed.operation, sealed.key_id, sealed.sealed)
    if not hmac.compare_digest(value_mac, sealed.value_mac):
        raise AppStateDamaged("the MAC of a value is wrong")
    iv, text = sealed.sealed[:BLOCK_SIZE], sealed.sealed[BLOCK_SIZE:]
    try:
        told = SyncActionData.FromString(aes_cbc_decrypt(found.encryption, iv, text))
    except (DecryptionFailed, DecodeError) as error:
        raise AppStateDamaged("an authentic value cannot be read") from error
    if not hmac.compare_digest(found.index_mac(told.index), sealed.index_mac):
        raise AppStateDamaged("a value stands under another's index")
    return Mutation(sealed.operation, read_index(told.index), told.value, told.version)


def write_index(index: Index) -> bytes:
    """An index as JSON, spelled as every client spells it: its bytes are what its MAC is made of."""
    return json.dumps(index, separators=(",", ":"), ensure_ascii=False).encode()


def read_index(index: bytes) -> Index:
    """The inverse of `write_index`; empty for anything else."""
    if len(index) > MAX_INDEX:
        return ()
    try:
        parts = json.loads(index)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        return ()
    return tuple(parts)
