"""Alive, ready, and the truth about it."""

from __future__ import annotations

import pytest

from api.asgi import ask
from api.world import Api, one_database
from fixtures.rooms import House, OpenHouse, until
from wagate.api.app import create_app
from wagate.api.health import Health
from wagate.features import Gateway


class Breaker:
    """A failpoint before every COMMIT."""

    broken = False

    def __call__(self) -> None:
        if self.broken:
            raise OSError("the disk is full")


@pytest.fixture
def breaker() -> Breaker:
    return Breaker()


@pytest.fixture
async def house(open_house: OpenHouse, breaker: Breaker) -> House:
    """A gateway whose database can be made to refuse every COMMIT."""
    return await open_house(before_commit=breaker)


async def test_a_gateway_is_alive_and_soon_ready_and_asks_for_no_key(gateway: Gateway) -> None:
    app = create_app(gateway)
    await until(lambda: gateway.restored)
    for path, expected in (("/health/live", "alive"), ("/health/ready", "ready"), ("/health", "ready")):
        answer = await ask(app, "GET", path)
        assert (answer.status, answer.json["status"]) == (200, expected)
        assert answer.headers["cache-control"] == "no-store"
    shown = (await ask(app, "GET", "/health")).json
    assert Health.model_validate(shown).model_dump(mode="json") == shown


@one_database
async def test_a_gateway_that_cannot_write_is_not_ready_and_accepts_nothing(api: Api, breaker: Breaker) -> None:
    breaker.broken = True
    not_ready = await api.ask("GET", "/health/ready")
    assert (not_ready.status, not_ready.json["status"]) == (503, "unavailable")
    assert not_ready.json["checks"]["database"] != "ok"
    assert (await api.ask("GET", "/health")).status == 200
    assert (await api.ask("GET", "/health/live")).status == 200
    refused = await api.ask("POST", "/v1/sessions", {"name": "support"})
    assert (refused.status, refused.json["code"]) == (503, "storage_unavailable")
    assert int(refused.headers["retry-after"]) >= 1
    assert b"disk" not in refused.body or b"full" in refused.body
    breaker.broken = False
    assert (await api.ask("GET", "/health/ready")).status == 200
    assert (await api.get("/v1/sessions"))["data"] == []


@one_database
async def test_the_description_and_its_page_are_open(api: Api) -> None:
    document = await ask(api.app, "GET", "/openapi.json")
    assert document.json["openapi"].startswith("3.1")
    page = await ask(api.app, "GET", "/docs")
    assert page.status == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
