"""Asks an ASGI application directly: a request in, an answer out, no socket between."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.datastructures import Headers
from starlette.types import ASGIApp


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Headers
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


async def ask(
    app: ASGIApp,
    method: str,
    target: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    chunks: Iterable[bytes] | None = None,
) -> Answer:
    """Send a request; ``body`` is bytes or becomes JSON, ``chunks`` is a body of unknown length."""
    path, _, query = target.partition("?")
    pieces = list(chunks) if chunks is not None else [_encoded(body)]
    sent = {name.lower(): value for name, value in (headers or {}).items()}
    if body is not None or chunks is not None:
        sent.setdefault("content-type", "application/json")
    if chunks is None and pieces[0]:
        sent.setdefault("content-length", str(len(pieces[0])))
    waiting = [
        {"type": "http.request", "body": piece, "more_body": place < len(pieces) - 1}
        for place, piece in enumerate(pieces)
    ]
    got: list[MutableMapping[str, Any]] = []
    answered = asyncio.Event()

    async def receive() -> MutableMapping[str, Any]:
        if waiting:
            return waiting.pop(0)
        await answered.wait()  # a client that has asked stays until it has its answer
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        got.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            answered.set()

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 3000),
        "state": {},
    }
    await app(scope, receive, send)
    start, *rest = got
    return Answer(start["status"], Headers(raw=start["headers"]), b"".join(part.get("body", b"") for part in rest))


def _encoded(body: object) -> bytes:
    if body is None:
        return b""
    return body if isinstance(body, bytes) else orjson.dumps(body)
