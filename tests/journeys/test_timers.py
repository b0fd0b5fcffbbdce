"""Chats whose messages disappear, with the native engine and people on their phones at the other end."""

from __future__ import annotations

from typing import Any

from fixtures.rooms import eventually
from journeys.engine_choice import on_both_engines
from journeys.media_shop import ANA, MESSAGES, OWN, Shop

CHAT = f"/v1/sessions/shop/chats/{ANA}"
DAY, WEEK = 86_400, 604_800


async def timer_is(shop: Shop, seconds: int) -> dict[str, Any]:
    """Wait until the chat has a timer; the newest `chat.updated`."""

    async def told() -> dict[str, Any] | None:
        events: list[dict[str, Any]] = (await shop.api.get("/v1/events?types=chat.updated&limit=200"))["data"]
        newest: dict[str, Any] | None = events[-1]["data"] if events else None
        return newest if newest is not None and newest["disappearing_s"] == seconds else None

    return await eventually(told)


async def expiry_shown(shop: Shop, text: str) -> int:
    """Send a text; after how many seconds it vanishes from the other phone."""
    sent = await shop.send({"to": f"+{ANA}", "text": text})
    expires = (await shop.shown(sent["wa_id"])).expires_in_s
    assert (sent["expires_at"] is None) is (expires == 0)
    return expires


@on_both_engines
async def test_what_is_sent_into_a_chat_with_a_timer_takes_it_over(shop: Shop) -> None:
    assert await expiry_shown(shop, "for ever") == 0
    await shop.ana.say(OWN, "timer", seconds=WEEK)
    event = await timer_is(shop, WEEK)
    assert event["changes"] == ["disappearing_s"]
    assert (await shop.api.get(CHAT))["disappearing_s"] == WEEK
    assert await expiry_shown(shop, "for a week") == WEEK
    await shop.own.say(ANA, "timer", seconds=0)
    await timer_is(shop, 0)
    assert await expiry_shown(shop, "for ever again") == 0
    await shop.ana.say(OWN, "text", text="vanishes", expires_in_s=DAY)

    async def learnt() -> bool:
        return bool((await shop.api.get(CHAT))["disappearing_s"] == DAY)

    await eventually(learnt)
    assert await expiry_shown(shop, "for a day") == DAY


@on_both_engines
async def test_the_timer_of_a_chat_is_set(shop: Shop) -> None:
    await shop.send({"to": f"+{ANA}", "text": "hello"})
    answer = await shop.api.ask("PATCH", CHAT, {"disappearing_s": DAY})
    assert (answer.status, answer.json["disappearing_s"]) == (200, DAY)
    assert (await timer_is(shop, DAY))["changes"] == ["disappearing_s"]

    async def said() -> bool:
        return [shown.timer for shown in await shop.ana.inbox() if shown.timer is not None] == [DAY]

    await eventually(said)
    assert await expiry_shown(shop, "for a day") == DAY
    assert (await shop.api.ask("PATCH", CHAT, {"disappearing_s": 5})).status == 422
    listed = (await shop.api.get(f"{MESSAGES}?limit=10"))["data"]
    assert len(listed) == 2  # what sets the timer is no message


async def test_a_group_with_a_timer(shop: Shop) -> None:
    group = await shop.ana.create_group("Short-lived", [OWN])
    await shop.ana.group(group.jid).set(ephemeral_s=DAY)

    async def known() -> bool:
        answer = await shop.api.ask("GET", f"/v1/sessions/shop/groups/{group.jid}")
        return answer.status == 200 and bool(answer.json["settings"]["disappearing_s"] == DAY)

    await eventually(known)
    sent = await shop.send({"to": group.jid, "text": "hello"})
    assert (await shop.shown(sent["wa_id"])).expires_in_s == DAY


async def test_the_timer_of_a_group_is_set_by_the_chat(shop: Shop) -> None:
    group = await shop.own.create_group("Short-lived", [ANA])
    sent = await shop.send({"to": group.jid, "text": "hello"})
    chat = f"/v1/sessions/shop/chats/{sent['chat']['id']}"
    answer = await shop.api.ask("PATCH", chat, {"disappearing_s": DAY, "pinned": True})
    assert (answer.status, answer.json["disappearing_s"], answer.json["pinned"]) == (200, DAY, True)
    assert (await shop.api.get(f"/v1/sessions/shop/groups/{group.jid}"))["settings"]["disappearing_s"] == DAY
    assert (await shop.api.get(chat))["disappearing_s"] == DAY
    later = await shop.send({"to": group.jid, "text": "for a day"})
    assert later["expires_at"] is not None
    assert (await shop.shown(later["wa_id"])).expires_in_s == DAY
    events = (await shop.api.get("/v1/events?types=group.updated&limit=200"))["data"]
    assert events[-1]["data"]["changes"] == ["disappearing_s"]
    narrow = await shop.api.limited("messages:send")
    refused = await narrow.ask("PATCH", chat, {"disappearing_s": 0})
    assert (refused.status, refused.json["code"]) == (403, "forbidden")


async def test_who_is_no_admin_does_not_set_the_timer_of_a_locked_group(shop: Shop) -> None:
    group = await shop.ana.create_group("Hers", [OWN])
    await shop.ana.group(group.jid).set(locked=True)
    sent = await shop.send({"to": group.jid, "text": "hello"})
    answer = await shop.api.ask("PATCH", f"/v1/sessions/shop/chats/{sent['chat']['id']}", {"disappearing_s": DAY})
    assert (answer.status, answer.json["code"]) == (409, "not_group_admin")
