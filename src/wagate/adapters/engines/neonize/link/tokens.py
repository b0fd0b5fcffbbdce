"""The one-time token that opens a worker's door. It lies in the session's folder; each handshake leaves a new one."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

from wagate.adapters.engines.neonize.link.frames import LinkBroken

_NAME = "token"


class Door:
    """The worker's side. Only who can read the folder (0700) knows the token, and it is good for one handshake."""

    def __init__(self, folder: Path) -> None:
        """Leave the first token."""
        self._path = folder / _NAME
        self._token = ""
        self.renew()

    def opens_for(self, token: str) -> bool:
        """Whether this is the token; it is used up, and the next one is in the folder before anybody hears of it."""
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            return False
        self.renew()
        return True

    def renew(self) -> None:
        """Put a new token in the place of the old one. Raises OSError."""
        self._token = secrets.token_hex(32)
        fresh = self._path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write(self._token)
        fresh.replace(self._path)


def read_token(folder: Path) -> str:
    """The gateway's side. Raises LinkBroken when there is none."""
    try:
        return (folder / _NAME).read_text("ascii")
    except (OSError, ValueError) as error:
        raise LinkBroken("the worker has left no token") from error
