"""What the machine asks of the world around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from wagate.ports.news import LineNews
from wagate.ports.vault import RecordKey, Unit, VaultFailed
from whatsapp_wire.media.content import MediaFile

Then: TypeAlias = Callable[[Exception | None, object], None]
"""How an answer arrives: an error, or None and the value."""


class Timer(Protocol):
    """Something that will happen unless it is cancelled."""

    def cancel(self) -> None:
        """Let it not happen; no error when it already has."""
        ...


class Shell(Protocol):
    """Records, wire and time. Every call returns at once; ``then`` is called later, never from inside the call.

    Units become durable in the order of `submit`, and their answers come in that order. `get` sees submitted changes at
    once, so that no two steps can start from the same ratchet.
    """

    __slots__ = ()

    def now(self) -> float:
        """Seconds since 1970."""
        ...

    def get(self, kind: str, address: str) -> bytes | None:
        """A record that was loaded, or None when there is none; raises NotLoaded."""
        ...

    def is_loaded(self, keys: Sequence[RecordKey]) -> bool:
        """Whether `get` can answer for all of these right now."""
        ...

    def load(self, keys: Sequence[RecordKey], then: Then) -> None:
        """Bring records into memory; they stay at least while ``then`` runs."""
        ...

    def list(self, kind: str, then: Then) -> None:
        """Answer with all committed records of a kind: ``list[tuple[str, bytes]]``."""
        ...

    def expire(self, kind: str, before: float, then: Then) -> None:
        """Delete the records of a kind last written before a moment (seconds since 1970)."""
        ...

    def submit(self, unit: Unit, then: Then) -> None:
        """Make a unit durable."""
        ...

    def compute(self, work: Callable[[], object], then: Then) -> None:
        """Do what takes long and touches nothing, away from the line; answer with its result."""
        ...

    def download(self, file: MediaFile, limit: int, then: Then) -> None:
        """Answer with a whole file from the media hosts, of at most so many bytes; for files that are no message's."""
        ...

    def after(self, seconds: float, then: Callable[[], None]) -> Timer:
        """Call ``then`` when that time has passed."""
        ...

    def write(self, stanza: bytes) -> None:
        """Send one encoded stanza over the open connection, behind all earlier ones."""
        ...

    def pause_reading(self) -> None:
        """Feed no more stanzas than those that have arrived, until `resume_reading`."""
        ...

    def resume_reading(self) -> None:
        """Feed stanzas again."""
        ...

    def report(self, news: LineNews) -> None:
        """Tell the owner of the line."""
        ...

    def history_waits(self) -> None:
        """There may be a history to read, and a line over which its file can be had."""
        ...

    def fail(self, error: VaultFailed) -> None:
        """The records cannot be relied on: the machine is to be given up, and a new one made from what is durable."""
        ...

    def hang_up(self) -> None:
        """End the connection; `Machine.closed` follows."""
        ...
