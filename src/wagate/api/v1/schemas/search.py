"""Search on the wire."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, model_validator

from wagate.api.v1.schemas.lists import Word
from wagate.api.v1.schemas.messages import Message
from wagate.api.v1.schemas.parts import Asked, Line, Shown, example
from wagate.domain.message import Direction
from wagate.domain.page import DEFAULT_LIMIT, MAX_LIMIT
from wagate.features.messaging.search import SearchFilter

_TYPE = Annotated[Line, StringConstraints(pattern=r"^[a-z_]{1,40}$")]


def _in_range(moment: AwareDatetime) -> AwareDatetime:
    if moment.year < 1971:
        raise ValueError("must be in 1971 or later")
    return moment


_When = Annotated[AwareDatetime, AfterValidator(_in_range)]


class SearchQuery(Asked):
    """What to look for, and where."""

    q: Line = Field(
        description='Words that a message must have, whatever their case and accents. `"these words"` side by side, '
        '`begin*` for the beginning of a word, `-word` or `-"some words"` for what it must not have.',
        examples=["invoice -paid"],
    )
    session: Word | None = Field(default=None, description="Only this session's, by id or name.")
    chat: Word | None = Field(default=None, description="Only this chat's: its id, or whatever `to` takes.")
    sender: Word | None = Field(
        default=None, description="Only what this person wrote: a contact's id, or whatever `to` takes."
    )
    type: _TYPE | None = Field(default=None, description="Only messages of this type.", examples=["text"])
    direction: Direction | None = Field(default=None, description="Only received (in) or only sent (out) messages.")
    since: _When | None = Field(default=None, description="Only what the gateway learnt of then or later.")
    until: _When | None = Field(default=None, description="Only what the gateway learnt of before.")
    has_media: bool = Field(default=False, description="Only messages with a file.")
    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="How many at most.")
    cursor: Annotated[Line, StringConstraints(max_length=500)] | None = Field(
        default=None, description="`next_cursor` of the page before; opaque."
    )

    @model_validator(mode="after")
    def _chats_are_of_a_session(self) -> SearchQuery:
        if self.session is None and (self.chat is not None or self.sender is not None):
            raise ValueError("chat and sender need a session")
        return self

    def to_filter(self) -> SearchFilter:
        """The same in the house's words."""
        return SearchFilter(
            session=self.session,
            chat=self.chat,
            sender=self.sender,
            type=self.type,
            direction=self.direction,
            since=None if self.since is None else round(self.since.timestamp() * 1000),
            until=None if self.until is None else round(self.until.timestamp() * 1000),
            has_media=self.has_media,
        )


class SnippetPiece(Shown):
    """A part of a snippet. Plain text: escape it before it becomes HTML."""

    text: str
    match: bool = Field(description="Whether this part is what was looked for.")


class FoundMessage(Shown):
    """A message, and the part of its text that shows why it was found."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "message": Message.EXAMPLE,
        "snippet": [{"text": "Hello from ", "match": False}, {"text": "wagate", "match": True}],
    }
    model_config = example(EXAMPLE)

    message: Message
    snippet: list[SnippetPiece]


class FoundPage(Shown):
    """Some of the messages that were found, and the cursor to the next ones."""

    model_config = example({"data": [FoundMessage.EXAMPLE], "next_cursor": "w3nQ1lsibWVzc2FnZXMi"})

    data: list[FoundMessage]
    next_cursor: str | None
