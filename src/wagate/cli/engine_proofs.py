"""Which test shows what an engine can do: kept beside the page about the engines, in ``engines.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_DIRECTIONS = {"out": "out", "in": "in", "both": "both ways"}
_FIXED = ("what", "direction", "name")


@dataclass(frozen=True, slots=True)
class Proof:
    """Something that engines can do, out (we to WhatsApp) or in, and by engine the test that shows it.

    ``name`` is the kind of content or the ability that an engine must claim for this, where there is one.
    """

    what: str
    direction: str
    name: str | None
    tests: Mapping[str, str]


def read_proofs(file: Path) -> tuple[Proof, ...]:
    """The rows of such a file; none where there is no file. Raises ValueError, KeyError when it is malformed."""
    if not file.exists():
        return ()
    rows = tomllib.loads(file.read_text("utf-8"))["row"]
    return tuple(_proof(row) for row in rows)


def proofs_table(proofs: Sequence[Proof], engines: Sequence[str]) -> list[list[str]]:
    """The rows of the page's table: what, direction, and for each engine the test that shows it."""
    return [[proof.what, _DIRECTIONS[proof.direction], *(_cell(proof, name) for name in engines)] for proof in proofs]


def _proof(row: Mapping[str, str]) -> Proof:
    tests = {name: test for name, test in row.items() if name not in _FIXED}
    if row["direction"] not in _DIRECTIONS:
        raise ValueError(f"{row['what']}: a direction is one of {', '.join(_DIRECTIONS)}")
    return Proof(row["what"], row["direction"], row.get("name"), tests)


def _cell(proof: Proof, engine: str) -> str:
    test = proof.tests.get(engine)
    if test is None:
        return "no"
    file, _, name = test.partition("::")
    return f"yes: [{'all of it' if name == '*' else name.removeprefix('test_').replace('_', ' ')}](../{file})"
