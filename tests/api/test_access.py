"""Who may do what: every route, asked without a key, with a wrong one, and with one that lacks the scope."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from api.asgi import ask
from api.world import Api, one_database
from wagate.api.app import api_routes, create_app
from wagate.api.routing import ANY_SCOPE, GuardedRoute
from wagate.api.v1.schemas.keys import ApiKeyPage, Caller, IssuedApiKey
from wagate.features import Gateway
from wagate.features.access import Scope

_OPEN = {"/health", "/health/live", "/health/ready", "/openapi.json", "/docs"}
_GUARDED = [
    (method, route)
    for route in api_routes()
    if isinstance(route, GuardedRoute)
    for method in sorted(route.methods or ())
]

_ENDING = [(method, route) for method, route in _GUARDED if route.path != "/v1/events/stream"]
"""All but the one that answers for ever."""


def _path(route: GuardedRoute) -> str:
    return re.sub(r"\{\w+\}", "nothing", route.path)


def _names(cases: list[tuple[str, GuardedRoute]]) -> list[str]:
    return [f"{method} {route.path}" for method, route in cases]


@one_database
async def test_every_route_is_guarded_but_those_that_are_open_on_purpose(gateway: Gateway) -> None:
    routes = create_app(gateway).routes
    open_paths = {getattr(route, "path", "") for route in routes if not isinstance(route, GuardedRoute)}
    assert open_paths == _OPEN
    assert len(_GUARDED) >= 23


@one_database
@pytest.mark.parametrize(("method", "route"), _GUARDED, ids=_names(_GUARDED))
async def test_nobody_gets_in_without_the_right_key(api: Api, method: str, route: GuardedRoute) -> None:
    path, body = _path(route), b"not even json"
    for headers in (
        {},
        {"Authorization": "Bearer"},
        {"Authorization": f"Basic {api.key}"},
        {"Authorization": "Bearer wag_live_nonsense"},
        {"Authorization": f"Bearer {api.key}x"},
        {"X-Api-Key": api.key[:-1]},
        {"Authorization": "Bearer \xff\xfe"},
    ):
        answer = await ask(api.app, method, path, body, headers)
        assert (answer.status, answer.json["code"]) == (401, "unauthenticated"), headers
        assert answer.headers["www-authenticate"].startswith("Bearer")
    if route.terms.scope is ANY_SCOPE:
        return
    others = [scope for scope in Scope if scope is not route.terms.scope]
    refused = await (await api.limited(*others)).ask(method, path, body)
    assert (refused.status, refused.json["code"]) == (403, "forbidden")
    assert str(route.terms.scope) in refused.json["detail"]


@one_database
@pytest.mark.parametrize(("method", "route"), _ENDING, ids=_names(_ENDING))
async def test_the_scope_that_a_route_names_is_enough(api: Api, method: str, route: GuardedRoute) -> None:
    scope = route.terms.scope or Scope.MESSAGES_READ
    answer = await (await api.limited(scope)).ask(method, _path(route), b"{}")
    assert answer.status not in (401, 403, 500), answer.body


@one_database
async def test_a_key_may_come_in_either_header(api: Api) -> None:
    for headers in ({"Authorization": f"bearer  {api.key}"}, {"X-Api-Key": api.key}):
        assert (await ask(api.app, "GET", "/v1/me", headers=headers)).status == 200


async def test_a_key_is_made_shown_once_used_and_revoked(api: Api) -> None:
    made = await api.ask("POST", "/v1/api-keys", {"name": "crm", "scopes": ["messages:read", "events:read"]})
    assert made.status == 201
    assert made.headers["cache-control"] == "no-store"
    assert IssuedApiKey.model_validate(made.json).model_dump(mode="json") == made.json
    key = made.json
    theirs = api.with_key(key["key"])
    me = await theirs.get("/v1/me")
    assert Caller.model_validate(me).model_dump(mode="json") == me
    assert me["key"]["id"] == key["id"]
    assert me["scopes"] == ["events:read", "messages:read"]
    assert (await theirs.get("/v1/sessions", 403))["code"] == "forbidden"
    page = await api.get("/v1/api-keys")
    assert ApiKeyPage.model_validate(page).model_dump(mode="json") == page
    assert key["key"] not in str(page)
    assert {one["name"] for one in page["data"]} == {"admin", "crm"}
    revoked = await api.ask("DELETE", f"/v1/api-keys/{key['id']}")
    assert revoked.json["revoked_at"]
    assert (await theirs.get("/v1/me", 401))["code"] == "unauthenticated"
    assert (await api.get(f"/v1/api-keys/{key['id']}"))["revoked_at"] == revoked.json["revoked_at"]
    assert (await api.get("/v1/api-keys/key_nothing", 404))["code"] == "api_key_not_found"


@one_database
async def test_a_key_cannot_give_away_what_it_lacks(api: Api) -> None:
    clerk = await api.limited("keys:manage", "messages:read")
    refused = await clerk.post("/v1/api-keys", {"name": "x", "scopes": ["messages:send"]}, 403)
    assert refused["code"] == "forbidden"
    await clerk.post("/v1/api-keys", {"name": "x", "scopes": ["messages:read"]}, 201)


@one_database
async def test_a_key_ends_when_it_was_said_to(api: Api) -> None:
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    refused = await api.post("/v1/api-keys", {"name": "x", "scopes": ["messages:read"], "expires_at": past}, 422)
    assert refused["errors"][0]["pointer"] == "/expires_at"
    made = await api.post("/v1/api-keys", {"name": "x", "scopes": ["messages:read"], "expires_at": soon}, 201)
    assert made["expires_at"].endswith("Z")
    naive = await api.post(
        "/v1/api-keys", {"name": "x", "scopes": ["messages:read"], "expires_at": "2099-01-01T00:00:00"}, 422
    )
    assert naive["errors"][0]["pointer"] == "/expires_at"
