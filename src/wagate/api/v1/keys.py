"""API keys, and who is asking."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from wagate.api.key_shape import key_shape
from wagate.api.routing import ANY_SCOPE, GuardedRoute, answer, gateway_of, needs, principal_of
from wagate.api.v1.schemas.keys import ApiKey, ApiKeyPage, Caller, CreateApiKey, IssuedApiKey
from wagate.api.v1.schemas.lists import ListQuery
from wagate.domain.errors import ApiKeyNotFound, InvalidCursor
from wagate.features.access import Scope

router = APIRouter(route_class=GuardedRoute, tags=["access"])


@router.get("/v1/me", response_model=Caller)
@needs(ANY_SCOPE)
async def who_am_i(request: Request) -> Response:
    """Who the API key makes you: your tenant, and what you may do."""
    principal = principal_of(request)
    access = gateway_of(request).access
    key = None if principal.key is None else await access.get_key(principal, principal.key)
    return answer(
        {
            "tenant": principal.tenant,
            "key": None if key is None else key_shape(key),
            "scopes": sorted(principal.scopes),
        }
    )


@router.get("/v1/api-keys", response_model=ApiKeyPage)
@needs(Scope.KEYS_MANAGE, InvalidCursor)
async def list_api_keys(request: Request, query: Annotated[ListQuery, Query()]) -> Response:
    """The tenant's API keys, revoked ones included."""
    page = await gateway_of(request).access.list_keys(
        principal_of(request), limit=query.limit, cursor=query.cursor, order=query.order
    )
    return answer({"data": [key_shape(key) for key in page.items], "next_cursor": page.next_cursor})


@router.post("/v1/api-keys", status_code=201, response_model=IssuedApiKey)
@needs(Scope.KEYS_MANAGE)
async def create_api_key(request: Request, body: CreateApiKey) -> Response:
    """Make an API key. The answer shows its secret, this once only."""
    expires_at = None if body.expires_at is None else int(body.expires_at.timestamp() * 1000)
    issued = await gateway_of(request).access.create_key(
        principal_of(request), name=body.name, scopes=body.scopes, expires_at=expires_at
    )
    return answer({**key_shape(issued.key), "key": issued.secret}, 201, {"Cache-Control": "no-store"})


@router.get("/v1/api-keys/{key}", response_model=ApiKey)
@needs(Scope.KEYS_MANAGE, ApiKeyNotFound)
async def get_api_key(request: Request, key: str) -> Response:
    """One API key, without its secret."""
    return answer(key_shape(await gateway_of(request).access.get_key(principal_of(request), key)))


@router.delete("/v1/api-keys/{key}", response_model=ApiKey)
@needs(Scope.KEYS_MANAGE, ApiKeyNotFound)
async def revoke_api_key(request: Request, key: str) -> Response:
    """Revoke an API key for good. It stays in the list, with the moment at which it ended."""
    return answer(key_shape(await gateway_of(request).access.revoke_key(principal_of(request), key)))
