"""What can be set for a session, with the native engine, and people on their phones at the other end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from api.world import Api
from fixtures.rooms import OpenHouse, eventually
from journeys.engine_choice import EngineChoice, on_both_engines
from wagate.api.app import create_app
from wagate.domain.session import SessionState
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_wire.proto.transport_pb2 import DeviceProps

OWN, ANA = "5511900000001", "5511900000002"
Start = Callable[..., Awaitable[Api]]


@pytest.fixture
async def start(engine_choice: EngineChoice, open_house: OpenHouse, control: EmulatorClient) -> Start:
    """Start a session ``shop`` with these settings, and wait until it is connected."""
    for phone, name in ((OWN, "Shop"), (ANA, "Ana")):
        await control.account(phone, name)
    house = await open_house(make_engine=engine_choice.make, settings={"engine": engine_choice.name})

    async def begin(**settings: object) -> Api:
        assert house.gateway.first_key is not None
        api = Api(create_app(house.gateway), house.gateway.first_key.secret)
        made = await api.post("/v1/sessions", {"name": "shop", "settings": settings}, 201)
        assert {name: made["settings"][name] for name in settings} == settings
        session = await house.gateway.sessions.start(house.us, "shop")
        await control.phone(OWN).scan((await house.qr(session)).text)
        await house.reaches(session, SessionState.CONNECTED)
        return api

    return begin


async def events(api: Api, kind: str, times: int = 1) -> list[dict[str, Any]]:
    """Wait until so many events of a type are there; what they say."""

    async def enough() -> list[dict[str, Any]] | None:
        found = (await api.get(f"/v1/events?types={kind}"))["data"]
        return [event["data"] for event in found] if len(found) >= times else None

    return list(await eventually(enough))


async def test_calls_are_turned_down_at_once(start: Start, control: EmulatorClient) -> None:
    api = await start(auto_reject_calls=True)
    call = await control.phone(ANA).people.call(OWN)
    [ended] = await events(api, "call.ended")
    [rang] = await events(api, "call.received")
    assert (rang["rejected"], ended["id"], ended["outcome"]) == (True, rang["id"], "rejected")

    async def rejected() -> bool:
        return (await control.call(call.id)).state == "rejected"

    await eventually(rejected)


async def test_the_account_is_shown_online_over_a_reconnect(start: Start, control: EmulatorClient) -> None:
    api = await start(always_online=True)

    async def is_online() -> bool:
        return bool((await control.phone(OWN).people.look())["present"])

    async def is_offline() -> bool:
        return not await is_online()

    await eventually(is_online)
    await control.operator(OWN).kick("drop")
    await eventually(is_offline)
    await api.until_state("shop", "connected")
    await eventually(is_online)


@on_both_engines
async def test_nobody_hears_that_we_read(start: Start, control: EmulatorClient) -> None:
    api = await start(read_receipts=False)
    await control.phone(ANA).type(OWN, "hello")
    [message] = await events(api, "message.received")
    answer = await api.ask("POST", f"/v1/messages/{message['id']}/read")
    assert answer.status == 204

    later = {"to": f"+{ANA}", "text": "what was said before this is there by now"}
    await api.post("/v1/sessions/shop/messages?wait=30&until=delivered", later, 200)
    assert "read" not in {receipt.type for receipt in await control.phone(ANA).receipts()}


async def test_groups_are_left_out_but_what_we_send_there_is_not(start: Start, control: EmulatorClient) -> None:
    filters = {"groups": False, "status": True, "channels": True, "broadcast": False}
    api = await start(filters=filters)
    ana = control.phone(ANA)
    group = await ana.create_group("Sales", [OWN])
    await ana.type(group.jid, "nobody takes note")
    await control.phone(OWN).type(group.jid, "nor of this")
    sent = await api.post("/v1/sessions/shop/messages?wait=30&until=sent", {"to": group.jid, "text": "hello"}, 200)
    assert sent["status"] in ("sent", "delivered")
    await ana.type(OWN, "but of this")
    [message] = await events(api, "message.received")
    assert message["text"] == "but of this"
    assert [found["id"] for found in (await api.get(f"/v1/sessions/shop/messages?chat={group.jid}"))["data"]] == [
        sent["id"]
    ]
    assert (await api.get("/v1/events?types=group.updated"))["data"] == []
    changed = await api.ask("PATCH", "/v1/sessions/shop", {"settings": {"filters": {"groups": True}}})
    assert changed.json["settings"]["filters"] == {**filters, "groups": True}
    reset = await api.ask("PATCH", "/v1/sessions/shop", {"settings": {"filters": None}})
    assert set(reset.json["settings"]["filters"].values()) == {True}


@on_both_engines
async def test_the_phone_lists_the_device_under_its_name(start: Start, emulator: Emulator) -> None:
    await start(device_name="Shop on the corner", device_platform="firefox")
    [shown] = [DeviceProps.FromString(device.shown_as) for device in emulator.world.account(OWN).devices.values()]
    assert (shown.os, shown.platform_type) == ("Shop on the corner", 2)
