"""Events on the wire."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from wagate.api.v1.schemas.lists import ListQuery, Word
from wagate.api.v1.schemas.messages import Message
from wagate.api.v1.schemas.parts import Asked, Moment, Shown, example
from wagate.domain.events import EventType, matches


def _known_patterns(text: str) -> str:
    for pattern in text.split(","):
        if not any(matches(pattern.strip(), known) for known in EventType):
            raise ValueError("names a type of event that there is not; see docs/reference/events.md")
    return text


TypePatterns = Annotated[Word, AfterValidator(_known_patterns)]


class WhichEvents(Asked):
    """Which events somebody wants."""

    types: TypePatterns = Field(
        default="*",
        description="Types, separated by commas; `message.*` and `*` are understood.",
        examples=["message.*"],
    )
    session: Word | None = Field(default=None, description="Only this session's, by id or name.")

    @property
    def patterns(self) -> tuple[str, ...]:
        """The types as they were listed."""
        return tuple(pattern.strip() for pattern in self.types.split(","))


class EventQuery(ListQuery, WhichEvents):
    """Which events to list."""


class EventSession(Shown):
    """The session of an event; of one that was deleted only the id is left."""

    id: str
    name: str | None
    engine: str | None
    metadata: dict[str, str]


class Event(Shown):
    """A fact. It is written once, numbered per session, and never changes."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "id": "evt_01KAGQ8Z3V6Y9B2E5H8K1N4Q7T",
        "seq": 1841,
        "type": "message.queued",
        "tenant": "tnt_01KAGQ4R2T0A3D6G9K2N5R8V1Y",
        "session": {"id": Message.EXAMPLE["session"], "name": "support", "engine": "native", "metadata": {}},
        "occurred_at": "2026-11-20T09:15:27.123Z",
        "data": Message.EXAMPLE,
    }
    model_config = example(EXAMPLE)

    id: str = Field(description="Sorts by time, roughly; the same in every door.")
    seq: int = Field(description="Counts the session's events without a gap.")
    type: EventType
    tenant: str
    session: EventSession | None
    occurred_at: Moment
    data: dict[str, Any] = Field(description="By the type; docs/reference/events.md.")


class EventPage(Shown):
    """Some events, and the cursor to the next ones."""

    model_config = example({"data": [Event.EXAMPLE], "next_cursor": None})

    data: list[Event]
    next_cursor: str | None = Field(
        description="A page may hold fewer events than asked for, even none, and still have a next one."
    )
