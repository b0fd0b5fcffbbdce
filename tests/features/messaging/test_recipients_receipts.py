"""How far a message got with each whom it is for is kept once a person, whatever comes in and in whatever order."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from fixtures.media import some_arrivals
from fixtures.paces import unpaced
from wagate.adapters.clock import ManualClock
from wagate.domain.content import Text
from wagate.domain.ids import SessionId, TenantId
from wagate.domain.jid import STATUS_LIST, Jid
from wagate.domain.message import Message
from wagate.domain.page import Order
from wagate.features.journal import Journal
from wagate.features.messaging.acts import Acts
from wagate.features.messaging.identities import Identities
from wagate.features.messaging.inbox import Inbox
from wagate.features.messaging.receipts import Receipts
from wagate.features.messaging.repository import messages, receipts
from wagate.ports.news import MessageArrived, ReceiptArrived, ReceiptKind
from wagate.store.database import Database
from wagate.store.scoped import SessionScope

SCOPE = SessionScope(TenantId("tnt_1"), SessionId("ses_1"), 1)
OWN, BOB, EVE = (Jid.from_phone(f"551190000000{number}") for number in (1, 2, 3))
BOB_LID = Jid("193847562910473@lid")
GROUP = Jid("120363000000000001@g.us")


@dataclass(frozen=True, slots=True)
class Desk:
    """The rooms' parts on a bare database, told of news by hand."""

    database: Database
    identities: Identities
    receipts: Receipts
    inbox: Inbox

    async def post(self, wa_id: str, chat: Jid = STATUS_LIST) -> Message:
        """Something that our own phone said."""
        news = MessageArrived(wa_id, chat, OWN, True, 1, Text("open"))
        await self.database.write(self.inbox.arrived(SCOPE, news))
        listed = await self.database.read(messages.list_messages(SCOPE, ("tenant", ""), {}, Order.ASC, "", 100))
        return next(message for message in listed if message.wa_id == wa_id)

    async def looks(self, by: Jid, at_s: int, wa_id: str, kind: ReceiptKind = ReceiptKind.READ) -> None:
        """A receipt arrives."""
        news = ReceiptArrived(kind, (wa_id,), STATUS_LIST, by, at_s)
        await self.database.write(self.receipts.arrived(SCOPE, news))

    async def told_of(self, said: Message) -> dict[str | None, tuple[int, int | None, int | None]]:
        """When somebody got it, read it and played it, by their phone number."""
        found = await self.database.read(receipts.receipts_of(said, Order.ASC, "", 100))
        return {one.recipient.phone: (one.delivered_at, one.read_at, one.played_at) for one in found}

    async def views(self, post: Message) -> list[tuple[str | None, str | None, int | None]]:
        """Phone, LID and moment of everybody who has looked."""
        found = await self.database.read(receipts.viewers_of(post, Order.ASC, (-1, ""), 100))
        return [(view.recipient.phone, view.recipient.lid, view.read_at) for view in found]


@pytest.fixture
def desk(database: Database, clock: ManualClock) -> Desk:
    journal = Journal(database, clock)
    identities, acts = Identities(journal, clock), Acts(journal)
    told = Receipts(journal, identities, acts, unpaced(journal, clock), clock)
    return Desk(database, identities, told, Inbox(journal, identities, acts, told, some_arrivals(), clock))


async def test_each_person_is_told_once_with_the_first_moment(desk: Desk) -> None:
    post = await desk.post("POST")
    await desk.looks(EVE, 1_000, "POST", ReceiptKind.DELIVERED)
    assert await desk.views(post) == []
    for by, at_s in ((BOB, 2_000), (EVE, 3_000), (BOB, 1_500), (BOB, 4_000)):
        await desk.looks(by, at_s, "POST")
    assert await desk.views(post) == [("+5511900000002", None, 1_500_000), ("+5511900000003", None, 3_000_000)]


async def test_what_is_no_status_post_has_no_viewers(desk: Desk) -> None:
    text = await desk.post("TEXT", BOB)
    await desk.looks(BOB, 2_000, "TEXT")
    assert await desk.views(text) == []


@pytest.mark.parametrize("moments", [(2_000, 1_000), (1_000, 2_000)])
async def test_one_person_under_two_addresses_is_one_viewer(desk: Desk, moments: tuple[int, int]) -> None:
    post, other = await desk.post("POST"), await desk.post("OTHER")
    for by, at_s in zip((BOB, BOB_LID), moments, strict=True):
        await desk.looks(by, at_s, "POST")
    await desk.looks(BOB_LID, 3_000, "OTHER")
    assert len(await desk.views(post)) == 2
    await desk.database.write(desk.identities.resolve(SCOPE, BOB, BOB_LID))
    assert await desk.views(post) == [("+5511900000002", BOB_LID, 1_000_000)]
    assert await desk.views(other) == [("+5511900000002", BOB_LID, 3_000_000)]


async def test_nothing_of_a_session_that_is_deleted_stays(desk: Desk) -> None:
    post = await desk.post("POST")
    for by in (BOB, EVE):
        await desk.looks(by, 1_000, "POST")
    assert [await desk.database.write(receipts.delete_receipts(SCOPE, 1)) for _ in range(3)] == [1, 1, 0]
    assert await desk.views(post) == []


async def test_in_a_group_each_member_is_told_once_with_the_first_moment_of_each_kind(desk: Desk) -> None:
    said = await desk.post("TEXT", GROUP)
    for by, at_s, kind in (
        (EVE, 3_000, ReceiptKind.PLAYED),
        (BOB, 2_000, ReceiptKind.DELIVERED),
        (EVE, 1_000, ReceiptKind.DELIVERED),
        (BOB, 1_500, ReceiptKind.DELIVERED),
        (EVE, 2_500, ReceiptKind.READ),
        (GROUP, 1_000, ReceiptKind.READ),
    ):
        await desk.looks(by, at_s, "TEXT", kind)
    assert await desk.told_of(said) == {
        "+5511900000002": (1_500_000, None, None),
        "+5511900000003": (1_000_000, 2_500_000, 3_000_000),
    }


async def test_in_a_chat_with_one_person_only_what_the_message_cannot_say_is_kept(desk: Desk) -> None:
    said = await desk.post("TEXT", BOB)
    for at_s, kind in ((1_000, ReceiptKind.DELIVERED), (2_000, ReceiptKind.READ)):
        await desk.looks(BOB, at_s, "TEXT", kind)
    assert await desk.told_of(said) == {}
    await desk.looks(BOB, 3_000, "TEXT", ReceiptKind.PLAYED)
    assert await desk.told_of(said) == {"+5511900000002": (3_000_000, 3_000_000, 3_000_000)}
