"""LTHash: a hash of a set, to which members are added and from which they are taken in any order.

Each member becomes 64 numbers of 16 bits (HKDF-SHA256); those of the set are their sums (Bellare and Micciancio, "A New
Paradigm for Collision-Free Hashing"; whatsmeow `appstate/lthash`).
"""

import struct
from collections.abc import Iterable
from typing import Final

from whatsapp_wire.crypto.kdf import hkdf

HASH_SIZE: Final = 128
_INFO: Final = b"WhatsApp Patch Integrity"
_NUMBERS: Final = struct.Struct("<64H")


def fold(hash: bytes, removed: Iterable[bytes], added: Iterable[bytes]) -> bytes:
    """The hash after members went and others came; raises ValueError when it is not 128 bytes."""
    if len(hash) != HASH_SIZE:
        raise ValueError("the hash of a collection is 128 bytes")
    numbers = list(_NUMBERS.unpack(hash))
    for members, sign in ((removed, -1), (added, 1)):
        for member in members:
            for place, number in enumerate(_NUMBERS.unpack(hkdf(member, _INFO, HASH_SIZE))):
                numbers[place] += sign * number
    return _NUMBERS.pack(*(number & 0xFFFF for number in numbers))
