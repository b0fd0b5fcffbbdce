"""Whatever goes wrong, the answer is a problem document, and nothing that a client sends makes a 5xx."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.asgi import Answer, ask
from api.world import Api, World, one_database
from wagate.api.limits import LIMITS
from wagate.api.routing import MAX_FIELDS
from wagate.api.v1.schemas.parts import Problem

pytestmark = one_database

_SEND = "/v1/sessions/support/messages"
_POSTS = (_SEND, "/v1/sessions", "/v1/api-keys", "/v1/sessions/support/pairing-code")


def _is_problem(answer: Answer, status: int, code: str) -> None:
    assert answer.headers["content-type"] == "application/problem+json"
    document = Problem.model_validate(answer.json)
    assert (answer.status, document.status, document.code) == (status, status, code)
    assert document.type == f"urn:wagate:error:{code}"
    assert document.title
    assert document.detail
    assert document.request_id == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "not_found"),
        ("GET", "/v1/nothing", 404, "not_found"),
        ("GET", "/v1/sessions/", 404, "not_found"),
        ("POST", "/v1/sessions//messages", 404, "not_found"),
        ("PUT", "/v1/sessions", 405, "method_not_allowed"),
        ("OPTIONS", "/v1/sessions", 405, "method_not_allowed"),
        ("TRACE", "/v1/me", 405, "method_not_allowed"),
        ("GET", "/v1/sessions?limit=0", 422, "invalid_request"),
        ("GET", "/v1/sessions?limit=201", 422, "invalid_request"),
        ("GET", "/v1/sessions?limit=many", 422, "invalid_request"),
        ("GET", "/v1/sessions?order=sideways", 422, "invalid_request"),
        ("GET", "/v1/sessions?sate=connected", 422, "invalid_request"),
        ("GET", "/v1/sessions/x%00y", 404, "session_not_found"),
        ("GET", "/v1/messages?chat=%00", 422, "invalid_request"),
        ("GET", "/v1/events?types=nonsense", 422, "invalid_request"),
    ],
)
async def test_errors_of_the_framework_and_ours_look_alike(
    api: Api, method: str, path: str, status: int, code: str
) -> None:
    _is_problem(await api.ask(method, path), status, code)


async def test_a_null_character_in_a_path_reaches_no_database(api: Api) -> None:
    _is_problem(await api.ask("GET", "/v1/sessions/x\0y"), 422, "invalid_request")


async def test_a_wrong_method_is_told_the_right_ones(api: Api) -> None:
    answer = await api.ask("PUT", "/v1/sessions/support")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "PATCH", "DELETE"}


@pytest.mark.parametrize("path", _POSTS)
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b'{"text": "\xff"}', 400),
        (b'{"to": NaN}', 400),
        (b'{"to": Infinity}', 400),
        (b'{"text": "\\ud800"}', 400),
        (b'{"\\udfff": 1}', 400),
        (b"[" * 100_000, 400),
        (b'{"a":' * 20_000, 400),
        (b'{"to": 1e999}', 400),
        (b'{"to": ' + b"9" * 10_000 + b"}", 400),
        (b"null", 422),
        (b"[]", 422),
        (b'"text"', 422),
        (b"\xef\xbb\xbf{}", 400),
    ],
)
async def test_a_body_that_is_no_request_is_refused(api: Api, path: str, body: bytes, status: int) -> None:
    _is_problem(await api.ask("POST", path, body), status, "invalid_json" if status == 400 else "invalid_request")


@pytest.mark.parametrize("path", _POSTS)
async def test_very_many_fields_are_not_complained_of_one_by_one(api: Api, path: str) -> None:
    many = b"{" + b",".join(b'"k%d":1' % number for number in range(70_000)) + b"}"
    for body in (many, b'{"settings": %b}' % many):
        assert len(body) < LIMITS.body_bytes
        answer = await api.ask("POST", path, body)
        _is_problem(answer, 422, "invalid_request")
        assert answer.json["detail"] == f"The body has more than {MAX_FIELDS} fields in one place."
    answer = await api.ask("POST", path, {f"k{number}": 1 for number in range(MAX_FIELDS)})
    _is_problem(answer, 422, "invalid_request")
    assert len(answer.body) < 10_000


async def test_a_message_may_be_as_long_as_a_file_inside_it(api: Api) -> None:
    most = LIMITS.inline_bytes * 4 // 3 + 100_000
    _is_problem(await api.ask("POST", _SEND, b"x" * most), 400, "invalid_json")
    _is_problem(await api.ask("POST", _SEND, b"x" * (most + 1)), 413, "body_too_large")
    _is_problem(await api.ask("POST", _SEND, chunks=[b"x" * most, b"x"]), 413, "body_too_large")


@pytest.mark.parametrize("path", [path for path in _POSTS if path != _SEND])
async def test_a_body_over_a_megabyte_is_refused(api: Api, path: str) -> None:
    _is_problem(await api.ask("POST", path, b"x" * (LIMITS.body_bytes + 1)), 413, "body_too_large")
    pieces = [b"[" + b" " * 600_000, b" " * 600_000 + b"]"]
    _is_problem(await api.ask("POST", path, chunks=pieces), 413, "body_too_large")


@pytest.mark.parametrize("path", _POSTS)
@pytest.mark.parametrize(
    "media", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json"]
)
async def test_a_body_of_another_kind_is_refused(api: Api, path: str, media: str) -> None:
    if (path, media) == (_SEND, "multipart/form-data"):
        pytest.skip("a message with a file may be a form")
    answer = await api.ask("POST", path, b'{"a": 1}', headers={"Content-Type": media})
    _is_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "media", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/merge-patch+json"]
)
async def test_json_by_any_name_is_taken(api: Api, media: str) -> None:
    answer = await api.ask("POST", "/v1/sessions", b"{}", headers={"Content-Type": media})
    assert answer.status == 201


async def test_wrong_values_are_not_echoed(api: Api) -> None:
    secret = "the-password-that-was-typed-into-the-wrong-field"
    answer = await api.ask("POST", "/v1/sessions", {"name": [secret], "settings": {"proxy": {"x": secret}}})
    _is_problem(answer, 422, "invalid_request")
    assert secret.encode() not in answer.body


async def test_nothing_is_shared_with_other_sites(api: Api) -> None:
    answer = await ask(
        api.app,
        "OPTIONS",
        "/v1/sessions",
        headers={"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"},
    )
    assert answer.status == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
_fields = st.sampled_from(["to", "text", "type", "reply_to", "mentions", "client_ref", "name", "scopes", "metadata"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.dictionaries(_fields, _json, max_size=6) | _json, path=st.sampled_from(_POSTS))
async def test_no_json_makes_a_5xx(world: World, body: object, path: str) -> None:
    answer = await world.api.ask("POST", path, json.dumps(body).encode())
    assert answer.status < 500, answer.body


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200), path=st.sampled_from(_POSTS))
async def test_no_bytes_make_a_5xx(world: World, body: bytes, path: str) -> None:
    assert (await world.api.ask("POST", path, body)).status < 500


_word = st.text(st.characters(blacklist_categories=["Cs"]), max_size=20)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=_word, names=st.lists(st.sampled_from(["limit", "cursor", "order", "chat", "state", "types"])), value=_word)
async def test_no_path_or_query_makes_a_5xx(world: World, path: str, names: list[str], value: str) -> None:
    query = "&".join(f"{name}={quote(value)}" for name in names)
    for root in ("/v1/sessions/", "/v1/messages/", "/v1/api-keys/"):
        answer = await world.api.ask("GET", f"{root}{path.replace('?', '')}?{query}")
        assert answer.status < 500, answer.body
