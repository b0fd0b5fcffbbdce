"""The differences that are known, each with its reason: `known.toml`, checked against what a comparison finds."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from judges.parity.compare import Difference

TABLE = Path(__file__).parent / "known.toml"


@dataclass(frozen=True, slots=True)
class Known:
    """One row. ``*`` in ``where`` and in the values stands for anything; a value of None for nothing at all.

    ``acts`` are the acts it occurs in, each of them; without any it occurs somewhere. What occurs ``sometimes`` need
    not occur in every run.
    """

    where: str
    reason: str
    native: str | None = None
    whatsmeow: str | None = None
    acts: tuple[str, ...] = ()
    sometimes: bool = False

    def explains(self, found: Difference) -> bool:
        """Whether this is the row of a difference."""
        is_here = not self.acts or found.act in self.acts
        parts = ((self.where, found.where), (self.native, found.native), (self.whatsmeow, found.whatsmeow))
        return is_here and all(_fits(pattern, value) for pattern, value in parts)

    def missing(self, found: Iterable[Difference]) -> list[str]:
        """The acts in which this should have occurred and did not; ``anywhere`` when the row names none."""
        if self.sometimes:
            return []
        seen = {difference.act for difference in found if self.explains(difference)}
        return [act for act in self.acts if act not in seen] if self.acts else ([] if seen else ["anywhere"])


def _fits(pattern: str | None, value: str | None) -> bool:
    if pattern is None or value is None:
        return pattern is value
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), value) is not None


def read_known(path: Path = TABLE) -> list[Known]:
    """The rows of the table."""
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["difference"]
    return [
        Known(**{**row, "acts": tuple(row.get("acts", ())), "reason": " ".join(row["reason"].split())}) for row in rows
    ]


def unexplained(found: Iterable[Difference], known: Sequence[Known]) -> list[Difference]:
    """The differences that no row explains."""
    return [difference for difference in found if not any(row.explains(difference) for row in known)]


def outdated(found: Sequence[Difference], known: Iterable[Known]) -> list[str]:
    """The rows that do not hold any more, as where and in which act."""
    return [f"{row.where} ({act})" for row in known for act in row.missing(found)]
