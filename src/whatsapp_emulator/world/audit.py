"""Strict mode: what a client (or the emulator itself) did that must not happen, and the counters of everything else."""

from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal, NamedTuple, TypeAlias

from whatsapp_wire.jid import Jid
from whatsapp_wire.signal.envelope import open_prekey_envelope
from whatsapp_wire.signal.session import message_counter

ViolationKind: TypeAlias = Literal[
    "unhandled_stanza",
    "unknown_iq",
    "malformed",
    "failed_decryption",
    "ratchet_reuse",
    "bad_signature",
    "bad_media",
    "bad_app_state",
    "wrong_attributes",
    "sender_key_missing",
    "sender_key_not_rotated",
    "exception",
]


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that must not happen. `who` is the device at fault as ``phone:device``, `at` seconds since 1970."""

    kind: ViolationKind
    who: str
    detail: str
    at: float


class _Pardon(NamedTuple):
    kind: str | None
    who: str | None

    def covers(self, violation: Violation) -> bool:
        return self.kind in (None, violation.kind) and (
            self.who is None or violation.who == self.who or violation.who.startswith(f"{self.who}:")
        )


class Audit:
    """Violations, pardons and counters. `counts` holds whatever a test or a person may want to see as a number."""

    def __init__(self) -> None:
        self.violations: list[Violation] = []
        self.counts: Counter[str] = Counter()
        self._pardons: list[_Pardon] = []
        self._positions: dict[tuple[str, str, bytes], dict[int, bytes]] = {}

    def violate(self, kind: ViolationKind, who: str, detail: str, at: float) -> None:
        """Record a violation, or only count it when it is pardoned."""
        violation = Violation(kind, who, detail, at)
        self.counts[kind] += 1
        if any(pardon.covers(violation) for pardon in self._pardons):
            self.counts["forgiven"] += 1
        else:
            self.violations.append(violation)

    def forgive(self, kind: str | None = None, who: str | None = None) -> int:
        """Pardon past and future violations of that kind, by that phone or ``phone:device``; None stands for any.

        Returns how many past ones there were.
        """
        pardon = _Pardon(kind, who)
        self._pardons.append(pardon)
        before = len(self.violations)
        self.violations = [violation for violation in self.violations if not pardon.covers(violation)]
        self.counts["forgiven"] += before - len(self.violations)
        return before - len(self.violations)

    def watch(self, sender: Jid, recipient: Jid, kind: str, ciphertext: bytes) -> Literal["new", "repeated", "reused"]:
        """Note where in its chain a ciphertext stands, and say whether that place was taken.

        `repeated` is the same ciphertext again, which a client sends after a reconnect; `reused` is another one in the
        same place: a ratchet key was used twice. Raises MalformedCiphertext. Memory grows with the messages seen.
        """
        chain, counter = message_counter(kind, ciphertext)
        digest = blake2b(_inner(kind, ciphertext), digest_size=8).digest()
        counters = self._positions.setdefault((sender, recipient, chain), {})
        known = counters.get(counter)
        if known is None:
            counters[counter] = digest
            return "new"
        return "repeated" if known == digest else "reused"


def _inner(kind: str, ciphertext: bytes) -> bytes:
    """What the ratchet made: a `pkmsg` may wrap the same inner message again."""
    return open_prekey_envelope(ciphertext).message if kind == "pkmsg" else ciphertext
