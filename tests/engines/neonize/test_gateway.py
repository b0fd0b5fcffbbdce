"""A whole gateway with the neonize engine on both databases, and the emulator at the other end."""

import os
import signal
from pathlib import Path

import pytest

from engines.neonize.desk import OTHER, OWN, QUICK, environment, launch, reach
from fixtures import samples
from fixtures.rooms import House, OpenHouse, eventually, until
from journeys.media_shop import PDF, Shop
from wagate.adapters.engines.neonize.engine import NeonizeEngine
from wagate.domain.message import Direction, Message, MessageStatus
from wagate.domain.session import Reason, Session, SessionState
from wagate.features.messaging.filters import MessageFilter
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator


@pytest.fixture
async def house(open_house: OpenHouse, emulator: Emulator, control: EmulatorClient, folder: Path) -> House:
    """A gateway whose sessions use neonize; OWN and OTHER have phones."""
    await control.account(OWN, "Own")
    await control.account(OTHER, "Other")
    where = emulator.whereabouts

    def make(_: House) -> NeonizeEngine:
        return NeonizeEngine(
            folder, command=launch(where), environment=environment(where), limits=QUICK, reach=reach(where)
        )

    return await open_house(make_engine=make, settings={"engine": "neonize"})


async def pair(house: House, control: EmulatorClient) -> Session:
    session = await house.gateway.sessions.create(house.us, name="shop")
    await house.gateway.sessions.start(house.us, session.id)
    await scan(house, control, session)
    return await house.reaches(session, SessionState.CONNECTED)


async def scan(house: House, control: EmulatorClient, session: Session) -> None:
    await house.reaches(session, SessionState.AWAITING_SCAN)
    await control.phone(OWN).scan((await house.qr(session)).text)


async def reaches(house: House, message: Message, status: MessageStatus) -> Message:
    async def there() -> Message | None:
        found = await house.message(message)
        return found if found.status is status else None

    return await eventually(there)


async def test_a_message_climbs_an_answer_comes_back_and_a_crash_is_told(
    house: House, control: EmulatorClient, folder: Path
) -> None:
    session = await pair(house, control)
    assert session.me is not None
    assert session.me.phone == f"+{OWN}"
    message = await house.send(session, f"+{OTHER}", "hello phone")
    assert message.wa_id is None
    found = await reaches(house, message, MessageStatus.DELIVERED)
    (shown,) = await control.phone(OTHER).inbox(wait_s=5)
    assert (shown.id, shown.text) == (found.wa_id, "hello phone")
    await control.phone(OTHER).read()
    await reaches(house, message, MessageStatus.READ)
    await control.phone(OTHER).type(OWN, "hello machine")
    await eventually(lambda: house.events("message.received"))
    (answer,) = (await house.gateway.messaging.list(house.us, MessageFilter(direction=Direction.IN))).items
    assert answer.content.text == "hello machine"
    assert answer.chat.id == found.chat.id
    told = [event.type.value for event in await house.events("message.*") if event.data["id"] == message.id]
    assert told == ["message.queued", "message.sent", "message.delivered", "message.read"]

    await control.faults(no_ack=True)
    doubtful = await house.send(session, f"+{OTHER}", "did it?")
    await reaches(house, doubtful, MessageStatus.SENDING)
    await until(lambda: len(list((folder / session.id).glob("device.db"))) == 1)
    await eventually(lambda: _shows(control, "did it?"))
    os.kill(int((folder / session.id / "lock").read_text()), signal.SIGKILL)
    await eventually(lambda: house.events("session.gap_suspected"))
    await control.faults(no_ack=False)
    await reaches(house, doubtful, MessageStatus.DELIVERED)
    told = [event.type.value for event in await house.events("message.*") if event.data["id"] == doubtful.id]
    assert told == ["message.queued", "message.unknown", "message.delivered"]
    await house.reaches(session, SessionState.CONNECTED)
    await house.restart()
    await house.reaches(session, SessionState.CONNECTED)
    await reaches(house, await house.send(session, f"+{OTHER}", "after"), MessageStatus.DELIVERED)


async def _shows(control: EmulatorClient, text: str) -> bool:
    return text in [message.text for message in await control.phone(OTHER).inbox()]


async def test_what_is_logged_out_leaves_no_files(house: House, control: EmulatorClient, folder: Path) -> None:
    session = await pair(house, control)
    assert (folder / session.id).exists()
    # whatsmeow may write a stanza without a tag when it is logged out in the middle of one.
    await control.forgive("malformed")
    await control.phone(OWN).log_out()
    found = await house.reaches(session, SessionState.LOGGED_OUT)
    assert found.reason is not None
    assert found.reason.code == "device_removed"
    await until(lambda: not (folder / session.id).exists())
    await house.gateway.sessions.start(house.us, session.id)
    await scan(house, control, session)
    await house.reaches(session, SessionState.CONNECTED)
    gone = await house.gateway.sessions.logout(house.us, session.id)
    assert gone.reason == Reason("logged_out_by_user")
    await until(lambda: not (folder / session.id).exists())


async def test_the_past_and_what_the_phone_does_with_its_chats_are_told(house: House, control: EmulatorClient) -> None:
    own = control.phone(OWN)
    await own.remember(OTHER, [{"text": "old", "at": 1_700_000_000}], count=8, unread=1)
    await own.app_state("save-contact", person=OTHER, name="Ana of old")
    await pair(house, control)

    async def synced() -> bool:
        events = [event.data for event in await house.events("history.synced")]
        return {str(data["kind"]): data["added"] for data in events} == {"names": 0, "bootstrap": 5, "recent": 3}

    await eventually(synced)
    found = (await house.gateway.messaging.list(house.us, MessageFilter(direction=Direction.IN))).items
    assert {message.content.text for message in found} == {f"old {number}" for number in range(8)}
    assert len({message.chat.id for message in found}) == 1
    assert await house.events("message.*") == []

    async def stands(archived: bool, name: str) -> bool:
        chats = (await house.gateway.chats.list(house.us, "shop")).items
        assert [each.chat.id for each in chats] == [found[0].chat.id]
        return (chats[0].marks.archived, chats[0].saved_name) == (archived, name)

    await eventually(lambda: stands(False, "Ana of old"))
    await own.app_state("archive", chat=OTHER, on=True)
    await own.app_state("save-contact", person=OTHER, name="Ana Souza")
    await eventually(lambda: stands(True, "Ana Souza"))


async def test_files_go_both_ways_and_a_caption_is_edited(house: House, control: EmulatorClient) -> None:
    await pair(house, control)
    shop = Shop(house, control.phone(OWN), control.phone(OTHER))
    picture = samples.image("JPEG")
    sent = await shop.send_form(picture, "a.jpg", to=OTHER, type="image", caption="helo")
    shown = await shop.shown(sent["wa_id"])
    assert (shown.kind, shown.text) == ("image", "helo")
    assert await shop.ana.file(sent["wa_id"]) == picture
    answer = await shop.api.ask("PATCH", f"/v1/messages/{sent['id']}?wait=10", {"text": "hello"})
    assert answer.status == 200, answer.body
    edit = await shop.shown(answer.json["wa_id"])
    assert (edit.kind, edit.target, edit.text) == ("edit", sent["wa_id"], "hello")

    wa_id = await shop.ana.send_media(OWN, "document", PDF, file_name="a.pdf", caption="for you")
    received = await shop.received(wa_id)
    assert received["media"]["filename"] == "a.pdf"
    await shop.ready(received["media"]["id"])
    assert (await shop.api.ask("GET", received["media"]["url"])).body == PDF
