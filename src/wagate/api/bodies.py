"""Bodies that may be long: read as they come in, with deadlines, and never more in memory than is allowed."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request
from starlette.requests import ClientDisconnect

from wagate.api.errors import BodyTooLarge
from wagate.api.limits import Limits
from wagate.domain.errors import InvalidRequest, TooBusy

FORM = "multipart/form-data"

_PATIENCE_S = 30.0
_BODY_S = 60.0
_SILENCE_S = 60.0
_UPLOAD_S = 3600.0
_AROUND = 100_000
"""Bytes that may stand around a file inside JSON."""


def type_of(request: Request) -> str:
    """The media type of a body, without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def is_short(request: Request) -> bool:
    """Whether a body says that it is no longer than any request may be."""
    limits: Limits = request.app.state.limits
    length = request.headers.get("content-length", "")
    return length.isdecimal() and int(length[:20]) <= limits.body_bytes


async def streamed(request: Request) -> AsyncIterator[bytes]:
    """A body, piece by piece. Raises InvalidRequest when it breaks off, or comes too slowly."""
    chunks, now = request.stream(), asyncio.get_running_loop().time
    ends = now() + _UPLOAD_S
    while True:
        try:
            async with asyncio.timeout(min(_SILENCE_S, max(ends - now(), 0))):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise InvalidRequest("The body takes too long to arrive") from None
        except ClientDisconnect:
            raise InvalidRequest("The body ends early") from None
        yield chunk


@asynccontextmanager
async def with_file_inside(request: Request) -> AsyncIterator[bytes]:
    """A body of JSON with a file in base64, as long as it is needed: only so many are in memory at once.

    Raises TooBusy, BodyTooLarge, InvalidRequest.
    """
    limits: Limits = request.app.state.limits
    turns: asyncio.Semaphore = request.app.state.inline_uploads
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await turns.acquire()
    except TimeoutError:
        raise TooBusy from None
    try:
        yield await _read(request, limits.inline_bytes)
    finally:
        turns.release()


def decoded(text: str) -> bytes:
    """The file in a field ``base64``. Raises InvalidRequest."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidRequest("This is not base64 (RFC 4648, 4, with padding)", pointer="/base64") from None


async def in_one_piece(content: bytes) -> AsyncIterator[bytes]:
    """Bytes that are here already, as a stream."""
    yield content


async def _read(request: Request, limit: int) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_S):
            async for chunk in streamed(request):
                body += chunk
                if len(body) > limit * 4 // 3 + _AROUND:
                    raise BodyTooLarge(f"A file inside JSON may have {limit} bytes; send it as {FORM}")
    except TimeoutError:
        raise InvalidRequest("The body takes too long to arrive") from None
    return bytes(body)
