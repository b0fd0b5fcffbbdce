"""The one HTTP client for URLs that users supply. It goes to public addresses, and nowhere else.

A name is resolved once; if any of its addresses is not public the URL is refused; and the connection is made to one of
the addresses that were checked, so that a name which changes its mind in between changes nothing. Every redirect is
judged like a new URL. Callers hear one and the same sentence whatever went wrong inside, for a difference would let
them map networks that they cannot see; the log has the reason.
"""

from __future__ import annotations

import asyncio
import socket
import zlib
from asyncio import get_running_loop
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from ssl import SSLContext
from urllib.parse import unquote

import aiohttp
import structlog
from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override
from yarl import URL

from wagate.adapters.addresses import Network, is_allowed, may_be_reached
from wagate.domain.errors import FetchFailed, MediaTooLarge
from wagate.ports.egress import Fetched, Resolver

REFUSED = "The URL could not be fetched. It must be reachable from the public internet over http or https."

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PIECE = 64 * 1024
_HEADER_LINE = 8190
_AGENT = "wagate"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """Where the client may go and how long it may take. ``allowed`` networks count as public, on every port."""

    ports: frozenset[int] = frozenset({80, 443, 8080, 8443})
    allowed: tuple[Network, ...] = ()
    max_bytes: int = 2_000_000_000
    redirects: int = 3
    connect_s: float = 5.0
    silence_s: float = 10.0
    total_s: float = 120.0
    at_once: int = 16


class SystemResolver:
    """Asks the system, as every other program does."""

    async def resolve(self, host: str) -> list[str]:
        """Every address of a name."""
        found = await get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(address[0]) for *_, address in found))


class _Refused(Exception):
    """Why a URL was not fetched: for the log, never for the caller."""


class _Pinned(AbstractResolver):
    """Answers with the addresses that were checked, and only for the host whose addresses they are."""

    def __init__(self, host: str, addresses: list[str]) -> None:
        self._host = host
        self._addresses = addresses

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if host != self._host:
            raise OSError(f"{host} was not checked")
        return [_result(host, address, port) for address in self._addresses]

    @override
    async def close(self) -> None:
        return


def _result(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=flags)


class HttpEgress:
    """Fetches for everybody. Nothing is shared between two requests: no connection, no cookie, no cache."""

    def __init__(self, policy: EgressPolicy, resolver: Resolver | None = None, trust: SSLContext | None = None) -> None:
        """``resolver`` finds addresses, and ``trust`` says whose certificates hold; else the system does both."""
        self._policy = policy
        self._trust = trust
        self._resolver = resolver or SystemResolver()
        self._turns = asyncio.Semaphore(policy.at_once)

    @asynccontextmanager
    async def get(self, url: str) -> AsyncIterator[Fetched]:
        """Fetch a URL. The deadline covers the turn, the redirects and the body."""
        deadline = asyncio.timeout(self._policy.total_s)
        try:
            async with deadline, AsyncExitStack() as opened:
                try:
                    await opened.enter_async_context(self._turns)
                    answer = await self._follow(opened, url)
                except (_Refused, aiohttp.ClientError, OSError, ValueError) as error:
                    raise _failed(error) from None
                yield Fetched(_filename(answer), answer.content_type, self._body(answer))
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise _failed(error) from None

    async def _follow(self, opened: AsyncExitStack, url: str) -> aiohttp.ClientResponse:
        at = _parsed(url)
        for _ in range(self._policy.redirects + 1):
            answer = await self._ask(opened, at)
            if answer.status not in _REDIRECTS:
                if answer.status != 200:
                    raise _Refused(f"status {answer.status}")
                return answer
            target = answer.headers.get("Location", "")
            answer.close()
            at = _parsed(str(at.join(URL(target))))
        raise _Refused("too many redirects")

    async def _ask(self, opened: AsyncExitStack, url: URL) -> aiohttp.ClientResponse:
        """One request, on a connection of its own to an address that was checked just now."""
        host, port = url.raw_host, url.port
        assert host is not None
        assert port is not None
        addresses = await self._checked(host, port)
        policy = self._policy
        session = await opened.enter_async_context(
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=_Pinned(host, addresses),
                    use_dns_cache=False,
                    force_close=True,
                    limit=1,
                    ssl=self._trust or True,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=policy.connect_s, sock_read=policy.silence_s),
                max_line_size=_HEADER_LINE,
                max_field_size=_HEADER_LINE,
            )
        )
        headers = {"User-Agent": _AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}
        answer = await session.get(url, headers=headers, allow_redirects=False)
        opened.callback(answer.close)
        return answer

    async def _checked(self, host: str, port: int) -> list[str]:
        """The addresses of a host, all of which may be reached on this port. Raises _Refused, OSError."""
        addresses = [host] if _is_address(host) else await self._resolver.resolve(host)
        if not addresses:
            raise _Refused("no address")
        for address in addresses:
            if not may_be_reached(address, self._policy.allowed):
                raise _Refused("not public")
            if port not in self._policy.ports and not is_allowed(address, self._policy.allowed):
                raise _Refused(f"port {port}")
        return addresses

    async def _body(self, answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        limit, size = self._policy.max_bytes, 0
        declared = answer.content_length
        if declared is not None and declared > limit:
            raise _too_large(limit)
        try:
            unpack = _unpacker(answer.headers.get("Content-Encoding", ""))
            async for packed in answer.content.iter_chunked(_PIECE):
                for piece in unpack(packed):
                    size += len(piece)
                    if size > limit:
                        raise _too_large(limit)
                    yield piece
        except (_Refused, aiohttp.ClientError, OSError, zlib.error) as error:
            raise _failed(error) from None


class _Unpacked:
    """A body that its server packed although it was asked not to, in pieces of bounded size."""

    def __init__(self) -> None:
        self._unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # gzip or zlib, by its header

    def __call__(self, packed: bytes) -> Iterator[bytes]:
        while packed:
            piece = self._unpacking.decompress(packed, _PIECE)
            if self._unpacking.unused_data:
                raise _Refused("something follows the end of the packed body")
            packed = self._unpacking.unconsumed_tail
            if piece:
                yield piece


class _Plain:
    def __call__(self, chunk: bytes) -> Iterator[bytes]:
        yield chunk


def _unpacker(encoding: str) -> _Unpacked | _Plain:
    named = encoding.strip().lower()
    if named in ("", "identity"):
        return _Plain()
    if named in ("gzip", "x-gzip", "deflate"):
        return _Unpacked()
    raise _Refused(f"encoding {named[:40]}")


def _parsed(written: str) -> URL:
    """A URL that may be looked at more closely. Raises _Refused, ValueError."""
    if len(written) > _HEADER_LINE or any(ord(character) <= 0x20 or ord(character) == 0x7F for character in written):
        raise _Refused("not a URL")
    url = URL(written)
    if url.scheme not in ("http", "https") or not url.raw_host or url.port is None:
        raise _Refused("not http or https")
    if url.user is not None or url.password is not None:
        raise _Refused("carries a password")
    if "%" in url.raw_host:
        raise _Refused("names a zone of this machine")
    return url


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _filename(answer: aiohttp.ClientResponse) -> str | None:
    disposition = answer.content_disposition
    return (disposition.filename if disposition is not None else None) or unquote(answer.url.name) or None


def _failed(error: Exception) -> FetchFailed:
    _log.info("fetch_failed", reason=type(error).__name__ if not isinstance(error, _Refused) else str(error))
    return FetchFailed(REFUSED, pointer="/url")


def _too_large(limit: int) -> MediaTooLarge:
    return MediaTooLarge(f"What the URL leads to has more than {limit} bytes")
