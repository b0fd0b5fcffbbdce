"""What others do to messages: applied and told once, in whatever order it arrives, on both databases."""

from __future__ import annotations

import pytest

from fixtures.media import some_arrivals
from fixtures.paces import unpaced
from wagate.domain.acts import Act, Edit, Pin, PollVote, Reaction, Revocation, Said, Target
from wagate.domain.content import Deleted, Quoted, Text
from wagate.domain.ids import SessionId, TenantId
from wagate.domain.jid import Jid
from wagate.domain.message import Message
from wagate.domain.page import Order
from wagate.features.journal import Journal
from wagate.features.messaging.acts import Acts
from wagate.features.messaging.identities import Identities
from wagate.features.messaging.inbox import Inbox
from wagate.features.messaging.receipts import Receipts
from wagate.features.messaging.repository import acts, messages
from wagate.features.messaging.repository.acts import MAX_ORPHANS
from wagate.ports.clock import Clock
from wagate.ports.news import MessageArrived
from wagate.store.database import Database
from wagate.store.scoped import SessionScope

SCOPE = SessionScope(TenantId("tnt_1"), SessionId("ses_1"), 1)
BOB, EVE = Jid.from_phone("5511900000002"), Jid.from_phone("5511900000003")
GROUP = Jid.of("120363000000000000", "g.us")
ACTS = ("message.reaction", "message.edited", "message.deleted", "message.poll_vote", "message.pinned")


class Desk:
    """An inbox on a bare database, told of news by hand."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.journal = Journal(database, clock)
        acts = Acts(self.journal)
        identities = Identities(self.journal, clock)
        receipts = Receipts(self.journal, identities, acts, unpaced(self.journal, clock), clock)
        self.inbox = Inbox(self.journal, identities, acts, receipts, some_arrivals(), clock)
        self._ids = iter(range(1, 10_000))

    async def hears(
        self, said: Said, *, sender: Jid = BOB, chat: Jid = BOB, wa_id: str | None = None, from_me: bool = False
    ) -> str:
        id = wa_id or f"W{next(self._ids)}"
        news = MessageArrived(id, chat, sender, from_me, 1, said)
        await self.database.write(self.inbox.arrived(SCOPE, news))
        return id

    async def message(self, wa_id: str) -> Message:
        found = await self.database.read(messages.list_messages(SCOPE, ("tenant", ""), {}, Order.ASC, "", 100))
        return next(message for message in found if message.wa_id == wa_id)

    async def told(self, *types: str) -> list[dict[str, object]]:
        page = await self.journal.list(SCOPE, types=types or ACTS, limit=200)
        return [{**event.data, "event": event.type.value} for event in page.items]


@pytest.fixture
def desk(database: Database, clock: Clock) -> Desk:
    return Desk(database, clock)


def at(wa_id: str, author: Jid = BOB) -> Target:
    return Target(wa_id, author)


async def test_acts_come_in_once_however_often_they_arrive(desk: Desk) -> None:
    wa_id = await desk.hears(Text("helo"))
    said: list[Act] = [
        Reaction(at(wa_id), "👍", 1_000),
        Edit(at(wa_id), Text("hello"), 2_000),
        PollVote(at(wa_id), ("Pizza",), 3_000),
        Pin(at(wa_id), 86_400, 4_000),
        Revocation(at(wa_id), 5_000),
    ]
    for act in said:
        id = await desk.hears(act)
        await desk.hears(act, wa_id=id)
    told = await desk.told()
    assert [each["event"] for each in told] == [
        "message.reaction",
        "message.edited",
        "message.poll_vote",
        "message.pinned",
        "message.deleted",
    ]
    message = await desk.message(wa_id)
    assert (message.content, message.edited_at, message.deleted_at) == (Deleted("text"), 2_000, 5_000)


async def test_the_newest_act_of_a_person_counts_in_whatever_order_they_arrive(desk: Desk) -> None:
    wa_id = await desk.hears(Text("hello"))
    await desk.hears(Reaction(at(wa_id), None, 3_000))
    await desk.hears(Reaction(at(wa_id), "👍", 2_000))
    await desk.hears(Edit(at(wa_id), Text("third"), 3_000))
    await desk.hears(Edit(at(wa_id), Text("second"), 2_000))
    assert [each["event"] for each in await desk.told()] == ["message.reaction", "message.edited"]
    message = await desk.message(wa_id)
    assert message.content == Text("third")
    (done,) = await desk.database.read(acts.acts_on(message, Reaction.type, 10))
    assert (done.act, done.at) == (Reaction(at(wa_id), None, 3_000), 3_000)


async def test_what_comes_before_its_message_waits_for_it(desk: Desk) -> None:
    await desk.hears(Reaction(at("LATE"), "👍", 1_000))
    await desk.hears(Edit(at("LATE"), Text("edited"), 2_000))
    assert [(each["event"], each["message"]) for each in await desk.told()] == [("message.reaction", None)]
    await desk.hears(Text("hello"), wa_id="LATE")
    message = await desk.message("LATE")
    assert (message.content, message.edited_at) == (Text("edited"), 2_000)
    assert [each["event"] for each in await desk.told()] == ["message.reaction", "message.edited"]
    assert len(await desk.database.read(acts.acts_on(message, Reaction.type, 10))) == 1
    await desk.hears(Text("hello"), wa_id="LATE")
    assert len(await desk.told()) == 2


async def test_a_deletion_that_comes_first_leaves_nothing_to_read(desk: Desk) -> None:
    await desk.hears(Edit(at("LATE"), Text("edited"), 1_000))
    await desk.hears(Revocation(at("LATE"), 2_000))
    await desk.hears(Text("secret"), wa_id="LATE")
    message = await desk.message("LATE")
    assert message.content == Deleted("text")
    assert (await desk.told())[-1]["event"] == "message.deleted"


async def test_nobody_changes_what_another_wrote(desk: Desk) -> None:
    wa_id = await desk.hears(Text("by Bob"), chat=GROUP)
    await desk.hears(Edit(at(wa_id), Text("by Eve")), sender=EVE, chat=GROUP)
    assert (await desk.message(wa_id)).content == Text("by Bob")
    direct = await desk.hears(Text("to us"))
    await desk.hears(Revocation(at(direct)), sender=EVE, chat=EVE)
    assert (await desk.message(direct)).content == Text("to us")
    await desk.hears(Edit(at("LATE"), Text("by Eve")), sender=EVE, chat=GROUP)
    await desk.hears(Text("by Bob"), chat=GROUP, wa_id="LATE")
    assert (await desk.message("LATE")).content == Text("by Bob")
    assert await desk.told() == []
    await desk.hears(Revocation(at(wa_id)), sender=EVE, chat=GROUP)  # an admin, as the server has checked
    assert (await desk.message(wa_id)).content == Deleted("text")


async def test_what_we_do_on_the_phone_is_ours(desk: Desk) -> None:
    wa_id = await desk.hears(Text("hello"))
    me = Jid("5511900000001@s.whatsapp.net")
    await desk.hears(Reaction(at(wa_id), "👍", 1_000), sender=me, from_me=True)
    mine = await desk.hears(Text("mine"), sender=me, from_me=True)
    await desk.hears(Revocation(at(mine, me), 2_000), sender=me, from_me=True)
    assert [(each["event"], each["from"]["is_me"]) for each in await desk.told()] == [  # type: ignore[index]  # JSON
        ("message.reaction", True),
        ("message.deleted", True),
    ]


async def test_acts_for_messages_that_never_come_are_bounded(desk: Desk) -> None:
    for number in range(MAX_ORPHANS + 5):
        await desk.hears(Reaction(at(f"NEVER{number}"), "👍", 1_000 + number))
    await desk.hears(Text("first"), wa_id="NEVER0")
    await desk.hears(Text("last"), wa_id=f"NEVER{MAX_ORPHANS + 4}")
    first, last = await desk.message("NEVER0"), await desk.message(f"NEVER{MAX_ORPHANS + 4}")
    assert await desk.database.read(acts.acts_on(first, Reaction.type, 10)) == []
    assert len(await desk.database.read(acts.acts_on(last, Reaction.type, 10))) == 1


async def test_acts_follow_people_who_turn_out_to_be_one(desk: Desk) -> None:
    lid = Jid("77000002@lid")
    wa_id = await desk.hears(Text("hello"), chat=lid, sender=lid)
    await desk.hears(Reaction(at(wa_id, lid), "👍", 1_000), chat=lid, sender=lid)
    await desk.hears(Text("by number"))
    both = MessageArrived("W_BOTH", lid, lid, False, 1, Text("both"), sender_alt=BOB, chat_alt=BOB)
    await desk.database.write(desk.inbox.arrived(SCOPE, both))
    message = await desk.message(wa_id)
    (done,) = await desk.database.read(acts.acts_on(message, Reaction.type, 10))
    assert message.sender is not None
    assert (done.sender.id, done.sender.phone) == (message.sender.id, "+5511900000002")
    await desk.hears(Reaction(at(wa_id, lid), "❤️", 2_000))
    assert len(await desk.database.read(acts.acts_on(message, Reaction.type, 10))) == 1


async def test_a_quote_is_known_by_its_own_id(desk: Desk) -> None:
    wa_id = await desk.hears(Text("question"))
    news = MessageArrived("W_ANSWER", BOB, BOB, False, 1, Text("answer"), quoted=Quoted(wa_id, BOB, "question"))
    await desk.database.write(desk.inbox.arrived(SCOPE, news))
    answer, question = await desk.message("W_ANSWER"), await desk.message(wa_id)
    assert answer.quoted == Quoted(wa_id, BOB, "question", question.id)
