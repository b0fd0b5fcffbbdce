"""The journal over HTTP: as a list, and as a stream from a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest

from api.listening import listening
from api.served import Served, serving
from api.world import Api, World, one_database, until
from wagate.adapters.engines.fake import FakeService
from wagate.api.limits import Limits
from wagate.api.v1.schemas.event_shapes import SHAPES
from wagate.api.v1.schemas.events import Event, EventPage
from wagate.features import Gateway


@pytest.fixture
async def served(gateway: Gateway) -> AsyncIterator[Served]:
    """The gateway's API on a real server."""
    async with serving(gateway, Limits(heartbeat_s=0.2, streams=3)) as server:
        yield server


async def test_events_are_listed_in_order_and_tell_of_their_session(world: World) -> None:
    sent = await world.send("Hello")
    await world.api.until_status(sent["id"], "delivered")
    page = await world.api.get("/v1/events?types=message.*&session=support")
    assert EventPage.model_validate(page).model_dump(mode="json", by_alias=True) == page
    assert [event["type"] for event in page["data"]] == ["message.queued", "message.sent", "message.delivered"]
    assert {event["session"]["name"] for event in page["data"]} == {"support"}
    assert page["data"][0]["data"] == sent
    sequence = [event["seq"] for event in (await world.api.get("/v1/events"))["data"] if event["session"]]
    assert sequence == list(range(1, len(sequence) + 1))


async def test_every_event_carries_what_the_reference_says(world: World) -> None:
    world.ana.auto_read = True
    await world.api.until_status((await world.send())["id"], "read")
    world.service.faults.refuse_with = "blocked"
    await world.api.until_status((await world.send())["id"], "failed")
    world.ana.type(world.shop, "Hi!")
    bert = world.service.phone("5511900000003", "Bert")
    bert.uses_lid = True
    bert.type(world.shop, "Hello")
    world.service.tell_lid(world.shop, world.ana)
    world.service.drop(world.shop)
    await world.api.until_state("support", "connected")
    await world.api.post("/v1/sessions/support/logout")
    await world.api.post("/v1/sessions/support/start")
    await world.api.until_state("support", "awaiting_scan")
    await world.api.post("/v1/sessions/support/pairing-code", {"phone": "+5511900000001"})
    seen: set[str] = set()

    async def all_of_them() -> bool:
        for event in (await world.api.get("/v1/events?limit=200"))["data"]:
            shape = SHAPES[event["type"]]
            assert shape.model_validate(event["data"]).model_dump(mode="json", by_alias=True) == event["data"]
            seen.add(event["type"])
        return {*_EXPECTED} <= seen

    await until(all_of_them)


_EXPECTED = (
    *("session.state", "session.connected", "session.logged_out", "session.qr", "session.pairing_code"),
    *("message.queued", "message.sent", "message.delivered", "message.read", "message.failed", "message.received"),
    "contact.updated",
)


async def test_the_list_of_events_goes_on_with_its_cursor(world: World) -> None:
    everything = (await world.api.get("/v1/events?limit=200"))["data"]
    for order, expected in (("asc", everything), ("desc", everything[::-1])):
        seen: list[object] = []
        cursor = ""
        while True:
            page = await world.api.get(f"/v1/events?limit=2&order={order}{cursor}")
            seen += page["data"]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert seen == expected


async def test_events_of_a_deleted_session_keep_its_id(world: World) -> None:
    session = (await world.api.get("/v1/sessions/support"))["id"]
    await world.api.ask("DELETE", "/v1/sessions/support")

    async def forgotten() -> bool:
        events = (await world.api.get("/v1/events"))["data"]
        return bool(events) and all(event["session"]["name"] is None for event in events if event["session"])

    await until(forgotten)
    assert {event["session"]["id"] for event in (await world.api.get("/v1/events"))["data"]} == {session}


async def test_a_stream_tells_what_happens_as_it_happens(world: World, served: Served) -> None:
    async with listening(served, "?types=message.*") as listener:
        sent = await world.send("Hello")
        events = await listener.take(3)
        assert [event["event"] for event in events] == ["message.queued", "message.sent", "message.delivered"]
        first = orjson.loads(events[0]["data"])
        assert Event.model_validate(first).model_dump(mode="json", by_alias=True) == first
        assert first["id"] == events[0]["id"]
        assert first["data"]["id"] == sent["id"]
        world.ana.type(world.shop, "Hi!")
        arrived = await listener.next()
        assert arrived["event"] == "message.received"
        assert orjson.loads(arrived["data"])["data"]["text"] == "Hi!"


async def test_a_listener_who_comes_back_misses_nothing(world: World, served: Served) -> None:
    async with listening(served, "?types=message.received") as listener:
        world.ana.type(world.shop, "1")
        last = (await listener.next())["id"]
    for text in "23":
        world.ana.type(world.shop, text)
    async with listening(served, "?types=message.received", {"Last-Event-ID": last}) as listener:
        world.ana.type(world.shop, "4")
        texts = [orjson.loads(event["data"])["data"]["text"] for event in await listener.take(3)]
    assert texts == ["2", "3", "4"]


@one_database
async def test_a_stream_is_of_the_asked_session_only(world: World, served: Served, service: FakeService) -> None:
    await world.api.post("/v1/sessions", {"name": "other"}, 201)
    async with listening(served, "?types=session.state&session=other") as listener:
        await world.api.post("/v1/sessions/support/stop")
        await world.api.post("/v1/sessions/other/start")
        assert orjson.loads((await listener.next())["data"])["session"]["name"] == "other"


@one_database
async def test_what_a_stream_cannot_do_is_a_problem_document(api: Api, served: Served) -> None:
    for query, headers, status in (
        ("?types=message.exploded", {}, 422),
        ("?colour=red", {}, 422),
        ("?session=nobody", {}, 404),
        ("", {"Last-Event-ID": "evt_nothing"}, 400),
        ("", {"Last-Event-ID": "x" * 101}, 422),
        ("", {"Authorization": "Bearer wag_live_nonsense"}, 401),
    ):
        async with served.http.get(f"{served.url}/v1/events/stream{query}", headers=headers) as response:
            assert response.status == status
            assert response.content_type == "application/problem+json"


@one_database
async def test_silence_is_broken_by_comments(served: Served) -> None:
    async with listening(served, "?types=message.*") as listener:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await listener.next()
        assert listener.comments >= 3


@one_database
async def test_one_stream_too_many_is_refused_for_now(served: Served) -> None:
    async with listening(served), listening(served), listening(served):
        async with served.http.get(f"{served.url}/v1/events/stream") as response:
            assert (response.status, (await response.json())["code"]) == (503, "too_busy")
            assert response.headers["Retry-After"]
        async with served.http.get(f"{served.url}/v1/me") as response:
            assert response.status == 200


@one_database
async def test_a_stream_ends_cleanly_when_the_server_stops(served: Served) -> None:
    async with listening(served) as listener:
        stopping = asyncio.get_running_loop().create_task(served.stop())
        with pytest.raises(EOFError):
            await listener.next()
        async with asyncio.timeout(4):
            await stopping


@one_database
async def test_a_stream_ends_when_its_key_is_revoked(api: Api, served: Served) -> None:
    made = await api.post("/v1/api-keys", {"name": "viewer", "scopes": ["events:read"]}, 201)
    async with listening(served, headers={"Authorization": f"Bearer {made['key']}"}) as listener:
        await api.ask("DELETE", f"/v1/api-keys/{made['id']}")
        with pytest.raises(EOFError):
            await listener.next()


@one_database
async def test_a_listener_who_leaves_is_forgotten(gateway: Gateway, served: Served) -> None:
    for _ in range(3):
        async with listening(served):
            pass

    async def nobody() -> bool:
        return gateway.realtime.listeners == 0

    await until(nobody)


@one_database
async def test_a_listener_who_reads_nothing_is_let_go_and_others_are_served(gateway: Gateway, world: World) -> None:
    async with serving(gateway, unread_timeout_ms=500) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port, limit=1024)
        writer.write(
            f"GET /v1/events/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {world.api.key}\r\n\r\n".encode()
        )
        await reader.readuntil(b"retry:")
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport can
        async with listening(served, "?types=message.queued") as listener:
            for number in range(400):
                await world.send(f"{number} " + "x" * 20_000)
                await listener.next()

        async def let_go() -> bool:
            return gateway.realtime.listeners == 0

        await until(let_go)
        writer.transport.abort()
