"""Engines over HTTP: what there is, and which one a session gets."""

from __future__ import annotations

import pytest

from api.world import Api
from fixtures.rooms import QUICK, House, OpenHouse
from wagate.adapters.engines.fake import WITHOUT_PROMISES, FakeEngine
from wagate.adapters.engines.fake.frames import Ended
from wagate.api.app import create_app
from wagate.api.v1.schemas.engines import EngineList
from wagate.api.v1.schemas.event_shapes import OutdatedNews
from wagate.domain.session import Reason, SessionState


@pytest.fixture
async def house(open_house: OpenHouse) -> House:
    """A gateway with two engines, of which the second is the default."""
    return await open_house(
        more_engines=lambda house: [
            FakeEngine(house.service, house.clock, QUICK, WITHOUT_PROMISES, "poor", version="2.3000.7")
        ],
        settings={"engine": "poor"},
    )


@pytest.fixture
def api(house: House) -> Api:
    assert house.gateway.first_key is not None
    return Api(create_app(house.gateway), house.gateway.first_key.secret)


async def test_the_engines_are_listed_with_what_they_promise(api: Api) -> None:
    listed = await api.get("/v1/engines")
    assert EngineList.model_validate(listed).model_dump(mode="json") == listed
    assert [(one["name"], one["is_default"]) for one in listed["data"]] == [("poor", True), ("fake", False)]
    poor, rich = ({one["name"]: one["is_made"] for one in engine["promises"]} for engine in listed["data"])
    assert not any(poor.values())
    assert rich["chooses_message_id"]
    assert rich["acks_after_persist"]
    assert rich["answers_retries_from_store"]
    abilities = {one["name"]: one["is_there"] for one in listed["data"][0]["abilities"]}
    assert abilities == {
        "approves_members": False,
        "blocks_people": True,
        "carries_devices": False,
        "fetches_files": True,
        "gives_groups_pictures": False,
        "invites_to_groups": False,
        "keeps_name": True,
        "keeps_privacy": True,
        "keeps_profile": True,
        "lists_groups": False,
        "logs_out": True,
        "looks_up_people": True,
        "manages_groups": False,
        "marks_chats": True,
        "marks_played": True,
        "marks_read": True,
        "pairs_devices": True,
        "pairs_with_passkeys": False,
        "queries_history": True,
        "rejects_calls": True,
        "saves_contacts": True,
        "sets_timers": True,
        "shows_presence": True,
        "shows_typing": True,
        "stars_messages": True,
    }
    assert [one["client_version"] for one in listed["data"]] == ["2.3000.7", None]
    assert all(one["unproven"] and one["summary"] for one in listed["data"])


async def test_a_session_gets_the_engine_it_names_or_the_one_that_was_set(api: Api) -> None:
    wishes: list[tuple[str, dict[str, str | None], str]] = [
        ("one", {}, "poor"),
        ("two", {"engine": "fake"}, "fake"),
        ("three", {"engine": None}, "poor"),
    ]
    for name, asked, engine in wishes:
        made = await api.post("/v1/sessions", {"name": name, **asked}, 201)
        assert made["engine"] == engine
        assert (await api.get(f"/v1/sessions/{name}"))["engine"] == engine
    refused = await api.post("/v1/sessions", {"engine": "pigeon"}, 422)
    assert refused["code"] == "unknown_engine"
    assert "there are: fake, poor" in refused["detail"]
    listed = (await api.get("/v1/sessions"))["data"]
    assert {one["name"]: one["engine"] for one in listed} == {"one": "poor", "two": "fake", "three": "poor"}


async def test_an_outdated_client_is_told_with_engine_version_and_remedy(api: Api, house: House) -> None:
    session, phone = await house.paired("shop")
    house.service.end(phone, Ended(SessionState.OUTDATED, Reason("client_outdated", "login refused with reason 405")))
    await house.reaches(session, SessionState.OUTDATED)
    shown = await api.get("/v1/sessions/shop")
    assert shown["reason"]["code"] == "client_outdated"
    assert shown["reason"]["detail"] == "login refused with reason 405; the engine poor announced version 2.3000.7"
    (event,) = (await api.get("/v1/events?types=session.outdated"))["data"]
    told = OutdatedNews.model_validate(event["data"])
    assert told.model_dump(mode="json") == event["data"]
    assert (told.engine, told.client_version) == ("poor", "2.3000.7")
    assert told.action == shown["action"]
    assert "Upgrade wagate" in (told.action or "")
