"""Files up and down: encrypted on the way out, proven on the way in, from one media host or the next.

A file passes through in pieces, so that its size costs time and no memory.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from base64 import urlsafe_b64encode
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Self, TypeAlias
from urllib.parse import urlencode

import aiohttp
import structlog

from wagate.adapters.whatsapp_web.files import MediaFailed, MediaGone
from wagate.adapters.whatsapp_web.http import ORIGIN, SOCKS_ERRORS
from wagate.ports.engine import NotSent, SendImpossible
from whatsapp_wire.errors import MediaDamaged
from whatsapp_wire.media.content import MediaFile, is_direct_path
from whatsapp_wire.media.keys import MEDIA_KEY_SIZE
from whatsapp_wire.media.kinds import MediaKind
from whatsapp_wire.media.opening import MediaOpener, MediaSecret
from whatsapp_wire.media.sealing import MAX_FILE, MediaSealer, SealedMedia
from whatsapp_wire.stanza.media import MediaConnection, MediaMessage

_log = structlog.get_logger(__name__)

Source: TypeAlias = Callable[[], AsyncIterator[bytes]]
"""A plain file from its beginning, whenever it is called: an upload begins with the hash of what it will send."""

PIECE: Final = 1 << 18
"""The most bytes that are encrypted in one go; larger pieces of a source are cut."""

_MAX_ANSWER: Final = 1 << 16
_GONE: Final = frozenset({403, 404, 410})
_STALE_AUTH: Final = frozenset({401, 403})
_PASSING: Final = frozenset({408, 425, 429})
_SERVER_ERRORS: Final = 500
_OK, _PARTIAL, _OUT_OF_RANGE = 200, 206, 416
_NETWORK_ERRORS: Final = (aiohttp.ClientError, *SOCKS_ERRORS, OSError, ValueError)


class MediaUnreachable(MediaFailed):
    """No media host gave the file in time"""

    code = "media_unreachable"


class MediaForged(MediaFailed):
    """What arrived is not the file that its message describes; everything that was read of it is void"""

    code = "media_damaged"


class UploadFailed(NotSent):
    """No media host took the file in time"""


class UploadRefused(SendImpossible):
    """The media hosts do not take this file"""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try. Times in seconds; a round is one attempt at each host."""

    connect_s: float = 10.0
    stall_s: float = 30.0
    total_s: float = 1800.0
    rounds: int = 3
    pause_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Road:
    """How to reach the hosts: an HTTP client, an HTTP proxy if it needs one, whom to trust, and who we say we are."""

    client: Callable[[], aiohttp.ClientSession]
    proxy: str | None
    tls: ssl.SSLContext
    user_agent: str


@dataclass(frozen=True, slots=True)
class Asks:
    """What a line is asked: for hosts (others than the stale ones), and for a file's new path, from the phone."""

    hosts: Callable[[MediaConnection | None], Awaitable[MediaConnection]]
    phone: Callable[[MediaMessage, bytes], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file that lies on the hosts, and the sidecar that goes into its message if it is streamed."""

    file: MediaFile
    sidecar: bytes | None


@dataclass(frozen=True, slots=True)
class _Told:
    """Where a host has put a file."""

    direct_path: str
    url: str | None

    @classmethod
    def of(cls, told: object) -> Self:
        """Read a host's answer. Raises ValueError."""
        path, url = (told.get("direct_path"), told.get("url")) if isinstance(told, dict) else (None, None)
        if not isinstance(path, str) or not is_direct_path(path):
            raise ValueError("the host did not say where the file is")
        return cls(path, url if isinstance(url, str) else None)


class _Retry(Exception):
    """This attempt did not succeed, and another one may; the text says why."""


class _AuthRefused(Exception):
    """The word for uploads is not accepted any more."""


class MediaLine:
    """The files of one line. It has no state of its own: any number of transfers may be under way."""

    def __init__(self, road: Road, asks: Asks, patience: Patience | None = None) -> None:
        self._road = road
        self._asks = asks
        self._patience = patience or Patience()

    async def upload(self, kind: MediaKind, source: Source, made_at: int, key: bytes | None = None) -> Uploaded:
        """Encrypt a file and leave it on a host; ``made_at`` is the time, in seconds since 1970.

        The key is a new one, but for a thumbnail, which has that of its message. The source is read twice at least.
        Raises UploadFailed or another NotSent, UploadRefused, and whatever the source raises.
        """
        deadline, key = self._deadline(), key or os.urandom(MEDIA_KEY_SIZE)
        try:
            async with asyncio.timeout_at(deadline):
                sealed = await measured(key, kind, source)
        except TimeoutError as error:
            raise UploadFailed("the file could not be read in time") from error
        parcel = _Parcel(key, kind, source, sealed)
        told = await self._leave(parcel, deadline)
        secret = MediaSecret(kind, key, sealed.sha256, sealed.enc_sha256, sealed.size)
        return Uploaded(MediaFile(secret, told.direct_path, told.url, made_at), sealed.sidecar)

    async def download(self, file: MediaFile, message: MediaMessage | None = None) -> AsyncGenerator[bytes, None]:
        """The plain bytes of a file, in pieces of up to some hundred kilobytes.

        **They are good only once the iteration has ended by itself**: what proves them stands at the end. If the file
        is gone from the hosts, our phone is asked for it, once, provided that ``message`` says what it belongs to.
        Raises MediaGone, MediaUnreachable, MediaForged, or NotSent when the line is down.
        """
        opener, deadline = MediaOpener(file.secret), self._deadline()
        try:
            async with aclosing(self._sealed(file, message, opener, deadline)) as arriving:
                async for sealed in arriving:
                    if plain := opener.update(sealed):
                        yield plain
            if plain := opener.finish():
                yield plain
        except MediaDamaged as error:
            raise MediaForged(str(error)) from error

    # ---- up

    async def _leave(self, parcel: _Parcel, deadline: float) -> _Told:
        """Try one host after the other. Raises UploadFailed, UploadRefused."""
        hosts, reason = await self._asks.hosts(None), ""
        for attempt in range(self._patience.rounds):
            await self._pause(attempt, deadline)
            for host in hosts.hosts:
                try:
                    return await self._post(host, hosts.auth, parcel, deadline)
                except _AuthRefused:
                    reason = "the hosts do not accept our word for uploads"
                    hosts = await self._asks.hosts(hosts)
                    break
                except _Retry as failed:
                    reason = f"{host}: {failed}"
                    _log.info("an upload did not succeed", host=host, reason=str(failed))
        raise UploadFailed(f"no media host took the file; {reason}")

    async def _post(self, host: str, auth: str, parcel: _Parcel, deadline: float) -> _Told:
        """Leave a file on one host. Raises _AuthRefused, _Retry, UploadRefused, and what the source raises."""
        query = urlencode({"auth": auth, "token": parcel.token})
        url = f"https://{host}/mms/{parcel.kind.upload_word}/{parcel.token}?{query}"
        headers = {**self._headers(), "Content-Length": str(parcel.sealed.sealed_size)}
        try:
            async with (
                asyncio.timeout_at(deadline) as limit,
                aclosing(parcel.sealed_again(partial(self._move, limit, deadline))) as body,
                self._road.client().post(
                    url, data=body, headers=headers, skip_auto_headers=("Content-Type",), **self._manner()
                ) as response,
            ):
                return await _uploaded(response)
        except TimeoutError as error:
            raise _Retry("it took too long") from error
        except _NETWORK_ERRORS as error:
            if parcel.failure is not None:
                raise parcel.failure from error
            raise _Retry(_said(error)) from error

    def _move(self, limit: asyncio.Timeout, deadline: float) -> None:
        """A piece went out: the next, or the answer, may take as long as a stall may."""
        # The body is sent by a task of aiohttp's, which may still be at it when the answer has come or the time is up.
        with suppress(RuntimeError):
            limit.reschedule(min(deadline, asyncio.get_running_loop().time() + self._patience.stall_s))

    # ---- down

    async def _sealed(
        self, file: MediaFile, message: MediaMessage | None, opener: MediaOpener, deadline: float
    ) -> AsyncGenerator[bytes, None]:
        """The encrypted bytes, whichever way they can be had; goes on where it broke off."""
        try:
            async with aclosing(self._from_hosts(file, opener, deadline)) as arriving:
                async for sealed in arriving:
                    yield sealed
            return
        except MediaGone:
            if message is None:
                raise
        path = await self._asks.phone(message, file.secret.media_key)
        _log.info("the phone uploaded a file again", wa_id=message.id)
        async with aclosing(self._from_hosts(replace(file, direct_path=path), opener, deadline)) as arriving:
            async for sealed in arriving:
                yield sealed

    async def _from_hosts(self, file: MediaFile, opener: MediaOpener, deadline: float) -> AsyncGenerator[bytes, None]:
        """The rest of a file. Rounds count from the last byte that came. Raises MediaGone, MediaUnreachable."""
        if not is_direct_path(file.direct_path):
            raise MediaGone("the file's path makes no sense")
        hosts, reason, attempt, best = await self._asks.hosts(None), "", 0, opener.taken
        pause = 0
        while attempt < self._patience.rounds:
            await self._pause(pause, deadline)
            for host in hosts.hosts:
                try:
                    async with aclosing(self._get(host, file, opener.taken, deadline)) as arriving:
                        async for sealed in arriving:
                            yield sealed
                    return
                except _Retry as failed:
                    reason = f"{host}: {failed}"
                    _log.info("a download did not succeed", host=host, taken=opener.taken, reason=str(failed))
            attempt = 0 if opener.taken > best else attempt + 1
            best, pause = opener.taken, max(1, attempt)
            if asyncio.get_running_loop().time() > deadline:
                break
        raise MediaUnreachable(f"no media host gave the file; {reason}")

    async def _get(self, host: str, file: MediaFile, start: int, deadline: float) -> AsyncGenerator[bytes, None]:
        """What one host gives of a file, from an offset on. Raises MediaGone, _Retry."""
        headers = self._headers() | ({"Range": f"bytes={start}-"} if start else {})
        try:
            async with asyncio.timeout_at(deadline):
                response = await self._road.client().get(_address(host, file), headers=headers, **self._manner())
            async with response:
                if response.status == _OUT_OF_RANGE and start:
                    return
                skip = _bytes_to_skip(response, start)
                while True:
                    async with asyncio.timeout_at(deadline):
                        sealed = await response.content.readany()
                    if not sealed:
                        return
                    yield sealed[skip:]
                    skip = max(0, skip - len(sealed))
        except TimeoutError as error:
            raise _Retry("it took too long") from error
        except _NETWORK_ERRORS as error:
            raise _Retry(_said(error)) from error

    # ---- both ways

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self._patience.total_s

    async def _pause(self, attempt: int, deadline: float) -> None:
        """Wait before another round, a little longer each time, and not beyond the deadline."""
        left_s = max(0.0, deadline - asyncio.get_running_loop().time())
        if attempt:
            await asyncio.sleep(min(left_s, self._patience.pause_s * attempt))

    def _headers(self) -> dict[str, str]:
        return {"Origin": ORIGIN, "Referer": f"{ORIGIN}/", "User-Agent": self._road.user_agent}

    def _manner(self) -> dict[str, Any]:
        """How every request is made. Hosts that send us elsewhere are not followed: elsewhere may be anywhere."""
        patience = self._patience
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=patience.connect_s, sock_read=patience.stall_s)
        return {"proxy": self._road.proxy, "ssl": self._road.tls, "timeout": timeout, "allow_redirects": False}


class _Parcel:
    """A file to upload. ``failure`` is what went wrong with its source, which aiohttp would hide."""

    def __init__(self, key: bytes, kind: MediaKind, source: Source, sealed: SealedMedia) -> None:
        self.kind = kind
        self.sealed = sealed
        self.token = urlsafe_b64encode(sealed.enc_sha256).decode()
        self.failure: Exception | None = None
        self._key = key
        self._source = source

    async def sealed_again(self, move: Callable[[], None]) -> AsyncGenerator[bytes, None]:
        """The encrypted bytes; calls ``move`` for every piece."""
        sealer, self.failure = MediaSealer(self._key, self.kind), None
        try:
            async for piece in _cut(self._source):
                move()
                yield sealer.update(piece)
            last, sealed = sealer.finish()
            if sealed != self.sealed:
                raise UploadRefused("the file changed while it was uploaded")
            yield last
        except Exception as error:
            self.failure = error
            raise


async def measured(key: bytes, kind: MediaKind, source: Source) -> SealedMedia:
    """Encrypt a file for its hashes only. Raises UploadRefused for one that is too large."""
    sealer, size = MediaSealer(key, kind), 0
    async for piece in _cut(source):
        size += len(piece)
        if size > MAX_FILE:
            raise UploadRefused("the file is larger than 2 GiB")
        sealer.update(piece)
    return sealer.finish()[1]


async def _cut(source: Source) -> AsyncIterator[bytes]:
    """The pieces of a source, none too large to encrypt without holding up the other lines."""
    async for chunk in source():
        for start in range(0, len(chunk), PIECE):
            yield chunk[start : start + PIECE]
            await asyncio.sleep(0)


def is_final(status: int) -> bool:
    """Whether a host that answers an upload so will not take the file at any other time either."""
    return not (status in _STALE_AUTH or status in _PASSING or status >= _SERVER_ERRORS)


async def _uploaded(response: aiohttp.ClientResponse) -> _Told:
    """What a host says of an upload. Raises _AuthRefused, _Retry, UploadRefused."""
    if response.status in _STALE_AUTH:
        raise _AuthRefused
    if response.status in _PASSING or response.status >= _SERVER_ERRORS:
        raise _Retry(f"HTTP {response.status}")
    if response.status != _OK:
        raise UploadRefused(f"the media host answered HTTP {response.status}")
    answer = bytearray()
    while len(answer) < _MAX_ANSWER and (piece := await response.content.readany()):
        answer += piece
    try:
        return _Told.of(json.loads(answer))
    except ValueError as error:
        raise _Retry("the host's answer cannot be read") from error


def _said(error: Exception) -> str:
    """What there is to say of a network error: not its text, in which a URL with our word for uploads may stand."""
    reason = error.strerror if isinstance(error, OSError) else None
    return f"{type(error).__name__} {reason or ''}".rstrip()


def _address(host: str, file: MediaFile) -> str:
    """Where a host has a file; the query is what whatsmeow adds (`download.go`)."""
    secret, path = file.secret, file.direct_path
    digest = urlsafe_b64encode(secret.enc_sha256).decode()
    query = f"hash={digest}&mms-type={secret.kind.upload_word}&__wa-mms="
    return f"https://{host}{path}{'&' if '?' in path else '?'}{query}"


def _bytes_to_skip(response: aiohttp.ClientResponse, start: int) -> int:
    """How many bytes of an answer we have already. Raises MediaGone, _Retry."""
    if response.status in _GONE:
        raise MediaGone(f"the media hosts answered HTTP {response.status}")
    if response.status == _PARTIAL and response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
        return 0
    if response.status != _OK:
        raise _Retry(f"HTTP {response.status}")
    return start
