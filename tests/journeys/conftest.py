"""Opens shops for the journeys of files."""

from __future__ import annotations

import pytest

from fixtures.rooms import OpenHouse
from journeys.engine_choice import EngineChoice, _engine_choice
from journeys.media_shop import ANA, OWN, MakeShop, Shop
from wagate.domain.session import SessionState
from whatsapp_emulator.client import EmulatorClient

__all__ = ["_engine_choice"]


@pytest.fixture
def make_shop(engine_choice: EngineChoice, open_house: OpenHouse, control: EmulatorClient) -> MakeShop:
    """Opens a shop: ``await make_shop(media_eager_limit=0)``."""

    async def opened(**settings: object) -> Shop:
        for phone in (OWN, ANA):
            await control.account(phone, phone)
        house = await open_house(make_engine=engine_choice.make, settings={"engine": engine_choice.name, **settings})
        session = await house.gateway.sessions.create(house.us, name="shop")
        await house.gateway.sessions.start(house.us, session.id)
        await control.phone(OWN).scan((await house.qr(session)).text)
        await house.reaches(session, SessionState.CONNECTED)
        return Shop(house, control.phone(OWN), control.phone(ANA))

    return opened


@pytest.fixture
async def shop(make_shop: MakeShop) -> Shop:
    return await make_shop()
