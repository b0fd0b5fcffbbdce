"""Queues, timelines and the health of accounts on the wire."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from wagate.api.v1.schemas.messages import Message
from wagate.api.v1.schemas.parts import Asked, Moment, Shown, example
from wagate.domain.conditions import Priority
from wagate.domain.message import MessageStatus
from wagate.domain.session import SessionState


class Concern(Shown):
    """Why an account is not well, and what to do about it."""

    code: str = Field(description="Stable.")
    action: str = Field(description="What a human should do, in a sentence or two.")


class Wellbeing(Shown):
    """How an account fares."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "score": 0.7,
        "reasons": [{"code": "rate_limited", "action": "WhatsApp was told too much at once. Lower `per_minute`."}],
        "pace": 0.5,
        "paused_until": "2026-11-20T09:16:27.123Z",
        "no_new_people_until": None,
    }

    score: float = Field(description="From 0 to 1; 1 is nothing known against it.")
    reasons: list[Concern]
    pace: float = Field(description="The part of its set pace that the account keeps for now.")
    paused_until: Moment | None = Field(description="Until when nothing leaves.")
    no_new_people_until: Moment | None = Field(description="Until when nobody new is written to.")


class Today(Shown):
    """What was sent in this day (UTC), and what may be."""

    sent: int
    per_day: int | None = Field(description="Null: any number. A number that warms up has less than is set.")
    cold: int = Field(description="Of those, first messages to somebody new.")
    cold_per_day: int | None
    ends_at: Moment = Field(description="When both are counted anew.")


class AccountHealth(Wellbeing):
    """How an account fares, its line, and its day."""

    model_config = example(
        {
            **Wellbeing.EXAMPLE,
            "state": "connected",
            "today": {
                "sent": 214,
                "per_day": 1000,
                "cold": 12,
                "cold_per_day": 50,
                "ends_at": "2026-11-21T00:00:00.000Z",
            },
        }
    )

    state: SessionState
    today: Today


class QueueState(Shown):
    """How a session's queue stands."""

    model_config = example({"halted_at": "2026-11-20T09:15:27.123Z", "health": Wellbeing.EXAMPLE})

    halted_at: Moment | None = Field(description="Since when nothing leaves, because somebody paused it.")
    health: Wellbeing


class QueuePage(Shown):
    """Some of what waits in a queue, in its order, and how the queue stands."""

    model_config = example(
        {
            "data": [{**Message.EXAMPLE, "position": 1}],
            "next_cursor": None,
            "halted_at": None,
            "health": {**Wellbeing.EXAMPLE, "score": 1.0, "reasons": [], "pace": 1.0, "paused_until": None},
        }
    )

    data: list[Message]
    next_cursor: str | None
    halted_at: Moment | None = Field(description="Since when nothing leaves, because somebody paused it.")
    health: Wellbeing


class Cleared(Shown):
    """What became of a queue that was cleared."""

    model_config = example({"cancelled": 17})

    cancelled: int = Field(description="How many messages were called back.")


class SetPriority(Asked):
    """How urgent a message is from now on."""

    model_config = example({"priority": "urgent"})

    priority: Priority


class Transition(Shown):
    """A status that a message came to."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "status": "scheduled",
        "at": "2026-11-20T09:15:27.123Z",
        "reason": "quiet_hours",
    }

    status: MessageStatus
    at: Moment
    reason: str | None = Field(description="Why, as far as there is a word for it. Stable.")


class Timeline(Shown):
    """The statuses that a message has had, the oldest first."""

    model_config = example({"data": [Transition.EXAMPLE]})

    data: list[Transition]
