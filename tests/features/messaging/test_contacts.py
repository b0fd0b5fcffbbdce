"""What is kept of people: told once however often an engine tells it, one contact per person, gone with its session."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from wagate.adapters.clock import ManualClock
from wagate.domain.contacts import (
    AboutChanged,
    BlockChanged,
    ContactChange,
    NumberMoved,
    PictureChanged,
    ProfileSeen,
    Whereabouts,
)
from wagate.domain.ids import SessionId, TenantId
from wagate.domain.jid import LID_SERVER, Jid
from wagate.domain.page import Order
from wagate.features.journal import Journal
from wagate.features.messaging.contact_ledger import ContactLedger
from wagate.features.messaging.identities import Identities
from wagate.features.messaging.repository import contacts
from wagate.features.messaging.repository.contacts import ContactFilter, Detail, StoredContact
from wagate.ports.people_news import BlocklistTold, CallEnded, CallRang, ContactTold, PeopleNews, PresenceSeen
from wagate.store.database import Database
from wagate.store.scoped import SessionScope

ANA, ANA_LID = Jid.from_phone("5511988887777"), Jid.of("101", LID_SERVER)
NEW, NEW_LID = Jid.from_phone("5493516123456"), Jid.of("103", LID_SERVER)
BOB_LID = Jid.of("102", LID_SERVER)
NOW = 1_800_000_000

_sessions = count()


@dataclass
class Desk:
    """The ledger on a database, in a session of its own."""

    database: Database
    journal: Journal
    identities: Identities
    ledger: ContactLedger
    scope: SessionScope

    async def tell(self, *told: PeopleNews) -> None:
        for news in told:
            await self.database.write(self.ledger.take(self.scope, news))

    async def changes(self, *changes: ContactChange, person: Jid = ANA_LID, alt: Jid | None = ANA) -> None:
        await self.tell(*(ContactTold(person, change, NOW, alt) for change in changes))

    async def meet(self, address: Jid, alt: Jid | None = None) -> str:
        """Hear from somebody; the id of their contact."""
        known = await self.database.write(self.identities.resolve(self.scope, address, alt))
        await self.database.write(self.identities.direct_chat(self.scope, known))
        return known.contact.id

    async def listed(self, wanted: ContactFilter = ContactFilter()) -> list[StoredContact]:  # noqa: B008 - frozen
        return await self.database.read(contacts.list_contacts(self.scope, wanted, Order.ASC, "", 100))

    async def detail(self, contact: str) -> Detail | None:
        stored = await self.database.read(contacts.get_contact(self.scope, contact))
        return None if stored is None else stored.detail

    async def told(self, kind: str = "contact.updated") -> list[dict[str, Any]]:
        page = await self.journal.list(self.scope, session=self.scope.session, types=(kind,), limit=200)
        return [event.data for event in page.items]


def desk_on(database: Database, clock: ManualClock, tenant: str = "tnt_1") -> Desk:
    journal = Journal(database, clock)
    identities = Identities(journal, clock)
    scope = SessionScope(TenantId(tenant), SessionId(f"ses_{next(_sessions)}"), 1)
    return Desk(database, journal, identities, ContactLedger(journal, identities, clock), scope)


@pytest.fixture
def desk(database: Database, clock: ManualClock) -> Desk:
    return desk_on(database, clock)


async def test_a_change_that_is_told_twice_is_one_event(desk: Desk) -> None:
    ana = await desk.meet(ANA_LID, ANA)
    for change in (
        AboutChanged("At work"),
        PictureChanged("9", is_removed=False),
        BlockChanged(is_blocked=True),
        PictureChanged(None, is_removed=True),
        BlockChanged(is_blocked=False),
    ):
        await desk.changes(change, change)
    assert [event["changes"] for event in await desk.told()] == [
        ["about"],
        ["picture"],
        ["blocked"],
        ["picture"],
        ["blocked"],
    ]
    assert await desk.detail(ana) == Detail("At work", NOW * 1000, None, blocked=False)


async def test_what_was_not_told_in_full_is_told_each_time(desk: Desk) -> None:
    await desk.meet(ANA)
    await desk.changes(PictureChanged(None, is_removed=False), PictureChanged(None, is_removed=False))
    await desk.changes(AboutChanged(None))
    assert [event["changes"] for event in await desk.told()] == [["picture"], ["picture"], ["about"]]


async def test_strangers_are_of_no_interest_until_they_are_looked_up(desk: Desk) -> None:
    await desk.changes(AboutChanged("x"), PictureChanged("1", is_removed=False), NumberMoved(NEW, None))
    assert await desk.listed() == []
    await desk.changes(ProfileSeen("At work", NOW, "9"))
    [ana] = await desk.listed()
    assert (ana.contact.phone, ana.contact.lid) == (ANA.phone, ANA_LID)
    assert ana.detail == Detail("At work", NOW * 1000, "9")
    assert await desk.told() == []
    await desk.changes(ProfileSeen("On holiday", NOW, "9"))
    assert [(event["changes"], event["details"]["about"]) for event in await desk.told()] == [(["about"], "On holiday")]


async def test_a_blocklist_says_who_is_blocked_and_who_is_not(desk: Desk) -> None:
    await desk.meet(ANA_LID, ANA)
    await desk.tell(BlocklistTold((ANA_LID, BOB_LID)), BlocklistTold((ANA_LID, BOB_LID)))
    assert len(await desk.told()) == 2
    assert len(await desk.listed(ContactFilter(blocked=True))) == 2
    await desk.tell(BlocklistTold((BOB_LID,)))
    assert [found.contact.lid for found in await desk.listed(ContactFilter(blocked=True))] == [BOB_LID]
    assert [found.contact.lid for found in await desk.listed(ContactFilter(blocked=False))] == [ANA_LID]


# ---- one person


async def test_number_then_lid_then_another_number_is_one_contact(desk: Desk) -> None:
    ana = await desk.meet(ANA)
    assert await desk.meet(ANA_LID, ANA) == ana
    await desk.changes(NumberMoved(NEW, ANA_LID), person=ANA, alt=ANA_LID)
    await desk.changes(NumberMoved(NEW, ANA_LID), person=ANA, alt=ANA_LID)
    assert await desk.meet(ANA_LID, NEW) == ana
    assert await desk.meet(NEW) == ana
    [stored] = await desk.listed()
    assert (stored.contact.phone, stored.contact.lid) == ("+5493516123456", ANA_LID)
    assert [event["changes"] for event in await desk.told()] == [["lid"], ["phone"]]


async def test_a_number_that_changes_before_its_lid_is_known(desk: Desk) -> None:
    ana = await desk.meet(ANA)
    await desk.changes(NumberMoved(NEW, NEW_LID), person=ANA, alt=None)
    assert await desk.meet(NEW_LID) == await desk.meet(NEW) == ana


async def test_another_lid_comes_with_the_number(desk: Desk) -> None:
    ana = await desk.meet(ANA_LID, ANA)
    await desk.changes(NumberMoved(NEW, NEW_LID), person=ANA, alt=ANA_LID)
    assert await desk.meet(NEW_LID, NEW) == ana
    assert await desk.meet(ANA_LID) == ana


async def test_who_gets_the_old_number_is_somebody_else(desk: Desk) -> None:
    ana = await desk.meet(ANA_LID, ANA)
    await desk.changes(NumberMoved(NEW, ANA_LID), person=ANA, alt=ANA_LID)
    stranger = await desk.meet(BOB_LID, ANA)
    assert stranger != ana
    assert {found.contact.id: found.contact.phone for found in await desk.listed()} == {
        ana: NEW.phone,
        stranger: ANA.phone,
    }


async def test_who_wrote_from_the_new_number_first_is_merged(desk: Desk) -> None:
    ana = await desk.meet(ANA_LID, ANA)
    await desk.changes(AboutChanged("At work"))
    other = await desk.meet(NEW)
    await desk.changes(BlockChanged(is_blocked=True), person=NEW, alt=None)
    await desk.changes(NumberMoved(NEW, ANA_LID), person=ANA, alt=ANA_LID)
    [merged] = await desk.told("contact.merged")
    assert (merged["contact"]["id"], merged["merged_contact"]) == (ana, other)
    assert (await desk.detail(ana), await desk.detail(other)) == (
        Detail("At work", NOW * 1000, None, blocked=True),
        Detail("At work", NOW * 1000, None, blocked=True),
    )
    assert [found.contact.id for found in await desk.listed()] == [ana]


# ---- presence and calls


async def test_presence_and_calls_are_told(desk: Desk) -> None:
    ana = await desk.meet(ANA_LID, ANA)
    group = Jid("1@g.us")
    await desk.tell(
        PresenceSeen(ANA_LID, Whereabouts.OFFLINE, last_seen=NOW),
        PresenceSeen(ANA_LID, Whereabouts.COMPOSING, ANA_LID, ANA),
        PresenceSeen(ANA_LID, Whereabouts.RECORDING, group, ANA),
        CallRang("C1", ANA_LID, NOW, ANA, group, is_video=True, is_offline=True),
        CallEnded("C1", ANA_LID, NOW, "ended", ANA, "timeout"),
    )
    offline, composing, recording = await desk.told("presence.updated")
    assert (offline["last_seen"], offline["chat"]) == ("2027-01-15T08:00:00.000Z", None)
    assert composing["chat"] is not None
    assert (recording["state"], recording["chat"]) == ("recording", None)
    [rang] = await desk.told("call.received")
    [ended] = await desk.told("call.ended")
    assert rang["id"] == ended["id"] == "call_C1"
    assert (rang["group"], rang["video"], rang["offline"]) == (group, True, True)
    assert (ended["outcome"], ended["detail"]) == ("ended", "timeout")
    assert {event["from"]["id"] for event in (rang, ended)} == {ana}


# ---- lists


async def test_a_search_takes_its_signs_literally(desk: Desk) -> None:
    for number, name in enumerate(("100% Ana", "Bob_by", "Cäsar!"), 1):
        await desk.database.write(
            desk.identities.resolve(desk.scope, Jid.from_phone(f"49151000000{number}"), None, name)
        )
    for search, found in (
        ("%", ["100% Ana"]),
        ("_", ["Bob_by"]),
        ("!", ["Cäsar!"]),
        ("BOB", ["Bob_by"]),
        ("+49 151 000000-2", ["Bob_by"]),
        ("nobody", []),
    ):
        listed = await desk.listed(ContactFilter(search))
        assert [one.contact.push_name for one in listed] == found, search


async def test_another_tenant_sees_nothing(desk: Desk, database: Database, clock: ManualClock) -> None:
    await desk.changes(ProfileSeen("At work", NOW, "9"))
    [ana] = await desk.listed()
    stranger = desk_on(database, clock, "tnt_2")
    stranger.scope = SessionScope(stranger.scope.tenant, desk.scope.session, 1)
    assert await stranger.listed() == []
    assert await stranger.detail(ana.contact.id) is None
    assert await database.read(contacts.get_detail(stranger.scope, ana.contact.id)) is None


async def test_details_go_with_their_session(desk: Desk) -> None:
    await desk.changes(ProfileSeen("At work", NOW, "9"))
    [ana] = await desk.listed()
    assert await desk.database.write(contacts.delete_details(desk.scope, 10)) == 1
    assert await desk.detail(ana.contact.id) is None
