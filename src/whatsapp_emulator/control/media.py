"""Operations on files: a phone sends one, fetches and checks one it was sent; the hosts lose all they have."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final

from aiohttp import web

from whatsapp_emulator.control.body import BadRequest, address, read_body
from whatsapp_emulator.control.keys import BLOBS, BOARD
from whatsapp_emulator.web.media import CHUNK
from whatsapp_emulator.world.media import SentFile
from whatsapp_emulator.world.shelf import StoredFile
from whatsapp_wire.errors import MediaDamaged
from whatsapp_wire.media.content import MediaDetails, media_message
from whatsapp_wire.media.keys import MEDIA_KEY_SIZE
from whatsapp_wire.media.kinds import MediaKind
from whatsapp_wire.media.opening import MediaOpener, MediaSecret
from whatsapp_wire.media.sealing import MediaSealer

_GONE: Final = 410
_NOT_DETAILS: Final = frozenset({"to", "kind"})
_FLAGS: Final = {"true": True, "false": False}
_READERS: Final[dict[str, Callable[[str], object]]] = {
    **dict.fromkeys(("mimetype", "caption", "file_name", "title"), str),
    **dict.fromkeys(("width", "height", "seconds", "page_count"), int),
    **dict.fromkeys(("preview", "waveform"), bytes.fromhex),
    **dict.fromkeys(("is_voice", "is_gif", "is_round", "is_animated", "view_once"), _FLAGS.__getitem__),
}
"""What a query may say of a file, and how it is read."""


async def send_media(request: web.Request) -> web.Response:
    """Send the body as a file; the query says to whom, of which kind, and the details (see `MediaDetails`)."""
    to, kind = address(_needed(request, "to")), MediaKind(_needed(request, "kind"))
    details, key = _details(request), os.urandom(MEDIA_KEY_SIZE)
    board, sealer = request.app[BOARD], MediaSealer(key, kind)
    with request.app[BLOBS].writing() as writer:
        async for piece in request.content.iter_chunked(CHUNK):
            writer.write(sealer.update(piece))
        last, sealed = sealer.finish()
        writer.write(last)
        writer.keep()
    secret = MediaSecret(kind, key, sealed.sha256, sealed.enc_sha256, sealed.size)
    with board.turn() as world:
        phone = world.phone(request.match_info["phone"])
        file = world.media.shelve(secret, writer.name, sealed.sealed_size)
        id = phone.send(to, media_message(file, replace(details, sidecar=sealed.sidecar)))
    return web.json_response({"id": id, "sha256": sealed.sha256.hex(), "size": sealed.size})


async def fetch(request: web.Request) -> web.Response:
    """Get the file of a message from the hosts, decrypt and check it; tells the SHA-256 of what it says."""
    wanted = _wanted(request, (await read_body(request)).text("id"))
    digest, size = sha256(), 0
    async for piece in _opened(request, wanted):
        digest.update(piece)
        size += len(piece)
    secret, details = wanted.sent.file.secret, wanted.sent.details
    told = {"sha256": digest.hexdigest(), "size": size, "kind": secret.kind.value, "mimetype": details.mimetype}
    return web.json_response(told)


async def file(request: web.Request) -> web.StreamResponse:
    """The plain bytes of a message's file, once they are checked."""
    wanted = _wanted(request, request.match_info["id"])
    async for _ in _opened(request, wanted):
        pass
    response = web.StreamResponse()
    response.content_type = "application/octet-stream"
    await response.prepare(request)
    async for piece in _opened(request, wanted):
        await response.write(piece)
    await response.write_eof()
    return response


async def expire(request: web.Request) -> web.Response:
    """Make everything on the hosts gone, as 404 or 410."""
    status = (await read_body(request)).number("status", _GONE)
    with request.app[BOARD].turn() as world:
        return web.json_response({"expired": world.media.expire(status)})


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A file that a phone is about to get."""

    sent: SentFile
    stored: StoredFile


def _wanted(request: web.Request, id: str) -> _Wanted:
    with request.app[BOARD].turn() as world:
        sent = world.phone(request.match_info["phone"]).file_of(id)
        return _Wanted(sent, world.media.look_up(sent.file.direct_path))


async def _opened(request: web.Request, wanted: _Wanted) -> AsyncIterator[bytes]:
    """The plain bytes; good only once all have come. Raises MediaDamaged, for which the sender is blamed."""
    opener = MediaOpener(wanted.sent.file.secret)
    try:
        async for piece in request.app[BLOBS].read(wanted.stored.blob, 0, wanted.stored.size):
            yield opener.update(piece)
            await asyncio.sleep(0)
        yield opener.finish()
    except MediaDamaged as error:
        with request.app[BOARD].turn() as world:
            world.media.blame(wanted.sent.sender, f"a file of theirs: {error}")
        raise


def _needed(request: web.Request, name: str) -> str:
    text = request.query.get(name)
    if text is None:
        raise BadRequest(f"{name} is missing in the query")
    return text


def _details(request: web.Request) -> MediaDetails:
    found: dict[str, Any] = {}
    for name, text in request.query.items():
        if name in _NOT_DETAILS:
            continue
        if name not in _READERS:
            raise BadRequest(f"a file has no detail {name}")
        try:
            found[name] = _READERS[name](text)
        except (KeyError, ValueError) as error:
            raise BadRequest(f"the detail {name} makes no sense") from error
    return MediaDetails(**found)


ROUTES = [
    web.post("/control/phones/{phone}/media", send_media),
    web.post("/control/phones/{phone}/fetch", fetch),
    web.get("/control/phones/{phone}/media/{id}", file),
    web.post("/control/media/expire", expire),
]
