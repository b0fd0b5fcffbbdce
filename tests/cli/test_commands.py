"""The small commands: usage, exit codes, doctor, keys, migrations, the API's description."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from cli.processes import running, wagate
from wagate.cli.outcome import MEANINGS, Exit
from wagate.features.access.keys import read_id


def _names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


_NOWHERE = {"WAGATE_URL": "http://127.0.0.1:9", "WAGATE_API_KEY": "wag_live_x"}


async def test_help_names_every_command_and_every_exit_code() -> None:
    shown = await wagate("--help")
    assert shown.code == 0
    for command in ("serve", "sandbox", "key", "session", "send", "doctor", "migrate", "openapi"):
        assert command in shown.out
    for code in Exit:
        if code is not Exit.INTERRUPTED:
            assert f"{code.value} " in shown.out
    assert set(MEANINGS) == set(Exit)


@pytest.mark.parametrize(
    ("arguments", "env", "code", "word"),
    [
        (["nonsense"], {}, 2, "nonsense"),
        (["send", "support"], {}, 2, "'to'"),
        (["send", "support", "+55", "hi", "--wait", "61"], {}, 2, "60"),
        (["session", "list"], {}, 4, "WAGATE_API_KEY"),
        (["session", "list"], _NOWHERE, 3, "wagate serve"),
        (["send", "support", "+55", "hi"], _NOWHERE, 3, "127.0.0.1:9"),
        (["session", "list"], {**_NOWHERE, "WAGATE_URL": "not a url"}, 2, "WAGATE_URL"),
        (["key", "create", "--scope", "everything"], {}, 2, "messages:send"),
        (["serve", "--port", "70000"], {}, 2, "port"),
    ],
)
async def test_what_cannot_work_ends_with_its_own_code_and_a_sentence(
    tmp_path: Path, arguments: list[str], env: dict[str, str], code: int, word: str
) -> None:
    ended = await wagate(*arguments, env=env, cwd=tmp_path)
    assert ended.code == code, ended.err
    assert word in ended.err
    assert "Traceback" not in ended.err
    assert ended.out == ""


async def test_version_and_openapi_are_printed(tmp_path: Path) -> None:
    assert (await wagate("--version")).out.startswith("wagate ")
    assert (await wagate("openapi")).json["openapi"].startswith("3.1")
    assert (await wagate("openapi", "--reference", str(tmp_path))).code == 0
    assert _names(tmp_path) == ["api.md", "errors.md", "events.md", "settings.md"]


async def test_migrate_makes_the_tables_and_may_be_run_again(tmp_path: Path) -> None:
    for _ in range(2):
        ended = await wagate("migrate", "--data", str(tmp_path / "data"))
        assert (ended.code, ended.err) == (0, "")
    with closing(sqlite3.connect(tmp_path / "data" / "wagate.db")) as database:
        assert database.execute("SELECT COUNT(*) FROM api_key").fetchone() == (0,)


async def test_migrate_on_postgresql(tmp_path: Path, postgres_database: str) -> None:
    ended = await wagate("migrate", "--data", str(tmp_path), env={"WAGATE_DATABASE_URL": postgres_database})
    assert (ended.code, ended.err) == (0, "")
    broken = {"WAGATE_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"}
    ended = await wagate("migrate", "--data", str(tmp_path), env=broken)
    assert ended.code == 1
    assert "Traceback" not in ended.err


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
def broken_data(data: Path) -> Path:
    """A data directory that others can read, with a database that is none."""
    data.chmod(0o755)
    (data / "wagate.db").write_bytes(b"this is no database" * 100)
    (data.parent / "file").touch()
    return data


async def test_doctor_finds_nothing_wrong_where_nothing_is(data: Path) -> None:
    ended = await wagate("doctor", "--data", str(data), "--port", "0", "--json")
    assert ended.code == 0, ended.err
    found = {finding["subject"]: finding for finding in ended.json}
    assert {"Python", "SQLite", "Data directory", "Disk space", "Clock", "Port", "TLS authorities", "Database"} <= set(
        found
    )
    assert found["Default engine"]["detail"] == "neonize"
    assert "fake" not in "".join(found)
    assert found["Client versions"]["verdict"] == "good"
    assert not [finding for finding in ended.json if finding["verdict"] == "bad"]
    words = await wagate("doctor", "--data", str(data), "--port", "0")
    assert str(data) in words.out


async def test_doctor_says_what_is_wrong_and_how_to_mend_it(broken_data: Path) -> None:
    data = broken_data
    ended = await wagate("doctor", "--data", str(data), "--json")
    found = {finding["subject"]: finding for finding in ended.json}
    assert ended.code == 1
    assert "Database" in ended.err
    assert found["Database"]["verdict"] == "bad"
    assert (found["Data directory"]["verdict"], found["Data directory"]["remedy"]) == (
        "warning",
        f"Run `chmod 700 {data}`.",
    )
    ended = await wagate("doctor", "--data", str(data.parent / "file" / "data"), "--json")
    assert ended.code == 1
    assert "Data directory" in ended.err
    env = {"WAGATE_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none", "WAGATE_WHATSAPP_CA_FILE": "/nonexistent"}
    ended = await wagate("doctor", "--data", str(data), "--json", env=env)
    found = {finding["subject"]: finding for finding in ended.json}
    assert found["Database"]["verdict"] == found["TLS authorities"]["verdict"] == "bad"
    assert all(finding["remedy"] for finding in ended.json if finding["verdict"] in ("bad", "warning"))


async def test_doctor_makes_nothing(tmp_path: Path) -> None:
    await wagate("doctor", "--data", str(tmp_path / "data"))
    assert _names(tmp_path) == []


async def test_keys_are_made_listed_and_revoked_while_the_gateway_is_stopped(tmp_path: Path) -> None:
    at = ("--data", str(tmp_path / "data"))
    made = await wagate("key", "create", "crm", "--scope", "messages:send", *at, "--json")
    assert made.code == 0, made.err
    assert read_id(made.json["key"]) == made.json["id"]
    assert made.json["scopes"] == ["messages:send"]
    words = await wagate("key", "create", *at)
    secret, sentence = words.out.splitlines()
    assert str(read_id(secret)) in sentence
    assert _mode(tmp_path / "data") == 0o700
    listed = await wagate("key", "list", *at)
    assert made.json["id"] in listed.out
    assert secret not in listed.out
    assert (await wagate("key", "revoke", made.json["id"], *at)).code == 0
    missing = await wagate("key", "revoke", "key_nothing", *at)
    assert missing.code == 1
    assert "api_key_not_found" in missing.err
    async with running("serve", tmp_path / "data", WAGATE_ENGINE="fake") as server:
        assert server.key is None
        assert (await wagate("session", "list", env=server.env(secret))).code == 0
        revoked = await wagate("session", "list", env=server.env(made.json["key"]))
        assert revoked.code == 4


async def test_keys_go_through_the_gateway_while_it_runs(tmp_path: Path) -> None:
    at = ("--data", str(tmp_path / "data"))
    async with running("serve", tmp_path / "data", WAGATE_ENGINE="fake") as server:
        without = await wagate("key", "create", *at)
        assert without.code == 4
        assert "WAGATE_API_KEY" in without.err
        made = await wagate("key", "create", "crm", "--scope", "messages:read", *at, "--json", env=server.env())
        assert made.code == 0, made.err
        listed = await wagate("key", "list", *at, "--json", env=server.env())
        assert {key["name"] for key in listed.json} == {"admin", "crm"}
        not_allowed = await wagate("key", "list", *at, env=server.env(made.json["key"]))
        assert not_allowed.code == 4
        assert "keys:manage" in not_allowed.err
        assert (await wagate("key", "revoke", made.json["id"], *at, env=server.env())).code == 0
        assert (await wagate("session", "list", env=server.env(made.json["key"]))).code == 4
