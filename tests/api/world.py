"""The API as a test asks it, and the people it works with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import pytest
from starlette.types import ASGIApp

from api.asgi import Answer, ask
from wagate.adapters.engines.fake import FakePhone, FakeService

PATIENCE_S = 40.0

one_database = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
"""For tests of what happens before any database is asked: SQLite alone will do."""


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.005)


@dataclass(frozen=True, slots=True)
class Api:
    """The application and a key to ask it with."""

    app: ASGIApp
    key: str

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        chunks: Iterable[bytes] | None = None,
    ) -> Answer:
        return await ask(
            self.app, method, path, body, {"Authorization": f"Bearer {self.key}", **(headers or {})}, chunks
        )

    async def get(self, path: str, status: int = 200) -> Any:
        return _expect(await self.ask("GET", path), status)

    async def post(self, path: str, body: object = None, status: int = 200, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return _expect(await self.ask("POST", path, body, headers=named), status)

    def with_key(self, key: str) -> Self:
        return type(self)(self.app, key)

    async def limited(self, *scopes: str) -> Self:
        """The same API, asked with a key that allows only this much."""
        made = await self.post("/v1/api-keys", {"name": "limited", "scopes": list(scopes)}, 201)
        return self.with_key(made["key"])

    async def state_of(self, session: str) -> str:
        return str((await self.get(f"/v1/sessions/{session}"))["state"])

    async def until_state(self, session: str, state: str) -> None:
        async def reached() -> bool:
            return await self.state_of(session) == state

        await until(reached)

    async def until_status(self, message: str, status: str) -> dict[str, Any]:
        async def reached() -> bool:
            return bool((await self.get(f"/v1/messages/{message}"))["status"] == status)

        await until(reached)
        found: dict[str, Any] = await self.get(f"/v1/messages/{message}")
        return found


@dataclass(frozen=True, slots=True)
class World:
    """A session that is connected, its phone, and a contact."""

    api: Api
    service: FakeService
    shop: FakePhone
    ana: FakePhone

    @classmethod
    async def begin(cls, api: Api, service: FakeService) -> Self:
        shop, ana = service.phone("5511900000001", "Shop"), service.phone("5511900000002", "Ana")
        await api.post("/v1/sessions", {"name": "support"}, 201)
        await pair(api, "support", shop)
        return cls(api, service, shop, ana)

    async def send(self, text: str = "Hello", status: int = 202, **fields: object) -> dict[str, Any]:
        sent: dict[str, Any] = await self.api.post(
            "/v1/sessions/support/messages", {"to": "+55 11 90000-0002", "text": text, **fields}, status
        )
        return sent


async def pair(api: Api, session: str, phone: FakePhone) -> None:
    """Start a session and scan its code."""
    await api.post(f"/v1/sessions/{session}/start")
    await api.until_state(session, "awaiting_scan")
    phone.scan((await api.get(f"/v1/sessions/{session}/qr"))["qr"])
    await api.until_state(session, "connected")


def _expect(answer: Answer, status: int) -> Any:
    assert answer.status == status, answer.body
    return answer.json if answer.body else None
