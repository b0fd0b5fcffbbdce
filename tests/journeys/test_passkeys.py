"""A phone that insists on a passkey is linked over the API, by the native engine, at the emulator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from api.world import Api, one_database
from fixtures.rooms import House, OpenHouse, eventually
from wagate.adapters.engines.native import Habits, NativeEngine
from wagate.api.app import create_app
from wagate.api.v1.schemas.passkeys import Passkey
from whatsapp_emulator.client import ControlError, EmulatorClient, PhoneClient
from whatsapp_emulator.emulator import Emulator

OWN = "5511900000001"
SHOP = "/v1/sessions/shop"


@dataclass
class Pairing:
    """A session whose phone has used a code and insists on its passkey."""

    house: House
    api: Api
    phone: PhoneClient
    scanning: asyncio.Task[str]

    async def because(self, code: str) -> dict[str, Any]:
        """The session, once it is in its state for this reason."""

        async def there() -> dict[str, Any] | None:
            found: dict[str, Any] = await self.api.get(SHOP)
            return found if found["reason"] and found["reason"]["code"] == code else None

        return await eventually(there, 10)

    async def told(self, kind: str) -> dict[str, Any]:
        """The data of the latest event of a kind."""

        async def there() -> dict[str, Any] | None:
            events = (await self.api.get(f"/v1/events?types={kind}&order=desc"))["data"]
            return dict(events[0]["data"]) if events else None

        return await eventually(there, 10)

    async def sign(self, **how: str) -> dict[str, Any]:
        """The assertion that a browser on WhatsApp's site gets for what the API says is asked."""
        return await self.phone.passkey.sign((await self.api.get(f"{SHOP}/passkey"))["options"], **how)


async def _scan(phone: PhoneClient, code: str) -> str:
    """What comes of a scan: the new device's address, or why there is none."""
    try:
        return await phone.scan(code)
    except ControlError as error:
        return error.text


Begin = Callable[..., AbstractAsyncContextManager[Pairing]]


@pytest.fixture
def begin(open_house: OpenHouse, emulator: Emulator, control: EmulatorClient) -> Begin:
    """Opens a gateway, starts a session and scans its code with a phone that insists on its passkey."""
    where = emulator.whereabouts

    @asynccontextmanager
    async def begun(*, stalls: int = 0, **habits: float) -> AsyncIterator[Pairing]:
        def make(_: House) -> NativeEngine:
            return NativeEngine(
                url=where.plain_url,
                root_key=bytes.fromhex(where.root_key),
                habits=replace(Habits(), first_prekeys=30, **habits),  # type: ignore[arg-type]  # all of them are times
            )

        await control.account(OWN, "Own")
        phone = control.phone(OWN)
        await phone.passkey.insist(stalls=stalls)
        house = await open_house(make_engine=make, settings={"engine": "native"})
        assert house.key is not None
        api = Api(create_app(house.gateway), house.key)
        await api.post("/v1/sessions", {"name": "shop"}, 201)
        await api.post(f"{SHOP}/start")
        session = await house.gateway.sessions.get(house.us, "shop")
        code = (await house.qr(session)).text
        async with asyncio.TaskGroup() as group:
            scanning = group.create_task(_scan(phone, code))
            yield Pairing(house, api, phone, scanning)
            scanning.cancel()

    return begun


async def test_a_phone_is_linked_by_the_assertion_of_its_passkey(begin: Begin) -> None:
    async with begin() as pairing:
        session = await pairing.because("passkey_required")
        assert session["state"] == "pairing"
        assert "/passkey" in session["action"]
        told = await pairing.told("pairing.passkey_required")
        shown = await pairing.api.get(f"{SHOP}/passkey")
        assert Passkey.model_validate(shown).model_dump(mode="json") == shown
        assert (shown["options"], shown["expires_at"]) == (told["options"], told["expires_at"])
        assert shown["options"]["rpId"] == "whatsapp.com"
        await pairing.api.post(f"{SHOP}/passkey", await pairing.sign())
        await pairing.api.until_state("shop", "connected")
        assert (await pairing.scanning).startswith(OWN)
        assert await pairing.phone.passkey.code() is None  # the handoff proof spares the comparing
        assert (await pairing.api.get("/v1/events?types=pairing.passkey_code"))["data"] == []
        late = await pairing.api.ask("GET", f"{SHOP}/passkey")
        assert (late.status, late.json["code"]) == (409, "session_already_paired")


@one_database
async def test_an_assertion_that_is_refused_may_be_followed_by_one_that_is_not(begin: Begin) -> None:
    async with begin() as pairing:
        await pairing.because("passkey_required")
        elsewhere = await pairing.sign(origin="https://evil.example")
        forged = await pairing.sign()
        forged["response"]["signature"] = elsewhere["response"]["signature"]
        old = await pairing.phone.passkey.sign({"challenge": "AAAA"})
        stranger = await pairing.sign() | {"id": "AAAA", "rawId": "AAAA"}
        for wrong in (elsewhere, forged, old, stranger):
            refused = await pairing.api.ask("POST", f"{SHOP}/passkey", wrong)
            assert (refused.status, refused.json["code"]) == (409, "passkey_refused")
        assert (await pairing.because("passkey_required"))["me"] is None
        await pairing.api.post(f"{SHOP}/passkey", await pairing.sign())
        await pairing.api.until_state("shop", "connected")


@one_database
async def test_what_is_no_assertion_never_leaves_the_gateway(begin: Begin) -> None:
    async with begin() as pairing:
        await pairing.because("passkey_required")
        good = await pairing.sign()
        response = good["response"]
        bad: list[object] = [
            {},
            [],
            "text",
            {**good, "type": "password"},
            {**good, "rawId": "AAAA"},
            {**good, "id": "", "rawId": ""},
            {**good, "id": "A" * 2_000, "rawId": "A" * 2_000},
            {**good, "response": {**response, "signature": "not base64!"}},
            {**good, "response": {**response, "signature": "A"}},
            {**good, "response": {**response, "clientDataJSON": "A" * 9_000}},
            {**good, "response": {**response, "userHandle": 7}},
            {**good, "response": {key: value for key, value in response.items() if key != "authenticatorData"}},
        ]
        for body in bad:
            refused = await pairing.api.ask("POST", f"{SHOP}/passkey", body)
            assert (refused.status, refused.json["code"]) == (422, "invalid_request"), body
        assert await pairing.because("passkey_required")
        extra = {**good, "authenticatorAttachment": "platform", "clientExtensionResults": {}}
        await pairing.api.post(f"{SHOP}/passkey", extra)
        await pairing.api.until_state("shop", "connected")


async def test_a_code_is_compared_when_there_is_no_handoff_proof(begin: Begin) -> None:
    async with begin(handoff_life_s=0.0) as pairing:
        await pairing.because("passkey_required")
        early = await pairing.api.ask("POST", f"{SHOP}/passkey/confirm", {"matches": True})
        assert (early.status, early.json["code"]) == (409, "passkey_not_asked")
        await pairing.api.post(f"{SHOP}/passkey", await pairing.sign())
        await pairing.because("passkey_code")
        told = await pairing.told("pairing.passkey_code")
        shown = await pairing.api.get(f"{SHOP}/passkey")
        assert (shown["code"], shown["expires_at"]) == (told["code"], told["expires_at"])
        assert await pairing.phone.passkey.code(wait_s=5) == shown["code"]
        await pairing.api.post(f"{SHOP}/passkey/confirm", {"matches": True})
        assert await pairing.phone.passkey.compare(shown["code"])
        await pairing.api.until_state("shop", "connected")


@one_database
async def test_codes_that_differ_end_the_pairing(begin: Begin) -> None:
    async with begin(handoff_life_s=0.0) as pairing:
        await pairing.because("passkey_required")
        await pairing.api.post(f"{SHOP}/passkey", await pairing.sign())
        await pairing.because("passkey_code")
        await pairing.api.post(f"{SHOP}/passkey/confirm", {"matches": False})
        await pairing.api.until_state("shop", "awaiting_scan")
        assert "hung up" in await pairing.scanning
        gone = await pairing.api.ask("GET", f"{SHOP}/passkey")
        assert (gone.status, gone.json["code"]) == (409, "passkey_not_asked")


@one_database
async def test_a_second_assertion_after_a_phone_that_stalls_is_compared(begin: Begin) -> None:
    async with begin(stalls=1) as pairing:
        await pairing.because("passkey_required")
        await pairing.api.post(f"{SHOP}/passkey", await pairing.sign())
        await pairing.because("passkey_accepted")
        await pairing.api.post(f"{SHOP}/passkey", await pairing.sign())
        await pairing.because("passkey_code")
        code = (await pairing.api.get(f"{SHOP}/passkey"))["code"]
        assert await pairing.phone.passkey.compare(code)
        await pairing.api.post(f"{SHOP}/passkey/confirm", {"matches": True})
        await pairing.api.until_state("shop", "connected")


@one_database
async def test_a_request_that_nobody_answers_ends_with_new_codes(begin: Begin) -> None:
    async with begin(passkey_step_s=0.3) as pairing:
        await pairing.because("passkey_required")
        await pairing.api.until_state("shop", "awaiting_scan")
        reasons = [
            event["data"]["reason"] for event in (await pairing.api.get("/v1/events?types=session.state"))["data"]
        ]
        assert "passkey_expired" in [reason["code"] for reason in reasons if reason]
        await pairing.phone.passkey.insist(required=False)
        session = await pairing.house.gateway.sessions.get(pairing.house.us, "shop")
        await pairing.phone.scan((await pairing.house.qr(session)).text)
        await pairing.api.until_state("shop", "connected")


@one_database
async def test_beginning_anew_forgets_the_request(begin: Begin) -> None:
    async with begin() as pairing:
        await pairing.because("passkey_required")
        assertion = await pairing.sign()
        busy = await pairing.api.ask("POST", f"{SHOP}/pairing-code", {"phone": f"+{OWN}"})
        assert (busy.status, busy.json["code"]) == (409, "session_not_running")
        await pairing.api.post(f"{SHOP}/qr/renew")
        await pairing.house.qr(await pairing.house.gateway.sessions.get(pairing.house.us, "shop"))
        late = await pairing.api.ask("POST", f"{SHOP}/passkey", assertion)
        assert (late.status, late.json["code"]) == (409, "passkey_not_asked")


@one_database
async def test_only_a_key_that_may_pair_may_see_or_answer_the_request(begin: Begin) -> None:
    async with begin() as pairing:
        await pairing.because("passkey_required")
        api = await pairing.api.limited("sessions:read", "sessions:write")
        for method, path, body in (
            ("GET", "passkey", None),
            ("POST", "passkey", await pairing.sign()),
            ("POST", "passkey/confirm", {"matches": True}),
        ):
            assert (await api.ask(method, f"{SHOP}/{path}", body)).status == 403
