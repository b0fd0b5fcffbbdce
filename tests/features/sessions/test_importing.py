"""A foreign device becomes a session, whole or not at all."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from features.sessions.test_moving import kept, kinds, moves
from fixtures.devices import Workshop
from fixtures.rooms import House, OpenHouse, eventually
from foreign.test_baileys import as_baileys_keeps_it, write_folder
from wagate.adapters.engines.native import NativeEngine
from wagate.adapters.engines.neonize.store import holdable, write_device
from wagate.domain.errors import (
    DeviceInUse,
    DeviceNotNamed,
    DeviceUnreadable,
    GatewayError,
    InvalidRequest,
    SessionNameTaken,
    UnsupportedByEngine,
)
from wagate.domain.session import Reason, Session, SessionState
from wagate.features.sessions.leaping import leap
from wagate.ports.device import LinkedDevice


def a_device(seed: int = 1) -> LinkedDevice:
    dice = Random(seed)
    while not (device := Workshop(dice).device()).sessions or not device.prekeys:
        pass
    return device


async def opened(open_house: OpenHouse, **changes: object) -> House:
    """A gateway with the native engine, which never connects here."""
    return await open_house(
        settings={"engine": "native"},
        make_engine=lambda house: NativeEngine(url="ws://127.0.0.1:9/"),
        **changes,
    )


def files_of(file: Path) -> list[Path]:
    return sorted(file.iterdir()) if file.is_dir() else sorted(file.parent.glob(f"{file.name}*"))


async def taken(house: House, file: Path, source: str = "whatsmeow", **words: str) -> Session:
    """Import a file or a folder."""
    sessions = house.gateway.sessions
    async with sessions.upload(source) as upload:
        for each in files_of(file):
            name = upload.reader.place(each.name)
            if name is not None:
                shutil.copyfile(each, upload.folder / name)
        return await sessions.import_device(house.us, upload, **words)


async def device_of(house: House, session: Session) -> LinkedDevice:
    """What the engine keeps."""
    opening = house.gateway._cellar.restore._opening
    scope = await opening.database.write(opening.claimed(session.id))
    vault = opening.keeper.open(scope.session, scope.tenant, scope.epoch)
    engine = opening.engines["native"]
    assert isinstance(engine, NativeEngine)
    try:
        return await engine.export_device(session.id, vault)
    finally:
        await vault.close()


async def assert_empty(house: House) -> None:
    """Nothing of an import is left."""
    assert (await house.gateway.sessions.list(house.us)).items == ()
    assert await kept(house, kinds()) == []
    assert await kept(house, moves()) == []
    assert list((house.data / "imports").iterdir()) == []


async def test_a_database_of_whatsmeow_becomes_a_session(open_house: OpenHouse, tmp_path: Path) -> None:
    house, device = await opened(open_house), a_device()
    write_device(tmp_path / "foreign.db", device)
    session = await taken(house, tmp_path / "foreign.db", name="support")
    assert (session.name, session.engine, session.state) == ("support", "native", SessionState.STOPPED)
    assert session.reason == Reason("imported")
    assert session.me == device.me
    found = await device_of(house, session)
    assert found.sessions == holdable(leap(device)).sessions
    assert found.prekeys[: len(device.prekeys)] == device.prekeys
    assert await kept(house, moves()) == []
    assert list((house.data / "imports").iterdir()) == []
    await house.restart()
    assert (await house.gateway.sessions.get(house.us, session.id)).me == device.me


async def test_a_folder_of_baileys_becomes_a_session(open_house: OpenHouse, tmp_path: Path) -> None:
    house, device = await opened(open_house), as_baileys_keeps_it(a_device())
    (tmp_path / "auth").mkdir()
    write_folder(tmp_path / "auth", device)
    (tmp_path / "auth" / "notes.txt").write_text("not of Baileys")
    session = await taken(house, tmp_path / "auth", "baileys")
    found = await device_of(house, session)
    assert (found.sessions, found.sender_keys) == (leap(device).sessions, device.sender_keys)


async def test_what_the_wal_holds_is_taken_as_well(open_house: OpenHouse, tmp_path: Path) -> None:
    """The old program was killed: its last steps are in the file beside the database only."""
    house, device, path = await opened(open_house), a_device(), tmp_path / "foreign.db"
    write_device(path, device)
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("UPDATE whatsmeow_device SET push_name = 'after the checkpoint'")
        database.commit()
        copy = tmp_path / "killed" / "foreign.db"
        copy.parent.mkdir()
        for suffix in ("", "-wal"):
            shutil.copyfile(f"{path}{suffix}", f"{copy}{suffix}")
    session = await taken(house, copy)
    assert session.me is not None
    assert session.me.name == "after the checkpoint"


async def test_a_device_is_one_session_only(open_house: OpenHouse, tmp_path: Path) -> None:
    house = await opened(open_house)
    write_device(tmp_path / "foreign.db", a_device())
    session = await taken(house, tmp_path / "foreign.db")
    before = await kept(house, kinds())
    with pytest.raises(DeviceInUse, match=session.id):
        await taken(house, tmp_path / "foreign.db")
    assert await kept(house, kinds()) == before
    await house.gateway.sessions.delete(house.us, session.id)
    await assert_empty(house)
    await taken(house, tmp_path / "foreign.db")


async def test_clearing_up_spares_an_import_that_ends_meanwhile(open_house: OpenHouse, tmp_path: Path) -> None:
    """A gateway looks for what its predecessor left while it serves already."""
    house = await opened(open_house)
    write_device(tmp_path / "foreign.db", a_device())
    importing = house.gateway.sessions._importing

    async with asyncio.TaskGroup() as tasks:
        under_way = tasks.create_task(taken(house, tmp_path / "foreign.db"))

        async def begun() -> bool:
            return bool(await kept(house, moves())) or under_way.done()

        await eventually(begun)
        await importing.clear()
    session = under_way.result()
    assert (await house.gateway.sessions.get(house.us, session.id)).state is SessionState.STOPPED


@pytest.mark.parametrize(
    ("words", "error", "complaint"),
    [
        ({"name": "NOT A NAME"}, InvalidRequest, "name"),
        ({"name": "taken"}, SessionNameTaken, "taken"),
        ({"engine": "three"}, InvalidRequest, "three"),
        ({"jid": "4900@s.whatsapp.net"}, DeviceNotNamed, "4915100000001"),
        ({"source": "telegram"}, InvalidRequest, "telegram"),
    ],
)
async def test_what_cannot_be_is_refused(
    open_house: OpenHouse, tmp_path: Path, words: dict[str, str], error: type[GatewayError], complaint: str
) -> None:
    house = await opened(open_house)
    taken_name = await house.gateway.sessions.create(house.us, name="taken")
    write_device(tmp_path / "foreign.db", a_device())
    with pytest.raises(error, match=complaint):
        await taken(house, tmp_path / "foreign.db", **words)
    await house.gateway.sessions.delete(house.us, taken_name.id)
    if "source" not in words:
        await assert_empty(house)


async def test_an_engine_that_carries_no_device_takes_none(house: House, tmp_path: Path) -> None:
    write_device(tmp_path / "foreign.db", a_device())
    with pytest.raises(UnsupportedByEngine):
        await taken(house, tmp_path / "foreign.db")


async def test_a_file_that_lies_leaves_nothing_behind(open_house: OpenHouse, tmp_path: Path) -> None:
    house, device = await opened(open_house), a_device()
    (tmp_path / "noise.db").write_bytes(Random(1).randbytes(9000))
    with pytest.raises(DeviceUnreadable, match="not a whatsmeow database"):
        await taken(house, tmp_path / "noise.db")
    # What only the engine can see: the keys are not this account's.
    forged = replace(device, account=replace(device.account, device_signature=bytes(64)))
    write_device(tmp_path / "forged.db", forged)
    with pytest.raises(DeviceUnreadable, match="not signed by the identity key"):
        await taken(house, tmp_path / "forged.db")
    await assert_empty(house)


@pytest.mark.parametrize("good", range(6))
async def test_a_gateway_that_dies_over_an_import_leaves_all_or_nothing(
    open_house: OpenHouse, tmp_path: Path, good: int
) -> None:
    commits: int | None = None

    def before_commit() -> None:
        nonlocal commits
        if commits is not None:
            commits -= 1
            if commits < 0:
                raise RuntimeError("the disk is gone")

    house = await opened(open_house, before_commit=before_commit)
    write_device(tmp_path / "foreign.db", a_device())
    commits = good
    task = asyncio.get_running_loop().create_task(taken(house, tmp_path / "foreign.db"))
    await asyncio.wait([task], timeout=10.0)
    task.cancel()
    await asyncio.wait([task])
    commits = None
    await house.restart()
    (house.data / "imports").mkdir(exist_ok=True)
    found = (await house.gateway.sessions.list(house.us)).items
    if not task.cancelled() and task.exception() is None:
        assert len(found) == 1
    else:
        await assert_empty(house)
        await taken(house, tmp_path / "foreign.db")
