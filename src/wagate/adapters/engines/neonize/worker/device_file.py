"""Reads whatsmeow's database, which belongs to whatsmeow: which device is in it, and what it noted about messages.

Tables and columns are those of whatsmeow's ``store/sqlstore`` (``whatsmeow_device``, ``whatsmeow_message_secrets``).
Every look is a short read of its own, so that whatsmeow never finds the file busy because of us.

**Never in the process in which whatsmeow has the file open** (`notes.py` is for that). Locks of POSIX belong to the
process: our close would drop those of whatsmeow's SQLite and, seeing nobody else, delete the write-ahead log in which
whatsmeow goes on writing; what it writes from then on is gone when the process dies, ratchets among it (sqlite.org,
"How To Corrupt An SQLite Database File", 2.2).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Final

NAME: Final = "device.db"

_PATIENCE_S: Final = 5.0


class DeviceFileUnreadable(Exception):
    """The file is not a database that whatsmeow wrote, or it cannot be read"""


def prepare(folder: Path) -> None:
    """Make the file before whatsmeow does, which would leave it readable for everybody and without a write-ahead log.

    The caller's umask is 077; the journal mode stays with the file. Raises DeviceFileUnreadable.
    """
    path = folder / NAME
    try:
        with closing(sqlite3.connect(path, timeout=_PATIENCE_S)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        path.chmod(0o600)
    except (sqlite3.Error, OSError) as error:
        raise DeviceFileUnreadable(f"{NAME} cannot be opened: {error}") from error


def exists(folder: Path) -> bool:
    """Whether there is such a file at all."""
    return (folder / NAME).is_file()


def device_in(folder: Path) -> str | None:
    """The address of the device in the file, with its device number, or None. Raises DeviceFileUnreadable."""
    rows = _ask(folder, "SELECT jid FROM whatsmeow_device LIMIT 2", ())
    if len(rows) > 1:
        raise DeviceFileUnreadable(f"{NAME} holds several devices")
    return str(rows[0][0]) if rows else None


def noted_in(folder: Path, tags: Iterable[str]) -> dict[str, str]:
    """The ids under which whatsmeow built the messages with these secrets (hex); those that it never built are absent.

    whatsmeow writes the row before the frame leaves (`send.go`, ``PutMessageSecret``). Raises DeviceFileUnreadable.
    """
    found = {}
    for tag in tags:
        rows = _ask(folder, "SELECT message_id FROM whatsmeow_message_secrets WHERE key = ?", (bytes.fromhex(tag),))
        if rows:
            found[tag] = str(rows[0][0])
    return found


def _ask(folder: Path, question: str, values: tuple[bytes, ...]) -> list[tuple[object, ...]]:
    path = folder / NAME
    try:
        with closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=_PATIENCE_S)
        ) as connection:
            return connection.execute(question, values).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return []  # whatsmeow has not been here yet
        raise DeviceFileUnreadable(f"{NAME} cannot be read: {error}") from error
    except sqlite3.Error as error:
        raise DeviceFileUnreadable(f"{NAME} cannot be read: {error}") from error
