"""Kinds of files: which keys they are encrypted with, and where they are uploaded.

Facts: whatsmeow `download.go` (`MediaType`, `mediaTypeToMMSType`), Baileys `Defaults/index.ts`.
"""

from enum import StrEnum
from typing import Final


class MediaKind(StrEnum):
    """What a file is. The thumbnails of a message have its media key and keys of their own derived from it."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"
    STICKER = "sticker"
    STICKER_PACK = "sticker-pack"
    IMAGE_THUMBNAIL = "thumbnail-image"
    VIDEO_THUMBNAIL = "thumbnail-video"
    DOCUMENT_THUMBNAIL = "thumbnail-document"
    LINK_THUMBNAIL = "thumbnail-link"
    HISTORY = "md-msg-hist"
    APP_STATE = "md-app-state"

    @property
    def key_info(self) -> bytes:
        """The purpose that the keys are derived for."""
        return f"WhatsApp {_KEY_NAMES[self]} Keys".encode()

    @property
    def upload_word(self) -> str:
        """The word in the path of an upload and in the query of a download (``mms-type``)."""
        return MediaKind.IMAGE.value if self is MediaKind.STICKER else self.value

    @property
    def is_streamed(self) -> bool:
        """Whether players begin before they have the whole file, for which a message carries a sidecar."""
        return self in (MediaKind.VIDEO, MediaKind.AUDIO)


_KEY_NAMES: Final = {
    MediaKind.IMAGE: "Image",
    MediaKind.VIDEO: "Video",
    MediaKind.AUDIO: "Audio",
    MediaKind.DOCUMENT: "Document",
    MediaKind.STICKER: "Image",
    MediaKind.STICKER_PACK: "Sticker Pack",
    MediaKind.IMAGE_THUMBNAIL: "Image Thumbnail",
    MediaKind.VIDEO_THUMBNAIL: "Video Thumbnail",
    MediaKind.DOCUMENT_THUMBNAIL: "Document Thumbnail",
    MediaKind.LINK_THUMBNAIL: "Link Thumbnail",
    MediaKind.HISTORY: "History",
    MediaKind.APP_STATE: "App State",
}
