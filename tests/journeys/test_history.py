"""What a phone tells of the past: after pairing, by the session's policy, and when it is asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.world import Api
from fixtures import samples
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


async def test_an_old_picture_can_be_had(house: House, api: Api, control: EmulatorClient) -> None:
    picture = samples.image("JPEG")
    sent = await control.phone(ANA).send_media(OWN, "image", picture, mimetype="image/jpeg", caption="long ago")
    own = control.phone(OWN)
    await own.inbox(wait_s=5)
    await own.remember(ANA, [{"id": sent, "says": sent, "at": LONG_AGO}])
    await pair(house, control)
    await synced(house, "names", "bootstrap")
    (message,) = await listed(api)
    assert (message["type"], message["text"], message["origin"]) == ("image", "long ago", "history")
    assert (message["media"]["state"], message["media"]["size"]) == ("pending", len(picture))
    await control.expire_media()  # the phone has to be asked for it
    assert (await api.ask("GET", message["media"]["url"])).status == 409

    async def there() -> bool:
        return bool((await api.get(f"/v1/messages/{message['id']}"))["media"]["state"] == "ready")

    await eventually(there)
    assert (await api.ask("GET", message["media"]["url"])).body == picture


async def test_more_than_the_first_messages_comes_in_files_and_all_of_it_only_where_it_was_asked_for(
    house: House, api: Api, control: EmulatorClient
) -> None:
    await control.phone(OWN).remember(ANA, [{"text": "old", "at": LONG_AGO}], count=730)
    await pair(house, control)
    told = await synced(house, "bootstrap", "recent")
    assert told["bootstrap"]["messages"] == 5
    assert (told["recent"]["messages"], told["recent"]["added"], told["recent"]["progress"]) == (195, 195, 100)
    assert [message["text"] for message in await listed(api)] == [f"old {number}" for number in range(530, 730)]
    await house.gateway.sessions.delete(house.us, "shop")
    await pair(house, control, history="full")
    told = await synced(house, "bootstrap", "recent", "full")

    async def complete() -> bool:
        events = [event.data for event in await house.events("history.synced") if event.data["kind"] == "full"]
        return sum(int(str(data["messages"])) for data in events) == 530

    await eventually(complete)
    assert [message["text"] for message in await listed(api)] == [f"old {number}" for number in range(730)]


async def test_a_session_that_wants_no_past_gets_none(house: House, api: Api, control: EmulatorClient) -> None:
    await control.phone(OWN).remember(ANA, [{"text": "old", "at": LONG_AGO}])
    await pair(house, control, history="none")
    await control.phone(ANA).type(OWN, "new")
    await eventually(lambda: house.events("message.received"))
    assert [message["text"] for message in await listed(api)] == ["new"]
    assert await house.events("history.synced") == []


async def test_a_group_of_the_past_has_its_name_and_its_people(house: House, api: Api, control: EmulatorClient) -> None:
    group = await control.phone(ANA).create_group("Sales", [BOB, OWN])
    rows = [{"text": "by Ana", "at": LONG_AGO, "sender": ANA}, {"text": "by us", "at": LONG_AGO + 1, "from_me": True}]
    await control.phone(OWN).remember(group.jid, rows, name="Sales")
    await pair(house, control)
    await synced(house, "bootstrap")
    first, second = await listed(api, group.jid)
    assert (first["chat"]["kind"], first["chat"]["name"], first["from"]["phone"]) == ("group", "Sales", f"+{ANA}")
    assert (second["text"], second["from"]["is_me"]) == ("by us", True)


async def test_older_messages_are_asked_for_from_the_oldest_on(house: House, api: Api, control: EmulatorClient) -> None:
    await control.phone(OWN).remember(ANA, [{"text": "old", "at": LONG_AGO}], count=230)
    await pair(house, control)
    await synced(house, "recent")
    asked = await api.post(f"{CHATS}/+{ANA}/history", {"count": 20}, 202)
    assert (asked["count"], asked["chat"]) == (20, (await listed(api))[0]["chat"]["id"])
    told = (await synced(house, "on_demand"))["on_demand"]
    assert (told["request"], told["added"], told["error"]) == (asked["request"], 20, None)
    assert told["chat"]["id"] == asked["chat"]
    assert [message["text"] for message in await listed(api)] == [f"old {number}" for number in range(10, 230)]
    assert await house.events("message.*") == []


async def test_a_phone_that_does_not_answer_is_told_of(house: House, api: Api, control: EmulatorClient) -> None:
    await control.phone(OWN).remember(ANA, [{"text": "old", "at": LONG_AGO}])
    await control.phone(OWN).set(answers_history=False)
    await pair(house, control)
    await synced(house, "bootstrap")
    asked = await api.post(f"{CHATS}/+{ANA}/history", {"count": 1}, 202)
    told = (await synced(house, "on_demand"))["on_demand"]
    assert told["request"] == asked["request"]
    assert told["error"]["code"] == "phone_not_answering"
    assert told["chat"]["id"] == asked["chat"]


async def test_what_cannot_be_asked_for_says_why(house: House, api: Api, control: EmulatorClient) -> None:
    session = await pair(house, control)
    assert (await api.post(f"{CHATS}/+{BOB}/history", {}, 422))["code"] == "invalid_recipient"
    message = await house.send(session, f"+{BOB}", "first")
    await control.phone(BOB).inbox(wait_s=5)
    assert (await api.post(f"{CHATS}/+{BOB}/history", {"count": 0}, 422))["code"] == "invalid_request"
    assert (await api.post("/v1/sessions/none/chats/+1555000/history", {}, 404))["code"] == "session_not_found"
    await house.gateway.sessions.stop(house.us, "shop")
    assert (await api.post(f"{CHATS}/{message.chat.id}/history", {}, 409))["code"] == "session_not_running"


async def test_a_history_that_is_gone_from_the_hosts_is_told_of(
    house: House, api: Api, control: EmulatorClient
) -> None:
    await control.phone(OWN).remember(ANA, [{"text": "old", "at": LONG_AGO}], count=100)
    await control.faults(media_life_s=0)
    await pair(house, control)
    told = await synced(house, "bootstrap", "recent")
    assert told["bootstrap"]["error"] is None
    assert (told["recent"]["error"]["code"], told["recent"]["added"]) == ("media_gone", 0)
