"""The collection of all tables, and the few kinds of column that both databases understand alike."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, Text

METADATA = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)

AUTO = BigInteger().with_variant(Integer(), "sqlite")
"""The type of a number that the database gives out: only INTEGER counts by itself in SQLite."""


def text(name: str, **options: Any) -> Column[str]:
    """A word, an id, or JSON."""
    return Column(name, Text, **{"nullable": False, **options})


def number(name: str, **options: Any) -> Column[int]:
    """A count, a flag (0 or 1) or a moment (milliseconds since 1970, UTC)."""
    return Column(name, BigInteger, **{"nullable": False, **options})


def blob(name: str, **options: Any) -> Column[bytes]:
    """Bytes."""
    return Column(name, LargeBinary, **{"nullable": False, **options})


def maybe_text(name: str) -> Column[str]:
    """A word that may be absent."""
    return text(name, nullable=True)


def maybe_number(name: str) -> Column[int]:
    """A number that may be absent."""
    return number(name, nullable=True)
