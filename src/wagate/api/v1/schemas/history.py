"""The past on the wire."""

from __future__ import annotations

from pydantic import Field

from wagate.api.v1.schemas.messages import Message
from wagate.api.v1.schemas.parts import Asked, Shown, example
from wagate.features.messaging.history import MAX_COUNT


class AskForHistory(Asked):
    """How much is wanted."""

    model_config = example({"count": 50})

    count: int = Field(default=50, ge=1, le=MAX_COUNT, description="At most so many messages.")


class HistoryRequest(Shown):
    """A request that is on its way to the phone."""

    model_config = example({"request": "3EB0C767D71D1A3F5C9B2E", "chat": Message.EXAMPLE["chat"]["id"], "count": 50})

    request: str = Field(description="The event `history.synced` that tells what came of it has the same.")
    chat: str = Field(description="The id of the chat.")
    count: int = Field(description="How many messages were asked for.")
