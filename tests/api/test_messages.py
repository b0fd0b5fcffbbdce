"""Messages over HTTP."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.served import Served, serving
from api.world import World, one_database, until
from wagate.api.v1.messages import idempotency_key
from wagate.api.v1.schemas.messages import Message, MessagePage
from wagate.domain.errors import InvalidRequest
from wagate.features import Gateway

_MESSAGES = "/v1/sessions/support/messages"


async def test_a_message_is_accepted_shown_and_climbs(world: World) -> None:
    world.ana.auto_read = True
    answer = await world.api.ask("POST", _MESSAGES, {"to": "+55 11 90000-0002", "text": "Olá", "client_ref": "o-17"})
    assert answer.status == 202
    message = answer.json
    assert answer.headers["location"] == f"/v1/messages/{message['id']}"
    assert "idempotency-replayed" not in answer.headers
    assert (message["status"], message["text"], message["client_ref"]) == ("queued", "Olá", "o-17")
    assert (message["direction"], message["origin"]) == ("out", "api")
    assert Message.model_validate(message).model_dump(mode="json", by_alias=True) == message
    read = await world.api.until_status(message["id"], "read")
    assert all(read["times"].values())
    assert [shown.text for shown in world.ana.inbox] == ["Olá"]


async def test_waiting_answers_200_once_the_message_got_far_enough(world: World) -> None:
    world.ana.auto_read = True
    sent = await world.api.ask("POST", f"{_MESSAGES}?wait=10", {"to": "+5511900000002", "text": "1"})
    assert sent.status == 200
    assert sent.json["status"] in {"sent", "delivered", "read"}
    read = await world.api.ask("POST", f"{_MESSAGES}?wait=10&until=read", {"to": "+5511900000002", "text": "2"})
    assert (read.status, read.json["status"]) == (200, "read")


async def test_waiting_in_vain_answers_202_with_the_message(world: World) -> None:
    world.ana.auto_deliver = False
    answer = await world.api.ask("POST", f"{_MESSAGES}?wait=0.2&until=delivered", {"to": "+5511900000002", "text": "1"})
    assert (answer.status, answer.json["status"]) == (202, "sent")


async def test_waiting_for_a_message_that_fails_answers_200_with_the_error(world: World) -> None:
    world.service.faults.refuse_with = "blocked"
    answer = await world.api.ask("POST", f"{_MESSAGES}?wait=10", {"to": "+5511900000002", "text": "1"})
    assert (answer.status, answer.json["status"]) == (200, "failed")
    assert answer.json["error"]["code"]
    assert answer.json["error"]["detail"]


@one_database
async def test_who_waits_is_answered_before_the_server_stops(gateway: Gateway, world: World) -> None:
    world.ana.auto_deliver = False
    async with serving(gateway) as served:
        asking = asyncio.get_running_loop().create_task(_ask_and_wait(served))
        await until(partial(_has_messages, world))
        await asyncio.sleep(0.05)
        async with asyncio.timeout(4):
            await served.stop()
            status, message = await asking
    assert (status, message["status"]) == (202, "sent")


async def _ask_and_wait(served: Served) -> tuple[int, dict[str, str]]:
    body = {"to": "+5511900000002", "text": "1"}
    async with served.http.post(f"{served.url}{_MESSAGES}?wait=60&until=read", json=body) as response:
        return response.status, await response.json()


async def _has_messages(world: World) -> bool:
    found = (await world.api.get("/v1/messages"))["data"]
    return bool(found) and found[0]["status"] == "sent"


@one_database
@pytest.mark.parametrize("query", ["wait=-1", "wait=61", "wait=nan", "wait=soon", "until=queued", "wiat=3"])
async def test_a_wait_that_makes_no_sense_is_refused_and_nothing_is_sent(world: World, query: str) -> None:
    answer = await world.api.ask("POST", f"{_MESSAGES}?{query}", {"to": "+5511900000002", "text": "1"})
    assert (answer.status, answer.json["code"]) == (422, "invalid_request")
    assert answer.json["errors"][0]["parameter"] == query.partition("=")[0]
    assert (await world.api.get("/v1/messages"))["data"] == []


async def test_an_idempotency_key_makes_one_message_of_many_requests(world: World) -> None:
    body = {"to": "+5511900000002", "text": "once"}
    answers = await asyncio.gather(
        *(world.api.ask("POST", _MESSAGES, body, headers={"Idempotency-Key": "order-17"}) for _ in range(20))
    )
    taken = [answer for answer in answers if answer.status == 202]
    early = [answer for answer in answers if answer.status == 409]
    assert len(taken) + len(early) == 20
    assert early, "nobody asked while the first was being taken in"
    assert {answer.json["code"] for answer in early} == {"idempotency_in_progress"}
    assert {answer.headers["retry-after"] for answer in early} == {"1"}
    assert len({answer.json["id"] for answer in taken}) == 1
    assert sum(answer.headers.get("idempotency-replayed") == "true" for answer in taken) == len(taken) - 1
    quoted = await world.api.ask("POST", _MESSAGES, body, headers={"Idempotency-Key": '"order-17"'})
    assert quoted.json["id"] == taken[0].json["id"]
    assert quoted.headers["idempotency-replayed"] == "true"
    await world.api.until_status(quoted.json["id"], "delivered")
    assert [shown.text for shown in world.ana.inbox] == ["once"]


async def test_an_idempotency_key_is_good_for_one_request_only(world: World) -> None:
    await world.api.post(_MESSAGES, {"to": "+5511900000002", "text": "a"}, 202, Idempotency_Key="k")
    refused = await world.api.post(_MESSAGES, {"to": "+5511900000002", "text": "b"}, 422, Idempotency_Key="k")
    assert refused["code"] == "idempotency_key_reused"


@one_database
@pytest.mark.parametrize("key", ["", '""', "two words", "x" * 256, '"open', "tab\tbed", "schlüssel"])
async def test_a_malformed_idempotency_key_is_refused(world: World, key: str) -> None:
    refused = await world.api.post(_MESSAGES, {"to": "+5511900000002", "text": "a"}, 422, Idempotency_Key=key)
    assert refused["code"] == "invalid_request"
    assert (await world.api.get("/v1/messages"))["data"] == []


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=40))
def test_a_quoted_key_means_what_stands_between_the_quotes(key: str) -> None:
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    assert idempotency_key(f'"{escaped}"') == key


@given(st.text(max_size=30))
def test_any_header_is_a_key_or_refused(header: str) -> None:
    try:
        key = idempotency_key(header)
    except InvalidRequest:
        return
    assert key
    assert key.isascii()
    assert key.isprintable()


async def test_a_reply_and_a_mention(world: World) -> None:
    world.ana.type(world.shop, "Is it ready?")
    received: list[dict[str, object]] = []

    async def arrived() -> bool:
        received[:] = (await world.api.get("/v1/messages?direction=in"))["data"]
        return bool(received)

    await until(arrived)
    assert received[0]["status"] == "received"
    assert received[0]["from"]["push_name"] == "Ana"  # type: ignore[index]  # JSON of a known shape
    sent = await world.send("Yes @5511900000002", reply_to=received[0]["id"], mentions=["+5511900000002"])
    assert sent["quoted"]["text"] == "Is it ready?"
    assert sent["mentions"] == ["5511900000002@s.whatsapp.net"]
    await world.api.until_status(sent["id"], "delivered")
    shown = world.ana.inbox[-1]
    assert shown.quoted is not None
    assert shown.quoted.wa_id == received[0]["wa_id"]
    assert [str(jid) for jid in shown.mentions] == ["5511900000002@s.whatsapp.net"]


@one_database
@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"to": "+5511900000002"}, "invalid_request", "/text"),
        ({"text": "x"}, "invalid_request", "/to"),
        ({"to": "nobody", "text": "x"}, "invalid_recipient", None),
        ({"to": "+5511900000002", "text": ""}, "invalid_request", "/text"),
        ({"to": "+5511900000002", "text": "a\0b"}, "invalid_request", "/text"),
        ({"to": "+5511900000002", "text": 17}, "invalid_request", "/text"),
        ({"to": "+5511900000002", "text": "x" * 65_537}, "invalid_request", "/text"),
        ({"to": "+5511900000002", "text": "é" * 40_000}, "invalid_content", None),
        ({"to": "+5511900000002", "text": "x", "type": "telepathy"}, "invalid_request", "/type"),
        ({"to": "+5511900000002", "text": "x", "txet": "y"}, "invalid_request", "/txet"),
        ({"to": "+5511900000002", "text": "x", "mentions": ["me"]}, "invalid_recipient", "/mentions/0"),
        ({"to": "+5511900000002", "text": "x", "mentions": ["+5511900000002"] * 1025}, "invalid_request", "/mentions"),
    ],
)
async def test_a_message_that_cannot_be_is_refused(world: World, body: object, code: str, pointer: str | None) -> None:
    answer = await world.api.ask("POST", _MESSAGES, body)
    assert (answer.status, answer.json["code"]) == (422, code)
    if pointer is not None:
        assert answer.json["errors"][0]["pointer"] == pointer
    assert (await world.api.get("/v1/messages"))["data"] == []


async def test_a_reply_to_nothing_and_a_session_that_is_not_there(world: World) -> None:
    body = {"to": "+5511900000002", "text": "x"}
    answer = await world.api.ask("POST", _MESSAGES, {**body, "reply_to": "msg_01KAGQ8Z1B4D7G0J3M5P8R1T6W"})
    assert (answer.status, answer.json["code"]) == (404, "message_not_found")
    answer = await world.api.ask("POST", "/v1/sessions/nobody/messages", body)
    assert (answer.status, answer.json["code"]) == (404, "session_not_found")


async def test_lists_are_filtered_and_go_on(world: World) -> None:
    sent = [(await world.send(f"text {number}"))["id"] for number in range(5)]
    for message in sent:
        await world.api.until_status(message, "delivered")
    page = await world.api.get("/v1/messages?limit=3")
    assert MessagePage.model_validate(page).model_dump(mode="json", by_alias=True) == page
    rest = await world.api.get(f"/v1/messages?limit=3&cursor={page['next_cursor']}")
    assert [one["id"] for one in page["data"] + rest["data"]] == sent[::-1]
    assert rest["next_cursor"] is None
    assert [one["id"] for one in (await world.api.get(f"{_MESSAGES}?order=asc"))["data"]] == sent
    assert (await world.api.get("/v1/messages?status=failed"))["data"] == []
    assert (await world.api.get("/v1/messages?direction=in"))["data"] == []
    chat = page["data"][0]["chat"]["id"]
    assert len((await world.api.get(f"{_MESSAGES}?chat={chat}"))["data"]) == 5
    assert len((await world.api.get(f"{_MESSAGES}?chat=%2B5511900000002"))["data"]) == 5
    assert (await world.api.get(f"{_MESSAGES}?chat=%2B5511900000099"))["data"] == []
    assert (await world.api.get("/v1/messages?session=nobody", 404))["code"] == "session_not_found"


@one_database
@pytest.mark.parametrize("cursor", ["x", "AAAA", "%20", "ÿ", "a" * 501])
async def test_a_cursor_that_is_not_ours_is_refused(world: World, cursor: str) -> None:
    answer = await world.api.ask("GET", f"/v1/messages?cursor={cursor}")
    assert (answer.status, answer.json["code"]) in {(400, "invalid_cursor"), (422, "invalid_request")}


async def test_a_cursor_that_was_altered_or_belongs_elsewhere_is_refused(world: World) -> None:
    for number in range(2):
        await world.send(f"text {number}")
    cursor = (await world.api.get("/v1/messages?limit=1"))["next_cursor"]
    altered = cursor[:-2] + ("A" if cursor[-2] != "A" else "B") + cursor[-1]
    for path in (f"/v1/messages?cursor={altered}", f"/v1/sessions?cursor={cursor}", f"/v1/events?cursor={cursor}"):
        assert (await world.api.get(path, 400))["code"] == "invalid_cursor", path


async def test_one_message_is_shown_and_one_that_is_not_there_is_not(world: World) -> None:
    sent = await world.send()
    assert (await world.api.get(f"/v1/messages/{sent['id']}"))["id"] == sent["id"]
    assert (await world.api.get("/v1/messages/msg_nothing", 404))["code"] == "message_not_found"


async def test_what_was_said_lately_is_answered_with_the_message_that_said_it(world: World) -> None:
    once = {"to": "+5511900000002", "text": "your parcel is here", "deduplicate_s": 60}
    first = await world.api.ask("POST", _MESSAGES, once)
    again = await world.api.ask("POST", f"{_MESSAGES}?wait=10", {**once, "client_ref": "another"})
    assert (first.status, again.status) == (202, 200)
    assert "deduplicated" not in first.headers
    assert again.headers["deduplicated"] == "true"
    assert again.json["id"] == first.json["id"]
    assert "idempotency-replayed" not in again.headers
    for wrong in ({"deduplicate_s": 0}, {"deduplicate_s": 259_201}, {"deduplication_key": ""}):
        refused = await world.api.ask("POST", _MESSAGES, {**once, **wrong})
        assert (refused.status, refused.json["code"]) == (422, "invalid_request")
    keyless = {"to": "+5511900000002", "text": "x", "deduplication_key": "k"}
    assert (await world.api.ask("POST", _MESSAGES, keyless)).json["errors"][0]["pointer"] == "/deduplicate_s"
