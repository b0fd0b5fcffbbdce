"""What whatsmeow keeps of the app state: marks of chats and names of the address book, read while it works.

neonize passes on none of whatsmeow's events about the app state, but whatsmeow writes some of it down before it tells
(`appstate.go`, ``dispatchAppState``). Every look is a short read of its own, from the gateway's process: in the
worker's it would let go of whatsmeow's locks (`worker.device_file`). The write-ahead log lets both go on meanwhile.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MAX_ROWS: Final = 100_000
"""Chats, or names, beyond which nothing is read."""

_PATIENCE_S: Final = 5.0
_LONGEST: Final = 1000
"""Characters of a name; longer ones are cut."""

_VERSIONS: Final = "SELECT name, version FROM whatsmeow_app_state_version ORDER BY name"
_KEYS: Final = "SELECT COUNT(*) FROM whatsmeow_app_state_sync_keys"
_CHATS: Final = "SELECT chat_jid, archived, pinned, muted_until FROM whatsmeow_chat_settings LIMIT ?"
_NAMES: Final = """
    SELECT their_jid, full_name, COALESCE(first_name, ''), lids.lid, pns.pn FROM whatsmeow_contacts
    LEFT JOIN whatsmeow_lid_map lids ON lids.pn || '@s.whatsapp.net' = their_jid
        AND lids.pn = substr(their_jid, 1, instr(their_jid, '@') - 1)
    LEFT JOIN whatsmeow_lid_map pns ON pns.lid || '@lid' = their_jid
        AND pns.lid = substr(their_jid, 1, instr(their_jid, '@') - 1)
    WHERE full_name <> '' LIMIT ?
"""


class AgreedUnreadable(Exception):
    """whatsmeow's file is not there, or cannot be read now"""


@dataclass(frozen=True, slots=True)
class Stand:
    """How far whatsmeow is with the app state: how many keys it has, and the version of each collection."""

    keys: int
    versions: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class KeptChat:
    """A chat's marks. ``muted_until`` in seconds since 1970; 0: it is not, below 0: for ever."""

    jid: str
    archived: bool
    pinned: bool
    muted_until: int


@dataclass(frozen=True, slots=True)
class KeptName:
    """The names of a person, and their other address where it is known."""

    jid: str
    full: str
    first: str
    alt: str | None


def stand_in(path: Path) -> Stand:
    """How far whatsmeow is. Raises AgreedUnreadable."""
    with _opened(path) as database:
        ((keys,),) = database.execute(_KEYS)
        return Stand(int(keys), tuple((str(name), int(version)) for name, version in database.execute(_VERSIONS)))


def chats_in(path: Path) -> list[KeptChat]:
    """The marks of all chats that have any. Raises AgreedUnreadable."""
    with _opened(path) as database:
        return [
            KeptChat(str(jid), bool(archived), bool(pinned), int(until))
            for jid, archived, pinned, until in database.execute(_CHATS, (MAX_ROWS,))
        ]


def names_in(path: Path) -> list[KeptName]:
    """All names of the address book. Raises AgreedUnreadable."""
    with _opened(path) as database:
        return [
            KeptName(str(jid), str(full)[:_LONGEST], str(first)[:_LONGEST], _alt(lid, pn))
            for jid, full, first, lid, pn in database.execute(_NAMES, (MAX_ROWS,))
        ]


def _alt(lid: object, pn: object) -> str | None:
    if lid:
        return f"{lid}@lid"
    return f"{pn}@s.whatsapp.net" if pn else None


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        address = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=_PATIENCE_S)) as database:
            yield database
    except (sqlite3.Error, ValueError, TypeError) as error:
        raise AgreedUnreadable(f"what whatsmeow keeps of the app state cannot be read: {error}") from error
