"""Media hosts that misbehave in ways of their own, and what requests look like to them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from engines.native.files import CONTENT, NOW, QUICK, got, source_of
from wagate.adapters.whatsapp_web.files import MediaGone
from wagate.adapters.whatsapp_web.http import Pools
from wagate.adapters.whatsapp_web.media import (
    Asks,
    MediaForged,
    MediaLine,
    MediaUnreachable,
    Road,
    UploadFailed,
    UploadRefused,
)
from whatsapp_emulator.emulator import Emulator
from whatsapp_wire.media.content import MediaFile
from whatsapp_wire.media.kinds import MediaKind
from whatsapp_wire.media.opening import MediaSecret
from whatsapp_wire.media.sealing import MediaSealer
from whatsapp_wire.stanza.media import MediaConnection, MediaMessage

KEY = bytes(range(32))

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def sealed_file(content: bytes) -> tuple[MediaFile, bytes]:
    sealer = MediaSealer(KEY, MediaKind.IMAGE)
    sealed = sealer.update(content)
    last, told = sealer.finish()
    return MediaFile(MediaSecret(MediaKind.IMAGE, KEY, told.sha256, told.enc_sha256, told.size), "/v/1"), sealed + last


@asynccontextmanager
async def odd_host(emulator: Emulator, handler: Handler, total_s: float = 1.5) -> AsyncIterator[MediaLine]:
    """A host that does as a handler says, with the emulator's certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(emulator.whereabouts.ca_file).with_name("server.pem"))
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner, pools = web.AppRunner(app, shutdown_timeout=0.1), Pools()
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    host = f"127.0.0.1:{runner.addresses[0][1]}"

    async def hosts(stale: MediaConnection | None) -> MediaConnection:
        return MediaConnection("a word & more", 60, 60, (host,))

    async def phone(message: MediaMessage, key: bytes) -> str:
        raise MediaGone("the phone is not asked here")

    tls = ssl.create_default_context(cafile=emulator.whereabouts.ca_file)
    try:
        road = Road(lambda: pools.client(None), None, tls, "Agent")
        yield MediaLine(road, Asks(hosts, phone), replace(QUICK, total_s=total_s))
    finally:
        await pools.close()
        await runner.cleanup()


async def test_a_host_that_ignores_ranges(emulator: Emulator) -> None:
    file, sealed = sealed_file(CONTENT)
    ranges: list[str | None] = []

    async def whole(request: web.Request) -> web.StreamResponse:
        ranges.append(request.headers.get("Range"))
        if len(ranges) == 1:
            response = web.StreamResponse()
            response.content_length = len(sealed)
            await response.prepare(request)
            await response.write(sealed[:300_000])
            assert request.transport is not None
            request.transport.close()
            return response
        return web.Response(body=sealed)

    async with odd_host(emulator, whole) as line:
        assert await got(line, file) == CONTENT
    assert ranges[0] is None
    assert (ranges[1] or "").startswith("bytes=")


async def test_a_host_that_leads_elsewhere_is_not_followed(emulator: Emulator) -> None:
    seen: list[str] = []

    async def elsewhere(request: web.Request) -> web.StreamResponse:
        seen.append(request.path)
        raise web.HTTPFound("/elsewhere")

    file, _ = sealed_file(CONTENT)
    async with odd_host(emulator, elsewhere) as line:
        with pytest.raises(MediaUnreachable, match="302"):
            await got(line, file)
        with pytest.raises(UploadRefused, match="302"):
            await line.upload(MediaKind.IMAGE, source_of(CONTENT), NOW)
    assert "/elsewhere" not in seen


async def test_a_host_that_stalls(emulator: Emulator) -> None:
    file, sealed = sealed_file(CONTENT)

    async def stalling(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(sealed[:1000])
        await asyncio.Event().wait()
        return response

    async with odd_host(emulator, stalling, total_s=60) as line:
        with pytest.raises(MediaUnreachable, match="too long"):
            await asyncio.wait_for(got(line, file), 10)


async def test_a_host_that_takes_nothing(emulator: Emulator) -> None:
    async def stalling(request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        return web.Response()

    large = bytes(24 << 20)  # more than sockets hold
    async with odd_host(emulator, stalling, total_s=60) as line:
        with pytest.raises(UploadFailed, match="too long"):
            await asyncio.wait_for(line.upload(MediaKind.IMAGE, source_of(large, 1 << 20), NOW), 10)


async def test_a_source_that_stalls(emulator: Emulator) -> None:
    async def never(request: web.Request) -> web.StreamResponse:
        raise AssertionError("nothing is uploaded")

    async def stuck() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()

    async with odd_host(emulator, never) as line:
        with pytest.raises(UploadFailed, match="could not be read in time"):
            await asyncio.wait_for(line.upload(MediaKind.IMAGE, stuck, NOW), 10)


async def test_a_host_that_never_ends(emulator: Emulator) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(bytes(1 << 16))

    file, _ = sealed_file(CONTENT)
    async with odd_host(emulator, endless) as line:
        with pytest.raises(MediaForged, match="longer"):
            await asyncio.wait_for(got(line, file), 10)


@pytest.mark.parametrize(
    "answer",
    [b"", b"nonsense", b"[1]", b'{"direct_path": 5}', b'{"direct_path": "v/1"}', b'{"url": "x"}', b"{" * 200_000],
)
async def test_an_upload_whose_answer_makes_no_sense(emulator: Emulator, answer: bytes) -> None:
    async def senseless(request: web.Request) -> web.StreamResponse:
        await request.read()
        return web.Response(body=answer)

    async with odd_host(emulator, senseless) as line:
        with pytest.raises(UploadFailed, match="cannot be read"):
            await line.upload(MediaKind.IMAGE, source_of(b"x"), NOW)


async def test_requests_look_like_those_of_a_browser_on_whatsapps_page(emulator: Emulator) -> None:
    seen: list[web.Request] = []

    async def take(request: web.Request) -> web.StreamResponse:
        seen.append(request)
        await request.read()
        return web.json_response({"direct_path": "/v/1?a=b"})

    async with odd_host(emulator, take) as line:
        uploaded = await line.upload(MediaKind.STICKER, source_of(b"x"), NOW)
        with pytest.raises(MediaForged):
            await got(line, uploaded.file)
    up, down = seen
    assert up.path.startswith("/mms/image/")
    assert (up.query["auth"], up.query["token"]) == ("a word & more", up.path.rpartition("/")[2])
    assert up.headers["Content-Length"] == "26"
    assert "Content-Type" not in up.headers
    assert down.raw_path == f"/v/1?a=b&hash={up.query['token']}&mms-type=image&__wa-mms="
    for request in seen:
        assert request.headers["Origin"] == "https://web.whatsapp.com"
        assert request.headers["Referer"] == "https://web.whatsapp.com/"
        assert request.headers["User-Agent"] == "Agent"


async def test_no_secret_is_in_an_error(emulator: Emulator) -> None:
    async def refusing(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    async with odd_host(emulator, refusing) as line:
        with pytest.raises(UploadFailed) as failed:
            await line.upload(MediaKind.IMAGE, source_of(b"x"), NOW)
    assert "word" not in str(failed.value)
    assert aiohttp.ServerDisconnectedError.__name__ in str(failed.value)
