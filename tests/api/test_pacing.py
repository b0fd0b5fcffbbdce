"""How fast a session sends, set over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from api.world import Api, one_database
from fixtures.rooms import OpenHouse
from wagate.api.app import create_app
from wagate.api.v1.schemas.sessions import Session

_SESSION = "/v1/sessions/support"


@pytest.fixture
async def paced(open_house: OpenHouse) -> Api:
    """A gateway whose sessions usually send twelve messages a minute."""
    house = await open_house(settings={"pace_per_minute": 12, "pace_bulk_per_minute": 2})
    assert house.key is not None
    return Api(create_app(house.gateway), house.key)


async def _patch(api: Api, pacing: object, status: int = 200) -> Any:
    answer = await api.ask("PATCH", _SESSION, {"settings": {"pacing": pacing}})
    assert answer.status == status, answer.body
    return answer.json


async def test_a_pace_is_set_merged_shown_and_given_up(paced: Api) -> None:
    made = await paced.post("/v1/sessions", {"name": "support"}, 201)
    assert (made["settings"]["pacing"], made["warnings"]) == (None, [])
    set_ = await _patch(paced, {"per_day": 500, "quiet_hours": {"begin": "21:00", "end": "08:30"}})
    assert Session.model_validate(set_).model_dump(mode="json") == set_
    pacing = set_["settings"]["pacing"]
    assert (pacing["per_minute"], pacing["bulk_per_minute"]) == (12, 2), "the rest is as the gateway has it"
    assert (pacing["per_day"], pacing["quiet_hours"]) == (500, {"begin": "21:00", "end": "08:30"})
    merged = await _patch(paced, {"per_minute": 30, "per_day": None})
    assert merged["settings"]["pacing"] == {**pacing, "per_minute": 30, "per_day": None}
    assert (await paced.get(_SESSION))["settings"]["pacing"] == merged["settings"]["pacing"]
    assert (await _patch(paced, {"quiet_hours": None}))["settings"]["pacing"]["quiet_hours"] is None
    assert (await _patch(paced, None))["settings"]["pacing"] is None


async def test_a_pace_can_be_set_from_the_first(paced: Api) -> None:
    body = {"name": "support", "settings": {"pacing": {"warm_up": True, "cold_per_day": 0}}}
    made = await paced.post("/v1/sessions", body, 201)
    pacing = made["settings"]["pacing"]
    assert (pacing["warm_up"], pacing["cold_per_day"], pacing["per_minute"]) == (True, 0, 12)
    today = (await paced.get(f"{_SESSION}/health"))["today"]
    assert (today["sent"], today["per_day"], today["cold_per_day"]) == (0, 20, 0), "a number that warms up"


@pytest.mark.parametrize(
    ("pacing", "warns"),
    [
        ({"bulk_per_minute": 10}, False),
        ({"bulk_per_minute": 11}, True),
        ({"bulk_per_minute": None, "per_minute": 10}, False),
        ({"bulk_per_minute": None}, True),
        ({"bulk_per_minute": None, "per_minute": None}, True),
    ],
)
@one_database
async def test_bulk_that_is_too_fast_brings_a_warning(paced: Api, pacing: dict[str, Any], warns: bool) -> None:
    await paced.post("/v1/sessions", {"name": "support"}, 201)
    warnings = (await _patch(paced, pacing))["warnings"]
    assert [warning["code"] for warning in warnings] == ["bulk_pace_risky"] * warns
    assert (await paced.get("/v1/sessions"))["data"][0]["warnings"] == warnings


@pytest.mark.parametrize(
    ("pacing", "pointer"),
    [
        ({"per_minute": 0}, "/per_minute"),
        ({"bulk_per_minute": -1}, "/bulk_per_minute"),
        ({"burst": None}, "/burst"),
        ({"burst": 0}, "/burst"),
        ({"jitter": 1.1}, "/jitter"),
        ({"chat_gap_s": -1}, "/chat_gap_s"),
        ({"per_day": 1.5}, "/per_day"),
        ({"warm_up": None}, "/warm_up"),
        ({"quiet_hours": {"begin": "21:00"}}, "/quiet_hours/end"),
        ({"quiet_hours": {"begin": "24:00", "end": "08:00"}}, "/quiet_hours/begin"),
        ({"quiet_hours": {"begin": "08:00", "end": "08:00"}}, "/quiet_hours"),
        ({"speed": 3}, "/speed"),
    ],
)
@one_database
async def test_a_pace_that_makes_no_sense_is_refused(paced: Api, pacing: object, pointer: str) -> None:
    await paced.post("/v1/sessions", {"name": "support"}, 201)
    refused = await _patch(paced, pacing, 422)
    assert refused["code"] == "invalid_request"
    assert refused["errors"][0]["pointer"] == f"/settings/pacing{pointer}"
    assert (await paced.get(_SESSION))["settings"]["pacing"] is None
