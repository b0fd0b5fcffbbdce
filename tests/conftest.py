"""Real services for the tests: every test of storage runs on SQLite and on a real PostgreSQL; and there is an S3."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.postgres import PostgresServer, postgres_server
from services.s3 import S3Server, s3_server

pytest_plugins = ["whatsapp_emulator.pytest_plugin", "fixtures.store", "fixtures.rooms", "fixtures.media"]

# A shell starts what it puts into the background deaf to Ctrl-C, and whoever we start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", name="postgres_server")
def _postgres_server() -> Iterator[PostgresServer]:
    """The PostgreSQL of this run."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_url(postgres_server: PostgresServer) -> str:
    """`postgresql://…` of the PostgreSQL of this run; its user may create databases."""
    return postgres_server.url


@pytest.fixture
def postgres_database(postgres_server: PostgresServer) -> Iterator[str]:
    """`postgresql://…` of an empty database that is this test's own."""
    url = postgres_server.create_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database that is this test's own: once `sqlite:///…`, once `postgresql://…`."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'wagate.db'}"
    url: str = request.getfixturevalue("postgres_database")
    return url


def pytest_make_parametrize_id(val: object) -> str | None:
    """Keys are drawn anew in each process, and a test has one name in all of them."""
    return f"{len(val)} bytes" if isinstance(val, bytes) else None


@pytest.fixture(scope="session", name="s3_server")
def _s3_server() -> Iterator[S3Server]:
    """The S3 server of this run."""
    with s3_server() as server:
        yield server


@pytest.fixture
def s3_bucket(s3_server: S3Server) -> Iterator[str]:
    """A bucket that is this test's own."""
    with s3_server.bucket() as name:
        yield name
