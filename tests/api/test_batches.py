"""Many messages in one request over HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

from api.world import World, one_database
from wagate.api.v1.schemas.batches import BatchResults, SendBatch

_BATCH = "/v1/sessions/support/messages/batch"
_TO = "+5511900000002"


async def _messages(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await world.api.get("/v1/messages?limit=200&order=asc"))["data"]
    return found


async def test_bad_items_do_not_hurt_good_ones_and_the_order_is_kept(world: World) -> None:
    items: list[dict[str, Any]] = [
        {"to": _TO, "text": "one", "client_ref": "r-1"},
        {"to": "nobody", "text": "x"},
        {"to": _TO, "text": "two", "priority": "urgent"},
        {"to": _TO, "txet": "x"},
        {"to": _TO, "type": "telepathy"},
        {"to": _TO, "type": "image", "url": "http://example.com/a.png"},
        {"to": _TO, "text": "see http://example.com", "preview": True},
        {"to": _TO, "text": "x", "idempotency_key": 7},
        {"to": _TO, "text": "x", "idempotency_key": "two words"},
        {"to": _TO, "text": "x", "reply_to": "msg_nothing"},
        {"to": _TO, "type": "location", "latitude": 1.5, "longitude": 2.5},
    ]
    answer = await world.api.ask("POST", _BATCH, {"messages": items})
    assert answer.status == 202
    told = answer.json
    assert BatchResults.model_validate(told).model_dump(mode="json", by_alias=True) == told
    assert [result["index"] for result in told["results"]] == list(range(len(items)))
    codes = [result["error"] and result["error"]["code"] for result in told["results"]]
    assert codes == [
        None,
        "invalid_recipient",
        None,
        "invalid_request",
        "invalid_request",
        "invalid_request",
        "invalid_request",
        "invalid_request",
        "invalid_request",
        "message_not_found",
        None,
    ]
    assert (told["accepted"], told["refused"]) == (3, 8)
    assert told["results"][0]["message"]["client_ref"] == "r-1"
    assert told["results"][3]["error"]["errors"][0]["pointer"] == "/text"
    made = [result["message"]["id"] for result in told["results"] if result["message"]]
    assert [message["id"] for message in await _messages(world)] == made
    for message in made:
        await world.api.until_status(message, "delivered")


async def test_a_batch_that_is_repeated_makes_nothing_twice(world: World) -> None:
    items = [{"to": _TO, "text": str(number)} for number in range(20)] + [{"to": "nobody", "text": "x"}]
    body = {"messages": items}
    key = {"Idempotency-Key": "batch-1"}
    both = await asyncio.gather(*(world.api.ask("POST", _BATCH, body, headers=key) for _ in range(2)))
    first, early = sorted(both, key=lambda answer: answer.status)
    assert (first.status, early.status) == (202, 409)
    assert early.json["code"] == "idempotency_in_progress"
    assert "idempotency-replayed" not in first.headers
    again = await world.api.ask("POST", _BATCH, body, headers=key)
    assert again.headers["idempotency-replayed"] == "true"
    assert [one["message"] and one["message"]["id"] for one in again.json["results"]] == [
        one["message"] and one["message"]["id"] for one in first.json["results"]
    ]
    assert [one["replayed"] for one in again.json["results"]] == [True] * 20 + [False]
    assert len(await _messages(world)) == 20
    other = await world.api.ask("POST", _BATCH, {"messages": items[:3]}, headers=key)
    assert (other.status, other.json["code"]) == (422, "idempotency_key_reused")
    alone = await world.api.ask("POST", "/v1/sessions/support/messages", items[0], headers=key)
    assert (alone.status, alone.json["code"]) == (422, "idempotency_key_reused")


async def test_a_key_of_one_item_works_as_if_it_was_sent_alone(world: World) -> None:
    alone = await world.api.post(
        "/v1/sessions/support/messages", {"to": _TO, "text": "hi"}, 202, Idempotency_Key="item-1"
    )
    item = {"to": _TO, "text": "hi", "idempotency_key": "item-1"}
    told = await world.api.post(_BATCH, {"messages": [item, item, {**item, "text": "other"}]}, 202)
    first, second, third = told["results"]
    assert first["message"]["id"] == alone["id"]
    assert first["replayed"]
    # Two of one batch meet in flight, or the second finds what the first made.
    assert second["replayed"] or second["error"]["code"] == "idempotency_in_progress"
    assert third["error"]["code"] in ("idempotency_key_reused", "idempotency_in_progress")
    assert len(await _messages(world)) == 1


async def test_a_thousand_texts_fit(world: World) -> None:
    await world.api.post("/v1/sessions/support/queue/pause")
    items = [{"to": _TO, "text": f"{number} {'x' * 3000}", "client_ref": f"r-{number}"} for number in range(1000)]
    told = await world.api.post(_BATCH, {"messages": items}, 202)
    assert told["accepted"] == 1000
    refs = [result["message"]["client_ref"] for result in told["results"]]
    assert refs == [f"r-{number}" for number in range(1000)]
    queue = await world.api.get("/v1/sessions/support/queue?limit=200")
    assert [message["client_ref"] for message in queue["data"]] == refs[:200]


@one_database
async def test_what_is_no_batch_is_refused(world: World) -> None:
    item = {"to": _TO, "text": "x"}
    none, many, odd = {"messages": list[object]()}, {"messages": [item] * 1001}, {"messages": ["x"]}
    bodies: tuple[object, ...] = ({}, none, many, odd, {"messages": [item], "x": 1})
    for body in bodies:
        answer = await world.api.ask("POST", _BATCH, body)
        assert (answer.status, answer.json["code"]) == (422, "invalid_request")
    large = await world.api.ask("POST", _BATCH, {"messages": [{"to": _TO, "text": "x" * 60_000}] * 80})
    assert (large.status, large.json["code"]) == (413, "body_too_large")
    missing = await world.api.ask("POST", "/v1/sessions/nobody/messages/batch", {"messages": [item]})
    assert (missing.status, missing.json["code"]) == (404, "session_not_found")
    reader = await world.api.limited("messages:read")
    assert (await reader.ask("POST", _BATCH, {"messages": [item]})).status == 403
    assert await _messages(world) == []


async def test_the_example_is_accepted(world: World) -> None:
    extra = SendBatch.model_config["json_schema_extra"]
    assert isinstance(extra, dict)
    examples = extra["examples"]
    assert isinstance(examples, list)
    told = await world.api.post(_BATCH, examples[0], 202)
    assert told["refused"] == 0
