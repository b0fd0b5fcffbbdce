"""What is told of groups, and what can be done with them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from engines.native.groups import THIRD, a_group, changes, line
from engines.native.lines import OTHER, OWN, LineUnderTest, until
from wagate.adapters.engines.native.machine.records import ContactToken
from wagate.domain.errors import AlreadyGroupMember, GroupNotFound, InviteInvalid, NotGroupAdmin, NotGroupMember
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
from wagate.ports.news import GroupChanged
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.recorder import read_recording

__all__ = ["line"]


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


async def test_a_group_is_made_and_changed(line: LineUnderTest, control: EmulatorClient) -> None:
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


async def test_whoever_gave_us_a_token_is_added_with_it(
    line: LineUnderTest, control: EmulatorClient, tmp_path: Path
) -> None:
    lid, now = (await control.account(OTHER)).lid, int(time.time())
    await line.close()
    line.storage.records[line.session]["tctoken", lid] = (ContactToken(b"token", now).pack(), 0)
    await line.restart()
    await line.state(SessionState.CONNECTED)
    await control.record(str(tmp_path / "said"))
    await line.live.create_group(NewGroup("Order 17", (Jid.from_phone(OTHER), Jid.from_phone(THIRD))))
    await control.record(None)
    [create] = [
        record.node.children[0]
        for record in read_recording(tmp_path / "said")
        if record.kind == "stanza" and record.node.get("xmlns") == "w:g2"
    ]
    tokens = [person.child("privacy") for person in create.all("participant")]
    assert [None if token is None else token.bytes() for token in tokens] == [b"token", None]


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
