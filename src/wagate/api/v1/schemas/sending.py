"""What can be sent, by its type, and what can be done to a message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, HttpUrl, StringConstraints
from typing_extensions import override

from wagate.api.v1.schemas.conditions import Conditioned, ms
from wagate.api.v1.schemas.parts import Asked, AskedPreview, Line, example
from wagate.domain import content, limits
from wagate.domain.errors import InvalidContent, InvalidRecipient, InvalidRequest
from wagate.domain.jid import Jid, parse_recipient
from wagate.domain.vcard import MAX_BYTES as MAX_CARD_CHARS
from wagate.domain.vcard import Person, written
from wagate.domain.vcard import read as read_card
from wagate.features.messaging.requests import MAX_DEDUPLICATION_S, SendRequest

MAX_TEXT_CHARS = 65_536
MAX_MENTIONS = 1_024

Address = Annotated[Line, StringConstraints(min_length=1, max_length=100)]
Body = Annotated[Line, StringConstraints(min_length=1, max_length=MAX_TEXT_CHARS)]
Short = Annotated[Line, StringConstraints(min_length=1, max_length=limits.NAME)]
Tag = Annotated[Line, StringConstraints(min_length=1, max_length=limits.TITLE)]
Ref = Annotated[Line, StringConstraints(max_length=200)]
REF = "Your own word for this message; kept, shown, never interpreted."
TO = "A phone number in any sane form, a JID, a LID, or the id of a chat or contact of this session."

_PHONE = "+5511999999999"


class Addressed(Asked):
    """To whom something is said."""

    to: Address = Field(description=TO)
    reply_to: Annotated[Line, StringConstraints(max_length=64)] | None = Field(
        default=None, description="Id of the message of the same chat that this one answers."
    )
    client_ref: Ref | None = Field(default=None, description=REF)


class Sending(Conditioned, Addressed):
    """What every message that is to be sent says."""

    deduplicate_s: int | None = Field(
        default=None,
        ge=1,
        le=MAX_DEDUPLICATION_S,
        description="If the same content was accepted for the same chat within so many seconds, with such a limit as "
        "well, that message is the answer, and nothing is sent.",
    )
    deduplication_key: Annotated[Line, StringConstraints(min_length=1, max_length=255)] | None = Field(
        default=None, description="What is the same, in place of the content. Needs `deduplicate_s`."
    )

    def said(self) -> content.Content:
        """What is said, in the house's words."""
        raise AssertionError("each type says its own")

    def to_request(self) -> SendRequest:
        """The same in the house's words. Raises InvalidRecipient, InvalidContent."""
        return SendRequest(
            to=self.to,
            content=self.said(),
            reply_to=self.reply_to,
            client_ref=self.client_ref,
            conditions=self.conditions(),
            deduplicate_s=self.deduplicate_s,
            deduplication_key=self._own_key(),
        )

    def _own_key(self) -> str | None:
        if self.deduplication_key is not None and self.deduplicate_s is None:
            raise InvalidRequest("Say with `deduplicate_s` for how long the key counts", pointer="/deduplicate_s")
        return self.deduplication_key


class SendText(Sending):
    """A text. With ``preview`` it shows what is behind a link: looked up here, or as it is given."""

    model_config = example({"to": _PHONE, "text": "Hello from wagate"})

    type: Literal["text"] = "text"
    text: Body
    mentions: list[Address] = Field(
        default_factory=list, max_length=MAX_MENTIONS, description="People named in the text, as in `to`."
    )
    mentions_all: bool = Field(default=False, description="Call everybody in a group.")
    preview: bool | AskedPreview = Field(
        default=False,
        description="True: look up the page behind the first link, which may take some seconds. Or say what to show.",
    )

    @override
    def said(self) -> content.Content:
        """The text. Raises InvalidRecipient for a mention that is no address, InvalidContent for another's link."""
        given = self.preview.page(self.text) if isinstance(self.preview, AskedPreview) else None
        return content.Text(self.text, mentioned(self.mentions), self.mentions_all, given)

    @override
    def to_request(self) -> SendRequest:
        """The same in the house's words, with the wish for a preview."""
        return replace(super().to_request(), previews_link=self.preview is True)


class SendLocation(Sending):
    """A place."""

    model_config = example(
        {
            "to": _PHONE,
            "type": "location",
            "latitude": -23.561414,
            "longitude": -46.655881,
            "name": "MASP",
            "address": "Avenida Paulista, 1578",
        }
    )

    type: Literal["location"]
    latitude: float = Field(ge=-90, le=90, allow_inf_nan=False, description="Degrees north.")
    longitude: float = Field(ge=-180, le=180, allow_inf_nan=False, description="Degrees east.")
    name: Short | None = None
    address: Short | None = None

    @override
    def said(self) -> content.Content:
        """The place."""
        return content.Location(self.latitude, self.longitude, self.name, self.address)


class AskedCard(Asked):
    """Somebody's contact card: what is known of them, or a whole vCard."""

    name: Short | None = Field(default=None, description="The name that is shown; needed unless there is a `vcard`.")
    phones: list[Address] = Field(default_factory=list, max_length=20, description="In any sane form.")
    emails: list[Short] = Field(default_factory=list, max_length=20)
    organisation: Short | None = None
    vcard: Annotated[Line, StringConstraints(max_length=MAX_CARD_CHARS)] | None = Field(
        default=None, description="A vCard to send as it is, in place of the fields."
    )

    def card(self, number: int) -> content.Card:
        """The card. Raises InvalidContent, InvalidRecipient."""
        if self.vcard is not None:
            known = read_card(self.vcard)
            if known is None:
                raise InvalidContent("This is no vCard", pointer=f"/contacts/{number}/vcard")
            return content.Card(self.name or known.name, self.vcard)
        if self.name is None:
            raise InvalidContent("A card needs a name or a vcard", pointer=f"/contacts/{number}/name")
        phones = tuple(
            _parsed(phone, f"/contacts/{number}/phones/{place}").phone or phone
            for place, phone in enumerate(self.phones)
        )
        person = Person(self.name, phones, tuple(self.emails), self.organisation)
        return content.Card(self.name, written(person))


class SendContacts(Sending):
    """Contact cards."""

    model_config = example(
        {"to": _PHONE, "type": "contacts", "contacts": [{"name": "Ana Lima", "phones": ["+55 11 98888-8888"]}]}
    )

    type: Literal["contacts"]
    contacts: list[AskedCard] = Field(min_length=1, max_length=limits.CARDS)

    @override
    def said(self) -> content.Content:
        """The cards."""
        return content.Contacts(tuple(asked.card(number) for number, asked in enumerate(self.contacts)))


class SendPoll(Sending):
    """A poll. Its votes come as `message.poll_vote`."""

    model_config = example({"to": _PHONE, "type": "poll", "question": "Lunch?", "options": ["Pizza", "Sushi"]})

    type: Literal["poll"]
    question: Short
    options: list[Short] = Field(max_length=limits.CHOICES)
    selectable: int = Field(default=1, ge=0, le=limits.CHOICES, description="How many one may choose; 0: any number.")

    @override
    def said(self) -> content.Content:
        """The poll."""
        return content.Poll(self.question, tuple(self.options), self.selectable)


class SendEventInvite(Sending):
    """An invitation to something that happens."""

    model_config = example(
        {
            "to": _PHONE,
            "type": "event_invite",
            "name": "Open house",
            "starts_at": "2026-12-18T18:00:00Z",
            "place": "Avenida Paulista, 1578",
        }
    )

    type: Literal["event_invite"]
    name: Short
    starts_at: AwareDatetime
    ends_at: AwareDatetime | None = None
    description: Annotated[Line, StringConstraints(max_length=limits.DESCRIPTION)] | None = None
    place: Short | None = None
    link: HttpUrl | None = Field(default=None, description="Where one joins, for something online.")

    @override
    def said(self) -> content.Content:
        """The invitation."""
        return content.EventInvite(
            name=self.name,
            starts_at=ms(self.starts_at),
            ends_at=None if self.ends_at is None else ms(self.ends_at),
            description=self.description,
            place=self.place,
            link=None if self.link is None else str(self.link),
        )


class AskedButton(Asked):
    """A button: an answer with its own `id`, a `url` to open or a `phone` to call."""

    id: Tag = Field(description="Your own word for the answer.")
    title: Tag
    url: HttpUrl | None = None
    phone: Address | None = None

    def button(self) -> content.Button:
        """The same in the house's words."""
        return content.Button(self.id, self.title, None if self.url is None else str(self.url), self.phone)


class SendButtons(Sending):
    """Text with buttons and a footer. Where the engine cannot send them, a text with numbered choices goes out."""

    model_config = example(
        {
            "to": _PHONE,
            "type": "buttons",
            "text": "Shall we deliver today?",
            "buttons": [{"id": "yes", "title": "Yes"}, {"id": "no", "title": "No"}],
            "footer": "Shop",
        }
    )

    type: Literal["buttons"]
    text: Body
    buttons: list[AskedButton] = Field(default_factory=list, max_length=limits.CHOICES)
    footer: Short | None = None

    @override
    def said(self) -> content.Content:
        """The buttons."""
        return content.Buttons(self.text, tuple(asked.button() for asked in self.buttons), self.footer)


class AskedRow(Asked):
    """A choice of a list."""

    id: Tag = Field(description="Your own word for the choice.")
    title: Tag
    description: Short | None = None


class AskedSection(Asked):
    """Some choices under a title."""

    title: Tag | None = None
    rows: list[AskedRow] = Field(min_length=1, max_length=limits.CHOICES)

    def section(self) -> content.Section:
        """The same in the house's words."""
        return content.Section(self.title, tuple(content.Row(row.id, row.title, row.description) for row in self.rows))


class SendList(Sending):
    """Text with a list of choices. Where the engine cannot send it, a text with numbered choices goes out."""

    model_config = example(
        {
            "to": _PHONE,
            "type": "list",
            "text": "When shall we come?",
            "button": "Choose a time",
            "sections": [
                {"title": "Monday", "rows": [{"id": "mo-9", "title": "9:00"}, {"id": "mo-14", "title": "14:00"}]}
            ],
        }
    )

    type: Literal["list"]
    text: Body
    button: Tag = Field(description="What opens the list.")
    sections: list[AskedSection] = Field(min_length=1, max_length=limits.CHOICES)
    title: Tag | None = None
    footer: Short | None = None

    @override
    def said(self) -> content.Content:
        """The list."""
        sections = tuple(asked.section() for asked in self.sections)
        return content.ListMenu(self.text, self.button, sections, self.title, self.footer)


WITHOUT_FILE: Mapping[str, type[Sending]] = {
    "text": SendText,
    "location": SendLocation,
    "contacts": SendContacts,
    "poll": SendPoll,
    "event_invite": SendEventInvite,
    "buttons": SendButtons,
    "list": SendList,
}
"""The shape of a message without a file, by its ``type``."""


class EditMessage(Asked):
    """New words for a text of one's own, or under a file of one's own."""

    model_config = example({"text": "Hello again from wagate"})

    text: Body
    mentions: list[Address] = Field(
        default_factory=list, max_length=MAX_MENTIONS, description="People named in the text, as in `to`."
    )
    mentions_all: bool = Field(default=False, description="Call everybody in a group.")
    client_ref: Ref | None = Field(default=None, description=REF)


class SetReaction(Asked):
    """A reaction to a message, in place of one's earlier one."""

    model_config = example({"emoji": "👍"})

    emoji: Annotated[Line, StringConstraints(min_length=1, max_length=limits.EMOJI)]
    client_ref: Ref | None = Field(default=None, description=REF)


class CastVote(Asked):
    """All that one chooses in a poll, in place of what one chose before."""

    model_config = example({"selected": ["Pizza"]})

    selected: list[Short] = Field(max_length=limits.CHOICES, description="Options of the poll, word for word.")
    client_ref: Ref | None = Field(default=None, description=REF)


class PinMessage(Asked):
    """For how long a message is pinned to the top of its chat."""

    model_config = example({"for_s": 604_800})

    for_s: Literal[86_400, 604_800, 2_592_000] = Field(
        default=604_800, description="Seconds: a day, a week or thirty days, as phones offer it."
    )
    client_ref: Ref | None = Field(default=None, description=REF)


class ForwardMessage(Asked):
    """To whom a message is passed on, in the same session."""

    model_config = example({"to": _PHONE})

    to: Address = Field(description=TO)
    client_ref: Ref | None = Field(default=None, description=REF)


class ShowTyping(Asked):
    """What we seem to be doing in a chat."""

    model_config = example({"state": "composing"})

    state: Literal["composing", "recording", "paused"] = "composing"


def mentioned(mentions: list[str]) -> tuple[Jid, ...]:
    """The people named in a text. Raises InvalidRecipient."""
    return tuple(_parsed(text, f"/mentions/{place}") for place, text in enumerate(mentions))


def _parsed(text: str, pointer: str) -> Jid:
    try:
        return parse_recipient(text)
    except InvalidRecipient as error:
        raise InvalidRecipient(error.detail, pointer=pointer) from None
