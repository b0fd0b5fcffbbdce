"""The past: asking the phone for older messages of a chat."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from wagate.api.routing import GuardedRoute, answer, gateway_of, needs, principal_of
from wagate.api.v1.schemas.history import AskForHistory, HistoryRequest
from wagate.domain.errors import (
    InvalidRecipient,
    NothingKnown,
    SessionNotFound,
    SessionNotRunning,
    TooBusy,
    UnsupportedByEngine,
)
from wagate.features.access import Scope
from wagate.ports.engine import NotSent

router = APIRouter(route_class=GuardedRoute, tags=["messages"])


@router.post("/v1/sessions/{session}/chats/{chat}/history", status_code=202, response_model=HistoryRequest)
@needs(
    Scope.MESSAGES_READ,
    SessionNotFound,
    InvalidRecipient,
    NothingKnown,
    SessionNotRunning,
    UnsupportedByEngine,
    NotSent,
    TooBusy,
)
async def ask_for_history(request: Request, session: str, chat: str, asked: AskForHistory) -> Response:
    """Ask the phone for messages of a chat before the oldest one that is here.

    The event `history.synced` with the same `request` tells what came of it, also when the phone does not answer.
    What comes is kept like every message, with the origin `history`, and no event tells of it one by one.
    """
    made = await gateway_of(request).messaging.history.ask(principal_of(request), session, chat, asked.count)
    return answer({"request": made.id, "chat": made.chat, "count": made.count}, 202)
