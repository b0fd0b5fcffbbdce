"""What people may call a session and write onto it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping

from wagate.domain.errors import InvalidRequest

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z")
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_ENTRIES = 50
_KEY = 64
_VALUE = 500


def new_name() -> str:
    """A name for a session that was given none."""
    return "session-" + "".join(secrets.choice(_ALPHABET) for _ in range(6))


def checked_name(name: str) -> str:
    """The name, if it can be one: it stands in URLs beside ids, and must not look like one. Raises InvalidRequest."""
    if not _NAME.match(name) or name.startswith("ses_"):
        raise InvalidRequest(
            "A session's name has 1 to 64 of a-z 0-9 . _ - , begins with a letter or digit, and not with 'ses_'",
            pointer="/name",
        )
    return name


def merged_metadata(old: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """Metadata after an edit; None removes. Raises InvalidRequest when it grows too large."""
    merged = {**old, **changes}
    kept = {key: value for key, value in merged.items() if value is not None}
    if len(kept) > _ENTRIES:
        raise InvalidRequest(f"A session has at most {_ENTRIES} entries of metadata", pointer="/metadata")
    for key, value in kept.items():
        if not key or len(key) > _KEY or len(value) > _VALUE:
            raise InvalidRequest(
                f"A key of metadata has 1 to {_KEY} characters, a value at most {_VALUE}", pointer="/metadata"
            )
    return kept
