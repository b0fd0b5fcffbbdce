"""The database of any program that is built on whatsmeow, as an upload: the SQLite file, and its WAL beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from typing_extensions import override

from wagate.adapters.engines.neonize.store import export_device
from wagate.domain.errors import DeviceUnreadable
from wagate.ports.device import LinkedDevice, ReadsDevices

_DATABASE: Final = "database"
_WAL: Final = "-wal"
_USELESS: Final = ("-shm", "-journal")


class WhatsmeowDatabase(ReadsDevices):
    """Reads one database, which may hold several linked devices."""

    @override
    def place(self, name: str) -> str | None:
        """The database, whatever its name is, and its WAL beside it."""
        if name.endswith(_USELESS):
            return None
        return _DATABASE + (_WAL if name.endswith(_WAL) else "")

    @override
    def read(self, folder: Path, jid: str | None) -> LinkedDevice:
        """Read the device, what the WAL holds included."""
        database = folder / _DATABASE
        if not database.exists():
            raise DeviceUnreadable("No database was given")
        return export_device(database, jid)
