"""Chats on the wire."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints, model_validator

from wagate.api.v1.schemas.lists import Word
from wagate.api.v1.schemas.messages import Chat, Contact, Message
from wagate.api.v1.schemas.parts import Asked, Line, Moment, Shown, example
from wagate.domain.message import Direction, MessageStatus
from wagate.domain.page import DEFAULT_LIMIT, MAX_LIMIT, Order

_CURSOR = Annotated[Line, StringConstraints(max_length=500)]


class ChatKind(StrEnum):
    """What a chat is."""

    DIRECT = "direct"
    GROUP = "group"
    CHANNEL = "channel"
    STATUS = "status"


class ChatsQuery(Asked):
    """Which chats to list."""

    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="How many at most.")
    cursor: _CURSOR | None = Field(default=None, description="`next_cursor` of the page before; opaque.")
    kind: ChatKind | None = Field(default=None, description="Only chats of this kind.")
    unread: bool = Field(default=False, description="Only chats with unread messages, or marked as unread.")
    archived: bool | None = Field(default=None, description="Only chats that are archived, or that are not.")
    name: Word | None = Field(
        default=None,
        description="Only chats with this text in their name (or the person's number), whatever the case and accents.",
    )


class ChatMessagesQuery(Asked):
    """Which of a chat's messages to show."""

    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="How many at most (about, with around).")
    cursor: _CURSOR | None = Field(
        default=None,
        description="`next_cursor` of the page before, with the same `order`; or `back_cursor`, with the other one.",
    )
    order: Order = Field(default=Order.DESC, description="Oldest or newest first.")
    around: Word | None = Field(
        default=None, description="A message's id: show it between those before and after it. Not with `cursor`."
    )

    @model_validator(mode="after")
    def _one_way_in(self) -> ChatMessagesQuery:
        if self.around is not None and self.cursor is not None:
            raise ValueError("around and cursor cannot be used together")
        return self


class LastMessage(Shown):
    """The newest message of a chat, in short."""

    id: str
    direction: Direction
    from_: Contact = Field(alias="from")
    type: str
    text: str = Field(description="At most 200 characters of it.")
    status: MessageStatus
    at: Moment


class StandingChat(Chat):
    """A chat and how it stands: what was said last, and how much of it is unread."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **Message.EXAMPLE["chat"],
        "name": "Ana",
        "unread": 2,
        "marked_unread": False,
        "archived": False,
        "pinned": True,
        "muted_until": None,
        "disappearing_s": 0,
        "last_message": {
            "id": "msg_01KAGQ8Z1B4D7G0J3M5P8R1T6W",
            "direction": "in",
            "from": Message.EXAMPLE["chat"]["contact"],
            "type": "text",
            "text": "Is it ready?",
            "status": "received",
            "at": "2026-11-20T09:15:27.000Z",
        },
        "last_activity_at": "2026-11-20T09:15:27.000Z",
    }
    model_config = example(EXAMPLE)

    name: str | None = Field(
        description="What a group is called; a person's name in the address book, else their own, else their number."
    )
    unread: int = Field(description="Received messages that nobody has read, here or on the account's phone.")
    marked_unread: bool = Field(description="Whether somebody marked it as unread, whatever messages were read.")
    archived: bool
    pinned: bool
    muted_until: Moment | None = Field(description="Until when it makes no sound.")
    disappearing_s: int = Field(description="New messages vanish after so many seconds; 0 is never.")
    last_message: LastMessage | None = Field(description="Null also where the chat was cleared after it.")
    last_activity_at: Moment


class ChatPage(Shown):
    """Some chats, and the cursor to the next ones."""

    model_config = example({"data": [StandingChat.EXAMPLE], "next_cursor": "w3nQ1lsibWVzc2FnZXMi"})

    data: list[StandingChat]
    next_cursor: str | None


class ChatMessagePage(Shown):
    """Some messages of a chat, and the cursors to what lies beyond them."""

    model_config = example(
        {"data": [Message.EXAMPLE], "next_cursor": "w3nQ1lsibWVzc2FnZXMi", "back_cursor": None},
    )

    data: list[Message]
    next_cursor: str | None
    back_cursor: str | None = Field(description="With `around`: goes on at the other end, with the other `order`.")
