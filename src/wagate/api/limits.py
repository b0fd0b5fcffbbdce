"""How much this door lets through."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one application: the largest body, the largest upload and how many files it may have, how many streams may be
    open, and how often a silent one is heard of.

    ``batch_bytes``: of many messages in one request. Media that come inside JSON are held in memory whole: so many
    bytes each at most, and so many at once.
    """

    body_bytes: int = 1_000_000
    batch_bytes: int = 4_000_000
    upload_bytes: int = 256 * 1024 * 1024
    upload_files: int = 50_000
    streams: int = 1_000
    heartbeat_s: float = 15.0
    inline_bytes: int = 8_000_000
    inline_uploads: int = 4


LIMITS = Limits()
