"""Moments, as everybody outside reads them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache


def iso(ms: int) -> str:
    """A moment in ms since 1970 as ISO 8601 UTC with milliseconds: ``2026-11-20T09:15:27.123Z``."""
    seconds, millis = divmod(ms, 1000)
    return f"{_second(seconds)}.{millis:03d}Z"


@lru_cache(maxsize=1024)  # a message's moments lie close together, and every one of its events tells them again
def _second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"
