"""A device that is written into a whatsmeow database comes back as it was; a foreign file may say anything."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures.devices import Workshop
from wagate.adapters.engines.neonize.store import delete_device, devices_in, export_device, holdable, write_device
from wagate.adapters.engines.neonize.store.signal import derived, read_sender_key, read_session
from wagate.domain.errors import DeviceNotNamed, DeviceUnreadable
from wagate.ports.device import LinkedDevice
from whatsapp_wire.signal.ratchet import message_keys

PATIENT = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
DICE = st.integers(0, 2**32).map(Random)


@PATIENT
@given(DICE)
def test_a_device_comes_back_as_it_was(tmp_path: Path, dice: Random) -> None:
    path, device = tmp_path / "session.db", Workshop(dice).device()
    write_device(path, device)
    found = export_device(path)
    expected = holdable(device)
    assert found.next_prekey >= expected.next_prekey
    assert found.prekeys[: len(expected.prekeys)] == expected.prekeys
    assert all(prekey.id >= expected.next_prekey for prekey in found.prekeys[len(expected.prekeys) :])
    assert _without_prekeys(found) == _without_prekeys(expected)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [child.name for child in tmp_path.iterdir()] == ["session.db"]


def test_a_device_is_replaced_and_deleted_with_all_that_lies_beside_it(tmp_path: Path) -> None:
    path, one, other = tmp_path / "session.db", Workshop(Random(1)).device(), Workshop(Random(2)).device()
    write_device(path, one)
    for suffix in ("-wal", "-shm", "-journal"):
        (tmp_path / f"session.db{suffix}").write_bytes(b"of the former file")
    write_device(path, other)
    assert export_device(path).noise_private == other.noise_private
    assert [child.name for child in tmp_path.iterdir()] == ["session.db"]
    (tmp_path / "session.db-wal").write_bytes(b"")
    delete_device(path)
    delete_device(path)
    assert list(tmp_path.iterdir()) == []


def test_the_ids_of_used_prekeys_do_not_come_again(tmp_path: Path) -> None:
    path, device = tmp_path / "session.db", Workshop(Random(3)).device()
    with_all_used = LinkedDevice(**{name: getattr(device, name) for name in device.__slots__} | {"prekeys": ()})
    write_device(path, with_all_used)
    found = export_device(path)
    assert [(key.id, key.is_published) for key in found.prekeys] == [(device.next_prekey, False)]
    assert found.next_prekey == device.next_prekey + 1


def test_keys_are_derived_as_the_protocol_does() -> None:
    seed = bytes(range(32))
    assert derived(seed) == b"".join(message_keys(seed))
    assert derived(derived(seed)) == derived(seed)


def test_one_of_several_devices_is_chosen_by_its_address(tmp_path: Path) -> None:
    one, other = Workshop(Random(1)).device(), Workshop(Random(2)).device()
    path, beside = tmp_path / "several.db", tmp_path / "other.db"
    write_device(path, one)
    write_device(beside, other)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("ATTACH ? AS beside", (str(beside),))
        for table in ("whatsmeow_device", "whatsmeow_pre_keys", "whatsmeow_sessions", "whatsmeow_identity_keys"):
            database.execute(f"INSERT INTO main.{table} SELECT * FROM beside.{table}")
        database.commit()
        database.execute("DETACH beside")
    assert devices_in(path) == sorted([one.pn, other.pn])
    assert export_device(path, other.pn).sessions == holdable(other).sessions
    with pytest.raises(DeviceNotNamed, match=r"several linked devices; there are: .*4915100000001:"):
        export_device(path)
    with pytest.raises(DeviceNotNamed, match=r"no device 'x@s\.whatsapp\.net'"):
        export_device(path, "x@s.whatsapp.net")


@pytest.mark.parametrize("content", [b"", b"not a database at all", b"SQLite format 3\0" + bytes(4000)])
def test_what_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "foreign.db"
    path.write_bytes(content)
    with pytest.raises(DeviceUnreadable):
        export_device(path)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("DELETE FROM whatsmeow_device", "No phone is linked"),
        ("DROP TABLE whatsmeow_device", "no table of devices"),
        ("UPDATE whatsmeow_version SET version = 7", "older than version 8"),
        ("UPDATE whatsmeow_device SET noise_key = x'00'", "noise key has 32 bytes, not 1"),
        ("UPDATE whatsmeow_device SET noise_key = 'text'", "noise_key is not there"),
        ("UPDATE whatsmeow_device SET registration_id = 'many'", "registration_id is not a number"),
        ("UPDATE whatsmeow_device SET lid = ''", "does not know the account's LID"),
        ("UPDATE whatsmeow_sessions SET session = x'ff00'", "not JSON"),
        ("UPDATE whatsmeow_sessions SET session = zeroblob(5000000)", "cannot be read|not a whatsmeow"),
        ("UPDATE whatsmeow_sessions SET session = CAST(replace(session, ':3}', ':4}') AS BLOB)", "version 3"),
        ("UPDATE whatsmeow_identity_keys SET identity = zeroblob(32)", "low order"),
        ("INSERT INTO whatsmeow_lid_map VALUES ('x', 'y')", "is not a number"),
        ("DROP TABLE whatsmeow_sessions", "no such table"),
        (
            "DROP TABLE whatsmeow_lid_map; CREATE VIEW whatsmeow_lid_map AS WITH RECURSIVE n(i) AS"
            " (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS lid, i AS pn FROM n",
            "more than|interrupted|not text",
        ),
    ],
)
def test_damage_is_named(tmp_path: Path, change: str, complaint: str) -> None:
    dice, path = Random(5), tmp_path / "session.db"
    while not (device := Workshop(dice).device()).sessions:
        pass
    write_device(path, device)
    with closing(sqlite3.connect(path)) as database:
        database.executescript(change)
    with pytest.raises(DeviceUnreadable, match=complaint):
        export_device(path)


def test_a_state_that_was_left_behind_when_it_came_back_is_passed_over(tmp_path: Path) -> None:
    """Go's libsignal promotes an archived state and keeps its old copy, which must never be used again."""
    dice = Random(9)
    while not (device := Workshop(dice).device()).sessions:
        pass
    path = tmp_path / "session.db"
    write_device(path, device)
    with closing(sqlite3.connect(path)) as database:
        row = database.execute("SELECT session FROM whatsmeow_sessions LIMIT 1").fetchone()[0]
        record = json.loads(row)
        stale = json.loads(json.dumps(record["SessionState"]))
        stale["SenderChain"]["ChainKey"]["Index"] = 0
        record["PreviousStates"].append(stale)
        database.execute("UPDATE whatsmeow_sessions SET session = ?", (json.dumps(record).encode(),))
        database.commit()
    found = export_device(path).sessions[0]
    assert found.current.sending_counter == record["SessionState"]["SenderChain"]["ChainKey"]["Index"]
    assert found.current.base_key not in [state.base_key for state in found.archived]


KEYS = ["SessionState", "PreviousStates", "SenderChain", "ChainKey", "Key", "Index", "SenderKeyStates"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=44) | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=200))
def test_whatever_stands_in_a_session_is_read_or_refused(text: bytes) -> None:
    for read in (lambda: read_session("1@lid", text, bytes(32)), lambda: read_sender_key("1@g.us", "1@lid", text)):
        with suppress(DeviceUnreadable):
            read()


def _without_prekeys(device: LinkedDevice) -> dict[str, object]:
    return {name: getattr(device, name) for name in device.__slots__ if name not in ("prekeys", "next_prekey")}
