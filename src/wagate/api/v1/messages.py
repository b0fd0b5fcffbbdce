"""Messages: send them, and see what became of them."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import Field, ValidationError
from starlette.responses import Response

from wagate.api.bodies import FORM, is_short, type_of, with_file_inside
from wagate.api.errors import InvalidMultipart
from wagate.api.parameters import IDEMPOTENCY_KEY, SESSION, query_parameters, union
from wagate.api.routing import JSON, GuardedRoute, answer, gateway_of, needs, principal_of, read_json, require_json
from wagate.api.v1.enclosing import TakenIn, Terms, send_form, send_with, take_in
from wagate.api.v1.schemas.lists import ListQuery, Word
from wagate.api.v1.schemas.messages import Message, MessagePage, ReceiptPage, SendQuery
from wagate.api.v1.schemas.sendable import SENDABLE, examples
from wagate.api.v1.schemas.sending import Sending
from wagate.api.v1.schemas.sending_media import WITH_FILE, SendMedia
from wagate.domain.conditions import OnUnknown, Priority
from wagate.domain.errors import (
    FetchFailed,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    InvalidContent,
    InvalidCursor,
    InvalidMedia,
    InvalidRecipient,
    InvalidRequest,
    MediaGone,
    MediaNotFound,
    MediaNotReady,
    MediaQuotaExceeded,
    MediaTooLarge,
    MessageNotFound,
    MessageNotNamed,
    SessionNotFound,
    SessionNotPaired,
    StorageFull,
    TooBusy,
    UnsupportedByEngine,
)
from wagate.domain.message import Direction, MessageStatus
from wagate.domain.page import Order
from wagate.domain.templates import TemplateNotFound, VariablesMissing, VariablesUnknown
from wagate.features.access import Scope
from wagate.features.messaging.filters import MessageFilter
from wagate.features.messaging.outcomes import is_settled
from wagate.features.messaging.requests import Accepted
from wagate.features.messaging.shape import message_shape, placed_shape, receipt_shape

_QUOTED_KEY = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255})"\Z')
_BARE_KEY = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,255}\Z")
_NO_WAIT = SendQuery()
SEND_PATH = re.compile(r"/v1/sessions/[^/]+/messages\Z")

_FORM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["to", "type", "file"],
    "properties": {
        "to": {"type": "string", "description": "As in JSON. Fields stand before the file."},
        "type": {"type": "string", "enum": list(WITH_FILE)},
        "caption": {"type": "string"},
        "filename": {"type": "string", "description": "In place of the file's own name."},
        "reply_to": {"type": "string"},
        "client_ref": {"type": "string"},
        "view_once": {"type": "boolean"},
        "priority": {"type": "string", "enum": [priority.value for priority in Priority]},
        "send_at": {"type": "string", "format": "date-time"},
        "expires_at": {"type": "string", "format": "date-time"},
        "on_unknown": {"type": "string", "enum": [choice.value for choice in OnUnknown]},
        "typing": {"type": "boolean"},
        "mentions": {"type": "array", "items": {"type": "string"}, "description": "One part for each."},
        "file": {"type": "string", "format": "binary", "description": "The file, last in the form. It is streamed."},
    },
}

router = APIRouter(route_class=GuardedRoute, tags=["messages"])


class MessageQuery(ListQuery):
    """Which messages to list, and in which order."""

    order: Order = Field(default=Order.DESC, description="Oldest or newest first.")
    chat: Word | None = Field(default=None, description="A chat: whatever `to` takes. Needs a session.")
    direction: Direction | None = Field(default=None, description="Only received (in) or only sent (out) messages.")
    status: MessageStatus | None = Field(default=None, description="Only messages that are there now.")
    acts: bool = Field(
        default=False, description="Also the acts that were sent (reactions, edits, …), which travel as messages."
    )

    has_media: bool | None = Field(default=None, description="Only messages with a file, or only those without.")


class AnyMessageQuery(MessageQuery):
    """The same, over all sessions."""

    session: Word | None = Field(default=None, description="Only this session's, by id or name.")


@router.post(
    "/v1/sessions/{session}/messages",
    status_code=202,
    response_model=Message,
    responses={
        200: {"model": Message, "description": "With `wait`: the message got as far as `until`, or failed"},
        202: {"description": "Accepted: it is stored and will go out when the session can send"},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                JSON: {"schema": union(SENDABLE, "text"), "examples": examples()},
                FORM: {"schema": _FORM_SCHEMA},
            },
        },
        "parameters": [SESSION, IDEMPOTENCY_KEY, *query_parameters(SendQuery)],
    },
)
@needs(
    Scope.MESSAGES_SEND,
    SessionNotFound,
    MessageNotFound,
    MessageNotNamed,
    SessionNotPaired,
    InvalidRecipient,
    InvalidContent,
    IdempotencyKeyReused,
    IdempotencyInProgress,
    UnsupportedByEngine,
    TooBusy,
    InvalidMultipart,
    InvalidMedia,
    FetchFailed,
    MediaNotFound,
    MediaNotReady,
    MediaGone,
    MediaTooLarge,
    MediaQuotaExceeded,
    StorageFull,
    TemplateNotFound,
    VariablesMissing,
    VariablesUnknown,
)
async def send_message(request: Request) -> Response:
    """Send a message: 202 once it is durably stored. It then climbs queued, sending, sent, delivered, read.

    A message with a file names it by `media`, `url` or `base64`, or comes as a form whose last part is the `file`; the
    file is kept before the message is.

    A `template` is filled while the message is accepted, which then is a message of the template's own type. Whatever
    becomes of the template, the message stays.

    With an `Idempotency-Key`, sending the same request again (for 72 hours) answers with the same message and the
    header `Idempotency-Replayed: true`, and nothing is sent twice. While the first request is being taken in, others
    with its key answer 409 `idempotency_in_progress`.

    Messages leave at the account's pace. `scheduled_for` is the moment that `send_at` asked for, or about when it is
    the message's turn; `position` is its place in the queue, `status_reason` says what it waits for.

    With `deduplicate_s`, the same content for the same chat within that time answers with the first message and the
    header `Deduplicated: true`, whoever asks.
    """
    # The busiest route reads its input itself: FastAPI's own way would double what it costs.
    terms = Terms(idempotency_key(request.headers.get("idempotency-key")), _read_query(request))
    if type_of(request) == FORM:
        return await answer_accepted(request, await send_form(request, terms), terms.query)
    require_json(request)
    wanted, taken = await _read_message(request)
    if taken is not None and isinstance(wanted, SendMedia):
        return await answer_accepted(request, await send_with(request, wanted, terms, taken), terms.query)
    accepted = await gateway_of(request).messaging.send(
        principal_of(request),
        request.path_params["session"],
        wanted.to_request(),
        idempotency_key=terms.key,
        wait_s=terms.query.wait,
        until=terms.query.until,
    )
    return await answer_accepted(request, accepted, terms.query)


@router.get("/v1/sessions/{session}/messages", response_model=MessagePage)
@needs(Scope.MESSAGES_READ, SessionNotFound, InvalidRecipient, InvalidCursor)
async def list_session_messages(request: Request, session: str, query: Annotated[MessageQuery, Query()]) -> Response:
    """One session's messages, newest first, in the order in which the gateway learnt of them."""
    return await _list(request, session, query)


@router.get("/v1/messages", response_model=MessagePage)
@needs(Scope.MESSAGES_READ, SessionNotFound, InvalidRecipient, InvalidCursor)
async def list_messages(request: Request, query: Annotated[AnyMessageQuery, Query()]) -> Response:
    """The messages of all sessions, newest first, in the order in which the gateway learnt of them."""
    return await _list(request, query.session, query)


@router.get("/v1/messages/{message}", response_model=Message)
@needs(Scope.MESSAGES_READ, MessageNotFound)
async def get_message(request: Request, message: str) -> Response:
    """One message, and how far it got."""
    return answer(message_shape(await gateway_of(request).messaging.get(principal_of(request), message)))


@router.get("/v1/messages/{message}/receipts", response_model=ReceiptPage)
@needs(Scope.MESSAGES_READ, MessageNotFound, InvalidCursor)
async def list_receipts(request: Request, message: str, query: Annotated[ListQuery, Query()]) -> Response:
    """How far a message that was sent from this account got with each person: in groups and as a status post, too.

    Each person is here once, as soon as one of their devices told of it, with the first moment of each kind. The
    message's own `status` is that of whoever got farthest.
    """
    page = await gateway_of(request).messaging.receipts(
        principal_of(request), message, limit=query.limit, cursor=query.cursor, order=query.order
    )
    return answer({"data": [receipt_shape(receipt) for receipt in page.items], "next_cursor": page.next_cursor})


def idempotency_key(header: str | None) -> str | None:
    """The value of an Idempotency-Key header: a quoted string, as the IETF draft has it, or bare.

    Raises InvalidRequest for one that is empty, longer than 255 characters, or not printable ASCII.
    """
    if header is None:
        return None
    text = header.strip()
    quoted = _QUOTED_KEY.match(text)
    if quoted:
        return re.sub(r"\\(.)", r"\1", quoted[1])
    if not _BARE_KEY.match(text):
        raise InvalidRequest("Idempotency-Key must be 1 to 255 printable ASCII characters, quoted or bare.")
    return text


async def _list(request: Request, session: str | None, query: MessageQuery) -> Response:
    page = await gateway_of(request).messaging.list(
        principal_of(request),
        MessageFilter(session, query.chat, query.direction, query.status, query.acts, query.has_media),
        limit=query.limit,
        cursor=query.cursor,
        order=query.order,
    )
    return answer({"data": [message_shape(message) for message in page.items], "next_cursor": page.next_cursor})


async def answer_accepted(request: Request, accepted: Accepted, query: SendQuery) -> Response:
    """What was accepted: 202, or 200 once it got as far as the caller waits for; while it waits, its place."""
    message = accepted.message
    headers = {"Location": f"/v1/messages/{message.id}"}
    if accepted.replayed:
        headers["Idempotency-Replayed"] = "true"
    if accepted.deduplicated:
        headers["Deduplicated"] = "true"
    done = query.wait > 0 and is_settled(message.status, query.until)
    place = None if done else await gateway_of(request).queues.place(principal_of(request), message)
    if place is None:
        return answer(message_shape(message), 200 if done else 202, headers)
    return answer(placed_shape(message, place.position, place.expected_at), 202, headers)


async def _read_message(request: Request) -> tuple[Sending, TakenIn | None]:
    """What is to be sent, and the file that is kept for it, if it has one."""
    if is_short(request):
        wanted = _read_body(await request.body())
        return wanted, await take_in(request, wanted) if isinstance(wanted, SendMedia) else None
    async with with_file_inside(request) as body:
        wanted = _read_body(body)
        return wanted, await take_in(request, wanted) if isinstance(wanted, SendMedia) else None


def _read_body(body: bytes) -> Sending:
    return wanted_by(read_json(body))


def wanted_by(value: object) -> Sending:
    """What a request asks to be sent. Raises RequestValidationError."""
    type_ = value.get("type", "text") if isinstance(value, dict) else "text"
    model = SENDABLE.get(type_) if isinstance(type_, str) else None
    if model is None:
        fault = {"type": "literal_error", "loc": ("body", "type"), "msg": f"must be one of {', '.join(SENDABLE)}"}
        raise RequestValidationError([fault])
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise refused(error, "body") from None


def _read_query(request: Request) -> SendQuery:
    if not request.scope["query_string"]:
        return _NO_WAIT
    try:
        return SendQuery.model_validate(dict(request.query_params))
    except ValidationError as error:
        raise refused(error, "query") from None


def refused(error: ValidationError, place: str) -> RequestValidationError:
    """What is wrong with a part of a request, without what was sent."""
    entries = error.errors(include_url=False, include_context=False, include_input=False)
    return RequestValidationError([{**entry, "loc": (place, *entry["loc"])} for entry in entries])
