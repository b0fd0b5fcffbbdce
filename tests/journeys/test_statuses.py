"""Status posts through the API, with the native engine, and people on their phones at the other end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from api.world import Api
from fixtures import samples
from fixtures.rooms import House, OpenHouse, eventually
from journeys.engine_choice import EngineChoice, on_both_engines
from wagate.api.app import create_app
from wagate.domain.session import SessionState
from whatsapp_emulator.client import EmulatorClient, PhoneClient

OWN, ANA, BOB, EVE = "5511900000001", "5511900000002", "5511900000003", "5511900000004"
POSTS = "/v1/sessions/shop/status-posts"
STATUS = "status@broadcast"
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="


@pytest.fixture
async def house(engine_choice: EngineChoice, open_house: OpenHouse, control: EmulatorClient) -> House:
    """A gateway with a connected session ``shop``; everybody has a phone."""
    for phone, name in ((OWN, "Shop"), (ANA, "Ana"), (BOB, "Bob"), (EVE, "Eve")):
        await control.account(phone, name)
    house = await open_house(make_engine=engine_choice.make, settings={"engine": engine_choice.name})
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


@pytest.fixture
def bob(control: EmulatorClient) -> PhoneClient:
    return control.phone(BOB)


async def post(api: Api, **fields: object) -> dict[str, Any]:
    found: dict[str, Any] = await api.post(POSTS, {"type": "text", "text": "open until ten", **fields}, 202)
    return found


async def events(house: House, kind: str, count: int = 1) -> list[dict[str, Any]]:
    """Wait for so many events of a type."""

    async def found() -> list[dict[str, Any]] | None:
        told = await house.events(kind)
        return [event.data for event in told] if len(told) >= count else None

    return await eventually(found) or []


async def refuse(api: Api, body: Mapping[str, object], code: str) -> None:
    answer = await api.ask("POST", POSTS, body)
    assert (answer.status, answer.json["code"]) == (422, code), answer.body


async def test_a_text_reaches_those_whom_it_is_for_and_tells_who_looked(
    house: House, api: Api, ana: PhoneClient, bob: PhoneClient, control: EmulatorClient
) -> None:
    posted = await post(api, to=[f"+{ANA}", f"+{BOB}"], background="#102030", font="calistoga_regular")
    assert (posted["chat"]["kind"], posted["chat"]["jid"]) == ("status", STATUS)
    assert posted["content"]["look"] == {"background": "#102030", "font": "calistoga_regular"}
    for phone in (ana, bob, control.phone(OWN)):
        (shown,) = await phone.inbox(wait_s=5)
        assert (shown.id, shown.chat, shown.text) == (posted["wa_id"], STATUS, "open until ten")
    assert await control.phone(EVE).inbox() == []
    await api.until_status(posted["id"], "delivered")
    await ana.read()
    await api.until_status(posted["id"], "read")


async def viewers(api: Api, posted: Mapping[str, Any], count: int) -> list[dict[str, Any]]:
    """Wait until so many have looked at a post."""

    async def found() -> list[dict[str, Any]] | None:
        data: list[dict[str, Any]] = (await api.get(f"/v1/messages/{posted['id']}/viewers"))["data"]
        return data if len(data) == count else None

    return await eventually(found) or []


async def test_it_is_told_who_has_looked_at_a_post_and_when(
    house: House, api: Api, ana: PhoneClient, bob: PhoneClient, control: EmulatorClient
) -> None:
    posted = await post(api, to=[f"+{ANA}", f"+{BOB}", f"+{EVE}"])
    path = f"/v1/messages/{posted['id']}/viewers"
    await api.until_status(posted["id"], "delivered")
    assert await api.get(path) == {"data": [], "next_cursor": None}
    assert await ana.read() == [posted["wa_id"]]
    (looked,) = await viewers(api, posted, 1)
    assert looked["contact"]["lid"] == (await control.account(ANA)).lid
    assert await bob.read() == [posted["wa_id"]]
    shown = await viewers(api, posted, 2)
    assert [view["contact"]["phone"] for view in shown] == [f"+{ANA}", f"+{BOB}"]
    assert posted["times"]["accepted"] <= shown[0]["at"] <= shown[1]["at"]

    first = await api.get(f"{path}?limit=1")
    assert first["data"] == shown[:1]
    second = await api.get(f"{path}?limit=1&cursor={first['next_cursor']}")
    assert second == {"data": shown[1:], "next_cursor": None}
    assert (await api.get(f"{path}?order=desc"))["data"] == shown[::-1]
    wrong = await api.ask("GET", f"{path}?order=desc&cursor={first['next_cursor']}")
    assert (wrong.status, wrong.json["code"]) == (400, "invalid_cursor")

    await ana.say(STATUS, "text", text="mine")
    (theirs,) = await events(house, "message.received")
    text = await api.post("/v1/sessions/shop/messages", {"to": f"+{ANA}", "type": "text", "text": "hi"}, 202)
    deletion = (await api.ask("DELETE", f"/v1/messages/{posted['id']}")).json
    for other in (theirs["id"], text["id"], deletion["id"], "msg_nobody"):
        answer = await api.ask("GET", f"/v1/messages/{other}/viewers")
        assert (answer.status, answer.json["code"]) == (404, "message_not_found")
    await api.until_status(deletion["id"], "delivered")
    after = [(view["contact"]["id"], view["at"]) for view in await viewers(api, posted, 2)]
    assert after == [(view["contact"]["id"], view["at"]) for view in shown]


async def test_a_post_is_for_all_who_are_known_but_some(
    house: House, api: Api, ana: PhoneClient, bob: PhoneClient, control: EmulatorClient
) -> None:
    await refuse(api, {"type": "text", "text": "to nobody"}, "invalid_recipient")
    for phone in (ana, bob):
        await phone.type(OWN, "hello")
    await events(house, "message.received", 2)
    first = await post(api)
    await api.until_status(first["id"], "delivered")
    assert [shown.text for shown in await bob.inbox(wait_s=5)] == ["open until ten"]
    # Bob has the key of the first one; the emulator holds it against us if the next one is written with it.
    second = await post(api, **{"except": [f"+{BOB}"]}, text="a secret")
    await api.until_status(second["id"], "delivered")
    assert [shown.text for shown in await ana.inbox()] == ["open until ten", "a secret"]
    assert [shown.text for shown in await bob.inbox()] == ["open until ten"]
    assert await control.phone(EVE).inbox() == []


async def test_a_post_is_taken_back_from_those_whom_it_was_for(
    house: House, api: Api, ana: PhoneClient, bob: PhoneClient
) -> None:
    posted = await post(api, to=[f"+{ANA}"])
    await api.until_status(posted["id"], "delivered")
    await post(api, to=[f"+{BOB}"], text="another")
    deletion = (await api.ask("DELETE", f"/v1/messages/{posted['id']}")).json
    await api.until_status(deletion["id"], "delivered")
    revoked = (await ana.inbox())[-1]
    assert (revoked.kind, revoked.edit, revoked.target) == ("revoke", "7", posted["wa_id"])
    assert [shown.text for shown in await bob.inbox(wait_s=5)] == ["another"]
    assert (await api.get(f"/v1/messages/{posted['id']}"))["type"] == "deleted"


async def test_a_post_that_a_phone_asks_for_is_sent_again(
    house: House, api: Api, ana: PhoneClient, bob: PhoneClient
) -> None:
    posted = await post(api, to=[f"+{ANA}"])
    await api.until_status(posted["id"], "delivered")
    await ana.do("ask-retry", id=posted["wa_id"], count=1)

    async def repeated() -> bool:
        return [shown.repeat for shown in await ana.inbox() if shown.id == posted["wa_id"]] == [False, True]

    await eventually(repeated)
    again = await post(api, to=[f"+{ANA}", f"+{BOB}"], text="one more")
    await api.until_status(again["id"], "delivered")
    assert [shown.text for shown in await bob.inbox(wait_s=5)] == ["one more"]


async def test_pictures_are_posted_and_come_in(
    house: House, api: Api, ana: PhoneClient, control: EmulatorClient
) -> None:
    wanted = {"type": "image", "base64": DOT, "caption": "a dot", "to": [f"+{ANA}"]}
    posted = await api.post(f"{POSTS}?wait=10&until=delivered", wanted, 200)
    (shown,) = await ana.inbox(wait_s=5)
    assert (shown.kind, shown.text, shown.chat) == ("image", "a dot", STATUS)
    assert (await ana.fetch(shown.id)).size == posted["media"]["size"]
    sent = await ana.send_media(STATUS, "image", await ana.file(shown.id), caption="my dot")
    (arrived,) = await events(house, "message.received")
    assert (arrived["wa_id"], arrived["chat"]["kind"], arrived["text"]) == (sent, "status", "my dot")
    assert arrived["from"]["phone"] == f"+{ANA}"
    await events(house, "message.media_updated")
    assert (await api.get(f"/v1/messages/{arrived['id']}"))["media"]["state"] == "ready"


@on_both_engines
async def test_others_posts_come_in_are_looked_at_and_taken_back(
    house: House, api: Api, ana: PhoneClient, control: EmulatorClient
) -> None:
    lid = (await control.account(OWN)).lid
    first = await ana.say(STATUS, "text", text="at the beach")
    (arrived,) = await events(house, "message.received")
    assert (arrived["wa_id"], arrived["chat"]["jid"], arrived["text"]) == (first, STATUS, "at the beach")
    assert (await api.ask("POST", f"/v1/messages/{arrived['id']}/read")).status == 204

    async def is_told() -> bool:
        ours = [receipt for receipt in await ana.receipts() if receipt.device.startswith(lid.partition("@")[0])]
        return ("read", (first,)) in {(receipt.type, receipt.ids) for receipt in ours}

    await eventually(is_told)
    for number, (kind, file) in enumerate({"image": samples.image("JPEG"), "video": samples.video()}.items(), 2):
        await ana.send_media(STATUS, kind, file, caption="and here")
        shown = (await events(house, "message.received", number))[-1]
        assert (shown["type"], shown["text"], shown["chat"]["jid"]) == (kind, "and here", STATUS)
        await events(house, "message.media_updated", number - 1)
        assert (await api.ask("GET", shown["media"]["url"])).body == file
    await ana.act("revoke", first)
    await events(house, "message.deleted")
    assert (await api.get(f"/v1/messages/{arrived['id']}"))["type"] == "deleted"
    await control.phone(OWN).say(STATUS, "text", text="from our own phone")
    (ours,) = await events(house, "message.sent")
    assert (ours["chat"], ours["direction"], ours["origin"]) == (arrived["chat"], "out", "other_device")


async def test_what_cannot_be_posted_is_refused(house: House, api: Api) -> None:
    for fields, code in (
        ({"to": ["nobody"]}, "invalid_recipient"),
        ({"to": ["120363000000000001@g.us"]}, "invalid_recipient"),
        ({"to": ["con_nobody"]}, "invalid_recipient"),
        ({"to": [f"+{ANA}"], "except": [f"+{ANA}"]}, "invalid_recipient"),
        ({"to": []}, "invalid_request"),
        ({"background": "red"}, "invalid_request"),
        ({"font": "comic"}, "invalid_request"),
        ({"type": "audio"}, "invalid_request"),
    ):
        await refuse(api, {"type": "text", "text": "x", **fields}, code)
    image = {"type": "image", "to": [f"+{ANA}"]}
    await refuse(api, image, "invalid_request")
    nowhere = await post(api, to=["+5511999999990"])
    await api.until_status(nowhere["id"], "failed")
    assert (await api.get(f"/v1/messages/{nowhere['id']}"))["error"]["code"] == "recipient_not_on_whatsapp"
