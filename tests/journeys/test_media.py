"""Files out: from the API to a phone, with the native engine."""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import Any

import pytest
from aiohttp import web

from adapters.web import serving
from api.world import one_database
from fixtures import samples
from journeys.engine_choice import on_both_engines
from journeys.media_shop import ANA, MESSAGES, OWN, PDF, MakeShop, Shop
from wagate.domain.media import VOICE_MIME
from whatsapp_emulator.client import EmulatorClient

pytestmark = one_database


LEAVING: list[tuple[str, bytes, str, str, dict[str, Any]]] = [
    ("image", samples.image("JPEG"), "a.jpg", "image", {"mimetype": "image/jpeg", "width": 320, "height": 200}),
    ("video", samples.video(), "a.mp4", "video", {"mimetype": "video/mp4", "is_gif": False}),
    ("gif", samples.video(), "a.mp4", "video", {"is_gif": True}),
    ("video_note", samples.video(), "a.mp4", "video", {"is_round": True}),
    ("audio", samples.sound("mp3"), "a.mp3", "audio", {"mimetype": "audio/mpeg", "is_voice": False}),
    ("voice", samples.sound("wav"), "a.wav", "audio", {"mimetype": VOICE_MIME, "is_voice": True, "seconds": 3}),
    ("document", PDF, "a.pdf", "document", {"mimetype": "application/pdf", "file_name": "a.pdf"}),
    ("sticker", samples.image("PNG"), "a.png", "sticker", {"mimetype": "image/webp", "is_animated": False}),
    ("sticker", samples.animation("GIF"), "a.gif", "sticker", {"mimetype": "image/webp", "is_animated": True}),
]


async def test_each_kind_of_file_goes_from_a_form_to_the_phone(shop: Shop) -> None:
    for type_, content, filename, kind, details in LEAVING:
        sent = await shop.send_form(content, filename, to=ANA, type=type_)
        assert sent["type"] == ("video" if type_ in ("gif", "video_note") else type_)
        assert sent["media"]["state"] == "ready"
        shown = await shop.shown(sent["wa_id"])
        assert shown.media is not None
        assert (shown.media["kind"], shown.media["size"]) == (kind, sent["media"]["size"])
        assert {name: shown.media[name] for name in details} == details
        arrived = await shop.ana.file(sent["wa_id"])
        assert sha256(arrived).hexdigest() == sent["media"]["sha256"]
        if type_ not in ("voice", "sticker"):
            assert arrived == content


@pytest.mark.parametrize("kind", ["mp3", "wav"])
async def test_half_a_minute_of_sound_arrives_as_a_voice_note_that_plays(shop: Shop, kind: str) -> None:
    sent = await shop.send_form(samples.sound(kind, seconds=30), f"a.{kind}", to=ANA, type="voice")
    shown = await shop.shown(sent["wa_id"])
    assert shown.media is not None
    assert (shown.media["is_voice"], shown.media["seconds"]) == (True, 30)
    assert abs(samples.duration_s(await shop.ana.file(sent["wa_id"]), "ogg") - 30) < 0.1


async def test_a_message_names_its_file_by_id_by_url_or_has_it_inside(make_shop: MakeShop) -> None:
    shop, picture = await make_shop(egress_allow="127.0.0.1"), samples.image("PNG")

    async def serve(_request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=picture, content_type="image/png")

    async with serving(serve) as port:
        await _name_it_in_each_way(shop, picture, f"http://127.0.0.1:{port}/cat.png")


async def _name_it_in_each_way(shop: Shop, picture: bytes, url: str) -> None:
    kept = await shop.api.ask(
        "POST", "/v1/media", None, headers=samples.FORM, chunks=[samples.file_form(picture, "a.png")]
    )
    named: list[dict[str, Any]] = [
        {"media": kept.json["id"]},
        {"url": url},
        {"base64": base64.b64encode(picture).decode()},
    ]
    for source in named:
        body = {"to": ANA, "type": "image", "caption": "look @5511900000001", "mentions": [OWN], **source}
        sent = await shop.send(body)
        shown = await shop.shown(sent["wa_id"])
        assert (shown.text, len(shown.mentions)) == ("look @5511900000001", 1)
        assert await shop.ana.file(sent["wa_id"]) == picture
        assert (sent["text"], sent["media"]["width"]) == ("look @5511900000001", 320)


async def test_one_key_sends_one_file_once(shop: Shop) -> None:
    body = samples.file_form(PDF, "a.pdf", to=ANA, type="document")
    key = {"Idempotency-Key": "once", **samples.FORM}
    first, again = [await shop.api.ask("POST", MESSAGES, None, headers=key, chunks=[body]) for _ in range(2)]
    assert (first.status, again.status, again.headers["idempotency-replayed"]) == (202, 202, "true")
    assert first.json["id"] == again.json["id"]
    other = samples.file_form(PDF + b"!", "a.pdf", to=ANA, type="document")
    refused = await shop.api.ask("POST", MESSAGES, None, headers=key, chunks=[other])
    assert (refused.status, refused.json["code"]) == (422, "idempotency_key_reused")
    assert shop.files_kept() == 1


@on_both_engines
async def test_view_once_and_quotes_go_with_files(shop: Shop) -> None:
    question = await shop.ana.type(OWN, "what does it look like?")
    asked = await shop.received(question)
    picture = base64.b64encode(samples.image("JPEG")).decode()
    body = {"to": ANA, "type": "image", "base64": picture, "view_once": True, "reply_to": asked["id"]}
    sent = await shop.send(body)
    shown = await shop.shown(sent["wa_id"])
    assert shown.media is not None
    assert (sent["view_once"], shown.media["view_once"], shown.quoted) == (True, True, question)


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"type": "image"}, 422, "invalid_request"),
    ({"type": "image", "url": "https://a.example/a", "base64": "AAAA"}, 422, "invalid_request"),
    ({"type": "image", "media": "med_01KAGQ9C3E6H9K2N5Q8T1W4Y7Z"}, 404, "media_not_found"),
    ({"type": "image", "base64": base64.b64encode(PDF).decode()}, 422, "invalid_media"),
    ({"type": "gif", "base64": base64.b64encode(samples.animation("GIF")).decode()}, 422, "invalid_media"),
    ({"type": "image", "url": "http://127.0.0.1:1/a"}, 422, "fetch_failed"),
    ({"type": "image", "base64": "no!"}, 422, "invalid_request"),
    ({"type": "document", "base64": "AAAA", "caption": "x" * 1_025}, 422, "invalid_content"),
    ({"type": "document", "base64": "AAAA", "to": "nobody"}, 422, "invalid_recipient"),
]


async def test_what_cannot_be_sent_is_refused_and_leaves_nothing(shop: Shop) -> None:
    for body, status, code in REFUSED:
        answer = await shop.api.ask("POST", MESSAGES, {"to": ANA, **body})
        assert (answer.status, answer.json["code"]) == (status, code), body
        assert shop.files_kept() == 0


async def test_one_upload_serves_many_messages(shop: Shop, control: EmulatorClient) -> None:
    kept = await shop.api.ask("POST", "/v1/media", None, headers=samples.FORM, chunks=[samples.file_form(PDF, "a.pdf")])
    for number in range(3):
        await shop.send({"to": ANA, "type": "document", "media": kept.json["id"], "caption": str(number)})
    assert (await control.stats())["counts"]["media uploads"] == 1


async def test_a_file_that_waits_to_leave_cannot_be_deleted_and_leaves_later(
    shop: Shop, control: EmulatorClient
) -> None:
    await control.faults(media_hosts_down=9)
    kept = await shop.api.ask("POST", "/v1/media", None, headers=samples.FORM, chunks=[samples.file_form(PDF, "a.pdf")])
    sent = await shop.api.post(MESSAGES, {"to": ANA, "type": "document", "media": kept.json["id"]}, 202)
    refused = await shop.api.ask("DELETE", kept.json["url"])
    assert (refused.status, refused.json["code"]) == (409, "media_in_use")
    await control.faults(media_hosts_down=0)
    await shop.api.until_status(sent["id"], "delivered")
    assert (await shop.api.ask("DELETE", kept.json["url"])).status == 204
    assert (await shop.api.get(f"/v1/messages/{sent['id']}"))["media"]["state"] == "omitted"


async def test_files_go_to_groups_and_come_from_them(shop: Shop) -> None:
    group = await shop.own.create_group("Family", [ANA])
    wa_id = await shop.ana.send_media(group.jid, "document", PDF, file_name="a.pdf")
    received = await shop.received(wa_id)
    await shop.ready(received["media"]["id"])
    sent = await shop.send_form(PDF, "b.pdf", to=group.jid, type="document", caption="seen")
    assert (await shop.shown(sent["wa_id"])).text == "seen"
    assert await shop.ana.file(sent["wa_id"]) == PDF
