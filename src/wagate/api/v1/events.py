"""Events: the journal as a list, and as it grows."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from wagate.api.event_shape import EventShapes
from wagate.api.limits import Limits
from wagate.api.routing import GuardedRoute, answer, gateway_of, needs, principal_of
from wagate.api.sse import EventStream
from wagate.api.v1.schemas.events import EventPage, EventQuery, WhichEvents
from wagate.domain.errors import InvalidCursor, SessionNotFound, TooBusy
from wagate.domain.ids import SessionId
from wagate.features.access import Scope

router = APIRouter(route_class=GuardedRoute, tags=["events"])


@router.get("/v1/events", response_model=EventPage)
@needs(Scope.EVENTS_READ, SessionNotFound, InvalidCursor)
async def list_events(request: Request, query: Annotated[EventQuery, Query()]) -> Response:
    """What happened, oldest first. Events never change, so a cursor is good for as long as they are kept."""
    principal = principal_of(request)
    page = await gateway_of(request).journal.list(
        principal,
        session=await _session_id(request, query.session),
        types=query.patterns,
        limit=query.limit,
        cursor=query.cursor,
        order=query.order,
    )
    shapes = shapes_of(request)
    return answer(
        {"data": [await shapes.shape(principal, event) for event in page.items], "next_cursor": page.next_cursor}
    )


@router.get(
    "/v1/events/stream",
    status_code=200,
    response_class=EventStream,
    responses={200: {"description": "Server-sent events; `data` of each is an Event"}},
)
@needs(Scope.EVENTS_READ, SessionNotFound, InvalidCursor, TooBusy)
async def stream_events(
    request: Request,
    query: Annotated[WhichEvents, Query()],
    last_event_id: Annotated[
        str | None,
        Header(
            alias="Last-Event-ID",
            max_length=100,
            description="Id of the last event that was seen: the stream goes on behind it.",
        ),
    ] = None,
) -> Response:
    """What happens, as it happens, as server-sent events.

    `id` is the event's id and `event` its type; a comment comes every 15 seconds when nothing else does. After a
    break, a client sends the last id as `Last-Event-ID` (browsers do by themselves) and misses nothing. A listener
    that does not keep up is disconnected, and comes back in the same way.
    """
    realtime, limits = gateway_of(request).realtime, limits_of(request)
    if realtime.listeners >= limits.streams:
        raise TooBusy(f"{limits.streams} streams are open, and no more are served.")
    session = await _session_id(request, query.session)
    stream = realtime.stream(
        principal_of(request),
        types=query.patterns,
        sessions=None if session is None else [session],
        last_event_id=last_event_id or None,
    )
    return EventStream(stream, shapes_of(request), heartbeat_s=limits.heartbeat_s)


def shapes_of(request: Request) -> EventShapes:
    """The writer of events that this application shares among its listeners."""
    shapes = request.app.state.event_shapes
    assert isinstance(shapes, EventShapes)
    return shapes


def limits_of(request: Request) -> Limits:
    """How much this application lets through."""
    limits = request.app.state.limits
    assert isinstance(limits, Limits)
    return limits


async def _session_id(request: Request, ref: str | None) -> SessionId | None:
    if ref is None:
        return None
    return (await gateway_of(request).sessions.get(principal_of(request), ref)).id
