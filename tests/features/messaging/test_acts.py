"""What we do to messages: sent like a message, in order, and applied and told once it is out, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixtures.rooms import House, eventually
from wagate.adapters.engines.fake import FakePhone
from wagate.adapters.engines.fake.engine import FEATURES
from wagate.domain.acts import Edit, PollVote, Reaction, Revocation
from wagate.domain.content import (
    Button,
    Buttons,
    Content,
    Context,
    Deleted,
    EventInvite,
    Image,
    ListMenu,
    Location,
    Poll,
    Row,
    Section,
    Text,
    Unsupported,
)
from wagate.domain.errors import (
    EditWindowOver,
    IdempotencyKeyReused,
    InvalidContent,
    InvalidRequest,
    MessageNotFound,
    MessageUnavailable,
    NotOwnMessage,
)
from wagate.domain.ids import MediaId
from wagate.domain.jid import Jid
from wagate.domain.message import Message, MessageStatus
from wagate.domain.session import Session
from wagate.features.messaging.filters import MessageFilter
from wagate.features.messaging.requests import ActRequest, ForwardRequest, SendRequest
from wagate.features.messaging.wishes import PinFor, React, Revoke, Rewrite, Vote, Wish

BOB, EVE = Jid.from_phone("5511900000002"), Jid.from_phone("5511900000003")


class Talk:
    """A session, its phone, and Bob."""

    def __init__(self, house: House, session: Session, phone: FakePhone) -> None:
        self.house, self.session, self.phone = house, session, phone
        self.bob = house.service.phone("5511900000002", "Bob")

    async def says(self, text: str = "hello", said: Content | None = None) -> Message:
        """Bob writes something, and it is here."""
        wa_id = self.bob.say(self.phone, said or Text(text))
        return await self.here(wa_id)

    async def here(self, wa_id: str) -> Message:
        async def found() -> Message | None:
            page = await self.house.gateway.messaging.list(self.house.us, MessageFilter(acts=True), limit=200)
            return next((each for each in page.items if each.wa_id == wa_id), None)

        return await eventually(found)

    async def sent(self, text: str = "hello") -> Message:
        """We write to Bob, and it is out."""
        return await self.reaches(await self.house.send(self.session, self.bob, text), MessageStatus.DELIVERED)

    async def reaches(self, message: Message, status: MessageStatus) -> Message:
        async def there() -> Message | None:
            found = await self.house.message(message)
            return found if found.status is status else None

        return await eventually(there)

    async def does(self, message: Message, wish: Wish, key: str | None = None) -> Message:
        """We do something to a message, and it is out."""
        accepted = await self.house.gateway.messaging.act(
            self.house.us, ActRequest(message.id, wish), idempotency_key=key
        )
        return await self.reaches(accepted.message, MessageStatus.DELIVERED)

    async def told(self, *types: str, count: int = 1) -> list[dict[str, object]]:
        """What so many events said."""

        async def there() -> list[dict[str, object]] | None:
            found = await self.house.events(*types)
            return [event.data for event in found] if len(found) >= count else None

        found = await eventually(there)
        assert len(found) == count
        return found


@pytest.fixture
async def talk(house: House) -> Talk:
    session, phone = await house.paired()
    return Talk(house, session, phone)


async def test_a_reaction_goes_out_like_a_message_and_is_told_once_it_is_out(talk: Talk) -> None:
    message = await talk.says()
    sent = await talk.does(message, React("👍"))
    shown = talk.bob.inbox[-1]
    assert isinstance(shown.content, Reaction)
    assert (shown.wa_id, shown.content.emoji) == (sent.wa_id, "👍")
    assert (shown.content.target.wa_id, shown.content.target.author) == (message.wa_id, talk.bob.jid)
    assert (sent.act_on, sent.status) == (message.id, MessageStatus.DELIVERED)
    (told,) = await talk.told("message.reaction")
    assert (told["message"], told["emoji"], told["from"]["is_me"]) == (message.id, "👍", True)  # type: ignore[index]
    (done,) = await talk.house.gateway.messaging.done_to(talk.house.us, message.id, Reaction.type)
    assert (done.act, done.sender.is_me) == (sent.content, True)
    kinds = [event.type.value for event in await talk.house.events("message.*") if event.data.get("id") == sent.id]
    assert kinds == ["message.queued", "message.sent", "message.delivered"]


async def test_lists_leave_acts_out_unless_asked(talk: Talk) -> None:
    message = await talk.says()
    act = await talk.does(message, React("👍"))
    messaging = talk.house.gateway.messaging
    assert [each.id for each in (await messaging.list(talk.house.us)).items] == [message.id]
    both = await messaging.list(talk.house.us, MessageFilter(acts=True))
    assert [each.id for each in both.items] == [act.id, message.id]


async def test_a_reaction_replaces_the_one_before_and_is_taken_away(talk: Talk) -> None:
    message = await talk.says()
    for emoji in ("👍", "👍", "❤️", None):
        await talk.does(message, React(emoji))
    told = await talk.told("message.reaction", count=3)
    assert [each["emoji"] for each in told] == ["👍", "❤️", None]
    (done,) = await talk.house.gateway.messaging.done_to(talk.house.us, message.id, Reaction.type)
    assert isinstance(done.act, Reaction)
    assert done.act.emoji is None


async def test_an_edit_changes_the_message_once_it_is_out(talk: Talk) -> None:
    message = await talk.sent("helo")
    await talk.does(message, Rewrite(Text("hello")))
    assert isinstance(talk.bob.inbox[-1].content, Edit)
    found = await talk.house.message(message)
    assert (found.content, found.status) == (Text("hello"), MessageStatus.DELIVERED)
    assert found.edited_at is not None
    (told,) = await talk.told("message.edited")
    assert (told["id"], told["text"], told["edited_at"] is None) == (message.id, "hello", False)


async def test_a_deletion_removes_what_the_message_said(talk: Talk) -> None:
    message = await talk.sent("secret")
    await talk.does(message, Revoke())
    assert isinstance(talk.bob.inbox[-1].content, Revocation)
    found = await talk.house.message(message)
    assert found.content == Deleted("text")
    assert found.deleted_at is not None
    (told,) = await talk.told("message.deleted")
    assert (told["id"], told["type"], told["text"]) == (message.id, "deleted", "[deleted]")
    for wish in (Rewrite(Text("x")), Revoke(), React("👍")):
        with pytest.raises(MessageUnavailable):
            await talk.does(message, wish)
    with pytest.raises(MessageUnavailable):
        await talk.house.gateway.messaging.forward(talk.house.us, ForwardRequest(message.id, str(EVE)))


async def test_only_our_own_messages_can_be_changed(talk: Talk) -> None:
    message = await talk.says()
    for wish in (Rewrite(Text("x")), Revoke()):
        with pytest.raises(NotOwnMessage):
            await talk.does(message, wish)
    with pytest.raises(MessageNotFound):
        await talk.house.gateway.messaging.act(talk.house.us, ActRequest("msg_none", Revoke()))
    act = await talk.does(message, React("👍"))
    with pytest.raises(MessageNotFound):
        await talk.does(act, React("👍"))


async def test_the_time_to_edit_is_over_some_day(talk: Talk) -> None:
    message = await talk.sent()
    assert message.sent_at is not None
    wish = Rewrite(Text("better"))
    assert isinstance(wish.act(message, message.sent_at + 900_000, FEATURES), Edit)
    with pytest.raises(EditWindowOver, match="15 minutes"):
        wish.act(message, message.sent_at + 900_001, FEATURES)
    with pytest.raises(InvalidContent):
        wish.act(replace(message, content=Location(1, 2)), message.sent_at, FEATURES)
    unsent = replace(message, status=MessageStatus.FAILED)
    with pytest.raises(MessageUnavailable):
        wish.act(unsent, message.sent_at, FEATURES)


async def test_an_act_keeps_its_place_behind_its_message(talk: Talk) -> None:
    """Both are queued while the session is away, and leave in order."""
    await talk.house.gateway.sessions.stop(talk.house.us, talk.session.id)
    message = await talk.house.send(talk.session, talk.bob, "helo")
    accepted = await talk.house.gateway.messaging.act(talk.house.us, ActRequest(message.id, Rewrite(Text("hello"))))
    last = await talk.house.send(talk.session, talk.bob, "last")
    assert (await talk.house.message(message)).edited_at is None
    await talk.house.gateway.sessions.start(talk.house.us, talk.session.id)
    await talk.reaches(last, MessageStatus.DELIVERED)
    assert [shown.wa_id for shown in talk.bob.inbox] == [message.wa_id, accepted.message.wa_id, last.wa_id]
    assert (await talk.house.message(message)).content == Text("hello")


async def test_an_idempotency_key_makes_one_act(talk: Talk) -> None:
    message = await talk.says()
    first = await talk.does(message, React("👍"), key="one")
    again = await talk.does(message, React("👍"), key="one")
    assert again.id == first.id
    with pytest.raises(IdempotencyKeyReused):
        await talk.does(message, React("❤️"), key="one")
    assert len(await talk.house.events("message.reaction")) == 1


async def test_we_vote_in_their_poll(talk: Talk) -> None:
    poll = await talk.says(said=Poll("Lunch?", ("Pizza", "Sushi"), 1))
    await talk.does(poll, Vote(("Sushi",)))
    shown = talk.bob.inbox[-1].content
    assert isinstance(shown, PollVote)
    assert shown.selected == ("Sushi",)
    (told,) = await talk.told("message.poll_vote")
    assert (told["message"], told["selected"]) == (poll.id, ["Sushi"])
    for selected in (("Soup",), ("Pizza", "Sushi")):
        with pytest.raises(InvalidRequest):
            await talk.does(poll, Vote(selected))
    with pytest.raises(InvalidRequest):
        await talk.does(await talk.says("no poll"), Vote(()))


async def test_a_message_is_pinned_and_unpinned(talk: Talk) -> None:
    message = await talk.says()
    await talk.does(message, PinFor(86_400))
    await talk.does(message, PinFor(None))
    told = await talk.told("message.pinned", count=2)
    assert [each["for_s"] for each in told] == [86_400, None]


async def test_a_message_is_passed_on_as_whatsapp_counts(talk: Talk) -> None:
    eve = talk.house.service.phone(EVE.user, "Eve")
    theirs, ours = await talk.says("news"), await talk.sent("mine")
    often = await talk.here(talk.bob.say(talk.phone, Location(1, 2), context=Context(forwarded=127)))
    for message, score in ((theirs, 1), (ours, 0), (often, 127)):
        accepted = await talk.house.gateway.messaging.forward(talk.house.us, ForwardRequest(message.id, str(eve.jid)))
        await talk.reaches(accepted.message, MessageStatus.DELIVERED)
        assert (eve.inbox[-1].content, eve.inbox[-1].context.forwarded) == (message.content, score)
    unknown = await talk.says(said=Unsupported("hologram"))
    with pytest.raises(Exception, match="cannot send 'unsupported'"):
        await talk.house.gateway.messaging.forward(talk.house.us, ForwardRequest(unknown.id, str(eve.jid)))


async def test_what_an_engine_cannot_send_goes_out_as_text_and_says_so(talk: Talk) -> None:
    menu = ListMenu("When?", "Choose", (Section("Days", (Row("1", "Monday"), Row("2", "Tuesday", "late"))),))
    accepted = await talk.house.gateway.messaging.send(
        talk.house.us, talk.session.id, SendRequest(str(talk.bob.jid), menu)
    )
    await talk.reaches(accepted.message, MessageStatus.DELIVERED)
    assert talk.bob.inbox[-1].content == Text("When?\n\nDays\n1. Monday\n2. Tuesday: late")
    found = await talk.house.message(accepted.message)
    assert isinstance(found.content, ListMenu)
    assert found.content.rendered_as == "text"


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        (Poll("?", ("one",)), "/options"),
        (Poll("?", tuple(map(str, range(13)))), "/options"),
        (Poll("?", ("a", "a")), "/options"),
        (Poll("?", ("a", " ")), "/options/1"),
        (Poll(" ", ("a", "b")), "/question"),
        (Poll("?", ("a", "b"), 3), "/selectable"),
        (Location(91, 0), "/latitude"),
        (Location(float("nan"), 0), "/latitude"),
        (Location(1, 2, "n" * 1_001), "/name"),
        (Poll("?" * 256, ("a", "b")), "/question"),
        (Poll("?", ("a", "b" * 101)), "/options/1"),
        (EventInvite("Party", 1, description="d" * 4_097), "/description"),
        (Buttons("Well?", (Button("yes", "Yes"),), "f" * 61), "/footer"),
        (Buttons("Well?", (Button("yes", "Y" * 257),)), "/buttons/0/title"),
        (ListMenu("When?", "Choose", (Section(None, (Row("mo", "m" * 257),)),)), "/sections/0/rows/0/title"),
        (ListMenu("When?", "Choose", (Section(None, (Row("mo", "Monday"),)),), footer="f" * 61), "/footer"),
    ],
)
async def test_what_cannot_be_sent_is_refused_at_once(talk: Talk, content: Content, pointer: str) -> None:
    with pytest.raises(InvalidContent) as refused:
        await talk.house.gateway.messaging.send(talk.house.us, talk.session.id, SendRequest(str(BOB), content))
    assert refused.value.pointer == pointer


async def test_a_caption_is_held_to_its_limit_by_whatever_way_it_comes(talk: Talk) -> None:
    """The engine's own: with another it may be another."""
    message = await talk.sent()
    assert message.sent_at is not None
    narrow = replace(FEATURES, max_caption_chars=5)
    shown = replace(message, content=Image(MediaId("med_1"), "hello"))
    assert isinstance(Rewrite(Text("howdy")).act(shown, message.sent_at, narrow), Edit)
    with pytest.raises(InvalidContent, match="5 characters") as edited:
        Rewrite(Text("hello!")).act(shown, message.sent_at, narrow)
    assert isinstance(Rewrite(Text("hello!")).act(message, message.sent_at, narrow), Edit)
    send, limit = talk.house.gateway.messaging.send, FEATURES.max_caption_chars
    quoting = SendRequest(str(BOB), Image(MediaId("med_1"), "c" * (limit + 1)), reply_to=message.id)
    with pytest.raises(InvalidContent) as quoted:
        await send(talk.house.us, talk.session.id, quoting)
    assert (edited.value.pointer, quoted.value.pointer) == ("/text", "/caption")


async def test_what_is_too_long_for_a_reaction_is_none(talk: Talk) -> None:
    message = await talk.says()
    with pytest.raises(InvalidContent) as refused:
        await talk.does(message, React("👍" * 65))
    assert refused.value.pointer == "/emoji"


async def test_what_others_said_at_length_is_still_forwarded_as_a_text(talk: Talk) -> None:
    menu = Buttons("Well?", (Button("yes", "Yes"),), "f" * 61, rendered_as=Text.type)
    message = await talk.says(said=menu)
    wanted = ForwardRequest(message.id, str(EVE))
    forwarded = (await talk.house.gateway.messaging.forward(talk.house.us, wanted)).message
    await talk.reaches(forwarded, MessageStatus.DELIVERED)
