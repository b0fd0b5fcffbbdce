"""Templates over HTTP, on both databases: stored, shown, filled, sent."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from api.test_media import upload
from api.world import Api, World
from fixtures import samples
from fixtures.rooms import House
from wagate.adapters.clock import ManualClock
from wagate.api.app import openapi_document
from wagate.api.v1.schemas.template_contents import HoldText
from wagate.domain.content import Text
from wagate.domain.ids import tenant_id
from wagate.domain.templates import TemplateNameTaken, TemplateNotFound, TooManyTemplates
from wagate.features.access import Principal
from wagate.features.templates import Draft, Templates
from wagate.store.database import Database
from wagate.store.script import Script, sql

HELLO = {"type": "text", "text": "Hello {{name}}, number {{1}}"}
MESSAGES = "/v1/sessions/support/messages"
ANA = "+55 11 90000-0002"

CONTENTS: list[dict[str, Any]] = [
    HELLO,
    {"type": "location", "latitude": 1.5, "longitude": -2.5, "name": "{{place}}"},
    {"type": "poll", "question": "{{q}}?", "options": ["{{a}}", "{{b}}"], "selectable": 1},
    {
        "type": "event_invite",
        "name": "{{what}}",
        "starts_at": "2026-12-18T18:00:00.000Z",
        "ends_at": "2026-12-18T19:00:00.000Z",
        "place": "{{where}}",
        "link": "https://example.org/join",
    },
    {
        "type": "buttons",
        "text": "{{t}}",
        "buttons": [{"id": "y", "title": "{{yes}}"}, {"id": "w", "title": "Web", "url": "https://example.org/"}],
        "footer": "{{f}}",
    },
    {
        "type": "list",
        "text": "{{t}}",
        "button": "{{open}}",
        "sections": [{"title": "{{day}}", "rows": [{"id": "1", "title": "{{hour}}", "description": "{{d}}"}]}],
        "title": "{{title}}",
        "footer": "{{f}}",
    },
]


async def store(
    api: Api, content: object = HELLO, name: str = "hello", language: str = "", status: int = 201
) -> dict[str, Any]:
    made: dict[str, Any] = await api.post(
        "/v1/templates", {"name": name, "language": language, "content": content}, status
    )
    return made


def use(name: str = "hello", language: str = "", /, **variables: str) -> dict[str, Any]:
    template = {"name": name, "language": language, "variables": variables}
    return {"to": ANA, "type": "template", "template": template}


async def test_a_template_is_stored_shown_changed_and_deleted(api: Api) -> None:
    made = await store(api, language="pt_BR")
    assert made["id"].startswith("tpl_")
    assert (made["name"], made["language"], made["content"]) == ("hello", "pt_BR", HELLO)
    assert made["variables"] == ["name", "1"]
    path = f"/v1/templates/{made['id']}"
    assert await api.get(path) == made
    answered = await api.ask("PUT", path, {"name": "bye", "content": {"type": "text", "text": "Bye"}})
    assert answered.status == 200
    assert await api.get(path) == answered.json
    assert answered.json["variables"] == []
    assert (answered.json["id"], answered.json["name"], answered.json["language"]) == (made["id"], "bye", "")
    assert answered.json["created_at"] == made["created_at"] < answered.json["updated_at"]
    assert (await api.ask("DELETE", path)).status == 204
    for method, body in (("GET", None), ("DELETE", None), ("PUT", {"name": "bye", "content": HELLO})):
        refused = await api.ask(method, path, body)
        assert (refused.status, refused.json["code"]) == (404, "template_not_found")
    assert (await api.post(f"{path}/render", {}, 404))["code"] == "template_not_found"


@pytest.mark.parametrize("content", CONTENTS, ids=lambda content: str(content["type"]))
async def test_every_kind_is_shown_as_it_was_given_and_can_be_sent(world: World, content: dict[str, Any]) -> None:
    made = await store(world.api, content)
    assert made["content"] == content
    words = {name: f"w{name}" for name in made["variables"]}
    rendered = await world.api.post(f"/v1/templates/{made['id']}/render", {"variables": words})
    assert "{{" not in str(rendered["content"])
    assert all(word in str(rendered["content"]) for word in words.values())
    sent = await world.api.post(MESSAGES, use(**words), 202)
    plainly = await world.api.post(MESSAGES, {"to": ANA, **rendered["content"]}, 202)
    assert sent["type"] == content["type"]
    assert (sent["content"], sent["text"]) == (plainly["content"], plainly["text"])


async def test_a_name_is_there_once_in_each_language(api: Api) -> None:
    made = [await store(api, language=language) for language in ("", "en", "en_US")]
    other = await store(api, name="other")
    assert (await store(api, language="en", status=409))["code"] == "template_name_taken"
    refused = await api.ask("PUT", f"/v1/templates/{other['id']}", {"name": "hello", "content": HELLO})
    assert (refused.status, refused.json["code"]) == (409, "template_name_taken")
    first = await api.get("/v1/templates?name=hello&limit=2")
    rest = await api.get(f"/v1/templates?name=hello&limit=2&cursor={first['next_cursor']}")
    assert first["data"] + rest["data"] == made
    assert rest["next_cursor"] is None
    assert (await api.get("/v1/templates?order=desc"))["data"] == [other, *reversed(made)]
    assert (await api.get(f"/v1/templates?limit=2&cursor={first['next_cursor']}", 400))["code"] == "invalid_cursor"
    assert (await api.get("/v1/templates?name=none"))["data"] == []


async def test_of_many_at_once_one_gets_the_name(api: Api) -> None:
    bodies = [{"name": "hello", "content": {"type": "text", "text": str(number)}} for number in range(8)]
    answers = await asyncio.gather(*(api.ask("POST", "/v1/templates", body) for body in bodies))
    assert sorted(answer.status for answer in answers) == [201] + 7 * [409]
    assert len((await api.get("/v1/templates"))["data"]) == 1


async def test_another_tenants_template_is_not_there(world: World, house: House) -> None:
    made = await store(world.api)
    templates = house.gateway.templates
    stranger = Principal.system(tenant_id(1))
    draft = Draft("hello", "", Text("Mine"))
    for asked in (
        templates.get(stranger, made["id"]),
        templates.put(stranger, made["id"], draft),
        templates.delete(stranger, made["id"]),
        templates.render(stranger, made["id"], {"name": "Eve", "1": "2"}),
    ):
        with pytest.raises(TemplateNotFound):
            await asked
    assert (await templates.list(stranger)).items == ()
    theirs = await templates.create(stranger, draft)
    assert (await world.api.get(f"/v1/templates/{theirs.id}", 404))["code"] == "template_not_found"
    assert (await world.api.get("/v1/templates"))["data"] == [made]
    sent = await world.api.post(MESSAGES, use(name="Ana", **{"1": "7"}), 202)
    assert sent["text"] == "Hello Ana, number 7"


async def test_there_are_so_many_and_no_more(database: Database, clock: ManualClock) -> None:
    templates, us = Templates(database, clock, most=2), Principal.system(tenant_id(2))
    one, _ = [await templates.create(us, Draft(name, "", Text("Hi"))) for name in ("one", "two")]
    with pytest.raises(TooManyTemplates):
        await templates.create(us, Draft("three", "", Text("Hi")))
    await templates.create(Principal.system(tenant_id(1)), Draft("three", "", Text("Hi")))
    with pytest.raises(TemplateNameTaken):
        await templates.put(us, one.id, Draft("two", "", Text("Hi")))
    await templates.delete(us, one.id)
    await templates.create(us, Draft("three", "", Text("Hi")))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": "Hello"}, "invalid_request"),
        ({"name": "a" * 513}, "invalid_request"),
        ({"name": "hello\n"}, "invalid_request"),
        ({"name": ""}, "invalid_request"),
        ({"language": "english"}, "invalid_request"),
        ({"language": "pt-BR"}, "invalid_request"),
        ({"content": {"type": "audio", "media": "med_1"}}, "invalid_request"),
        ({"content": {"type": "template", "template": {"name": "hello"}}}, "invalid_request"),
        ({"content": {"type": "text", "text": "Hi", "to": ANA}}, "invalid_request"),
        ({"content": {"type": "text", "text": "ä" * 40_000}}, "invalid_content"),
        ({"content": {"type": "text", "text": "".join(f"{{{{{n}}}}}" for n in range(101))}}, "invalid_content"),
        ({"content": {"type": "image", "media": "med_1"}}, "media_not_found"),
    ],
)
async def test_what_is_no_template_is_refused(api: Api, change: dict[str, object], code: str) -> None:
    refused = await api.ask("POST", "/v1/templates", {"name": "hello", "content": HELLO, **change})
    assert (refused.status, refused.json["code"]) == (404 if code == "media_not_found" else 422, code)
    assert (await api.get("/v1/templates"))["data"] == []


@pytest.mark.parametrize(
    ("body", "status", "code", "told"),
    [
        (use(name="Ana"), 422, "variables_missing", "'1'"),
        (use(name="Ana", **{"1": "2", "x": "y"}), 422, "variables_unknown", "'x'"),
        (use("bye"), 404, "template_not_found", "'bye'"),
        (use("hello", "en", name="Ana", **{"1": "2"}), 404, "template_not_found", "'en'"),
        (use(name="", **{"1": "2"}), 422, "invalid_request", "name"),
        (use(name="x" * 30_000, **{"1": "y" * 32_768}) | {"reply_to": "msg_1"}, 404, "message_not_found", "msg_1"),
        (use(name="ä" * 32_768, **{"1": "ä" * 32_768}), 422, "invalid_content", "bytes"),
    ],
)
async def test_what_cannot_be_filled_is_not_sent(
    world: World, body: dict[str, Any], status: int, code: str, told: str
) -> None:
    await store(world.api)
    refused = await world.api.post(MESSAGES, body, status)
    assert refused["code"] == code
    assert told in str(refused)
    assert (await world.api.get("/v1/messages"))["data"] == []


async def test_a_key_repeats_its_message_whatever_became_of_the_template(world: World) -> None:
    made = await store(world.api)
    body = use(name="Ana", **{"1": "7"})
    first = await world.api.post(MESSAGES, body, 202, Idempotency_Key="one")
    path = f"/v1/templates/{made['id']}"
    await world.api.ask("PUT", path, {"name": "hello", "content": {"type": "text", "text": "Changed {{x}}"}})
    again = await world.api.post(MESSAGES, body, 202, Idempotency_Key="one")
    assert (again["id"], again["text"]) == (first["id"], "Hello Ana, number 7")
    assert (await world.api.post(MESSAGES, use(name="Eve", **{"1": "7"}), 422, Idempotency_Key="one"))[
        "code"
    ] == "idempotency_key_reused"
    await world.api.ask("DELETE", path)
    assert (await world.api.post(MESSAGES, body, 202, Idempotency_Key="one"))["id"] == first["id"]
    assert (await world.api.post(MESSAGES, body, 404))["code"] == "template_not_found"


async def test_a_filled_template_answers_and_mentions(world: World) -> None:
    await store(world.api)
    first = await world.send("First")
    await world.api.until_status(first["id"], "delivered")
    body = {**use(name="Ana", **{"1": "{{name}} {{7*7}}"}), "reply_to": first["id"], "mentions": [ANA]}
    sent = await world.api.post(MESSAGES, {**body, "client_ref": "r"}, 202)
    assert sent["text"] == "Hello Ana, number {{name}} {{7*7}}"
    assert (sent["quoted"]["id"], sent["client_ref"]) == (first["id"], "r")
    assert sent["mentions"] == ["5511900000002@s.whatsapp.net"]
    await store(world.api, {"type": "poll", "question": "q", "options": ["a", "b"]}, "poll")
    refused = await world.api.post(MESSAGES, {**use("poll"), "mentions_all": True}, 422)
    assert refused["code"] == "invalid_content"


async def test_a_file_is_made_fit_and_is_not_held(world: World) -> None:
    media = await upload(world.api, samples.image(), "a.png", type="document")
    picture = await store(world.api, {"type": "image", "media": media["id"], "caption": "For {{who}}"}, "picture")
    fit = picture["content"]["media"]
    assert (await world.api.get(f"/v1/media/{fit}/info"))["type"] == "image"
    sent = await world.api.post(MESSAGES, use("picture", who="Ana"), 202)
    assert (sent["type"], sent["text"], sent["content"]["media"]) == ("image", "For Ana", fit)
    await world.api.until_status(sent["id"], "delivered")
    paper = await store(world.api, {"type": "document", "media": media["id"], "filename": "{{no}}.png"}, "paper")
    assert (await world.api.ask("DELETE", f"/v1/media/{media['id']}")).status == 204
    assert paper["content"]["media"] == media["id"]
    assert (await world.api.post(MESSAGES, use("paper", no="7"), 404))["code"] == "media_not_found"


async def test_a_file_that_was_made_for_nothing_goes_again(api: Api, database: Database) -> None:
    media = await upload(api, samples.image(), "a.png", type="document")
    content = {"type": "image", "media": media["id"]}
    await store(api)
    await store(api, content, status=409)
    other = await store(api, name="other")
    refused = await api.ask("PUT", f"/v1/templates/{other['id']}", {"name": "hello", "content": content})
    assert refused.status == 409
    assert await database.read(_media()) == [media["id"]]


def _media() -> Script[list[str]]:
    rows = yield sql("SELECT id FROM media")()
    return [row["id"] for row in rows]


async def test_each_verb_needs_its_scope(world: World) -> None:
    made = await store(world.api)
    path = f"/v1/templates/{made['id']}"
    reads, writes, sends = [
        await world.api.limited(scope) for scope in ("templates:read", "templates:write", "messages:send")
    ]
    filling = {"variables": {"name": "Ana", "1": "2"}}
    await reads.get(path)
    await reads.post(f"{path}/render", filling)
    assert (await store(reads, name="more", status=403))["code"] == "forbidden"
    await writes.get(path, 403)
    await writes.get("/v1/templates", 403)
    await writes.post(f"{path}/render", filling, 403)
    assert (await reads.ask("DELETE", path)).status == 403
    await sends.get(path, 403)
    await sends.post(MESSAGES, use(name="Ana", **{"1": "2"}), 202)
    assert (await writes.ask("DELETE", path)).status == 204


def test_the_example_is_one() -> None:
    schema = openapi_document()["components"]["schemas"]["StoreTemplate"]
    assert HoldText.model_validate(schema["examples"][0]["content"]).said().text.startswith("Hello {{name}}")
