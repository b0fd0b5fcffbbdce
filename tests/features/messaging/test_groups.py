"""What is kept of groups: told once however often an engine tells it, apart for each tenant, gone with its session."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count

import pytest

from fixtures.rooms import House
from wagate.adapters.clock import ManualClock
from wagate.domain.errors import (
    SessionNotFound,
    UnsupportedByEngine,
)
from wagate.domain.ids import SessionId, TenantId
from wagate.domain.jid import LID_SERVER, Jid
from wagate.domain.page import Order
from wagate.domain.people import (
    Group,
    GroupChange,
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
    Participant,
)
from wagate.features.access import Principal
from wagate.features.journal import Journal
from wagate.features.messaging.group_ledger import GroupLedger
from wagate.features.messaging.group_shape import StoredGroup
from wagate.features.messaging.identities import Identities
from wagate.features.messaging.repository import groups
from wagate.ports.news import GroupChanged
from wagate.store.database import Database
from wagate.store.scoped import SessionScope

JID = Jid("120363000000000001@g.us")
ANN = Participant(Jid.of("101", LID_SERVER), Jid.from_phone("4917001"), GroupRole.OWNER)
BOB = Participant(Jid.of("102", LID_SERVER), Jid.from_phone("4917002"))
CAT = Participant(Jid.of("103", LID_SERVER))
SALES = Group(JID, "Sales", None, ANN, 1_700_000_000, GroupSettings(), (ANN, BOB), 2)

_sessions = count()


@dataclass
class Desk:
    """The ledger on a database, in a session of its own."""

    database: Database
    journal: Journal
    identities: Identities
    ledger: GroupLedger
    scope: SessionScope
    clock: ManualClock

    async def tell(self, *changes: GroupChange, group: Jid = JID) -> None:
        for change in changes:
            news = GroupChanged(group, change, 1_800_000_000, ANN.jid, ANN.alt)
            await self.database.write(self.ledger.changed(self.scope, news))

    async def stored(self, jid: Jid = JID) -> StoredGroup | None:
        return await self.database.read(groups.find_group(self.scope, jid))

    async def people(self) -> dict[Jid, GroupRole]:
        stored = await self.stored()
        assert stored is not None
        found = await self.database.read(groups.members(self.scope, stored.id))
        return {jid: person.role for jid, person in found.items()}

    async def told(self) -> list[tuple[str, object]]:
        """Type and gist of each event."""
        page = await self.journal.list(self.scope, session=self.scope.session, types=("group.*",), limit=200)
        gists = ("changes", "action", "state")
        return [
            (event.type.value, next(event.data[gist] for gist in gists if gist in event.data)) for event in page.items
        ]


def desk_on(database: Database, clock: ManualClock, tenant: str = "tnt_1") -> Desk:
    journal = Journal(database, clock)
    identities = Identities(journal, clock)
    scope = SessionScope(TenantId(tenant), SessionId(f"ses_{next(_sessions)}"), 1)
    return Desk(database, journal, identities, GroupLedger(journal, identities, clock), scope, clock)


@pytest.fixture
def desk(database: Database, clock: ManualClock) -> Desk:
    return desk_on(database, clock)


async def test_a_group_is_kept_and_its_chat_gets_its_name(desk: Desk) -> None:
    await desk.tell(GroupSeen(SALES), GroupSeen(SALES))
    stored = await desk.stored()
    assert stored is not None
    assert replace(stored.group, participants=(ANN, BOB)) == SALES
    assert await desk.people() == {ANN.jid: GroupRole.OWNER, BOB.jid: GroupRole.MEMBER}
    assert await desk.told() == [("group.updated", ["is_member"])]
    chat = await desk.database.write(desk.identities.other_chat(desk.scope, JID))
    assert (chat.id, chat.name) == (stored.id, "Sales")


async def test_what_is_different_is_told_and_nothing_else(desk: Desk) -> None:
    await desk.tell(GroupSeen(SALES))
    settings = GroupSettings(admins_send=True)
    people = (replace(BOB, role=GroupRole.ADMIN), CAT)
    await desk.tell(GroupSeen(replace(SALES, subject="Support", settings=settings, participants=people)))
    assert (await desk.told())[1:] == [
        ("group.updated", ["subject", "admins_send"]),
        ("group.participants", "add"),
        ("group.participants", "remove"),
        ("group.participants", "promote"),
    ]
    assert await desk.people() == {BOB.jid: GroupRole.ADMIN, CAT.jid: GroupRole.MEMBER}


async def test_a_change_that_is_told_twice_is_one_event(desk: Desk) -> None:
    await desk.tell(GroupSeen(SALES))
    changes: list[GroupChange] = [
        GroupEdited(GroupEdit(subject="Support")),
        GroupEdited(GroupEdit(description="about")),
        GroupEdited(GroupEdit(description="")),
        GroupEdited(GroupEdit(disappearing_s=60)),
        MembersChanged(MembersAction.ADD, (CAT,)),
        MembersChanged(MembersAction.PROMOTE, (CAT,)),
        MembersChanged(MembersAction.DEMOTE, (CAT,)),
        MembersChanged(MembersAction.REMOVE, (CAT,)),
        GroupEnded(),
    ]
    for change in changes:
        await desk.tell(change, change)
    assert (await desk.told())[1:] == [
        ("group.updated", ["subject"]),
        ("group.updated", ["description"]),
        ("group.updated", ["description"]),
        ("group.updated", ["disappearing_s"]),
        ("group.participants", "add"),
        ("group.participants", "promote"),
        ("group.participants", "demote"),
        ("group.participants", "remove"),
        ("group.updated", ["is_member"]),
    ]
    stored = await desk.stored()
    assert stored is not None
    assert (stored.group.subject, stored.group.description, stored.is_member) == ("Support", None, False)


async def test_who_is_removed_is_out_until_added_again(desk: Desk) -> None:
    await desk.tell(GroupSeen(SALES), MembersChanged(MembersAction.REMOVE, (BOB,), includes_us=True))
    stored = await desk.stored()
    assert stored is not None
    assert not stored.is_member
    assert await desk.database.read(groups.list_groups(desk.scope, Order.ASC, "", 10)) == []
    await desk.tell(GroupSeen(SALES))
    assert [gist for _, gist in await desk.told()] == [["is_member"], "remove", ["is_member"]]


async def test_a_group_that_is_not_known_yet_is_told_of_all_the_same(desk: Desk) -> None:
    await desk.tell(
        GroupEdited(GroupEdit(subject="Sales")),
        MembersChanged(MembersAction.ADD, (CAT,)),
        InviteReset(),
        JoinRequested((CAT,), "invite_link"),
        JoinRequestsGone((CAT,)),
    )
    assert await desk.told() == [
        ("group.updated", ["subject"]),
        ("group.participants", "add"),
        ("group.updated", ["invite"]),
        ("group.join_request", "requested"),
        ("group.join_request", "gone"),
    ]
    assert await desk.stored() is None
    assert (await desk.database.write(desk.identities.other_chat(desk.scope, JID))).name == "Sales"


async def test_a_member_whom_we_know_by_number_is_known_by_lid_then(desk: Desk) -> None:
    assert BOB.alt is not None
    known = await desk.database.write(desk.identities.resolve(desk.scope, BOB.alt))
    await desk.tell(GroupSeen(SALES))
    again = await desk.database.write(desk.identities.resolve(desk.scope, BOB.jid))
    assert again.contact.id == known.contact.id
    stored = await desk.stored()
    assert stored is not None
    named = await desk.database.read(groups.named_members(desk.scope, stored.id))
    assert {member.participant.jid: member.contact for member in named} == {ANN.jid: None, BOB.jid: known.contact.id}


async def test_groups_that_the_server_does_not_list_are_left(desk: Desk) -> None:
    other = replace(SALES, jid=Jid("2@g.us"))
    await desk.tell(GroupSeen(SALES))
    await desk.tell(GroupSeen(other), group=other.jid)
    asked_at = desk.clock.now_ms()
    await desk.clock.run(1.0)
    heard = replace(SALES, jid=Jid("3@g.us"))
    await desk.tell(GroupSeen(heard), group=heard.jid)
    await desk.clock.run(1.0)
    await desk.database.write(desk.ledger.only(desk.scope, {other.jid}, asked_at + 1))
    later = desk.clock.now_ms()
    assert await desk.database.read(groups.joined_groups(desk.scope, later)) == {other.jid, heard.jid}
    await desk.database.write(desk.ledger.only(desk.scope, set()))
    assert await desk.database.read(groups.joined_groups(desk.scope, later)) == set()


async def test_each_tenant_sees_its_own(database: Database, clock: ManualClock) -> None:
    ours, theirs = desk_on(database, clock), desk_on(database, clock, "tnt_2")
    await ours.tell(GroupSeen(SALES))
    stored = await ours.stored()
    assert stored is not None
    intruder = SessionScope(theirs.scope.tenant, ours.scope.session, 1)
    assert await database.read(groups.find_group(intruder, JID)) is None
    assert await database.read(groups.get_group(intruder, stored.id)) is None
    assert await database.read(groups.members(intruder, stored.id)) == {}
    assert await database.read(groups.list_groups(intruder, Order.ASC, "", 10)) == []
    await database.write(groups.delete_groups(intruder, 10))
    assert await ours.people() != {}


async def test_a_session_that_is_deleted_takes_its_groups_along(desk: Desk) -> None:
    await desk.tell(GroupSeen(SALES))
    assert await desk.database.write(groups.delete_groups(desk.scope, 1)) == 1
    assert await desk.database.write(groups.delete_groups(desk.scope, 1)) == 1
    assert await desk.database.write(groups.delete_groups(desk.scope, 1)) == 1
    assert await desk.database.write(groups.delete_groups(desk.scope, 1)) == 0
    assert await desk.stored() is None


# ---- engines that cannot do it


async def test_an_engine_without_groups_says_so(house: House) -> None:
    session, _ = await house.paired()
    rooms, us = house.gateway.groups, house.us
    with pytest.raises(UnsupportedByEngine):
        await rooms.list(us, session.id)
    with pytest.raises(UnsupportedByEngine):
        await rooms.create(us, session.id, "Sales", [], GroupSettings())
    with pytest.raises(UnsupportedByEngine):
        await rooms.join(us, session.id, "code")
    with pytest.raises(UnsupportedByEngine):
        await rooms.requests(us, session.id, JID)
    with pytest.raises(UnsupportedByEngine, match="cannot write to groups"):
        await house.send(session, JID)
    with pytest.raises(SessionNotFound):
        await rooms.list(Principal.system(TenantId("tnt_other")), session.id)
