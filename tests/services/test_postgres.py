import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import psutil
import pytest

from services import postgres
from services.postgres import PostgresServer

_TESTS = Path(__file__).parents[1]
_OWNER = """
import sys
sys.path.insert(0, sys.argv[1])
from services.postgres import postgres_server
with postgres_server() as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""


def ask(url: str, query: str) -> Any:
    async def fetch() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return asyncio.run(fetch())


def test_each_database_is_its_own(postgres_server: PostgresServer) -> None:
    one, other = postgres_server.create_database(), postgres_server.create_database()
    ask(one, "CREATE TABLE mine (n int)")
    assert ask(other, "SELECT to_regclass('mine')") is None
    postgres_server.drop_database(one)
    postgres_server.drop_database(other)
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        ask(one, "SELECT 1")


def test_databases_with_one_build_are_copies_of_its_outcome(postgres_server: PostgresServer) -> None:
    built: list[str] = []

    def build(url: str) -> None:
        built.append(url)
        ask(url, "CREATE TABLE prepared AS SELECT 7 AS n")

    copies = [postgres_server.create_database(build) for _ in range(3)]
    ask(copies[0], "DELETE FROM prepared")
    assert ask(copies[1], "SELECT n FROM prepared") == 7
    assert ask(copies[2], "SELECT n FROM prepared") == 7
    assert len(built) == 1
    for url in copies:
        postgres_server.drop_database(url)


def test_a_database_that_was_here_before_is_never_dropped(postgres_server: PostgresServer) -> None:
    ask(postgres_server.url, "CREATE DATABASE precious")
    precious = urlsplit(postgres_server.url)._replace(path="/precious").geturl()
    with pytest.raises(ValueError, match="not created here"):
        postgres_server.drop_database(precious)
    stranger = PostgresServer(postgres_server.url, "the same server, used by somebody else")
    mine = stranger.create_database()
    stranger.drop_leftovers()
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        ask(mine, "SELECT 1")
    assert ask(precious, "SELECT 1") == 1
    ask(postgres_server.url, "DROP DATABASE precious")


def test_only_a_durable_server_waits_for_the_disk(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", postgres_server.url)
    with postgres.postgres_server(durable=True, settings={"max_connections": "17"}) as durable:
        assert durable.url != postgres_server.url
        assert ask(durable.url, "SHOW fsync") == "on"
        assert ask(durable.url, "SHOW synchronous_commit") == "on"
        assert ask(durable.url, "SHOW max_connections") == "17"


def test_a_server_is_taken_from_the_environment_and_left_running(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", postgres_server.url.replace("postgresql:", "postgres:"))
    with postgres.postgres_server() as borrowed:
        assert borrowed.url == postgres_server.url
        database = borrowed.create_database()
        assert ask(database, "SELECT 1") == 1
    assert ask(postgres_server.url, "SELECT 1") == 1
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        ask(database, "SELECT 1")


def test_binaries_closed_to_the_account_of_the_server_are_copied(tmp_path: Path) -> None:
    installation = postgres.find_binaries().parent
    package = tmp_path / installation.parent.name
    package.symlink_to(installation.parent)
    package.with_suffix(".libs").symlink_to(installation.parent.with_suffix(".libs"))
    tmp_path.chmod(0o700)
    with postgres.postgres_server(binaries=package / installation.name / "bin") as server:
        directory = Path(ask(server.url, "SHOW data_directory")).parent
        assert (directory / package.name).is_dir() == (os.geteuid() == 0)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_server_and_its_files_go_with_the_process_that_asked(end: signal.Signals, tmp_path: Path) -> None:
    env = os.environ | {"TMPDIR": str(tmp_path)}
    env.pop("TEST_DATABASE_URL", None)
    owner = subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(_TESTS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=env,
        text=True,
    )
    with owner:
        assert owner.stdout is not None
        url = owner.stdout.readline().strip()
        directory = Path(ask(url, "SHOW data_directory")).parent
        assert directory.is_dir()
        descendants = psutil.Process(owner.pid).children(recursive=True)
        owner.send_signal(end)
    assert psutil.wait_procs(descendants, timeout=20)[1] == []
    assert not directory.exists()
    with pytest.raises(ConnectionRefusedError):
        ask(url, "SELECT 1")
