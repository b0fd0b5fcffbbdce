"""Typing is not listened to for a while after neonize's loop has ended over it.

neonize cannot pass a ``ChatPresence`` on whose kind of media it does not know, and ends its loop instead: whoever
writes to us could have the process of a session replaced as often as they like. Typing is what can be missed best.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from wagate.adapters.engines.neonize.worker.line import TYPING

MUTED: Final = "muted"
"""The file, in the folder of a session, whose time is that of the last such end."""

_MUTED_S: Final = 3600.0
_SIGN: Final = "neonize.ChatPresence"
"""What protobuf's words name (``proto: required field neonize.ChatPresence.Media not set``)."""


def note(folder: Path, reason: str) -> None:
    """Remember why a loop has ended, if it was over typing. Raises OSError."""
    if _SIGN in reason:
        (folder / MUTED).touch(0o600)


def heard(folder: Path, kinds: bytes) -> bytes:
    """The kinds of event that are asked for now."""
    try:
        ended = (folder / MUTED).stat().st_mtime
    except FileNotFoundError:
        return kinds
    return bytes(kind for kind in kinds if kind != TYPING) if time.time() - ended < _MUTED_S else kinds
