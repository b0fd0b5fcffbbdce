"""Marks of chats, and names of contacts, on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from wagate.api.v1.schemas.messages import Contact, Message, SendQuery
from wagate.api.v1.schemas.parts import Asked, Line, Moment, Shown, example
from wagate.domain.marks import FOREVER, MAX_NAME, NOT_MUTED, ChatMarks, ContactName

Name = Annotated[Line, StringConstraints(min_length=1, max_length=MAX_NAME)]

_TIMER = "New messages vanish after so many seconds; 0 is never."
_FOREVER = "`9999-12-31T23:59:59.999Z` is for ever"
_MARKS: dict[str, Any] = {"archived": False, "pinned": True, "muted_until": None, "unread": False, "disappearing_s": 0}


class MarkChat(Asked):
    """What to say of a chat; what is left out stays as it is."""

    model_config = example({"archived": True, "muted_until": "2026-12-24T18:00:00.000Z"})

    archived: bool | None = Field(default=None, description="Out of the list of chats. An archived chat is not pinned.")
    pinned: bool | None = Field(default=None, description="On top of the list of chats.")
    muted_until: AwareDatetime | None = Field(
        default=None, description=f"Until when it makes no sound; null lets it make one again, {_FOREVER}."
    )
    unread: bool | None = Field(default=None, description="Shown as unread, or as read.")
    disappearing_s: Literal[0, 86400, 604800, 7776000] | None = Field(
        default=None,
        description=f"{_TIMER} It is said in the chat, so whoever is in it learns of it. "
        "A group's is one of its settings: it needs the scope `groups:write` as well.",
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name something to change")
        return self

    def to_marks(self) -> ChatMarks:
        """The same in the house's words."""
        muted_until = None
        if "muted_until" in self.model_fields_set:
            muted_until = NOT_MUTED if self.muted_until is None else _milliseconds(self.muted_until)
        return ChatMarks(self.archived, self.pinned, muted_until, self.unread, self.disappearing_s)


class Marks(Shown):
    """How a chat is marked."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"id": "cht_01KAGQ7M3E6G9J2M5P8R1T4W7Z", **_MARKS}
    model_config = example(EXAMPLE)

    id: str = Field(description="The id of the chat.")
    archived: bool
    pinned: bool
    muted_until: Moment | None = Field(description=f"Until when it makes no sound; {_FOREVER}.")
    unread: bool = Field(description="Whether somebody marked it as unread, whatever messages were read.")
    disappearing_s: int = Field(description=_TIMER)


class ClearChat(Asked):
    """How to clear a chat."""

    model_config = example({"starred": False})

    starred: bool = Field(default=False, description="The messages with a star as well.")


class DeleteQuery(SendQuery):
    """For whom a message is deleted."""

    for_: Literal["everybody", "me"] = Field(
        default="everybody",
        alias="for",
        description="`everybody` takes a message of one's own back; `me` deletes any message on the devices of the "
        "session's own account, and on no other.",
    )


class SaveContact(Asked):
    """The name to save somebody under."""

    model_config = example({"name": "Ana Souza", "first_name": "Ana"})

    name: Name
    first_name: Name | None = Field(default=None, description="What to call them for short.")

    def to_name(self) -> ContactName:
        """The same in the house's words."""
        return ContactName(self.name, self.first_name or "")


class NamedContact(Shown):
    """Somebody, with their name in the account's address book."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "contact": Message.EXAMPLE["chat"]["contact"],
        "name": "Ana Souza",
        "first_name": "Ana",
    }
    model_config = example(EXAMPLE)

    contact: Contact
    name: str | None = Field(description="Null for somebody who is not in the address book.")
    first_name: str | None


def _milliseconds(moment: datetime) -> int:
    return max(NOT_MUTED + 1, min(FOREVER, round(moment.timestamp() * 1000)))
