import pytest

from fixtures.rooms import House, OpenHouse, eventually
from wagate.adapters.clock import ManualClock
from wagate.domain.errors import (
    InvalidRecipient,
    QrNotReady,
    SessionAlreadyPaired,
    SessionNotPaired,
    SessionNotRunning,
)
from wagate.domain.session import Reason, SessionState


async def test_a_code_is_shown_only_while_a_phone_can_scan_it(house: House) -> None:
    session = await house.gateway.sessions.create(house.us, name="shop")
    with pytest.raises(QrNotReady, match="stopped; start it"):
        await house.gateway.sessions.qr(house.us, "shop")
    await house.gateway.sessions.start(house.us, "shop")
    code = await house.qr(session)
    assert code.remaining == 2
    house.service.phone("5511900000001").scan(code.text)
    await house.reaches(session, SessionState.CONNECTED)
    with pytest.raises(QrNotReady, match=r"paired with \+5511900000001"):
        await house.gateway.sessions.qr(house.us, "shop")


async def test_the_code_itself_is_in_no_event(house: House) -> None:
    session = await house.gateway.sessions.create(house.us, name="shop")
    await house.gateway.sessions.start(house.us, "shop")
    code = await house.qr(session)
    (event,) = await eventually(lambda: house.events("session.qr"))
    assert set(event.data) == {"expires_at", "remaining"}
    assert all(code.text not in str(event.data) for event in await house.events())


async def test_codes_follow_one_another_until_patience_ends(open_house: OpenHouse) -> None:
    house = await open_house(ManualClock())
    session = await house.gateway.sessions.create(house.us)
    await house.gateway.sessions.start(house.us, session.id)
    codes = []
    for remaining in (2, 1, 0):
        code = await until_remaining(house, session.id, remaining)
        codes.append(code)
        await house.pass_time(20.0)
    assert len(set(codes)) == 3
    found = await house.reaches(session, SessionState.STOPPED)
    assert found.reason == Reason("qr_expired")
    with pytest.raises(KeyError):
        house.service.phone("5511900000001").scan(codes[0])


async def until_remaining(house: House, session: str, remaining: int) -> str:
    async def shown() -> str | None:
        try:
            code = await house.gateway.sessions.qr(house.us, session)
        except QrNotReady:
            return None
        return code.text if code.remaining == remaining else None

    return await eventually(shown)


async def test_a_new_series_is_shown_on_request_also_after_the_last_one_ended(open_house: OpenHouse) -> None:
    house = await open_house(ManualClock())
    session = await house.gateway.sessions.create(house.us)
    await house.gateway.sessions.renew_qr(house.us, session.id)
    await until_remaining(house, session.id, 2)
    await house.pass_time(20.0)
    await until_remaining(house, session.id, 1)
    await house.gateway.sessions.renew_qr(house.us, session.id)
    await until_remaining(house, session.id, 2)
    await house.pass_time(60.0)
    await house.reaches(session, SessionState.STOPPED)
    await house.gateway.sessions.renew_qr(house.us, session.id)
    text = await until_remaining(house, session.id, 2)
    house.service.phone("5511900000001").scan(text)
    await house.reaches(session, SessionState.CONNECTED)
    with pytest.raises(SessionAlreadyPaired):
        await house.gateway.sessions.renew_qr(house.us, session.id)


async def test_a_code_can_be_typed_instead(house: House) -> None:
    sessions = house.gateway.sessions
    session = await sessions.create(house.us)
    with pytest.raises(SessionNotRunning, match="start it"):
        await sessions.pairing_code(house.us, session.id, "+55 11 90000-0001")
    await sessions.start(house.us, session.id)
    await house.qr(session)
    with pytest.raises(InvalidRecipient) as refused:
        await sessions.pairing_code(house.us, session.id, "12")
    assert refused.value.pointer == "/phone"
    code = await sessions.pairing_code(house.us, session.id, "+55 11 90000-0001")
    house.service.phone("5511900000001").enter_code(code.code)
    await house.reaches(session, SessionState.CONNECTED)
    with pytest.raises(SessionAlreadyPaired):
        await sessions.pairing_code(house.us, session.id, "+55 11 90000-0001")
    (event,) = await house.events("session.pairing_code")
    assert set(event.data) == {"expires_at"}


async def test_logout_unlinks_the_device_and_forgets_its_keys(house: House) -> None:
    session, phone = await house.paired()
    gone = await house.gateway.sessions.logout(house.us, session.id)
    assert (gone.state, gone.reason, gone.me) == (SessionState.LOGGED_OUT, Reason("logged_out_by_user"), None)
    assert phone.devices == []
    (event,) = await house.events("session.logged_out")
    assert event.data["me"] is not None  # who it was, for the last time
    with pytest.raises(SessionNotPaired):
        await house.gateway.sessions.logout(house.us, session.id)
    await house.gateway.sessions.start(house.us, session.id)
    phone.scan((await house.qr(session)).text)
    await house.reaches(session, SessionState.CONNECTED)


async def test_a_session_that_is_down_is_logged_out_on_our_side(house: House) -> None:
    session, phone = await house.paired()
    await house.gateway.sessions.stop(house.us, session.id)
    gone = await house.gateway.sessions.logout(house.us, session.id)
    assert gone.state is SessionState.LOGGED_OUT
    assert len(phone.devices) == 1  # the phone does not know
    await house.gateway.sessions.start(house.us, session.id)
    await house.qr(session)


async def test_a_device_that_the_phone_removed_pairs_anew(house: House) -> None:
    session, phone = await house.paired()
    phone.unlink()
    found = await house.reaches(session, SessionState.LOGGED_OUT)
    assert (found.reason, found.me) == (Reason("device_removed"), None)
    await house.gateway.sessions.start(house.us, session.id)
    house.service.phone("5511900000009", "Other").scan((await house.qr(session)).text)
    found = await house.reaches(session, SessionState.CONNECTED)
    assert found.me is not None
    assert found.me.phone == "+5511900000009"
