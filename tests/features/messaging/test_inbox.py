from fixtures.media import some_arrivals
from fixtures.paces import unpaced
from fixtures.rooms import House, OpenHouse, eventually, until
from wagate.adapters.engines.fake.phone import FakePhone
from wagate.domain.content import Text
from wagate.domain.ids import SessionId, TenantId
from wagate.domain.jid import Jid
from wagate.domain.message import Direction, Message, MessageStatus, Origin
from wagate.domain.page import Order
from wagate.features.journal import Journal
from wagate.features.messaging.acts import Acts
from wagate.features.messaging.identities import Identities
from wagate.features.messaging.inbox import Inbox
from wagate.features.messaging.receipts import Receipts
from wagate.features.messaging.repository import messages
from wagate.ports.clock import Clock
from wagate.ports.news import MessageArrived, MessageUndecryptable
from wagate.store import open_database
from wagate.store.database import Database
from wagate.store.scoped import SessionScope

SCOPE = SessionScope(TenantId("tnt_1"), SessionId("ses_1"), 1)
BOB = Jid.from_phone("5511900000002")
GROUP = Jid.of("120363000000000000", "g.us")


def make_inbox(journal: Journal, clock: Clock) -> Inbox:
    acts = Acts(journal)
    identities = Identities(journal, clock)
    receipts = Receipts(journal, identities, acts, unpaced(journal, clock), clock)
    return Inbox(journal, identities, acts, receipts, some_arrivals(), clock)


async def received(house: House, count: int) -> list[Message]:
    async def there() -> list[Message] | None:
        page = await house.gateway.messaging.list(house.us, order=Order.ASC, limit=200)
        return list(page.items) if len(page.items) == count else None

    return await eventually(there)


async def test_a_message_is_kept_and_told_once(house: House) -> None:
    session, phone = await house.paired()
    bob = house.service.phone("5511900000002", "Bob")
    wa_id = bob.type(phone, "hello there")
    (message,) = await received(house, 1)
    assert (message.direction, message.origin, message.status) == (
        Direction.IN,
        Origin.CONTACT,
        MessageStatus.RECEIVED,
    )
    assert (message.wa_id, message.content, message.session) == (wa_id, Text("hello there"), session.id)
    assert message.sender is not None
    assert (message.sender.phone, message.sender.push_name) == ("+5511900000002", "Bob")
    assert message.chat.contact == message.sender
    (event,) = await house.events("message.received")
    assert event.data["id"] == message.id
    assert event.data["from"] == event.data["chat"]["contact"]  # type: ignore[index]  # JSON


async def test_what_arrives_twice_is_kept_once(open_house: OpenHouse) -> None:
    """The first commit goes through and its acknowledgement is lost, so the service delivers again."""
    house = await open_house()
    _, phone = await house.paired()
    bob = house.service.phone("5511900000002", "Bob")
    bob.type(phone, "once")
    await received(house, 1)
    device = phone.devices[0]
    await until(lambda: not device.waiting)
    bob.type(phone, "twice")
    (delivery,) = device.waiting.values()
    assert device.link is not None
    device.link.push(delivery)
    bob.type(phone, "last")
    assert [message.content.text for message in await received(house, 3)] == ["once", "twice", "last"]
    assert len(await house.events("message.received")) == 3


async def test_what_waited_while_we_were_away_arrives_in_order(house: House) -> None:
    session, phone = await house.paired()
    bob = house.service.phone("5511900000002", "Bob")
    await house.gateway.sessions.stop(house.us, session.id)
    for n in range(10):
        bob.type(phone, str(n))
    await house.gateway.sessions.start(house.us, session.id)
    assert [message.content.text for message in await received(house, 10)] == [str(n) for n in range(10)]


async def test_nothing_is_acknowledged_before_it_is_kept(open_house: OpenHouse) -> None:
    trouble: list[Exception] = []

    def before_commit() -> None:
        if trouble:
            raise trouble[0]

    house = await open_house(before_commit=before_commit)
    _, phone = await house.paired()
    bob = house.service.phone("5511900000002", "Bob")
    trouble.append(OSError("disk full"))
    bob.type(phone, "do not lose me")
    await until(lambda: phone.devices[0].link is None)  # the engine hangs up rather than go on
    assert len(phone.devices[0].waiting) == 1
    trouble.clear()
    (message,) = await received(house, 1)
    assert message.content.text == "do not lose me"


async def test_what_we_wrote_on_the_phone_is_ours(house: House) -> None:
    _, phone = await house.paired()
    bob = house.service.phone("5511900000002", "Bob")
    phone.type(bob, "from my handset")
    (message,) = await received(house, 1)
    assert (message.direction, message.origin) == (Direction.OUT, Origin.OTHER_DEVICE)
    assert message.sender is not None
    assert (message.sender.is_me, message.sender.phone) == (True, "+5511900000001")
    assert message.chat.contact is not None
    assert message.chat.contact.phone == "+5511900000002"
    bob.read()
    await eventually(lambda: house.events("message.read"))
    assert (await house.message(message)).status is MessageStatus.READ
    (event,) = await house.events("message.sent")
    assert event.data["origin"] == "other_device"


async def test_an_echo_of_our_own_message_is_not_a_second_one(house: House) -> None:
    session, phone = await house.paired("one")
    other, _ = await pair_second(house, phone)
    bob = house.service.phone("5511900000002", "Bob")
    sent = await house.send(session, bob)
    found = await received(house, 2)  # ours, and the copy on the account's other device
    assert {message.session for message in found} == {session.id, other}
    assert {message.wa_id for message in found} == {sent.wa_id}


async def pair_second(house: House, phone: FakePhone) -> tuple[str, FakePhone]:
    session = await house.gateway.sessions.create(house.us, name="two")
    await house.gateway.sessions.start(house.us, session.id)
    phone.scan((await house.qr(session)).text)
    await until(lambda: len(phone.devices) == 2 and all(device.link for device in phone.devices))
    return session.id, phone


async def test_an_echo_under_an_address_that_we_cannot_place_is_not_a_second_one(house: House) -> None:
    """A service may name the recipient by the LID that it alone knows to be theirs."""
    session = await house.gateway.sessions.create(house.us)
    sent = await house.send(session, BOB)
    outside = await open_database(house.url)
    journal = Journal(outside, house.clock)
    inbox = make_inbox(journal, house.clock)
    assert sent.wa_id is not None
    echo = MessageArrived(sent.wa_id, Jid("77000002@lid"), Jid("77000001@lid"), True, 1, sent.content)
    await outside.write(inbox.arrived(SessionScope(house.us.tenant, session.id, 0), echo))
    await outside.close()
    assert [message.id for message in (await house.gateway.messaging.list(house.us)).items] == [sent.id]


async def test_a_group_message_has_a_chat_of_its_own_and_its_writer(database: Database, clock: Clock) -> None:
    journal = Journal(database, clock)
    inbox = make_inbox(journal, clock)
    for wa_id in ("A", "B"):
        news = MessageArrived(wa_id, GROUP, BOB, False, 1, Text("hi all"), push_name="Bob")
        await database.write(inbox.arrived(SCOPE, news))
    found = await database.read(messages.list_messages(SCOPE, ("tenant", ""), {}, Order.ASC, "", 10))
    assert len({message.chat.id for message in found}) == 1
    assert {(message.chat.kind, message.chat.jid, message.chat.contact) for message in found} == {
        ("group", GROUP, None)
    }
    assert {message.sender.phone for message in found if message.sender} == {"+5511900000002"}


async def test_what_cannot_be_read_is_told_and_may_still_come(database: Database, clock: Clock) -> None:
    journal = Journal(database, clock)
    inbox = make_inbox(journal, clock)
    await database.write(inbox.undecryptable(SCOPE, MessageUndecryptable("A", BOB, BOB, 1, 1, "no session")))
    await database.write(inbox.arrived(SCOPE, MessageArrived("A", BOB, BOB, False, 1, Text("second try"))))
    events = (await journal.list(SCOPE)).items
    assert [event.type.value for event in events] == ["message.undecryptable", "message.received"]
    assert events[0].data["wa_id"] == "A"
    assert events[0].data["chat"] == events[1].data["chat"]
    assert events[0].data["detail"] == "no session"
