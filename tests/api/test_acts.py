"""What can be done to a message, as requests: what is answered, kept, sent and told."""

from __future__ import annotations

from typing import Any

import pytest

from api.world import World, one_database, until
from wagate.adapters.engines.fake import FakePhone
from wagate.api.app import api_routes
from wagate.api.v1.schemas.event_shapes import SHAPES
from wagate.domain.acts import Edit, PollVote, Reaction, Revocation, Target
from wagate.domain.content import Poll, Text
from wagate.ports.abilities import Activity

pytestmark = one_database
_MESSAGES = "/v1/sessions/support/messages"


async def received(world: World, said: Any = None) -> dict[str, Any]:
    """Ana writes something."""
    wa_id = world.ana.say(world.shop, said or Text("hello"))
    found: list[dict[str, Any]] = []

    async def here() -> bool:
        listed = (await world.api.get("/v1/messages?direction=in"))["data"]
        found[:] = [message for message in listed if message["wa_id"] == wa_id]
        return bool(found)

    await until(here)
    return found[0]


async def do(world: World, method: str, path: str, body: object = None, status: int = 200, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await world.api.ask(method, path, body, headers=named)
    assert answer.status == status, answer.body
    return answer.json if answer.body else None


def newest(phone: FakePhone) -> Any:
    return phone.inbox[-1].content


async def test_a_reaction_is_put_shown_and_taken_away(world: World) -> None:
    message = await received(world)
    path = f"/v1/messages/{message['id']}/reaction"
    sent = await do(world, "PUT", f"{path}?wait=10", {"emoji": "👍", "client_ref": "mine"})
    assert (sent["type"], sent["text"], sent["client_ref"]) == ("reaction", "👍", "mine")
    assert sent["status"] in ("sent", "delivered")
    assert sent["content"]["target"] == {
        "id": message["id"],
        "wa_id": message["wa_id"],
        "from": "5511900000002@s.whatsapp.net",
    }
    assert isinstance(newest(world.ana), Reaction)
    (shown,) = (await world.api.get(f"{path}s"))["data"]
    assert (shown["emoji"], shown["from"]["is_me"]) == ("👍", True)
    taken_away = await do(world, "DELETE", f"{path}?wait=10")
    assert taken_away["content"]["emoji"] is None
    assert (await world.api.get(f"{path}s"))["data"] == []


async def test_an_edit_answers_with_the_edit_and_changes_the_message(world: World) -> None:
    message = await world.send("helo")
    edit = await do(world, "PATCH", f"/v1/messages/{message['id']}?wait=10", {"text": "hello"})
    assert (edit["type"], edit["text"], edit["id"] == message["id"]) == ("edit", "hello", False)
    assert isinstance(newest(world.ana), Edit)
    found = await world.api.get(f"/v1/messages/{message['id']}")
    assert (found["text"], found["content"]) == ("hello", {"text": "hello"})
    assert found["edited_at"] is not None
    (event,) = (await world.api.get("/v1/events?types=message.edited"))["data"]
    assert (event["data"]["id"], event["data"]["text"]) == (message["id"], "hello")


async def test_a_deletion_leaves_a_message_without_words(world: World) -> None:
    message = await world.send("secret")
    await do(world, "DELETE", f"/v1/messages/{message['id']}?wait=10")
    assert isinstance(newest(world.ana), Revocation)
    found = await world.api.get(f"/v1/messages/{message['id']}")
    assert (found["type"], found["text"], found["content"]) == ("deleted", "[deleted]", {"was": "text"})
    assert found["deleted_at"] is not None
    refused = await do(world, "PATCH", f"/v1/messages/{message['id']}", {"text": "x"}, 409)
    assert refused["code"] == "message_unavailable"


async def test_votes_are_listed(world: World) -> None:
    poll = await world.api.post(
        _MESSAGES, {"to": str(world.ana.jid), "type": "poll", "question": "Lunch?", "options": ["Pizza", "Sushi"]}, 202
    )
    await world.api.until_status(poll["id"], "delivered")
    world.ana.say(world.shop, PollVote(Target(poll["wa_id"], world.shop.jid), ("Sushi",)))

    async def voted() -> bool:
        return bool((await world.api.get(f"/v1/messages/{poll['id']}/votes"))["data"])

    await until(voted)
    (vote,) = (await world.api.get(f"/v1/messages/{poll['id']}/votes"))["data"]
    assert (vote["selected"], vote["from"]["phone"]) == (["Sushi"], "+5511900000002")
    theirs = await received(world, Poll("Dinner?", ("Soup", "Bread"), 1))
    ours = await do(world, "PUT", f"/v1/messages/{theirs['id']}/vote?wait=10", {"selected": ["Soup"]})
    assert (ours["type"], ours["content"]["selected"], ours["content"]["poll"]["id"]) == (
        "poll_vote",
        ["Soup"],
        theirs["id"],
    )
    refused = await do(world, "PUT", f"/v1/messages/{theirs['id']}/vote", {"selected": ["Cake"]}, 422)
    assert refused["errors"][0]["pointer"] == "/selected/0"


async def test_a_message_is_pinned_for_a_week_by_default(world: World) -> None:
    message = await received(world)
    pinned = await do(world, "PUT", f"/v1/messages/{message['id']}/pin?wait=10", {})
    assert pinned["content"]["for_s"] == 604_800
    unpinned = await do(world, "DELETE", f"/v1/messages/{message['id']}/pin?wait=10")
    assert unpinned["content"]["for_s"] is None
    assert (await do(world, "PUT", f"/v1/messages/{message['id']}/pin", {"for_s": 5}, 422))["code"] == "invalid_request"


async def test_a_message_is_forwarded_to_somebody_else(world: World) -> None:
    message = await received(world)
    bea = world.service.phone("5511900000003", "Bea")
    sent = await do(
        world, "POST", f"/v1/messages/{message['id']}/forward?wait=10", {"to": "+5511900000003", "client_ref": "x"}
    )
    assert (sent["text"], sent["forwarded"], sent["client_ref"]) == ("hello", 1, "x")
    assert (newest(bea), bea.inbox[-1].context.forwarded) == (Text("hello"), 1)


async def test_a_message_is_read_and_typing_is_shown_over_a_live_line_only(world: World) -> None:
    message = await received(world)
    await do(world, "POST", f"/v1/messages/{message['id']}/read", status=204)
    assert world.ana.was_read == [message["wa_id"]]
    chat = message["chat"]["id"]
    for place in (chat, message["from"]["id"], "+55 11 90000-0002"):
        await do(world, "POST", f"/v1/sessions/support/chats/{place}/typing", {"state": "recording"}, 204)
    assert world.ana.seen_typing == [(world.shop.jid, Activity.RECORDING)] * 3
    ours = await world.send()
    assert (await do(world, "POST", f"/v1/messages/{ours['id']}/read", status=422))["code"] == "invalid_request"
    nowhere = f"/v1/sessions/support/chats/cht_{'0' * 26}/typing"
    assert (await do(world, "POST", nowhere, {}, 422))["code"] == "invalid_recipient"
    await world.api.post("/v1/sessions/support/stop")
    for path, body in ((f"/v1/messages/{message['id']}/read", None), (f"/v1/sessions/support/chats/{chat}/typing", {})):
        assert (await do(world, "POST", path, body, 409))["code"] == "session_not_running"


async def test_an_act_answers_like_a_message_to_idempotency_keys(world: World) -> None:
    message = await received(world)
    path = f"/v1/messages/{message['id']}/reaction"
    first = await do(world, "PUT", path, {"emoji": "👍"}, 202, Idempotency_Key="k")
    again = await do(world, "PUT", path, {"emoji": "👍"}, 202, Idempotency_Key="k")
    assert again["id"] == first["id"]
    other = await do(world, "PUT", path, {"emoji": "❤️"}, 422, Idempotency_Key="k")
    assert other["code"] == "idempotency_key_reused"


async def test_lists_show_acts_when_asked(world: World) -> None:
    message = await received(world)
    act = await do(world, "PUT", f"/v1/messages/{message['id']}/reaction?wait=10", {"emoji": "👍"})
    assert [each["id"] for each in (await world.api.get("/v1/messages"))["data"]] == [message["id"]]
    both = (await world.api.get(f"{_MESSAGES}?acts=true"))["data"]
    assert [each["id"] for each in both] == [act["id"], message["id"]]


async def test_what_an_engine_cannot_send_says_as_what_it_went_out(world: World) -> None:
    body = {"to": str(world.ana.jid), "type": "buttons", "text": "Well?", "buttons": [{"id": "y", "title": "Yes"}]}
    sent = await world.api.post(f"{_MESSAGES}?wait=10", {**body, "footer": "Shop"})
    assert (sent["type"], sent["content"]["rendered_as"]) == ("buttons", "text")
    assert sent["text"] == newest(world.ana).body == "Well?\n\n1. Yes\n\nShop"


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"type": "poll", "question": "?", "options": ["a"]}, "invalid_content", "/options"),
        ({"type": "location", "latitude": 91, "longitude": 0}, "invalid_request", "/latitude"),
        ({"type": "contacts", "contacts": []}, "invalid_request", "/contacts"),
        ({"type": "contacts", "contacts": [{}]}, "invalid_content", "/contacts/0/name"),
        ({"type": "contacts", "contacts": [{"vcard": "x"}]}, "invalid_content", "/contacts/0/vcard"),
        (
            {"type": "contacts", "contacts": [{"name": "A", "phones": ["1"]}]},
            "invalid_recipient",
            "/contacts/0/phones/0",
        ),
        ({"type": "event_invite", "name": "x", "starts_at": "2026-12-01"}, "invalid_request", "/starts_at"),
        (
            {
                "type": "event_invite",
                "name": "x",
                "starts_at": "2026-12-02T00:00:00Z",
                "ends_at": "2026-12-01T00:00:00Z",
            },
            "invalid_content",
            "/ends_at",
        ),
        ({"type": "list", "text": "x", "button": "b", "sections": []}, "invalid_request", "/sections"),
        ({"type": "poll", "text": "x"}, "invalid_request", "/question"),
        ({"type": ["text"], "text": "x"}, "invalid_request", "/type"),
        ({"type": None, "text": "x"}, "invalid_request", "/type"),
    ],
)
async def test_what_cannot_be_sent_is_refused(world: World, body: dict[str, Any], code: str, pointer: str) -> None:
    answer = await world.api.ask("POST", _MESSAGES, {"to": str(world.ana.jid), **body})
    assert (answer.status, answer.json["code"]) == (422, code)
    assert answer.json["errors"][0]["pointer"] == pointer


async def test_acts_need_the_scope_and_the_tenants_own_message(world: World) -> None:
    message = await received(world)
    reader = await world.api.limited("messages:read")
    acts = [
        (method, route.path.replace("{message}", message["id"]))
        for route in api_routes()
        if route.path.startswith("/v1/messages/{message}")
        for method in route.methods or ()
        if method != "GET"
    ]
    assert len(acts) == 14
    for method, path in acts:
        assert (await reader.ask(method, path, {})).status == 403
        unknown = path.replace(message["id"], "msg_" + "0" * 26)
        body = {"text": "x"} if method == "PATCH" else None if method == "DELETE" else {}
        answer = await world.api.ask(method, unknown, body)
        assert (answer.status, answer.json["code"]) in ((404, "message_not_found"), (422, "invalid_request"))


async def test_what_events_of_acts_carry_is_what_the_reference_says(world: World) -> None:
    poll = await received(world, Poll("Lunch?", ("Pizza", "Sushi"), 1))
    ours = await world.send("helo")
    path, own = f"/v1/messages/{poll['id']}", f"/v1/messages/{ours['id']}"
    await do(world, "PUT", f"{path}/reaction?wait=10", {"emoji": "👍"})
    await do(world, "PUT", f"{path}/vote?wait=10", {"selected": ["Pizza"]})
    await do(world, "PUT", f"{path}/pin?wait=10", {})
    await do(world, "PATCH", f"{own}?wait=10", {"text": "hello"})
    await do(world, "DELETE", f"{own}?wait=10")
    kinds = ("message.reaction", "message.poll_vote", "message.pinned", "message.edited", "message.deleted")
    events = (await world.api.get(f"/v1/events?types={','.join(kinds)}"))["data"]
    assert [event["type"] for event in events] == list(kinds)
    for event in events:
        shape = SHAPES[event["type"]]
        assert shape.model_validate(event["data"]).model_dump(mode="json", by_alias=True) == event["data"]
