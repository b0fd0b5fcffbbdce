"""What can be done to a message: react, edit, delete, vote, pin, forward, mark as read. Acts are sent like messages."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from wagate.api.parameters import IDEMPOTENCY_KEY
from wagate.api.routing import GuardedRoute, answer, gateway_of, needs, principal_of
from wagate.api.v1.messages import answer_accepted, idempotency_key
from wagate.api.v1.schemas.chat_marks import DeleteQuery
from wagate.api.v1.schemas.messages import Message, Reactions, SendQuery, Votes
from wagate.api.v1.schemas.sending import (
    CastVote,
    EditMessage,
    ForwardMessage,
    PinMessage,
    SetReaction,
    ShowTyping,
    mentioned,
)
from wagate.domain.acts import PollVote, Reaction
from wagate.domain.content import Text
from wagate.domain.errors import (
    AppStateUnavailable,
    EditWindowOver,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    InvalidContent,
    InvalidRecipient,
    MediaGone,
    MediaNotFound,
    MediaNotReady,
    MessageNotFound,
    MessageUnavailable,
    NotGroupAdmin,
    NotOwnMessage,
    SessionNotFound,
    SessionNotPaired,
    SessionNotRunning,
    TooBusy,
    UnsupportedByEngine,
)
from wagate.domain.moments import iso
from wagate.features.access import Scope
from wagate.features.messaging.requests import ActRequest, ForwardRequest
from wagate.features.messaging.shape import contact_shape, message_shape
from wagate.features.messaging.wishes import PinFor, React, Revoke, Rewrite, Vote, Wish
from wagate.ports.abilities import Activity
from wagate.ports.engine import NotOnWhatsApp, NotSent

router = APIRouter(route_class=GuardedRoute, tags=["messages"])

_TAKEN: dict[str, Any] = {
    "status_code": 202,
    "response_model": Message,
    "responses": {
        200: {"model": Message, "description": "With `wait`: it got as far as `until`, or failed"},
        202: {"description": "Accepted: it is stored and will go out when the session can send"},
    },
    "openapi_extra": {"parameters": [IDEMPOTENCY_KEY]},
}
_ALWAYS = (
    MessageNotFound,
    MessageUnavailable,
    SessionNotPaired,
    UnsupportedByEngine,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    TooBusy,
)
Waiting = Annotated[SendQuery, Query()]


@router.patch("/v1/messages/{message}", **_TAKEN)
@needs(Scope.MESSAGES_SEND, *_ALWAYS, NotOwnMessage, EditWindowOver, InvalidContent, InvalidRecipient)
async def edit_message(request: Request, message: str, asked: EditMessage, query: Waiting) -> Response:
    """Put another text in the place of a text of one's own, within 15 minutes after it was sent.

    The answer is the edit on its way. The message itself changes, and `message.edited` tells of it, once the edit is
    out.
    """
    content = Text(asked.text, mentioned(asked.mentions), asked.mentions_all)
    return await _act(request, message, Rewrite(content), query, asked.client_ref)


@router.delete("/v1/messages/{message}", **_TAKEN)
@needs(
    Scope.MESSAGES_SEND,
    *_ALWAYS,
    NotOwnMessage,
    NotGroupAdmin,
    SessionNotRunning,
    NotSent,
    NotOnWhatsApp,
    AppStateUnavailable,
)
async def delete_message(request: Request, message: str, query: Annotated[DeleteQuery, Query()]) -> Response:
    """Take a message of one's own back, for everybody; with `for=me` delete any message for the account alone.

    An admin of a group takes back what others wrote as well.
    The answer is the deletion on its way. What the message said is gone, and `message.deleted` tells of it, once the
    deletion is out. For oneself it is done at once, over a connected session, or not at all; the answer is the message.
    """
    if query.for_ == "me":
        hidden = await gateway_of(request).chat_marks.hide(principal_of(request), message)
        return answer(message_shape(hidden))
    return await _act(request, message, Revoke(), query)


@router.put("/v1/messages/{message}/reaction", **_TAKEN)
@needs(Scope.MESSAGES_SEND, *_ALWAYS)
async def react(request: Request, message: str, asked: SetReaction, query: Waiting) -> Response:
    """React to a message with an emoji, in place of one's earlier one."""
    return await _act(request, message, React(asked.emoji), query, asked.client_ref)


@router.delete("/v1/messages/{message}/reaction", **_TAKEN)
@needs(Scope.MESSAGES_SEND, *_ALWAYS)
async def remove_reaction(request: Request, message: str, query: Waiting) -> Response:
    """Take one's reaction away."""
    return await _act(request, message, React(None), query)


@router.get("/v1/messages/{message}/reactions", response_model=Reactions)
@needs(Scope.MESSAGES_READ, MessageNotFound)
async def list_reactions(request: Request, message: str) -> Response:
    """Who reacted to a message, and how. At most 1,000 people."""
    found = await gateway_of(request).messaging.done_to(principal_of(request), message, Reaction.type)
    shown = [
        {"from": contact_shape(done.sender), "emoji": done.act.emoji, "at": iso(done.at)}
        for done in found
        if isinstance(done.act, Reaction) and done.act.emoji is not None
    ]
    return answer({"data": shown})


@router.put("/v1/messages/{message}/vote", **_TAKEN)
@needs(Scope.MESSAGES_SEND, *_ALWAYS)
async def vote(request: Request, message: str, asked: CastVote, query: Waiting) -> Response:
    """Vote in a poll, in place of one's earlier vote. An empty list takes it back."""
    return await _act(request, message, Vote(tuple(asked.selected)), query, asked.client_ref)


@router.get("/v1/messages/{message}/votes", response_model=Votes)
@needs(Scope.MESSAGES_READ, MessageNotFound)
async def list_votes(request: Request, message: str) -> Response:
    """Who chose what in a poll. At most 1,000 people."""
    found = await gateway_of(request).messaging.done_to(principal_of(request), message, PollVote.type)
    shown = [
        {
            "from": contact_shape(done.sender),
            "selected": None if done.act.selected is None else list(done.act.selected),
            "at": iso(done.at),
        }
        for done in found
        if isinstance(done.act, PollVote)
    ]
    return answer({"data": shown})


@router.put("/v1/messages/{message}/pin", **_TAKEN)
@needs(Scope.MESSAGES_SEND, *_ALWAYS)
async def pin_message(request: Request, message: str, asked: PinMessage, query: Waiting) -> Response:
    """Pin a message to the top of its chat, for everybody in it."""
    return await _act(request, message, PinFor(asked.for_s), query, asked.client_ref)


@router.delete("/v1/messages/{message}/pin", **_TAKEN)
@needs(Scope.MESSAGES_SEND, *_ALWAYS)
async def unpin_message(request: Request, message: str, query: Waiting) -> Response:
    """Unpin a message."""
    return await _act(request, message, PinFor(None), query)


@router.post("/v1/messages/{message}/forward", **_TAKEN)
@needs(Scope.MESSAGES_SEND, *_ALWAYS, InvalidRecipient, InvalidContent, MediaNotFound, MediaNotReady, MediaGone)
async def forward_message(request: Request, message: str, asked: ForwardMessage, query: Waiting) -> Response:
    """Say what a message says to somebody else of the same session, marked as forwarded where WhatsApp marks it.

    Like WhatsApp, what one passes on of one's own messages is not marked. A file must be here: `GET` it first if it is
    still `pending`.
    """
    accepted = await gateway_of(request).messaging.forward(
        principal_of(request),
        ForwardRequest(message, asked.to, asked.client_ref),
        idempotency_key=idempotency_key(request.headers.get("idempotency-key")),
        wait_s=query.wait,
        until=query.until,
    )
    return await answer_accepted(request, accepted, query)


@router.post("/v1/messages/{message}/read", status_code=204)
@needs(Scope.MESSAGES_SEND, MessageNotFound, SessionNotRunning, UnsupportedByEngine, NotSent)
async def mark_read(request: Request, message: str) -> Response:
    """Tell the writer of a message that it was read, as far as the account's privacy settings allow.

    It is said at once, over a connected session, or not at all.
    """
    await gateway_of(request).messaging.signals.mark_read(principal_of(request), message)
    return Response(status_code=204)


@router.post("/v1/messages/{message}/played", status_code=204)
@needs(Scope.MESSAGES_SEND, MessageNotFound, SessionNotRunning, UnsupportedByEngine, NotSent)
async def mark_played(request: Request, message: str) -> Response:
    """Tell the sender of a voice or video note that it was played, as far as the account's privacy settings allow.

    It is said at once, over a connected session, or not at all.
    """
    await gateway_of(request).messaging.signals.mark_played(principal_of(request), message)
    return Response(status_code=204)


@router.post("/v1/sessions/{session}/chats/{chat}/typing", status_code=204)
@needs(
    Scope.MESSAGES_SEND,
    SessionNotFound,
    SessionNotRunning,
    InvalidRecipient,
    NotOnWhatsApp,
    UnsupportedByEngine,
    NotSent,
)
async def show_typing(request: Request, session: str, chat: str, asked: ShowTyping) -> Response:
    """Show in a chat that we are writing or recording; phones forget it after some seconds, or on `paused`.

    It is said at once, over a connected session, or not at all.
    """
    activity = Activity(asked.state)
    await gateway_of(request).messaging.signals.show_typing(principal_of(request), session, chat, activity)
    return Response(status_code=204)


async def _act(request: Request, message: str, wish: Wish, query: SendQuery, client_ref: str | None = None) -> Response:
    accepted = await gateway_of(request).messaging.act(
        principal_of(request),
        ActRequest(message, wish, client_ref),
        idempotency_key=idempotency_key(request.headers.get("idempotency-key")),
        wait_s=query.wait,
        until=query.until,
    )
    return await answer_accepted(request, accepted, query)
