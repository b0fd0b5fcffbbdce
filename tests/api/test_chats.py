"""Chats over HTTP."""

from __future__ import annotations

import pytest

from api.world import World, one_database, until
from wagate.api.v1.schemas.chats import ChatMessagePage, ChatPage, StandingChat

_CHATS = "/v1/sessions/support/chats"


async def received(world: World, *texts: str) -> None:
    for text in texts:
        world.ana.type(world.shop, text)

    async def there() -> bool:
        return len((await world.api.get("/v1/messages?direction=in"))["data"]) == len(texts)

    await until(there)


async def test_chats_are_listed_shown_and_read(world: World) -> None:
    await received(world, "Is it ready?", "é" * 500)
    page = await world.api.get(_CHATS)
    assert ChatPage.model_validate(page).model_dump(mode="json", by_alias=True) == page
    (chat,) = page["data"]
    assert (chat["kind"], chat["name"], chat["unread"]) == ("direct", "Ana", 2)
    assert len(chat["last_message"]["text"]) == 200
    for name in (chat["id"], chat["contact"]["id"], "+5511900000002", "55 11 90000-0002", world.ana.jid):
        assert await world.api.get(f"{_CHATS}/{name}") == chat
    read = await world.api.post(f"{_CHATS}/{chat['id']}/read")
    assert StandingChat.model_validate(read).model_dump(mode="json", by_alias=True) == read
    assert read == {**chat, "unread": 0}
    assert len(world.ana.was_read) == 2
    assert (await world.api.get(f"{_CHATS}?unread=true"))["data"] == []
    assert (await world.api.get(f"{_CHATS}?name=ANA&kind=direct"))["data"] == [read]
    assert (await world.api.get(f"{_CHATS}?kind=group"))["data"] == []


async def test_what_was_said_in_a_chat_is_shown_both_ways_and_around_a_message(world: World) -> None:
    sent = [(await world.send(f"{number}"))["id"] for number in range(5)]
    place = f"{_CHATS}/5511900000002@s.whatsapp.net/messages"
    page = await world.api.get(f"{place}?limit=3")
    assert ChatMessagePage.model_validate(page).model_dump(mode="json", by_alias=True) == page
    rest = await world.api.get(f"{place}?limit=3&cursor={page['next_cursor']}")
    assert [one["id"] for one in page["data"] + rest["data"]] == sent[::-1]
    middle = await world.api.get(f"{place}?around={sent[2]}&limit=2&order=asc")
    assert [one["id"] for one in middle["data"]] == sent[1:4]
    back = await world.api.get(f"{place}?cursor={middle['back_cursor']}")
    assert [one["id"] for one in back["data"]] == sent[:1]
    assert (await world.api.get(f"{place}?around=msg_nothing", 404))["code"] == "message_not_found"
    both = await world.api.get(f"{place}?around={sent[2]}&cursor={page['next_cursor']}", 422)
    assert both["code"] == "invalid_request"


@one_database
@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/sessions/nobody/chats", 404, "session_not_found"),
        (f"{_CHATS}/cht_nothing", 404, "chat_not_found"),
        (f"{_CHATS}/5511900000099", 404, "chat_not_found"),
        (f"{_CHATS}/5511900000099/messages", 404, "chat_not_found"),
        (f"{_CHATS}/somebody", 422, "invalid_recipient"),
        (f"{_CHATS}?kind=chat", 422, "invalid_request"),
        (f"{_CHATS}?cursor=x", 400, "invalid_cursor"),
    ],
)
async def test_chats_that_are_not_there(world: World, path: str, status: int, code: str) -> None:
    assert (await world.api.get(path, status))["code"] == code


@one_database
async def test_reading_needs_the_scope_of_sending(world: World) -> None:
    await received(world, "hi")
    reader = await world.api.limited("messages:read")
    chat = (await reader.get(_CHATS))["data"][0]
    assert (await reader.post(f"{_CHATS}/{chat['id']}/read", None, 403))["code"] == "forbidden"
    sender = await world.api.limited("messages:send")
    assert (await sender.get(_CHATS, 403))["code"] == "forbidden"
