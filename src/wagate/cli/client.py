"""The REST API as the commands use it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson

from wagate.cli.outcome import CommandFailed, Exit
from wagate.cli.variables import DEFAULT_URL, KEY_VARIABLE, URL_VARIABLE

_LARGE = 1_000_000
_TIMEOUT_S = 240
"""A move waits for messages on their way, and for the other engine to connect."""


class ApiRefused(CommandFailed):
    """The gateway answered with a problem document. ``code`` is its stable word for it."""

    def __init__(self, status: int, code: str, sentence: str) -> None:
        """``sentence`` is the document's detail."""
        super().__init__(sentence, Exit.NOT_ALLOWED if status in (401, 403) else Exit.FAILED)
        self.code = code


class ApiClient:
    """One connection to a running gateway; use it with ``async with``."""

    def __init__(self, url: str | None = None, key: str | None = None) -> None:
        """Address and key default to WAGATE_URL and WAGATE_API_KEY. Raises CommandFailed without a key."""
        self._url = (url or os.environ.get(URL_VARIABLE) or DEFAULT_URL).rstrip("/")
        found = key or os.environ.get(KEY_VARIABLE)
        if not found:
            raise CommandFailed(f"No API key. Set {KEY_VARIABLE}; `wagate key create` makes one.", Exit.NOT_ALLOWED)
        self._headers = {"Authorization": f"Bearer {found}"}

    async def __aenter__(self) -> Self:
        """Open it."""
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self._http.close()

    async def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The JSON that a route under /v1 answers with, or None when it answers with nothing.

        Raises ApiRefused, or CommandFailed when nobody answers.
        """
        encoded = None if body is None else orjson.dumps(body)
        sent = {"Content-Type": "application/json", **(headers or {})}
        return await self._request(method, path, data=encoded, params=query, headers=sent)

    async def _request(
        self,
        method: str,
        path: str,
        *,
        data: bytes | aiohttp.FormData | None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        try:
            async with self._http.request(
                method,
                f"{self._url}/v1{path}",
                data=data,
                params=params,
                headers={**self._headers, **(headers or {})},
            ) as response:
                raw = await response.read()
                status = response.status
        except aiohttp.InvalidURL as error:
            raise CommandFailed(f"{self._url!r} is not a URL; see {URL_VARIABLE}.", Exit.USAGE) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise CommandFailed(
                f"No gateway answers at {self._url} ({str(error) or type(error).__name__}). "
                f"Start it with `wagate serve`, or set {URL_VARIABLE}.",
                Exit.UNREACHABLE,
            ) from error
        return _read(self._url, status, raw)

    async def upload(self, path: str, words: Mapping[str, str], files: Iterable[Path]) -> Any:
        """What a route under /v1 answers to a form; every file is a part called ``file``.

        Raises ApiRefused, or CommandFailed when nobody answers or a file cannot be read.
        """
        form = aiohttp.FormData(dict(words))
        with ExitStack() as opened:
            try:
                for file in files:
                    is_large = file.stat().st_size > _LARGE
                    # Thousands of small files must not all be open at once.
                    content = opened.enter_context(file.open("rb")) if is_large else file.read_bytes()
                    form.add_field("file", content, filename=file.name)
            except OSError as error:
                raise CommandFailed(f"{error.filename} cannot be read: {error.strerror}.") from error
            return await self._request("POST", path, data=form)

    async def all(self, path: str, query: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """Every item of a list, page by page."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = await self.call("GET", path, query={**(query or {}), **({"cursor": cursor} if cursor else {})})
            found.extend(page["data"])
            cursor = page["next_cursor"]
            if cursor is None:
                return found


def _read(url: str, status: int, raw: bytes) -> Any:
    try:
        document = orjson.loads(raw) if raw else None
    except orjson.JSONDecodeError as error:
        raise CommandFailed(f"What answers at {url} is not wagate (HTTP {status}).", Exit.UNREACHABLE) from error
    if status < 400:
        return document
    problem = document if isinstance(document, dict) else {}
    code = str(problem.get("code", f"http_{status}"))
    raise ApiRefused(status, code, f"{problem.get('detail') or f'HTTP {status}'} [{code}]")
