"""Takes out of log lines what nobody may read there: codes, keys, and the middle of phone numbers."""

from __future__ import annotations

import re
from typing import Final

LONGEST: Final = 2000
"""Characters of a line that are kept."""

_CODE: Final = re.compile(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b|(?<=[Cc]ode: )\S+|(?<=[Cc]ode:  )\S+")
_SECRET: Final = re.compile(r"[A-Za-z0-9+/=_-]{32,}")
_NUMBER: Final = re.compile(r"\b(\d{3})\d{3,10}(\d{2})\b")
_CREDENTIALS: Final = re.compile(r"//[^/@\s]+@")
_QUERY: Final = re.compile(r"(https?://[^\s\"?]*)\?[^\s\"]*")
"""The word for uploads stands in the query of a media host's URL."""


def redacted(line: str) -> str:
    """A line without secrets, of at most `LONGEST` characters."""
    line = line[:LONGEST]
    line = _CREDENTIALS.sub("//…@", line)
    line = _QUERY.sub(r"\1?…", line)
    line = _CODE.sub("…", line)
    line = _SECRET.sub("…", line)
    return _NUMBER.sub(r"\1…\2", line)
