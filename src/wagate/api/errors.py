"""Errors as the outside sees them: one table from stable codes to statuses, and RFC 9457 problem documents."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from wagate.domain.errors import GatewayError, InvalidRequest

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:wagate:error:"

STATUSES: dict[str, int] = {
    "malformed_http": 400,
    "invalid_json": 400,
    "invalid_multipart": 400,
    "invalid_cursor": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "session_not_found": 404,
    "message_not_found": 404,
    "api_key_not_found": 404,
    "media_not_found": 404,
    "group_not_found": 404,
    "contact_not_found": 404,
    "picture_not_found": 404,
    "call_not_found": 404,
    "chat_not_found": 404,
    "template_not_found": 404,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "conflict": 409,
    "session_name_taken": 409,
    "message_not_named": 409,
    "message_not_waiting": 409,
    "idempotency_in_progress": 409,
    "nothing_known": 409,
    "session_not_paired": 409,
    "session_already_paired": 409,
    "session_not_running": 409,
    "session_running": 409,
    "session_held_elsewhere": 409,
    "qr_not_ready": 409,
    "passkey_not_asked": 409,
    "passkey_refused": 409,
    "move_failed": 409,
    "device_in_use": 409,
    "media_not_ready": 409,
    "media_in_use": 409,
    "message_unavailable": 409,
    "not_own_message": 409,
    "edit_window_over": 409,
    "template_name_taken": 409,
    "too_many_templates": 409,
    "group_refused": 409,
    "refused_by_whatsapp": 409,
    "app_state_unavailable": 409,
    "not_group_admin": 409,
    "not_group_member": 409,
    "already_group_member": 409,
    "credentials_corrupt": 409,
    "media_gone": 410,
    "precondition_failed": 412,
    "body_too_large": 413,
    "media_too_large": 413,
    "unsupported_media_type": 415,
    "range_not_satisfiable": 416,
    "invalid_request": 422,
    "invalid_media": 422,
    "fetch_failed": 422,
    "invalid_recipient": 422,
    "invalid_content": 422,
    "invalid_proxy": 422,
    "invalid_search": 422,
    "invite_invalid": 422,
    "variables_missing": 422,
    "variables_unknown": 422,
    "unknown_engine": 422,
    "device_unreadable": 422,
    "archive_unreadable": 422,
    "archive_newer": 422,
    "passphrase_wrong": 422,
    "device_not_named": 422,
    "idempotency_key_reused": 422,
    "send_impossible": 422,
    "recipient_not_on_whatsapp": 422,
    "recipient_unreachable": 422,
    "internal_error": 500,
    "unsupported_by_engine": 501,
    "storage_unavailable": 503,
    "ownership_lost": 503,
    "not_sent": 503,
    "too_busy": 503,
    "storage_full": 507,
    "media_quota_exceeded": 507,
}
"""Every code that a problem document can carry, with its HTTP status."""

RETRY_AFTER_S: dict[str, int] = {
    "storage_unavailable": 2,
    "ownership_lost": 2,
    "not_sent": 5,
    "too_busy": 1,
    "media_not_ready": 2,
    "idempotency_in_progress": 1,
}
"""How long a client should wait before it asks again, for the errors that pass by themselves."""


class MalformedHttp(GatewayError):
    """What arrived is not valid HTTP"""

    code = "malformed_http"


class InvalidJson(InvalidRequest):
    """The body is not valid JSON"""

    code = "invalid_json"


class InvalidMultipart(InvalidRequest):
    """The body is not valid multipart/form-data"""

    code = "invalid_multipart"


class RangeNotSatisfiable(GatewayError):
    """The Range header asks for bytes beyond the end"""

    code = "range_not_satisfiable"


class UnsupportedMediaType(GatewayError):
    """The body must be JSON, with the header Content-Type: application/json"""

    code = "unsupported_media_type"


class BodyTooLarge(GatewayError):
    """The body is larger than this API accepts"""

    code = "body_too_large"


class NotAcceptable(GatewayError):
    """Nothing can be shown in a form that the Accept header allows"""

    code = "not_acceptable"


_FRAMEWORK_CODES = {
    400: "malformed_http",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "body_too_large",
    415: "unsupported_media_type",
    422: "invalid_request",
}
_FRAMEWORK_DETAILS = {
    "not_found": "There is nothing at this path. GET /openapi.json lists every path.",
    "method_not_allowed": "This path does not answer to this method; the Allow header names those that it does.",
}
_PLACES = {"query": "parameter", "path": "parameter", "header": "header", "cookie": "parameter"}

_MAX_FAULTS = 50

Fault = dict[str, str]
"""One entry of ``errors``: where (``pointer`` in the body, or ``parameter`` or ``header``), ``code`` and ``detail``."""


def status_of(error: type[GatewayError]) -> int:
    """The HTTP status of an error: that of its code, or of the nearest ancestor's code that the table has."""
    for ancestor in error.__mro__:
        status = STATUSES.get(getattr(ancestor, "code", ""))
        if status is not None:
            return status
    return 500


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem document (RFC 9457). ``code`` is stable; ``detail`` says what happened and what to do."""

    code: str
    title: str
    detail: str
    status: int
    faults: tuple[Fault, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def document(self, request_id: str | None) -> dict[str, object]:
        """The document itself. ``request_id`` is the id under which the log knows the request."""
        document: dict[str, object] = {
            "type": TYPE_PREFIX + self.code,
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "request_id": request_id,
        }
        if self.faults:
            document["errors"] = self.faults
        return document

    def response(self, request_id: str | None) -> Response:
        """The answer that carries it."""
        return Response(orjson.dumps(self.document(request_id)), self.status, dict(self.headers), MEDIA_TYPE)


def request_id_of(request: Request) -> str | None:
    """The id under which the log knows this request."""
    found = request.scope.get("state", {}).get("request_id")
    return found if isinstance(found, str) else None


async def answer_gateway_error(request: Request, error: GatewayError) -> Response:
    """What a caller reads about an error of ours."""
    return problem_of(error).response(request_id_of(request))


async def answer_invalid_fields(request: Request, error: RequestValidationError) -> Response:
    """What a caller reads about fields that are missing, unknown or wrong."""
    return invalid_fields(error).response(request_id_of(request))


def invalid_fields(error: RequestValidationError) -> Problem:
    """The problem document about fields that are missing, unknown or wrong. Values are never echoed."""
    entries = error.errors()
    faults = tuple(_fault(entry["type"], entry["loc"], entry["msg"]) for entry in entries[:_MAX_FAULTS])
    detail = "; ".join(_sentence(fault) for fault in faults[:5])
    return Problem(InvalidRequest.code, title_of(InvalidRequest), detail, STATUSES[InvalidRequest.code], faults)


async def answer_framework_error(request: Request, error: HTTPException) -> Response:
    """What a caller reads about an error that the web framework raised."""
    code = _FRAMEWORK_CODES.get(error.status_code, "internal_error" if error.status_code >= 500 else "invalid_request")
    title = HTTPStatus(error.status_code).phrase
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(sorted(_methods_at(request)))
    refusal = Problem(code, title, _FRAMEWORK_DETAILS.get(code, title), error.status_code, headers=headers)
    return refusal.response(request_id_of(request))


def _methods_at(request: Request) -> set[str]:
    """Every method of this path: the framework names only those of the first of its routes."""
    routes = [route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE]
    return {method for route in routes for method in getattr(route, "methods", ())}


def internal_error(request_id: str | None) -> Response:
    """What a caller reads about a mistake of ours; the log has the rest under the same id."""
    return Problem(
        GatewayError.code,
        title_of(GatewayError),
        "This is a mistake in wagate, not in your request. The log has the details under this request_id.",
        500,
    ).response(request_id)


EXCEPTION_HANDLERS: dict[int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]] = {
    GatewayError: answer_gateway_error,
    RequestValidationError: answer_invalid_fields,
    HTTPException: answer_framework_error,
}


def problem_of(error: GatewayError) -> Problem:
    """The problem document about an error of ours."""
    status = status_of(type(error))
    headers: dict[str, str] = {}
    if error.code in RETRY_AFTER_S:
        headers["Retry-After"] = str(RETRY_AFTER_S[error.code])
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="wagate"'
    faults: tuple[Fault, ...] = ()
    if error.pointer:
        faults = ({"pointer": error.pointer, "code": error.code, "detail": error.detail},)
    return Problem(error.code, title_of(type(error)), error.detail, status, faults, headers)


def title_of(error: type[GatewayError]) -> str:
    """What kind of error it is, for a human: its docstring."""
    return (error.__doc__ or GatewayError.__doc__ or "").strip()


def _fault(kind: str, location: tuple[int | str, ...], detail: str) -> Fault:
    place, *path = location or ("body",)
    if place == "body":
        pointer = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
        return {"pointer": pointer, "code": kind, "detail": detail}
    return {_PLACES.get(str(place), "parameter"): ".".join(map(str, path)), "code": kind, "detail": detail}


def _sentence(fault: Fault) -> str:
    where = fault.get("pointer") or fault.get("parameter") or fault.get("header") or "the body"
    return f"{where}: {fault['detail']}"
