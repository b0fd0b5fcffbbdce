"""What a message says of its file: where it is, how to read it, and how to show it; built and read."""

from dataclasses import dataclass, field
from typing import Any, Final

from whatsapp_wire.media.keys import MEDIA_KEY_SIZE
from whatsapp_wire.media.kinds import MediaKind
from whatsapp_wire.media.opening import MediaSecret
from whatsapp_wire.message import layers, unwrap
from whatsapp_wire.proto.message_pb2 import (
    AudioMessage,
    ContextInfo,
    DocumentMessage,
    FutureProofMessage,
    ImageMessage,
    Message,
    StickerMessage,
    StickerPackMessage,
    VideoMessage,
)

_HASH_SIZE: Final = 32


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file on WhatsApp's hosts.

    ``direct_path`` is the same on all of them and begins with a slash; ``url`` names the one it was uploaded to.
    ``key_made_at`` (seconds since 1970) is when its key was made.
    """

    secret: MediaSecret
    direct_path: str
    url: str | None = None
    key_made_at: int | None = None


@dataclass(frozen=True, slots=True)
class MediaDetails:
    """What else a message says of its file, as far as it does.

    ``preview`` is a small JPEG (of a sticker: PNG), ``waveform`` 64 loudnesses from 0 to 100, ``sidecar`` what
    `MediaSealer` made of a streamed file. ``is_round`` is a video message, ``is_gif`` a silent video that repeats.
    """

    mimetype: str = ""
    caption: str | None = None
    file_name: str | None = None
    title: str | None = None
    width: int | None = None
    height: int | None = None
    seconds: int | None = None
    page_count: int | None = None
    preview: bytes | None = field(default=None, repr=False)
    waveform: bytes | None = field(default=None, repr=False)
    sidecar: bytes | None = field(default=None, repr=False)
    is_voice: bool = False
    is_gif: bool = False
    is_round: bool = False
    is_animated: bool = False
    view_once: bool = False


@dataclass(frozen=True, slots=True)
class Media:
    """The file of a message; ``file`` is None when the message does not say enough to get or to check it."""

    kind: MediaKind
    file: MediaFile | None
    details: MediaDetails


_Part = ImageMessage | VideoMessage | AudioMessage | DocumentMessage | StickerMessage | StickerPackMessage

_KINDS: Final = {
    "image_message": MediaKind.IMAGE,
    "video_message": MediaKind.VIDEO,
    "ptv_message": MediaKind.VIDEO,
    "audio_message": MediaKind.AUDIO,
    "document_message": MediaKind.DOCUMENT,
    "sticker_message": MediaKind.STICKER,
    "sticker_pack_message": MediaKind.STICKER_PACK,
}
"""Fields of Message that carry a file."""

_ROUND: Final = "ptv_message"

_PARTS: Final[dict[MediaKind, type[_Part]]] = {
    MediaKind.IMAGE: ImageMessage,
    MediaKind.VIDEO: VideoMessage,
    MediaKind.AUDIO: AudioMessage,
    MediaKind.DOCUMENT: DocumentMessage,
    MediaKind.STICKER: StickerMessage,
}

_THUMBNAILS: Final = {
    MediaKind.IMAGE: MediaKind.IMAGE_THUMBNAIL,
    MediaKind.VIDEO: MediaKind.VIDEO_THUMBNAIL,
    MediaKind.DOCUMENT: MediaKind.DOCUMENT_THUMBNAIL,
}

_DETAILS: Final = {
    "mimetype": "mimetype",
    "caption": "caption",
    "file_name": "file_name",
    "title": "title",
    "width": "width",
    "height": "height",
    "seconds": "seconds",
    "page_count": "page_count",
    "jpeg_thumbnail": "preview",
    "png_thumbnail": "preview",
    "waveform": "waveform",
    "streaming_sidecar": "sidecar",
    "ptt": "is_voice",
    "gif_playback": "is_gif",
    "is_animated": "is_animated",
    "view_once": "view_once",
}
"""Fields of the messages with a file, and their names here. Not every message has every one."""

_VIEW_ONCE: Final = ("view_once_message", "view_once_message_v2", "view_once_message_v2_extension")


def media_message(
    file: MediaFile, details: MediaDetails, context: ContextInfo | None = None, thumbnail: MediaFile | None = None
) -> Message:
    """The message for a file: an image, video, audio, document or sticker; raises ValueError for other kinds.

    What a kind has no field for is left out. A document with a caption and whatever is to be seen once are wrapped. A
    ``thumbnail`` is a file of the kind that belongs to this one, under the same media key; ValueError otherwise.
    """
    kind = file.secret.kind
    if kind not in _PARTS:
        raise ValueError(f"no message carries a file of kind {kind.value}")
    part = _PARTS[kind]()
    _set_file(part, file)
    if thumbnail is not None:
        _set_thumbnail(part, file, thumbnail)
    for name, told in _DETAILS.items():
        value = getattr(details, told)
        if value is not None and value is not False and name in part.DESCRIPTOR.fields_by_name:
            setattr(part, name, value)
    if context is not None:
        part.context_info.CopyFrom(context)
    field_name = _ROUND if details.is_round and kind is MediaKind.VIDEO else f"{kind.value}_message"
    message = Message()
    getattr(message, field_name).CopyFrom(part)
    return _wrapped(message, kind, details)


def read_media(message: Message) -> Media | None:
    """What a message says of its file, None when it has none; never raises, whatever it holds."""
    inner = unwrap(message)
    name = next((name for name in _KINDS if inner.HasField(name)), None)
    if name is None:
        return None
    part, kind = getattr(inner, name), _KINDS[name]
    # Fields that share one name here never occur in one message.
    found: dict[str, Any] = {told: getattr(part, field) for field, told in _DETAILS.items() if _has(part, field)}
    if any(layer.HasField(wrapper) for layer in layers(message) for wrapper in _VIEW_ONCE):
        found["view_once"] = True
    return Media(kind, _file(part, kind), MediaDetails(**found, is_round=name == _ROUND))


def is_direct_path(text: str) -> bool:
    """Whether a text can stand behind a host's name in a URL as it is; it comes from whoever sent the message."""
    return text.startswith("/") and text.isascii() and text.isprintable() and " " not in text


def read_thumbnail(message: Message) -> MediaFile | None:
    """The file with a message's larger preview, of a link's as well; None when there is none. Never raises."""
    inner = unwrap(message)
    if inner.HasField("extended_text_message"):
        return _thumbnail(inner.extended_text_message, MediaKind.LINK_THUMBNAIL)
    name = next((name for name in _KINDS if inner.HasField(name)), None)
    kind = None if name is None else _THUMBNAILS.get(_KINDS[name])
    return None if name is None or kind is None else _thumbnail(getattr(inner, name), kind)


def _set_file(part: _Part, file: MediaFile) -> None:
    secret = file.secret
    if file.url is not None and not isinstance(part, StickerPackMessage):
        part.url = file.url
    part.direct_path = file.direct_path
    part.media_key = secret.media_key
    part.file_sha256 = secret.sha256
    part.file_enc_sha256 = secret.enc_sha256
    if secret.size is not None:
        part.file_length = secret.size
    if file.key_made_at is not None:
        part.media_key_timestamp = file.key_made_at


def _set_thumbnail(part: Any, file: MediaFile, thumbnail: MediaFile) -> None:
    secret = thumbnail.secret
    if secret.kind is not _THUMBNAILS.get(file.secret.kind) or secret.media_key != file.secret.media_key:
        raise ValueError(f"this is no thumbnail of this {file.secret.kind.value}")
    part.thumbnail_direct_path = thumbnail.direct_path
    part.thumbnail_sha256 = secret.sha256
    part.thumbnail_enc_sha256 = secret.enc_sha256


def _wrapped(message: Message, kind: MediaKind, details: MediaDetails) -> Message:
    if details.view_once:
        return Message(view_once_message=FutureProofMessage(message=message))
    if kind is MediaKind.DOCUMENT and details.caption:
        return Message(document_with_caption_message=FutureProofMessage(message=message))
    return message


def _has(part: _Part, field: str) -> bool:
    return field in part.DESCRIPTOR.fields_by_name and part.HasField(field)


def _file(part: _Part, kind: MediaKind) -> MediaFile | None:
    size = part.file_length if part.HasField("file_length") else None
    secret = MediaSecret(kind, part.media_key, part.file_sha256, part.file_enc_sha256, size)
    url = None if isinstance(part, StickerPackMessage) else part.url
    return _usable(MediaFile(secret, part.direct_path, url or None, part.media_key_timestamp or None))


def _thumbnail(part: Any, kind: MediaKind) -> MediaFile | None:
    secret = MediaSecret(kind, part.media_key, part.thumbnail_sha256, part.thumbnail_enc_sha256)
    return _usable(MediaFile(secret, part.thumbnail_direct_path, None, part.media_key_timestamp or None))


def _usable(file: MediaFile) -> MediaFile | None:
    secret = file.secret
    hashes_hold = len(secret.sha256) == len(secret.enc_sha256) == _HASH_SIZE
    is_whole = hashes_hold and len(secret.media_key) == MEDIA_KEY_SIZE and is_direct_path(file.direct_path)
    return file if is_whole else None
