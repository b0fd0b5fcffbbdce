"""Conditions of messages, the queue they wait in, and the account's health, over HTTP."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.world import Api, World, one_database, until
from fixtures.rooms import OpenHouse
from wagate.api.app import create_app
from wagate.api.v1.schemas.event_shapes import AccountNews
from wagate.api.v1.schemas.messages import Message
from wagate.api.v1.schemas.queues import AccountHealth, QueuePage, QueueState, Timeline
from wagate.features.messaging.guard import SIGNALS
from wagate.features.messaging.queueing import WHAT_TO_DO

_MESSAGES = "/v1/sessions/support/messages"
_TO = "+5511900000002"


def _in(**time: float) -> str:
    return (datetime.now(UTC) + timedelta(**time)).isoformat()


@pytest.fixture
async def paced(open_house: OpenHouse) -> World:
    """A connected session that keeps the usual pace."""
    house = await open_house(settings={"pace_per_minute": 20, "pace_bulk_per_minute": 3})
    assert house.key is not None
    return await World.begin(Api(create_app(house.gateway), house.key), house.service)


async def _pause(api: Api) -> None:
    await api.post("/v1/sessions/support/queue/pause")


async def test_a_message_for_later_is_scheduled_and_can_be_called_back(world: World) -> None:
    at = _in(hours=2)
    sent = await world.send(send_at=at, expires_at=_in(hours=3), priority="bulk", on_unknown="fail", typing=True)
    assert Message.model_validate(sent).model_dump(mode="json", by_alias=True) == sent
    assert (sent["status"], sent["priority"], sent["on_unknown"]) == ("scheduled", "bulk", "fail")
    assert datetime.fromisoformat(sent["scheduled_for"]) - datetime.fromisoformat(at) < timedelta(milliseconds=1)
    assert sent["send_until"] > sent["scheduled_for"]
    assert sent["position"] is None
    assert sent["expires_at"] is None, "the chat has no timer"
    page = await world.api.get("/v1/sessions/support/queue")
    assert QueuePage.model_validate(page).model_dump(mode="json", by_alias=True) == page
    assert [one["id"] for one in page["data"]] == [sent["id"]]
    gone = await world.api.post(f"/v1/messages/{sent['id']}/cancel")
    assert (gone["status"], gone["status_reason"], gone["scheduled_for"]) == ("cancelled", "cancelled_by_user", None)
    assert (await world.api.get("/v1/sessions/support/queue"))["data"] == []
    again = await world.api.post(f"/v1/messages/{sent['id']}/cancel", status=409)
    assert again["code"] == "message_not_waiting"
    told = await world.api.get(f"/v1/messages/{sent['id']}/timeline")
    assert Timeline.model_validate(told).model_dump(mode="json") == told
    assert [one["status"] for one in told["data"]] == ["scheduled", "cancelled"]
    types = {event["type"] for event in (await world.api.get("/v1/events?limit=200"))["data"]}
    assert {"message.scheduled", "message.cancelled"} <= types


@one_database
@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"priority": "high"}, "/priority"),
        ({"send_at": "tomorrow"}, "/send_at"),
        ({"send_at": "2026-11-20T09:15:27"}, "/send_at"),
        ({"send_at": "2999-01-01T00:00:00Z"}, "/send_at"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ({"send_at": "2036-01-02T00:00:00Z", "expires_at": "2036-01-01T00:00:00Z"}, "/expires_at"),
        ({"on_unknown": "pray"}, "/on_unknown"),
        ({"typing": "loudly"}, "/typing"),
    ],
)
async def test_conditions_that_make_no_sense_are_refused(world: World, fields: dict[str, Any], pointer: str) -> None:
    refused = await world.send(status=422, **fields)
    assert (refused["code"], refused["errors"][0]["pointer"]) == ("invalid_request", pointer)
    assert (await world.api.get("/v1/messages"))["data"] == []


async def test_a_paused_queue_is_shown_in_its_order_raised_and_cleared(world: World) -> None:
    state = await world.api.post("/v1/sessions/support/queue/pause")
    assert QueueState.model_validate(state).model_dump(mode="json") == state
    assert state["halted_at"]
    kinds = ("bulk", "normal", "urgent", "normal")
    sent = [await world.send(str(number), priority=kind) for number, kind in enumerate(kinds)]
    later = await world.send("later", send_at=_in(hours=1))
    page = await world.api.get("/v1/sessions/support/queue")
    assert [(one["text"], one["position"]) for one in page["data"]] == [
        ("2", 1),
        ("1", 2),
        ("3", 3),
        ("later", None),
        ("0", 4),
    ]
    assert page["halted_at"] == state["halted_at"]
    first = await world.api.get("/v1/sessions/support/queue?limit=2")
    rest = await world.api.get(f"/v1/sessions/support/queue?limit=9&cursor={first['next_cursor']}")
    assert [one["id"] for one in first["data"] + rest["data"]] == [one["id"] for one in page["data"]]
    assert [one["position"] for one in rest["data"]] == [3, None, 4]
    raised = await world.api.ask("PUT", f"/v1/messages/{sent[0]['id']}/priority", {"priority": "urgent"})
    assert (raised.status, raised.json["priority"]) == (200, "urgent")
    order = [one["text"] for one in (await world.api.get("/v1/sessions/support/queue"))["data"]]
    assert order == ["0", "2", "1", "3", "later"]
    cleared = await world.api.ask("DELETE", "/v1/sessions/support/queue")
    assert (cleared.status, cleared.json) == (200, {"cancelled": 5})
    assert (await world.api.get(f"/v1/messages/{later['id']}"))["status_reason"] == "queue_cleared"
    resumed = await world.api.post("/v1/sessions/support/queue/resume")
    assert resumed["halted_at"] is None
    assert world.ana.inbox == []
    last = await world.send("at last")
    await world.api.until_status(last["id"], "delivered")
    assert [shown.text for shown in world.ana.inbox] == ["at last"]


async def test_who_waits_for_a_message_that_is_called_back_is_answered(world: World) -> None:
    await _pause(world.api)
    body = {"to": _TO, "text": "never mind"}
    asking = asyncio.get_running_loop().create_task(world.api.ask("POST", f"{_MESSAGES}?wait=30", body))

    async def waits() -> bool:
        return bool((await world.api.get("/v1/sessions/support/queue"))["data"])

    await until(waits)
    assert not asking.done()
    cleared = await world.api.ask("DELETE", "/v1/sessions/support/queue")
    assert cleared.json == {"cancelled": 1}
    async with asyncio.timeout(10):
        answer = await asking
    assert (answer.status, answer.json["status"]) == (200, "cancelled")


async def test_a_paced_account_says_when_it_is_a_messages_turn(paced: World) -> None:
    sent = [await paced.send(str(number)) for number in range(8)]
    waiting = [one for one in sent if one["position"] is not None and one["scheduled_for"] is not None]
    assert len(waiting) >= 3
    assert {one["status_reason"] for one in waiting} == {"paced"}
    assert all(one["status"] == "queued" for one in waiting)
    moments = [datetime.fromisoformat(one["scheduled_for"]) for one in waiting]
    assert moments == sorted(moments)
    assert moments[-1] > datetime.fromisoformat(sent[-1]["times"]["accepted"]) + timedelta(seconds=6)
    shown = await paced.api.get(f"/v1/messages/{sent[-1]['id']}")
    assert (shown["position"], shown["scheduled_for"], shown["status_reason"]) == (None, None, None)
    listed = (await paced.api.get("/v1/sessions/support/queue"))["data"]
    assert listed[-1]["scheduled_for"] is not None
    assert [one["position"] for one in listed] == list(range(1, len(listed) + 1))


async def test_places_are_counted_up_to_a_thousand_and_anew_after_a_clearing(paced: World) -> None:
    await _pause(paced.api)
    items = [{"to": _TO, "text": str(number)} for number in range(1000)]
    await paced.api.post(f"{_MESSAGES}/batch", {"messages": items}, 202)
    assert [(await paced.send(str(number)))["position"] for number in range(3)] == [1000] * 3
    assert (await paced.send("first", priority="urgent"))["position"] == 1
    await paced.api.ask("DELETE", "/v1/sessions/support/queue")
    assert (await paced.send())["position"] == 1


async def test_an_account_without_a_pace_is_asked_nothing_about_places(world: World) -> None:
    sent = await world.send()
    assert (sent["position"], sent["scheduled_for"], sent["priority"]) == (None, None, "normal")


async def test_health_tells_what_is_wrong_and_what_was_sent_today(world: World) -> None:
    well = await world.api.get("/v1/sessions/support/health")
    assert AccountHealth.model_validate(well).model_dump(mode="json") == well
    assert (well["score"], well["reasons"], well["state"]) == (1.0, [], "connected")
    assert (well["pace"], well["paused_until"]) == (1.0, None)
    assert well["today"]["sent"] == 0
    world.service.faults.refuse_with = "rate_limited"
    sent = await world.send()

    async def refused() -> bool:
        return bool((await world.api.get("/v1/sessions/support/health"))["score"] < 1)

    await until(refused)
    ill = await world.api.get("/v1/sessions/support/health")
    assert 0.69 < ill["score"] < 0.75
    assert ill["pace"] == 0.5
    assert [reason["code"] for reason in ill["reasons"]] == ["rate_limited"]
    assert ill["reasons"][0]["action"]
    assert ill["paused_until"]
    assert (await world.api.get("/v1/sessions/support/queue"))["health"]["pace"] == 0.5
    again = await world.api.get(f"/v1/messages/{sent['id']}")
    assert (again["status"], again["status_reason"]) == ("queued", "rate_limited")
    assert again["scheduled_for"] > again["times"]["accepted"]
    limited = [
        event for event in (await world.api.get("/v1/events?limit=200"))["data"] if event["type"] == "account.limited"
    ]
    assert AccountNews.model_validate(limited[0]["data"]).model_dump(mode="json") == limited[0]["data"]


def test_every_signal_has_something_to_do_about_it() -> None:
    assert WHAT_TO_DO.keys() == SIGNALS.keys()


@one_database
async def test_what_a_key_does_not_allow_is_refused(world: World) -> None:
    reads, sends = await world.api.limited("messages:read"), await world.api.limited("messages:send")
    sent = await world.send(send_at=_in(hours=1))
    for method, path, body in (
        ("GET", "/v1/sessions/support/queue", None),
        ("GET", "/v1/sessions/support/health", None),
        ("GET", f"/v1/messages/{sent['id']}/timeline", None),
    ):
        assert (await reads.ask(method, path, body)).status == 200, path
        assert (await sends.ask(method, path, body)).status == 403, path
    for method, path, body in (
        ("PUT", f"/v1/messages/{sent['id']}/priority", {"priority": "bulk"}),
        ("POST", "/v1/sessions/support/queue/pause", None),
        ("POST", "/v1/sessions/support/queue/resume", None),
        ("POST", f"/v1/messages/{sent['id']}/cancel", None),
        ("DELETE", "/v1/sessions/support/queue", None),
    ):
        assert (await reads.ask(method, path, body)).status == 403, path
        assert (await sends.ask(method, path, body)).status == 200, path


@one_database
async def test_what_is_not_there_is_not_found(world: World) -> None:
    for method, path, code in (
        ("GET", "/v1/sessions/nobody/queue", "session_not_found"),
        ("GET", "/v1/sessions/nobody/health", "session_not_found"),
        ("DELETE", "/v1/sessions/nobody/queue", "session_not_found"),
        ("POST", "/v1/sessions/nobody/queue/pause", "session_not_found"),
        ("POST", "/v1/sessions/nobody/queue/resume", "session_not_found"),
        ("POST", "/v1/messages/msg_nothing/cancel", "message_not_found"),
        ("GET", "/v1/messages/msg_nothing/timeline", "message_not_found"),
    ):
        answer = await world.api.ask(method, path)
        assert (answer.status, answer.json["code"]) == (404, code), path
    assert (await world.api.get("/v1/sessions/support/queue?cursor=x", 400))["code"] == "invalid_cursor"
