"""Phone number and LID of one person are one contact, whichever was seen first, and whatever was between."""

from dataclasses import dataclass
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures.media import some_arrivals
from fixtures.paces import unpaced
from fixtures.rooms import House, eventually
from wagate.adapters.clock import ManualClock
from wagate.domain.content import Text
from wagate.domain.ids import SessionId, TenantId
from wagate.domain.jid import LID_SERVER, Jid
from wagate.domain.message import Direction, Message
from wagate.domain.page import Order
from wagate.domain.session import Me
from wagate.features.journal import Journal
from wagate.features.messaging.acts import Acts
from wagate.features.messaging.filters import MessageFilter
from wagate.features.messaging.identities import Identities, own_contact_id
from wagate.features.messaging.inbox import Inbox
from wagate.features.messaging.receipts import Receipts
from wagate.features.messaging.repository import messages
from wagate.features.messaging.repository.people import Known
from wagate.ports.news import MessageArrived
from wagate.store.database import Database
from wagate.store.scoped import SessionScope

BOB = Jid.from_phone("5511900000002")
BOB_LID = Jid.of("77000002", LID_SERVER)
OTHER_LID = Jid.of("77000009", LID_SERVER)

_sessions = count()


@dataclass
class Desk:
    """The rooms' own parts on a database, without a gateway around them, in a session of its own."""

    database: Database
    journal: Journal
    identities: Identities
    inbox: Inbox
    scope: SessionScope

    async def resolve(self, address: Jid, alt: Jid | None = None, name: str | None = None) -> Known:
        return await self.database.write(self.identities.resolve(self.scope, address, alt, name))

    async def receive(self, sender: Jid, wa_id: str, alt: Jid | None = None) -> None:
        news = MessageArrived(wa_id, sender, sender, False, 1, Text("hi"), sender_alt=alt, chat_alt=alt)
        await self.database.write(self.inbox.arrived(self.scope, news))

    async def told(self, *types: str) -> list[dict[str, object]]:
        page = await self.journal.list(self.scope, session=self.scope.session, types=types, limit=200)
        return [event.data for event in page.items]

    async def messages(self) -> list[Message]:
        place = ("session", self.scope.session)
        return await self.database.read(messages.list_messages(self.scope, place, {}, Order.ASC, "", 1000))


def make_desk(database: Database, clock: ManualClock) -> Desk:
    journal = Journal(database, clock)
    identities = Identities(journal, clock)
    scope = SessionScope(TenantId("tnt_1"), SessionId(f"ses_{next(_sessions):026}"), 1)
    acts = Acts(journal)
    receipts = Receipts(journal, identities, acts, unpaced(journal, clock), clock)
    inbox = Inbox(journal, identities, acts, receipts, some_arrivals(), clock)
    return Desk(database, journal, identities, inbox, scope)


@pytest.fixture
def desk(database: Database, clock: ManualClock) -> Desk:
    return make_desk(database, clock)


async def test_a_person_is_made_once(desk: Desk) -> None:
    first = await desk.resolve(BOB, name="Bob")
    again = await desk.resolve(BOB, name="Bob")
    assert again == first
    assert (first.contact.phone, first.contact.lid, first.contact.push_name) == ("+5511900000002", None, "Bob")
    assert await desk.told("*") == []


@pytest.mark.parametrize("addresses", [(BOB, BOB_LID), (BOB_LID, BOB)])
async def test_both_addresses_at_once_are_one_contact(desk: Desk, addresses: tuple[Jid, Jid]) -> None:
    first = await desk.resolve(*addresses)
    assert (first.contact.phone, first.contact.lid) == ("+5511900000002", BOB_LID)
    assert (await desk.resolve(BOB)).contact == (await desk.resolve(BOB_LID)).contact == first.contact


@pytest.mark.parametrize(("known", "other"), [(BOB, BOB_LID), (BOB_LID, BOB)])
async def test_a_second_address_joins_the_first(desk: Desk, known: Jid, other: Jid) -> None:
    first = await desk.resolve(known)
    whole = await desk.resolve(known, other)
    assert whole.contact.id == first.contact.id
    assert (whole.contact.phone, whole.contact.lid) == ("+5511900000002", BOB_LID)
    assert (await desk.resolve(other)).contact == whole.contact
    (told,) = await desk.told("contact.*")
    assert told["contact"]["lid"] == BOB_LID  # type: ignore[index]  # JSON
    assert not await desk.told("contact.merged")


async def test_two_contacts_that_are_one_person_are_merged_with_all_they_wrote(desk: Desk) -> None:
    await desk.receive(BOB, "A")
    await desk.receive(BOB_LID, "B")
    await desk.receive(BOB_LID, "C")
    older, newer = [await desk.resolve(address) for address in (BOB, BOB_LID)]
    assert older.contact.id != newer.contact.id
    kept = min(older, newer, key=lambda known: known.contact.id)
    gone = max(older, newer, key=lambda known: known.contact.id)
    whole = await desk.resolve(BOB, BOB_LID)
    assert whole.contact.id == kept.contact.id
    assert whole.chat == kept.chat
    found = await desk.messages()
    assert {message.chat.id for message in found} == {kept.chat}
    assert {message.sender.id for message in found if message.sender} == {kept.contact.id}
    assert sorted(message.wa_id or "" for message in found) == ["A", "B", "C"]
    (told,) = await desk.told("contact.merged")
    assert told["merged_contact"] == gone.contact.id
    assert (told["chat"], told["merged_chat"]) == (kept.chat, gone.chat)
    assert told["contact"]["phone"] == "+5511900000002"  # type: ignore[index]  # JSON


async def test_a_message_that_came_under_both_addresses_stays_once(desk: Desk) -> None:
    await desk.receive(BOB, "A")
    await desk.receive(BOB_LID, "A")
    await desk.resolve(BOB, BOB_LID)
    assert [message.wa_id for message in await desk.messages()] == ["A"]
    await desk.receive(BOB_LID, "A", BOB)
    assert len(await desk.messages()) == 1


async def test_a_chat_goes_along_when_only_the_vanishing_contact_had_one(desk: Desk) -> None:
    first = await desk.resolve(BOB)
    await desk.receive(BOB_LID, "A")
    second = await desk.resolve(BOB_LID)
    whole = await desk.resolve(BOB, BOB_LID)
    assert whole.chat == second.chat
    assert {first.contact.id, second.contact.id} >= {whole.contact.id}
    (message,) = await desk.messages()
    assert message.chat.contact == whole.contact
    assert message.sender == whole.contact


async def test_a_number_that_was_given_to_somebody_else_moves_there(desk: Desk) -> None:
    former = await desk.resolve(BOB, BOB_LID)
    await desk.receive(BOB, "A", BOB_LID)
    new = await desk.resolve(BOB, OTHER_LID)
    assert new.contact.id != former.contact.id
    assert (new.contact.phone, new.contact.lid) == ("+5511900000002", OTHER_LID)
    before = await desk.resolve(BOB_LID)
    assert (before.contact.id, before.contact.phone) == (former.contact.id, None)
    assert (await desk.resolve(BOB)).contact.id == new.contact.id
    (message,) = await desk.messages()
    assert message.sender is not None
    assert message.sender.id == former.contact.id  # who wrote it has not changed


async def test_a_new_name_is_told_and_the_first_one_is_not(desk: Desk) -> None:
    await desk.resolve(BOB)
    await desk.resolve(BOB, name="Bob")
    await desk.resolve(BOB, name="Bob")
    await desk.resolve(BOB)
    assert await desk.told("contact.updated") == []
    await desk.resolve(BOB, name="Robert")
    (told,) = await desk.told("contact.updated")
    assert told["contact"]["push_name"] == "Robert"  # type: ignore[index]  # JSON


async def test_our_own_contact_is_known_before_and_after_pairing(house: House) -> None:
    session = await house.gateway.sessions.create(house.us, name="shop")
    own = own_contact_id(session.id)
    early = await house.send(session, "+5511900000001", "a note to self, before anybody knows that it is one")
    assert early.sender is not None
    assert (early.sender.id, early.sender.phone, early.sender.is_me) == (own, None, True)
    await house.gateway.sessions.start(house.us, session.id)
    house.service.phone("5511900000001", "Shop").scan((await house.qr(session)).text)
    await eventually(lambda: house.events("contact.merged"))
    found = await house.message(early)
    assert found.sender is not None
    assert (found.sender.id, found.sender.phone, found.sender.push_name) == (own, "+5511900000001", "Shop")
    assert found.chat.contact == found.sender


async def test_another_account_on_the_same_session_takes_our_own_contact_over(desk: Desk) -> None:
    await desk.database.write(desk.identities.adopt_own(desk.scope, Me(BOB.phone, BOB_LID, "Shop", None)))
    await desk.database.write(desk.identities.adopt_own(desk.scope, Me("+5511900000007", OTHER_LID, "Desk", None)))
    own = own_contact_id(desk.scope.session)
    assert (await desk.resolve(Jid.from_phone("5511900000007"))).contact.id == own
    assert (await desk.resolve(OTHER_LID)).contact.id == own
    assert (await desk.resolve(BOB)).contact.id != own


async def test_messages_go_on_in_the_merged_chat(house: House) -> None:
    session, phone = await house.paired()
    bob = house.service.phone("5511900000002", "Bob")
    sent = await house.send(session, bob)
    bob.uses_lid = True
    bob.type(phone, "under my LID")  # tells the number beside it
    await eventually(lambda: house.events("message.received"))
    found = (await house.gateway.messaging.list(house.us)).items
    assert {message.chat.id for message in found} == {sent.chat.id}
    chat = (await house.message(sent)).chat
    assert chat.contact is not None
    assert (chat.contact.phone, chat.contact.lid) == ("+5511900000002", bob.lid)
    by_lid = await house.gateway.messaging.list(house.us, MessageFilter(session=session.id, chat=bob.lid))
    assert len(by_lid.items) == 2
    received = await house.gateway.messaging.list(house.us, MessageFilter(direction=Direction.IN))
    assert [message.sender for message in received.items] == [chat.contact]


PEOPLE = [(Jid.from_phone(f"551190000000{n}"), Jid.of(f"7700000{n}", LID_SERVER)) for n in range(3)]
sightings = st.lists(
    st.tuples(st.sampled_from(PEOPLE), st.sampled_from(["phone", "lid", "phone+lid", "lid+phone"])), max_size=12
)


@given(sightings)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_whatever_is_seen_in_whatever_order_people_stay_apart_and_whole(
    database: Database, clock: ManualClock, seen: list[tuple[tuple[Jid, Jid], str]]
) -> None:
    desk = make_desk(database, clock)
    linked: set[tuple[Jid, Jid]] = set()
    for number, (person, how) in enumerate(seen):
        words = {"phone": person[0], "lid": person[1]}
        address, alt = words[how.partition("+")[0]], words.get(how.partition("+")[2])
        if alt is not None:
            linked.add(person)
        await desk.receive(address, f"m{number}", alt)
    found = await desk.messages()
    assert sorted(message.wa_id or "" for message in found) == sorted(f"m{number}" for number in range(len(seen)))
    writers: dict[str, tuple[Jid, Jid]] = {}
    for number, (person, _) in enumerate(seen):
        (message,) = (message for message in found if message.wa_id == f"m{number}")
        assert message.sender is not None
        assert message.chat.contact == message.sender
        assert writers.setdefault(message.sender.id, person) == person
    for person in linked:
        known = [await desk.resolve(address) for address in person]
        assert known[0] == known[1]
        assert (known[0].contact.phone, known[0].contact.lid) == (person[0].phone, person[1])
        chats = {message.chat.id for message in found if message.sender and writers[message.sender.id] == person}
        assert chats == {known[0].chat}
