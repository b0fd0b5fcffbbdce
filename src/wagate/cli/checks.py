"""What ``wagate doctor`` looks at: one function per question, each with a remedy for the answer no."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import sqlite3
import ssl
import stat
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wagate.settings import Settings

MIN_PYTHON = (3, 11)
MIN_SQLITE = (3, 35, 0)
"""The first version with RETURNING."""
FEW_BYTES_FREE = 500_000_000
TOO_FEW_BYTES_FREE = 50_000_000
OPTIONAL = {
    "uvloop": "a faster event loop",
    "obstore": "media in S3",
}


class Verdict(StrEnum):
    """How an examination ends."""

    GOOD = "good"
    NOTE = "note"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer. ``remedy`` says how to mend it."""

    subject: str
    verdict: Verdict
    detail: str
    remedy: str | None = None


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything that can be seen without starting the gateway."""
    checks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        _python,
        _sqlite,
        _data_directory,
        _disk,
        _clock,
        _port,
        _certificates,
        _optional,
    )
    for check in checks:
        yield from check(settings)


def _python(_settings: Settings) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < MIN_PYTHON:
        wanted = ".".join(map(str, MIN_PYTHON))
        yield Finding("Python", Verdict.BAD, version, f"Install Python {wanted} or newer.")
    else:
        yield Finding("Python", Verdict.GOOD, version)


def _sqlite(settings: Settings) -> Iterator[Finding]:
    version = sqlite3.sqlite_version
    if settings.storage_url.startswith("sqlite") and sqlite3.sqlite_version_info < MIN_SQLITE:
        wanted = ".".join(map(str, MIN_SQLITE))
        yield Finding(
            "SQLite", Verdict.BAD, version, f"Use a Python with SQLite {wanted} or newer, or set WAGATE_DATABASE_URL."
        )
    else:
        yield Finding("SQLite", Verdict.GOOD, version)


def _data_directory(settings: Settings) -> Iterator[Finding]:
    path = settings.data.absolute()
    if not path.exists():
        parent = next(ancestor for ancestor in path.parents if ancestor.exists())
        if os.access(parent, os.W_OK | os.X_OK):
            yield Finding("Data directory", Verdict.NOTE, f"{path} will be created")
        else:
            yield Finding(
                "Data directory", Verdict.BAD, f"{path} cannot be created", f"Make {parent} writable, or pass --data."
            )
        return
    if not path.is_dir() or not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        yield Finding(
            "Data directory", Verdict.BAD, f"{path} is not a directory that we can write", "Mend its rights or owner."
        )
        return
    others = stat.S_IMODE(path.stat().st_mode) & 0o077
    if others:
        yield Finding(
            "Data directory", Verdict.WARNING, f"{path} can be read by other users", f"Run `chmod 700 {path}`."
        )
    else:
        yield Finding("Data directory", Verdict.GOOD, str(path))


def _disk(settings: Settings) -> Iterator[Finding]:
    path = settings.data.absolute()
    existing = next(place for place in (path, *path.parents) if place.exists())
    free = shutil.disk_usage(existing).free
    detail = f"{free / 1e9:.1f} GB free"
    if free < TOO_FEW_BYTES_FREE:
        yield Finding("Disk space", Verdict.BAD, detail, "Free some space: nothing can be accepted when it is full.")
    elif free < FEW_BYTES_FREE:
        yield Finding("Disk space", Verdict.WARNING, detail, "Free some space soon.")
    else:
        yield Finding("Disk space", Verdict.GOOD, detail)


def _clock(_settings: Settings) -> Iterator[Finding]:
    shown = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    # A clock that stands before the moment at which this program was installed is certainly wrong.
    if time.time() < Path(__file__).stat().st_mtime - 86_400:
        yield Finding("Clock", Verdict.BAD, shown, "Set the clock; a wrong one breaks TLS and every time that we show.")
    else:
        yield Finding("Clock", Verdict.GOOD, shown)


def _port(settings: Settings) -> Iterator[Finding]:
    where = f"{settings.host} port {settings.port}"
    if settings.port == 0:
        yield Finding("Port", Verdict.GOOD, "the system will choose one")
        return
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        yield Finding(
            "Port",
            Verdict.WARNING,
            f"{where}: {error.strerror}",
            "If that is not a gateway of yours, stop what uses it or choose another one with --port.",
        )
    else:
        yield Finding("Port", Verdict.GOOD, f"{where} is free")


def _certificates(settings: Settings) -> Iterator[Finding]:
    try:
        trusted = ssl.create_default_context(cafile=settings.whatsapp_ca_file)
    except (OSError, ssl.SSLError) as error:
        yield Finding("TLS authorities", Verdict.BAD, f"{settings.whatsapp_ca_file}: {error}", "Mend that file.")
        return
    count = trusted.cert_store_stats()["x509_ca"]
    lazily = ssl.get_default_verify_paths().capath  # a directory of hashed files is read only when it is needed
    if count or (lazily and any(Path(lazily).iterdir())):
        yield Finding("TLS authorities", Verdict.GOOD, f"{count} loaded" if count else f"in {lazily}")
    else:
        yield Finding(
            "TLS authorities",
            Verdict.BAD,
            "none: no connection to WhatsApp can be verified",
            "Install the system's CA certificates (Debian: `apt install ca-certificates`).",
        )


def _optional(_settings: Settings) -> Iterator[Finding]:
    for module, purpose in OPTIONAL.items():
        if importlib.util.find_spec(module) is not None:
            yield Finding(f"Optional: {module}", Verdict.GOOD, f"installed: {purpose}")
        else:
            yield Finding(f"Optional: {module}", Verdict.NOTE, f"not installed: {purpose}")
