"""Status posts: what the people one knows can look at for a day."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from wagate.api.parameters import IDEMPOTENCY_KEY
from wagate.api.routing import JSON, GuardedRoute, answer, gateway_of, needs, principal_of
from wagate.api.v1.enclosing import Terms, send_with, take_in
from wagate.api.v1.messages import answer_accepted, idempotency_key
from wagate.api.v1.schemas.lists import ListQuery
from wagate.api.v1.schemas.messages import Message, SendQuery, ViewerPage
from wagate.api.v1.schemas.sendable import examples
from wagate.api.v1.schemas.statuses import POSTABLE, PostMedia, PostStatus
from wagate.domain.errors import (
    FetchFailed,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    InvalidContent,
    InvalidCursor,
    InvalidMedia,
    InvalidRecipient,
    MediaGone,
    MediaNotFound,
    MediaNotReady,
    MediaQuotaExceeded,
    MediaTooLarge,
    MessageNotFound,
    SessionNotFound,
    StorageFull,
    TooBusy,
    UnsupportedByEngine,
)
from wagate.features.access import Scope
from wagate.features.messaging.shape import receipt_shape

router = APIRouter(route_class=GuardedRoute, tags=["messages"])


@router.post(
    "/v1/sessions/{session}/status-posts",
    status_code=202,
    response_model=Message,
    responses={
        200: {"model": Message, "description": "With `wait`: it got as far as `until`, or failed"},
        202: {"description": "Accepted: it is stored and will go out when the session can send"},
    },
    openapi_extra={
        "parameters": [IDEMPOTENCY_KEY],
        "requestBody": {"content": {JSON: {"examples": examples(POSTABLE)}}},
    },
)
@needs(
    Scope.MESSAGES_SEND,
    SessionNotFound,
    MessageNotFound,
    InvalidRecipient,
    InvalidContent,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    UnsupportedByEngine,
    TooBusy,
    InvalidMedia,
    FetchFailed,
    MediaNotFound,
    MediaNotReady,
    MediaGone,
    MediaTooLarge,
    MediaQuotaExceeded,
    StorageFull,
)
async def post_status(
    request: Request, session: str, body: PostStatus, query: Annotated[SendQuery, Query()]
) -> Response:
    """Post a status: a text, a picture or a video that disappears after a day.

    It is a message in the chat of the kind `status`, and climbs as any other does: `read` says that somebody has looked
    at it. `DELETE /v1/messages/{message}` takes it back. It is for at most 5,000 people, and for nobody who is blocked.
    """
    terms = Terms(idempotency_key(request.headers.get("idempotency-key")), query)
    if isinstance(body, PostMedia):
        return await answer_accepted(
            request, await send_with(request, body, terms, await take_in(request, body)), query
        )
    accepted = await gateway_of(request).messaging.send(
        principal_of(request),
        session,
        body.to_request(),
        idempotency_key=terms.key,
        wait_s=query.wait,
        until=query.until,
    )
    return await answer_accepted(request, accepted, query)


@router.get("/v1/messages/{message}/viewers", response_model=ViewerPage)
@needs(Scope.MESSAGES_READ, MessageNotFound, InvalidCursor)
async def list_viewers(request: Request, message: str, query: Annotated[ListQuery, Query()]) -> Response:
    """Who has looked at a status post of one's own, and when: each person once, those who looked first come first.

    Only who tells of it is here: WhatsApp lets people look without a read receipt, and then nobody learns of it.
    """
    page = await gateway_of(request).messaging.viewers(
        principal_of(request), message, limit=query.limit, cursor=query.cursor, order=query.order
    )
    receipts = map(receipt_shape, page.items)
    shown = [{"contact": receipt["contact"], "at": receipt["read_at"]} for receipt in receipts]
    return answer({"data": shown, "next_cursor": page.next_cursor})
