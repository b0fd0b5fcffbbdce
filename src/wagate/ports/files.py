"""The files of messages, between engines and whoever keeps them: streamed both ways, never whole in memory.

On the way out an engine is given a `MediaSource` with its line, and reads what a message shows when it sends that. On
the way in it describes the file with the news that the message arrived, and fetches it when it is asked to.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Protocol

from typing_extensions import override

from wagate.domain.errors import GatewayError, MediaGone
from wagate.domain.ids import MediaId
from wagate.domain.media import Media, MediaKind


class FileExpired(GatewayError):
    """The file is neither on WhatsApp's hosts any more nor on the phone"""

    code = "file_expired"


class FileDamaged(GatewayError):
    """What the hosts gave is not the file that its message describes"""

    code = "file_damaged"


class FileUnreachable(GatewayError):
    """The file could not be fetched now; it may be later"""

    code = "file_unreachable"


@dataclass(frozen=True, slots=True)
class ArrivedFile:
    """What a message that arrived says of its file, nothing of which is proven.

    Sizes are in bytes, pixels and ms; ``sha256`` is lower-case hex, ``thumbnail`` a small JPEG or PNG. ``reference`` is
    all that the engine needs to fetch the file, also after a restart: it holds keys. None: the file cannot be had.
    """

    kind: MediaKind
    mime: str
    size: int | None = None
    sha256: str | None = None
    filename: str | None = None
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    waveform: bytes | None = field(default=None, repr=False)
    thumbnail: bytes | None = field(default=None, repr=False)
    reference: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A kept file that is to be sent: what is known of it, and a small JPEG of it where there is one."""

    media: Media
    thumbnail: bytes | None = field(default=None, repr=False)


class MediaSource(Protocol):
    """The kept files of one tenant."""

    async def find(self, media: MediaId) -> Enclosure:
        """A file whose bytes are there. Raises MediaNotFound, MediaNotReady, MediaGone, StorageUnavailable."""
        ...

    def read(self, enclosure: Enclosure) -> AsyncIterator[bytes]:
        """Its bytes from the beginning, in pieces of at most 1 MB; any number of times.

        Raises MediaGone, StorageUnavailable.
        """
        ...


class NoMedia(MediaSource):
    """For a line that sends no files."""

    @override
    async def find(self, media: MediaId) -> Enclosure:
        """There is none. Raises MediaGone."""
        raise MediaGone

    @override
    async def read(self, enclosure: Enclosure) -> AsyncIterator[bytes]:
        """Nothing. Raises MediaGone."""
        raise MediaGone
        yield b""
