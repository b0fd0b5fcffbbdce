"""What all devices of an account share: chats archived, pinned, muted, cleared; stars; names of contacts."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from wagate.api.routing import GuardedRoute, answer, gateway_of, needs, principal_of
from wagate.api.v1.schemas import chat_marks as schemas
from wagate.api.v1.schemas.messages import Message
from wagate.domain.errors import (
    AppStateUnavailable,
    ChatNotFound,
    ContactNotFound,
    GatewayError,
    GroupNotFound,
    GroupRefused,
    InvalidContent,
    InvalidRecipient,
    MessageNotFound,
    MessageUnavailable,
    NotGroupAdmin,
    NotGroupMember,
    SessionNotFound,
    SessionNotRunning,
    UnsupportedByEngine,
)
from wagate.domain.marks import ContactName
from wagate.domain.message import Contact
from wagate.features.access import Scope
from wagate.features.messaging.mark_ledger import marks_shape
from wagate.features.messaging.shape import contact_shape, message_shape
from wagate.ports.engine import NotOnWhatsApp, NotSent

router = APIRouter(route_class=GuardedRoute, tags=["chats"])

_DONE_AT_ONCE: tuple[type[GatewayError], ...] = (
    SessionNotRunning,
    UnsupportedByEngine,
    NotSent,
    NotOnWhatsApp,
    AppStateUnavailable,
)

_IN_GROUPS: tuple[type[GatewayError], ...] = (GroupNotFound, NotGroupMember, NotGroupAdmin, GroupRefused)


@router.patch("/v1/sessions/{session}/chats/{chat}", response_model=schemas.Marks)
@needs(Scope.MESSAGES_SEND, SessionNotFound, ChatNotFound, InvalidRecipient, *_DONE_AT_ONCE, *_IN_GROUPS)
async def mark_chat(request: Request, session: str, chat: str, body: schemas.MarkChat) -> Response:
    """Archive, pin, mute or mark a chat as unread, on all devices of the account; set its timer.

    It is done at once, over a connected session, or not at all; a timer before the rest, which may be refused then.
    """
    marking = gateway_of(request).chat_marks
    stored = await marking.mark(principal_of(request), session, chat, body.to_marks())
    return answer({"id": stored.chat, **marks_shape(stored)})


@router.post("/v1/sessions/{session}/chats/{chat}/clear", status_code=204)
@needs(Scope.MESSAGES_SEND, SessionNotFound, ChatNotFound, InvalidRecipient, *_DONE_AT_ONCE)
async def clear_chat(request: Request, session: str, chat: str, body: schemas.ClearChat) -> Response:
    """Delete the messages of a chat on all devices of the account, and on no other.

    Here they leave the lists; `GET /v1/messages/{message}` still shows them.
    """
    marking = gateway_of(request).chat_marks
    await marking.clear(principal_of(request), session, chat, with_starred=body.starred)
    return Response(status_code=204)


@router.delete("/v1/sessions/{session}/chats/{chat}", status_code=204)
@needs(Scope.MESSAGES_SEND, SessionNotFound, ChatNotFound, InvalidRecipient, *_DONE_AT_ONCE)
async def delete_chat(request: Request, session: str, chat: str) -> Response:
    """Delete a chat with its messages on all devices of the account, and on no other. A new message brings it back."""
    await gateway_of(request).chat_marks.delete(principal_of(request), session, chat)
    return Response(status_code=204)


@router.put("/v1/messages/{message}/star", response_model=Message)
@needs(Scope.MESSAGES_SEND, MessageNotFound, MessageUnavailable, *_DONE_AT_ONCE)
async def star_message(request: Request, message: str) -> Response:
    """Give a message a star, on all devices of the account."""
    found = await gateway_of(request).chat_marks.star(principal_of(request), message, starred=True)
    return answer(message_shape(found))


@router.delete("/v1/messages/{message}/star", response_model=Message)
@needs(Scope.MESSAGES_SEND, MessageNotFound, MessageUnavailable, *_DONE_AT_ONCE)
async def unstar_message(request: Request, message: str) -> Response:
    """Take a message's star away."""
    found = await gateway_of(request).chat_marks.star(principal_of(request), message, starred=False)
    return answer(message_shape(found))


@router.put("/v1/sessions/{session}/contacts/{contact}/name", response_model=schemas.NamedContact)
@needs(Scope.MESSAGES_SEND, SessionNotFound, ContactNotFound, InvalidRecipient, InvalidContent, *_DONE_AT_ONCE)
async def save_contact(request: Request, session: str, contact: str, body: schemas.SaveContact) -> Response:
    """Save somebody under a name in the account's address book, on the phone as well."""
    marking = gateway_of(request).chat_marks
    known, name = await marking.save_contact(principal_of(request), session, contact, body.to_name())
    return answer(_named(known, name))


@router.delete("/v1/sessions/{session}/contacts/{contact}/name", response_model=schemas.NamedContact)
@needs(Scope.MESSAGES_SEND, SessionNotFound, ContactNotFound, InvalidRecipient, *_DONE_AT_ONCE)
async def forget_contact(request: Request, session: str, contact: str) -> Response:
    """Remove somebody from the account's address book."""
    marking = gateway_of(request).chat_marks
    known, name = await marking.save_contact(principal_of(request), session, contact, None)
    return answer(_named(known, name))


def _named(contact: Contact, name: ContactName | None) -> dict[str, object]:
    full, first = (None, None) if name is None else (name.full, name.first or None)
    return {"contact": contact_shape(contact), "name": full, "first_name": first}
