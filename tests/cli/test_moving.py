"""Importing and moving from the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.processes import running, wagate
from features.sessions.test_importing import a_device
from foreign.test_baileys import as_baileys_keeps_it, write_folder
from wagate.adapters.engines.neonize.store import write_device

_FAKE = {"WAGATE_ENGINE": "fake"}


async def test_devices_are_imported_and_errors_are_sentences(tmp_path: Path) -> None:
    write_device(tmp_path / "old.db", a_device(1))
    folder = tmp_path / "auth"
    folder.mkdir()
    write_folder(folder, as_baileys_keeps_it(a_device(2)))
    async with running("serve", tmp_path / "data", **_FAKE) as server:
        env = server.env()
        taken = await wagate(
            "session",
            "import",
            *("--from-whatsmeow", str(tmp_path / "old.db"), "--name", "support", "--engine", "native"),
            env=env,
        )
        assert (taken.code, taken.err) == (0, "")
        assert "Imported +4915100000001 as session support" in taken.out
        assert "never runs again" in taken.out
        again = await wagate(
            "session", "import", "--from-whatsmeow", str(tmp_path / "old.db"), "--engine", "native", env=env
        )
        assert again.code == 1
        assert "[device_in_use]" in again.err
        other = await wagate(
            "session", "import", "--from-baileys", str(folder), "--engine", "native", "--json", env=env
        )
        assert other.json["state"] == "stopped", other.err
        moved = await wagate("session", "move", "support", "--to", "native", env=env)
        assert "Session support uses native now and is stopped." in moved.out, moved.err
        refused = await wagate("session", "move", "support", "--to", "fake", env=env)
        assert refused.code == 1
        assert "[unsupported_by_engine]" in refused.err


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        ([], 2, "--from-whatsmeow"),
        (["--from-whatsmeow", "a", "--from-baileys", "b"], 2, "one source"),
        (["--from-whatsmeow", "/nowhere/old.db"], 1, "/nowhere/old.db"),
        (["--from-baileys", "/nowhere"], 1, "not a folder"),
    ],
)
async def test_what_is_not_there_is_named(arguments: list[str], code: int, word: str) -> None:
    env = {"WAGATE_URL": "http://127.0.0.1:9", "WAGATE_API_KEY": "wag_live_x"}
    ended = await wagate("session", "import", *arguments, env=env)
    assert ended.code == code, ended.err
    assert word in ended.err
    assert "Traceback" not in ended.err
