"""A transaction script: one text for two databases.

A script is a generator that yields queries and is sent their rows; whoever drives it decides where the statements run
(``sqlite3`` or ``asyncpg``). What it raises undoes all that it did, and nothing else.

    GREET = sql("INSERT INTO greeting (id, text) VALUES (:id, :text) RETURNING text")

    def greet(text: str) -> Script[str]:
        rows = yield GREET(id="grt_1", text=text)
        return rows[0]["text"]

    await database.write(greet("hello"))

Only what both databases read alike is used: TEXT, BIGINT (moments are milliseconds since 1970, flags 0 and 1), bytes,
JSON kept as TEXT; ``INSERT … ON CONFLICT … RETURNING``; ``now_ms()`` for the database's own clock.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Literal, NewType, Protocol, TypeVar

from typing_extensions import override

T = TypeVar("T")

Dialect = Literal["sqlite", "postgresql"]


class Row(Protocol):
    """A row of an answer. Its columns are read by name."""

    def __getitem__(self, column: str, /) -> Any: ...


Parameters = NewType("Parameters", "tuple[Any, ...]")
"""Values in the order in which a statement counts its parameters."""


@dataclass(slots=True)
class Query:
    """A statement with its values; with ``many``, one run per tuple of values, and no rows come back."""

    statement: Statement
    values: Parameters
    many: list[Parameters] | None = None


Script = Generator[Query, list[Row], T]
"""A transaction script that ends with a ``T``."""

_PARAMETER = re.compile(r"'(?:[^']|'')*'|(?<![:\w]):([a-z_][a-z0-9_]*)|now_ms\(\)")

_NOW_MS = {
    # julianday() counts days; 2440587.5 is 1970-01-01T00:00Z.
    "sqlite": "CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER)",
    "postgresql": "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
}


class Statement:
    """SQL with named parameters (``:name``), compiled once for each database."""

    __slots__ = ("_pick", "names", "postgresql", "sqlite", "text")

    def __init__(self, text: str) -> None:
        """Compile ``text``. A colon inside a quoted literal is left alone."""
        self.text = " ".join(text.split())
        self.names = tuple(dict.fromkeys(name for name in _PARAMETER.findall(self.text) if name))
        self.sqlite = self._compile("sqlite", "?")
        self.postgresql = self._compile("postgresql", "$")
        self._pick = _picker(self.names)

    def __call__(self, **values: object) -> Query:
        """The query that runs this statement once. Raises TypeError when a value is missing or not used."""
        return Query(self, self._in_order(values))

    def many(self, rows: Iterable[Mapping[str, object]]) -> Query:
        """The query that runs this statement once for each row of values. It answers with no rows."""
        return Query(self, Parameters(()), [self._in_order(row) for row in rows])

    def tuples(self, rows: list[tuple[Any, ...]]) -> Query:
        """Like ``many``, for a hot path: the values stand in the order of ``names``."""
        return Query(self, Parameters(()), rows)  # type: ignore[arg-type]  # any tuple, by promise of the caller

    def _in_order(self, values: Mapping[str, object]) -> Parameters:
        if len(values) == len(self.names):
            try:
                return Parameters(self._pick(values))
            except KeyError:
                pass
        raise TypeError(f"{self.text!r} takes {sorted(self.names)}, not {sorted(values)}")

    def _compile(self, dialect: Dialect, sign: str) -> str:
        places = {name: f"{sign}{place}" for place, name in enumerate(self.names, 1)}

        def place(match: re.Match[str]) -> str:
            if match[1]:
                return places[match[1]]
            return _NOW_MS[dialect] if match[0] == "now_ms()" else match[0]

        return _PARAMETER.sub(place, self.text)

    @override
    def __repr__(self) -> str:
        """The SQL."""
        return f"sql({self.text!r})"


def _picker(names: tuple[str, ...]) -> Any:
    if not names:
        return lambda _: ()
    if len(names) == 1:
        only = names[0]
        return lambda values: (values[only],)
    return itemgetter(*names)


def sql(*parts: str) -> Statement:
    """Compile a statement, given in parts that are constants. Do it once, at the top of a module."""
    return Statement(" ".join(parts))
