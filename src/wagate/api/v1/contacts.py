"""Contacts: who is known, what they show of themselves, whom to block, who is there, and who calls."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from wagate.api.routing import GuardedRoute, answer, gateway_of, needs, principal_of
from wagate.api.v1.schemas import contacts as schemas
from wagate.domain.errors import (
    CallNotFound,
    ContactNotFound,
    GatewayError,
    InvalidCursor,
    InvalidRecipient,
    PictureNotFound,
    RefusedByWhatsApp,
    SessionNotFound,
    SessionNotRunning,
    UnsupportedByEngine,
)
from wagate.features.access import Scope
from wagate.features.messaging.contact_shape import check_shape, picture_shape, stored_contact_shape
from wagate.features.messaging.repository.contacts import ContactFilter
from wagate.ports.engine import NotOnWhatsApp, NotSent

ASKS_WHATSAPP: tuple[type[GatewayError], ...] = (
    SessionNotFound,
    SessionNotRunning,
    UnsupportedByEngine,
    NotSent,
    RefusedByWhatsApp,
)

router = APIRouter(route_class=GuardedRoute, tags=["contacts"])


@router.get("/v1/sessions/{session}/contacts", response_model=schemas.ContactPage)
@needs(Scope.CONTACTS_READ, SessionNotFound, InvalidCursor)
async def list_contacts(request: Request, session: str, query: Annotated[schemas.ContactsQuery, Query()]) -> Response:
    """The people whom the session has heard of, written to or looked up, with what is known of them.

    Whom the account has blocked is asked when contacts are first listed after the session's start; after that it is
    kept current by what WhatsApp tells.
    """
    page = await gateway_of(request).contacts.list(
        principal_of(request),
        session,
        ContactFilter(query.search, query.blocked),
        limit=query.limit,
        cursor=query.cursor,
        order=query.order,
    )
    return answer({"data": [stored_contact_shape(found) for found in page.items], "next_cursor": page.next_cursor})


@router.post("/v1/sessions/{session}/contacts/check", response_model=schemas.NumbersChecked)
@needs(Scope.CONTACTS_READ, *ASKS_WHATSAPP, InvalidRecipient)
async def check_numbers(request: Request, session: str, body: schemas.CheckNumbers) -> Response:
    """Which numbers have a WhatsApp account: one question for all of them. Use it sparingly; it is what spammers do."""
    checked = await gateway_of(request).contacts.check(principal_of(request), session, body.phones)
    return answer({"data": [check_shape(asked, check) for asked, check in checked]})


@router.get("/v1/sessions/{session}/contacts/{contact}", response_model=schemas.FullContact)
@needs(Scope.CONTACTS_READ, SessionNotFound, ContactNotFound)
async def get_contact(request: Request, session: str, contact: str) -> Response:
    """One contact, as far as is known. An id of a contact that turned out to be another one leads to that one."""
    stored = await gateway_of(request).contacts.get(principal_of(request), session, contact)
    return answer(stored_contact_shape(stored))


@router.get("/v1/sessions/{session}/contacts/{contact}/about", response_model=schemas.FullContact)
@needs(Scope.CONTACTS_READ, *ASKS_WHATSAPP, ContactNotFound, NotOnWhatsApp)
async def get_about(request: Request, session: str, contact: str) -> Response:
    """Ask WhatsApp what somebody shows of themselves now; the answer is kept."""
    stored = await gateway_of(request).contacts.look_up(principal_of(request), session, contact)
    return answer(stored_contact_shape(stored))


@router.get("/v1/sessions/{session}/contacts/{contact}/picture", response_model=schemas.PictureLink)
@needs(Scope.CONTACTS_READ, *ASKS_WHATSAPP, ContactNotFound, PictureNotFound)
async def get_picture(
    request: Request, session: str, contact: str, query: Annotated[schemas.PictureQuery, Query()]
) -> Response:
    """Ask WhatsApp where somebody's picture lies. People can hide it from those who are not their contacts."""
    found = await gateway_of(request).contacts.picture(principal_of(request), session, contact, preview=query.preview)
    return answer(picture_shape(found), headers={"Cache-Control": "no-store"})


@router.put("/v1/sessions/{session}/contacts/{contact}/block", response_model=schemas.FullContact)
@needs(Scope.CONTACTS_WRITE, *ASKS_WHATSAPP, ContactNotFound, NotOnWhatsApp)
async def block_contact(request: Request, session: str, contact: str) -> Response:
    """Block somebody: what they write and their calls do not arrive any more."""
    stored = await gateway_of(request).contacts.block(principal_of(request), session, contact, blocked=True)
    return answer(stored_contact_shape(stored))


@router.delete("/v1/sessions/{session}/contacts/{contact}/block", response_model=schemas.FullContact)
@needs(Scope.CONTACTS_WRITE, *ASKS_WHATSAPP, ContactNotFound, NotOnWhatsApp)
async def unblock_contact(request: Request, session: str, contact: str) -> Response:
    """Do not block somebody any more."""
    stored = await gateway_of(request).contacts.block(principal_of(request), session, contact, blocked=False)
    return answer(stored_contact_shape(stored))


@router.post("/v1/sessions/{session}/contacts/{contact}/presence/subscribe", status_code=204, response_class=Response)
@needs(Scope.CONTACTS_READ, *ASKS_WHATSAPP, ContactNotFound, NotOnWhatsApp)
async def subscribe_presence(request: Request, session: str, contact: str) -> Response:
    """Have `presence.updated` told of somebody, until the session is stopped.

    WhatsApp tells it only to accounts that are shown online themselves, and not of people who hide it.
    """
    await gateway_of(request).contacts.watch(principal_of(request), session, contact)
    return Response(status_code=204)


@router.post("/v1/sessions/{session}/presence", status_code=204, response_class=Response)
@needs(Scope.CONTACTS_WRITE, *ASKS_WHATSAPP)
async def show_presence(request: Request, session: str, body: schemas.ShowPresence) -> Response:
    """Show the account online, or not any more. While it is, phones of the account may stay silent."""
    await gateway_of(request).contacts.show_presence(principal_of(request), session, available=body.available)
    return Response(status_code=204)


@router.post("/v1/sessions/{session}/calls/{call}/reject", status_code=204, response_class=Response)
@needs(Scope.CONTACTS_WRITE, *ASKS_WHATSAPP, CallNotFound)
async def reject_call(request: Request, session: str, call: str) -> Response:
    """Turn down a call that is ringing."""
    await gateway_of(request).contacts.reject_call(principal_of(request), session, call)
    return Response(status_code=204)
