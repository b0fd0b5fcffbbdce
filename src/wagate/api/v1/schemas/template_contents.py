"""What a template holds, by its type: as it is sent, but for whom it is for, and with places in its texts."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, HttpUrl, StringConstraints
from typing_extensions import override

from wagate.api.v1.schemas.conditions import ms
from wagate.api.v1.schemas.media import Filename
from wagate.api.v1.schemas.parts import Asked, Line
from wagate.api.v1.schemas.sending import AskedButton, AskedSection, Body, Short, Tag
from wagate.api.v1.schemas.sending_media import Caption
from wagate.domain import content, limits
from wagate.domain.ids import MediaId
from wagate.domain.moments import iso
from wagate.domain.templates import TemplateContent

Kept = Annotated[Line, StringConstraints(min_length=1, max_length=64)]
_KEPT = "A file that is kept already, by its id."


class Holding(Asked):
    """What every template's content can do."""

    def said(self) -> TemplateContent:
        """The same in the house's words."""
        raise AssertionError("each type says its own")


class HoldText(Holding):
    """A text."""

    type: Literal["text"]
    text: Body

    @override
    def said(self) -> TemplateContent:
        """The text."""
        return content.Text(self.text)


class HoldImage(Holding):
    """A picture."""

    type: Literal["image"]
    media: Kept = Field(description=_KEPT)
    caption: Caption | None = None

    @override
    def said(self) -> TemplateContent:
        """The picture."""
        return content.Image(MediaId(self.media), self.caption)


class HoldVideo(Holding):
    """A video, or one that repeats by itself."""

    type: Literal["video", "gif"]
    media: Kept = Field(description=_KEPT)
    caption: Caption | None = None

    @override
    def said(self) -> TemplateContent:
        """The video."""
        return content.Video(MediaId(self.media), self.caption, gif=self.type == "gif")


class HoldDocument(Holding):
    """A file of any kind."""

    type: Literal["document"]
    media: Kept = Field(description=_KEPT)
    filename: Filename | None = None
    caption: Caption | None = None

    @override
    def said(self) -> TemplateContent:
        """The document."""
        return content.Document(MediaId(self.media), self.filename, self.caption)


class HoldLocation(Holding):
    """A place."""

    type: Literal["location"]
    latitude: float = Field(ge=-90, le=90, allow_inf_nan=False, description="Degrees north.")
    longitude: float = Field(ge=-180, le=180, allow_inf_nan=False, description="Degrees east.")
    name: Short | None = None
    address: Short | None = None

    @override
    def said(self) -> TemplateContent:
        """The place."""
        return content.Location(self.latitude, self.longitude, self.name, self.address)


class HoldPoll(Holding):
    """A poll."""

    type: Literal["poll"]
    question: Short
    options: list[Short] = Field(min_length=2, max_length=limits.CHOICES)
    selectable: int = Field(default=1, ge=0, le=limits.CHOICES, description="How many one may choose; 0: any number.")

    @override
    def said(self) -> TemplateContent:
        """The poll."""
        return content.Poll(self.question, tuple(self.options), self.selectable)


class HoldEventInvite(Holding):
    """An invitation to something that happens."""

    type: Literal["event_invite"]
    name: Short
    starts_at: AwareDatetime
    ends_at: AwareDatetime | None = None
    description: Annotated[Line, StringConstraints(max_length=limits.DESCRIPTION)] | None = None
    place: Short | None = None
    link: HttpUrl | None = None

    @override
    def said(self) -> TemplateContent:
        """The invitation."""
        return content.EventInvite(
            self.name,
            ms(self.starts_at),
            None if self.ends_at is None else ms(self.ends_at),
            self.description,
            self.place,
            None if self.link is None else str(self.link),
        )


class HoldButtons(Holding):
    """Text with buttons and a footer."""

    type: Literal["buttons"]
    text: Body
    buttons: list[AskedButton] = Field(default_factory=list, max_length=limits.CHOICES)
    footer: Short | None = None

    @override
    def said(self) -> TemplateContent:
        """The buttons."""
        return content.Buttons(self.text, tuple(asked.button() for asked in self.buttons), self.footer)


class HoldList(Holding):
    """Text with a list of choices."""

    type: Literal["list"]
    text: Body
    button: Tag = Field(description="What opens the list.")
    sections: list[AskedSection] = Field(min_length=1, max_length=limits.CHOICES)
    title: Tag | None = None
    footer: Short | None = None

    @override
    def said(self) -> TemplateContent:
        """The list."""
        sections = tuple(asked.section() for asked in self.sections)
        return content.ListMenu(self.text, self.button, sections, self.title, self.footer)


Held = Annotated[
    HoldText
    | HoldImage
    | HoldVideo
    | HoldDocument
    | HoldLocation
    | HoldPoll
    | HoldEventInvite
    | HoldButtons
    | HoldList,
    Field(discriminator="type"),
]
"""Any content that a template may hold."""


def held_shape(held: TemplateContent) -> dict[str, Any]:
    """Content as a template is given it: what is shown can be stored, and with a ``to`` be sent, as it is."""
    return _given(_fields(held))


def _fields(held: TemplateContent) -> dict[str, Any]:
    match held:
        case content.Text(body):
            return {"type": "text", "text": body}
        case content.Image(media, caption):
            return {"type": "image", "media": media, "caption": caption}
        case content.Video(media, caption):
            return {"type": "gif" if held.gif else "video", "media": media, "caption": caption}
        case content.Document(media, filename, caption):
            return {"type": "document", "media": media, "filename": filename, "caption": caption}
        case content.Location(latitude, longitude, name, address):
            place = {"latitude": latitude, "longitude": longitude}
            return {"type": "location", **place, "name": name, "address": address}
        case content.Poll(question, options, selectable):
            return {"type": "poll", "question": question, "options": list(options), "selectable": selectable}
        case content.EventInvite():
            return {
                "type": "event_invite",
                "name": held.name,
                "starts_at": iso(held.starts_at),
                "ends_at": None if held.ends_at is None else iso(held.ends_at),
                "description": held.description,
                "place": held.place,
                "link": held.link,
            }
        case content.Buttons(text, buttons, footer):
            shown = [_given({"id": one.id, "title": one.title, "url": one.url, "phone": one.phone}) for one in buttons]
            return {"type": "buttons", "text": text, "buttons": shown, "footer": footer}
        case content.ListMenu():
            return {
                "type": "list",
                "text": held.body,
                "button": held.button,
                "sections": [_section_shape(section) for section in held.sections],
                "title": held.title,
                "footer": held.footer,
            }


def _section_shape(section: content.Section) -> dict[str, Any]:
    rows = [_given({"id": row.id, "title": row.title, "description": row.description}) for row in section.rows]
    return _given({"title": section.title, "rows": rows})


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
