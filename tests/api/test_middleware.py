"""The middleware alone, in front of small applications that do what a route may do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from api.asgi import ask
from wagate.api.middleware import BodyLimit, RequestContext

Respond = Callable[[Request], Awaitable[PlainTextResponse]]


def _serving(respond: Respond) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (await respond(Request(scope, receive)))(scope, receive, send)

    return app


async def _echo_length(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


async def _crash(_request: Request) -> PlainTextResponse:
    raise ZeroDivisionError("+5511999999999 and wag_live_verysecretindeed")


async def test_a_request_id_of_the_caller_is_kept() -> None:
    answer = await ask(RequestContext(_serving(_echo_length)), "GET", "/", headers={"X-Request-Id": "order-17/a.b"})
    assert answer.headers["x-request-id"] == "order-17/a.b"


@pytest.mark.parametrize("given", ["", "x" * 129, "two words", "a\tb", "é", "<script>", 'a"b'])
async def test_a_request_id_that_could_hurt_a_log_is_replaced(given: str) -> None:
    answer = await ask(RequestContext(_serving(_echo_length)), "GET", "/", headers={"X-Request-Id": given})
    assert answer.headers["x-request-id"].startswith("req_")


async def test_every_request_gets_its_own_id() -> None:
    app = RequestContext(_serving(_echo_length))
    ids = {(await ask(app, "GET", "/")).headers["x-request-id"] for _ in range(20)}
    assert len(ids) == 20


async def test_a_crash_becomes_a_problem_that_says_nothing_of_the_inside(capsys: pytest.CaptureFixture[str]) -> None:
    answer = await ask(RequestContext(_serving(_crash)), "GET", "/", headers={"X-Request-Id": "abc"})
    assert "request_crashed" in capsys.readouterr().out
    assert answer.status == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["code"] == "internal_error"
    assert answer.json["request_id"] == answer.headers["x-request-id"] == "abc"
    assert b"ZeroDivision" not in answer.body
    assert b"5511999999999" not in answer.body


async def test_a_declared_length_over_the_limit_is_refused_before_the_body_is_read() -> None:
    async def never(_request: Request) -> PlainTextResponse:
        raise AssertionError("the route was reached")

    answer = await ask(BodyLimit(_serving(never), max_bytes=10), "POST", "/", b"", headers={"Content-Length": "11"})
    assert answer.status == 413
    assert answer.json["code"] == "body_too_large"


@given(st.lists(st.integers(0, 7), max_size=8))
async def test_a_body_in_pieces_is_limited_by_what_came_and_not_by_what_was_said(sizes: list[int]) -> None:
    taken = 0

    async def count(request: Request) -> PlainTextResponse:
        nonlocal taken
        async for piece in request.stream():
            taken += len(piece)
        return PlainTextResponse("ok")

    refused = False
    try:
        answer = await ask(
            BodyLimit(_serving(count), max_bytes=16), "POST", "/", chunks=[b"x" * size for size in [*sizes, 0]]
        )
        assert answer.status == 200
    except Exception as error:  # the limit speaks the framework's own exception, which the application translates
        refused = getattr(error, "status_code", None) == 413
        assert refused
    assert refused == (sum(sizes) > 16)
    assert taken <= 16
