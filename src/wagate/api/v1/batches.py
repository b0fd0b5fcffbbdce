"""Many messages in one request: each is accepted or refused for itself, and the answer says which."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import Response

from wagate.api.errors import Problem, invalid_fields, problem_of, request_id_of, status_of
from wagate.api.parameters import IDEMPOTENCY_KEY
from wagate.api.routing import GuardedRoute, answer, gateway_of, needs, principal_of
from wagate.api.v1.messages import idempotency_key, wanted_by
from wagate.api.v1.schemas.batches import BatchResults, SendBatch
from wagate.api.v1.schemas.sending import SendText
from wagate.api.v1.schemas.sending_media import SendMedia
from wagate.domain.content import Attached
from wagate.domain.errors import (
    GatewayError,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    InvalidRequest,
    SessionNotFound,
    StorageFull,
    TooBusy,
)
from wagate.domain.ids import MediaId
from wagate.domain.media import MediaKind
from wagate.features.access import Scope
from wagate.features.messaging.requests import Accepted, Batch, BatchItem, SendRequest
from wagate.features.messaging.shape import message_shape

BATCH_PATH = re.compile(r"/v1/sessions/[^/]+/messages/batch\Z")
_MANY_FIELDS = 100
_NOT_NOW = frozenset({503, 507})

router = APIRouter(route_class=GuardedRoute, tags=["messages"])


@dataclass(slots=True)
class _Files:
    """Files that were converted for messages of one batch: each once, whoever shows it."""

    fitted: dict[tuple[str, MediaKind], MediaId] = field(default_factory=dict)

    async def fit(self, request: Request, media: str, kind: MediaKind) -> MediaId:
        """The id of a file as a message of this kind can show it. Raises what keeping files raises."""
        found = self.fitted.get((media, kind))
        if found is None:
            fitted = await gateway_of(request).media.fit(principal_of(request), media, kind)
            found = self.fitted[media, kind] = fitted.id
        return found

    async def let_go(self, request: Request, shown: Iterable[str]) -> None:
        """Delete what was made for nothing."""
        needed = {*shown, *(media for media, _ in self.fitted)}
        for made in set(self.fitted.values()) - needed:
            with suppress(GatewayError):
                await gateway_of(request).media.delete(principal_of(request), made)


@router.post(
    "/v1/sessions/{session}/messages/batch",
    status_code=202,
    response_model=BatchResults,
    responses={202: {"description": "Each message was accepted, and is stored, or was refused: see `results`"}},
    openapi_extra={"parameters": [IDEMPOTENCY_KEY]},
)
@needs(Scope.MESSAGES_SEND, SessionNotFound, IdempotencyKeyReused, IdempotencyInProgress, TooBusy, StorageFull)
async def send_batch(request: Request, session: str, body: SendBatch) -> Response:
    """Send up to 1,000 messages. What is wrong with one does not hurt the others: `results` has the same order.

    The answer is 202 like that of a single message, also when some or all were refused: it says that the batch was
    dealt with. When nothing could be stored it is 503 or 507 instead, and nothing was accepted.

    An `Idempotency-Key` is for the batch as a whole: repeating the same request answers with the messages that it made,
    and tries again what was refused. An item's own `idempotency_key` works as if it had been sent alone.
    """
    gateway, principal = gateway_of(request), principal_of(request)
    key = idempotency_key(request.headers.get("idempotency-key"))
    found = await gateway.sessions.get(principal, session)
    files, problems, items = _Files(), dict[int, Problem](), list[BatchItem]()
    for index, said in enumerate(body.messages):
        try:
            items.append(await _read(request, index, said, files))
        except RequestValidationError as error:
            problems[index] = invalid_fields(error)
        except GatewayError as error:
            problems[index] = problem_of(error)
    mark = orjson.dumps(body.messages, option=orjson.OPT_SORT_KEYS).decode()
    try:
        batch = await gateway.messaging.send_batch(principal, found.id, items, idempotency_key=key, mark=mark)
    except GatewayError:
        await files.let_go(request, ())
        raise
    accepted = [one.message for one in batch.outcomes if isinstance(one, Accepted)]
    await files.let_go(request, (message.media.id for message in accepted if message.media is not None))
    if not accepted:
        _raise_if_nothing_works(batch)
    headers = {"Idempotency-Replayed": "true"} if batch.replayed else {}
    return answer(_shape(request, items, batch, problems), 202, headers)


async def _read(request: Request, index: int, said: dict[str, Any], files: _Files) -> BatchItem:
    if len(said) > _MANY_FIELDS:
        raise InvalidRequest(f"A message has {_MANY_FIELDS} fields at most.")
    fields = dict(said)
    key = fields.pop("idempotency_key", None)
    if key is not None and not isinstance(key, str):
        raise InvalidRequest("This is no string", pointer="/idempotency_key")
    wanted = wanted_by(fields)
    if isinstance(wanted, SendText) and wanted.preview is True:
        raise InvalidRequest("A batch looks nothing up: say what the preview shows", pointer="/preview")
    asked = wanted.to_request()
    if isinstance(wanted, SendMedia):
        asked = await _with_file(request, wanted, asked, files)
    return BatchItem(index, asked, idempotency_key(key))


async def _with_file(request: Request, wanted: SendMedia, asked: SendRequest, files: _Files) -> SendRequest:
    if wanted.media is None or wanted.url is not None or wanted.base64 is not None:
        raise InvalidRequest("In a batch, name a file by the id of kept media (POST /v1/media)", pointer="/media")
    assert isinstance(asked.content, Attached), "such a message has a file"
    media = await files.fit(request, wanted.media, wanted.kind)
    return replace(asked, content=replace(asked.content, media=media), source=wanted.media)


def _raise_if_nothing_works(batch: Batch) -> None:
    """Nothing was accepted: if it is not the messages' fault, the whole request failed and is worth repeating."""
    for outcome in batch.outcomes:
        if isinstance(outcome, GatewayError) and status_of(type(outcome)) in _NOT_NOW:
            raise outcome


def _shape(request: Request, items: list[BatchItem], batch: Batch, problems: dict[int, Problem]) -> dict[str, object]:
    results: dict[int, dict[str, object]] = {}
    for item, outcome in zip(items, batch.outcomes, strict=True):
        if isinstance(outcome, Accepted):
            shown = message_shape(outcome.message)
            results[item.index] = {"message": shown, "replayed": outcome.replayed, "error": None}
        else:
            problems[item.index] = problem_of(outcome)
    for index, problem in problems.items():
        document = {"errors": None, **problem.document(request_id_of(request))}
        results[index] = {"message": None, "replayed": False, "error": document}
    ordered = [{"index": index, **results[index]} for index in sorted(results)]
    return {"accepted": len(ordered) - len(problems), "refused": len(problems), "results": ordered}
