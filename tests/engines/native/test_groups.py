"""Texts to and from groups: who gets the sender key, when it is another one, and what happens to who lacks it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TypeVar

import pytest
import pytest_asyncio

from engines.native.lines import OTHER, OWN, LineUnderTest, paired_line, until
from wagate.adapters.engines.native.machine.groups import NotInGroup
from wagate.domain.content import Text
from wagate.domain.errors import AlreadyGroupMember, GroupNotFound, InviteInvalid, NotGroupAdmin, NotGroupMember
from wagate.domain.ids import SessionId
from wagate.domain.jid import Jid
from wagate.domain.people import (
    GroupEdit,
    GroupEdited,
    GroupEnded,
    GroupRole,
    GroupSeen,
    GroupSettings,
    InviteReset,
    JoinRequested,
    JoinRequestsGone,
    MembersAction,
    MembersChanged,
    NewGroup,
    RequestDecision,
)
from wagate.domain.session import SessionState
from wagate.ports.news import (
    GroupChanged,
    MessageArrived,
    MessageUndecryptable,
    ReceiptArrived,
    ReceiptKind,
    SendAccepted,
    SendRefused,
)
from whatsapp_emulator.client import EmulatorClient, GroupTold
from whatsapp_emulator.emulator import Emulator

THIRD = "5511900000003"
_Change = TypeVar("_Change")


@pytest_asyncio.fixture
async def line(emulator: Emulator, control: EmulatorClient) -> AsyncIterator[LineUnderTest]:
    await control.account(THIRD, "Third")
    async with paired_line(emulator.whereabouts, control) as line:
        yield line


async def a_group(control: EmulatorClient) -> GroupTold:
    return await control.phone(OTHER).create_group("Sales", [OWN, THIRD])


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


async def test_where_only_admins_write_a_text_is_refused(line: LineUnderTest, control: EmulatorClient) -> None:
    group = await a_group(control)
    await control.phone(OTHER).group(group.jid).set(announcement=True)
    wa_id = await line.send(group.jid, "not allowed")
    await until(lambda: bool(line.of(SendRefused)))
    [refused] = line.of(SendRefused)
    assert (refused.wa_id, refused.code) == (wa_id, "not_allowed")


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
        await line.send(group.jid, "two")
        await until(lambda: [news.content for news in other.of(MessageArrived)] == [Text("two")])
        await line.send(group.jid, "three")
        await until(lambda: len(other.of(MessageArrived)) == 2)
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


# ---- what is told of groups


def changes(line: LineUnderTest, kind: type[_Change]) -> list[_Change]:
    return [news.change for news in line.of(GroupChanged) if isinstance(news.change, kind)]


async def test_what_happens_in_a_group_is_told(line: LineUnderTest, control: EmulatorClient) -> None:
    group = await a_group(control)
    hand = control.phone(OTHER).group(group.jid)
    await hand.rename("Support")
    await hand.describe("About us")
    await hand.set(announcement=True, locked=True, member_add_mode="admin_add", approval=True, ephemeral_s=60)
    await hand.invite(reset=True)
    await hand.change("promote", OWN)
    await control.account("5511900000004")
    await control.phone("5511900000004").join(await hand.invite())
    await hand.decide("reject", "5511900000004")
    await hand.change("remove", OWN)
    await until(lambda: any(change.includes_us for change in changes(line, MembersChanged)[1:]))
    [seen] = changes(line, GroupSeen)
    assert (seen.group.subject, seen.group.size) == ("Sales", 3)
    assert {(person.phone, person.role) for person in seen.group.participants} == {
        (f"+{OTHER}", GroupRole.OWNER),
        (f"+{OWN}", GroupRole.MEMBER),
        (f"+{THIRD}", GroupRole.MEMBER),
    }
    assert [change.edit for change in changes(line, GroupEdited)] == [
        GroupEdit(subject="Support"),
        GroupEdit(description="About us"),
        GroupEdit(admins_send=True),
        GroupEdit(admins_edit=True),
        GroupEdit(disappearing_s=60),
        GroupEdit(admins_add=True),
        GroupEdit(approval=True),
    ]
    assert len(changes(line, InviteReset)) == 1
    assert [change.people[0].phone for change in changes(line, JoinRequested)] == ["+5511900000004"]
    assert len(changes(line, JoinRequestsGone)) == 1
    assert [change.action for change in changes(line, MembersChanged)] == [MembersAction.PROMOTE, MembersAction.REMOVE]
    assert {news.by_alt for news in line.of(GroupChanged)} == {Jid.from_phone(OTHER), Jid.from_phone("5511900000004")}
    assert ("group", group.jid) not in line.storage.records[line.session]


# ---- what can be done


async def test_a_group_is_made_and_changed(line: LineUnderTest, emulator: Emulator, control: EmulatorClient) -> None:
    await control.phone(THIRD).set(refuses_groups=True)
    nobody = Jid.from_phone("5511900000077")
    people = (Jid.from_phone(OTHER), Jid.from_phone(THIRD), nobody)
    made = await line.live.create_group(NewGroup("Order 17", people, GroupSettings(admins_edit=True)))
    jid = made.group.jid
    assert [(outcome.code, outcome.invite_code is not None) for outcome in made.refused] == [
        ("invite_only", True),
        ("not_found", False),
    ]
    wanted = GroupEdit(
        subject="Order 18",
        description="paid",
        admins_send=True,
        admins_edit=False,
        admins_add=True,
        approval=True,
        disappearing_s=60,
    )
    await line.live.edit_group(jid, wanted)
    await line.live.edit_group(jid, GroupEdit(description="sent"))
    group = await line.live.group(jid)
    assert (group.subject, group.description) == ("Order 18", "sent")
    assert group.settings == GroupSettings(True, False, True, True, 60)
    assert await line.live.groups() == (group,)
    [promoted] = await line.live.change_members(jid, MembersAction.PROMOTE, (Jid.from_phone(OTHER),))
    assert promoted.code is None
    [missing] = await line.live.change_members(jid, MembersAction.REMOVE, (Jid.from_phone(THIRD),))
    assert missing.code == "not_found"
    assert (await control.group(jid)).members == {OWN: "superadmin", OTHER: "admin"}
    await line.live.leave_group(jid)
    assert (await control.group(jid)).members == {OTHER: "admin"}
    assert len(changes(line, GroupEnded)) == 1


async def test_links_lead_into_groups(line: LineUnderTest, control: EmulatorClient) -> None:
    group = await control.phone(OTHER).create_group("Club", [THIRD])
    hand = control.phone(OTHER).group(group.jid)
    old = await hand.invite()
    code = await hand.invite(reset=True)
    with pytest.raises(InviteInvalid):
        await line.live.group_behind(old)
    assert (await line.live.group_behind(f"https://chat.whatsapp.com/{code}")).size == 2
    joined = await line.live.join_group(code)
    assert (joined.group, joined.pending) == (group.jid, False)
    with pytest.raises(AlreadyGroupMember):
        await line.live.join_group(code)
    with pytest.raises(NotGroupAdmin):
        await line.live.invite_code(joined.group)
    await hand.change("promote", OWN)
    assert await line.live.invite_code(joined.group) == code
    assert await line.live.invite_code(joined.group, reset=True) != code


async def test_an_admin_lets_people_in(line: LineUnderTest, control: EmulatorClient) -> None:
    made = await line.live.create_group(NewGroup("Club", (), GroupSettings(approval=True)))
    jid = made.group.jid
    code = await line.live.invite_code(jid)
    for phone in (OTHER, THIRD):
        assert await control.phone(phone).join(code)
    asked = await line.live.join_requests(jid)
    assert [request.person.phone for request in asked] == [f"+{OTHER}", f"+{THIRD}"]
    people = (Jid.from_phone(OTHER), Jid.from_phone(OWN))
    outcomes = await line.live.decide_requests(jid, RequestDecision.APPROVE, people)
    assert [outcome.code for outcome in outcomes] == [None, "not_found"]
    await line.live.decide_requests(jid, RequestDecision.REJECT, (Jid.from_phone(THIRD),))
    assert (await control.group(jid)).members == {OWN: "superadmin", OTHER: "member"}
    assert await line.live.join_requests(jid) == ()


async def test_who_may_not_is_told_so(line: LineUnderTest, control: EmulatorClient) -> None:
    group = await a_group(control)
    jid = Jid(group.jid)
    with pytest.raises(NotGroupAdmin):
        await line.live.edit_group(jid, GroupEdit(admins_send=True))
    with pytest.raises(NotGroupAdmin):
        await line.live.change_members(jid, MembersAction.REMOVE, (Jid.from_phone(THIRD),))
    with pytest.raises(GroupNotFound):
        await line.live.group(Jid("1@g.us"))
    theirs = await control.phone(OTHER).create_group("Theirs", [THIRD])
    with pytest.raises(NotGroupMember):
        await line.live.group(Jid(theirs.jid))
