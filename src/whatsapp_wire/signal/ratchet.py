"""The key derivations of the double ratchet and of sender keys: from root to chain, from chain to message.

Facts: The Double Ratchet Algorithm (Signal, revision 4, §5.2) and libsignal's `ratchet/keys.rs` for the labels.
"""

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from whatsapp_wire.crypto.kdf import hkdf, hmac_sha256
from whatsapp_wire.errors import TooFarAhead

MAX_SKIPPED = 2_000
"""How many keys of overtaken messages are kept."""

MAX_FORWARD = 25_000
"""How far a counter may jump ahead; a jump costs one HMAC per step before anything is authenticated."""

_DERIVED = 80
_MESSAGE_SEED, _NEXT_CHAIN = b"\x01", b"\x02"


class RootStep(NamedTuple):
    """A new root key and the chain key that begins with it."""

    root_key: bytes
    chain_key: bytes


class MessageKeys(NamedTuple):
    """What one message is encrypted and authenticated with (AES-256-CBC, HMAC-SHA256)."""

    cipher_key: bytes
    mac_key: bytes
    iv: bytes


class SenderMessageKeys(NamedTuple):
    """What one group message is encrypted with; its authenticity is a signature."""

    iv: bytes
    cipher_key: bytes


@dataclass(frozen=True, slots=True)
class Advance:
    """A chain brought to a counter: the seed of that message, the chain key behind it, and the way there."""

    seed: bytes
    chain_key: bytes
    _passed: tuple[tuple[int, bytes], ...]

    def skipped(self) -> list[tuple[int, bytes]]:
        """Counter and seed of every message passed over, oldest first, at most MAX_SKIPPED."""
        return [(counter, message_seed(chain_key)) for counter, chain_key in self._passed]


def first_root(secrets: bytes) -> RootStep:
    """Root and chain key of a session from the concatenated X3DH secrets."""
    keys = hkdf(b"\xff" * 32 + secrets, b"WhisperText", 64)
    return RootStep(keys[:32], keys[32:])


def next_root(root_key: bytes, shared_secret: bytes) -> RootStep:
    """One step of the Diffie-Hellman ratchet."""
    keys = hkdf(shared_secret, b"WhisperRatchet", 64, root_key)
    return RootStep(keys[:32], keys[32:])


def message_seed(chain_key: bytes) -> bytes:
    """What the keys of the chain's next message are derived from."""
    return hmac_sha256(chain_key, _MESSAGE_SEED)


def next_chain_key(chain_key: bytes) -> bytes:
    """The chain key after one message."""
    return hmac_sha256(chain_key, _NEXT_CHAIN)


def message_keys(seed: bytes) -> MessageKeys:
    """The keys of one session message, from its seed, or from 80 bytes that were derived from it elsewhere."""
    keys = seed if len(seed) == _DERIVED else hkdf(seed, b"WhisperMessageKeys", _DERIVED)
    return MessageKeys(keys[:32], keys[32:64], keys[64:])


def sender_message_keys(seed: bytes) -> SenderMessageKeys:
    """The keys of one group message."""
    keys = hkdf(seed, b"WhisperGroup", 48)
    return SenderMessageKeys(keys[:16], keys[16:])


def advance(chain_key: bytes, counter: int, target: int, limit: int = MAX_FORWARD) -> Advance:
    """Bring a chain whose next message is `counter` to message `target`; raises TooFarAhead beyond `limit` steps.

    Seeds of the messages passed over are derived only when asked for: a forged counter must stay cheap to refuse.
    """
    if target - counter > limit:
        raise TooFarAhead(f"message {target} is {target - counter} ahead of the chain; the limit is {limit}")
    if target == counter:
        return Advance(message_seed(chain_key), next_chain_key(chain_key), ())
    passed: deque[tuple[int, bytes]] = deque(maxlen=MAX_SKIPPED)
    for position in range(counter, target):
        passed.append((position, chain_key))
        chain_key = next_chain_key(chain_key)
    return Advance(message_seed(chain_key), next_chain_key(chain_key), tuple(passed))
