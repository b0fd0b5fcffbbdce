"""Media: keep files, look at what is known of them, and get them back, in parts if need be."""

from __future__ import annotations

import re
from typing import Any

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.responses import Response, StreamingResponse

from wagate.api.bodies import FORM, decoded, in_one_piece, streamed, type_of, with_file_inside
from wagate.api.errors import (
    InvalidMultipart,
    RangeNotSatisfiable,
    UnsupportedMediaType,
    problem_of,
    request_id_of,
)
from wagate.api.files import disposition, is_known, wanted_span
from wagate.api.multipart import Form, Part
from wagate.api.routing import JSON, GuardedRoute, answer, gateway_of, needs, principal_of, read_json
from wagate.api.v1.schemas.media import FormFields, Media, UploadMedia
from wagate.domain.errors import (
    FetchFailed,
    InvalidMedia,
    InvalidRequest,
    MediaGone,
    MediaInUse,
    MediaNotFound,
    MediaNotReady,
    MediaQuotaExceeded,
    MediaTooLarge,
    StorageFull,
    TooBusy,
)
from wagate.domain.media import Media as MediaValue
from wagate.features.access import Scope
from wagate.features.media import Claims, media_shape

UPLOAD_PATH = "/v1/media"
_ID = re.compile(r"med_[0-9A-HJKMNP-TV-Z]{26}\Z", re.ASCII)
_PNG = b"\x89PNG"
_FOR_A_WHILE = "private, max-age=3600"
_FOR_EVER = "private, max-age=31536000, immutable"
_INERT = "default-src 'none'; sandbox"
"""The Content-Security-Policy of a file: should a browser show it, it can do nothing."""

_FORM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "filename": {"type": "string", "description": "In place of the file's own name."},
        "type": {"type": "string", "description": "As in JSON. Fields stand before the file."},
        "max_edge": {"type": "integer", "description": "As in JSON."},
        "file": {"type": "string", "format": "binary", "description": "The file, last in the form. It is streamed."},
    },
}
_BYTES: dict[str, Any] = {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}

router = APIRouter(route_class=GuardedRoute, tags=["media"])


@router.post(
    UPLOAD_PATH,
    status_code=201,
    response_model=Media,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": UploadMedia.model_json_schema()}, FORM: {"schema": _FORM_SCHEMA}},
        }
    },
)
@needs(
    Scope.MEDIA_WRITE,
    InvalidMultipart,
    InvalidMedia,
    FetchFailed,
    MediaTooLarge,
    MediaQuotaExceeded,
    StorageFull,
    TooBusy,
)
async def upload_media(request: Request) -> Response:
    """Keep a file, to be sent later by its id: `curl -F type=voice -F file=@note.mp3 …/v1/media`, or JSON.

    What it is is told from its content; a name or type that says otherwise is an error. Once this answers the file is
    on disk. The same file twice takes the room of one.
    """
    kind = type_of(request)
    if kind == FORM:
        kept = await _from_form(request)
    elif kind == JSON:
        kept = await _from_json(request)
    else:
        raise UnsupportedMediaType(f"The body must be {FORM} or {JSON}")
    return answer(media_shape(kept), 201, {"Location": f"{UPLOAD_PATH}/{kept.id}"})


@router.get(
    "/v1/media/{media}",
    response_class=Response,
    responses={
        200: {"description": "The file", **_BYTES},
        206: {"description": "With `Range`: a part of the file", **_BYTES},
        304: {"description": "With `If-None-Match`: you have it already"},
    },
)
@needs(Scope.MEDIA_READ, MediaNotFound, MediaNotReady, MediaGone, RangeNotSatisfiable)
async def get_media(request: Request, media: str) -> Response:
    """The bytes of a file. They never change: keep them as long as you like. One `Range` is served at a time.

    A file of a message that was too large to be fetched at once is fetched now: ask again after `Retry-After`.
    """
    opened = await gateway_of(request).media.open(principal_of(request), _checked(media))
    found = opened.media
    etag = f'"{found.sha256}"'
    headers = {"ETag": etag, "Cache-Control": _FOR_EVER, "Vary": "Authorization, X-Api-Key"}
    if is_known(request, etag):
        return Response(status_code=304, headers=headers)
    try:
        span = wanted_span(request, etag, opened.size)
    except RangeNotSatisfiable as error:
        refused = problem_of(error).response(request_id_of(request))
        refused.headers["Content-Range"] = f"bytes */{opened.size}"
        return refused
    start, stop = (0, opened.size) if span is None else (span.start, span.stop)
    headers |= {
        "Accept-Ranges": "bytes",
        "Content-Length": str(stop - start),
        "Content-Disposition": disposition(found.filename, found.mime, found.id),
        "Content-Security-Policy": _INERT,
        "Content-Type": found.mime,
    }
    if span is not None:
        headers["Content-Range"] = span.content_range
    return StreamingResponse(opened.read(start, stop), 200 if span is None else 206, headers)


@router.get(
    "/v1/media/{media}/thumbnail",
    response_class=Response,
    responses={200: {"description": "A small JPEG or PNG", **_BYTES}},
)
@needs(Scope.MEDIA_READ, MediaNotFound)
async def get_media_thumbnail(request: Request, media: str) -> Response:
    """A small picture of a file: 404 where there is none. A message's comes with the message, before its file does."""
    picture = await gateway_of(request).media.thumbnail(principal_of(request), _checked(media))
    if picture is None:
        raise MediaNotFound("There is no small picture of this file")
    mime = "image/png" if picture.startswith(_PNG) else "image/jpeg"
    headers = {"Content-Security-Policy": _INERT, "Cache-Control": _FOR_A_WHILE, "Vary": "Authorization, X-Api-Key"}
    return Response(picture, headers=headers, media_type=mime)


@router.get("/v1/media/{media}/info", response_model=Media)
@needs(Scope.MEDIA_READ, MediaNotFound)
async def get_media_info(request: Request, media: str) -> Response:
    """What is known of a file, whether its bytes are here or not."""
    return answer(media_shape(await gateway_of(request).media.get(principal_of(request), _checked(media))))


@router.delete("/v1/media/{media}", status_code=204, response_class=Response)
@needs(Scope.MEDIA_WRITE, MediaNotFound, MediaInUse)
async def delete_media(request: Request, media: str) -> Response:
    """Delete a file for good. Messages that show it then show it as `omitted`."""
    await gateway_of(request).media.delete(principal_of(request), _checked(media))
    return Response(status_code=204)


def _checked(media: str) -> str:
    """An id that could be one of ours: nothing else comes near a database or a disk. Raises MediaNotFound."""
    if not _ID.match(media):
        raise MediaNotFound
    return media


async def _from_form(request: Request) -> MediaValue:
    form = Form(request.headers["content-type"], streamed(request))
    fields: dict[str, str] = {}
    while (part := await form.part()) is not None:
        if part.name == "file":
            kept = await _keep_part(request, form, part, fields)
            if await form.part() is not None:
                await gateway_of(request).media.delete(principal_of(request), kept.id)
                raise InvalidMultipart("`file` must be the last part of the form, and the only one of its name")
            return kept
        if part.name in fields or part.filename is not None:
            raise InvalidMultipart("The file must be called `file`, and every field may stand in the form once")
        fields[part.name] = await form.field()
    raise InvalidMultipart("The form has no part called `file`")


async def _keep_part(request: Request, form: Form, part: Part, fields: dict[str, str]) -> MediaValue:
    try:
        wanted = FormFields.model_validate(fields)
    except ValidationError as error:
        raise _refused(error) from None
    claims = Claims(wanted.filename or part.filename, part.mime, wanted.type, wanted.max_edge)
    return await gateway_of(request).media.upload(principal_of(request), claims, form.data())


async def _from_json(request: Request) -> MediaValue:
    room, principal = gateway_of(request).media, principal_of(request)
    async with with_file_inside(request) as body:
        try:
            wanted = UploadMedia.model_validate(read_json(body))
        except ValidationError as error:
            raise _refused(error) from None
        if (wanted.url is None) == (wanted.base64 is None):
            raise InvalidRequest("Send either `url` or `base64`", pointer="/url")
        content = b"" if wanted.base64 is None else decoded(wanted.base64)
    claims = Claims(wanted.filename, None, wanted.type, wanted.max_edge)
    if wanted.url is not None:
        return await room.fetch(principal, claims, wanted.url)
    return await room.upload(principal, claims, in_one_piece(content))


def _refused(error: ValidationError) -> RequestValidationError:
    entries = error.errors(include_url=False, include_context=False, include_input=False)
    return RequestValidationError([{**entry, "loc": ("body", *entry["loc"])} for entry in entries])
