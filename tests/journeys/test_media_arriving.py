"""Files in: from a phone to the API, with the native engine; and what is done to messages with files."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from api.world import one_database
from fixtures import samples
from fixtures.rooms import eventually
from journeys.engine_choice import on_both_engines
from journeys.media_shop import ANA, OWN, PDF, MakeShop, Shop
from wagate.domain.media import VOICE_MIME
from wagate.domain.session import SessionState
from whatsapp_emulator.client import EmulatorClient

pytestmark = one_database


ARRIVING: list[tuple[str, str, bytes, dict[str, Any], dict[str, Any]]] = [
    ("image", "image", samples.image("JPEG"), {"mimetype": "image/jpeg", "caption": "hi"}, {"text": "hi"}),
    ("video", "video", samples.video(), {"mimetype": "video/mp4"}, {"text": "[video]"}),
    ("video", "video", samples.video(), {"mimetype": "video/mp4", "is_gif": True}, {"text": "[gif]"}),
    ("video", "video", samples.video(), {"mimetype": "video/mp4", "is_round": True}, {"text": "[video_note]"}),
    ("audio", "audio", samples.sound("mp3"), {"mimetype": "audio/mpeg"}, {"text": "[audio]"}),
    ("voice", "audio", samples.sound("ogg"), {"mimetype": VOICE_MIME, "is_voice": True}, {"text": "[voice]"}),
    ("document", "document", PDF, {"mimetype": "application/pdf", "file_name": "b.pdf"}, {"text": "b.pdf"}),
    ("document", "document", PDF, {"file_name": "b.pdf", "caption": "read"}, {"text": "read"}),
    ("sticker", "sticker", samples.image("WEBP", (512, 512)), {"mimetype": "image/webp"}, {"text": "[sticker]"}),
    ("image", "image", samples.image("JPEG"), {"mimetype": "image/jpeg", "view_once": True}, {"view_once": True}),
]


async def test_each_kind_of_file_from_a_phone_is_fetched_by_itself(shop: Shop) -> None:
    for type_, kind, content, details, expected in ARRIVING:
        wa_id = await shop.ana.send_media(OWN, kind, content, **details)
        received = await shop.received(wa_id)
        assert (received["type"], received["direction"]) == (type_, "in")
        assert {name: received[name] for name in expected} == expected
        assert (received["media"]["state"], received["media"]["size"]) == ("pending", len(content))
        await shop.ready(received["media"]["id"])
        assert (await shop.api.ask("GET", received["media"]["url"])).body == content
        told = await shop.told("message.media_updated", received["id"])
        assert (told["media"]["state"], told["media"]["sha256"]) == ("ready", sha256(content).hexdigest())


async def test_lists_tell_messages_with_files_from_those_without(shop: Shop) -> None:
    with_file = await shop.received(await shop.ana.send_media(OWN, "document", PDF, file_name="a.pdf"))
    without = await shop.received(await shop.ana.type(OWN, "no file"))
    for value, expected in (("true", with_file), ("false", without)):
        listed = (await shop.api.get(f"/v1/messages?has_media={value}"))["data"]
        assert [message["id"] for message in listed] == [expected["id"]]
    await shop.ready(with_file["media"]["id"])


async def test_what_is_sent_on_the_own_phone_comes_as_ours_with_its_file(shop: Shop) -> None:
    wa_id = await shop.own.send_media(ANA, "document", PDF, mimetype="application/pdf", file_name="own.pdf")
    sent = await shop.received(wa_id)
    assert (sent["direction"], sent["origin"], sent["type"]) == ("out", "other_device", "document")
    await shop.ready(sent["media"]["id"])
    assert (await shop.api.ask("GET", sent["media"]["url"])).body == PDF


async def test_a_small_picture_comes_with_the_message(shop: Shop) -> None:
    small = samples.image("JPEG", (32, 20))
    wa_id = await shop.ana.send_media(OWN, "document", PDF, preview=small, file_name="b.pdf")
    received = await shop.received(wa_id)
    answer = await shop.api.ask("GET", received["media"]["thumbnail_url"])
    assert (answer.body, answer.headers["content-type"]) == (small, "image/jpeg")
    wa_id = await shop.ana.send_media(OWN, "document", PDF, file_name="c.pdf", preview=b"<svg>")
    without = await shop.received(wa_id)
    assert without["media"]["thumbnail_url"] is None
    for message in (received, without):
        await shop.ready(message["media"]["id"])


@on_both_engines
async def test_who_sent_a_note_hears_that_it_was_played(shop: Shop) -> None:
    note = samples.sound("ogg")
    wa_id = await shop.ana.send_media(OWN, "audio", note, mimetype=VOICE_MIME, is_voice=True)
    music = await shop.ana.send_media(OWN, "audio", note, mimetype=VOICE_MIME)
    received, other = await shop.received(wa_id), await shop.received(music)
    answer = await shop.api.ask("POST", f"/v1/messages/{other['id']}/played")
    assert (answer.status, answer.json["code"]) == (422, "invalid_request")
    assert (await shop.api.ask("POST", "/v1/messages/msg_none/played")).status == 404
    assert (await shop.api.ask("POST", f"/v1/messages/{received['id']}/played")).status == 204

    async def heard() -> bool:
        return [told.ids for told in await shop.ana.receipts() if told.type == "played"] == [(wa_id,)]

    await eventually(heard)
    for message in (received, other):
        await shop.ready(message["media"]["id"])


async def test_a_large_file_is_fetched_when_somebody_wants_it(make_shop: MakeShop) -> None:
    shop = await make_shop(media_eager_limit=1_000)
    wa_id = await shop.ana.send_media(OWN, "document", PDF, file_name="large.pdf")
    media = (await shop.received(wa_id))["media"]
    small = await shop.received(await shop.ana.send_media(OWN, "document", b"%PDF-1.4 tiny", file_name="small.pdf"))
    await shop.ready(small["media"]["id"])
    assert (await shop.api.get(f"/v1/media/{media['id']}/info"))["state"] == "pending"
    answer = await shop.api.ask("GET", media["url"])
    assert (answer.status, answer.json["code"], answer.headers["retry-after"]) == (409, "media_not_ready", "2")
    await shop.ready(media["id"])
    assert (await shop.api.ask("GET", media["url"])).body == PDF


async def test_a_session_has_a_limit_of_its_own(shop: Shop) -> None:
    """It is used from the next start on, in place of the gateway's, until it is taken back."""

    async def restarted_with(limit: int | None) -> None:
        answer = await shop.api.ask("PATCH", "/v1/sessions/shop", {"settings": {"media_eager_limit": limit}})
        assert (answer.status, answer.json["settings"]["media_eager_limit"]) == (200, limit)
        for verb, state in (("stop", SessionState.STOPPED), ("start", SessionState.CONNECTED)):
            await shop.api.ask("POST", f"/v1/sessions/shop/{verb}")
            session = await shop.house.gateway.sessions.get(shop.house.us, "shop")
            await shop.house.reaches(session, state)

    await restarted_with(1_000)
    large = await shop.received(await shop.ana.send_media(OWN, "document", PDF, file_name="large.pdf"))
    small = await shop.received(await shop.ana.send_media(OWN, "document", b"%PDF-1.4 tiny", file_name="small.pdf"))
    await shop.ready(small["media"]["id"])
    assert (await shop.api.get(f"/v1/media/{large['media']['id']}/info"))["state"] == "pending"
    await restarted_with(None)
    later = await shop.received(await shop.ana.send_media(OWN, "document", PDF, file_name="later.pdf"))
    await shop.ready(later["media"]["id"])
    assert (await shop.api.get(f"/v1/media/{large['media']['id']}/info"))["state"] == "pending"
    refused = await shop.api.ask("PATCH", "/v1/sessions/shop", {"settings": {"media_eager_limit": -1}})
    assert (refused.status, refused.json["code"]) == (422, "invalid_request")


async def test_a_file_that_is_gone_is_asked_for_on_the_phone(make_shop: MakeShop, control: EmulatorClient) -> None:
    shop = await make_shop(media_eager_limit=0)
    wa_id = await shop.ana.send_media(OWN, "document", PDF, file_name="a.pdf")
    media = (await shop.received(wa_id))["media"]
    await control.expire_media()
    assert (await shop.api.ask("GET", media["url"])).status == 409
    await shop.ready(media["id"])
    assert (await shop.api.ask("GET", media["url"])).body == PDF


async def test_a_file_that_nobody_has_any_more_is_expired(make_shop: MakeShop, control: EmulatorClient) -> None:
    shop = await make_shop(media_eager_limit=0)
    wa_id = await shop.ana.send_media(OWN, "document", PDF, file_name="a.pdf")
    received = await shop.received(wa_id)
    await control.expire_media()
    await shop.own.set(keeps_media=False)
    assert (await shop.api.ask("GET", received["media"]["url"])).status == 409
    await shop.ready(received["media"]["id"], "expired")
    assert (await shop.told("message.media_updated", received["id"]))["media"]["state"] == "expired"
    assert (await shop.api.ask("GET", received["media"]["url"])).status == 410


async def test_what_was_left_to_fetch_is_fetched_after_a_restart(make_shop: MakeShop, control: EmulatorClient) -> None:
    shop = await make_shop()
    await control.faults(media_hosts_down=9)
    wa_id = await shop.ana.send_media(OWN, "document", PDF, file_name="a.pdf")
    received = await shop.received(wa_id)
    await shop.house.close()
    await control.faults(media_hosts_down=0)
    await shop.house.open()
    await shop.ready(received["media"]["id"])
    assert (await shop.api.ask("GET", received["media"]["url"])).body == PDF


async def test_a_deleted_message_takes_the_file_that_it_brought_with_it(shop: Shop) -> None:
    wa_id = await shop.ana.send_media(OWN, "image", samples.image("JPEG"), mimetype="image/jpeg")
    received = await shop.received(wa_id)
    await shop.ready(received["media"]["id"])
    await shop.ana.act("revoke", wa_id)
    told = await shop.told("message.deleted", received["id"])
    assert (told["media"], told["content"]) == (None, {"was": "image"})
    assert (await shop.api.ask("GET", received["media"]["url"])).status == 404


async def test_a_caption_is_edited_both_ways(shop: Shop) -> None:
    sent = await shop.send_form(samples.image("JPEG"), "a.jpg", to=ANA, type="image", caption="helo")
    answer = await shop.api.ask("PATCH", f"/v1/messages/{sent['id']}?wait=10", {"text": "hello"})
    assert answer.status == 200, answer.body
    edit = await shop.shown(answer.json["wa_id"])
    assert (edit.kind, edit.target, edit.text) == ("edit", sent["wa_id"], "hello")
    edited = await shop.api.get(f"/v1/messages/{sent['id']}")
    assert (edited["text"], edited["type"], edited["media"]["id"]) == ("hello", "image", sent["media"]["id"])
    wa_id = await shop.ana.send_media(OWN, "image", samples.image("JPEG"), mimetype="image/jpeg", caption="yo")
    received = await shop.received(wa_id)
    await shop.ana.act("edit", wa_id, text="you")
    told = await shop.told("message.edited", received["id"])
    assert (told["text"], told["type"], told["media"]["id"]) == ("you", "image", received["media"]["id"])
    await shop.ready(received["media"]["id"])


async def test_what_arrived_is_forwarded_with_its_file(shop: Shop) -> None:
    wa_id = await shop.ana.send_media(OWN, "document", PDF, file_name="a.pdf", caption="for you")
    received = await shop.received(wa_id)
    await shop.ready(received["media"]["id"])
    answer = await shop.api.ask("POST", f"/v1/messages/{received['id']}/forward?wait=10", {"to": ANA})
    assert answer.status == 200, answer.body
    shown = await shop.shown(answer.json["wa_id"])
    assert (shown.text, shown.forwarded) == ("for you", 1)
    assert await shop.ana.file(answer.json["wa_id"]) == PDF
    await shop.ana.act("revoke", wa_id)
    await shop.told("message.deleted", received["id"])
    # The other message shows it still.
    assert (await shop.api.ask("GET", received["media"]["url"])).body == PDF
