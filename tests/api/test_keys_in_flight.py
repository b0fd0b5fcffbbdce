"""Many requests at once with the same Idempotency-Key: one message each, whatever the order of things."""

from __future__ import annotations

import asyncio
import os
from collections import Counter

import pytest

from api.world import Api
from wagate.domain.errors import IdempotencyInProgress, TooBusy
from wagate.domain.ids import TenantId
from wagate.features.messaging.requests import KeysInFlight

_KEYS = int(os.environ.get("TEST_IDEMPOTENCY_KEYS", "200"))
"""1000 is the full size; it takes minutes on a small machine."""

_POSTS = 50
_AT_ONCE = 20
_MESSAGES = "/v1/sessions/support/messages"


async def test_fifty_posts_at_once_make_one_message_for_each_of_many_keys(api: Api) -> None:
    await api.post("/v1/sessions", {"name": "support"}, 201)
    made: dict[str, set[str]] = {}
    statuses: Counter[int] = Counter()

    async def ask(key: str) -> None:
        body = {"to": "+5511900000002", "text": key}
        answer = await api.ask("POST", _MESSAGES, body, headers={"Idempotency-Key": key})
        statuses[answer.status] += 1
        if answer.status == 202:
            made.setdefault(key, set()).add(answer.json["id"])

    keys = [f"key-{number}" for number in range(_KEYS)]
    for start in range(0, _KEYS, _AT_ONCE):
        await asyncio.gather(*(ask(key) for _ in range(_POSTS) for key in keys[start : start + _AT_ONCE]))
    assert set(statuses) <= {202, 409}
    assert statuses.total() == _POSTS * _KEYS
    assert statuses[409], "nobody met a request in flight"
    assert made.keys() == set(keys)
    assert all(len(messages) == 1 for messages in made.values())
    for key in keys:
        again = await api.ask(
            "POST", _MESSAGES, {"to": "+5511900000002", "text": key}, headers={"Idempotency-Key": key}
        )
        assert (again.status, again.headers["idempotency-replayed"]) == (202, "true")
        assert {again.json["id"]} == made[key]
        other = await api.ask(
            "POST", _MESSAGES, {"to": "+5511900000002", "text": "x"}, headers={"Idempotency-Key": key}
        )
        assert (other.status, other.json["code"]) == (422, "idempotency_key_reused")
    kept: list[str] = []
    cursor = ""
    while True:
        page = await api.get(f"/v1/messages?limit=200{cursor}")
        kept += [message["id"] for message in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert sorted(kept) == sorted(message for messages in made.values() for message in messages)


def test_a_key_is_held_by_one_at_a_time_and_there_is_an_end_to_them() -> None:
    keys, us, them = KeysInFlight(most=2), TenantId("tnt_1"), TenantId("tnt_2")
    with keys.claim(us, "a"), keys.claim(them, "a"):
        with pytest.raises(IdempotencyInProgress), keys.claim(us, "a"):
            pass
        with pytest.raises(TooBusy), keys.claim(us, "b"):
            pass
        with keys.claim(us, None):
            pass
    with keys.claim(us, "a"), keys.claim(us, "b"):
        pass
