"""Engines on the wire."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from wagate.api.v1.schemas.parts import Shown, example


class Promise(Shown):
    """Something that an engine makes sure of, whenever the process dies, or does not."""

    name: str = Field(description="Stable.")
    is_made: bool
    meaning: str


class Ability(Shown):
    """Something that an engine can do besides sending, or cannot: then it answers `unsupported_by_engine`."""

    name: str = Field(description="Stable.")
    is_there: bool
    meaning: str


class Costs(Shown):
    """What running an engine takes, in words."""

    memory: str
    processes: str
    installation: str


class Engine(Shown):
    """A way of reaching WhatsApp."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "name": "native",
        "is_default": True,
        "client_version": "2.3000.1045649367",
        "summary": "our own implementation of WhatsApp Web",
        "promises": [
            {
                "name": "chooses_message_id",
                "is_made": True,
                "meaning": "We choose the message id, so a message that is sent again is recognised as the same one",
            }
        ],
        "abilities": [
            {"name": "marks_read", "is_there": True, "meaning": "Can tell a sender that their messages were read"}
        ],
        "contents": ["text"],
        "max_text_bytes": 65_536,
        "edit_window_s": 900,
        "max_poll_options": 12,
        "max_caption_chars": 1_024,
        "max_footer_chars": 60,
        "costs": {
            "memory": "tens of kilobytes a session",
            "processes": "none of its own",
            "installation": "nothing: it is part of wagate",
        },
        "unproven": "It has never spoken to the live service.",
    }
    model_config = example(EXAMPLE)

    name: str = Field(description="What a session's `engine` says.")
    is_default: bool = Field(description="Whether a session that names no engine gets this one.")
    client_version: str | None = Field(description="The version of WhatsApp Web that it announces.")
    summary: str
    promises: list[Promise]
    abilities: list[Ability]
    contents: list[str] = Field(description="The kinds of content that it sends.")
    max_text_bytes: int = Field(description="The longest text, in bytes of UTF-8.")
    edit_window_s: int = Field(description="For how many seconds a text can be edited, by engines that send `edit`.")
    max_poll_options: int = Field(description="The most options of a poll, for engines that send `poll`.")
    max_caption_chars: int = Field(description="The longest caption under a file, in characters.")
    max_footer_chars: int = Field(description="The longest footer of buttons and lists, in characters.")
    costs: Costs
    unproven: str = Field(description="What nobody has shown.")


class EngineList(Shown):
    """The engines of this gateway."""

    model_config = example({"data": [Engine.EXAMPLE]})

    data: list[Engine]
