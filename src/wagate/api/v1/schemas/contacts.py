"""Contacts, profiles and presence on the wire."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from wagate.api.v1.schemas.lists import ListQuery
from wagate.api.v1.schemas.messages import Contact
from wagate.api.v1.schemas.parts import Asked, Line, Moment, Shown, example
from wagate.api.v1.schemas.sending import Address
from wagate.domain.contacts import MAX_ABOUT, MAX_PUSH_NAME, Audience, Privacy

MAX_CHECKED = 200

_CONTACT: dict[str, Any] = {
    "id": "con_01KAGQ7M3D5F8H1K4N6Q9S2V0X",
    "phone": "+5511888888888",
    "lid": "193847562910473@lid",
    "push_name": "Ana",
    "is_me": False,
}
_DETAILS: dict[str, Any] = {
    "about": "At work",
    "about_at": "2026-11-20T09:15:27.000Z",
    "picture_id": "1763630127",
    "blocked": False,
}
_PRIVACY: dict[str, Any] = {
    "last_seen": "contacts",
    "online": "match_last_seen",
    "picture": "everybody",
    "about": "everybody",
    "read_receipts": "everybody",
    "group_add": "contacts",
    "call_add": "everybody",
}


class ContactsQuery(ListQuery):
    """Which contacts to list."""

    search: Annotated[Line, StringConstraints(min_length=1, max_length=100)] | None = Field(
        default=None, description="Part of a name or of a phone number."
    )
    blocked: bool | None = Field(default=None, description="Only those who are blocked, or only those who are not.")


class ContactDetails(Shown):
    """What somebody shows of themselves, as far as it was told."""

    about: str | None = Field(description="Null: they have none, hide it, or it was never asked for.")
    about_at: Moment | None = Field(description="When they wrote it.")
    picture_id: str | None = Field(description="Changes with the picture.")
    blocked: bool = Field(description="Whether the account has blocked them.")


class FullContact(Contact):
    """A person, and what they show of themselves as far as it was told."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_CONTACT, **_DETAILS}
    model_config = example(EXAMPLE)

    about: str | None = Field(description="Null: they have none, hide it, or it was never asked for.")
    about_at: Moment | None
    picture_id: str | None = Field(description="Changes with the picture.")
    blocked: bool


class ContactPage(Shown):
    """Some contacts, and the cursor to the next ones."""

    model_config = example({"data": [FullContact.EXAMPLE], "next_cursor": None})

    data: list[FullContact]
    next_cursor: str | None


class CheckNumbers(Asked):
    """Numbers to check."""

    model_config = example({"phones": ["+55 11 98888-8888", "+5511777777777"]})

    phones: Annotated[list[Address], Field(min_length=1, max_length=MAX_CHECKED)] = Field(
        description="Phone numbers in any sane form. Brazilian, Argentine and Mexican mobile numbers are found with "
        "and without their extra digit."
    )


class NumberChecked(Shown):
    """Whether somebody is there."""

    query: str = Field(description="The number as it was written.")
    on_whatsapp: bool
    phone: str | None = Field(description="The number as it is registered, which may have a digit more or less.")
    jid: str | None
    lid: str | None = Field(description="Where it is known.")


class NumbersChecked(Shown):
    """Which numbers have an account, in the order of the question."""

    model_config = example(
        {
            "data": [
                {
                    "query": "+55 11 98888-8888",
                    "on_whatsapp": True,
                    "phone": "+551188888888",
                    "jid": "551188888888@s.whatsapp.net",
                    "lid": None,
                },
                {"query": "+5511777777777", "on_whatsapp": False, "phone": None, "jid": None, "lid": None},
            ]
        }
    )

    data: list[NumberChecked]


class PictureQuery(Asked):
    """Which form of a picture."""

    preview: bool = Field(default=False, description="The small one.")


class PictureLink(Shown):
    """Where a picture lies."""

    model_config = example(
        {"id": "1763630127", "url": "https://pps.whatsapp.net/v/t61.24694-24/1763630127.jpg", "preview": False}
    )

    id: str = Field(description="Changes with the picture.")
    url: str = Field(description="At WhatsApp's own hosts. Anybody can fetch it, for some hours or days.")
    preview: bool


class NamedMedia(Asked):
    """A file that was kept before."""

    id: Annotated[Line, StringConstraints(min_length=1, max_length=64)] = Field(description="Its id, `med_…`.")


class SetPicture(Asked):
    """A picture to show."""

    model_config = example({"media": {"id": "med_01KAGQ9B4C7D1F5H8K2M6N0P3R"}})

    media: NamedMedia = Field(description="An image. Its middle is cut to a square of 640 pixels.")


class PictureSet(Shown):
    """A picture that is shown now."""

    model_config = example({"id": "1763630127"})

    id: str | None = Field(description="Null where WhatsApp did not tell.")


class ShowPresence(Asked):
    """Whether to be shown online."""

    model_config = example({"available": True})

    available: bool = Field(description="Until it is changed, or the session is stopped.")


class ProfileQuery(Asked):
    """How to look at the profile."""

    refresh: bool = Field(default=False, description="Ask WhatsApp first.")


class UpdateProfile(Asked):
    """What to change about the profile."""

    model_config = example({"name": "Corner Shop", "about": "Mon to Fri, 9 to 18"})

    name: Annotated[Line, StringConstraints(min_length=1, max_length=MAX_PUSH_NAME)] | None = Field(
        default=None, description="The name that others see with messages."
    )
    about: Annotated[Line, StringConstraints(max_length=MAX_ABOUT)] | None = Field(
        default=None, description="An empty text shows none."
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.name is None and self.about is None:
            raise ValueError("name something to change")
        return self


class Profile(Shown):
    """What the session's account shows of itself."""

    model_config = example(
        {
            "phone": "+5511999999999",
            "lid": "204837561029384@lid",
            "name": "Shop",
            "about": "Mon to Fri, 9 to 18",
            "about_at": "2026-11-20T09:15:27.000Z",
            "picture_id": "1763630127",
        }
    )

    phone: str | None
    lid: str | None
    name: str | None = Field(description="The name that others see with messages.")
    about: str | None = Field(description="Null until it was asked for with `refresh`, or set.")
    about_at: Moment | None
    picture_id: str | None = Field(description="Changes with the picture.")


class UpdatePrivacy(Asked):
    """Settings to change; what is left out stays as it is."""

    model_config = example({"last_seen": "contacts", "read_receipts": "nobody"})

    last_seen: Audience | None = Field(default=None, description="When we were online: all words but the special ones.")
    online: Audience | None = Field(default=None, description="Whether we are: `everybody`, `match_last_seen`.")
    picture: Audience | None = Field(default=None, description="`everybody`, `contacts`, `nobody`.")
    about: Audience | None = Field(default=None, description="`everybody`, `contacts`, `nobody`.")
    read_receipts: Audience | None = Field(default=None, description="`everybody` or `nobody`.")
    group_add: Audience | None = Field(default=None, description="Who may add us to groups: `everybody`, `contacts`.")
    call_add: Audience | None = Field(default=None, description="Who may call: `everybody`, `known`.")

    @field_validator("*")
    @classmethod
    def _not_null(cls, value: object) -> object:
        # Only what the caller wrote is validated, so this None is a null and not a field that was left out.
        if value is None:
            raise ValueError("cannot be null; leave it out to keep it")
        return value

    def to_changes(self) -> dict[Privacy, Audience]:
        """The same in the house's words."""
        return {Privacy(name): getattr(self, name) for name in Privacy if getattr(self, name) is not None}


class PrivacyShown(Shown):
    """Who may see what; null where WhatsApp did not say, or in words that this version does not know."""

    model_config = example(_PRIVACY)

    last_seen: Audience | None
    online: Audience | None
    picture: Audience | None
    about: Audience | None
    read_receipts: Audience | None
    group_add: Audience | None
    call_add: Audience | None
