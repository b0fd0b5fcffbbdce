"""A gateway with the native engine, and the emulator at the other end of a real connection."""

import pytest

from fixtures.rooms import House, OpenHouse, eventually
from journeys.engine_choice import EngineChoice
from wagate.adapters.engines.native import Habits
from wagate.domain.message import Direction, Message, MessageStatus
from wagate.domain.session import Reason, Session, SessionState
from wagate.features.messaging.filters import MessageFilter
from wagate.plugs import ENGINES
from wagate.ports.engine import Engine
from wagate.settings import Settings
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator

OWN, OTHER = "5511900000001", "5511900000002"


@pytest.fixture
async def native(engine_choice: EngineChoice, open_house: OpenHouse, control: EmulatorClient) -> House:
    """A gateway whose sessions use the native engine, or another that the test chose; OWN and OTHER have phones."""
    await control.account(OWN, "Own")
    await control.account(OTHER, "Other")
    return await open_house(make_engine=engine_choice.make, settings={"engine": engine_choice.name})


async def pair(house: House, control: EmulatorClient) -> Session:
    session = await house.gateway.sessions.create(house.us, name="shop")
    await house.gateway.sessions.start(house.us, session.id)
    await control.phone(OWN).scan((await house.qr(session)).text)
    return await house.reaches(session, SessionState.CONNECTED)


async def reaches(house: House, message: Message, status: MessageStatus) -> Message:
    async def there() -> Message | None:
        found = await house.message(message)
        return found if found.status is status else None

    return await eventually(there)


async def test_a_message_climbs_and_an_answer_comes_back(native: House, control: EmulatorClient) -> None:
    session = await pair(native, control)
    assert session.me is not None
    assert session.me.phone == f"+{OWN}"
    message = await native.send(session, f"+{OTHER}", "hello phone")
    (shown,) = await control.phone(OTHER).inbox(wait_s=5)
    assert (shown.id, shown.text) == (message.wa_id, "hello phone")
    await reaches(native, message, MessageStatus.DELIVERED)
    await control.phone(OTHER).read()
    found = await reaches(native, message, MessageStatus.READ)
    await control.phone(OTHER).type(OWN, "hello machine")
    await eventually(lambda: native.events("message.received"))
    (answer,) = (await native.gateway.messaging.list(native.us, MessageFilter(direction=Direction.IN))).items
    assert answer.content.text == "hello machine"
    assert answer.chat.id == found.chat.id
    account = await control.account(OTHER)
    assert answer.sender is not None
    assert (answer.sender.phone, answer.sender.lid) == (f"+{OTHER}", account.lid)
    told = [event.type.value for event in await native.events("message.*") if event.data["id"] == message.id]
    assert told == ["message.queued", "message.sent", "message.delivered", "message.read"]


async def test_a_restart_keeps_the_pairing_and_what_waits_on_both_sides(native: House, control: EmulatorClient) -> None:
    session = await pair(native, control)
    await native.gateway.sessions.stop(native.us, session.id)
    waiting = await native.send(session, f"+{OTHER}", "waits here")
    await control.phone(OTHER).type(OWN, "waits there")
    await native.restart()
    assert await native.state(session) is SessionState.STOPPED
    await native.gateway.sessions.start(native.us, session.id)
    await reaches(native, waiting, MessageStatus.DELIVERED)
    await eventually(lambda: native.events("message.received"))
    assert len(await native.events("session.qr")) == 1


async def test_every_line_that_is_cut_comes_back_and_nothing_is_lost(native: House, control: EmulatorClient) -> None:
    session = await pair(native, control)
    sent: list[Message] = []
    for n in range(20):
        sent.append(await native.send(session, f"+{OTHER}", f"message {n}"))
        if n % 5 == 4:
            await control.operator(OWN).kick("rst")
    await reaches(native, sent[-1], MessageStatus.DELIVERED)
    for message in sent:
        await reaches(native, message, MessageStatus.DELIVERED)
    shown = [message.text for message in await control.phone(OTHER).inbox() if not message.repeat]
    assert shown == [f"message {n}" for n in range(20)]


async def test_a_phone_that_unlinks_us_is_believed(native: House, control: EmulatorClient) -> None:
    session = await pair(native, control)
    await control.phone(OWN).log_out()
    found = await native.reaches(session, SessionState.LOGGED_OUT)
    assert found.reason is not None
    assert found.reason.code == "device_removed"
    await native.gateway.sessions.start(native.us, session.id)
    await control.phone(OWN).scan((await native.qr(session)).text)
    await native.reaches(session, SessionState.CONNECTED)
    gone = await native.gateway.sessions.logout(native.us, session.id)
    assert gone.reason == Reason("logged_out_by_user")


async def test_a_client_that_is_too_old_says_so_and_a_setting_heals_it(
    open_house: OpenHouse, emulator: Emulator, control: EmulatorClient
) -> None:
    await control.account(OWN, "Own")
    where = emulator.whereabouts
    settings: dict[str, object] = {
        "engine": "native",
        "whatsapp_url": f"ws://127.0.0.1:{where.plain_port}/ws/chat",
        "whatsapp_root_key": where.root_key,
    }

    def make(house: House) -> Engine:
        return ENGINES["native"](Settings.model_validate(settings), house.clock)

    house = await open_house(make_engine=make, settings={"engine": "native"})
    session = await pair(house, control)
    await control.faults(oldest_version="2.3000.4000000000")
    await control.operator(OWN).kick("drop")
    found = await house.reaches(session, SessionState.OUTDATED)
    built_in = Habits().version.text
    assert found.reason is not None
    assert f"the engine native announced version {built_in}" in found.reason.detail
    (event,) = await house.events("session.outdated")
    assert (event.data["engine"], event.data["client_version"]) == ("native", built_in)
    assert "WAGATE_CLIENT_VERSION" in str(event.data["action"])
    await house.close()
    settings["client_version"] = "2.3000.4000000000"
    await house.open()
    assert await house.state(session) is SessionState.OUTDATED  # nobody knocks again unasked
    await house.gateway.sessions.start(house.us, session.id)
    await house.reaches(session, SessionState.CONNECTED)
