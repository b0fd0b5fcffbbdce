import asyncio
from dataclasses import replace

import pytest

from fixtures.rooms import House
from wagate.domain.errors import (
    InvalidCursor,
    InvalidProxy,
    InvalidRequest,
    SessionNameTaken,
    SessionNotFound,
    UnknownEngine,
)
from wagate.domain.ids import TenantId
from wagate.domain.page import Order
from wagate.domain.session import Reason, SessionState
from wagate.features.access import Principal
from wagate.features.sessions.service import Passages, Sessions
from wagate.features.sessions.shape import session_shape
from wagate.store.scoped import TenantScope

STRANGER = Principal.system(TenantId("tnt_STRANGER"))


async def test_a_new_session_is_stopped_and_says_what_to_do(house: House) -> None:
    session = await house.gateway.sessions.create(house.us, name="shop", metadata={"team": "sales"})
    assert session == await house.gateway.sessions.get(house.us, "shop")
    assert session == await house.gateway.sessions.get(house.us, session.id)
    shape = session_shape(session)
    assert shape["state"] == "stopped"
    assert shape["reason"] == {"code": "not_paired", "detail": ""}
    assert shape["action"] == "Start the session and pair it with a phone."
    assert shape["metadata"] == {"team": "sales"}


async def test_a_session_without_a_name_is_given_one(house: House) -> None:
    one, two = [await house.gateway.sessions.create(house.us) for _ in range(2)]
    assert one.name.startswith("session-")
    assert one.name != two.name


@pytest.mark.parametrize("name", ["", "Shop", "ses_1", "a b", "ä", "-a", "x" * 65])
async def test_a_name_that_cannot_stand_in_a_url_is_refused(house: House, name: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await house.gateway.sessions.create(house.us, name=name)
    assert refused.value.pointer == "/name"


async def test_a_name_is_taken_once_in_a_tenant(house: House) -> None:
    first = await house.gateway.sessions.create(house.us, name="shop")
    with pytest.raises(SessionNameTaken):
        await house.gateway.sessions.create(house.us, name="shop")
    other = await house.gateway.sessions.create(house.us, name="desk")
    with pytest.raises(SessionNameTaken):
        await house.gateway.sessions.update(house.us, other.id, name="shop")
    assert (await house.gateway.sessions.update(house.us, first.id, name="shop")).name == "shop"
    assert (await house.gateway.sessions.create(STRANGER, name="shop")).tenant == STRANGER.tenant


async def test_an_engine_that_is_not_there_is_refused(house: House) -> None:
    with pytest.raises(UnknownEngine, match="fake"):
        await house.gateway.sessions.create(house.us, engine="pigeon")


async def test_an_engine_that_is_not_installed_is_refused_with_what_to_do(house: House) -> None:
    ours = house.gateway.sessions
    opening = replace(ours._opening, absent={"neonize": "its library is missing: install it"})
    sessions = Sessions(
        opening,
        ours._supervisor,
        Passages(ours._importing, ours._moving, ours._ending, ours._exporting),
        house.clock,
        "fake",
    )
    with pytest.raises(UnknownEngine, match="'neonize' cannot be used: its library is missing: install it"):
        await sessions.create(house.us, engine="neonize")


async def test_another_tenants_session_is_not_there(house: House) -> None:
    session, _ = await house.paired()
    sessions = house.gateway.sessions
    for verb in (sessions.get, sessions.start, sessions.stop, sessions.restart, sessions.logout, sessions.delete):
        with pytest.raises(SessionNotFound):
            await verb(STRANGER, session.id)
        with pytest.raises(SessionNotFound):
            await verb(STRANGER, session.name)
    with pytest.raises(SessionNotFound):
        await sessions.qr(STRANGER, session.id)
    with pytest.raises(SessionNotFound):
        await sessions.update(STRANGER, session.id, name="mine")
    assert (await sessions.list(STRANGER)).items == ()
    assert await house.state(session) is SessionState.CONNECTED


async def test_metadata_is_merged_and_settings_too(house: House) -> None:
    session = await house.gateway.sessions.create(
        house.us, metadata={"a": "1", "b": "2"}, settings={"proxy": "socks5://127.0.0.1:9050"}
    )
    session = await house.gateway.sessions.update(house.us, session.id, metadata={"a": None, "c": "3"})
    assert session.metadata == {"b": "2", "c": "3"}
    assert session.settings.proxy == "socks5://127.0.0.1:9050"
    session = await house.gateway.sessions.update(house.us, session.id, settings={"proxy": None})
    assert session.settings.proxy is None
    with pytest.raises(InvalidRequest):
        await house.gateway.sessions.update(house.us, session.id, settings={"colour": "red"})
    with pytest.raises(InvalidRequest):
        await house.gateway.sessions.update(house.us, session.id, metadata={"long": "x" * 501})
    assert session == await house.gateway.sessions.get(house.us, session.id)


@pytest.mark.parametrize("proxy", ["ftp://h:1", "http://h", "h:1", "http://h:1/path", "http://h:x", "http://h:1 ", ""])
async def test_a_proxy_that_cannot_be_one_is_refused(house: House, proxy: str) -> None:
    with pytest.raises(InvalidProxy):
        await house.gateway.sessions.create(house.us, settings={"proxy": proxy})


async def test_sessions_are_listed_page_by_page_in_either_order(house: House) -> None:
    made = [(await house.gateway.sessions.create(house.us)).id for _ in range(5)]
    for order, expected in ((Order.ASC, made), (Order.DESC, made[::-1])):
        seen: list[str] = []
        cursor = None
        while True:
            page = await house.gateway.sessions.list(house.us, limit=2, cursor=cursor, order=order)
            seen += [session.id for session in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert sorted(seen) == sorted(expected)
        assert seen == (sorted(seen) if order is Order.ASC else sorted(seen, reverse=True))
    with pytest.raises(InvalidCursor):
        await house.gateway.sessions.list(house.us, cursor="nonsense")


async def test_sessions_are_listed_by_state(house: House) -> None:
    session, _ = await house.paired()
    await house.gateway.sessions.create(house.us)
    page = await house.gateway.sessions.list(house.us, state=SessionState.CONNECTED)
    assert [found.id for found in page.items] == [session.id]


async def test_stop_hangs_up_and_start_comes_back_without_pairing(house: House) -> None:
    session, phone = await house.paired()
    stopped = await house.gateway.sessions.stop(house.us, session.id)
    assert (stopped.state, stopped.reason) == (SessionState.STOPPED, Reason("stopped_by_user"))
    assert phone.devices[0].link is None
    again = await house.gateway.sessions.stop(house.us, session.id)
    assert again == stopped
    await house.gateway.sessions.start(house.us, session.id)
    found = await house.reaches(session, SessionState.CONNECTED)
    assert found.me == session.me
    assert len(phone.devices) == 1


async def test_starting_what_runs_changes_nothing(house: House) -> None:
    session, _ = await house.paired()
    before = await house.events()
    started = await house.gateway.sessions.start(house.us, session.id)
    assert started.state is SessionState.CONNECTED
    assert await house.events() == before
    assert house.service.logins == 1


async def test_restart_logs_in_anew(house: House) -> None:
    session, _ = await house.paired()
    await house.gateway.sessions.restart(house.us, session.id)
    await house.reaches(session, SessionState.CONNECTED)
    assert house.service.logins == 2


async def test_every_change_of_state_is_told_once_and_in_order(house: House) -> None:
    session, _ = await house.paired()
    await house.gateway.sessions.stop(house.us, session.id)
    told = [(event.data["previous"], event.data["state"]) for event in await house.events("session.state")]
    assert told == [
        ("stopped", "starting"),
        ("starting", "awaiting_scan"),
        ("awaiting_scan", "pairing"),
        ("pairing", "connecting"),
        ("connecting", "connected"),
        ("connected", "stopped"),
    ]
    events = await house.events("session.*")
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    connected = next(event for event in events if event.type == "session.connected")
    assert connected.data["me"] == {
        "phone": "+5511900000001",
        "lid": "95511900000001@lid",
        "name": "Shop",
        "platform": "android",
    }


async def test_when_a_session_was_seen_alive_is_kept(house: House) -> None:
    session, _ = await house.paired()
    await house.close()  # a clean stop writes what is still only in memory
    await house.open()
    found = await house.gateway.sessions.get(house.us, session.id)
    assert found.last_seen_at is not None
    assert found.last_seen_at >= session.created_at


async def test_two_verbs_at_once_take_turns(house: House) -> None:
    session, phone = await house.paired()
    verbs = house.gateway.sessions
    await asyncio.gather(
        *(verb(house.us, session.id) for verb in (verbs.stop, verbs.start, verbs.restart, verbs.stop, verbs.start))
    )
    await verbs.start(house.us, session.id)
    await house.reaches(session, SessionState.CONNECTED)
    assert [device.link is not None for device in phone.devices] == [True]


async def test_events_belong_to_the_tenant(house: House) -> None:
    await house.paired()
    assert (await house.gateway.journal.list(TenantScope(STRANGER.tenant))).items == ()
