"""What a phone tells of the past: after pairing, by the session's policy, and when it is asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.world import Api
from fixtures.rooms import House, OpenHouse, eventually
from wagate.adapters.engines.native import Habits, NativeEngine
from wagate.api.app import create_app
from wagate.domain.session import Session, SessionState
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator

OWN, ANA, BOB = "5511900000001", "5511900000002", "5511900000003"
LONG_AGO = 1_700_000_000
CHATS = "/v1/sessions/shop/chats"


@pytest.fixture
async def house(open_house: OpenHouse, emulator: Emulator, control: EmulatorClient) -> House:
    """A gateway without sessions; OWN, ANA and BOB have phones."""
    for phone, name in ((OWN, "Shop"), (ANA, "Ana"), (BOB, "Bob")):
        await control.account(phone, name)
    where = emulator.whereabouts

    def make(_: House) -> NativeEngine:
        return NativeEngine(
            url=where.plain_url,
            root_key=bytes.fromhex(where.root_key),
            ca_file=Path(where.ca_file),
            habits=replace(Habits(), first_prekeys=30, history_answer_s=1.0),
        )

    return await open_house(make_engine=make, settings={"engine": "native"})


@pytest.fixture
def api(house: House) -> Api:
    assert house.gateway.first_key is not None
    return Api(create_app(house.gateway), house.gateway.first_key.secret)


async def pair(house: House, control: EmulatorClient, **settings: str | None) -> Session:
    session = await house.gateway.sessions.create(house.us, name="shop", settings=settings)
    await house.gateway.sessions.start(house.us, session.id)
    await control.phone(OWN).scan((await house.qr(session)).text)
    return await house.reaches(session, SessionState.CONNECTED)


async def synced(house: House, *kinds: str) -> dict[str, Any]:
    """Wait until histories of these kinds have been read; the events by kind, the last of each."""

    async def there() -> dict[str, Any] | None:
        found = {str(event.data["kind"]): event.data for event in await house.events("history.synced")}
        return found if set(kinds) <= set(found) else None

    return await eventually(there)


async def listed(api: Api, chat: str = f"+{ANA}") -> list[dict[str, Any]]:
    """The messages of a chat, oldest first."""
    found: list[dict[str, Any]] = []
    path = f"/v1/sessions/shop/messages?chat={chat.replace('+', '%2B')}&order=asc&limit=200"
    cursor = ""
    while True:
        page = await api.get(path + cursor)
        found += page["data"]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


async def test_what_was_said_before_pairing_is_there_afterwards(
    house: House, api: Api, control: EmulatorClient
) -> None:
    mine = {"text": "seen by Ana", "from_me": True, "at": LONG_AGO + 60, "status": "read"}
    theirs = {"text": "written long ago", "at": LONG_AGO}
    ids = await control.phone(OWN).remember(ANA, [theirs, mine], unread=1)
    await pair(house, control)
    told = await synced(house, "names", "bootstrap")
    assert (told["bootstrap"]["chats"], told["bootstrap"]["messages"], told["bootstrap"]["added"]) == (1, 2, 2)
    assert told["bootstrap"]["error"] is None
    first, second = await listed(api)
    assert [first["wa_id"], second["wa_id"]] == ids
    assert (first["text"], first["direction"], first["origin"], first["status"]) == (
        "written long ago",
        "in",
        "history",
        "received",
    )
    assert (second["text"], second["direction"], second["status"]) == ("seen by Ana", "out", "read")
    assert first["times"]["sent"] == "2023-11-14T22:13:20.000Z"
    contact = first["chat"]["contact"]
    assert (contact["phone"], contact["push_name"]) == (f"+{ANA}", "Ana")
    assert contact["lid"] == (await control.account(ANA)).lid
    assert await house.events("message.*") == []
