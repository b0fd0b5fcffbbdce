"""What can be sent with a file: kept before, inside the request, or somewhere on the web."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints
from typing_extensions import override

from wagate.api.v1.schemas.media import Filename
from wagate.api.v1.schemas.parts import Line, example
from wagate.api.v1.schemas.sending import MAX_MENTIONS, MAX_TEXT_CHARS, Address, Sending, mentioned
from wagate.domain.content import (
    UNKEPT,
    Audio,
    Content,
    Context,
    Document,
    Image,
    Sticker,
    Video,
    Voice,
)
from wagate.domain.errors import InvalidRequest
from wagate.domain.ids import MediaId
from wagate.domain.media import MediaKind
from wagate.features.messaging.requests import SendRequest

Caption = Annotated[Line, StringConstraints(max_length=MAX_TEXT_CHARS)]
"""What an engine allows is less: the room refuses that, so that it is refused alike by whatever way it comes."""

_PHONE = "+5511999999999"
_DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
_MEDIA = "med_01KAGQ9C3E6H9K2N5Q8T1W4Y7Z"


class SendMedia(Sending):
    """What every message with a file says. JSON names the file in one of three ways; a form has it as `file`."""

    kind: ClassVar[MediaKind]

    media: Annotated[Line, StringConstraints(max_length=64)] | None = Field(
        default=None, description="A file that is kept already, by its id. It is converted if the type asks for that."
    )
    url: Annotated[Line, StringConstraints(min_length=1, max_length=4000)] | None = Field(
        default=None, description="Where the file is: http or https, on the public internet."
    )
    base64: str | None = Field(default=None, min_length=1, description="The file itself, at most 8 MB.")
    filename: Filename | None = Field(default=None, description="Its name, for whoever saves it.")

    def content(self, media: MediaId) -> Content:
        """What is said, with this file."""
        raise AssertionError("each type says its own")

    @property
    def is_once(self) -> bool:
        """Whether it is to be seen once only."""
        return False

    @override
    def said(self) -> Content:
        """What is said, with the file that is named by its id, if one is."""
        return self.content(UNKEPT if self.media is None else MediaId(self.media))

    @override
    def to_request(self) -> SendRequest:
        """The same in the house's words. Raises InvalidRecipient, InvalidContent."""
        return replace(super().to_request(), context=Context(view_once=self.is_once))

    def check_source(self) -> None:
        """Raise InvalidRequest unless the file is named in one way."""
        if sum(named is not None for named in (self.media, self.url, self.base64)) != 1:
            raise InvalidRequest("Send one of `media`, `url` and `base64`, or a form with a `file`", pointer="/media")


class _SendCaptioned(SendMedia):
    """With words under it."""

    caption: Caption | None = None
    mentions: list[Address] = Field(
        default_factory=list, max_length=MAX_MENTIONS, description="People named in the caption, as in `to`."
    )
    mentions_all: bool = Field(default=False, description="Call everybody in a group.")


class SendImage(_SendCaptioned):
    """A picture. What WhatsApp does not show becomes a JPEG."""

    model_config = example({"to": _PHONE, "type": "image", "base64": _DOT, "caption": "A dot"})
    kind = MediaKind.IMAGE

    type: Literal["image"]
    view_once: bool = Field(default=False, description="Let it be seen once only.")

    @property
    @override
    def is_once(self) -> bool:
        """As asked."""
        return self.view_once

    @override
    def content(self, media: MediaId) -> Content:
        """The picture. Raises InvalidRecipient for a mention that is no address."""
        return Image(media, self.caption, mentioned(self.mentions), self.mentions_all)


class SendVideo(_SendCaptioned):
    """A video: MP4 or 3GP."""

    model_config = example({"to": _PHONE, "type": "video", "media": _MEDIA, "caption": "The way here"})
    kind = MediaKind.VIDEO

    type: Literal["video"]
    view_once: bool = Field(default=False, description="Let it be seen once only.")

    @property
    @override
    def is_once(self) -> bool:
        """As asked."""
        return self.view_once

    @override
    def content(self, media: MediaId) -> Content:
        """The video. Raises InvalidRecipient for a mention that is no address."""
        return Video(media, self.caption, mentioned(self.mentions), self.mentions_all)


class SendGif(_SendCaptioned):
    """A video that repeats by itself, without sound: what phones call a GIF. It has to be an MP4."""

    model_config = example({"to": _PHONE, "type": "gif", "media": _MEDIA})
    kind = MediaKind.VIDEO

    type: Literal["gif"]

    @override
    def content(self, media: MediaId) -> Content:
        """The GIF. Raises InvalidRecipient for a mention that is no address."""
        return Video(media, self.caption, mentioned(self.mentions), self.mentions_all, gif=True)


class SendVideoNote(SendMedia):
    """A round video, as one records it in a chat."""

    model_config = example({"to": _PHONE, "type": "video_note", "media": _MEDIA})
    kind = MediaKind.VIDEO

    type: Literal["video_note"]

    @override
    def content(self, media: MediaId) -> Content:
        """The note."""
        return Video(media, note=True)


class SendAudio(SendMedia):
    """A sound to listen to, such as music."""

    model_config = example({"to": _PHONE, "type": "audio", "media": _MEDIA})
    kind = MediaKind.AUDIO

    type: Literal["audio"]

    @override
    def content(self, media: MediaId) -> Content:
        """The sound."""
        return Audio(media)


class SendVoice(SendMedia):
    """A voice note. Any sound is converted to one, with its waveform."""

    model_config = example({"to": _PHONE, "type": "voice", "media": _MEDIA})
    kind = MediaKind.VOICE

    type: Literal["voice"]
    view_once: bool = Field(default=False, description="Let it be heard once only.")

    @property
    @override
    def is_once(self) -> bool:
        """As asked."""
        return self.view_once

    @override
    def content(self, media: MediaId) -> Content:
        """The note."""
        return Voice(media)


class SendDocument(_SendCaptioned):
    """A file of any kind, sent as it is."""

    model_config = example(
        {"to": _PHONE, "type": "document", "media": _MEDIA, "filename": "invoice.pdf", "caption": "Your invoice"}
    )
    kind = MediaKind.DOCUMENT

    type: Literal["document"]

    @override
    def content(self, media: MediaId) -> Content:
        """The document. Raises InvalidRecipient for a mention that is no address."""
        return Document(media, self.filename, self.caption, mentioned(self.mentions), self.mentions_all)


class SendSticker(SendMedia):
    """A sticker. Any picture is made into one, a moving one too."""

    model_config = example({"to": _PHONE, "type": "sticker", "base64": _DOT})
    kind = MediaKind.STICKER

    type: Literal["sticker"]

    @override
    def content(self, media: MediaId) -> Content:
        """The sticker."""
        return Sticker(media)


WITH_FILE: Mapping[str, type[SendMedia]] = {
    "image": SendImage,
    "video": SendVideo,
    "gif": SendGif,
    "video_note": SendVideoNote,
    "audio": SendAudio,
    "voice": SendVoice,
    "document": SendDocument,
    "sticker": SendSticker,
}
"""The shape of a message with a file, by its ``type``."""
