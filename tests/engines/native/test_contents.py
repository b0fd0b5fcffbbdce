"""Every kind of content, and everything that is done to messages, over a real connection, in both directions."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engines.native.lines import OTHER, OWN, LineUnderTest, paired_line, until
from fixtures.media import some_arrivals
from wagate.adapters.whatsapp_web.decode import Speaker, context_of, quoted_of, said_in
from wagate.adapters.whatsapp_web.files import Reference, file_in
from wagate.domain import vcard
from wagate.domain.acts import Act, Edit, Pin, PollVote, Reaction, Revocation, Said, Target
from wagate.domain.content import (
    Attached,
    Button,
    ButtonReply,
    Buttons,
    Card,
    Contacts,
    Content,
    Context,
    Deleted,
    EventInvite,
    ListMenu,
    ListReply,
    Location,
    Poll,
    Quoted,
    Row,
    Section,
    Text,
    Unsupported,
)
from wagate.domain.errors import UnsupportedByEngine
from wagate.domain.ids import TenantId
from wagate.domain.jid import Jid
from wagate.domain.session import SessionState
from wagate.features.media import media_shape
from wagate.features.messaging.shape import content_shape
from wagate.features.messaging.stored import read_content, write_content
from wagate.ports.engine import SendImpossible
from wagate.ports.news import MessageArrived
from wagate.store.scoped import TenantScope
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_emulator.told import MessageTold
from whatsapp_wire.contents import acts
from whatsapp_wire.contents.context import Context as WireContext
from whatsapp_wire.contents.context import read_context
from whatsapp_wire.contents.polls import read_poll
from whatsapp_wire.errors import MalformedCiphertext
from whatsapp_wire.jid import Jid as WireJid
from whatsapp_wire.message import parse, read, unwrap
from whatsapp_wire.proto.message_pb2 import Message
from whatsapp_wire.stanza.media import MediaMessage
from wire.plaintexts import plaintexts

ANA = Card("Ana", vcard.written(vcard.Person("Ana", ("+5511988888888",))))
BEA = Card("Bea", vcard.written(vcard.Person("Bea", ("+5511977777777",))))
FRIDAY = 1_797_616_800_000


async def arrived(line: LineUnderTest, count: int) -> MessageArrived:
    await until(lambda: len(line.of(MessageArrived)) >= count, lambda: f"{line.durable}")
    return line.of(MessageArrived)[count - 1]


async def shown(control: EmulatorClient, count: int) -> MessageTold:
    found = await control.phone(OTHER).inbox(count - 1, wait_s=40)
    return found[0]


def last(emulator: Emulator) -> Message:
    return emulator.world.phone(OTHER).inbox[-1].message


@pytest.mark.parametrize(
    ("said", "field"),
    [
        (Location(-23.5, -46.6, "MASP", "Avenida Paulista"), "location_message"),
        (Contacts((ANA,)), "contact_message"),
        (Contacts((ANA, BEA)), "contacts_array_message"),
        (Poll("Lunch?", ("Pizza", "Sushi"), 1), "poll_creation_message"),
        (
            EventInvite("Open house", FRIDAY, FRIDAY + 3_600_000, "Come in", "Paulista", "https://x.example"),
            "event_message",
        ),
        (Text("everybody", (Jid.from_phone(OWN),), mentions_all=True), "extended_text_message"),
    ],
)
async def test_content_goes_out_and_comes_back_the_same(
    emulator: Emulator, control: EmulatorClient, said: Content, field: str
) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        wa_id = await line.say(OTHER, said)
        assert (await shown(control, 1)).id == wa_id
        assert last(emulator).HasField(field)
        await control.phone(OTHER).act("forward", wa_id, to=OWN)
        back = await arrived(line, 1)
        assert back.content == (Text(said.body) if isinstance(said, Text) else said)
        assert back.context == Context(forwarded=1)


async def test_an_act_on_their_message_goes_out(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        id = await control.phone(OTHER).type(OWN, "hello")
        target = Target(id, (await arrived(line, 1)).sender)
        for said in (Reaction(target, "👍", 1), Reaction(target, None, 2), Pin(target, 86_400), Pin(target, None)):
            await line.say(OTHER, said)
        done = await control.phone(OTHER).inbox(3, wait_s=40) and await control.phone(OTHER).inbox()
        assert [(act.kind, act.text, act.edit, act.target) for act in done] == [
            ("reaction", "👍", None, id),
            ("reaction", "", "7", id),
            ("pin", "", "2", id),
            ("pin", "", "2", id),
        ]
        keys = [shown.message for shown in emulator.world.phone(OTHER).inbox]
        assert not keys[0].reaction_message.key.from_me


async def test_an_act_on_our_own_message_goes_out(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        id = await line.send(OTHER, "helo")
        target = Target(id, Jid.from_phone(OWN))
        await line.say(OTHER, Edit(target, Text("hello", (Jid.from_phone(OTHER),)), 5))
        await line.say(OTHER, Revocation(target))
        _, edit, revoke = await control.phone(OTHER).inbox(2, wait_s=40) and await control.phone(OTHER).inbox()
        assert (edit.kind, edit.text, edit.edit, edit.target) == ("edit", "hello", "1", id)
        assert edit.mentions == (f"{OTHER}@s.whatsapp.net",)
        assert (revoke.kind, revoke.edit, revoke.target) == ("revoke", "7", id)
        assert unwrap(last(emulator)).protocol_message.key.from_me


@pytest.mark.parametrize(
    ("act", "fields", "expected"),
    [
        ("react", {"emoji": "❤️"}, lambda target: Reaction(target, "❤️")),
        ("react", {"emoji": ""}, lambda target: Reaction(target, None)),
        ("pin", {"for_s": 604_800}, lambda target: Pin(target, 604_800)),
        ("pin", {"for_s": 0}, lambda target: Pin(target, None)),
        ("edit", {"text": "better"}, lambda target: Edit(target, Text("better"))),
        ("revoke", {}, lambda target: Revocation(target)),
    ],
)
@pytest.mark.parametrize("whose", ["theirs", "ours", "own phone's"])
async def test_an_act_comes_in(
    emulator: Emulator, control: EmulatorClient, whose: str, act: str, fields: dict[str, object], expected: object
) -> None:
    """A contact acts on their message and on ours, and our own phone on its own."""
    async with paired_line(emulator.whereabouts, control) as line:
        other, own = Jid((await control.account(OTHER)).lid), Jid((await control.account(OWN)).lid)
        actor = control.phone(OWN if whose == "own phone's" else OTHER)
        if whose == "ours":
            id, author = await line.send(OTHER, "hello"), own
            await shown(control, 1)
            before = 0
        else:
            id = await actor.type(OWN if actor is not control.phone(OWN) and whose == "theirs" else OTHER, "hello")
            author, before = (other if whose == "theirs" else own), 1
            await arrived(line, 1)
        await actor.act(act, id, **fields)
        news = await arrived(line, before + 1)
        said = news.content
        assert isinstance(said, Act)
        assert said == _timed(expected(Target(id, author)), said)  # type: ignore[operator]  # a lambda of the table
        assert (news.from_me, news.sender) == (whose == "own phone's", own if whose == "own phone's" else other)
        assert news.chat == other


def _timed(expected: Act, said: Act) -> Act:
    """The same act with the time that was told; only a revocation has none."""
    assert (said.at is None) is isinstance(said, Revocation)
    return type(expected)(**{name: getattr(expected, name) for name in expected.__slots__ if name != "at"}, at=said.at)


@pytest.mark.parametrize(("edit", "passes"), [("8", True), ("7", False), (None, False)])
def test_only_an_admin_takes_back_what_another_said(edit: str | None, passes: bool) -> None:
    """What is inside a message is the sender's claim; that they are an admin is what the server has checked."""
    group, eve, bob = WireJid("1-1@g.us"), WireJid("2@lid"), WireJid("3@lid")
    message = acts.revoke_message(acts.key_of(group, "M1", from_me=False, author=bob))
    speaker = Speaker(eve, group, WireJid("4@lid"), from_me=False, by_admin=edit == "8")
    expected = Revocation(Target("M1", Jid("3@lid"))) if passes else Unsupported("revoke")
    assert said_in(message, read(message), speaker, None) == expected


async def test_votes_pass_both_ways(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        own, other = Jid((await control.account(OWN)).lid), Jid((await control.account(OTHER)).lid)
        ours = await line.say(OTHER, Poll("Lunch?", ("Pizza", "Sushi", "Salad"), 2))
        await shown(control, 1)
        await control.phone(OTHER).act("vote", ours, options=["Salad", "Pizza"])
        vote = await arrived(line, 1)
        assert isinstance(vote.content, PollVote)
        assert (vote.content.target, vote.content.selected) == (Target(ours, own), ("Pizza", "Salad"))

        theirs = await control.phone(OTHER).say(OWN, "poll", question="Dinner?", options=["Soup", "Bread"])
        poll = await arrived(line, 2)
        assert poll.content == Poll("Dinner?", ("Soup", "Bread"), 1)
        await line.restart()
        await line.state(SessionState.CONNECTED)
        await line.say(OTHER, PollVote(Target(theirs, other), ("Soup",)))
        told = (await control.phone(OTHER).inbox(wait_s=40))[-1]
        assert (told.kind, told.target, told.vote) == ("poll_vote", theirs, ("Soup",))
        await control.phone(OTHER).act("vote", theirs, options=[])
        taken_back = await arrived(line, 3)
        assert isinstance(taken_back.content, PollVote)
        assert taken_back.content.selected == ()


async def test_a_vote_in_an_unknown_poll_is_told_without_its_choice(
    emulator: Emulator, control: EmulatorClient
) -> None:
    await control.account(OWN, "Own")
    await control.account(OTHER, "Other")
    poll = await control.phone(OTHER).say(OWN, "poll", question="Before?", options=["Yes", "No"])
    async with paired_line(emulator.whereabouts, control) as line:
        await control.phone(OTHER).act("vote", poll, options=["Yes"])
        vote = await arrived(line, 1)
        assert isinstance(vote.content, PollVote)
        assert vote.content.selected is None
        with pytest.raises(SendImpossible, match="secret"):
            await line.say(OTHER, PollVote(Target(poll, vote.sender), ("Yes",)))


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        ("location", {"latitude": 1.5, "longitude": 2.5, "live": True}, Location(1.5, 2.5, live=True)),
        ("contacts", {"cards": {"Ana": ANA.vcard}}, Contacts((ANA,))),
        ("button-reply", {"id": "yes", "title": "Yes"}, ButtonReply("yes", "Yes")),
        ("list-reply", {"id": "mo", "title": "Monday"}, ListReply("mo", "Monday")),
        (
            "buttons",
            {"text": "Well?", "choices": {"yes": "Yes"}, "footer": "Shop"},
            Buttons("Well?", (Button("yes", "Yes"),), "Shop"),
        ),
        (
            "list",
            {"text": "When?", "button": "Choose", "choices": {"mo": "Monday"}, "section": "Days"},
            ListMenu("When?", "Choose", (Section("Days", (Row("mo", "Monday"),)),)),
        ),
        (
            "event",
            {"name": "Fair", "starts_at": 1_797_616_800, "place": "Paulista"},
            EventInvite("Fair", FRIDAY, place="Paulista"),
        ),
    ],
)
async def test_content_comes_in(
    emulator: Emulator, control: EmulatorClient, kind: str, fields: dict[str, object], expected: Content
) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        await control.phone(OTHER).say(OWN, kind, **fields)
        news = await arrived(line, 1)
        assert news.content == expected
        assert expected.text


async def test_how_a_message_was_said_comes_in_and_goes_out(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        phone = control.phone(OTHER)
        first = await phone.say(OWN, "text", text="again", forwarded=6, expires_in_s=86_400)
        assert (await arrived(line, 1)).context == Context(6, False, 86_400)
        await phone.say(OWN, "location", latitude=1, longitude=2, view_once=True, quote=first)
        once = await arrived(line, 2)
        assert once.context == Context(view_once=True)
        assert once.quoted == Quoted(first, once.sender, "again")
        await line.say(OTHER, Location(1, 2), context=Context(forwarded=7, expires_in_s=60), quoted=once.quoted)
        await shown(control, 1)
        assert read_context(last(emulator)) == WireContext(7, 60)
        assert last(emulator).location_message.context_info.stanza_id == first


@pytest.mark.parametrize("said", [Deleted("text"), Buttons("x"), ButtonReply("a", "b")])
async def test_what_cannot_be_said_is_refused(emulator: Emulator, control: EmulatorClient, said: Said) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        with pytest.raises(UnsupportedByEngine):
            await line.say(OTHER, said)


@settings(max_examples=5_000, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(plaintexts(), st.booleans())
def test_whatever_arrives_is_content_or_an_act_or_housekeeping(plaintext: bytes, from_me: bool) -> None:
    """None of it is an exception, all of it can be stored and shown, and its text is never empty."""
    try:
        message = parse(plaintext)
    except MalformedCiphertext:
        return
    speaker = Speaker(WireJid("1@lid"), WireJid("2@lid"), WireJid("3@lid"), from_me)
    found = read(message)
    said, context = said_in(message, found, speaker, None), context_of(message)
    quoted_of(found)
    if said is not None:
        assert said.text
        assert read_content(write_content(said)) == said
        orjson.dumps(content_shape(said))
        assert context.forwarded >= 0
    if isinstance(said, Attached):
        file = file_in(message, said, MediaMessage("3EB0", WireJid("2@lid"), from_me))
        assert file.reference is None or Reference.unpack(file.reference).file.direct_path
        promised = some_arrivals().promised(TenantScope(TenantId("ten_1")), file, 1)
        orjson.dumps(media_shape(promised))
        assert promised.mime.isprintable()
        assert promised.size is None or promised.size < 2**53


async def test_a_poll_asked_for_again_keeps_its_secret(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        poll = await line.say(OTHER, Poll("Lunch?", ("Pizza", "Sushi")))
        await shown(control, 1)
        await control.phone(OTHER).do("ask-retry", id=poll)
        again = (await control.phone(OTHER).inbox(1, wait_s=40))[0]
        assert again.repeat
        one, two = (shown.message for shown in emulator.world.phone(OTHER).inbox)
        assert one == two
        assert read_poll(one) is not None
