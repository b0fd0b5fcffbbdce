"""Search over HTTP."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from api.world import World, one_database, until
from wagate.api.v1.schemas.search import FoundPage

_SEARCH = "/v1/messages/search"


async def test_messages_are_found_by_what_they_say(world: World) -> None:
    first = await world.send("Is the <b>Invoice</b> ready?")
    second = await world.send("invoice 17")

    async def there() -> bool:
        return len((await world.api.get(f"{_SEARCH}?q=invoice"))["data"]) == 2

    await until(there)
    page = await world.api.get(f"{_SEARCH}?q=invoice&limit=1")
    assert FoundPage.model_validate(page).model_dump(mode="json", by_alias=True) == page
    rest = await world.api.get(f"{_SEARCH}?q=invoice&limit=1&cursor={page['next_cursor']}")
    assert [one["message"]["id"] for one in page["data"] + rest["data"]] == [second["id"], first["id"]]
    assert rest["next_cursor"] is None
    assert rest["data"][0]["snippet"] == [
        {"text": "Is the <b>", "match": False},
        {"text": "Invoice", "match": True},
        {"text": "</b> ready?", "match": False},
    ]
    chat = quote(first["chat"]["id"])
    for where, count in (
        ("session=support&direction=out&type=text", 2),
        (f"session=support&chat={chat}&sender=5511900000001", 2),
        ("since=2026-01-01T00:00:00Z", 2),
        ("until=2026-01-01T00:00:00Z", 0),
        ("has_media=true", 0),
    ):
        assert len((await world.api.get(f"{_SEARCH}?q=invoice&{where}"))["data"]) == count, where


@one_database
@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 422, "invalid_request"),
        ("q=", 422, "invalid_search"),
        ("q=%20-x", 422, "invalid_search"),
        ("q=x&chat=cht_1", 422, "invalid_request"),
        ("q=x&session=nobody", 404, "session_not_found"),
        ("q=x&session=support&chat=cht_1", 404, "chat_not_found"),
        ("q=x&session=support&chat=somebody", 422, "invalid_recipient"),
        ("q=x&type=Te'xt", 422, "invalid_request"),
        ("q=x&since=yesterday", 422, "invalid_request"),
        ("q=x&since=2026-01-01T00:00:00", 422, "invalid_request"),
        ("q=x&since=0001-01-01T00:00:00Z", 422, "invalid_request"),
        ("q=x&limit=0", 422, "invalid_request"),
        ("q=x&limit=201", 422, "invalid_request"),
        ("q=x&cursor=x", 400, "invalid_cursor"),
        ("q=x%00", 422, "invalid_request"),
    ],
)
async def test_a_search_that_makes_no_sense_is_refused(world: World, query: str, status: int, code: str) -> None:
    assert (await world.api.get(f"{_SEARCH}?{query}", status))["code"] == code


@one_database
async def test_searching_needs_the_scope_of_reading(world: World) -> None:
    sender = await world.api.limited("messages:send")
    assert (await sender.get(f"{_SEARCH}?q=x", 403))["code"] == "forbidden"
