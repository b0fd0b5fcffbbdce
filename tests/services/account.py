"""Whose a server started for the tests is: PostgreSQL refuses to run as root."""

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict


class NoAccount(RuntimeError):
    """This machine has no account that a server could run as; the message says what would help."""


class Identity(TypedDict):
    """The arguments of `subprocess.Popen` that change whose the process is; None changes nothing."""

    user: int | None
    group: int | None
    extra_groups: list[int] | None


@dataclass(frozen=True, slots=True)
class Account:
    """An account of this machine; `uid` and `gid` are None where it is the one we run as."""

    name: str
    uid: int | None = None
    gid: int | None = None

    def popen(self) -> Identity:
        """What `subprocess.Popen` needs to start a process of this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": None if self.uid is None else []}

    @contextmanager
    def directory(self, prefix: str) -> Iterator[Path]:
        """A new temporary directory of this account, at a place it can reach, deleted at the end."""
        place = next((place for place in _temporary_places() if self._reaches(place)), None)
        directory = Path(tempfile.mkdtemp(prefix=prefix, dir=place)).resolve()
        try:
            self.own(directory)
            yield directory
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def own(self, directory: Path) -> None:
        """Make this account the owner of `directory` and of everything in it."""
        if self.uid is not None and self.gid is not None:
            for path in (directory, *directory.rglob("*")):
                os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def _reaches(self, place: Path) -> bool:
        return self.uid is None or all(step.stat().st_mode & 0o001 for step in (place, *place.parents))


def server_account() -> Account:
    """The account to run a server with: `nobody` for root, else our own. Raises NoAccount where there is none."""
    uid = os.geteuid()
    if uid:
        try:
            return Account(pwd.getpwuid(uid).pw_name)
        except KeyError:
            raise NoAccount(f"uid {uid} has no name here and PostgreSQL wants one: set TEST_DATABASE_URL") from None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise NoAccount("PostgreSQL refuses to run as root and here is no `nobody`: set TEST_DATABASE_URL") from None
    return Account(nobody.pw_name, nobody.pw_uid, nobody.pw_gid)


def _temporary_places() -> list[Path]:
    places = (Path(place).resolve() for place in (tempfile.gettempdir(), "/tmp", "/var/tmp"))
    return [place for place in places if place.is_dir()]
