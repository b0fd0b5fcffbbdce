"""Reading a whatsmeow database: a file that somebody else made, and that may say anything.

It is opened read-only, with limits on sizes and on the time that it may take; views, triggers and other code in it do
not run. Whatever does not hold raises DeviceUnreadable.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, TypeVar

from wagate.adapters.curve import public_of
from wagate.adapters.engines.neonize.store.addresses import read_name, read_own
from wagate.adapters.engines.neonize.store.schema import COMPATIBLE, DEVICE, VERSIONS
from wagate.adapters.engines.neonize.store.signal import read_sender_key, read_session
from wagate.domain.errors import DeviceNotNamed, DeviceUnreadable
from wagate.domain.jid import LID_SERVER, PHONE_SERVER
from wagate.ports.device import Account, AppStateKey, LinkedDevice, OneTimeKey, PrivacyToken, SignedKey
from wagate.ports.ratchets import SenderKey

MAX_VALUE: Final = 4 * 1024 * 1024
"""Bytes of one value."""

MAX_ROWS: Final = 500_000
"""Rows of one table."""

TIME_S: Final = 60.0
_STEPS: Final = 100_000
"""Steps of SQLite's machine between two looks at the clock."""

_T = TypeVar("_T")
Row = sqlite3.Row


def devices_in(path: Path) -> list[str]:
    """The addresses of the linked devices in a file. Raises DeviceUnreadable."""
    with _opened(path) as database:
        return [_word(row, "jid") for row in _rows(database, "SELECT jid FROM whatsmeow_device ORDER BY jid")]


def export_device(path: Path, jid: str | None = None) -> LinkedDevice:
    """The linked device in a file; with several, the one with this address, or of this account.

    Raises DeviceNotNamed, which lists them, when there are several and ``jid`` does not choose one; DeviceUnreadable.
    """
    with _opened(path) as database:
        found = _rows(database, "SELECT * FROM whatsmeow_device ORDER BY jid")
        return _Reader(database, _chosen(found, jid)).device()


def _chosen(rows: Sequence[Row], jid: str | None) -> Row:
    if not rows:
        raise DeviceUnreadable("No phone is linked to a device in this file")
    names = [_word(row, "jid") for row in rows]
    wanted = [
        row
        for row, name in zip(rows, names, strict=True)
        if jid is None or jid in (name, read_own(name)) or jid.lstrip("+").partition("@")[0] == _account(name)
    ]
    if len(wanted) == 1:
        return wanted[0]
    trouble = f"has no device {jid!r}" if not wanted else "has several linked devices"
    raise DeviceNotNamed(f"The file {trouble}; there are: {', '.join(names[:20])}", pointer="/jid")


def _account(name: str) -> str:
    return read_own(name).partition("@")[0].partition(":")[0]


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """The database, if it is one of whatsmeow's."""
    ends = time.monotonic() + TIME_S
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE)
            database.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
            database.set_progress_handler(lambda: time.monotonic() > ends, _STEPS)
            for pragma in ("trusted_schema = OFF", "query_only = ON", "cell_size_check = ON", "mmap_size = 0"):
                database.execute(f"PRAGMA {pragma}")
            _check(database)
            yield database
    except sqlite3.Error as error:
        raise DeviceUnreadable(f"The file is not a whatsmeow database that can be read: {error}") from error


def _check(database: sqlite3.Connection) -> None:
    tables = {row["name"] for row in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if not {DEVICE.name, VERSIONS} <= tables:
        raise DeviceUnreadable("The file is not a whatsmeow database: it has no table of devices")
    version = database.execute("SELECT version FROM whatsmeow_version").fetchone()
    if version is None or not isinstance(version["version"], int) or version["version"] < COMPATIBLE:
        raise DeviceUnreadable(
            f"The database is older than version {COMPATIBLE}: open it once with a newer whatsmeow, which raises it"
        )
    damage = database.execute("PRAGMA quick_check(1)").fetchone()
    if damage is None or damage[0] != "ok":
        raise DeviceUnreadable("The database is damaged")


def _rows(database: sqlite3.Connection, statement: str, *values: object) -> list[Row]:
    rows = database.execute(f"{statement} LIMIT {MAX_ROWS + 1}", values).fetchall()
    if len(rows) > MAX_ROWS:
        raise DeviceUnreadable(f"A table has more than {MAX_ROWS} rows")
    return rows


class _Reader:
    """Reads what belongs to one device."""

    def __init__(self, database: sqlite3.Connection, row: Row) -> None:
        self._database = database
        self._row = row
        self._jid = _word(row, "jid")

    def device(self) -> LinkedDevice:
        row = self._row
        identity = _blob(row, "identity_key")
        if len(identity) != 32:
            raise DeviceUnreadable("The identity key has not 32 bytes")
        public = public_of(identity)
        prekeys = self._of_us("whatsmeow_pre_keys", "jid", "key_id", lambda _, row: _prekey(row))
        sessions = self._of_them("whatsmeow_sessions", "session", lambda them, text: read_session(them, text, public))
        return LinkedDevice(
            pn=read_own(self._jid),
            lid=self._lid(),
            registration_id=_whole(row, "registration_id"),
            noise_private=_blob(row, "noise_key"),
            identity_private=identity,
            adv_secret=_blob(row, "adv_key"),
            account=Account(
                details=_blob(row, "adv_details"),
                identity=_blob(row, "adv_account_sig_key"),
                signature=_blob(row, "adv_account_sig"),
                device_signature=_blob(row, "adv_device_sig"),
            ),
            signed_prekeys=(
                SignedKey(
                    _whole(row, "signed_pre_key_id"), _blob(row, "signed_pre_key"), _blob(row, "signed_pre_key_sig")
                ),
            ),
            next_prekey=max((prekey.id for prekey in prekeys), default=0) + 1,
            name=_word(row, "push_name") or None,
            platform=_word(row, "platform") or None,
            prekeys=prekeys,
            sessions=tuple(session for _, session in sessions if session is not None),
            identities=tuple(self._of_them("whatsmeow_identity_keys", "identity", lambda _, key: key)),
            sender_keys=self._sender_keys(),
            people=self._people(),
            app_state_keys=self._of_us("whatsmeow_app_state_sync_keys", "jid", "key_id", lambda _, row: _app_key(row)),
            privacy_tokens=self._privacy_tokens(),
        )

    def _lid(self) -> str:
        """Our LID, which older files do not have in the row: the map has it then."""
        lid = _word(self._row, "lid")
        if lid:
            own, device = read_own(lid), self._jid.partition("@")[0].partition(":")[2]
            user = own.partition("@")[0]
            return own if ":" in user or not device else f"{user}:{device}@{LID_SERVER}"
        user = _account(self._jid)
        known = _rows(self._database, "SELECT lid FROM whatsmeow_lid_map WHERE pn = ?", user)
        if not known:
            raise DeviceUnreadable("The file does not know the account's LID: connect once with the old program")
        device = self._jid.partition("@")[0].partition(":")[2]
        return f"{_word(known[0], 'lid')}:{device}@{LID_SERVER}" if device else f"{_word(known[0], 'lid')}@{LID_SERVER}"

    def _of_us(self, table: str, owner: str, order: str, read: Callable[[int, Row], _T]) -> tuple[_T, ...]:
        statement = f"SELECT * FROM {table} WHERE {owner} = ? ORDER BY {order}"  # noqa: S608  names of ours
        return tuple(read(number, row) for number, row in enumerate(_rows(self._database, statement, self._jid)))

    def _of_them(self, table: str, column: str, read: Callable[[str, bytes], _T]) -> list[tuple[str, _T]]:
        """What a table has about others' devices, by address."""
        statement = f"SELECT their_id, {column} FROM {table} WHERE our_jid = ?"  # noqa: S608  names of ours
        found: dict[str, _T] = {}
        for row in _rows(self._database, statement, self._jid):
            them = read_name(_word(row, "their_id"))
            if them is not None and row[column] is not None:
                found[them] = read(them, _blob(row, column))
        return sorted(found.items(), key=lambda item: item[0])

    def _sender_keys(self) -> tuple[SenderKey, ...]:
        found: dict[tuple[str, str], SenderKey] = {}
        for row in _rows(self._database, "SELECT * FROM whatsmeow_sender_keys WHERE our_jid = ?", self._jid):
            group, them = _word(row, "chat_id"), read_name(_word(row, "sender_id"))
            if them is not None:
                found[group, them] = read_sender_key(group, them, _blob(row, "sender_key"))
        return tuple(found[key] for key in sorted(found))

    def _people(self) -> tuple[tuple[str, str], ...]:
        rows = _rows(self._database, "SELECT pn, lid FROM whatsmeow_lid_map")
        return tuple(sorted((_word(row, "pn"), _word(row, "lid")) for row in rows))

    def _privacy_tokens(self) -> tuple[PrivacyToken, ...]:
        found = {}
        statement = "SELECT * FROM whatsmeow_privacy_tokens WHERE our_jid = ?"
        for row in _rows(self._database, statement, self._jid):
            person = read_own(_word(row, "their_jid"))
            if person.endswith((f"@{PHONE_SERVER}", f"@{LID_SERVER}")):
                issued = _whole(row, "sender_timestamp") if _has(row, "sender_timestamp") else 0
                found[person] = PrivacyToken(person, _blob(row, "token"), _whole(row, "timestamp"), issued)
        return tuple(found[person] for person in sorted(found))


def _prekey(row: Row) -> OneTimeKey:
    return OneTimeKey(_whole(row, "key_id"), _blob(row, "key"), bool(row["uploaded"]))


def _app_key(row: Row) -> AppStateKey:
    return AppStateKey(
        _blob(row, "key_id"), _blob(row, "key_data"), _blob(row, "fingerprint"), _whole(row, "timestamp")
    )


def _has(row: Row, column: str) -> bool:
    return column in row.keys() and row[column] is not None  # noqa: SIM118  a row is no mapping


def _word(row: Row, column: str) -> str:
    found = row[column] if _has(row, column) else ""
    if not isinstance(found, str):
        raise DeviceUnreadable(f"{column} is not text")
    return found


def _whole(row: Row, column: str) -> int:
    found = row[column] if _has(row, column) else None
    if not isinstance(found, int):
        raise DeviceUnreadable(f"{column} is not a number")
    return found


def _blob(row: Row, column: str) -> bytes:
    found = row[column] if _has(row, column) else None
    if not isinstance(found, bytes):
        raise DeviceUnreadable(f"{column} is not there")
    return found
