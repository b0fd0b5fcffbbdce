"""The door of the media hosts: uploads and downloads, with ranges, and the folder that holds the bytes."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, Final

from aiohttp import web

from whatsapp_emulator.web.sockets import reset
from whatsapp_emulator.web.switchboard import Switchboard
from whatsapp_emulator.world.shelf import MediaRefused, StoredFile

CHUNK: Final = 1 << 16

_CAPACITY: Final = 8 << 30
_SLICES_A_SECOND: Final = 20
_NAME_SIZE: Final = 16


class Blobs:
    """Encrypted files in a folder that its owner deletes; all of them together have a limit, 8 GiB."""

    def __init__(self, folder: Path, capacity: int = _CAPACITY) -> None:
        folder.mkdir(mode=0o700)
        self._folder = folder
        self.room = capacity
        """Bytes that may still be written."""

    @contextmanager
    def writing(self) -> Iterator[BlobWriter]:
        """Write one file; it is deleted again unless it is kept."""
        path = self._folder / os.urandom(_NAME_SIZE).hex()
        with path.open("wb") as file:
            writer = BlobWriter(self, path.name, file)
            try:
                yield writer
            finally:
                if not writer.is_kept:
                    self.room += writer.size
                    path.unlink()

    async def read(self, name: str, start: int, end: int, chunk: int = CHUNK) -> AsyncIterator[bytes]:
        """The bytes of a file from `start` to before `end`."""
        with (self._folder / name).open("rb") as file:
            file.seek(start)
            while start < end and (piece := file.read(min(chunk, end - start))):
                start += len(piece)
                yield piece


class BlobWriter:
    """A file in the making. `size` is in bytes."""

    def __init__(self, blobs: Blobs, name: str, file: IO[bytes]) -> None:
        self.name = name
        self.size = 0
        self.is_kept = False
        self._blobs = blobs
        self._file = file
        self._hash = sha256()

    def write(self, piece: bytes) -> None:
        """Append. Raises MediaRefused (507) when the folder is full."""
        if len(piece) > self._blobs.room:
            raise MediaRefused(507, "the emulator holds no more media")
        self._blobs.room -= len(piece)
        self.size += len(piece)
        self._hash.update(piece)
        self._file.write(piece)

    @property
    def sha256(self) -> bytes:
        """The hash of what was written."""
        return self._hash.digest()

    def keep(self) -> None:
        """Keep the file."""
        self._file.flush()
        self.is_kept = True


def media_routes(board: Switchboard, blobs: Blobs) -> list[web.RouteDef]:
    """The paths of the hosts: ``/mms/{kind}/{token}`` takes files, ``/v/…`` gives them. Nothing lists them."""

    async def upload(request: web.Request) -> web.Response:
        try:
            stored = await _take(board, blobs, request)
        except MediaRefused as refused:
            return _refusal(refused)
        except (ConnectionError, web.RequestPayloadError):
            return web.Response(status=400)  # nobody is there to read it
        url = board.world.media.url_of(stored, request.host)
        told = {"url": url, "direct_path": stored.direct_path, "handle": stored.blob, "object_id": stored.blob}
        return web.json_response(told)

    async def download(request: web.Request) -> web.StreamResponse:
        _record(board, request, "")
        try:
            with board.turn() as world:
                world.media.open(request.host)
                if (picture := world.media.picture(request.path)) is not None:
                    return web.Response(body=picture, content_type="image/jpeg")
                stored = world.media.look_up(request.path)
            span = _span(request, stored)
        except MediaRefused as refused:
            return _refusal(refused)
        return await _give(board, blobs, request, stored, span)

    return [web.post("/mms/{kind}/{token}", upload), web.get("/v/{path:.+}", download, allow_head=False)]


async def _take(board: Switchboard, blobs: Blobs, request: web.Request) -> StoredFile:
    """Read an upload to its end. Raises MediaRefused."""
    token = request.match_info["token"]
    with board.turn() as world:
        world.media.open(request.host)
        grant = world.media.admit(request.query.get("auth", ""), request.match_info["kind"], token)
        largest = world.media.largest
    _record(board, request, grant.label)
    with blobs.writing() as writer:
        async for piece in request.content.iter_chunked(CHUNK):
            writer.write(piece)
            if writer.size > largest:
                raise MediaRefused(413, "the file is too large")
        with board.turn() as world:
            stored = world.media.take(grant, token, writer.name, writer.sha256, writer.size)
        writer.keep()
    return stored


def _span(request: web.Request, stored: StoredFile) -> tuple[int, int] | None:
    """First byte and one behind the last of a range that is asked for. Raises MediaRefused (416)."""
    if "Range" not in request.headers:
        return None
    try:
        start, end, _ = request.http_range.indices(stored.size)
    except ValueError as error:
        raise MediaRefused(416, "the range makes no sense") from error
    if start >= end:
        raise MediaRefused(416, "the range is outside of the file")
    return start, end


async def _give(
    board: Switchboard, blobs: Blobs, request: web.Request, stored: StoredFile, span: tuple[int, int] | None
) -> web.StreamResponse:
    start, end = span or (0, stored.size)
    response = web.StreamResponse(status=200 if span is None else 206)
    response.content_type = "application/octet-stream"
    response.content_length = end - start
    response.headers["Accept-Ranges"] = "bytes"
    if span is not None:
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{stored.size}"
    await response.prepare(request)
    faults = board.world.faults
    cut_at = (start + end) // 2 if faults.strike(faults.media_cut_rate) else None
    rate = faults.media_rate
    chunk = max(1, min(CHUNK, int(rate / _SLICES_A_SECOND))) if rate else CHUNK
    async for piece in _pieces(blobs, stored, start, end if cut_at is None else cut_at, chunk):
        if rate:
            await asyncio.sleep(len(piece) / rate)
        try:
            await response.write(piece)
        except ConnectionError:
            return response
    if cut_at is not None:
        board.world.audit.counts["media downloads cut"] += 1
        reset(request.transport)
        return response
    await response.write_eof()
    return response


async def _pieces(blobs: Blobs, stored: StoredFile, start: int, end: int, chunk: int) -> AsyncIterator[bytes]:
    if stored.content is not None:
        for at in range(start, end, chunk):
            yield stored.content[at : min(end, at + chunk)]
        return
    async for piece in blobs.read(stored.blob, start, end, chunk):
        yield piece


def _refusal(refused: MediaRefused) -> web.Response:
    return web.json_response({"error": refused.text}, status=refused.status)


def _record(board: Switchboard, request: web.Request, who: str) -> None:
    if board.recorder.running:
        text = {"method": request.method, "target": request.raw_path, "headers": list(request.headers.items())}
        board.recorder.write("http", time.time(), who, text=json.dumps(text))
