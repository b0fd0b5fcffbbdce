"""Writing a whatsmeow database that holds one linked device."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from wagate.adapters.curve import public_of
from wagate.adapters.engines.neonize.store.addresses import name_of
from wagate.adapters.engines.neonize.store.holdable import holdable
from wagate.adapters.engines.neonize.store.schema import COMPATIBLE, INDEXES, TABLES, VERSION, VERSIONS
from wagate.adapters.engines.neonize.store.signal import sender_key_text, session_text
from wagate.ports.device import MAX_PREKEY_ID, LinkedDevice

_BESIDE = ("-wal", "-shm", "-journal")


def write_device(path: Path, device: LinkedDevice) -> None:
    """Make a database (0600) with this device, in place of what is there; it appears whole, or not at all.

    Raises OSError or sqlite3.Error; the file is then as it was.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with closing(sqlite3.connect(draft, isolation_level=None)) as database:
            database.execute("PRAGMA synchronous = FULL")
            database.execute("BEGIN IMMEDIATE")
            _make_tables(database)
            _fill(database, holdable(device))
            database.execute("COMMIT")
        # What an earlier file left beside it would be taken for a part of the new one.
        for suffix in _BESIDE:
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        draft.replace(path)
        _sync_folder(path.parent)
    finally:
        for suffix in ("", *_BESIDE):
            draft.with_name(draft.name + suffix).unlink(missing_ok=True)


def delete_device(path: Path) -> None:
    """Delete a database and what lies beside it; a file that is not there is no error. Raises OSError.

    The database goes first: what is left after a crash is no device, and the next `write_device` removes it.
    """
    for suffix in ("", *_BESIDE):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    if path.parent.exists():
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make a rename durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _make_tables(database: sqlite3.Connection) -> None:
    database.execute(f"CREATE TABLE {VERSIONS} (version INTEGER, compat INTEGER)")
    _insert(database, VERSIONS, [(VERSION, COMPATIBLE)])
    for table in TABLES:
        database.execute(table.ddl)
    for index in INDEXES:
        database.execute(index)


def _insert(database: sqlite3.Connection, table: str, rows: Iterable[tuple[object, ...]]) -> None:
    rows = list(rows)
    if rows:
        places = ", ".join("?" for _ in rows[0])
        database.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608  names of ours


def _fill(database: sqlite3.Connection, device: LinkedDevice) -> None:
    us, key, account = device.pn, device.signed_prekeys[-1], device.account
    own = public_of(device.identity_private)
    _insert(
        database,
        "whatsmeow_device",
        [
            (
                *(us, device.lid, None, device.registration_id, device.noise_private, device.identity_private),
                *(key.private, key.id, key.signature),
                *(device.adv_secret, account.details, account.signature, account.identity, account.device_signature),
                *(device.platform or "", "", device.name or "", 0, ""),
            )
        ],
    )
    _insert(database, "whatsmeow_pre_keys", _prekeys(device))
    _insert(
        database,
        "whatsmeow_sessions",
        ((us, name_of(each.device), session_text(each, own, device.registration_id)) for each in device.sessions),
    )
    _insert(database, "whatsmeow_identity_keys", ((us, name_of(them), theirs) for them, theirs in device.identities))
    _insert(
        database,
        "whatsmeow_sender_keys",
        ((us, each.group, name_of(each.device), sender_key_text(each)) for each in device.sender_keys),
    )
    _insert(database, "whatsmeow_lid_map", ((lid, phone) for phone, lid in device.people))
    _insert(
        database,
        "whatsmeow_app_state_sync_keys",
        ((us, each.id, each.data, each.made_at, each.fingerprint) for each in device.app_state_keys),
    )
    _insert(
        database,
        "whatsmeow_privacy_tokens",
        ((us, each.person, each.token, each.received_at, each.issued_at or None) for each in device.privacy_tokens),
    )


def _prekeys(device: LinkedDevice) -> list[tuple[object, ...]]:
    """The prekeys, and a new one above them when the highest id was used up.

    whatsmeow counts on from the highest id in the table: without it, ids that the server has handed out came again.
    """
    rows: list[tuple[object, ...]] = [(device.pn, key.id, key.private, key.is_published) for key in device.prekeys]
    last = device.prekeys[-1].id if device.prekeys else 0
    if last + 1 < device.next_prekey <= MAX_PREKEY_ID:
        rows.append((device.pn, device.next_prekey, secrets.token_bytes(32), False))
    return rows
