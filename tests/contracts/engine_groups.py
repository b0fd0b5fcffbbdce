"""The written examination for engines, sixth part: groups. Who lacks an ability is not asked about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import wraps
from typing import Protocol, runtime_checkable

import pytest

from contracts.examinee import OTHER, OWN, Examinee, Network
from contracts.paper import Paper
from wagate.domain.content import Text
from wagate.domain.errors import GroupNotFound, InviteInvalid, NotGroupAdmin, NotGroupMember, UnsupportedByEngine
from wagate.domain.jid import Jid
from wagate.domain.people import (
    GroupChange,
    GroupEdit,
    GroupEdited,
    GroupEnded,
    GroupRole,
    GroupSeen,
    GroupSettings,
    MembersAction,
    MembersChanged,
    NewGroup,
    RequestDecision,
)
from wagate.ports.abilities import ApprovesMembers, GivesGroupsPictures, InvitesToGroups, ListsGroups, ManagesGroups
from wagate.ports.engine import SendImpossible
from wagate.ports.news import (
    GroupChanged,
    MessageArrived,
    ReceiptArrived,
    ReceiptKind,
    SendAccepted,
    SendRefused,
    SendStarted,
)

GUEST = "5511900000003"
"""A third phone."""

_NOWHERE = Jid("1@g.us")

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")
"""What begins and ends like a picture; nobody looks into it on the way."""

PAPER = Paper()


@runtime_checkable
class GroupNetwork(Network, Protocol):
    """A network in which people have groups; GUEST has a phone, too."""

    async def create_group(self, subject: str, *people: str) -> Jid:
        """OTHER makes a group with people."""
        ...

    async def type_in_group(self, group: Jid, text: str) -> str:
        """OTHER writes in a group; the id."""
        ...

    async def rename_group(self, group: Jid, subject: str) -> None:
        """OTHER gives a group another name."""
        ...

    async def change_group(self, group: Jid, action: MembersAction, person: str) -> None:
        """OTHER changes who is in a group, or as what."""
        ...

    async def members(self, group: Jid) -> dict[str, GroupRole]:
        """Who is in a group, by number."""
        ...

    async def group_picture(self, group: Jid) -> str | None:
        """The id of a group's picture."""
        ...

    async def invite(self, group: Jid) -> str:
        """The code of a group's link, as OTHER sees it."""
        ...

    async def ask_to_join(self, code: str) -> None:
        """GUEST follows a link into a group where admins decide."""
        ...


GroupQuestion = Callable[[GroupNetwork], Awaitable[None]]


def _asks(
    *, promised: str | None = None, unpromised: str | None = None, ability: type | None = None
) -> Callable[[GroupQuestion], GroupQuestion]:
    """Add a question to whom it is for, whose network must have groups."""

    def add(ask: GroupQuestion) -> GroupQuestion:
        @wraps(ask)
        async def ask_in_groups(network: Network) -> None:
            assert isinstance(network, GroupNetwork)
            await ask(network)

        PAPER.asks(promised=promised, unpromised=unpromised, ability=ability)(ask_in_groups)
        return ask

    return add


async def _send(examinee: Examinee, group: Jid, text: str) -> str | None:
    outgoing = replace(examinee.outgoing(text), to=group)
    await examinee.give(outgoing)
    return outgoing.wa_id


def _changes(examinee: Examinee) -> list[GroupChange]:
    return [news.change for news in examinee.of_kind(GroupChanged)]


# ---- messages


@_asks(promised="sends_to_groups")
async def a_text_goes_out_to_a_group_and_its_members_receipts_come_back(network: GroupNetwork) -> None:
    examinee = await Examinee.paired(network)
    group = await network.create_group("Sales", OWN, GUEST)
    chosen = await _send(examinee, group, "hello all")
    assert [started.wa_id for started in examinee.of_kind(SendStarted)] == [chosen]
    accepted = await examinee.hears(SendAccepted)
    (shown,) = await examinee.shown("hello all")
    assert shown.wa_id == accepted.wa_id
    assert chosen in (None, accepted.wa_id)
    await network.read()
    await examinee.hears(ReceiptArrived, times=3)
    receipts = examinee.of_kind(ReceiptArrived)
    assert {(news.chat, news.wa_ids) for news in receipts} == {(group, (accepted.wa_id,))}
    assert sorted(news.kind for news in receipts) == [ReceiptKind.DELIVERED, ReceiptKind.DELIVERED, ReceiptKind.READ]
    assert len({news.by for news in receipts}) == 2
    assert len(examinee.of_kind(SendAccepted)) == 1


@_asks(promised="sends_to_groups")
async def a_text_comes_in_from_a_group_with_its_writer(network: GroupNetwork) -> None:
    examinee = await Examinee.paired(network)
    group = await network.create_group("Sales", OWN)
    sent = await network.type_in_group(group, "hello machine")
    arrived = await examinee.hears(MessageArrived)
    assert (arrived.wa_id, arrived.chat, arrived.content) == (sent, group, Text("hello machine"))
    assert {arrived.sender, arrived.sender_alt} - {None} <= await network.other_addresses()


@_asks(promised="sends_to_groups")
async def a_group_keeps_its_order_over_a_restart(network: GroupNetwork) -> None:
    examinee = await Examinee.paired(network)
    group = await network.create_group("Sales", OWN)
    await _send(examinee, group, "one")
    await examinee.hears(SendAccepted)
    await examinee.close()
    waiting = [await network.type_in_group(group, f"{number}") for number in range(3)]
    await examinee.open()
    await examinee.hears(MessageArrived, times=3)
    assert [news.wa_id for news in examinee.of_kind(MessageArrived)] == waiting
    await _send(examinee, group, "two")
    await examinee.shown("one", "two")


@_asks(promised="sends_to_groups", ability=ListsGroups)
async def who_came_can_read(network: GroupNetwork) -> None:
    examinee = await Examinee.paired(network)
    group = await network.create_group("Sales", OWN)
    await _send(examinee, group, "one")
    await examinee.hears(SendAccepted)
    await network.change_group(group, MembersAction.ADD, GUEST)
    await examinee.hears(GroupChanged, times=2)  # the first tells of the group
    await _send(examinee, group, "after add")
    await examinee.hears(ReceiptArrived, times=3)
    await examinee.shown("one", "after add")


@_asks(promised="rekeys_groups", ability=ListsGroups)
async def who_left_cannot_read_on_and_who_came_can(network: GroupNetwork) -> None:
    examinee = await Examinee.paired(network)
    group = await network.create_group("Sales", OWN, GUEST)
    await _send(examinee, group, "one")
    for times, action in enumerate((MembersAction.REMOVE, MembersAction.ADD), 1):
        await examinee.hears(SendAccepted, times=times)  # so that nothing is under way when the group changes
        await network.change_group(group, action, GUEST)
        await examinee.hears(GroupChanged, times=1 + times)  # the first tells of the group
        await _send(examinee, group, f"after {action.value}")
    await examinee.shown("one", "after remove", "after add")


@_asks(promised="sends_to_groups")
async def a_group_that_we_are_not_in_is_told_apart(network: GroupNetwork) -> None:
    """At once, or once the engine has found out."""
    examinee = await Examinee.paired(network)
    try:
        await _send(examinee, _NOWHERE, "hello?")
    except SendImpossible as error:
        assert examinee.of_kind(SendStarted) == []
        code = error.code
    else:
        code = (await examinee.hears(SendRefused)).code
    assert code == "not_group_member"


# ---- what is told, listed, changed


@_asks(ability=ListsGroups)
async def what_happens_in_a_group_is_told(network: GroupNetwork) -> None:
    examinee = await Examinee.paired(network)
    group = await network.create_group("Sales", OWN)
    await network.rename_group(group, "Support")
    await network.change_group(group, MembersAction.PROMOTE, OWN)
    await network.change_group(group, MembersAction.REMOVE, OWN)
    await examinee.hears(GroupChanged, times=4)
    seen, renamed, promoted, removed = _changes(examinee)
    assert isinstance(seen, GroupSeen)
    assert (seen.group.jid, seen.group.subject, len(seen.group.participants)) == (group, "Sales", 2)
    assert renamed == GroupEdited(GroupEdit(subject="Support"))
    assert isinstance(promoted, MembersChanged)
    assert isinstance(removed, MembersChanged)
    assert (promoted.action, removed.action, removed.includes_us) == (
        MembersAction.PROMOTE,
        MembersAction.REMOVE,
        True,
    )
    by = {address for news in examinee.of_kind(GroupChanged) for address in (news.by, news.by_alt)}
    assert by - {None} <= await network.other_addresses()


@_asks(ability=ListsGroups)
async def groups_are_listed(network: GroupNetwork) -> None:
    examinee = await Examinee.paired(network)
    made = {await network.create_group(f"Group {number}", OWN) for number in range(2)}
    assert isinstance(examinee.connection, ListsGroups)
    found = await examinee.connection.groups()
    assert {group.jid for group in found} == made
    assert await examinee.connection.group(found[0].jid) == found[0]
    with pytest.raises(GroupNotFound):
        await examinee.connection.group(_NOWHERE)


@_asks(ability=ManagesGroups)
async def a_group_is_made_and_changed(network: GroupNetwork) -> None:
    examinee = await Examinee.paired(network)
    manages = examinee.connection
    assert isinstance(manages, ManagesGroups)
    other, guest = Jid.from_phone(OTHER), Jid.from_phone(GUEST)
    made = await manages.create_group(NewGroup("Order 17", (other,)))
    group = made.group.jid
    assert made.refused == ()
    assert isinstance(_changes(examinee)[0], GroupSeen)
    edit = GroupEdit(subject="Order 18", description="paid", admins_send=True)
    await manages.edit_group(group, edit)
    edited = [change.edit for change in _changes(examinee) if isinstance(change, GroupEdited)]
    for part in (GroupEdit(subject="Order 18"), GroupEdit(description="paid"), GroupEdit(admins_send=True)):
        assert part in edited
    added, there = await manages.change_members(group, MembersAction.ADD, (guest, other))
    assert (added.code, there.code) == (None, "already_member")
    await manages.change_members(group, MembersAction.PROMOTE, (guest,))
    assert await network.members(group) == {OWN: GroupRole.OWNER, OTHER: GroupRole.MEMBER, GUEST: GroupRole.ADMIN}
    await manages.leave_group(group)
    assert GroupEnded() in _changes(examinee)
    assert await network.members(group) == {OTHER: GroupRole.MEMBER, GUEST: GroupRole.ADMIN}


@_asks(ability=ManagesGroups)
async def who_is_no_admin_is_told_so(network: GroupNetwork) -> None:
    examinee = await Examinee.paired(network)
    group = await network.create_group("Theirs", OWN)
    manages = examinee.connection
    assert isinstance(manages, ManagesGroups)
    with pytest.raises(NotGroupAdmin):
        await manages.change_members(group, MembersAction.REMOVE, (Jid.from_phone(OTHER),))
    with pytest.raises(NotGroupAdmin):
        await manages.edit_group(group, GroupEdit(admins_send=True))


@_asks(ability=GivesGroupsPictures)
async def a_group_is_given_a_picture(network: GroupNetwork) -> None:
    examinee = await Examinee.paired(network)
    group = await network.create_group("Sales", OWN)
    gives = examinee.connection
    assert isinstance(gives, GivesGroupsPictures)
    picture = await gives.set_group_picture(group, JPEG)
    assert picture is not None
    assert await network.group_picture(group) == picture
    with pytest.raises((NotGroupMember, GroupNotFound)):
        await gives.set_group_picture(await network.create_group("Elsewhere", GUEST), JPEG)


@_asks(promised="removes_pictures", ability=GivesGroupsPictures)
async def a_groups_picture_is_taken_away(network: GroupNetwork) -> None:
    group, examinee = await _with_a_picture(network)
    gives = examinee.connection
    assert isinstance(gives, GivesGroupsPictures)
    assert await gives.set_group_picture(group, None) is None
    assert await network.group_picture(group) is None


@_asks(unpromised="removes_pictures", ability=GivesGroupsPictures)
async def a_groups_picture_that_cannot_be_taken_away_stays(network: GroupNetwork) -> None:
    group, examinee = await _with_a_picture(network)
    gives = examinee.connection
    assert isinstance(gives, GivesGroupsPictures)
    kept = await network.group_picture(group)
    with pytest.raises(UnsupportedByEngine):
        await gives.set_group_picture(group, None)
    assert await network.group_picture(group) == kept


async def _with_a_picture(network: GroupNetwork) -> tuple[Jid, Examinee]:
    """A group to which we gave a picture, and us."""
    examinee = await Examinee.paired(network)
    group = await network.create_group("Sales", OWN)
    gives = examinee.connection
    assert isinstance(gives, GivesGroupsPictures)
    assert await gives.set_group_picture(group, JPEG) is not None
    return group, examinee


@_asks(ability=InvitesToGroups)
async def a_link_leads_into_a_group(network: GroupNetwork) -> None:
    examinee = await Examinee.paired(network)
    group = await network.create_group("Club")
    code = await network.invite(group)
    invites = examinee.connection
    assert isinstance(invites, InvitesToGroups)
    assert (await invites.group_behind(code)).subject == "Club"
    joined = await invites.join_group(code)
    assert (joined.group, joined.pending) == (group, False)
    assert OWN in await network.members(group)
    with pytest.raises(InviteInvalid):
        await invites.group_behind("nonsense")


@_asks(ability=ApprovesMembers)
async def an_admin_decides_who_comes_in(network: GroupNetwork) -> None:
    examinee = await Examinee.paired(network)
    approves = examinee.connection
    assert isinstance(approves, ApprovesMembers)
    assert isinstance(approves, ManagesGroups)
    assert isinstance(approves, InvitesToGroups)
    made = await approves.create_group(NewGroup("Club", (), replace(GroupSettings(), approval=True)))
    await network.ask_to_join(await approves.invite_code(made.group.jid))
    [asking] = await approves.join_requests(made.group.jid)
    assert asking.person.phone == f"+{GUEST}"
    [outcome] = await approves.decide_requests(made.group.jid, RequestDecision.APPROVE, (Jid.from_phone(GUEST),))
    assert outcome.code is None
    assert GUEST in await network.members(made.group.jid)
