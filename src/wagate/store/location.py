"""Where a database is: ``sqlite:///path/to/wagate.db`` or ``postgresql://user@host/name``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wagate.domain.errors import StorageUnavailable

_SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True)
class Location:
    """A database URL, understood. ``path`` is set for SQLite."""

    url: str
    path: Path | None

    @classmethod
    def parse(cls, url: str) -> Location:
        """Read a URL (``sqlite:////absolute`` has four slashes). Raises StorageUnavailable for any other kind."""
        if url.startswith(_SQLITE) and len(url) > len(_SQLITE):
            return cls(url, Path(url.removeprefix(_SQLITE)))
        if url.startswith(("postgresql://", "postgres://")):
            return cls(url, None)
        raise StorageUnavailable(f"{url.partition('://')[0]!r} is no kind of database that wagate knows")
