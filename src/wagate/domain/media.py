"""Media: what a file is to WhatsApp, what the gateway knows of it, and which files WhatsApp takes.

The limits are those of WhatsApp's own clients and of its Cloud API, as Meta's page on media types states them. They are
rules of a service that changes: settings can lower them, and none is repeated elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from wagate.domain.ids import MediaId, TenantId

MB = 1024 * 1024

VOICE_MIME = "audio/ogg; codecs=opus"
"""What a voice note has to be; WhatsApp refuses ``audio/opus`` for the same bytes."""

STICKER_EDGE = 512
"""Width and height of every sticker, in pixels."""

STICKER_BYTES = 100 * 1000
ANIMATED_STICKER_BYTES = 500 * 1000

MAX_PIXELS = 50_000_000
"""An image of more pixels is not decoded by anybody: its bitmap would take more than 150 MB."""


class MediaKind(StrEnum):
    """What a file is sent as."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    VOICE = "voice"
    STICKER = "sticker"
    DOCUMENT = "document"


class MediaState(StrEnum):
    """Where the bytes are: here, on their way, left out by policy, no longer kept, or not to be had."""

    READY = "ready"
    PENDING = "pending"
    OMITTED = "omitted"
    EXPIRED = "expired"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class MediaRule:
    """What may be sent as one kind: MIME types (empty: any), and the most bytes."""

    mimes: frozenset[str]
    max_bytes: int


RULES: Mapping[MediaKind, MediaRule] = {
    MediaKind.IMAGE: MediaRule(frozenset({"image/jpeg", "image/png", "image/webp"}), 16 * MB),
    MediaKind.VIDEO: MediaRule(frozenset({"video/mp4", "video/3gpp"}), 100 * MB),
    MediaKind.AUDIO: MediaRule(
        frozenset({"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg", VOICE_MIME}), 16 * MB
    ),
    MediaKind.VOICE: MediaRule(frozenset({VOICE_MIME}), 16 * MB),
    MediaKind.STICKER: MediaRule(frozenset({"image/webp"}), ANIMATED_STICKER_BYTES),
    MediaKind.DOCUMENT: MediaRule(frozenset(), 2_000_000_000),
}
"""The rule of each kind."""


@dataclass(frozen=True, slots=True)
class Media:
    """A file of a tenant, or the promise of one.

    ``size`` is in bytes, ``sha256`` in lower-case hex, ``duration_ms`` in milliseconds, ``created_at`` in milliseconds
    since 1970, UTC. What is not known is None. ``waveform`` is 64 bytes of 0 to 100, of voice notes only.
    ``has_thumbnail``: there is a small JPEG of it.
    """

    id: MediaId
    tenant: TenantId
    state: MediaState
    kind: MediaKind
    mime: str
    size: int | None
    sha256: str | None
    filename: str | None
    width: int | None
    height: int | None
    duration_ms: int | None
    waveform: bytes | None
    created_at: int
    has_thumbnail: bool = False


def kind_of(mime: str) -> MediaKind:
    """What a file of this MIME type is sent as unless somebody says otherwise."""
    for kind in (MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO):
        if mime in RULES[kind].mimes:
            return kind
    return MediaKind.DOCUMENT
