"""Groups: make them, see who is in them, change them, let people in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from wagate.api.routing import GuardedRoute, answer, gateway_of, needs, principal_of
from wagate.api.v1.schemas import groups as schemas
from wagate.domain.errors import (
    AlreadyGroupMember,
    GatewayError,
    GroupNotFound,
    GroupRefused,
    InvalidContent,
    InvalidCursor,
    InvalidRecipient,
    InviteInvalid,
    NotGroupAdmin,
    NotGroupMember,
    SessionNotFound,
    SessionNotRunning,
    UnsupportedByEngine,
)
from wagate.domain.people import MemberOutcome, MembersAction
from wagate.features.access import Scope
from wagate.features.messaging.group_shape import (
    StoredGroup,
    full_group_shape,
    group_shape,
    invited_shape,
    outcome_shape,
    request_shape,
)
from wagate.ports.engine import NotSent

INVITE_LINK = "https://chat.whatsapp.com/"

_ASKS_WHATSAPP: tuple[type[GatewayError], ...] = (
    SessionNotFound,
    SessionNotRunning,
    UnsupportedByEngine,
    NotSent,
    GroupNotFound,
    NotGroupMember,
    NotGroupAdmin,
    GroupRefused,
)

router = APIRouter(route_class=GuardedRoute, tags=["groups"])


@router.post("/v1/sessions/{session}/groups", status_code=201, response_model=schemas.CreatedGroup)
@needs(Scope.GROUPS_WRITE, *_ASKS_WHATSAPP, InvalidRecipient, InvalidContent)
async def create_group(request: Request, session: str, body: schemas.CreateGroup) -> Response:
    """Make a group. Who could not be added is listed in `refused`; they can be invited instead."""
    groups = gateway_of(request).groups
    stored, refused = await groups.create(
        principal_of(request), session, body.subject, body.participants, body.settings.to_settings()
    )
    shape = await _full(request, stored)
    location = {"Location": f"/v1/sessions/{session}/groups/{stored.id}"}
    return answer({**shape, "refused": [outcome_shape(outcome) for outcome in refused]}, 201, location)


@router.get("/v1/sessions/{session}/groups", response_model=schemas.GroupPage)
@needs(Scope.GROUPS_READ, SessionNotFound, SessionNotRunning, UnsupportedByEngine, NotSent, InvalidCursor)
async def list_groups(request: Request, session: str, query: Annotated[schemas.GroupsQuery, Query()]) -> Response:
    """The groups that the session's account is in, as far as they are known.

    WhatsApp is asked for all of them when they are first listed after the session's start, and with `refresh`; in
    between they are kept current by what it tells.
    """
    page = await gateway_of(request).groups.list(
        principal_of(request),
        session,
        refresh=query.refresh,
        limit=query.limit,
        cursor=query.cursor,
        order=query.order,
    )
    return answer({"data": [group_shape(stored) for stored in page.items], "next_cursor": page.next_cursor})


@router.get("/v1/sessions/{session}/groups/invite", response_model=schemas.GroupLite)
@needs(Scope.GROUPS_READ, *_ASKS_WHATSAPP, InviteInvalid)
async def get_invited_group(request: Request, session: str, query: Annotated[schemas.InviteQuery, Query()]) -> Response:
    """Look at the group behind an invite link without joining it."""
    group = await gateway_of(request).groups.behind(principal_of(request), session, query.code)
    return answer(invited_shape(group))


@router.post("/v1/sessions/{session}/groups/join", response_model=schemas.Joined)
@needs(Scope.GROUPS_WRITE, *_ASKS_WHATSAPP, InviteInvalid, AlreadyGroupMember)
async def join_group(request: Request, session: str, body: schemas.JoinGroup) -> Response:
    """Join a group by its invite link. Where admins decide who comes in, the answer is `pending`."""
    joined, stored = await gateway_of(request).groups.join(principal_of(request), session, body.code)
    return answer({"pending": joined.pending, "group": None if stored is None else await _full(request, stored)})


@router.get("/v1/sessions/{session}/groups/{group}", response_model=schemas.Group)
@needs(Scope.GROUPS_READ, *_ASKS_WHATSAPP)
async def get_group(
    request: Request, session: str, group: str, query: Annotated[schemas.GroupQuery, Query()]
) -> Response:
    """One group with the people in it. WhatsApp is asked when it is not known yet, and with `refresh`."""
    stored = await gateway_of(request).groups.get(principal_of(request), session, group, refresh=query.refresh)
    return answer(await _full(request, stored))


@router.patch("/v1/sessions/{session}/groups/{group}", response_model=schemas.Group)
@needs(Scope.GROUPS_WRITE, *_ASKS_WHATSAPP, InvalidContent)
async def update_group(request: Request, session: str, group: str, body: schemas.UpdateGroup) -> Response:
    """Change subject, description or settings, one after the other: what came before a refusal stays changed."""
    stored = await gateway_of(request).groups.edit(principal_of(request), session, group, body.to_edit())
    return answer(await _full(request, stored))


@router.delete("/v1/sessions/{session}/groups/{group}", status_code=204, response_class=Response)
@needs(Scope.GROUPS_WRITE, *_ASKS_WHATSAPP)
async def leave_group(request: Request, session: str, group: str) -> Response:
    """Leave a group. Its chat and messages stay."""
    await gateway_of(request).groups.leave(principal_of(request), session, group)
    return Response(status_code=204)


@router.post("/v1/sessions/{session}/groups/{group}/participants", response_model=schemas.Outcomes)
@needs(Scope.GROUPS_WRITE, *_ASKS_WHATSAPP, InvalidRecipient)
async def add_participants(request: Request, session: str, group: str, body: schemas.NamedPeople) -> Response:
    """Add people. The answer tells for each of them whether it worked."""
    return await _change(request, session, group, MembersAction.ADD, body.participants)


@router.delete("/v1/sessions/{session}/groups/{group}/participants/{contact}", response_model=schemas.Outcomes)
@needs(Scope.GROUPS_WRITE, *_ASKS_WHATSAPP, InvalidRecipient)
async def remove_participant(request: Request, session: str, group: str, contact: str) -> Response:
    """Remove somebody. The answer tells whether it worked."""
    return await _change(request, session, group, MembersAction.REMOVE, [contact])


@router.put("/v1/sessions/{session}/groups/{group}/admins/{contact}", response_model=schemas.Outcomes)
@needs(Scope.GROUPS_WRITE, *_ASKS_WHATSAPP, InvalidRecipient)
async def make_admin(request: Request, session: str, group: str, contact: str) -> Response:
    """Make somebody an admin. The answer tells whether it worked."""
    return await _change(request, session, group, MembersAction.PROMOTE, [contact])


@router.delete("/v1/sessions/{session}/groups/{group}/admins/{contact}", response_model=schemas.Outcomes)
@needs(Scope.GROUPS_WRITE, *_ASKS_WHATSAPP, InvalidRecipient)
async def dismiss_admin(request: Request, session: str, group: str, contact: str) -> Response:
    """Make somebody an ordinary member again. The answer tells whether it worked."""
    return await _change(request, session, group, MembersAction.DEMOTE, [contact])


@router.get("/v1/sessions/{session}/groups/{group}/invite", response_model=schemas.Invite)
@needs(Scope.GROUPS_READ, *_ASKS_WHATSAPP)
async def get_invite(request: Request, session: str, group: str) -> Response:
    """The group's invite link; only admins get it."""
    return await _invite(request, session, group, reset=False)


@router.delete("/v1/sessions/{session}/groups/{group}/invite", response_model=schemas.Invite)
@needs(Scope.GROUPS_WRITE, *_ASKS_WHATSAPP)
async def revoke_invite(request: Request, session: str, group: str) -> Response:
    """Void the invite link; the answer is the new one that takes its place."""
    return await _invite(request, session, group, reset=True)


@router.get("/v1/sessions/{session}/groups/{group}/requests", response_model=schemas.JoinRequests)
@needs(Scope.GROUPS_READ, *_ASKS_WHATSAPP)
async def list_join_requests(request: Request, session: str, group: str) -> Response:
    """Who wants to join; only admins are told."""
    found = await gateway_of(request).groups.requests(principal_of(request), session, group)
    return answer({"data": [request_shape(one) for one in found]})


@router.post("/v1/sessions/{session}/groups/{group}/requests", response_model=schemas.Outcomes)
@needs(Scope.GROUPS_WRITE, *_ASKS_WHATSAPP, InvalidRecipient)
async def decide_join_requests(request: Request, session: str, group: str, body: schemas.DecideRequests) -> Response:
    """Let people in who asked for it, or turn them down. The answer tells for each of them whether it worked."""
    outcomes = await gateway_of(request).groups.decide(
        principal_of(request), session, group, body.decision, body.participants
    )
    return _told(outcomes)


async def _change(request: Request, session: str, group: str, action: MembersAction, named: list[str]) -> Response:
    outcomes = await gateway_of(request).groups.change_members(principal_of(request), session, group, action, named)
    return _told(outcomes)


async def _invite(request: Request, session: str, group: str, *, reset: bool) -> Response:
    code = await gateway_of(request).groups.invite(principal_of(request), session, group, reset=reset)
    return answer({"code": code, "link": f"{INVITE_LINK}{code}"}, headers={"Cache-Control": "no-store"})


async def _full(request: Request, stored: StoredGroup) -> dict[str, object]:
    members = await gateway_of(request).groups.members(principal_of(request), stored)
    return full_group_shape(stored, members)


def _told(outcomes: list[MemberOutcome]) -> Response:
    return answer({"participants": [outcome_shape(outcome) for outcome in outcomes]})
