"""What lies on the media hosts: encrypted files by their paths, and the words that allow uploads; not their bytes."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

_SECRET_SIZE: Final = 16
_AUTH_SIZE: Final = 24
_HOSTS: Final = ("media-1.whatsapp.net", "media-2.whatsapp.net")


class MediaRefused(Exception):
    """A host does not do what it was asked: an HTTP status and a word."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status, text)
        self.status = status
        self.text = text


@dataclass(slots=True)
class StoredFile:
    """An encrypted file. `blob` names its bytes; a file that was uploaded again has the same under another path."""

    direct_path: str
    """Where it is on every host, with a query: whoever does not know it cannot guess it."""

    blob: str
    enc_sha256: bytes
    size: int
    """Bytes of its encrypted form."""

    expires_at: float
    content: bytes | None = None
    """The encrypted bytes of a file that the server made itself; those of others are not here."""

    gone_as: int | None = None
    """The HTTP status that says that it is gone, once somebody made it so."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A word that allows uploads: whose it is (``phone:device``), and until when (seconds since 1970)."""

    label: str
    until: float


class MediaShelf:
    """All files and grants. `hosts` are the names that clients are told, the best first."""

    def __init__(self) -> None:
        self.hosts: tuple[str, ...] = _HOSTS
        self._files: dict[str, StoredFile] = {}
        self._grants: dict[str, Grant] = {}

    def __len__(self) -> int:
        return len(self._files)

    def grant(self, label: str, until: float, entropy: Random) -> str:
        """Give a device a word for uploads."""
        auth = entropy.randbytes(_AUTH_SIZE).hex()
        self._grants[auth] = Grant(label, until)
        return auth

    def granted(self, auth: str, now: float) -> Grant:
        """Whose word that is. Raises MediaRefused (401)."""
        grant = self._grants.get(auth)
        if grant is None or grant.until < now:
            self._grants.pop(auth, None)
            raise MediaRefused(401, "auth is not valid")
        return grant

    def revoke(self) -> None:
        """Take back every word."""
        self._grants.clear()

    def put(
        self,
        blob: str,
        enc_sha256: bytes,
        size: int,
        expires_at: float,
        entropy: Random,
        content: bytes | None = None,
    ) -> StoredFile:
        """Lay a file on the shelf under a new path, with its bytes if the server made it."""
        secret, signature = entropy.randbytes(_SECRET_SIZE).hex(), entropy.randbytes(_SECRET_SIZE).hex()
        path = f"/v/t62.7118-24/{secret}.enc"
        query = f"ccb=11-4&oh=01_{signature}&oe={int(expires_at):X}&_nc_sid=5e03e0"
        stored = self._files[path] = StoredFile(f"{path}?{query}", blob, enc_sha256, size, expires_at, content)
        return stored

    def find(self, direct_path: str) -> StoredFile | None:
        """The file at a path, its query aside, though it may have expired."""
        return self._files.get(direct_path.partition("?")[0])

    def expire(self, status: int) -> int:
        """Make everything that lies there gone, as that HTTP status; returns how many files there were."""
        present = [stored for stored in self._files.values() if stored.gone_as is None]
        for stored in present:
            stored.gone_as = status
        return len(present)
