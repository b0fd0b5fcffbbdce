"""HTTP towards WhatsApp: whom to trust, through which proxy, and a client for all the lines that share it."""

from __future__ import annotations

import ssl
from asyncio import sslproto
from pathlib import Path
from typing import Final

import aiohttp
import aiohttp_socks

ORIGIN: Final = "https://web.whatsapp.com"

USER_AGENT: Final = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)

SOCKS_ERRORS: Final = (
    aiohttp_socks.ProxyError,
    aiohttp_socks.ProxyConnectionError,
    aiohttp_socks.ProxyTimeoutError,
)
"""What a SOCKS proxy's failures are called; aiohttp's own errors do not include them."""

_TLS_BUFFER: Final = 1 << 14


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """A context that trusts the authorities in a PEM file, or the system's. Raises OSError, ssl.SSLError.

    It also makes asyncio's TLS connections smaller: each allocates a read buffer of ``SSLProtocol.max_size`` (256 KiB),
    which idle lines by the thousand do not need. A TLS record has at most 16 KiB.
    """
    sslproto.SSLProtocol.max_size = _TLS_BUFFER
    return ssl.create_default_context(cafile=ca_file)


class Pools:
    """The HTTP clients of an engine: one for all direct and HTTP-proxied lines, one for each SOCKS proxy."""

    def __init__(self) -> None:
        """Nothing is opened before it is needed."""
        self._clients: dict[str | None, aiohttp.ClientSession] = {}

    def client(self, proxy: str | None) -> aiohttp.ClientSession:
        """The client for lines with this proxy. Raises ValueError when the proxy's URL cannot be read."""
        key = proxy if proxy is not None and _is_socks(proxy) else None
        if key not in self._clients:
            self._clients[key] = aiohttp.ClientSession(
                connector=_connector(key), cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
            )
        return self._clients[key]

    async def close(self) -> None:
        """Close all of them."""
        for client in self._clients.values():
            await client.close()
        self._clients.clear()


def http_proxy(proxy: str | None) -> str | None:
    """What to tell aiohttp about a line's proxy: nothing of one that its client goes through anyway (see `Pools`)."""
    return None if proxy is None or _is_socks(proxy) else proxy


def _is_socks(proxy: str) -> bool:
    return proxy.startswith("socks")


def _connector(socks_proxy: str | None) -> aiohttp.BaseConnector:
    # Every line holds its connection for as long as it lives, so the pool must not have a limit.
    if socks_proxy is None:
        return aiohttp.TCPConnector(limit=0, limit_per_host=0)
    connector: aiohttp.BaseConnector = aiohttp_socks.ProxyConnector.from_url(socks_proxy, rdns=True, limit=0)
    return connector
