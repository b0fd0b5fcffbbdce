"""What every request passes on its way in and out. Pure ASGI: nothing here buffers, and nothing spawns a task."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from random import Random
from time import perf_counter

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wagate.api.errors import answer_framework_error, internal_error

REQUEST_ID_HEADER = "X-Request-Id"
_REQUEST_ID_NAME = REQUEST_ID_HEADER.lower().encode()

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:@/+=-]{1,128}\Z")
_SECURITY_HEADERS = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
_log = structlog.get_logger(__name__)
_root = logging.getLogger()

_random = Random()  # noqa: S311 - seeded by the system; a request's id tells requests apart and keeps no secret


def _header(scope: Scope, wanted: bytes) -> str:
    """A header of a request, or nothing. Every request is asked twice, so no object is made for it."""
    for name, value in scope["headers"]:
        if name == wanted:
            return str(value, "latin-1")
    return ""


class RequestContext:
    """Gives each request an id, binds it to the log, answers with it, and turns a stray exception into a problem.

    A caller's own X-Request-Id is kept when it is short and printable; any other is replaced, not refused.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap ``app``."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = _header(scope, _REQUEST_ID_NAME)
        request_id = given if _REQUEST_ID.match(given) else f"req_{_random.getrandbits(80):020x}"
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.bind_contextvars(request_id=request_id)
        began = perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"] = list(message["headers"])
                there = {name for name, _ in headers}
                headers.append((_REQUEST_ID_NAME, request_id.encode()))
                headers += [header for header in _SECURITY_HEADERS if header[0] not in there]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception as error:  # the last line of defence: whatever happened, the caller gets a problem document
            _log.exception("request_crashed", method=scope["method"], path=scope["path"], error=type(error).__name__)
            if status:
                raise
            await internal_error(request_id)(scope, receive, send_with_id)
        finally:
            if _root.isEnabledFor(logging.DEBUG):
                duration_ms = round((perf_counter() - began) * 1000, 1)
                _log.debug(
                    "request", method=scope["method"], path=scope["path"], status=status, duration_ms=duration_ms
                )
            structlog.contextvars.unbind_contextvars("request_id")


class BodyLimit:
    """Refuses a body over the limit: by its Content-Length at once, or while it comes in, never after buffering it."""

    def __init__(self, app: ASGIApp, max_bytes: int, larger: Callable[[str], int | None] = lambda _: None) -> None:
        """Wrap ``app``. ``larger`` tells the limit of a path whose bodies are streamed."""
        self._app = app
        self._max_bytes = max_bytes
        self._larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        max_bytes = self._larger(scope["path"]) or self._max_bytes
        declared = _header(scope, b"content-length")
        if declared.isdecimal() and int(declared[:20]) > max_bytes:
            await (await answer_framework_error(Request(scope), HTTPException(413)))(scope, receive, send)
            return
        seen = 0

        async def receive_counted() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > max_bytes:
                    raise HTTPException(413)
            return message

        await self._app(scope, receive_counted, send)
