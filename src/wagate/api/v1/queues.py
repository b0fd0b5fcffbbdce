"""The queue of a session: what waits, pausing and clearing it, what is done to what waits; how the account fares."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field, StringConstraints
from starlette.responses import Response

from wagate.api.routing import GuardedRoute, answer, gateway_of, needs, principal_of
from wagate.api.v1.schemas import queues as schemas
from wagate.api.v1.schemas.messages import Message
from wagate.api.v1.schemas.parts import Asked, Line
from wagate.domain.errors import InvalidCursor, MessageNotFound, MessageNotWaiting, SessionNotFound
from wagate.domain.moments import iso
from wagate.domain.page import DEFAULT_LIMIT, MAX_LIMIT
from wagate.features.access import Scope
from wagate.features.messaging.accounts import health_shape
from wagate.features.messaging.guard import Health
from wagate.features.messaging.queueing import WHAT_TO_DO, Queue
from wagate.features.messaging.shape import message_shape, placed_shape

router = APIRouter(route_class=GuardedRoute, tags=["queue"])


class QueueQuery(Asked):
    """How much of a queue, from where on."""

    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="How many at most.")
    cursor: Annotated[Line, StringConstraints(max_length=500)] | None = Field(
        default=None, description="`next_cursor` of the page before; opaque."
    )


@router.get("/v1/sessions/{session}/queue", response_model=schemas.QueuePage)
@needs(Scope.MESSAGES_READ, SessionNotFound, InvalidCursor)
async def list_queue(request: Request, session: str, query: Annotated[QueueQuery, Query()]) -> Response:
    """What waits in a session, in the order in which it goes: urgent before normal before bulk, then by age.

    What waits for a moment of its own (`scheduled`) stands among the others, without a `position`.
    """
    queues, principal = gateway_of(request).queues, principal_of(request)
    page = await queues.list(principal, session, limit=query.limit, cursor=query.cursor)
    places = await queues.places(principal, page.items)
    shown = [
        message_shape(message) if place is None else placed_shape(message, place.position, place.expected_at)
        for message, place in zip(page.items, places, strict=True)
    ]
    state = _state_shape(await queues.state(principal, session))
    return answer({"data": shown, "next_cursor": page.next_cursor, **state})


@router.delete("/v1/sessions/{session}/queue", response_model=schemas.Cleared)
@needs(Scope.MESSAGES_SEND, SessionNotFound)
async def clear_queue(request: Request, session: str) -> Response:
    """Call back everything that waits in a session. What is being handed to WhatsApp right now goes out."""
    return answer({"cancelled": await gateway_of(request).queues.clear(principal_of(request), session)})


@router.post("/v1/sessions/{session}/queue/pause", response_model=schemas.QueueState)
@needs(Scope.MESSAGES_SEND, SessionNotFound)
async def pause_queue(request: Request, session: str) -> Response:
    """Let nothing leave, also after a restart, until it is resumed. Messages are accepted and wait."""
    return answer(_state_shape(await gateway_of(request).queues.halt(principal_of(request), session)))


@router.post("/v1/sessions/{session}/queue/resume", response_model=schemas.QueueState)
@needs(Scope.MESSAGES_SEND, SessionNotFound)
async def resume_queue(request: Request, session: str) -> Response:
    """Let messages leave again, at the account's pace."""
    return answer(_state_shape(await gateway_of(request).queues.resume(principal_of(request), session)))


@router.get("/v1/sessions/{session}/health", response_model=schemas.AccountHealth)
@needs(Scope.MESSAGES_READ, SessionNotFound)
async def get_session_health(request: Request, session: str) -> Response:
    """How the account fares: a score, what spoils it and what to do, its pace for now, and what it sent today."""
    fare = await gateway_of(request).queues.fare(principal_of(request), session)
    today = {
        "sent": fare.today.sent,
        "per_day": fare.today.most,
        "cold": fare.today.cold,
        "cold_per_day": fare.today.most_cold,
        "ends_at": iso(fare.today.ends_at),
    }
    return answer({**_health_shape(fare.health), "state": fare.session.state.value, "today": today})


@router.post("/v1/messages/{message}/cancel", response_model=Message)
@needs(Scope.MESSAGES_SEND, MessageNotFound, MessageNotWaiting)
async def cancel_message(request: Request, message: str) -> Response:
    """Call back a message that waits. One that is with WhatsApp already can be deleted instead."""
    return answer(message_shape(await gateway_of(request).queues.cancel(principal_of(request), message)))


@router.put("/v1/messages/{message}/priority", response_model=Message)
@needs(Scope.MESSAGES_SEND, MessageNotFound, MessageNotWaiting)
async def set_priority(request: Request, message: str, body: schemas.SetPriority) -> Response:
    """Make a message that waits more or less urgent. Within one priority the oldest goes first."""
    queues = gateway_of(request).queues
    return answer(message_shape(await queues.reprioritise(principal_of(request), message, body.priority)))


@router.get("/v1/messages/{message}/timeline", response_model=schemas.Timeline)
@needs(Scope.MESSAGES_READ, MessageNotFound)
async def get_timeline(request: Request, message: str) -> Response:
    """The statuses that a message of ours has had, and why, the oldest first."""
    timeline = await gateway_of(request).queues.timeline(principal_of(request), message)
    shown = [{"status": one.status.value, "at": iso(one.at), "reason": one.reason} for one in timeline]
    return answer({"data": shown})


def _state_shape(queue: Queue) -> dict[str, object]:
    halted_at = None if queue.halted_at is None else iso(queue.halted_at)
    return {"halted_at": halted_at, "health": _health_shape(queue.health)}


def _health_shape(health: Health) -> dict[str, object]:
    reasons = [{"code": code, "action": WHAT_TO_DO[code]} for code in health.reasons]
    return {**health_shape(health), "reasons": reasons}
