"""What is kept of marks, stars and names: told once however often an engine tells it, and not lost in a merger."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

import pytest

from wagate.adapters.clock import ManualClock
from wagate.domain.ids import SessionId, TenantId
from wagate.domain.jid import LID_SERVER, Jid
from wagate.domain.marks import FOREVER, NOT_MUTED, ChatMarks, ContactName
from wagate.features.journal import Journal
from wagate.features.messaging.identities import Identities
from wagate.features.messaging.mark_ledger import MarkLedger, MarkNews
from wagate.features.messaging.repository import marks, people
from wagate.features.messaging.repository.marks import StoredMarks
from wagate.ports.news import ChatEmptied, ChatMarked, ContactNamed, MessageHidden, MessageStarred
from wagate.store.database import Database
from wagate.store.scoped import SessionScope

LID, PHONE = Jid.of("101", LID_SERVER), Jid.from_phone("4917001")
GROUP = Jid("120363000000000001@g.us")
_sessions = count()


@dataclass
class Desk:
    """The ledger on a database, in a session of its own."""

    database: Database
    journal: Journal
    identities: Identities
    ledger: MarkLedger
    scope: SessionScope

    async def tell(self, *news: MarkNews) -> None:
        for each in news:
            await self.database.write(self.ledger.changed(self.scope, each))

    async def of(self, jid: Jid) -> StoredMarks | None:
        known = (await self.database.read(people.find_people(self.scope, jid, jid))).get(jid)
        chat = known.chat if known is not None else None
        return None if chat is None else await self.database.read(marks.get_marks(self.scope, chat))

    async def name_of(self, jid: Jid) -> ContactName | None:
        known = (await self.database.read(people.find_people(self.scope, jid, jid))).get(jid)
        return None if known is None else await self.database.read(marks.get_name(self.scope, known.contact.id))

    async def told(self, *types: str) -> list[object]:
        """The changes that each event of these types names."""
        page = await self.journal.list(self.scope, session=self.scope.session, types=types, limit=200)
        return [event.data.get("changes") for event in page.items]


@pytest.fixture
def desk(database: Database, clock: ManualClock) -> Desk:
    journal = Journal(database, clock)
    identities = Identities(journal, clock)
    scope = SessionScope(TenantId("tnt_1"), SessionId(f"ses_m{next(_sessions)}"), 1)
    return Desk(database, journal, identities, MarkLedger(journal, identities, clock), scope)


def marked(chat: Jid, *, quiet: bool = False, **said: bool | int) -> ChatMarked:
    return ChatMarked(chat, ChatMarks(**said), 1_800_000_000_000, quiet)  # type: ignore[arg-type]  # by name


async def test_a_mark_that_is_told_twice_is_one_event(desk: Desk) -> None:
    news = (marked(LID, archived=True), marked(LID, muted_until=FOREVER), marked(LID, unread=True))
    await desk.tell(*news, *news, marked(LID, muted_until=NOT_MUTED))
    stored = await desk.of(LID)
    assert stored is not None
    assert (stored.archived, stored.pinned, stored.muted_until, stored.unread) == (True, False, NOT_MUTED, True)
    assert await desk.told("chat.updated") == [["archived"], ["muted_until"], ["unread"], ["muted_until"]]


async def test_what_was_so_before_is_kept_and_no_event(desk: Desk) -> None:
    await desk.tell(marked(LID, quiet=True, pinned=True), ContactNamed(PHONE, LID, ContactName("Ana"), quiet=True))
    stored = await desk.of(PHONE)
    assert stored is not None
    assert stored.pinned
    assert await desk.name_of(LID) == ContactName("Ana")
    assert await desk.told("chat.updated") == []
    assert ["name"] not in await desk.told("contact.updated")


async def test_marks_and_names_survive_that_two_contacts_are_one(desk: Desk) -> None:
    await desk.tell(
        marked(PHONE, archived=True),
        ContactNamed(PHONE, None, ContactName("Ana Souza", "Ana")),
        marked(LID, pinned=True, archived=False),
    )
    await desk.database.write(desk.identities.resolve(desk.scope, PHONE, LID))
    stored = await desk.of(LID)
    assert stored is not None
    assert stored.pinned or stored.archived
    assert await desk.name_of(LID) == ContactName("Ana Souza", "Ana")


async def test_a_chat_is_cleared_once_and_a_deleted_one_loses_its_marks(desk: Desk) -> None:
    await desk.tell(marked(GROUP, pinned=True), marked(LID, pinned=True))
    cleared = ChatEmptied(GROUP, 5_999, with_starred=False, is_deleted=False, at=6_000)
    deleted = ChatEmptied(LID, 7_999, with_starred=True, is_deleted=True, at=8_000)
    await desk.tell(cleared, cleared, deleted, deleted)
    assert await desk.told("chat.updated") == [["pinned"], ["pinned"], ["cleared"], ["deleted"]]
    stored = await desk.of(LID)
    assert stored is not None
    assert not stored.pinned


async def test_a_name_is_removed_and_nobody_is_made_for_that(desk: Desk) -> None:
    await desk.tell(ContactNamed(PHONE, None, None))
    assert await desk.name_of(PHONE) is None
    assert await desk.database.read(people.find_people(desk.scope, PHONE, PHONE)) == {}
    named = ContactNamed(PHONE, None, ContactName("Ana"))
    await desk.tell(named, named, ContactNamed(PHONE, None, None))
    assert await desk.name_of(PHONE) is None
    assert await desk.told("contact.updated") == [["name"], ["name"]]


async def test_a_message_that_is_not_here_cannot_be_marked(desk: Desk) -> None:
    await desk.tell(
        MessageStarred(LID, "3EB0", False, None, starred=True, at=1),
        MessageHidden(LID, "3EB0", False, None, at=1),
    )
    assert await desk.told("message.*") == []
