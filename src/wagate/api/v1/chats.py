"""Chats: the list with what was said last and what is unread, the messages of one, reading it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from wagate.api.routing import GuardedRoute, answer, gateway_of, needs, principal_of
from wagate.api.v1.schemas.chats import ChatMessagePage, ChatMessagesQuery, ChatPage, ChatsQuery, StandingChat
from wagate.domain.errors import (
    ChatNotFound,
    InvalidCursor,
    InvalidRecipient,
    MessageNotFound,
    SessionNotFound,
    SessionNotRunning,
    UnsupportedByEngine,
)
from wagate.features.access import Scope
from wagate.features.messaging.chat_shape import standing_shape
from wagate.features.messaging.chats import ChatFilter
from wagate.features.messaging.shape import message_shape
from wagate.ports.engine import NotSent

router = APIRouter(route_class=GuardedRoute, tags=["chats"])


@router.get("/v1/sessions/{session}/chats", response_model=ChatPage)
@needs(Scope.MESSAGES_READ, SessionNotFound, InvalidCursor)
async def list_chats(request: Request, session: str, query: Annotated[ChatsQuery, Query()]) -> Response:
    """The chats of a session, the one in which something was said last first.

    Going on with the cursor never shows a chat twice; one in which something was said meanwhile has moved to the
    front. With `name`, a page may hold fewer chats than `limit` and still have a next one.
    """
    kind = None if query.kind is None else query.kind.value
    page = await gateway_of(request).chats.list(
        principal_of(request),
        session,
        ChatFilter(kind, query.unread, query.name, query.archived),
        limit=query.limit,
        cursor=query.cursor,
    )
    return answer({"data": [standing_shape(standing) for standing in page.items], "next_cursor": page.next_cursor})


@router.get("/v1/sessions/{session}/chats/{chat}", response_model=StandingChat)
@needs(Scope.MESSAGES_READ, SessionNotFound, ChatNotFound, InvalidRecipient)
async def get_chat(request: Request, session: str, chat: str) -> Response:
    """One chat, and how it stands."""
    return answer(standing_shape(await gateway_of(request).chats.get(principal_of(request), session, chat)))


@router.get("/v1/sessions/{session}/chats/{chat}/messages", response_model=ChatMessagePage)
@needs(Scope.MESSAGES_READ, SessionNotFound, ChatNotFound, MessageNotFound, InvalidRecipient, InvalidCursor)
async def list_chat_messages(
    request: Request, session: str, chat: str, query: Annotated[ChatMessagesQuery, Query()]
) -> Response:
    """What was said in a chat, newest first, or around one message."""
    chats, who = gateway_of(request).chats, principal_of(request)
    if query.around is not None:
        found = await chats.around(who, session, chat, query.around, limit=query.limit, order=query.order)
    else:
        found = await chats.messages(who, session, chat, limit=query.limit, cursor=query.cursor, order=query.order)
    data = [message_shape(message) for message in found.items]
    return answer({"data": data, "next_cursor": found.following, "back_cursor": found.back})


@router.post("/v1/sessions/{session}/chats/{chat}/read", response_model=StandingChat)
@needs(
    Scope.MESSAGES_SEND,
    SessionNotFound,
    ChatNotFound,
    SessionNotRunning,
    InvalidRecipient,
    UnsupportedByEngine,
    NotSent,
)
async def mark_chat_read(request: Request, session: str, chat: str) -> Response:
    """Read everything in a chat: its writers are told, as far as the account's privacy settings allow.

    Receipts go out for the newest 1,000 unread messages, over a connected session, or nothing happens. A chat in
    which nothing is unread is left alone.
    """
    return answer(standing_shape(await gateway_of(request).chats.mark_read(principal_of(request), session, chat)))
