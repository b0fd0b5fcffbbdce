"""Many messages at once, on the wire."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from wagate.api.v1.schemas.messages import Message
from wagate.api.v1.schemas.parts import Asked, Problem, Shown, example

MAX_BATCH = 1_000


class SendBatch(Asked):
    """Many messages to send."""

    model_config = example(
        {
            "messages": [
                {"to": "+5511999999999", "text": "Your order is ready", "client_ref": "order-17", "priority": "bulk"},
                {"to": "+5511988888888", "text": "Your order is ready", "idempotency_key": "order-18-ready"},
            ]
        }
    )

    messages: list[dict[str, Any]] = Field(
        min_length=1,
        max_length=MAX_BATCH,
        description="Each as `POST …/messages` takes it, with an `idempotency_key` of its own if you like. A file is "
        "named by its `media` id, and nothing is looked up for a `preview`.",
    )


class BatchResult(Shown):
    """What became of one message: `message`, or `error`."""

    index: int = Field(description="Its place in the request, from 0.")
    message: Message | None = Field(description="The message, if it was accepted.")
    replayed: bool = Field(description="Whether an earlier request had made it.")
    error: Problem | None = Field(description="Why it was refused.")


class BatchResults(Shown):
    """What became of each message, in the request's order."""

    model_config = example(
        {
            "accepted": 1,
            "refused": 1,
            "results": [
                {"index": 0, "message": Message.EXAMPLE, "replayed": False, "error": None},
                {
                    "index": 1,
                    "message": None,
                    "replayed": False,
                    "error": {
                        "type": "urn:wagate:error:invalid_recipient",
                        "title": "This is no phone number, JID or id that messages can go to",
                        "status": 422,
                        "code": "invalid_recipient",
                        "detail": "'nobody' is no phone number",
                        "request_id": "req_3f2b9c54aa9d02e51c77",
                        "errors": None,
                    },
                },
            ],
        }
    )

    accepted: int
    refused: int
    results: list[BatchResult]
