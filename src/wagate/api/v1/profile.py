"""The session's own account: what it shows of itself, and who may see it; and the pictures of groups."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from wagate.api.routing import GuardedRoute, answer, gateway_of, needs, principal_of
from wagate.api.v1.contacts import ASKS_WHATSAPP
from wagate.api.v1.schemas import contacts as schemas
from wagate.domain.errors import (
    AppStateUnavailable,
    GroupNotFound,
    InvalidContent,
    InvalidMedia,
    MediaGone,
    MediaNotFound,
    MediaNotReady,
    MediaTooLarge,
    NotGroupAdmin,
    NotGroupMember,
    PictureNotFound,
    SessionNotPaired,
    TooBusy,
)
from wagate.domain.session import Session
from wagate.features.access import Scope
from wagate.features.messaging.contact_shape import picture_shape, privacy_shape, profile_shape
from wagate.features.messaging.repository.contacts import StoredContact

_MAKES_PICTURES = (MediaNotFound, MediaNotReady, MediaGone, MediaTooLarge, InvalidMedia, TooBusy)
_IN_GROUP = (GroupNotFound, NotGroupMember, NotGroupAdmin)

router = APIRouter(route_class=GuardedRoute, tags=["contacts"])


@router.get("/v1/sessions/{session}/profile", response_model=schemas.Profile)
@needs(Scope.CONTACTS_READ, *ASKS_WHATSAPP, SessionNotPaired)
async def get_profile(request: Request, session: str, query: Annotated[schemas.ProfileQuery, Query()]) -> Response:
    """What the session's account shows of itself, as far as is known; WhatsApp is asked with `refresh`."""
    return _shown(*await gateway_of(request).profile.get(principal_of(request), session, refresh=query.refresh))


@router.patch("/v1/sessions/{session}/profile", response_model=schemas.Profile)
@needs(Scope.CONTACTS_WRITE, *ASKS_WHATSAPP, SessionNotPaired, InvalidContent, AppStateUnavailable)
async def update_profile(request: Request, session: str, body: schemas.UpdateProfile) -> Response:
    """Show another name, another about, one after the other: what came before a refusal stays changed."""
    profile = gateway_of(request).profile
    return _shown(*await profile.change(principal_of(request), session, name=body.name, about=body.about))


@router.put("/v1/sessions/{session}/profile/picture", response_model=schemas.PictureSet)
@needs(Scope.CONTACTS_WRITE, *ASKS_WHATSAPP, *_MAKES_PICTURES)
async def set_profile_picture(request: Request, session: str, body: schemas.SetPicture) -> Response:
    """Show another picture. Upload the image with `POST /v1/media` first."""
    picture = await gateway_of(request).profile.set_picture(principal_of(request), session, body.media.id)
    return answer({"id": picture})


@router.delete("/v1/sessions/{session}/profile/picture", status_code=204, response_class=Response)
@needs(Scope.CONTACTS_WRITE, *ASKS_WHATSAPP)
async def remove_profile_picture(request: Request, session: str) -> Response:
    """Show no picture."""
    await gateway_of(request).profile.set_picture(principal_of(request), session, None)
    return Response(status_code=204)


@router.get("/v1/sessions/{session}/privacy", response_model=schemas.PrivacyShown)
@needs(Scope.CONTACTS_READ, *ASKS_WHATSAPP)
async def get_privacy(request: Request, session: str) -> Response:
    """Who may see what of the account, as WhatsApp tells it now."""
    return answer(privacy_shape(await gateway_of(request).profile.privacy(principal_of(request), session)))


@router.patch("/v1/sessions/{session}/privacy", response_model=schemas.PrivacyShown)
@needs(Scope.CONTACTS_WRITE, *ASKS_WHATSAPP)
async def update_privacy(request: Request, session: str, body: schemas.UpdatePrivacy) -> Response:
    """Change who may see what, one setting after the other: what came before a refusal stays changed."""
    settings = await gateway_of(request).profile.set_privacy(principal_of(request), session, body.to_changes())
    return answer(privacy_shape(settings))


@router.get("/v1/sessions/{session}/groups/{group}/picture", response_model=schemas.PictureLink)
@needs(Scope.GROUPS_READ, *ASKS_WHATSAPP, GroupNotFound, PictureNotFound)
async def get_group_picture(
    request: Request, session: str, group: str, query: Annotated[schemas.PictureQuery, Query()]
) -> Response:
    """Ask WhatsApp where a group's picture lies."""
    found = await gateway_of(request).profile.group_picture(
        principal_of(request), session, group, preview=query.preview
    )
    return answer(picture_shape(found), headers={"Cache-Control": "no-store"})


@router.put("/v1/sessions/{session}/groups/{group}/picture", response_model=schemas.PictureSet)
@needs(Scope.GROUPS_WRITE, *ASKS_WHATSAPP, *_MAKES_PICTURES, *_IN_GROUP)
async def set_group_picture(request: Request, session: str, group: str, body: schemas.SetPicture) -> Response:
    """Give a group another picture. Upload the image with `POST /v1/media` first."""
    picture = await gateway_of(request).profile.set_group_picture(principal_of(request), session, group, body.media.id)
    return answer({"id": picture})


@router.delete("/v1/sessions/{session}/groups/{group}/picture", status_code=204, response_class=Response)
@needs(Scope.GROUPS_WRITE, *ASKS_WHATSAPP, *_IN_GROUP)
async def remove_group_picture(request: Request, session: str, group: str) -> Response:
    """Take a group's picture away."""
    await gateway_of(request).profile.set_group_picture(principal_of(request), session, group, None)
    return Response(status_code=204)


def _shown(session: Session, stored: StoredContact) -> Response:
    name = None if session.me is None else session.me.name
    return answer(profile_shape(stored.contact, stored.detail, name))
