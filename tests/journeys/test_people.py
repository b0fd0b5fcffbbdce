"""People through the API, with the native engine, and people on their phones at the other end."""

from __future__ import annotations

import base64
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from api.world import Api
from fixtures.rooms import House, OpenHouse, eventually
from wagate.adapters.engines.native import Habits, NativeEngine
from wagate.api.app import create_app
from wagate.api.v1.schemas.event_shapes import SHAPES
from wagate.domain.events import EventType
from wagate.domain.session import SessionState
from whatsapp_emulator.client import EmulatorClient, PhoneClient
from whatsapp_emulator.emulator import Emulator

OWN, ANA, BOB = "5511900000001", "5511900000002", "5511900000003"
SHOP = "/v1/sessions/shop"
CONTACTS = f"{SHOP}/contacts"


@pytest.fixture
async def house(open_house: OpenHouse, emulator: Emulator, control: EmulatorClient) -> House:
    """A gateway with a connected session ``shop``; OWN, ANA and BOB have phones."""
    for phone, name in ((OWN, "Shop"), (ANA, "Ana"), (BOB, "Bob")):
        await control.account(phone, name)
    where = emulator.whereabouts

    def make(_: House) -> NativeEngine:
        return NativeEngine(
            url=where.plain_url,
            root_key=bytes.fromhex(where.root_key),
            habits=replace(Habits(), first_prekeys=30),
        )

    house = await open_house(make_engine=make, settings={"engine": "native"})
    session = await house.gateway.sessions.create(house.us, name="shop")
    await house.gateway.sessions.start(house.us, session.id)
    await control.phone(OWN).scan((await house.qr(session)).text)
    await house.reaches(session, SessionState.CONNECTED)
    return house


@pytest.fixture
def api(house: House) -> Api:
    assert house.gateway.first_key is not None
    return Api(create_app(house.gateway), house.gateway.first_key.secret)


@pytest.fixture
def ana(control: EmulatorClient) -> PhoneClient:
    return control.phone(ANA)


async def ask(api: Api, method: str, path: str, body: object = None, status: int = 200) -> Any:
    answer = await api.ask(method, path, body)
    assert answer.status == status, answer.body
    return answer.json if answer.body else None


async def told(house: House, kind: str, times: int = 1) -> list[dict[str, Any]]:
    """Wait until so many events of a type are there; what they say, which is just what their shape says."""

    async def enough() -> list[dict[str, Any]] | None:
        found = [event.data for event in await house.events(kind)]
        return found if len(found) >= times else None

    found = list(await eventually(enough))
    shape = SHAPES[EventType(kind)]
    assert [shape.model_validate(data).model_dump(mode="json", by_alias=True) for data in found] == found
    return found


def jpeg(color: str, size: tuple[int, int] = (64, 64), kind: str = "JPEG") -> bytes:
    written = BytesIO()
    Image.new("RGB", size, color).save(written, kind)
    return written.getvalue()


async def test_numbers_are_checked_in_one_question(house: House, api: Api, control: EmulatorClient) -> None:
    """Accounts are found whichever way their extra digit is written, and shown as they are registered."""
    for phone in ("551188887777", "5493516123456", "5215512345678"):
        await control.account(phone)
    asked = ["+55 (11) 90000-0002", "+5511988887777", "+54 351 612-3456", "525512345678", "+4915100000000"]
    before = (await control.stats())["counts"].get("iqs usync", 0)
    checked = (await api.post(f"{CONTACTS}/check", {"phones": asked}))["data"]
    assert (await control.stats())["counts"].get("iqs usync", 0) == before + 1
    assert [(one["query"], one["on_whatsapp"], one["phone"]) for one in checked] == [
        (asked[0], True, f"+{ANA}"),
        (asked[1], True, "+551188887777"),
        (asked[2], True, "+5493516123456"),
        (asked[3], True, "+5215512345678"),
        (asked[4], False, None),
    ]
    wrong = await api.post(f"{CONTACTS}/check", {"phones": [f"+{ANA}", "nobody"]}, 422)
    assert (wrong["code"], wrong["errors"][0]["pointer"]) == ("invalid_recipient", "/phones/1")
    assert (await api.post(f"{CONTACTS}/check", {"phones": []}, 422))["code"] == "invalid_request"


async def test_people_show_an_about_and_a_picture(house: House, api: Api, ana: PhoneClient) -> None:
    await ana.people.set_about("At work")
    picture_id = await ana.people.set_picture(jpeg("red"))
    shown = await api.get(f"{CONTACTS}/+{ANA}/about")
    assert (shown["phone"], shown["about"], shown["picture_id"]) == (f"+{ANA}", "At work", picture_id)
    assert await api.get(f"{CONTACTS}/{shown['id']}") == await api.get(f"{CONTACTS}/{shown['lid']}") == shown
    link = await api.get(f"{CONTACTS}/+{ANA}/picture")
    assert (link["id"], link["preview"]) == (picture_id, False)
    assert (await api.get(f"{CONTACTS}/+{ANA}/picture?preview=true"))["preview"]
    assert (await api.get(f"{CONTACTS}/+{BOB}/picture", 404))["code"] == "picture_not_found"
    await ana.people.set_privacy("profile", "contacts")
    await ana.people.set_privacy("status", "none")
    assert (await api.get(f"{CONTACTS}/+{ANA}/picture", 404))["code"] == "picture_not_found"
    assert (await api.get(f"{CONTACTS}/+{ANA}/about"))["about"] is None
    await ana.people.set_contacts([OWN])
    assert (await api.get(f"{CONTACTS}/+{ANA}/picture"))["id"] == picture_id
    assert (await api.get(f"{CONTACTS}/+4915100000000/about", 422))["code"] == "recipient_not_on_whatsapp"
    assert (await api.get(f"{CONTACTS}/con_nonsense/about", 404))["code"] == "contact_not_found"


async def test_what_people_change_is_told(house: House, api: Api, ana: PhoneClient) -> None:
    await ana.type(OWN, "hello")
    await told(house, "message.received")
    await api.post(f"{SHOP}/messages?wait=20&until=delivered", {"to": f"+{ANA}", "text": "hello"}, 200)
    await ana.people.set_about("On holiday")
    picture_id = await ana.people.set_picture(jpeg("blue"))
    await ana.people.set_picture(None)
    await ana.people.set_name("Ana Maria")
    await ana.type(OWN, "it is me")
    about, set_picture, removed, named = await told(house, "contact.updated", 4)
    assert (about["changes"], about["details"]["about"]) == (["about"], "On holiday")
    assert (set_picture["changes"], set_picture["details"]["picture_id"]) == (["picture"], picture_id)
    assert (removed["changes"], removed["details"]["picture_id"]) == (["picture"], None)
    assert (named["changes"], named["contact"]["push_name"]) == (["push_name"], "Ana Maria")
    contact = await api.get(f"{CONTACTS}/+{ANA}")
    assert (contact["push_name"], contact["about"], contact["picture_id"]) == ("Ana Maria", "On holiday", None)


async def test_who_is_blocked_is_not_heard(house: House, api: Api, ana: PhoneClient, control: EmulatorClient) -> None:
    lid = (await control.account(ANA)).lid
    blocked = await ask(api, "PUT", f"{CONTACTS}/+{ANA}/block")
    assert (blocked["phone"], blocked["lid"], blocked["blocked"]) == (f"+{ANA}", lid, True)
    assert (await control.phone(OWN).people.look())["blocked"] == [lid]
    await ana.type(OWN, "nobody hears me")
    call = await ana.people.call(OWN)
    await control.phone(OWN).people.block(BOB)
    assert [data["contact"]["lid"] for data in await told(house, "contact.updated", 2)] == [
        lid,
        (await control.account(BOB)).lid,
    ]
    listed = (await api.get(f"{CONTACTS}?blocked=true"))["data"]
    assert {contact["lid"] for contact in listed} == {lid, (await control.account(BOB)).lid}
    assert not (await ask(api, "DELETE", f"{CONTACTS}/{blocked['id']}/block"))["blocked"]
    assert [contact["id"] for contact in (await api.get(f"{CONTACTS}?blocked=false"))["data"]] == [blocked["id"]]
    await ana.type(OWN, "and now?")
    heard = await told(house, "message.received")
    assert [message["text"] for message in heard] == ["and now?"]
    assert await house.events("call.*") == []
    assert (await control.call(call.id)).state == "ringing"


async def test_a_blocklist_from_before_is_learnt(house: House, api: Api, control: EmulatorClient) -> None:
    await house.close()
    await control.phone(OWN).people.block(BOB)
    await house.open()
    session = await house.gateway.sessions.get(house.us, "shop")
    await house.reaches(session, SessionState.CONNECTED)
    api = Api(create_app(house.gateway), api.key)
    await told(house, "contact.updated")
    [bob] = (await api.get(f"{CONTACTS}?blocked=true"))["data"]
    assert bob["lid"] == (await control.account(BOB)).lid


async def test_presence_is_shown_and_seen(house: House, api: Api, ana: PhoneClient, control: EmulatorClient) -> None:
    await ask(api, "POST", f"{SHOP}/presence", {"available": True}, 204)
    await eventually(lambda: _is_present(control, present=True))
    await ask(api, "POST", f"{CONTACTS}/+{ANA}/presence/subscribe", None, 204)
    await told(house, "presence.updated")
    await ana.set_available(available=True)
    await ana.set_typing(OWN, on=True)
    await ana.set_typing(OWN, on=False)
    await ana.people.set_privacy("last", "none")
    await ana.set_available(available=False)
    seen = await told(house, "presence.updated", 5)
    assert [data["state"] for data in seen] == ["offline", "online", "composing", "paused", "offline"]
    assert {data["contact"]["phone"] for data in seen} == {f"+{ANA}"}
    assert seen[-1]["last_seen"] is None
    await ask(api, "POST", f"{SHOP}/presence", {"available": False}, 204)
    await eventually(lambda: _is_present(control, present=False))


async def _is_present(control: EmulatorClient, *, present: bool) -> bool:
    return bool((await control.phone(OWN).people.look())["present"] is present)


async def test_calls_are_told_and_turned_down(
    house: House, api: Api, ana: PhoneClient, control: EmulatorClient
) -> None:
    call = await ana.people.call(OWN, video=True)
    [rang] = await told(house, "call.received")
    assert (rang["id"], rang["from"]["phone"], rang["video"], rang["rejected"]) == (
        f"call_{call.id}",
        f"+{ANA}",
        True,
        False,
    )
    await ask(api, "POST", f"{SHOP}/calls/{rang['id']}/reject", None, 204)
    await eventually(lambda: _call_is(control, call.id, "rejected"))
    [ended] = await told(house, "call.ended")
    assert (ended["id"], ended["outcome"]) == (rang["id"], "rejected")
    assert (await api.post(f"{SHOP}/calls/{rang['id']}/reject", None, 404))["code"] == "call_not_found"
    for accept in (True, False):
        other = await ana.people.call(OWN)
        await control.phone(OWN).people.answer(other.id, accept=accept)
    missed = await ana.people.call(OWN)
    await ana.people.hang_up(missed.id)
    outcomes = [data["outcome"] for data in await told(house, "call.ended", 4)]
    assert outcomes == ["rejected", "accepted", "rejected", "ended"]


async def _call_is(control: EmulatorClient, id: str, state: str) -> bool:
    return (await control.call(id)).state == state


async def test_the_account_has_a_profile(house: House, api: Api, control: EmulatorClient) -> None:
    profile = f"{SHOP}/profile"
    assert (await api.get(profile))["phone"] == f"+{OWN}"
    assert (await ask(api, "PATCH", profile, {"about": "Mon to Fri"}))["about"] == "Mon to Fri"
    assert (await ask(api, "PATCH", profile, {"about": "x" * 140}, 422))["code"] == "invalid_request"
    png = base64.b64encode(jpeg("green", (900, 300), "PNG")).decode()
    media = await api.post("/v1/media", {"base64": png}, 201)
    picture = await ask(api, "PUT", f"{profile}/picture", {"media": {"id": media["id"]}})
    mine = await control.phone(OWN).people.look()
    assert (mine["about"], mine["picture_id"]) == ("Mon to Fri", picture["id"])
    await control.phone(OWN).people.set_about("Closed")
    assert (await api.get(f"{profile}?refresh=true"))["about"] == "Closed"
    await ask(api, "DELETE", f"{profile}/picture", None, 204)
    assert (await control.phone(OWN).people.look())["picture_id"] is None
    note = await api.post("/v1/media", {"base64": base64.b64encode(b"hello").decode()}, 201)
    assert (await ask(api, "PUT", f"{profile}/picture", {"media": {"id": note["id"]}}, 422))["code"] == "invalid_media"
    missing = {"media": {"id": "med_01KAGQ9B4C7D1F5H8K2M6N0P3R"}}
    assert (await ask(api, "PUT", f"{profile}/picture", missing, 404))["code"] == "media_not_found"


async def test_privacy_is_read_and_changed(house: House, api: Api, ana: PhoneClient, control: EmulatorClient) -> None:
    path = f"{SHOP}/privacy"
    before = await api.get(path)
    assert before["last_seen"] == before["read_receipts"] == "everybody"
    after = await ask(api, "PATCH", path, {"last_seen": "contacts", "read_receipts": "nobody"})
    assert after == {**before, "last_seen": "contacts", "read_receipts": "nobody"}
    assert (await ask(api, "PATCH", path, {"online": "contacts"}, 422))["code"] == "invalid_request"
    assert (await ask(api, "PATCH", path, {"about": None}, 422))["code"] == "invalid_request"
    await ana.type(OWN, "hello")
    [message] = await told(house, "message.received")
    await ask(api, "POST", f"/v1/messages/{message['id']}/read", None, 204)
    await control.phone(OWN).people.set_privacy("readreceipts", "all")
    assert (await api.get(path))["read_receipts"] == "everybody"
    await ask(api, "POST", f"/v1/messages/{message['id']}/read", None, 204)

    async def read() -> list[str]:
        return [receipt.type for receipt in await ana.receipts() if receipt.type == "read"]

    assert await eventually(read) == ["read"]


async def test_groups_have_pictures(house: House, api: Api, ana: PhoneClient) -> None:
    group = await ana.create_group("Sales", [OWN])
    await told(house, "group.updated")
    path = f"{SHOP}/groups/{group.jid}/picture"
    assert (await api.get(path, 404))["code"] == "picture_not_found"
    await ana.group(group.jid).set_picture(jpeg("red"))
    changed = (await told(house, "group.updated", 2))[-1]
    assert changed["changes"] == ["picture"]
    theirs = await api.get(path)
    media = await api.post("/v1/media", {"base64": base64.b64encode(jpeg("blue")).decode()}, 201)
    set_ = await ask(api, "PUT", path, {"media": {"id": media["id"]}})
    assert (await api.get(path))["id"] == set_["id"] != theirs["id"]
    await ask(api, "DELETE", path, None, 204)
    assert (await api.get(path, 404))["code"] == "picture_not_found"
    await ana.group(group.jid).set(locked=True)
    assert (await ask(api, "PUT", path, {"media": {"id": media["id"]}}, 409))["code"] == "not_group_admin"


async def test_contacts_are_listed_and_found(house: House, api: Api, ana: PhoneClient, control: EmulatorClient) -> None:
    await ana.type(OWN, "hello")
    await control.phone(BOB).type(OWN, "hello")
    await told(house, "message.received", 2)
    listed = (await api.get(CONTACTS))["data"]
    assert [contact["push_name"] for contact in listed] == ["Ana", "Bob"]
    first = await api.get(f"{CONTACTS}?limit=1")
    rest = await api.get(f"{CONTACTS}?limit=1&cursor={first['next_cursor']}")
    assert (first["data"] + rest["data"], rest["next_cursor"]) == (listed, None)
    backwards = await api.get(f"{CONTACTS}?order=desc")
    assert backwards["data"] == listed[::-1]
    for search, found in (("an", ["Ana"]), ("0003", ["Bob"]), ("%", []), ("+55 11 9", ["Ana", "Bob"])):
        answer = await api.ask("GET", f"{CONTACTS}?search={search.replace('%', '%25').replace('+', '%2B')}")
        assert [contact["push_name"] for contact in answer.json["data"]] == found, search
    reader = await api.limited("contacts:read")
    assert await reader.get(f"{CONTACTS}/{listed[0]['id']}") == listed[0]
    assert (await ask(reader, "PUT", f"{CONTACTS}/+{ANA}/block", None, 403))["code"] == "forbidden"


async def test_one_person_stays_one_conversation(
    house: House, api: Api, ana: PhoneClient, control: EmulatorClient
) -> None:
    """Known by number, then by LID, then under another number."""
    await api.post(f"{SHOP}/messages?wait=20&until=delivered", {"to": f"+{ANA}", "text": "hello"}, 200)
    await ana.type(OWN, "by LID")
    [before] = await told(house, "message.received")
    await ana.people.change_number("5511900000009")
    await told(house, "contact.updated")
    await control.phone("5511900000009").type(OWN, "my new number")
    after = (await told(house, "message.received", 2))[-1]
    assert after["chat"]["id"] == before["chat"]["id"]
    assert (after["from"]["id"], after["from"]["phone"]) == (before["from"]["id"], "+5511900000009")
    again = await api.post(f"{SHOP}/messages?wait=20&until=delivered", {"to": "+5511900000009", "text": "noted"}, 200)
    assert again["chat"]["id"] == before["chat"]["id"]
    assert (await api.get(f"{CONTACTS}/+{ANA}", 404))["code"] == "contact_not_found"
    listed = await api.get(f"{SHOP}/messages?chat={before['chat']['id']}")
    assert len(listed["data"]) == 4
