"""What neonize can do in groups beyond what the examination asks of every engine, and what it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from engines.neonize.desk import LINKED, OTHER, OWN, Desk, scripted
from fixtures.waiting import until
from wagate.domain.errors import InviteInvalid, NotGroupMember, UnsupportedByEngine
from wagate.domain.jid import Jid
from wagate.domain.people import (
    GroupEdit,
    GroupEdited,
    GroupSeen,
    GroupSettings,
    MembersAction,
    MembersChanged,
    NewGroup,
)
from wagate.domain.session import SessionState
from wagate.ports.abilities import Activity, ApprovesMembers, InvitesToGroups, ListsGroups, ManagesGroups, ShowsTyping
from wagate.ports.engine import NotSent
from wagate.ports.news import GroupChanged, SendAccepted


async def test_settings_are_made_and_changed_one_by_one(desk: Desk) -> None:
    await desk.pair()
    manages = desk.connection
    assert isinstance(manages, ManagesGroups)
    assert isinstance(manages, InvitesToGroups)
    settings = GroupSettings(admins_send=True, admins_edit=True, disappearing_s=86_400)
    made = (await manages.create_group(NewGroup("Club", (Jid.from_phone(OTHER),), settings))).group
    assert (made.settings, made.size, made.subject) == (settings, 2, "Club")
    told = await desk.control.group(made.jid)
    assert told.settings["announcement"] is True
    await manages.edit_group(made.jid, GroupEdit(disappearing_s=0, description="new", admins_edit=False))
    await manages.edit_group(made.jid, GroupEdit(description=""))
    code = await manages.invite_code(made.jid)
    assert await manages.invite_code(made.jid, reset=True) != code
    with pytest.raises(InviteInvalid):
        await manages.join_group(code)
    edits = [news.change.edit for news in desk.of_kind(GroupChanged) if isinstance(news.change, GroupEdited)]
    for edit in (GroupEdit(disappearing_s=0), GroupEdit(description="new"), GroupEdit(admins_edit=False)):
        assert edit in edits
    (removed,) = await manages.change_members(made.jid, MembersAction.REMOVE, (Jid.from_phone(OTHER),))
    assert removed.code is None
    assert (await desk.control.group(made.jid)).members == {OWN: "superadmin"}


async def test_what_neonize_has_no_call_for_is_refused_before_anything_is_done(desk: Desk) -> None:
    await desk.pair()
    manages = desk.connection
    assert isinstance(manages, ManagesGroups)
    assert not isinstance(manages, ApprovesMembers)
    for settings in (GroupSettings(approval=True), GroupSettings(admins_add=True)):
        with pytest.raises(UnsupportedByEngine):
            await manages.create_group(NewGroup("Club", (), settings))
    made = (await manages.create_group(NewGroup("Club", ()))).group
    for edit in (GroupEdit(subject="Other", approval=False), GroupEdit(subject="Other", admins_add=True)):
        with pytest.raises(UnsupportedByEngine):
            await manages.edit_group(made.jid, edit)
    assert (await desk.control.group(made.jid)).subject == "Club"


async def test_who_has_to_be_let_in_waits(desk: Desk) -> None:
    await desk.pair()
    invites = desk.connection
    assert isinstance(invites, InvitesToGroups)
    theirs = desk.control.phone(OTHER)
    group = await theirs.create_group("Closed", [], approval=True)
    joined = await invites.join_group(await theirs.group(group.jid).invite())
    assert (joined.group, joined.pending) == (Jid(group.jid), True)


async def test_what_others_change_is_told(desk: Desk) -> None:
    await desk.pair()
    theirs = desk.control.phone(OTHER)
    group = await theirs.create_group("Sales", [OWN])
    hand = theirs.group(group.jid)

    def changes() -> list[object]:
        return [news.change for news in desk.of_kind(GroupChanged) if news.group == group.jid]

    await until(lambda: any(isinstance(change, GroupSeen) for change in changes()), 20)
    await hand.rename("Sales 2")
    await hand.describe("all of it")
    await hand.set(announcement=True)
    await hand.set(locked=True)
    await hand.set(ephemeral_s=86_400)
    await hand.change("promote", OWN)
    await hand.change("demote", OWN)
    await hand.change("remove", OWN)
    own = Jid((await desk.control.account(OWN)).lid)
    try:
        await until(lambda: len(changes()) >= 9, 20)
    except TimeoutError:
        raise AssertionError(f"not all of it was told: {changes()}") from None
    assert changes()[1:6] == [
        GroupEdited(GroupEdit(subject="Sales 2")),
        GroupEdited(GroupEdit(description="all of it")),
        GroupEdited(GroupEdit(admins_send=True)),
        GroupEdited(GroupEdit(admins_edit=True)),
        GroupEdited(GroupEdit(disappearing_s=86_400)),
    ]
    members = [change for change in changes() if isinstance(change, MembersChanged)]
    assert [change.action for change in members] == [MembersAction.PROMOTE, MembersAction.DEMOTE, MembersAction.REMOVE]
    assert all(change.includes_us and change.people[0].jid == own for change in members)
    assert isinstance(desk.connection, ListsGroups)
    with pytest.raises(NotGroupMember):
        await desk.connection.group(Jid(group.jid))


async def test_many_groups_come_in_parts(tmp_path: Path) -> None:
    """Each has a thousand people: they do not fit one frame of the link."""
    async with scripted(tmp_path, run=LINKED, groups=40) as bench:
        await bench.open()
        await bench.is_in(SessionState.CONNECTED)
        lists = bench.connection
        assert isinstance(lists, ListsGroups)
        found = await lists.groups()
        assert [group.jid for group in found] == [Jid(f"{n}@g.us") for n in range(40)]
        assert {group.size for group in found} == {1_000}
        assert len(bench.of_kind(GroupChanged)) == 40
        with pytest.raises(NotGroupMember):
            await lists.group(Jid("1@g.us"))
        assert isinstance(bench.connection, ShowsTyping)
        with pytest.raises(NotSent, match="websocket not connected"):
            await bench.connection.show_typing(Jid("2@lid"), Activity.RECORDING)
        await bench.send("still here")
        await bench.hears(SendAccepted)
