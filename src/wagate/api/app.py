"""The door: every route of this API behind one ASGI application."""

from __future__ import annotations

import asyncio
from asyncio import to_thread
from functools import cache

import orjson
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from wagate import __version__
from wagate.api import health
from wagate.api.docs_page import render
from wagate.api.errors import EXCEPTION_HANDLERS
from wagate.api.event_shape import EventShapes
from wagate.api.limits import LIMITS, Limits
from wagate.api.middleware import BodyLimit, RequestContext
from wagate.api.openapi import Document, describe
from wagate.api.routing import JSON
from wagate.api.v1 import (
    acts,
    batches,
    chat_marks,
    chats,
    contacts,
    engines,
    events,
    groups,
    history,
    keys,
    media,
    messages,
    passkeys,
    profile,
    queues,
    search,
    sessions,
    statuses,
    templates,
)
from wagate.features import Gateway

_ROUTERS = (
    search.router,
    messages.router,
    batches.router,
    queues.router,
    acts.router,
    chats.router,
    history.router,
    sessions.router,
    passkeys.router,
    statuses.router,
    groups.router,
    contacts.router,
    profile.router,
    chat_marks.router,
    engines.router,
    events.router,
    media.router,
    templates.router,
    keys.router,
    health.router,
)
_DOCS_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


def create_app(gateway: Gateway, limits: Limits = LIMITS) -> Starlette:
    """The ASGI application in front of a gateway. It starts and stops nothing; ``gateway`` must run by itself."""
    app = FastAPI(
        title="wagate",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        middleware=[Middleware(RequestContext), _body_limit(gateway, limits)],
        exception_handlers=EXCEPTION_HANDLERS,
    )
    # Not include_router: FastAPI resolves included routers anew for every request, which costs more than the route.
    app.router.routes.extend(api_routes())
    app.router.routes.append(Route("/openapi.json", _show_openapi))
    app.router.routes.append(Route("/docs", _show_docs))
    app.state.gateway = gateway
    app.state.event_shapes = EventShapes(gateway.sessions)
    app.state.limits = limits
    app.state.inline_uploads = asyncio.Semaphore(limits.inline_uploads)
    return app


def _body_limit(gateway: Gateway, limits: Limits) -> Middleware:
    with_file = gateway.media.policy.largest + limits.body_bytes
    exactly = {sessions.IMPORT_PATH: limits.upload_bytes, media.UPLOAD_PATH: with_file}

    def larger(path: str) -> int | None:
        if batches.BATCH_PATH.match(path):
            return max(limits.batch_bytes, limits.body_bytes)
        return exactly.get(path) or (with_file if messages.SEND_PATH.match(path) else None)

    return Middleware(BodyLimit, max_bytes=limits.body_bytes, larger=larger)


async def let_everybody_go(gateway: Gateway) -> None:
    """End whatever clients wait for, streams and ``?wait=`` alike, so that a server can stop at once."""
    gateway.messaging.stop_waiting()
    await gateway.realtime.close()


def api_routes() -> list[APIRoute]:
    """Every route of the API, the busiest first."""
    return [route for router in _ROUTERS for route in router.routes if isinstance(route, APIRoute)]


@cache
def openapi_document() -> Document:
    """The API's description in OpenAPI 3.1."""
    return describe(api_routes())


@cache
def _openapi_json() -> bytes:
    return orjson.dumps(openapi_document())


@cache
def _docs_html() -> str:
    return render(openapi_document())


async def _show_openapi(_request: Request) -> Response:
    return Response(await to_thread(_openapi_json), media_type=JSON)


async def _show_docs(_request: Request) -> Response:
    return HTMLResponse(await to_thread(_docs_html), headers=_DOCS_HEADERS)
