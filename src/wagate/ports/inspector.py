"""Looking into media, and making other media of them. Both is work on hostile bytes: plugs do it apart from us.

Files are passed as descriptors. A plug neither opens paths nor connects to anything on behalf of a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Inspected:
    """What a file turned out to be. What does not apply is None; ``mime`` may be more exact than what was asked about.

    ``width`` and ``height`` are pixels as seen (after rotation), ``thumbnail`` is a JPEG of at most 16 kB,
    ``waveform`` 64 bytes of 0 to 100 and made for voice notes only.
    """

    mime: str
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    is_animated: bool = False
    thumbnail: bytes | None = None
    waveform: bytes | None = None


class Inspector(Protocol):
    """Reads media."""

    async def inspect(self, file: int, mime: str) -> Inspected:
        """Look into an image, a video or a sound whose first bytes say that it is ``mime``.

        Raises InvalidMedia when it is damaged, too large to be decoded, or not what it seems; TooBusy.
        """
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...


class Transcoder(Protocol):
    """Makes of media what WhatsApp wants. Each verb writes into ``target``, an empty file.

    All raise InvalidMedia when the source cannot be read or does not fit even so, TooBusy, StorageFull.
    """

    async def voice_note(self, source: int, target: int, mime: str) -> Inspected:
        """Mono Ogg/Opus, with its waveform."""
        ...

    async def sticker(self, source: int, target: int, mime: str) -> Inspected:
        """A WebP of 512 x 512 pixels within the limits, animated when the source is."""
        ...

    async def picture(self, source: int, target: int, mime: str, max_edge: int) -> Inspected:
        """A JPEG, upright and opaque, whose longer edge has at most ``max_edge`` pixels."""
        ...

    async def portrait(self, source: int, target: int, mime: str, edge: int) -> Inspected:
        """The middle of an image as an upright, opaque JPEG of ``edge`` times ``edge`` pixels."""
        ...
