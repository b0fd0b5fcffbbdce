"""Linking a phone by QR code and by code, renewing the codes, and what happens when nobody scans."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from engines.native.lines import CALM, OTHER, OWN, LineUnderTest, engine_for, paired_line, until
from wagate.domain.errors import SessionAlreadyPaired
from wagate.domain.jid import Jid
from wagate.domain.session import SessionState
from wagate.ports.engine import NotSent
from wagate.ports.news import Paired, QrShown, StateChanged
from wagate.ports.vault import RecordUnreadable
from whatsapp_emulator.client import ControlError, EmulatorClient
from whatsapp_emulator.emulator import Emulator


@pytest_asyncio.fixture
async def line(emulator: Emulator, control: EmulatorClient) -> AsyncIterator[LineUnderTest]:
    """An unpaired line, open."""
    await control.account(OWN, "Own")
    line = LineUnderTest(engine_for(emulator.whereabouts))
    await line.open()
    yield line
    await line.close()
    await line.engine.close()


async def test_the_states_tell_the_way_to_a_working_line(line: LineUnderTest, control: EmulatorClient) -> None:
    await line.pair(control.phone(OWN))
    assert line.states() == [
        (SessionState.STARTING, None),
        (SessionState.AWAITING_SCAN, None),
        (SessionState.PAIRING, None),
        (SessionState.CONNECTING, None),
        (SessionState.CONNECTED, None),
    ]
    shown = line.of(QrShown)[0]
    assert (shown.expires_in_s, shown.remaining) == (60.0, 5)


async def test_a_phone_is_linked_by_a_typed_code(line: LineUnderTest, control: EmulatorClient) -> None:
    await line.state(SessionState.AWAITING_SCAN)
    code = await line.live.request_pairing_code(Jid.from_phone(OWN))
    await control.phone(OWN).enter_code(code.code)
    await line.state(SessionState.CONNECTED)
    (paired,) = line.of(Paired)
    assert paired.me.phone == f"+{OWN}"
    assert code.expires_in_s == 180


async def test_a_wrong_code_links_nothing(line: LineUnderTest, emulator: Emulator, control: EmulatorClient) -> None:
    await line.state(SessionState.AWAITING_SCAN)
    code = (await line.live.request_pairing_code(Jid.from_phone(OWN))).code
    wrong = ("1" if code[0] != "1" else "2") + code[1:]
    with pytest.raises(ControlError):
        await control.phone(OWN).enter_code(wrong)
    assert line.of(Paired) == []
    code = (await line.live.request_pairing_code(Jid.from_phone(OWN))).code
    await control.phone(OWN).enter_code(code)
    await line.state(SessionState.CONNECTED)


async def test_a_paired_line_refuses_to_pair_again(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        with pytest.raises(SessionAlreadyPaired):
            await line.live.request_pairing_code(Jid.from_phone(OWN))
        with pytest.raises(SessionAlreadyPaired):
            await line.live.renew_qr()


async def test_codes_are_renewed_up_to_a_limit(emulator: Emulator) -> None:
    habits = replace(CALM, first_qr_s=0.02, next_qr_s=0.02, qr_series=2)
    line = LineUnderTest(engine_for(emulator.whereabouts, habits))
    await line.open()
    await line.state(SessionState.STOPPED, "qr_expired")
    texts = [shown.text for shown in line.of(QrShown)]
    assert len(set(texts)) == 12
    assert [shown.remaining for shown in line.of(QrShown)] == [5, 4, 3, 2, 1, 0] * 2
    assert [state for state, _ in line.states()].count(SessionState.AWAITING_SCAN) == 1
    with pytest.raises(NotSent):
        await line.live.request_pairing_code(Jid.from_phone(OWN))
    await line.close()
    await line.engine.close()


async def test_a_new_series_begins_on_request(line: LineUnderTest, control: EmulatorClient) -> None:
    await until(lambda: bool(line.of(QrShown)))
    first = line.of(QrShown)[0]
    await line.live.renew_qr()
    await until(lambda: len(line.of(QrShown)) == 2)
    second = line.of(QrShown)[1]
    assert (second.remaining, second.text != first.text) == (5, True)
    await control.phone(OWN).scan(second.text)
    await line.state(SessionState.CONNECTED)


async def test_what_is_not_committed_is_not_linked(line: LineUnderTest, control: EmulatorClient) -> None:
    def fail() -> None:
        raise OSError("disk full")

    await until(lambda: bool(line.of(QrShown)))
    line.storage.before_commit = fail
    with pytest.raises(ControlError):
        await control.phone(OWN).scan(line.of(QrShown)[-1].text)
    line.storage.before_commit = None
    assert line.of(Paired) == []
    assert line.storage.records[line.session] == {}
    line.told.clear()
    await until(lambda: bool(line.of(QrShown)))
    await control.phone(OWN).scan(line.of(QrShown)[-1].text)
    await line.state(SessionState.CONNECTED)


async def test_leftovers_of_an_earlier_pairing_are_deleted(line: LineUnderTest, control: EmulatorClient) -> None:
    leftovers = [("session", "1@lid"), ("sent", "3EB0"), ("prekey", "9999")]
    line.storage.records[line.session].update({key: (b"of keys that are gone", 0) for key in leftovers})
    await line.pair(control.phone(OWN))
    assert [key for key in leftovers if key in line.storage.records[line.session]] == []


async def test_keys_survive_a_restart(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        line.told.clear()
        await line.restart()
        await line.state(SessionState.CONNECTED)
        assert line.states() == [(SessionState.CONNECTING, None), (SessionState.CONNECTED, None)]
        await line.send(OTHER, "still here")
        (shown,) = await control.phone(OTHER).inbox(wait_s=40)
        assert shown.text == "still here"


@pytest.mark.parametrize("damaged", [b"", b"{}", b"\xff\x00", b'{"version": 1, "noise": "00"}'])
async def test_damaged_credentials_are_never_started_over(
    emulator: Emulator, control: EmulatorClient, damaged: bytes
) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        await line.close()
        records = line.storage.records[line.session]
        records["credentials", "me"] = (damaged, 0)
        with pytest.raises(RecordUnreadable):
            await line.open()
        assert records["credentials", "me"] == (damaged, 0)


async def test_reports_end_with_close(line: LineUnderTest) -> None:
    await line.state(SessionState.AWAITING_SCAN)
    told = len(line.told)
    await line.close()
    assert [news for news in line.told[told:] if isinstance(news, StateChanged)] == []
