"""Exporting a session and importing it again, by the API; the device goes on with the same ratchets."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest

from api.asgi import Answer
from api.world import Api
from fixtures.rooms import House, OpenHouse, eventually
from wagate.adapters.engines.native import Habits, NativeEngine
from wagate.api.app import create_app
from wagate.domain.errors import ArchiveNewer, ArchiveUnreadable, PassphraseWrong
from wagate.domain.session import SessionState
from wagate.store.passphrases import seal, unseal
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator

OWN, ANA = "5511900000001", "5511900000002"
PHRASE = "correct horse battery staple"
BOUNDARY = "edge"


@pytest.fixture
async def house(open_house: OpenHouse, emulator: Emulator, control: EmulatorClient) -> House:
    """A gateway with a connected session ``shop``; OWN and ANA have phones."""
    for phone, name in ((OWN, "Shop"), (ANA, "Ana")):
        await control.account(phone, name)
    where = emulator.whereabouts

    def make(_: House) -> NativeEngine:
        return NativeEngine(
            url=where.plain_url, root_key=bytes.fromhex(where.root_key), habits=replace(Habits(), first_prekeys=30)
        )

    house = await open_house(make_engine=make, settings={"engine": "native"})
    session = await house.gateway.sessions.create(house.us, name="shop")
    await house.gateway.sessions.start(house.us, session.id)
    await control.phone(OWN).scan((await house.qr(session)).text)
    await house.reaches(session, SessionState.CONNECTED)
    return house


@pytest.fixture
def api(house: House) -> Api:
    assert house.gateway.first_key is not None
    return Api(create_app(house.gateway), house.gateway.first_key.secret)


async def upload(api: Api, archive: bytes, passphrase: str = PHRASE) -> Answer:
    words = {"source": "wagate", "passphrase": passphrase, "name": "again"}
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{word}\r\n'.encode()
        for name, word in words.items()
    ]
    file = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="shop.archive"\r\n\r\n'.encode()
    body = b"".join([*parts, file, archive, f"\r\n--{BOUNDARY}--\r\n".encode()])
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    return await api.ask("POST", "/v1/sessions/import", headers=headers, chunks=[body])


async def code_of(answer: Answer) -> str:
    assert answer.status == 422, answer.body
    return str(answer.json["code"])


async def test_a_device_goes_out_and_comes_back_with_its_ratchets(
    house: House, api: Api, control: EmulatorClient
) -> None:
    session = await house.gateway.sessions.get(house.us, "shop")
    await house.send(session, f"+{ANA}", "before")
    await control.phone(ANA).inbox(wait_s=10)
    await control.phone(ANA).type(OWN, "and you?")
    await eventually(lambda: house.events("message.received"))
    refused = await api.post("/v1/sessions/shop/export", {"passphrase": PHRASE}, 409)
    assert refused["code"] == "session_running"
    await api.post("/v1/sessions/shop/stop")
    made: dict[str, Any] = await api.post("/v1/sessions/shop/export", {"passphrase": PHRASE})
    archive = base64.b64decode(made["archive"])
    assert len(archive) == made["size"]
    left = await api.get("/v1/sessions/shop")
    assert (left["state"], left["reason"]["code"], left["me"]) == ("logged_out", "exported", None)
    assert (await api.post("/v1/sessions/shop/export", {"passphrase": PHRASE}, 409))["code"] == "session_not_paired"

    assert await code_of(await upload(api, archive, "another passphrase")) == "passphrase_wrong"
    assert await code_of(await upload(api, archive[:-7])) == "archive_unreadable"
    answer = await upload(api, archive)
    assert answer.status == 201, answer.body
    assert (answer.json["me"]["phone"], answer.json["state"]) == (f"+{OWN}", "stopped")
    again = await house.gateway.sessions.start(house.us, "again")
    await house.reaches(again, SessionState.CONNECTED)
    await house.send(again, f"+{ANA}", "after")
    await control.phone(ANA).type(OWN, "welcome back")

    async def heard() -> bool:
        return len(await house.events("message.received")) == 2

    await eventually(heard)

    async def both() -> bool:
        return [message.text for message in await control.phone(ANA).inbox() if not message.own] == ["before", "after"]

    await eventually(both)
    # The network saw one device all the time, and no key twice.
    assert await control.violations() == []
    assert len((await control.stats())["devices"]) == 1
    assert (await upload(api, archive)).status == 409


@pytest.mark.parametrize("place", [3, 14, 15, 20, 40, 60, 80, -1])
def test_an_archive_that_was_changed_is_not_opened(place: int) -> None:
    sealed = bytearray(seal(PHRASE, b"the device", log_n=4))
    assert unseal(PHRASE, bytes(sealed)) == b"the device"
    sealed[place] ^= 1
    with pytest.raises((ArchiveUnreadable, ArchiveNewer, PassphraseWrong)):
        unseal(PHRASE, bytes(sealed))


def test_what_is_wrong_with_an_archive_is_told_apart() -> None:
    sealed = seal(PHRASE, b"the device", log_n=4)
    with pytest.raises(PassphraseWrong):
        unseal(PHRASE + "!", sealed)
    for cut in (0, 5, 14, 30, len(sealed) - 1):
        with pytest.raises(ArchiveUnreadable):
            unseal(PHRASE, sealed[:cut])
    with pytest.raises(ArchiveNewer):
        unseal(PHRASE, sealed[:14] + b"\x02" + sealed[15:])
    with pytest.raises(ArchiveUnreadable):
        unseal(PHRASE, sealed[:15] + bytes((30,)) + sealed[16:])
    assert seal(PHRASE, b"the device", log_n=4) != sealed
