"""Groups through the API, with the native engine, and people on their phones at the other end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from api.world import Api
from fixtures.rooms import House, OpenHouse, eventually
from wagate.adapters.engines.native import Habits, NativeEngine
from wagate.api.app import create_app
from wagate.domain.session import SessionState
from whatsapp_emulator.client import EmulatorClient, PhoneClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_emulator.world.queue import DeviceQueue

OWN, ANA, BOB = "5511900000001", "5511900000002", "5511900000003"
GROUPS = "/v1/sessions/shop/groups"


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


async def put(api: Api, path: str, status: int = 200) -> Any:
    answer = await api.ask("PUT", path)
    assert answer.status == status, answer.body
    return answer.json


async def delete(api: Api, path: str, status: int = 200) -> Any:
    answer = await api.ask("DELETE", path)
    assert answer.status == status, answer.body
    return answer.json if answer.body else None


async def patch(api: Api, path: str, body: object, status: int = 200) -> Any:
    answer = await api.ask("PATCH", path, body)
    assert answer.status == status, answer.body
    return answer.json


async def event(house: House, kind: str, place: int = -1) -> dict[str, Any]:
    """Wait for events of a type; one of them."""
    found = await eventually(lambda: house.events(kind))
    return found[place].data


async def test_a_text_climbs_in_a_group_and_an_answer_comes_back(
    house: House, api: Api, ana: PhoneClient, control: EmulatorClient
) -> None:
    group = await ana.create_group("Sales", [OWN, BOB])
    await event(house, "group.updated")
    message = await api.post(
        "/v1/sessions/shop/messages", {"to": group.jid, "text": f"hello @{ANA}", "mentions": [f"+{ANA}"]}, 202
    )
    assert (message["chat"]["kind"], message["chat"]["jid"], message["chat"]["name"]) == ("group", group.jid, "Sales")
    lid = (await control.account(ANA)).lid
    for phone in (ana, control.phone(BOB)):
        (shown,) = await phone.inbox(wait_s=5)
        assert (shown.id, shown.text, shown.mentions) == (message["wa_id"], f"hello @{lid.partition('@')[0]}", (lid,))
    await api.until_status(message["id"], "delivered")
    await ana.read()
    await api.until_status(message["id"], "read")
    told = (await api.get(f"/v1/messages/{message['id']}/receipts"))["data"]
    assert {one["contact"]["phone"]: one["read_at"] is not None for one in told} == {f"+{ANA}": True, f"+{BOB}": False}
    assert all(one["delivered_at"] for one in told)
    await control.phone(BOB).type(group.jid, "an answer", quote=message["wa_id"])
    answer = await event(house, "message.received")
    assert answer["chat"] == message["chat"]
    assert (answer["from"]["phone"], answer["quoted"]["wa_id"]) == (f"+{BOB}", message["wa_id"])
    again = {"to": message["chat"]["id"], "text": "by the chat's id", "reply_to": answer["id"]}
    await api.post("/v1/sessions/shop/messages?wait=10&until=delivered", again, 200)
    listed = await api.get(f"/v1/sessions/shop/messages?chat={group.jid}")
    assert [each["text"] for each in listed["data"]] == ["by the chat's id", "an answer", f"hello @{ANA}"]


async def test_a_group_is_made_changed_and_left(house: House, api: Api, control: EmulatorClient) -> None:
    await control.phone(BOB).set(refuses_groups=True)
    wanted = {"subject": "Order 17", "participants": [f"+{ANA}", f"+{BOB}"], "settings": {"admins_edit": True}}
    made = await api.post(GROUPS, wanted, 201)
    assert (made["subject"], made["size"], made["settings"]["admins_edit"]) == ("Order 17", 2, True)
    assert {person["phone"]: person["role"] for person in made["participants"]} == {
        f"+{OWN}": "owner",
        f"+{ANA}": "member",
    }
    [refused] = made["refused"]
    assert (refused["phone"], refused["ok"], refused["code"]) == (f"+{BOB}", False, "invite_only")
    assert refused["invite"]["code"]
    path = f"{GROUPS}/{made['id']}"
    changed = await patch(
        api, path, {"subject": "Order 18", "description": "paid", "settings": {"admins_send": True, "approval": True}}
    )
    assert (changed["subject"], changed["description"], changed["settings"]["admins_send"]) == (
        "Order 18",
        "paid",
        True,
    )
    assert (await patch(api, path, {"description": None}))["description"] is None
    assert await api.get(path) == await api.get(f"{GROUPS}/{made['jid']}?refresh=true")
    [promoted] = (await put(api, f"{path}/admins/+{ANA}"))["participants"]
    [demoted] = (await delete(api, f"{path}/admins/+{ANA}"))["participants"]
    assert (promoted["ok"], demoted["ok"]) == (True, True)
    await control.phone(BOB).set(refuses_groups=False)
    outcomes = await api.post(f"{path}/participants", {"participants": [f"+{BOB}", f"+{ANA}"]})
    assert [person["code"] for person in outcomes["participants"]] == [None, "already_member"]
    [removed] = (await delete(api, f"{path}/participants/+{BOB}"))["participants"]
    assert removed["ok"]
    told = [event.data.get("action") or event.data["changes"] for event in await house.events("group.*")]
    assert told == [
        ["is_member"],
        ["subject"],
        ["admins_send"],
        ["approval"],
        ["description"],
        ["description"],
        "promote",
        "demote",
        "add",
        "remove",
    ]
    await delete(api, path, 204)
    assert (await control.group(made["jid"])).members == {ANA: "admin"}
    assert (await api.get(path))["is_member"] is False
    assert (await api.get(GROUPS))["data"] == []


async def test_groups_are_listed_in_pages(api: Api, ana: PhoneClient) -> None:
    made = [(await ana.create_group(f"Group {number}", [OWN])).jid for number in range(3)]
    listed = await api.get(f"{GROUPS}?refresh=true")
    assert {group["jid"] for group in listed["data"]} == set(made)
    first = await api.get(f"{GROUPS}?limit=2")
    rest = await api.get(f"{GROUPS}?limit=2&cursor={first['next_cursor']}")
    assert first["data"] + rest["data"] == listed["data"]
    assert rest["next_cursor"] is None
    await ana.group(made[0]).change("remove", OWN)
    left = await api.get(f"{GROUPS}?refresh=true&order=desc")
    assert [group["jid"] for group in left["data"]] == [
        group["jid"] for group in reversed(listed["data"]) if group["jid"] != made[0]
    ]


async def test_a_group_that_we_never_heard_of_is_listed(
    house: House, api: Api, ana: PhoneClient, emulator: Emulator
) -> None:
    await house.close()
    group = await ana.create_group("Before", [OWN])
    for device in emulator.world.account(OWN).devices.values():
        device.queue = DeviceQueue()
    await house.open()
    session = await house.gateway.sessions.get(house.us, "shop")
    await house.reaches(session, SessionState.CONNECTED)
    api = Api(create_app(house.gateway), api.key)
    assert [found["jid"] for found in (await api.get(GROUPS))["data"]] == [group.jid]


async def test_another_account_has_other_groups(
    house: House, api: Api, ana: PhoneClient, control: EmulatorClient
) -> None:
    await ana.create_group("Of the first account", [OWN])
    assert len((await api.get(f"{GROUPS}?refresh=true"))["data"]) == 1
    session = await house.gateway.sessions.logout(house.us, "shop")
    await house.gateway.sessions.start(house.us, session.id)
    await control.phone(BOB).scan((await house.qr(session)).text)
    await house.reaches(session, SessionState.CONNECTED)
    assert (await api.get(GROUPS))["data"] == []
    theirs = await ana.create_group("Of the second", [BOB])
    assert [group["jid"] for group in (await api.get(f"{GROUPS}?refresh=true"))["data"]] == [theirs.jid]


async def test_links_lead_in_and_admins_decide(
    house: House, api: Api, ana: PhoneClient, control: EmulatorClient
) -> None:
    club = await ana.create_group("Club", [])
    link = f"https://chat.whatsapp.com/{await ana.group(club.jid).invite()}"
    shown = await api.get(f"{GROUPS}/invite?code={link}")
    assert (shown["id"], shown["subject"], shown["size"], shown["is_member"]) == (None, "Club", 1, False)
    joined = await api.post(f"{GROUPS}/join", {"code": link})
    assert (joined["pending"], joined["group"]["size"]) == (False, 2)
    assert (await api.post(f"{GROUPS}/join", {"code": link}, 409))["code"] == "already_group_member"
    assert (await api.post(f"{GROUPS}/join", {"code": "nonsense"}, 422))["code"] == "invite_invalid"
    assert (await api.get(f"{GROUPS}/{club.jid}/invite", 409))["code"] == "not_group_admin"

    made = await api.post(GROUPS, {"subject": "Ours", "settings": {"approval": True}}, 201)
    path = f"{GROUPS}/{made['id']}"
    old = await api.get(f"{path}/invite")
    new = await delete(api, f"{path}/invite")
    assert old["code"] != new["code"]
    for phone in (ana, control.phone(BOB)):
        assert await phone.join(new["code"])
    asked = await event(house, "group.join_request")
    assert (asked["state"], asked["group"]["subject"]) == ("requested", "Ours")
    requests = (await api.get(f"{path}/requests"))["data"]
    assert {request["phone"] for request in requests} == {f"+{ANA}", f"+{BOB}"}
    decided = await api.post(f"{path}/requests", {"decision": "approve", "participants": [f"+{ANA}", f"+{OWN}"]})
    assert [person["code"] for person in decided["participants"]] == [None, "not_found"]
    await api.post(f"{path}/requests", {"decision": "reject", "participants": [f"+{BOB}"]})
    assert (await control.group(made["jid"])).members == {OWN: "superadmin", ANA: "member"}
    await eventually(lambda: house.events("group.participants"))
    assert (await api.get(path))["size"] == 2


async def test_what_cannot_be_is_told_apart(house: House, api: Api, ana: PhoneClient) -> None:
    group = await ana.create_group("Sales", [OWN])
    path = f"{GROUPS}/{group.jid}"
    assert (await patch(api, path, {"settings": {"admins_send": True}}, 409))["code"] == "not_group_admin"
    assert (await delete(api, f"{path}/participants/+{ANA}", 409))["code"] == "not_group_admin"
    assert (await api.get(f"{GROUPS}/1@g.us", 404))["code"] == "group_not_found"
    assert (await api.get(f"{GROUPS}/cht_nonsense", 404))["code"] == "group_not_found"
    assert (await api.get(f"{GROUPS}/+{ANA}", 404))["code"] == "group_not_found"
    assert (await api.post(GROUPS, {"subject": " "}, 422))["code"] == "invalid_content"
    nobody = await api.post(f"{path}/participants", {"participants": ["nobody"]}, 422)
    assert (nobody["code"], nobody["errors"][0]["pointer"]) == ("invalid_recipient", "/participants/0")
    assert (await api.post(f"{path}/participants", {"participants": []}, 422))["code"] == "invalid_request"
    assert (await patch(api, path, {"subject": None}, 422))["code"] == "invalid_request"
    message = await api.post("/v1/sessions/shop/messages", {"to": "1@g.us", "text": "hello?"}, 202)
    assert (await api.until_status(message["id"], "failed"))["error"]["code"] == "not_group_member"
    reader = await api.limited("groups:read")
    assert (await reader.get(f"{GROUPS}?refresh=true"))["data"][0]["jid"] == group.jid
    assert (await reader.post(GROUPS, {"subject": "x"}, 403))["code"] == "forbidden"
    await house.gateway.sessions.stop(house.us, "shop")
    assert (await api.post(GROUPS, {"subject": "x"}, 409))["code"] == "session_not_running"
    assert (await api.get(GROUPS))["data"][0]["jid"] == group.jid
