"""Opens shops for the journeys of files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.rooms import House, OpenHouse
from journeys.media_shop import ANA, OWN, MakeShop, Shop
from wagate.adapters.engines.native import Habits, NativeEngine
from wagate.adapters.whatsapp_web.media import Patience
from wagate.domain.session import SessionState
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator

_QUICK = Patience(rounds=2, pause_s=0.05)


@pytest.fixture
def make_shop(open_house: OpenHouse, emulator: Emulator, control: EmulatorClient) -> MakeShop:
    """Opens a shop: ``await make_shop(media_eager_limit=0)``."""
    where = emulator.whereabouts

    def make(_: House) -> NativeEngine:
        return NativeEngine(
            url=where.plain_url,
            root_key=bytes.fromhex(where.root_key),
            ca_file=Path(where.ca_file),
            habits=replace(Habits(), first_prekeys=30),
            patience=_QUICK,
        )

    async def opened(**settings: object) -> Shop:
        for phone in (OWN, ANA):
            await control.account(phone, phone)
        house = await open_house(make_engine=make, settings={"engine": "native", **settings})
        session = await house.gateway.sessions.create(house.us, name="shop")
        await house.gateway.sessions.start(house.us, session.id)
        await control.phone(OWN).scan((await house.qr(session)).text)
        await house.reaches(session, SessionState.CONNECTED)
        return Shop(house, control.phone(OWN), control.phone(ANA))

    return opened


@pytest.fixture
async def shop(make_shop: MakeShop) -> Shop:
    return await make_shop()
