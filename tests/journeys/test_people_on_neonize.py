"""People through the API, with the neonize engine: the journeys of `test_people`, and what is different in some."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from api.world import Api
from engines.neonize.conftest import folder  # noqa: F401  a fixture
from engines.neonize.desk import QUICK, environment, launch, reach
from fixtures.rooms import House, OpenHouse, eventually
from journeys.test_people import (
    ANA,
    BOB,
    CONTACTS,
    OWN,
    SHOP,
    ana,  # noqa: F401  a fixture
    api,  # noqa: F401  a fixture
    ask,
    jpeg,
    test_a_blocklist_from_before_is_learnt,  # noqa: F401
    test_calls_are_told_and_turned_down,  # noqa: F401
    test_contacts_are_listed_and_found,  # noqa: F401
    test_numbers_are_checked_in_one_question,  # noqa: F401
    test_people_show_an_about_and_a_picture,  # noqa: F401
    test_presence_is_shown_and_seen,  # noqa: F401
    test_who_is_blocked_is_not_heard,  # noqa: F401
    told,
)
from wagate.adapters.engines.neonize.engine import NeonizeEngine
from wagate.domain.session import SessionState
from whatsapp_emulator.client import EmulatorClient, PhoneClient
from whatsapp_emulator.emulator import Emulator

pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
"""What an engine tells is kept in the same way, whichever it is: the other database is looked at with `native`."""


@pytest.fixture
async def house(
    open_house: OpenHouse,
    emulator: Emulator,
    control: EmulatorClient,
    folder: Path,  # noqa: F811
) -> House:
    """A gateway with a connected session ``shop``; OWN, ANA and BOB have phones."""
    for phone, name in ((OWN, "Shop"), (ANA, "Ana"), (BOB, "Bob")):
        await control.account(phone, name)
    # Every phone keeps its own name for its devices; whatsmeow shows nobody online without one.
    await control.phone(OWN).app_state("push-name", name="Shop")
    where = emulator.whereabouts

    def make(_: House) -> NeonizeEngine:
        return NeonizeEngine(
            folder, command=launch(where), environment=environment(where), limits=QUICK, reach=reach(where)
        )

    house = await open_house(make_engine=make, settings={"engine": "neonize"})
    session = await house.gateway.sessions.create(house.us, name="shop")
    await house.gateway.sessions.start(house.us, session.id)
    await control.phone(OWN).scan((await house.qr(session)).text)
    await house.reaches(session, SessionState.CONNECTED)
    return house


async def test_what_people_change_is_told_but_no_about(house: House, api: Api, ana: PhoneClient) -> None:  # noqa: F811
    """neonize passes no about on, and no picture's id: both are there when they are asked for."""
    await ana.type(OWN, "hello")
    await told(house, "message.received")
    await api.post(f"{SHOP}/messages?wait=20&until=delivered", {"to": f"+{ANA}", "text": "hello"}, 200)
    await ana.people.set_about("On holiday")
    picture_id = await ana.people.set_picture(jpeg("blue"))
    await ana.people.set_name("Ana Maria")
    await ana.type(OWN, "it is me")
    shown, named = await told(house, "contact.updated", 2)
    assert (shown["changes"], shown["details"]["picture_id"]) == (["picture"], None)
    assert (named["changes"], named["contact"]["push_name"]) == (["push_name"], "Ana Maria")
    looked_up = await api.get(f"{CONTACTS}/+{ANA}/about")
    assert (looked_up["about"], looked_up["picture_id"]) == ("On holiday", picture_id)
    await ana.people.set_picture(None)
    *_, removed = await told(house, "contact.updated", 4)  # what was looked up was told, too
    assert removed["changes"] == ["picture"]
    assert (await api.get(f"{CONTACTS}/+{ANA}"))["picture_id"] is None


async def test_the_account_shows_another_profile(house: House, api: Api, control: EmulatorClient) -> None:  # noqa: F811
    profile = f"{SHOP}/profile"
    assert (await ask(api, "PATCH", profile, {"about": "Mon to Fri"}))["about"] == "Mon to Fri"
    media = await api.post("/v1/media", {"base64": base64.b64encode(jpeg("green", (900, 300))).decode()}, 201)
    picture = await ask(api, "PUT", f"{profile}/picture", {"media": {"id": media["id"]}})
    mine = await control.phone(OWN).people.look()
    assert (mine["about"], mine["picture_id"]) == ("Mon to Fri", picture["id"])
    await control.phone(OWN).people.set_about("Closed")
    assert (await api.get(f"{profile}?refresh=true"))["about"] == "Closed"
    refused = await ask(api, "DELETE", f"{profile}/picture", None, 501)
    assert refused["code"] == "unsupported_by_engine"
    assert (await control.phone(OWN).people.look())["picture_id"] == picture["id"]


async def test_privacy_is_changed_here_and_on_the_phone(
    house: House,
    api: Api,  # noqa: F811
    control: EmulatorClient,
) -> None:
    path = f"{SHOP}/privacy"
    before = await api.get(path)
    assert before["last_seen"] == before["read_receipts"] == "everybody"
    wanted = {"last_seen": "contacts", "read_receipts": "nobody"}
    assert await ask(api, "PATCH", path, wanted) == {**before, **wanted}
    assert (await control.phone(OWN).people.look())["privacy"]["last"] == "contacts"
    await control.phone(OWN).people.set_privacy("last", "none")

    async def is_seen() -> bool:
        return bool((await api.get(path))["last_seen"] == "nobody")

    await eventually(is_seen)


async def test_pictures_of_groups_are_seen(house: House, api: Api, ana: PhoneClient) -> None:  # noqa: F811
    group = await ana.create_group("Sales", [OWN])
    await told(house, "group.updated")
    path = f"{SHOP}/groups/{group.jid}/picture"
    assert (await api.get(path, 404))["code"] == "picture_not_found"
    await ana.group(group.jid).set_picture(jpeg("red"))
    changed = (await told(house, "group.updated", 2))[-1]
    assert changed["changes"] == ["picture"]
    theirs = await api.get(path)
    assert theirs["url"].startswith("https://")
    await ana.group(group.jid).set_picture(jpeg("blue"))
    await told(house, "group.updated", 3)
    assert (await api.get(path))["id"] != theirs["id"]
    await ana.group(group.jid).set_picture(None)
    await told(house, "group.updated", 4)
    assert (await api.get(path, 404))["code"] == "picture_not_found"
