"""What all devices of an account share, through the API, with the native engine, and from the account's phone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.world import Api
from fixtures.rooms import House, OpenHouse, eventually
from wagate.adapters.engines.native import Habits, NativeEngine
from wagate.api.app import create_app
from wagate.domain.session import SessionState
from whatsapp_emulator.client import EmulatorClient, PhoneClient
from whatsapp_emulator.emulator import Emulator

OWN, ANA = "5511900000001", "5511900000002"
CHAT = f"/v1/sessions/shop/chats/{ANA}"
NAME = f"/v1/sessions/shop/contacts/{ANA}/name"


@pytest.fixture
async def house(open_house: OpenHouse, emulator: Emulator, control: EmulatorClient) -> House:
    """A gateway with a session ``shop``, not started yet; OWN and ANA have phones."""
    for phone, name in ((OWN, "Shop"), (ANA, "Ana")):
        await control.account(phone, name)
    where = emulator.whereabouts

    def make(_: House) -> NativeEngine:
        return NativeEngine(
            url=where.plain_url,
            root_key=bytes.fromhex(where.root_key),
            habits=replace(Habits(), first_prekeys=30),
            ca_file=Path(where.ca_file),
        )

    house = await open_house(make_engine=make, settings={"engine": "native"})
    await house.gateway.sessions.create(house.us, name="shop")
    return house


async def connect(house: House, control: EmulatorClient) -> None:
    session = await house.gateway.sessions.get(house.us, "shop")
    await house.gateway.sessions.start(house.us, session.id)
    await control.phone(OWN).scan((await house.qr(session)).text)
    await house.reaches(session, SessionState.CONNECTED)


@pytest.fixture
def api(house: House) -> Api:
    assert house.gateway.first_key is not None
    return Api(create_app(house.gateway), house.gateway.first_key.secret)


@pytest.fixture
def own(control: EmulatorClient) -> PhoneClient:
    return control.phone(OWN)


async def ask(api: Api, method: str, path: str, body: object = None, status: int = 200) -> Any:
    answer = await api.ask(method, path, body)
    assert answer.status == status, answer.body
    return answer.json if answer.body else None


async def told(house: House, kind: str, change: str) -> dict[str, Any]:
    """Wait for an event of a type that names a change."""

    async def there() -> dict[str, Any] | None:
        events: list[dict[str, Any]] = [each.data for each in await house.events(kind)]
        found = [each for each in events if change in (each.get("changes") or ())]
        return found[-1] if found else None

    return await eventually(there)


async def received(house: House, control: EmulatorClient, text: str) -> dict[str, Any]:
    """Ana writes to us."""
    await control.phone(ANA).type(OWN, text)

    async def there() -> dict[str, Any] | None:
        found = [each.data for each in await house.events("message.received") if each.data["text"] == text]
        return found[0] if found else None

    return await eventually(there)


async def agreed(own: PhoneClient, action: str) -> list[dict[str, Any]]:
    return [each for each in await own.agreed() if each["action"] == action]


async def test_marks_made_by_api_reach_the_phone_and_its_own_reach_us(
    house: House, api: Api, control: EmulatorClient, own: PhoneClient
) -> None:
    await connect(house, control)
    message = await received(house, control, "hello")
    marked = await ask(api, "PATCH", CHAT, {"archived": True, "muted_until": "2030-01-01T00:00:00Z", "unread": True})
    assert marked == {
        "id": message["chat"]["id"],
        "archived": True,
        "pinned": False,
        "muted_until": "2030-01-01T00:00:00.000Z",
        "unread": True,
    }
    lid = (await control.account(ANA)).lid
    [archive] = await agreed(own, "Archive")
    assert (archive["chat"], archive["on"]) == (lid, True)
    assert [each["until"] for each in await agreed(own, "Mute")] == [1_893_456_000_000]
    assert [each["read"] for each in await agreed(own, "MarkRead")] == [False]
    assert (await told(house, "chat.updated", "archived"))["chat"]["id"] == message["chat"]["id"]
    await own.app_state("archive", chat=ANA, on=False)
    await own.app_state("pin", chat=ANA, on=True)
    pinned = await told(house, "chat.updated", "pinned")
    assert (pinned["archived"], pinned["pinned"], pinned["unread"]) == (False, True, True)
    back = await ask(api, "PATCH", CHAT, {"muted_until": None})
    assert (back["pinned"], back["muted_until"]) == (True, None)
    assert [each["until"] for each in await agreed(own, "Mute")] == [None]
