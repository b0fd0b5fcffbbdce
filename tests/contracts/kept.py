"""The files that an examinee may send, and how a phone of the emulator speaks of files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from hashlib import sha256
from typing import Any

from typing_extensions import override

from wagate.domain.content import Attached, Audio, Captioned, Document, Image, Sticker, Video, Voice
from wagate.domain.errors import MediaGone
from wagate.domain.ids import MediaId, TenantId
from wagate.domain.media import Media, MediaKind, MediaState
from wagate.ports.files import Enclosure, MediaSource


class Files(MediaSource):
    """The kept files of an examinee."""

    def __init__(self) -> None:
        self._kept: dict[MediaId, tuple[Media, bytes]] = {}
        self.read_out = 0
        """How often one was read from its beginning."""

    def keep(self, kind: MediaKind, mime: str, content: bytes, *, is_measured: bool = True) -> MediaId:
        """Keep a file; its id. ``is_measured``: something is known of what it shows."""
        id = MediaId(f"med_{len(self._kept)}")
        digest = sha256(content).hexdigest()
        seen, waveform = is_measured and kind is not MediaKind.DOCUMENT, bytes(64) if kind is MediaKind.VOICE else None
        media = Media(
            id=id,
            tenant=TenantId("ten_1"),
            state=MediaState.READY,
            kind=kind,
            mime=mime,
            size=len(content),
            sha256=digest,
            filename="a.bin",
            width=320 if seen else None,
            height=200 if seen else None,
            duration_ms=2_000 if seen else None,
            waveform=waveform,
            created_at=0,
        )
        self._kept[id] = (media, content)
        return id

    @override
    async def find(self, media: MediaId) -> Enclosure:
        if media not in self._kept:
            raise MediaGone
        return Enclosure(self._kept[media][0])

    @override
    async def read(self, enclosure: Enclosure) -> AsyncIterator[bytes]:
        self.read_out += 1
        content = self._kept[enclosure.media.id][1]
        for start in range(0, len(content), 100_000):
            yield content[start : start + 100_000]


def wire_kind(content: Attached) -> str:
    """As what the wire knows a file."""
    return "audio" if isinstance(content, Voice) else content.type


def details_of(content: Attached) -> dict[str, str | bool | None]:
    """What a phone says of a file, besides its type and size."""
    told: dict[str, str | bool | None] = {}
    if isinstance(content, Captioned):
        told["caption"] = content.caption
    match content:
        case Video():
            told |= {"is_gif": content.gif, "is_round": content.note}
        case Voice():
            told["is_voice"] = True
        case Document():
            told["file_name"] = content.filename
    return told


def content_of(told: Mapping[str, Any]) -> Attached:
    """What a phone shows of a file."""
    match told["kind"]:
        case "image":
            return Image(caption=told["caption"])
        case "video":
            return Video(caption=told["caption"], gif=told["is_gif"], note=told["is_round"])
        case "audio":
            return Voice() if told["is_voice"] else Audio()
        case "document":
            return Document(filename=told["file_name"], caption=told["caption"])
    return Sticker(animated=told["is_animated"])
