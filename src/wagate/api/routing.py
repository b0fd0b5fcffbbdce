"""Routes that know who may take them. A route without a scope cannot be made, so nothing is open by oversight."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as ASGIScope
from typing_extensions import override

from wagate.api.errors import InvalidJson, UnsupportedMediaType
from wagate.domain.errors import GatewayError, InvalidRequest, Unauthenticated
from wagate.features import Gateway
from wagate.features.access import Principal, Scope

JSON = "application/json"
MAX_FIELDS = 1_000

ANY_SCOPE = None
"""In place of a scope: every valid key will do."""

_TERMS = "__wagate_terms__"
_PRINCIPAL = "wagate.principal"

Endpoint = TypeVar("Endpoint", bound=Callable[..., Awaitable[object]])


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms a route is served: the scope it asks for, and which errors of ours it can answer with."""

    scope: Scope | None
    errors: tuple[type[GatewayError], ...]


def needs(scope: Scope | None, *errors: type[GatewayError]) -> Callable[[Endpoint], Endpoint]:
    """Declare a route's terms; stands below the route's own decorator. What every route can answer goes unsaid."""

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _TERMS, Terms(scope, errors))
        return endpoint

    return mark


class JsonRequest(Request):
    """A request whose body is read before FastAPI asks for it, so that what is wrong with it is said in our words."""

    _parsed: Any = None

    async def read(self) -> Any:
        """The JSON of the body. Raises what ``read_json`` raises."""
        self._parsed = read_json(await self.body())
        return self._parsed

    @override
    async def json(self) -> Any:
        """What ``read`` has read."""
        return self._parsed


class GuardedRoute(APIRoute):
    """A route that first finds out who asks, then whether they may, and only then looks at what they sent."""

    terms: Terms

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Raises TypeError when the endpoint declares no scope."""
        terms = getattr(endpoint, _TERMS, None)
        if not isinstance(terms, Terms):
            raise TypeError(f"{path} does not say which scope it needs")
        self.terms = terms
        super().__init__(path, endpoint, **options)
        if _takes_only_the_request(self.dependant):
            # FastAPI would open and close two stacks for dependencies that there are none of, and catch what the
            # application catches anyway.
            self.app = _answering(self.get_route_handler())

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The endpoint behind its guard."""
        # An endpoint that takes the request and nothing else has nothing for FastAPI to find out.
        endpoint = self.endpoint if _takes_only_the_request(self.dependant) else super().get_route_handler()
        scope = self.terms.scope
        takes_json = self.body_field is not None

        async def guarded(request: Request) -> Response:
            principal = await gateway_of(request).access.authenticate(key_of(request))
            if scope is not ANY_SCOPE:
                principal.require(scope)
            if "\0" in request.scope["path"] or b"%00" in request.scope["query_string"]:
                raise InvalidRequest("Neither path nor query may contain the character U+0000.")
            request.scope[_PRINCIPAL] = principal
            strict = JsonRequest(request.scope, request.receive)
            if takes_json:
                require_json(strict)
                await strict.read()
            return await endpoint(strict)

        return guarded


def _answering(handler: Callable[[Request], Coroutine[Any, Any, Response]]) -> ASGIApp:
    """The application that is a handler of requests and nothing else."""

    async def app(scope: ASGIScope, receive: Receive, send: Send) -> None:
        response = await handler(Request(scope, receive, send))
        await response(scope, receive, send)

    return app


def _takes_only_the_request(dependant: Dependant) -> bool:
    """Whether an endpoint's only parameter is the request."""
    found_out = (
        dependant.path_params,
        dependant.query_params,
        dependant.header_params,
        dependant.cookie_params,
        dependant.body_params,
        dependant.dependencies,
    )
    return dependant.request_param_name == "request" and not any(found_out)


def key_of(request: Request) -> str:
    """The API key that came with a request. Raises Unauthenticated when there is none."""
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and key:
        return key.strip()
    key = request.headers.get("x-api-key", "")
    if not key:
        raise Unauthenticated("Send your API key as `Authorization: Bearer …` or `X-Api-Key: …`.")
    return key


def gateway_of(request: Request) -> Gateway:
    """The gateway behind this door."""
    gateway = request.app.state.gateway
    assert isinstance(gateway, Gateway)
    return gateway


def principal_of(request: Request) -> Principal:
    """Who asks, as the guard found out."""
    principal = request.scope[_PRINCIPAL]
    assert isinstance(principal, Principal)
    return principal


def require_json(request: Request) -> None:
    """Insist on a JSON body, which also keeps HTML forms of other sites out. Raises UnsupportedMediaType."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != JSON and not (media.startswith("application/") and media.endswith("+json")):
        raise UnsupportedMediaType


def read_json(body: bytes) -> Any:
    """Strict JSON: UTF-8, no NaN, no lone surrogates, no bottomless nesting. Raises InvalidJson, InvalidRequest.

    Thousands of fields are refused here, because each unknown one would be complained of one by one.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidJson(f"The body is not valid JSON in UTF-8: {error.msg}.") from None
    if isinstance(value, dict):
        inner = (len(child) for child in value.values() if isinstance(child, dict))
        if max(len(value), *inner, 0) > MAX_FIELDS:
            raise InvalidRequest(f"The body has more than {MAX_FIELDS} fields in one place.")
    return value


def answer(shape: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(shape), status, headers, JSON)
