"""Keys of overtaken messages: kept so that a late message can still be read once, and never more than MAX_SKIPPED."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from operator import attrgetter

from google.protobuf.internal.containers import RepeatedCompositeFieldContainer

from whatsapp_wire.proto.signal_pb2 import SkippedKey
from whatsapp_wire.signal.ratchet import MAX_SKIPPED, Advance

_counter = attrgetter("counter")

SkippedKeys = RepeatedCompositeFieldContainer[SkippedKey]
"""The skipped keys of one chain, oldest first, counters rising."""


def find(keys: SkippedKeys, counter: int) -> int | None:
    """The index of that counter's key, or None."""
    index = bisect_left(keys, counter, key=_counter)
    return index if index < len(keys) and keys[index].counter == counter else None


def remember(keys: SkippedKeys, advance: Advance) -> None:
    """Add the keys of every message passed over."""
    keys.extend(SkippedKey(counter=counter, seed=seed) for counter, seed in advance.skipped())


def bound(chains: Iterable[SkippedKeys]) -> None:
    """Forget keys until MAX_SKIPPED are left over all chains; the chains come in the order in which to forget."""
    kept: Sequence[SkippedKeys] = tuple(chains)
    excess = sum(map(len, kept)) - MAX_SKIPPED
    for keys in kept:
        if excess <= 0:
            return
        gone = min(excess, len(keys))
        del keys[:gone]
        excess -= gone
