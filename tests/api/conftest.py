"""A gateway with the fake engine, and its API."""

from __future__ import annotations

import pytest

from api.world import Api, World
from fixtures.rooms import House
from wagate.adapters.engines.fake import FakeService
from wagate.api.app import create_app
from wagate.features import Gateway


@pytest.fixture
def gateway(house: House) -> Gateway:
    """A running gateway: once on SQLite, once on PostgreSQL."""
    return house.gateway


@pytest.fixture
def service(house: House) -> FakeService:
    """The pretend network behind the fake engine."""
    return house.service


@pytest.fixture
def api(gateway: Gateway) -> Api:
    """The API of the gateway, asked with the admin key."""
    assert gateway.first_key is not None
    return Api(create_app(gateway), gateway.first_key.secret)


@pytest.fixture
async def world(api: Api, service: FakeService) -> World:
    """A connected session ``support``, and Ana, who has a phone."""
    return await World.begin(api, service)
