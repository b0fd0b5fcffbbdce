"""What all devices of an account share, through the API, with the native engine, and from the account's phone."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.world import Api, one_database
from fixtures.rooms import House, OpenHouse, eventually
from wagate.adapters.engines.native import Habits, NativeEngine
from wagate.api.app import create_app
from wagate.domain.session import SessionState
from whatsapp_emulator.client import EmulatorClient, PhoneClient
from whatsapp_emulator.emulator import Emulator

pytestmark = one_database

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
        "disappearing_s": 0,
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


async def test_stars_and_deletions_for_oneself_go_both_ways(
    house: House, api: Api, control: EmulatorClient, own: PhoneClient
) -> None:
    await connect(house, control)
    first, second = [await received(house, control, text) for text in ("first", "second")]
    starred = await ask(api, "PUT", f"/v1/messages/{first['id']}/star")
    assert starred["starred"] is True
    [star] = await agreed(own, "Star")
    assert (star["message"]["id"], star["message"]["from_me"], star["on"]) == (first["wa_id"], False, True)
    await own.app_state("star", id=first["wa_id"], on=False)

    async def lost_its_star() -> bool:
        return [each.data["starred"] for each in await house.events("message.starred")] == [True, False]

    await eventually(lost_its_star)
    hidden = await ask(api, "DELETE", f"/v1/messages/{first['id']}?for=me")
    assert (hidden["text"], hidden["content"]) == ("[deleted]", {"was": "text"})
    assert [each["message"]["id"] for each in await agreed(own, "DeleteForMe")] == [first["wa_id"]]
    await own.app_state("hide", id=second["wa_id"])
    gone = await eventually(lambda: _two(house))
    assert [(each.data["id"], each.data["for"]) for each in gone] == [(first["id"], "me"), (second["id"], "me")]
    mine = await api.post("/v1/sessions/shop/messages?wait=10", {"to": f"+{ANA}", "text": "mine"}, 200)
    assert (await ask(api, "PUT", f"/v1/messages/{mine['id']}/star"))["starred"] is True
    assert (await agreed(own, "Star"))[-1]["message"]["from_me"] is True


async def _two(house: House) -> Any:
    found = await house.events("message.deleted")
    return found if len(found) == 2 else None


async def test_a_cleared_chat_leaves_the_lists_and_a_deleted_one_comes_back_with_a_message(
    house: House, api: Api, control: EmulatorClient, own: PhoneClient
) -> None:
    await connect(house, control)
    kept, gone = [await received(house, control, text) for text in ("kept", "gone")]
    await ask(api, "PUT", f"/v1/messages/{kept['id']}/star")
    await ask(api, "POST", f"{CHAT}/clear", {}, 204)
    messages = f"/v1/sessions/shop/messages?chat={ANA}"
    assert [each["id"] for each in (await api.get(messages))["data"]] == [kept["id"]]
    assert (await api.get(f"/v1/messages/{gone['id']}"))["text"] == "gone"
    [clear] = await agreed(own, "Clear")
    assert clear["with_starred"] is False
    assert (await told(house, "chat.updated", "cleared"))["chat"]["id"] == kept["chat"]["id"]
    await ask(api, "DELETE", CHAT, status=204)
    assert (await api.get(messages))["data"] == []
    assert (await told(house, "chat.updated", "deleted"))["archived"] is False
    later = await received(house, control, "later")
    assert [each["id"] for each in (await api.get(messages))["data"]] == [later["id"]]
    await own.app_state("clear", chat=ANA, with_starred=True)

    async def cleared_again() -> bool:
        return len([each for each in await house.events("chat.updated") if each.data["changes"] == ["cleared"]]) == 2

    await eventually(cleared_again)


async def test_names_of_the_address_book_go_both_ways(
    house: House, api: Api, control: EmulatorClient, own: PhoneClient
) -> None:
    await own.app_state("save-contact", person=ANA, name="Ana of old")
    await connect(house, control)
    await received(house, control, "hello")
    saved = await ask(api, "PUT", NAME, {"name": "Ana Souza", "first_name": "Ana"})
    assert (saved["name"], saved["first_name"], saved["contact"]["phone"]) == ("Ana Souza", "Ana", f"+{ANA}")
    account = await control.account(ANA)
    [contact] = await agreed(own, "SaveContact")
    assert (contact["person"], contact["full_name"], contact["lid"]) == (account.pn, "Ana Souza", account.lid)
    await own.app_state("save-contact", person=ANA, name="Anna")

    async def renamed() -> bool:
        names = [each.data.get("name") for each in await house.events("contact.updated")]
        return "Ana Souza" in names and names[-1] == "Anna" and "Ana of old" not in names

    await eventually(renamed)
    assert (await ask(api, "DELETE", NAME))["name"] is None
    assert await agreed(own, "SaveContact") == []
    await own.app_state("push-name", name="The Shop")
    assert (await told(house, "contact.updated", "push_name"))["contact"]["push_name"] == "The Shop"
    assert (await api.get("/v1/sessions/shop"))["me"]["name"] == "The Shop"


async def test_what_was_agreed_before_pairing_is_known_and_no_news(
    house: House, api: Api, control: EmulatorClient, own: PhoneClient
) -> None:
    await control.faults(app_state_inline=1)
    await own.app_state("archive", chat=ANA, on=True)
    await own.app_state("mute", chat=ANA, until=-1)
    await own.app_state("mark-read", chat=ANA, read=False)
    await connect(house, control)

    chat = f"/v1/sessions/shop/chats/{(await control.account(ANA)).lid}"

    async def known() -> bool:
        answer = await api.ask("PATCH", chat, {"pinned": True})
        return answer.status == 200 and bool(answer.json["muted_until"])

    await eventually(known)
    marked = await ask(api, "PATCH", chat, {"archived": True})
    assert (marked["archived"], marked["pinned"]) == (True, False)
    assert (marked["muted_until"], marked["unread"]) == ("9999-12-31T23:59:59.999Z", True)
    events: list[dict[str, Any]] = [each.data for each in await house.events("chat.updated")]
    changes = [change for each in events for change in each["changes"]]
    assert set(changes) == {"pinned", "archived"} or changes == ["pinned", "pinned"]


async def test_a_new_key_is_asked_for_and_a_damaged_collection_is_read_anew(
    house: House, api: Api, control: EmulatorClient, own: PhoneClient
) -> None:
    await connect(house, control)
    await received(house, control, "hello")
    await ask(api, "PATCH", CHAT, {"pinned": True})
    await own.app_state("change-key", share=False)
    await own.app_state("archive", chat=ANA, on=True)
    assert (await told(house, "chat.updated", "archived"))["archived"] is True
    assert (await control.stats())["counts"]["app state keys asked for"] == 1
    await control.faults(app_state_spoil=1)
    await own.app_state("mark-read", chat=ANA, read=False)
    assert (await told(house, "chat.updated", "unread"))["archived"] is True
    assert (await ask(api, "PATCH", CHAT, {"archived": False}))["archived"] is False
    assert [each["on"] for each in await agreed(own, "Archive")] == [False]


async def test_a_collection_that_the_server_calls_dirty_is_read(
    house: House, api: Api, control: EmulatorClient, own: PhoneClient, emulator: Emulator
) -> None:
    await connect(house, control)
    await received(house, control, "hello")
    await ask(api, "PATCH", CHAT, {"pinned": True})
    asked = emulator.world.audit.counts["iqs"]
    await control.operator(OWN).mark_dirty("syncd_app_state")
    # Five collections and the word that they are clean.
    await eventually(lambda: _asked(emulator, asked + 6))
    assert (await ask(api, "PATCH", CHAT, {"pinned": False}))["pinned"] is False


async def _asked(emulator: Emulator, count: int) -> bool:
    return emulator.world.audit.counts["iqs"] >= count


async def test_two_devices_that_change_the_same_at_once_both_succeed(
    house: House, api: Api, control: EmulatorClient, own: PhoneClient
) -> None:
    await connect(house, control)
    await received(house, control, "hello")
    await ask(api, "PATCH", CHAT, {"pinned": True})
    await control.faults(latency_s=0.2)
    async with asyncio.TaskGroup() as group:
        ours = [group.create_task(ask(api, "PATCH", CHAT, {name: True})) for name in ("archived", "unread")]
        group.create_task(own.app_state("pin", chat=ANA, on=False))
    await control.faults(latency_s=0.0)
    assert all(task.result()["id"] for task in ours)
    assert (await control.stats())["counts"]["app state conflicts"] >= 1
    assert [each["on"] for each in await agreed(own, "Archive")] == [True]
    assert [each["read"] for each in await agreed(own, "MarkRead")] == [False]
    marked = await ask(api, "PATCH", CHAT, {"unread": True})
    assert (marked["archived"], marked["pinned"], marked["unread"]) == (True, False, True)


async def test_what_cannot_be_done_is_said(house: House, api: Api, control: EmulatorClient) -> None:
    await connect(house, control)
    assert (await api.ask("PATCH", CHAT, {"pinned": True})).json["code"] == "chat_not_found"
    message = await received(house, control, "hello")
    assert (await api.ask("PATCH", CHAT, {})).status == 422
    assert (await api.ask("PUT", NAME, {"name": ""})).status == 422
    assert (await api.ask("DELETE", f"/v1/messages/{message['id']}?for=nobody")).status == 422
    session = await house.gateway.sessions.get(house.us, "shop")
    await house.gateway.sessions.stop(house.us, session.id)
    assert (await api.ask("PATCH", CHAT, {"pinned": True})).json["code"] == "session_not_running"
    assert (await api.ask("PUT", f"/v1/messages/{message['id']}/star")).json["code"] == "session_not_running"


async def test_the_list_of_chats_shows_what_the_devices_agreed_on(
    house: House, api: Api, control: EmulatorClient, own: PhoneClient
) -> None:
    await connect(house, control)
    await received(house, control, "hello")
    chats = "/v1/sessions/shop/chats"
    await ask(api, "PUT", NAME, {"name": "Ana Souza"})
    await ask(api, "PATCH", CHAT, {"archived": True, "unread": True})
    [shown] = (await api.get(f"{chats}?archived=true&unread=true"))["data"]
    assert (shown["name"], shown["archived"], shown["marked_unread"], shown["pinned"]) == (
        "Ana Souza",
        True,
        True,
        False,
    )
    assert (await api.get(f"{chats}?archived=false"))["data"] == []
    await ask(api, "POST", f"{CHAT}/clear", {}, 204)
    [cleared] = (await api.get(chats))["data"]
    assert cleared["last_message"] is None
    await ask(api, "DELETE", CHAT, status=204)
    assert (await api.get(chats))["data"] == []
    await asyncio.sleep(1)  # WhatsApp's clock counts seconds, and what is said within the same one is deleted as well
    await received(house, control, "there again")
    [back] = (await api.get(chats))["data"]
    assert back["last_message"]["text"] == "there again"


async def test_the_account_takes_another_name(
    house: House, api: Api, control: EmulatorClient, own: PhoneClient
) -> None:
    """The phone takes it over, others see it also when that is away, and it survives a restart."""
    await connect(house, control)
    profile = "/v1/sessions/shop/profile"
    assert (await ask(api, "PATCH", profile, {"name": "Corner Shop"}))["name"] == "Corner Shop"
    assert [each["name"] for each in await agreed(own, "SetPushName")] == ["Corner Shop"]
    assert (await told(house, "contact.updated", "push_name"))["contact"]["push_name"] == "Corner Shop"
    assert await is_called(own, "Corner Shop")
    await own.set(swallow=True)
    shown = await ask(api, "PATCH", profile, {"name": "Shop Corner", "about": "Open"})
    assert (shown["name"], shown["about"]) == ("Shop Corner", "Open")
    await eventually(lambda: is_called(own, "Shop Corner"))
    await own.set(swallow=False)
    await house.close()
    await house.open()
    session = await house.gateway.sessions.get(house.us, "shop")
    await house.reaches(session, SessionState.CONNECTED)
    api = Api(create_app(house.gateway), api.key)
    assert (await api.get(profile))["name"] == "Shop Corner"
    assert await is_called(own, "Shop Corner")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": ""}, "invalid_request"),
        ({"name": "n" * 26}, "invalid_request"),
        ({}, "invalid_request"),
        ({"name": "  "}, "invalid_content"),
    ],
)
async def test_what_is_no_name_is_refused(house: House, api: Api, body: dict[str, Any], code: str) -> None:
    assert (await ask(api, "PATCH", "/v1/sessions/shop/profile", body, 422))["code"] == code


async def is_called(own: PhoneClient, name: str) -> bool:
    """Whether others see this name of us."""
    return bool((await own.people.look())["name"] == name)
