import pytest

from fixtures.rooms import House, until
from wagate.domain.errors import MessageNotFound, SessionNotFound
from wagate.domain.session import SessionState
from wagate.store import open_database
from wagate.store.script import Script, sql

_TABLES = ("session", "session_counter", "vault_record", "message", "outbox", "contact", "contact_address", "chat")
_COUNTS = {
    table: sql(
        "SELECT COUNT(*) AS found FROM", table, "WHERE", "id" if table == "session" else "session_id", "= :session"
    )
    for table in _TABLES
}


def counts(session: str) -> Script[dict[str, int]]:
    found = {}
    for table, statement in _COUNTS.items():
        rows = yield statement(session=session)
        found[table] = rows[0]["found"]
    return found


async def remains(house: House, session: str) -> dict[str, int]:
    outside = await open_database(house.url)
    found = await outside.read(counts(session))
    await outside.close()
    return found


async def test_nothing_of_a_deleted_session_remains(house: House) -> None:
    session, phone = await house.paired()
    keep, _ = await house.paired("keep", "5511900000009")
    bob = house.service.phone("5511900000002", "Bob")
    for n in range(30):
        await house.send(session, bob, f"message {n}")
    kept = await house.send(keep, bob)
    bob.type(phone, "hi")
    await until(lambda: len(bob.inbox) == 31)
    house.service.faults.withhold_acks = True
    await house.send(session, bob, "nobody acknowledges this one")
    await until(lambda: len(bob.inbox) == 32)
    before = await remains(house, session.id)
    assert all(before.values())
    await house.gateway.sessions.delete(house.us, session.id)
    assert set((await remains(house, session.id)).values()) == {0}
    assert phone.devices == []  # unlinked, too
    with pytest.raises(SessionNotFound):
        await house.gateway.sessions.get(house.us, session.id)
    assert (await house.message(kept)).session == keep.id
    assert await house.state(keep) is SessionState.CONNECTED
    assert (await house.gateway.sessions.create(house.us, name="shop")).id != session.id


async def test_more_than_one_chunk_is_deleted(house: House) -> None:
    session = await house.gateway.sessions.create(house.us, name="shop")
    last = None
    for n in range(600):
        last = await house.send(session, f"+5511{n:08}")
    assert last is not None
    await house.gateway.sessions.delete(house.us, "shop")
    assert set((await remains(house, session.id)).values()) == {0}
    with pytest.raises(MessageNotFound):
        await house.message(last)


@pytest.mark.parametrize("state", ["new", "stopped", "waiting for a scan", "banned", "down"])
async def test_a_session_can_be_deleted_in_any_state(house: House, state: str) -> None:
    if state in ("new", "waiting for a scan"):
        session = await house.gateway.sessions.create(house.us)
        if state == "waiting for a scan":
            await house.gateway.sessions.start(house.us, session.id)
            await house.qr(session)
    else:
        session, phone = await house.paired()
        if state == "stopped":
            await house.gateway.sessions.stop(house.us, session.id)
        elif state == "banned":
            house.service.ban(phone)
            await house.reaches(session, SessionState.BANNED)
        else:
            house.service.faults.refuse_login = True
            house.service.drop(phone)
            await house.reaches(session, SessionState.DISCONNECTED)
    await house.gateway.sessions.delete(house.us, session.id)
    assert set((await remains(house, session.id)).values()) == {0}
    assert house.service.codes == {}
