"""Sessions over HTTP."""

from __future__ import annotations

import pytest

from api.world import Api, World, one_database, pair, until
from wagate.adapters.engines.fake import FakeService
from wagate.api.v1.schemas.sessions import PairingCode, Qr, Session, SessionPage


async def test_a_session_is_made_stopped_and_shown_by_name_and_id(api: Api) -> None:
    made = await api.ask("POST", "/v1/sessions", {"name": "support", "metadata": {"team": "sales"}})
    assert made.status == 201
    session = made.json
    assert session["state"] == "stopped"
    assert session["engine"] == "fake"
    assert session["metadata"] == {"team": "sales"}
    assert session["action"]
    assert made.headers["location"] == f"/v1/sessions/{session['id']}"
    assert await api.get(f"/v1/sessions/{session['id']}") == await api.get("/v1/sessions/support") == session
    assert Session.model_validate(session).model_dump(mode="json") == session


async def test_a_session_without_a_name_is_given_one_and_a_taken_one_is_refused(api: Api) -> None:
    first = await api.post("/v1/sessions", {}, 201)
    assert first["name"]
    taken = await api.ask("POST", "/v1/sessions", {"name": first["name"]})
    assert (taken.status, taken.json["code"]) == (409, "session_name_taken")
    assert taken.json["errors"][0]["pointer"] == "/name"


@one_database
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": "Not A Slug"}, "invalid_request"),
        ({"name": "ses_01KAGQ5W7N4T9M2V6Z8X3C1B0R"}, "invalid_request"),
        ({"name": ""}, "invalid_request"),
        ({"engine": "pigeon"}, "unknown_engine"),
        ({"settings": {"proxy": "ftp://x"}}, "invalid_proxy"),
        ({"settings": {"speed": 3}}, "invalid_request"),
        ({"metadata": {"a": 1}}, "invalid_request"),
        ({"metadata": {"a": "\0"}}, "invalid_request"),
        ({"colour": "red"}, "invalid_request"),
        ([], "invalid_request"),
        ("text", "invalid_request"),
    ],
)
async def test_a_session_that_cannot_be_is_refused(api: Api, body: object, code: str) -> None:
    answer = await api.ask("POST", "/v1/sessions", body)
    assert (answer.status, answer.json["code"]) == (422, code)
    assert (await api.get("/v1/sessions"))["data"] == []


async def test_the_list_goes_on_with_its_cursor_in_both_orders(api: Api) -> None:
    names = [f"s{number}" for number in range(5)]
    for name in names:
        await api.post("/v1/sessions", {"name": name}, 201)
    for order, expected in (("asc", names), ("desc", names[::-1])):
        seen: list[str] = []
        cursor = ""
        while True:
            page = await api.get(f"/v1/sessions?limit=2&order={order}{cursor}")
            assert SessionPage.model_validate(page).model_dump(mode="json") == page
            assert len(page["data"]) <= 2
            seen += [session["name"] for session in page["data"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert seen == expected
    assert [one["name"] for one in (await api.get("/v1/sessions?state=connected"))["data"]] == []


async def test_an_update_merges_and_refuses_null(api: Api) -> None:
    await api.post("/v1/sessions", {"name": "support", "metadata": {"team": "sales", "floor": "2"}}, 201)
    changed = await api.ask(
        "PATCH",
        "/v1/sessions/support",
        {"name": "care", "metadata": {"floor": None, "shift": "night"}, "settings": {"proxy": "socks5://ana:pw@h:1"}},
    )
    assert changed.status == 200
    assert changed.json["name"] == "care"
    assert changed.json["metadata"] == {"team": "sales", "shift": "night"}
    assert changed.json["settings"]["proxy"] == "socks5://ana:***@h:1"
    assert (await api.get("/v1/sessions/support", 404))["code"] == "session_not_found"
    for body in ({"name": None}, {"settings": None}, {"metadata": None}):
        refused = await api.ask("PATCH", "/v1/sessions/care", body)
        assert refused.status == 422
        assert refused.json["errors"][0]["pointer"] == f"/{next(iter(body))}"
    cleared = await api.ask("PATCH", "/v1/sessions/care", {"settings": {"proxy": None}})
    assert cleared.json["settings"]["proxy"] is None


async def test_an_edit_of_what_somebody_else_edited_meanwhile_is_refused(api: Api) -> None:
    made = await api.ask("POST", "/v1/sessions", {"name": "support"})
    tag = made.headers["etag"]
    assert (await api.ask("GET", "/v1/sessions/support")).headers["etag"] == tag

    async def edit(team: str, if_match: str) -> tuple[int, str]:
        body = {"metadata": {"team": team}}
        answer = await api.ask("PATCH", "/v1/sessions/support", body, headers={"If-Match": if_match})
        return answer.status, answer.headers.get("etag", answer.json.get("code"))

    status, newer = await edit("sales", tag)
    assert (status, newer != tag) == (200, True)
    for stale in (tag, f"W/{newer}", "nonsense", ""):
        assert await edit("care", stale) == (412, "precondition_failed")
    assert (await api.get("/v1/sessions/support"))["metadata"] == {"team": "sales"}
    assert (await edit("care", f'"other", {newer}'))[0] == 200
    assert (await edit("night", "*"))[0] == 200


async def test_an_edition_says_nothing_of_the_state(world: World) -> None:
    connected = await world.api.ask("GET", "/v1/sessions/support")
    await world.api.post("/v1/sessions/support/stop")
    stopped = await world.api.ask("GET", "/v1/sessions/support")
    assert stopped.json["state"] != connected.json["state"]
    assert stopped.headers["etag"] == connected.headers["etag"]


async def test_a_phone_is_paired_by_its_qr_code_in_every_form(api: Api, service: FakeService) -> None:
    await api.post("/v1/sessions", {"name": "support"}, 201)
    assert (await api.get("/v1/sessions/support/qr", 409))["code"] == "qr_not_ready"
    await api.post("/v1/sessions/support/start")
    await api.until_state("support", "awaiting_scan")
    shown = await api.ask("GET", "/v1/sessions/support/qr")
    assert shown.headers["cache-control"] == "no-store"
    assert Qr.model_validate(shown.json).model_dump(mode="json") == shown.json
    for question, media in (
        ({"path": "?format=png"}, "image/png"),
        ({"accept": "image/svg+xml"}, "image/svg+xml"),
        ({"path": "?format=json", "accept": "image/png"}, "application/json"),
    ):
        answer = await api.ask(
            "GET",
            f"/v1/sessions/support/qr{question.get('path', '')}",
            headers={"Accept": question.get("accept", "*/*")},
        )
        assert answer.headers["content-type"].startswith(media)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.body
    refused = await api.ask("GET", "/v1/sessions/support/qr", headers={"Accept": "text/html"})
    assert (refused.status, refused.json["code"]) == (406, "not_acceptable")
    service.phone("5511900000001", "Shop").scan(shown.json["qr"])
    await api.until_state("support", "connected")
    me = (await api.get("/v1/sessions/support"))["me"]
    assert (me["phone"], me["name"]) == ("+5511900000001", "Shop")


async def test_a_new_series_of_codes_begins_on_request(api: Api) -> None:
    await api.post("/v1/sessions", {"name": "support"}, 201)
    await api.post("/v1/sessions/support/qr/renew")
    await api.until_state("support", "awaiting_scan")
    first = (await api.get("/v1/sessions/support/qr"))["qr"]
    await api.post("/v1/sessions/support/qr/renew")

    async def changed() -> bool:
        shown = await api.ask("GET", "/v1/sessions/support/qr")
        return shown.status == 200 and shown.json["qr"] != first

    await until(changed)


async def test_a_phone_is_paired_by_a_code_that_its_owner_types(api: Api, service: FakeService) -> None:
    await api.post("/v1/sessions", {"name": "support"}, 201)
    early = await api.ask("POST", "/v1/sessions/support/pairing-code", {"phone": "+5511900000001"})
    assert (early.status, early.json["code"]) == (409, "session_not_running")
    await api.post("/v1/sessions/support/start")
    await api.until_state("support", "awaiting_scan")
    wrong = await api.ask("POST", "/v1/sessions/support/pairing-code", {"phone": "call me"})
    assert (wrong.status, wrong.json["code"]) == (422, "invalid_recipient")
    code = await api.ask("POST", "/v1/sessions/support/pairing-code", {"phone": "+5511900000001"})
    assert code.headers["cache-control"] == "no-store"
    assert PairingCode.model_validate(code.json).model_dump(mode="json") == code.json
    service.phone("5511900000001").enter_code(code.json["code"])
    await api.until_state("support", "connected")
    again = await api.ask("POST", "/v1/sessions/support/pairing-code", {"phone": "+5511900000001"})
    assert (again.status, again.json["code"]) == (409, "session_already_paired")


async def test_stop_start_restart_log_out_and_delete(world: World) -> None:
    api = world.api
    await api.post("/v1/sessions/support/stop")
    await api.until_state("support", "stopped")
    await api.post("/v1/sessions/support/start")
    await api.until_state("support", "connected")
    await api.post("/v1/sessions/support/restart")
    await api.until_state("support", "connected")
    await api.post("/v1/sessions/support/logout")
    await api.until_state("support", "logged_out")
    assert not world.shop.devices
    assert (await api.post("/v1/sessions/support/logout", status=409))["code"] == "session_not_paired"
    gone = await api.ask("DELETE", "/v1/sessions/support")
    assert (gone.status, gone.body) == (204, b"")
    assert (await api.get("/v1/sessions/support", 404))["code"] == "session_not_found"
    assert (await api.ask("DELETE", "/v1/sessions/support")).status == 404


async def test_a_session_can_be_made_again_under_the_same_name(world: World) -> None:
    assert (await world.api.ask("DELETE", "/v1/sessions/support")).status == 204
    await world.api.post("/v1/sessions", {"name": "support"}, 201)
    await pair(world.api, "support", world.shop)
