"""Search: messages by what they say."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from wagate.api.routing import GuardedRoute, answer, gateway_of, needs, principal_of
from wagate.api.v1.schemas.search import FoundPage, SearchQuery
from wagate.domain.errors import ChatNotFound, InvalidCursor, InvalidRecipient, InvalidSearch, SessionNotFound
from wagate.features.access import Scope
from wagate.features.messaging.search import Found
from wagate.features.messaging.shape import message_shape

router = APIRouter(route_class=GuardedRoute, tags=["messages"])


@router.get("/v1/messages/search", response_model=FoundPage)
@needs(Scope.MESSAGES_READ, SessionNotFound, ChatNotFound, InvalidSearch, InvalidRecipient, InvalidCursor)
async def search_messages(request: Request, query: Annotated[SearchQuery, Query()]) -> Response:
    """Find messages by what they say, newest first.

    A message is found within a second after it was told of. One that was deleted is not found any more; one that was
    edited is found by what it says now. A page may hold fewer messages than `limit` and still have a next one.
    """
    page = await gateway_of(request).search.messages(
        principal_of(request), query.q, query.to_filter(), limit=query.limit, cursor=query.cursor
    )
    return answer({"data": [_shape(found) for found in page.items], "next_cursor": page.next_cursor})


def _shape(found: Found) -> dict[str, object]:
    pieces = [{"text": piece.text, "match": piece.is_match} for piece in found.snippet]
    return {"message": message_shape(found.message), "snippet": pieces}
