"""A shop that sends and gets files: its gateway, its phone, and that of somebody who writes to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from api.world import Api
from fixtures import samples
from fixtures.rooms import House, eventually
from wagate.api.app import create_app
from whatsapp_emulator.client import PhoneClient
from whatsapp_emulator.told import MessageTold

OWN, ANA = "5511900000001", "5511999999999"
MESSAGES = "/v1/sessions/shop/messages"
PDF = b"%PDF-1.7 " + bytes(range(256)) * 4_000


@dataclass(frozen=True, slots=True)
class Shop:
    """A session of the gateway that is linked to OWN, asked through its API, and both phones."""

    house: House
    own: PhoneClient
    ana: PhoneClient

    @property
    def api(self) -> Api:
        assert self.house.key is not None
        return Api(create_app(self.house.gateway), self.house.key)

    async def send(self, body: dict[str, Any]) -> dict[str, Any]:
        sent: dict[str, Any] = await self.api.post(f"{MESSAGES}?wait=10", body)
        return sent

    async def received(self, wa_id: str) -> dict[str, Any]:
        """The event of a message that came in, or that was sent on our own phone."""
        return await self._event("message.received,message.sent", "wa_id", wa_id)

    async def told(self, type_: str, message: str) -> dict[str, Any]:
        """The event of a type about a message."""
        return await self._event(type_, "id", message)

    async def ready(self, media: str, state: str = "ready") -> None:
        """Wait until a file is in a state."""

        async def there() -> bool:
            return bool((await self.api.get(f"/v1/media/{media}/info"))["state"] == state)

        await eventually(there)

    async def shown(self, wa_id: str) -> MessageTold:
        """The message with that id on the other phone."""

        async def there() -> MessageTold | None:
            return next((message for message in await self.ana.inbox() if message.id == wa_id), None)

        return await eventually(there)

    async def _event(self, types: str, key: str, value: str) -> dict[str, Any]:
        async def there() -> dict[str, Any] | None:
            events = (await self.api.get(f"/v1/events?types={types}&limit=200"))["data"]
            return next((event["data"] for event in events if event["data"][key] == value), None)

        return await eventually(there)

    async def send_form(self, content: bytes, filename: str, **fields: str) -> dict[str, Any]:
        """Send a form."""
        body = samples.file_form(content, filename, **fields)
        answer = await self.api.ask("POST", f"{MESSAGES}?wait=10", None, headers=samples.FORM, chunks=[body])
        assert answer.status == 200, answer.body
        sent: dict[str, Any] = answer.json
        return sent

    def files_kept(self) -> int:
        """How many files lie in the store of media."""
        return sum(path.is_file() for path in (self.house.data / "media").rglob("*"))


MakeShop = Callable[..., Awaitable[Shop]]
