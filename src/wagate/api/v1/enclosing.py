"""Messages with a file: it is kept first, whichever way it comes, and then the message is accepted with it."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from wagate.api.bodies import decoded, in_one_piece, streamed
from wagate.api.errors import InvalidMultipart
from wagate.api.multipart import Form, Part
from wagate.api.routing import gateway_of, principal_of
from wagate.api.v1.schemas.messages import SendQuery
from wagate.api.v1.schemas.sending_media import WITH_FILE, SendMedia
from wagate.api.v1.schemas.statuses import PostMedia
from wagate.domain.content import Attached
from wagate.domain.errors import GatewayError
from wagate.domain.media import Media
from wagate.features.media import Claims
from wagate.features.messaging.requests import Accepted

_MAX_FIELD = 8 * 1024
_LISTS = frozenset({"mentions"})
_BY_REFERENCE = ("media", "url", "base64")


@dataclass(frozen=True, slots=True)
class Terms:
    """How a message is to be accepted: the caller's key, and for what to wait."""

    key: str | None
    query: SendQuery


@dataclass(frozen=True, slots=True)
class TakenIn:
    """A file that is kept, what tells it from others in requests alike, and whether it was kept for this request."""

    media: Media
    source: str
    is_new: bool


async def take_in(request: Request, wanted: SendMedia | PostMedia) -> TakenIn:
    """Keep the file that a message in JSON names. Raises what keeping files raises, and what sending would."""
    wanted.check_source()
    await _expect(request, wanted)
    gateway, principal = gateway_of(request), principal_of(request)
    claims = Claims(wanted.filename, kind=wanted.kind)
    if wanted.media is not None:
        media = await gateway.media.fit(principal, wanted.media, wanted.kind)
        taken = TakenIn(media, wanted.media, media.id != wanted.media)
    elif wanted.url is not None:
        media = await gateway.media.fetch(principal, claims, wanted.url)
        taken = TakenIn(media, f"url {wanted.url}", is_new=True)
    else:
        assert wanted.base64 is not None, "one of them is there"
        content, wanted.base64 = decoded(wanted.base64), None  # it may take minutes until the message is answered
        media = await gateway.media.upload(principal, claims, in_one_piece(content))
        taken = TakenIn(media, f"sha256 {hashlib.sha256(content).hexdigest()}", is_new=True)
    return taken


async def send_form(request: Request, terms: Terms) -> Accepted:
    """Accept a message that comes as a form: plain fields, and the file behind them.

    Raises what keeping files and sending messages raises.
    """
    form = Form(request.headers["content-type"], streamed(request))
    fields: dict[str, str | list[str]] = {}
    while (part := await form.part()) is not None:
        if part.name == "file":
            wanted = _read_fields(fields)
            await _expect(request, wanted)
            taken = await _take_part(request, form, part, wanted)
            if await form.part() is not None:
                await _let_go(request, taken)
                raise InvalidMultipart("`file` must be the last part of the form, and the only one of its name")
            return await send_with(request, wanted, terms, taken)
        if part.filename is not None or (part.name in fields and part.name not in _LISTS):
            raise InvalidMultipart("The file must be called `file`, and every field may stand in the form once")
        value = await form.field(_MAX_FIELD)
        if part.name in _LISTS:
            several = fields.setdefault(part.name, [])
            assert isinstance(several, list), "lists are lists"
            several.append(value)
        else:
            fields[part.name] = value
    raise InvalidMultipart("The form has no part called `file`")


def _read_fields(fields: dict[str, str | list[str]]) -> SendMedia:
    model = WITH_FILE.get(str(fields.get("type")))
    if model is None:
        raise _refused([{"type": "literal_error", "loc": ("body", "type"), "msg": f"must be one of {_TYPES}"}])
    for name in _BY_REFERENCE:
        if name in fields:
            raise _refused([{"type": "extra_forbidden", "loc": ("body", name), "msg": "the form has a `file`"}])
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        entries = error.errors(include_url=False, include_context=False, include_input=False)
        raise _refused([{**entry, "loc": ("body", *entry["loc"])} for entry in entries]) from None


_TYPES = ", ".join(WITH_FILE)


def _refused(faults: list[dict[str, object]]) -> RequestValidationError:
    return RequestValidationError(faults)


async def _take_part(request: Request, form: Form, part: Part, wanted: SendMedia) -> TakenIn:
    digest = hashlib.sha256()

    async def counted() -> AsyncIterator[bytes]:
        async for piece in form.data():
            digest.update(piece)
            yield piece

    claims = Claims(wanted.filename or part.filename, part.mime, wanted.kind)
    media = await gateway_of(request).media.upload(principal_of(request), claims, counted())
    return TakenIn(media, f"sha256 {digest.hexdigest()}", is_new=True)


async def _expect(request: Request, wanted: SendMedia | PostMedia) -> None:
    """Refuse what cannot be sent before a file is taken in."""
    session = request.path_params["session"]
    await gateway_of(request).messaging.expect(principal_of(request), session, wanted.to_request())


async def send_with(request: Request, wanted: SendMedia | PostMedia, terms: Terms, taken: TakenIn) -> Accepted:
    """Accept a message with its file, which goes if that fails, or if the message was there already."""
    asked = wanted.to_request()
    assert isinstance(asked.content, Attached), "such a message has a file"
    asked = replace(asked, content=replace(asked.content, media=taken.media.id), source=taken.source)
    try:
        accepted = await gateway_of(request).messaging.send(
            principal_of(request),
            request.path_params["session"],
            asked,
            idempotency_key=terms.key,
            wait_s=terms.query.wait,
            until=terms.query.until,
        )
    except GatewayError:
        await _let_go(request, taken)
        raise
    if not accepted.is_new:
        await _let_go(request, taken)
    return accepted


async def _let_go(request: Request, taken: TakenIn) -> None:
    """Delete a file that was kept for nothing."""
    if taken.is_new:
        with suppress(GatewayError):
            await gateway_of(request).media.delete(principal_of(request), taken.media.id)
