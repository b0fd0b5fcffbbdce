"""The files of messages: what we say of one that we uploaded, and what is said of one that arrives.

An upload and a reference are kept as JSON: the one in a record of ours, the other by whoever fetches the file later.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final

from wagate.domain.content import Attached, Audio, Captioned, Document, Image, Sticker, Text, Video, Voice
from wagate.domain.jid import Jid as DomainJid
from wagate.domain.media import MediaKind
from wagate.ports.engine import SendImpossible
from wagate.ports.files import ArrivedFile, Enclosure
from wagate.ports.vault import RecordUnreadable
from whatsapp_wire.errors import WireError
from whatsapp_wire.jid import Jid
from whatsapp_wire.media.content import Media, MediaDetails, MediaFile, media_message, read_media
from whatsapp_wire.media.kinds import MediaKind as WireKind
from whatsapp_wire.media.opening import MediaSecret
from whatsapp_wire.media.sealing import MAX_FILE
from whatsapp_wire.message import Content as Read
from whatsapp_wire.message import parse, unwrap
from whatsapp_wire.proto.message_pb2 import ContextInfo, Message
from whatsapp_wire.stanza.media import MediaMessage

REUSE_S: Final = 12 * 3600
"""How long an upload may be named in further messages. How long the hosts keep files is not known: weeks, they say."""

_WIRE_KINDS: Final = {
    MediaKind.IMAGE: WireKind.IMAGE,
    MediaKind.VIDEO: WireKind.VIDEO,
    MediaKind.AUDIO: WireKind.AUDIO,
    MediaKind.VOICE: WireKind.AUDIO,
    MediaKind.STICKER: WireKind.STICKER,
    MediaKind.DOCUMENT: WireKind.DOCUMENT,
}
_CAPTIONED: Final = ("image_message", "video_message", "ptv_message", "document_message")


class MediaFailed(Exception):
    """A file did not arrive; ``code`` is stable, the text is for people"""

    code: ClassVar[str] = "media_failed"


class MediaGone(MediaFailed):
    """The file is neither on WhatsApp's hosts any more nor on the phone, as far as that could be asked"""

    code = "media_gone"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that lies on the hosts, and its sidecar if it is streamed."""

    file: MediaFile
    sidecar: bytes | None = field(default=None, repr=False)

    def is_good(self, now: float) -> bool:
        """Whether further messages may name it (seconds since 1970)."""
        made_at = self.file.key_made_at or 0
        return made_at <= now < made_at + REUSE_S

    def pack(self) -> bytes:
        """The record's value."""
        told = {"file": _told(self.file), "sidecar": None if self.sidecar is None else self.sidecar.hex()}
        return json.dumps(told).encode()

    @classmethod
    def unpack(cls, value: bytes) -> Upload:
        """Read a record's value; raises RecordUnreadable."""
        try:
            told = json.loads(value)
            return cls(_file(told["file"]), None if told["sidecar"] is None else bytes.fromhex(told["sidecar"]))
        except (ValueError, KeyError, TypeError) as error:
            raise RecordUnreadable("a record is damaged") from error


@dataclass(frozen=True, slots=True)
class Sealed:
    """A file that is to be sent: what is known of it, where it lies on the hosts; if a sticker, whether it moves."""

    enclosure: Enclosure
    upload: Upload
    is_animated: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """All that it takes to fetch the file of a message that arrived."""

    file: MediaFile
    message: MediaMessage

    def pack(self) -> bytes:
        """As bytes, which hold the file's key."""
        about = self.message
        participant = None if about.participant is None else str(about.participant)
        named = {"id": about.id, "chat": str(about.chat), "from_me": about.is_from_me, "participant": participant}
        return json.dumps({"file": _told(self.file), "message": named}).encode()

    @classmethod
    def unpack(cls, value: bytes) -> Reference:
        """The inverse of ``pack``. Raises ValueError."""
        try:
            told = json.loads(value)
            named = told["message"]
            participant = None if named["participant"] is None else Jid(named["participant"])
            message = MediaMessage(str(named["id"]), Jid(named["chat"]), bool(named["from_me"]), participant)
            return cls(_file(told["file"]), message)
        except (ValueError, KeyError, TypeError, WireError) as error:
            raise ValueError("a reference is damaged") from error


def wire_kind(content: Attached) -> WireKind:
    """As what a file is encrypted and uploaded."""
    return _WIRE_KINDS[MediaKind(content.type)]


def message_with(content: Attached, sealed: Sealed, *, view_once: bool) -> Message:
    """The message for a file that was uploaded."""
    media, upload = sealed.enclosure.media, sealed.upload
    details = MediaDetails(
        mimetype=media.mime,
        width=media.width,
        height=media.height,
        seconds=None if media.duration_ms is None else max(1, round(media.duration_ms / 1000)),
        preview=sealed.enclosure.thumbnail,
        sidecar=upload.sidecar,
        view_once=view_once,
    )
    if isinstance(content, Captioned):
        details = replace(details, caption=content.caption)
    match content:
        case Document(_, filename):
            details = replace(details, file_name=filename or media.filename or "file")
        case Video(gif=is_gif, note=is_note):
            details = replace(details, is_gif=is_gif, is_round=is_note)
        case Voice():
            details = replace(details, is_voice=True, waveform=media.waveform)
        case Sticker():
            details = replace(details, is_animated=sealed.is_animated)
    return media_message(upload.file, details)


def recaptioned(plaintext: bytes, words: Text) -> Message | None:
    """What we sent, with another caption; None when it has no place for one. Raises SendImpossible if it is damaged."""
    try:
        inner = unwrap(parse(plaintext))
    except WireError as error:
        raise SendImpossible("the message that is to be edited cannot be read any more") from error
    name = next((name for name in _CAPTIONED if inner.HasField(name)), None)
    if name is None:
        return None
    message = Message()
    part = getattr(message, name)
    part.CopyFrom(getattr(inner, name))
    part.caption = words.body
    part.context_info.CopyFrom(ContextInfo())
    return message


def has_caption(plaintext: bytes) -> bool:
    """Whether something that we sent has a place for a caption."""
    inner = unwrap(parse(plaintext))
    return any(inner.HasField(name) for name in _CAPTIONED)


def content_in(inner: Message, read: Read) -> Attached | None:
    """What a message with a file says; None where it is of a kind that cannot be shown."""
    media = read_media(inner)
    if media is None:
        return None
    details, mentions = media.details, tuple(DomainJid(mention.bare) for mention in read.mentions)
    caption = details.caption or None
    match media.kind:
        case WireKind.IMAGE:
            return Image(caption=caption, mentions=mentions)
        case WireKind.VIDEO:
            return Video(caption=caption, mentions=mentions, gif=details.is_gif, note=details.is_round)
        case WireKind.AUDIO:
            return Voice() if details.is_voice else Audio()
        case WireKind.DOCUMENT:
            return Document(filename=details.file_name or details.title or None, caption=caption, mentions=mentions)
        case WireKind.STICKER:
            return Sticker(animated=details.is_animated)
    return None


def file_in(message: Message, content: Attached, about: MediaMessage | None) -> ArrivedFile:
    """The file that a message shows, as far as it says; one that is not told ``about`` cannot be fetched."""
    kind, media = MediaKind(content.type), read_media(message)
    if media is None:
        return ArrivedFile(kind, "")
    details, file = media.details, _fetchable(media)
    secret = None if file is None else file.secret
    return ArrivedFile(
        kind=kind,
        mime=details.mimetype,
        size=None if secret is None else secret.size,
        sha256=None if secret is None else secret.sha256.hex(),
        filename=details.file_name or details.title,
        width=details.width,
        height=details.height,
        duration_ms=None if details.seconds is None else details.seconds * 1000,
        waveform=details.waveform,
        thumbnail=details.preview,
        reference=None if file is None or about is None else Reference(file, about).pack(),
    )


def _fetchable(media: Media) -> MediaFile | None:
    """A message's file, unless it cannot be one: WhatsApp has none so large."""
    file = media.file
    return None if file is None or (file.secret.size or 0) > MAX_FILE else file


def _told(file: MediaFile) -> dict[str, object]:
    secret = file.secret
    return {
        "kind": secret.kind.value,
        "key": secret.media_key.hex(),
        "sha256": secret.sha256.hex(),
        "enc_sha256": secret.enc_sha256.hex(),
        "size": secret.size,
        "path": file.direct_path,
        "url": file.url,
        "made_at": file.key_made_at,
    }


def _file(told: Mapping[str, Any]) -> MediaFile:
    """The inverse. Raises ValueError, KeyError, TypeError."""
    key, sha256, enc_sha256 = (bytes.fromhex(told[name]) for name in ("key", "sha256", "enc_sha256"))
    secret = MediaSecret(WireKind(told["kind"]), key, sha256, enc_sha256, told["size"])
    return MediaFile(secret, str(told["path"]), told["url"], told["made_at"])
