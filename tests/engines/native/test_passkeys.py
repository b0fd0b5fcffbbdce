"""A pairing with a passkey is all or nothing: by whatever code it began, and wherever it is cut off."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count

import pytest
import pytest_asyncio

from engines.native.lines import OWN, LineUnderTest, engine_for, until
from wagate.domain.jid import Jid
from wagate.domain.passkey import PasskeyAssertion, PasskeyNotAsked, PasskeyRefused
from wagate.domain.session import SessionState
from wagate.ports.engine import NotSent
from wagate.ports.news import Paired, PasskeyRequired, QrShown
from whatsapp_emulator.client import ControlError, EmulatorClient, PhoneClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_wire.pairing.webauthn import decoded

NONSENSE = PasskeyAssertion(b"id", b"{}", b"data", b"signature")


@pytest_asyncio.fixture
async def line(emulator: Emulator, control: EmulatorClient) -> AsyncIterator[LineUnderTest]:
    """An unpaired line, open."""
    await control.account(OWN, "Own")
    line = LineUnderTest(engine_for(emulator.whereabouts))
    await line.open()
    yield line
    await line.close()
    await line.engine.close()


@pytest.fixture
def phone(control: EmulatorClient) -> PhoneClient:
    return control.phone(OWN)


@asynccontextmanager
async def using(phone: PhoneClient, code: str, *, typed: bool = False) -> AsyncIterator[None]:
    """The phone has used a code, and waits for us as long as the context lasts."""

    async def use() -> None:
        with suppress(ControlError):
            await (phone.enter_code(code) if typed else phone.scan(code))

    async with asyncio.TaskGroup() as group:
        task = group.create_task(use())
        yield
        task.cancel()


async def request(line: LineUnderTest) -> PasskeyRequired:
    await until(lambda: bool(line.of(PasskeyRequired)))
    return line.of(PasskeyRequired)[-1]


async def signed(phone: PhoneClient, asked: PasskeyRequired) -> PasskeyAssertion:
    said = await phone.passkey.sign(dict(asked.options))
    fields = [said["rawId"], *(said["response"][name] for name in ("clientDataJSON", "authenticatorData"))]
    credential, client, data = (decoded(field) or b"" for field in fields)
    signature, handle = (decoded(said["response"][name]) for name in ("signature", "userHandle"))
    return PasskeyAssertion(credential, client, data, signature or b"", handle)


async def qr(line: LineUnderTest) -> str:
    await until(lambda: bool(line.of(QrShown)))
    return line.of(QrShown)[-1].text


async def test_a_pairing_by_code_goes_on_with_a_passkey(line: LineUnderTest, phone: PhoneClient) -> None:
    await phone.passkey.insist()
    await line.state(SessionState.AWAITING_SCAN)
    code = await line.live.request_pairing_code(Jid.from_phone(OWN))
    async with using(phone, code.code, typed=True):
        await line.live.answer_passkey(await signed(phone, await request(line)))
        await line.state(SessionState.CONNECTED)
    assert await phone.passkey.code() is None


async def test_options_that_do_not_come_are_asked_for(line: LineUnderTest, phone: PhoneClient) -> None:
    await phone.passkey.insist(hides_options=True)
    async with using(phone, await qr(line)):
        await line.live.answer_passkey(await signed(phone, await request(line)))
        await line.state(SessionState.CONNECTED)


async def test_nothing_is_kept_of_a_pairing_that_a_restart_cuts_off(line: LineUnderTest, phone: PhoneClient) -> None:
    await phone.passkey.insist()
    async with using(phone, await qr(line)):
        assertion = await signed(phone, await request(line))
        assert line.storage.records[line.session] == {}
        line.told.clear()
        await line.restart()
        await line.state(SessionState.AWAITING_SCAN)
        with pytest.raises(PasskeyNotAsked):
            await line.live.answer_passkey(assertion)
    async with using(phone, await qr(line)):
        asked = await request(line)
        with pytest.raises(PasskeyRefused):
            await line.live.answer_passkey(assertion)  # it answers an older challenge
        await line.live.answer_passkey(await signed(phone, asked))
        await line.state(SessionState.CONNECTED)
    assert len(line.of(Paired)) == 1


@pytest.mark.parametrize("fails_at", [1, 2], ids=["the phone's answer", "the link"])
async def test_a_link_that_cannot_be_committed_is_not_made(
    line: LineUnderTest, phone: PhoneClient, fails_at: int
) -> None:
    commits = count(1)

    def fail() -> None:
        if next(commits) >= fails_at:
            raise OSError("disk full")

    await phone.passkey.insist()
    async with using(phone, await qr(line)):
        assertion = await signed(phone, await request(line))
        line.storage.before_commit = fail
        with suppress(NotSent):
            await line.live.answer_passkey(assertion)
        await until(lambda: (SessionState.DISCONNECTED, "storage_unavailable") in line.states())
    line.storage.before_commit = None
    assert line.of(Paired) == []
    assert line.storage.records[line.session] == {}
    line.told.clear()
    async with using(phone, await qr(line)):
        await line.live.answer_passkey(await signed(phone, await request(line)))
        await line.state(SessionState.CONNECTED)


async def test_only_one_assertion_is_on_its_way(line: LineUnderTest, phone: PhoneClient) -> None:
    await phone.passkey.insist()
    async with using(phone, await qr(line)):
        right = await signed(phone, await request(line))
        first, second = await asyncio.gather(
            line.live.answer_passkey(NONSENSE), line.live.answer_passkey(right), return_exceptions=True
        )
        assert isinstance(first, PasskeyRefused)
        assert isinstance(second, PasskeyNotAsked)
        await line.live.answer_passkey(right)
        await line.state(SessionState.CONNECTED)


async def test_a_paired_line_is_asked_for_no_passkey(line: LineUnderTest, phone: PhoneClient) -> None:
    await line.pair(phone)
    with pytest.raises(PasskeyNotAsked):
        await line.live.answer_passkey(NONSENSE)
    with pytest.raises(PasskeyNotAsked):
        await line.live.confirm_passkey(matches=True)
