"""Texts to and from groups: who gets the sender key, when it is another one, and what happens to who lacks it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engines.native.groups import THIRD, a_group, changes, line
from engines.native.lines import OTHER, OWN, LineUnderTest, until
from wagate.adapters.engines.native.machine.groups import NotInGroup
from wagate.domain.content import Text
from wagate.domain.ids import SessionId
from wagate.domain.jid import Jid
from wagate.domain.people import MembersChanged
from wagate.domain.session import SessionState
from wagate.ports.news import (
    MessageArrived,
    MessageUndecryptable,
    ReceiptArrived,
    ReceiptKind,
    SendAccepted,
    SendRefused,
)
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator

__all__ = ["line"]


def texts(emulator: Emulator, phone: str) -> list[str]:
    return [str(shown.as_dict()["text"]) for shown in emulator.world.phone(phone).inbox]


def count(emulator: Emulator, name: str) -> int:
    return emulator.world.audit.counts[name]


async def shown(emulator: Emulator, phone: str, *wanted: str) -> None:
    """Wait until a phone shows exactly these texts."""
    await until(lambda: len(texts(emulator, phone)) >= len(wanted))
    assert texts(emulator, phone) == list(wanted)


async def test_a_text_reaches_every_phone_of_a_group(
    line: LineUnderTest, emulator: Emulator, control: EmulatorClient
) -> None:
    group = await a_group(control)
    first = await line.send(group.jid, "hello all")
    second = await line.send(group.jid, "and again")
    for phone in (OTHER, THIRD, OWN):
        await shown(emulator, phone, "hello all", "and again")
    await until(lambda: [news.wa_id for news in line.of(SendAccepted)] == [first, second])
    await until(lambda: len(line.of(ReceiptArrived)) == 4)
    receipts = line.of(ReceiptArrived)
    assert {(news.kind, news.chat) for news in receipts} == {(ReceiptKind.DELIVERED, group.jid)}
    assert len({news.by for news in receipts}) == 2
    assert line.of(SendRefused) == []


async def test_a_text_of_a_phone_arrives(line: LineUnderTest, control: EmulatorClient) -> None:
    group = await a_group(control)
    ids = [await control.phone(THIRD).type(group.jid, text) for text in ("one", "two")]
    ids.append(await control.phone(OWN).type(group.jid, "ours"))
    await until(lambda: [news.wa_id for news in line.of(MessageArrived)] == ids)
    assert [news.content for news in line.of(MessageArrived)] == [Text("one"), Text("two"), Text("ours")]
    assert {news.chat for news in line.of(MessageArrived)} == {group.jid}
    assert [news.from_me for news in line.of(MessageArrived)] == [False, False, True]


async def test_what_waited_arrives_in_order(line: LineUnderTest, control: EmulatorClient) -> None:
    group = await a_group(control)
    await control.phone(THIRD).type(group.jid, "before")
    await until(lambda: len(line.of(MessageArrived)) == 1)
    await line.close()
    ids = await control.phone(THIRD).type_many(group.jid, "while away ", 3)
    await line.open()
    await until(lambda: len(line.of(MessageArrived)) == 4)
    assert [news.wa_id for news in line.of(MessageArrived)][1:] == ids
    assert line.of(MessageUndecryptable) == []


async def test_the_key_outlives_the_process(line: LineUnderTest, emulator: Emulator, control: EmulatorClient) -> None:
    group = await a_group(control)
    await line.send(group.jid, "before")
    await line.restart()
    await line.state(SessionState.CONNECTED)
    await line.send(group.jid, "after")
    await shown(emulator, THIRD, "before", "after")
    assert count(emulator, "sender keys given") == 3


async def test_whoever_comes_gets_the_key_and_nobody_else(
    line: LineUnderTest, emulator: Emulator, control: EmulatorClient
) -> None:
    group = await control.phone(OTHER).create_group("Sales", [OWN])
    await line.send(group.jid, "one")
    await shown(emulator, OTHER, "one")
    assert count(emulator, "sender keys given") == 2
    await control.phone(OTHER).group(group.jid).change("add", THIRD)
    await until(lambda: bool(changes(line, MembersChanged)))
    await line.send(group.jid, "two")
    await shown(emulator, THIRD, "two")
    assert count(emulator, "sender keys given") == 3


async def test_when_somebody_leaves_everybody_else_gets_another_key(
    line: LineUnderTest, emulator: Emulator, control: EmulatorClient
) -> None:
    group = await a_group(control)
    await line.send(group.jid, "one")
    await control.phone(THIRD).group(group.jid).leave()
    await until(lambda: bool(changes(line, MembersChanged)))
    await line.send(group.jid, "two")
    await shown(emulator, OTHER, "one", "two")
    assert count(emulator, "sender keys given") == 3 + 2
    assert texts(emulator, THIRD) == ["one"]


async def test_when_a_device_goes_the_others_get_another_key(
    line: LineUnderTest, emulator: Emulator, control: EmulatorClient
) -> None:
    group = await a_group(control)
    other = LineUnderTest(line.engine, session=SessionId("ses_other"))
    await other.open()
    try:
        await other.pair(control.phone(OTHER))
        await line.send(group.jid, "one")
        await until(lambda: bool(other.of(MessageArrived)))
    finally:
        await other.close()
    assert count(emulator, "sender keys given") == 4
    await control.phone(OTHER).log_out()
    pending = emulator.world.account(OWN).devices.values()
    await until(lambda: not any(len(device.queue) for device in pending))
    await line.send(group.jid, "two")
    await shown(emulator, OTHER, "one", "two")
    assert count(emulator, "sender keys given") == 4 + 3


async def test_a_device_without_keys_of_its_own_is_given_ours_later(
    line: LineUnderTest, emulator: Emulator, control: EmulatorClient
) -> None:
    group = await a_group(control)
    await control.faults(no_prekeys=True)
    await line.send(group.jid, "one")
    await shown(emulator, OWN, "one")
    await control.faults(no_prekeys=False)
    await line.send(group.jid, "two")
    await until(lambda: all("two" in texts(emulator, phone) for phone in (OTHER, THIRD)))
    assert count(emulator, "sender keys given") == 1 + 2


async def test_a_phone_that_lost_the_key_asks_and_gets_it(
    line: LineUnderTest, emulator: Emulator, control: EmulatorClient
) -> None:
    group = await a_group(control)
    await line.send(group.jid, "one")
    await shown(emulator, THIRD, "one")
    await control.phone(THIRD).do("forget-keys")
    await line.send(group.jid, "two")
    await shown(emulator, THIRD, "one", "two")
    await line.send(group.jid, "three")
    await shown(emulator, THIRD, "one", "two", "three")
    # Its session with us is lost as well, so the first answer cannot be read either; the next request brings keys.
    assert count(emulator, "phone retry requests") == 2


async def test_a_key_that_we_lost_is_asked_for(line: LineUnderTest, control: EmulatorClient) -> None:
    group = await a_group(control)
    await control.phone(THIRD).type(group.jid, "one")
    await until(lambda: len(line.of(MessageArrived)) == 1)
    await line.close()
    records = line.storage.records[line.session]
    for key in [key for key in records if key[0] == "sender_key"]:
        del records[key]
    await line.open()
    id = await control.phone(THIRD).type(group.jid, "two")
    await until(lambda: len(line.of(MessageArrived)) == 2)
    assert [(news.wa_id, news.attempt) for news in line.of(MessageUndecryptable)] == [(id, 1)]
    await control.phone(THIRD).type(group.jid, "three")
    await until(lambda: len(line.of(MessageArrived)) == 3)
    assert len(line.of(MessageUndecryptable)) == 1


async def test_someone_with_a_new_phone_is_given_the_key_again(
    line: LineUnderTest, emulator: Emulator, control: EmulatorClient
) -> None:
    group = await a_group(control)
    await line.send(group.jid, "one")
    await shown(emulator, THIRD, "one")
    await control.phone(THIRD).do("reinstall")
    pending = emulator.world.account(OWN).devices.values()
    await until(lambda: not any(len(device.queue) for device in pending))
    await line.send(group.jid, "two")
    await shown(emulator, THIRD, "two")
    assert count(emulator, "phone retry requests") == 0


async def test_where_only_admins_write_a_text_is_refused(
    line: LineUnderTest, emulator: Emulator, control: EmulatorClient
) -> None:
    group = await a_group(control)
    await control.phone(OTHER).group(group.jid).set(announcement=True)
    wa_id = await line.send(group.jid, "not allowed")
    await until(lambda: bool(line.of(SendRefused)))
    [refused] = line.of(SendRefused)
    assert (refused.wa_id, refused.code) == (wa_id, "not_allowed")
    await control.phone(OTHER).group(group.jid).set(announcement=False)
    await line.send(group.jid, "allowed")
    await shown(emulator, THIRD, "allowed")
    assert count(emulator, "phone retry requests") == 0


async def test_a_group_that_we_are_not_in_cannot_be_written_to(line: LineUnderTest, control: EmulatorClient) -> None:
    group = await control.phone(OTHER).create_group("Theirs", [THIRD])
    with pytest.raises(NotInGroup):
        await line.send(group.jid, "hello?")
    with pytest.raises(NotInGroup):
        await line.send("1@g.us", "hello?")


async def test_a_device_that_the_server_knows_and_we_do_not_is_asked_for(
    line: LineUnderTest, emulator: Emulator, control: EmulatorClient
) -> None:
    group = await a_group(control)
    await line.send(group.jid, "one")
    await shown(emulator, THIRD, "one")
    account = emulator.world.account(THIRD)
    # As if nobody had told us that a device was linked.
    account.observers.clear()
    other = LineUnderTest(line.engine, session=SessionId("ses_third"))
    await other.open()
    try:
        await other.pair(control.phone(THIRD))
        await other.close()
        await line.send(group.jid, "two")
        await until(lambda: len(line.of(SendAccepted)) == 2)
        await line.send(group.jid, "three")
        await until(lambda: count(emulator, "sender keys given") == 3 + 1)
        await other.open()
        await until(lambda: {news.content for news in other.of(MessageArrived)} == {Text("two"), Text("three")})
        assert len(other.of(MessageUndecryptable)) == 1
    finally:
        await other.close()
        emulator.forgive("sender_key_missing", OWN)


async def test_people_are_named_as_the_group_names_them(
    line: LineUnderTest, emulator: Emulator, control: EmulatorClient
) -> None:
    group = await a_group(control)
    outgoing = line.outgoing(group.jid, f"ask @{THIRD}")
    await line.live.send(replace(outgoing, content=Text(f"ask @{THIRD}", (Jid.from_phone(THIRD),))))
    lid = emulator.world.account(THIRD).lid
    await shown(emulator, THIRD, f"ask @{lid.user}")
    [message] = emulator.world.phone(THIRD).inbox
    assert message.as_dict()["mentions"] == [lid]


async def test_an_old_group_addresses_people_by_number(
    line: LineUnderTest, emulator: Emulator, control: EmulatorClient
) -> None:
    made = await control.phone(OTHER).create_group("Old", [THIRD])
    next(group for group in emulator.world.groups if group.jid == made.jid).by_lid = False
    await control.phone(OTHER).group(made.jid).change("add", OWN)
    for text in ("one", "two"):
        await line.send(made.jid, text)
    for phone in (OTHER, THIRD, OWN):
        await shown(emulator, phone, "one", "two")
    await control.phone(THIRD).type(made.jid, "an answer")
    await until(lambda: len(line.of(MessageArrived)) == 1)
    [arrived] = line.of(MessageArrived)
    assert (arrived.sender, arrived.sender_alt) == (Jid.from_phone(THIRD), Jid(emulator.world.account(THIRD).lid))
    assert count(emulator, "participant hash differs") == 0
    await control.phone(THIRD).group(made.jid).leave()
    await until(lambda: bool(changes(line, MembersChanged)))
    await line.send(made.jid, "three")
    await shown(emulator, OTHER, "one", "two", "an answer", "three")
