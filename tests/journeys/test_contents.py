"""Every kind of content and every act, from the API to a phone and back: the engines against the emulator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from api.world import Api, one_database, until
from fixtures import samples
from fixtures.rooms import OpenHouse
from journeys.engine_choice import EngineChoice, on_both_engines
from wagate.api.app import create_app, openapi_document
from wagate.api.routing import JSON
from wagate.domain.session import SessionState
from whatsapp_emulator.client import EmulatorClient, PhoneClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_emulator.told import MessageTold

pytestmark = one_database

OWN, OTHER, THIRD = "5511900000001", "5511999999999", "5511988888888"
"""OTHER has the number that the examples write to."""

MESSAGES = "/v1/sessions/shop/messages"
EXAMPLES: dict[str, Any] = {
    type_: told["value"]
    for type_, told in openapi_document()["paths"]["/v1/sessions/{session}/messages"]["post"]["requestBody"]["content"][
        JSON
    ]["examples"].items()
}
KINDS = {
    "text": "text",
    "location": "location",
    "contacts": "contact",
    "poll": "poll",
    "event_invite": "event",
    "buttons": "text",
    "list": "text",
    "image": "image",
    "video": "video",
    "gif": "video",
    "video_note": "video",
    "audio": "audio",
    "voice": "audio",
    "document": "document",
    "sticker": "sticker",
    "template": "text",
}
KEPT = {
    "video": samples.video(),
    "gif": samples.video(),
    "video_note": samples.video(),
    "audio": samples.sound("mp3"),
    "voice": samples.sound("mp3"),
    "document": b"%PDF-1.7 an invoice",
}
"""The files that examples name by an id."""

TEMPLATE: dict[str, Any] = openapi_document()["components"]["schemas"]["StoreTemplate"]["examples"][0]
"""The template that an example names."""

SHOWN_AS = {"gif": "video", "video_note": "video", "template": TEMPLATE["content"]["type"]}
"""What a message is called that is asked for by another word."""


@dataclass(frozen=True, slots=True)
class Shop:
    """A session of the gateway that is linked to OWN, asked through its API, and the phone of OTHER."""

    api: Api
    phone: PhoneClient
    own_phone: PhoneClient
    emulator: Emulator

    async def send(self, body: dict[str, Any]) -> dict[str, Any]:
        sent: dict[str, Any] = await self.api.post(f"{MESSAGES}?wait=10", body)
        return sent

    async def do(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        answer = await self.api.ask(method, f"{path}?wait=10", body)
        assert answer.status == 200, answer.body
        done: dict[str, Any] = answer.json
        return done

    async def shown(self, wa_id: str) -> MessageTold:
        """The message with that id on the other phone."""
        found: list[MessageTold] = []

        async def there() -> bool:
            found[:] = [message for message in await self.phone.inbox() if message.id == wa_id]
            return bool(found)

        await until(there)
        return found[0]

    async def told(self, type_: str, wa_id: str, key: str = "wa_id") -> dict[str, Any]:
        """The event of a type about a message."""
        found: list[dict[str, Any]] = []

        async def there() -> bool:
            events = (await self.api.get(f"/v1/events?types={type_}&limit=200"))["data"]
            found[:] = [event["data"] for event in events if event["data"][key] == wa_id]
            return bool(found)

        await until(there)
        return found[-1]


@pytest.fixture
async def shop(engine_choice: EngineChoice, open_house: OpenHouse, emulator: Emulator, control: EmulatorClient) -> Shop:
    for phone in (OWN, OTHER, THIRD):
        await control.account(phone, phone)
    house = await open_house(make_engine=engine_choice.make, settings={"engine": engine_choice.name})
    session = await house.gateway.sessions.create(house.us, name="shop")
    await house.gateway.sessions.start(house.us, session.id)
    await control.phone(OWN).scan((await house.qr(session)).text)
    await house.reaches(session, SessionState.CONNECTED)
    assert house.gateway.first_key is not None
    api = Api(create_app(house.gateway), house.gateway.first_key.secret)
    return Shop(api, control.phone(OTHER), control.phone(OWN), emulator)


@on_both_engines
async def test_each_example_of_the_description_is_sent_for_real(shop: Shop) -> None:
    await shop.api.post("/v1/templates", TEMPLATE, 201)
    for type_, body in EXAMPLES.items():
        if type_ in KEPT:
            form = samples.file_form(KEPT[type_], "file")
            kept = await shop.api.ask("POST", "/v1/media", None, headers=samples.FORM, chunks=[form])
            body = {**body, "media": kept.json["id"]}
        sent = await shop.send(body)
        assert (sent["type"], sent["error"]) == (SHOWN_AS.get(type_, type_), None)
        shown = await shop.shown(sent["wa_id"])
        assert shown.kind == KINDS[type_]
        assert sent["text"]
        if KINDS[type_] == "text":
            assert shown.text == sent["text"]


async def test_templates_reach_the_phone_with_their_words(shop: Shop) -> None:
    async def send(template: str, **variables: str) -> MessageTold:
        asked = {"name": template, "variables": variables}
        sent = await shop.send({"to": f"+{OTHER}", "type": "template", "template": asked, "mentions": [f"+{THIRD}"]})
        assert sent["error"] is None
        return await shop.shown(sent["wa_id"])

    form = samples.file_form(samples.image(), "file")
    kept = await shop.api.ask("POST", "/v1/media", None, headers=samples.FORM, chunks=[form])
    contents = {
        "hello": {"type": "text", "text": "Hello {{name}} @5511988888888"},
        "offer": {"type": "image", "media": kept.json["id"], "caption": "{{1}} for {{2}}"},
    }
    for name, content in contents.items():
        await shop.api.post("/v1/templates", {"name": name, "content": content}, 201)
    text = await send("hello", name="{{name}} {{7*7}} {0.__class__}")
    assert (text.kind, text.text) == ("text", "Hello {{name}} {{7*7}} {0.__class__} @5511988888888")
    assert [mention.partition("@")[0] for mention in text.mentions] == [THIRD]
    picture = await send("offer", **{"1": "Bread", "2": "Ana"})
    assert (picture.kind, picture.text) == ("image", "Bread for Ana")


async def test_what_is_done_to_our_message_reaches_the_phone(shop: Shop) -> None:
    sent = await shop.send(EXAMPLES["text"])
    path = f"/v1/messages/{sent['id']}"
    reaction = await shop.do("PUT", f"{path}/reaction", {"emoji": "👍"})
    edit = await shop.do("PATCH", path, {"text": "better"})
    pin = await shop.do("PUT", f"{path}/pin", {})
    deletion = await shop.do("DELETE", path)
    shown = [await shop.shown(act["wa_id"]) for act in (reaction, edit, pin, deletion)]
    assert [(act.kind, act.target, act.edit) for act in shown] == [
        ("reaction", sent["wa_id"], None),
        ("edit", sent["wa_id"], "1"),
        ("pin", sent["wa_id"], "2"),
        ("revoke", sent["wa_id"], "7"),
    ]
    assert (await shop.api.get(path))["type"] == "deleted"


async def test_what_the_phone_does_is_told(shop: Shop) -> None:
    wa_id = await shop.phone.type(OWN, "helo")
    received = await shop.told("message.received", wa_id)
    await shop.phone.act("react", wa_id, emoji="❤️")
    assert (await shop.told("message.reaction", wa_id))["message"] == received["id"]
    await shop.phone.act("edit", wa_id, text="hello")
    assert (await shop.told("message.edited", wa_id))["text"] == "hello"
    await shop.phone.act("pin", wa_id, for_s=86_400)
    assert (await shop.told("message.pinned", wa_id))["for_s"] == 86_400
    await shop.phone.act("revoke", wa_id)
    assert (await shop.told("message.deleted", wa_id))["id"] == received["id"]
    path = f"/v1/messages/{received['id']}"
    (reaction,) = (await shop.api.get(f"{path}/reactions"))["data"]
    assert (reaction["emoji"], reaction["from"]["phone"]) == ("❤️", f"+{OTHER}")


async def test_polls_are_voted_in_both_ways(shop: Shop) -> None:
    ours = await shop.send(EXAMPLES["poll"])
    await shop.shown(ours["wa_id"])
    await shop.phone.act("vote", ours["wa_id"], options=["Sushi"])
    vote = await shop.told("message.poll_vote", ours["wa_id"])
    assert (vote["message"], vote["selected"], vote["from"]["phone"]) == (ours["id"], ["Sushi"], f"+{OTHER}")
    theirs = await shop.phone.say(OWN, "poll", question="Dinner?", options=["Soup", "Bread"])
    poll = await shop.told("message.received", theirs)
    cast = await shop.do("PUT", f"/v1/messages/{poll['id']}/vote", {"selected": ["Soup"]})
    assert (await shop.shown(cast["wa_id"])).vote == ("Soup",)


@on_both_engines
async def test_a_link_is_shown_with_what_is_behind_it(shop: Shop) -> None:
    text, page = "read https://example.com/menu today", {"title": "Menu", "description": "What we cook"}
    sent = await shop.send({"to": OTHER, "text": text, "preview": {"link": "https://example.com/menu", **page}})
    shown = {"link": "https://example.com/menu", **page, "thumbnail": None}
    assert sent["content"] == {"text": text, "preview": shown}
    (message,) = [each.message for each in shop.emulator.world.phone(OTHER).inbox if each.id == sent["wa_id"]]
    told = message.extended_text_message
    assert (told.matched_text, told.title, told.description) == ("https://example.com/menu", *page.values())
    wa_id = await shop.phone.say(OWN, "text", text=text, link="https://example.com/menu", **page)
    assert (await shop.told("message.received", wa_id))["content"] == {"text": text, "preview": shown}
    refused = await shop.api.ask(
        "POST", MESSAGES, {"to": OTHER, "text": "no link", "preview": {"link": "https://a.b", "title": "x"}}
    )
    assert (refused.status, refused.json["code"]) == (422, "invalid_content")
    # One that cannot be looked up is sent without.
    bare = await shop.send({"to": OTHER, "text": "http://127.0.0.1:1/", "preview": True})
    assert (await shop.shown(bare["wa_id"])).text == "http://127.0.0.1:1/"
    assert bare["content"] == {"text": "http://127.0.0.1:1/"}


async def test_what_our_own_phone_does_is_told_as_ours(shop: Shop) -> None:
    wa_id = await shop.own_phone.type(OTHER, "from the handset")
    sent = await shop.told("message.sent", wa_id)
    await shop.own_phone.act("react", wa_id, emoji="👍")
    told = await shop.told("message.reaction", wa_id)
    assert (told["message"], told["from"]["is_me"]) == (sent["id"], True)
    await shop.own_phone.act("revoke", wa_id)
    assert (await shop.told("message.deleted", wa_id))["id"] == sent["id"]


@on_both_engines
async def test_a_message_is_passed_on_and_marked(shop: Shop, control: EmulatorClient) -> None:
    wa_id = await shop.phone.say(OWN, "location", latitude=-23.5, longitude=-46.6, name="MASP", forwarded=4)
    received = await shop.told("message.received", wa_id)
    assert (received["forwarded"], received["text"]) == (4, "MASP")
    sent = await shop.do("POST", f"/v1/messages/{received['id']}/forward", {"to": THIRD})
    (shown,) = await control.phone(THIRD).inbox(wait_s=5)
    assert (shown.id, shown.kind, shown.forwarded) == (sent["wa_id"], "location", 5)


async def test_choices_are_told_with_their_words(shop: Shop) -> None:
    question = await shop.send(EXAMPLES["buttons"])
    await shop.shown(question["wa_id"])
    wa_id = await shop.phone.say(OWN, "button-reply", id="yes", title="Yes", quote=question["wa_id"])
    answer = await shop.told("message.received", wa_id)
    assert (answer["type"], answer["text"], answer["content"]) == ("button_reply", "Yes", {"id": "yes", "title": "Yes"})
    assert answer["quoted"]["id"] == question["id"]


async def test_reading_and_typing_reach_the_phone(shop: Shop, emulator: Emulator) -> None:
    wa_id = await shop.phone.type(OWN, "hello")
    received = await shop.told("message.received", wa_id)
    answer = await shop.api.ask("POST", f"/v1/messages/{received['id']}/read")
    assert answer.status == 204
    account = emulator.world.account(OTHER)

    async def was_read() -> bool:
        return any(receipt.type == "read" and wa_id in receipt.ids for receipt in account.handset.receipts)

    await until(was_read)
    typing = f"/v1/sessions/shop/chats/{received['chat']['id']}/typing"
    assert (await shop.api.ask("POST", typing, {"state": "composing"})).status == 204

    async def was_typing() -> bool:
        return account.handset.seen_typing.get(emulator.world.account(OWN).lid) == "composing"

    await until(was_typing)
