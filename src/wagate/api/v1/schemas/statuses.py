"""Status posts on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints
from typing_extensions import override

from wagate.api.v1.schemas.parts import Asked, Line, example
from wagate.api.v1.schemas.sending import REF, Address, Body, Ref
from wagate.api.v1.schemas.sending_media import Caption
from wagate.domain.content import UNKEPT, Content, Image, Text, Video
from wagate.domain.errors import InvalidRequest
from wagate.domain.ids import MediaId
from wagate.domain.jid import STATUS_LIST
from wagate.domain.looks import Font, Look
from wagate.domain.media import MediaKind
from wagate.features.messaging.audience import StatusAudience
from wagate.features.messaging.requests import SendRequest

MAX_NAMED = 1_024

_WHOM = "Each a phone number in any sane form, a JID, a LID, or the id of a contact of this session."


class Post(Asked):
    """What every status post says."""

    to: list[Address] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_NAMED,
        description=f"Whom it is for; without it everybody who is saved under a name or has a chat. {_WHOM}",
    )
    except_: list[Address] = Field(
        default_factory=list, max_length=MAX_NAMED, alias="except", description=f"Whom it is not for. {_WHOM}"
    )
    client_ref: Ref | None = Field(default=None, description=REF)

    def said(self) -> Content:
        """What is said, in the house's words."""
        raise AssertionError("each type says its own")

    def to_request(self) -> SendRequest:
        """The same in the house's words."""
        only = None if self.to is None else tuple(self.to)
        audience = StatusAudience(only, tuple(self.except_))
        return SendRequest(to=STATUS_LIST, content=self.said(), client_ref=self.client_ref, audience=audience)


class PostText(Post):
    """A text, white on a colour."""

    model_config = example(
        {"type": "text", "text": "Open until ten today", "background": "#1f7a4d", "font": "calistoga_regular"}
    )

    type: Literal["text"]
    text: Body
    background: Annotated[Line, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")] = Field(
        default="#1f7a4d", description="The colour behind the text: `#RRGGBB`."
    )
    font: Font = Font.SYSTEM

    @override
    def said(self) -> Content:
        """The text with its look."""
        return Text(self.text, look=Look(self.background.lower(), self.font))


class PostMedia(Post):
    """A file, named in one of three ways."""

    kind: ClassVar[MediaKind]

    media: Annotated[Line, StringConstraints(max_length=64)] | None = Field(
        default=None, description="A file that is kept already, by its id. It is converted if need be."
    )
    url: Annotated[Line, StringConstraints(min_length=1, max_length=4000)] | None = Field(
        default=None, description="Where the file is: http or https, on the public internet."
    )
    base64: str | None = Field(default=None, min_length=1, description="The file itself, if it is small.")
    caption: Caption | None = None

    @property
    def filename(self) -> str | None:
        """Nobody sees one."""
        return None

    def content(self, media: MediaId) -> Content:
        """What is said, with this file."""
        raise AssertionError("each type says its own")

    @override
    def said(self) -> Content:
        """What is said, with the file that is named by its id, if one is."""
        return self.content(UNKEPT if self.media is None else MediaId(self.media))

    def check_source(self) -> None:
        """Raise InvalidRequest unless the file is named in one way."""
        if sum(named is not None for named in (self.media, self.url, self.base64)) != 1:
            raise InvalidRequest("Send one of `media`, `url` and `base64`", pointer="/media")


class PostImage(PostMedia):
    """A picture. What WhatsApp does not show becomes a JPEG."""

    model_config = example(
        {"type": "image", "media": "med_01KAGQ9C3E6H9K2N5Q8T1W4Y7Z", "caption": "New", "to": ["+5511999999999"]}
    )
    kind = MediaKind.IMAGE

    type: Literal["image"]

    @override
    def content(self, media: MediaId) -> Content:
        """The picture."""
        return Image(media, self.caption)


class PostVideo(PostMedia):
    """A video: MP4 or 3GP."""

    model_config = example({"type": "video", "media": "med_01KAGQ9C3E6H9K2N5Q8T1W4Y7Z", "except": ["+5511999999999"]})
    kind = MediaKind.VIDEO

    type: Literal["video"]

    @override
    def content(self, media: MediaId) -> Content:
        """The video."""
        return Video(media, self.caption)


POSTABLE: Mapping[str, type[Post]] = {"text": PostText, "image": PostImage, "video": PostVideo}
"""The shape of a status post, by its ``type``."""

PostStatus = Annotated[PostText | PostImage | PostVideo, Field(discriminator="type")]
"""A status post to make."""
