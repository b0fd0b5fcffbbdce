"""Every kind of content and act goes out and comes in through whatsmeow, as the phones on the network see it."""

from __future__ import annotations

import pytest

from engines.neonize.desk import OTHER, OWN, Desk
from engines.neonize.talk import Talk
from wagate.domain import vcard
from wagate.domain.acts import Act, Edit, Pin, PollVote, Reaction, Revocation, Target
from wagate.domain.content import (
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
)
from wagate.domain.errors import UnsupportedByEngine
from wagate.domain.jid import Jid
from wagate.domain.session import SessionState
from wagate.ports.engine import SendImpossible
from wagate.ports.news import SendStarted
from whatsapp_emulator.emulator import Emulator

ANA = Card("Ana", vcard.written(vcard.Person("Ana", ("+4915100000098",))))
BEA = Card("Bea", vcard.written(vcard.Person("Bea", ("+4915100000099",))))
FRIDAY = 1_797_616_800_000

OUT: tuple[Content, ...] = (
    Location(-23.5, -46.6, "MASP", "Av. Paulista"),
    Contacts((ANA,)),
    Contacts((ANA, BEA)),
    Poll("Lunch?", ("Pizza", "Sushi"), 1),
    EventInvite("Open house", FRIDAY, FRIDAY + 3_600_000, "Come in", "Paulista", "https://x.example"),
    Text("everybody", (Jid.from_phone(OWN),), mentions_all=True),
)

IN: tuple[tuple[str, dict[str, object], Content], ...] = (
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
        {"name": "Fair", "starts_at": FRIDAY // 1000, "place": "Paulista"},
        EventInvite("Fair", FRIDAY, place="Paulista"),
    ),
)


async def test_content_goes_out_and_comes_back_the_same(desk: Desk) -> None:
    await desk.pair()
    talk = Talk(desk)
    for said in OUT:
        wa_id = await talk.out(said)
        await talk.shown(wa_id)
        back = await talk.came(await talk.phone.act("forward", wa_id, to=OWN))
        assert back.content == (Text(said.body) if isinstance(said, Text) else said)
        assert back.context == Context(forwarded=1)


async def test_content_comes_in(desk: Desk) -> None:
    await desk.pair()
    talk = Talk(desk)
    for kind, fields, expected in IN:
        assert (await talk.came(await talk.phone.say(OWN, kind, **fields))).content == expected
    first = await talk.phone.say(OWN, "text", text="again", forwarded=6, expires_in_s=86_400)
    assert (await talk.came(first)).context == Context(6, False, 86_400)
    once = await talk.came(await talk.phone.say(OWN, "location", latitude=1, longitude=2, view_once=True, quote=first))
    assert once.context == Context(view_once=True)
    assert once.quoted == Quoted(first, once.sender, "again")
    how = Context(forwarded=7, expires_in_s=60)
    shown = await talk.shown(await talk.out(Location(1, 2), context=how, quoted=once.quoted))
    assert (shown.quoted, shown.forwarded) == (first, 7)


async def test_acts_go_out(desk: Desk) -> None:
    await desk.pair()
    talk = Talk(desk)
    theirs = await talk.phone.type(OWN, "hello")
    target = Target(theirs, (await talk.came(theirs)).sender)
    for said, expected in (
        (Reaction(target, "👍", 1), ("reaction", "👍", None, theirs)),
        (Reaction(target, None, 2), ("reaction", "", "7", theirs)),
        (Pin(target, 86_400), ("pin", "", "2", theirs)),
        (Pin(target, None), ("pin", "", "2", theirs)),
    ):
        act = await talk.shown(await talk.out(said))
        assert (act.kind, act.text, act.edit, act.target) == expected
    ours = await talk.out(Text("helo"))
    own = Target(ours, Jid.from_phone(OWN))
    edit = await talk.shown(await talk.out(Edit(own, Text("hello", (Jid.from_phone(OTHER),)), 5)))
    assert (edit.kind, edit.text, edit.edit, edit.target) == ("edit", "hello", "1", ours)
    assert edit.mentions == (f"{OTHER}@s.whatsapp.net",)
    revoke = await talk.shown(await talk.out(Revocation(own)))
    assert (revoke.kind, revoke.edit, revoke.target) == ("revoke", "7", ours)


async def test_acts_come_in(desk: Desk) -> None:
    """A contact acts on their message and on ours, and our own phone on its own."""
    await desk.pair()
    talk = Talk(desk)
    other, own = await talk.lids()
    me = desk.control.phone(OWN)
    theirs, ours, ours_too = (
        await talk.phone.type(OWN, "theirs"),
        await talk.out(Text("ours")),
        await me.type(OTHER, "our phone's"),
    )
    await talk.came(theirs)
    await talk.shown(ours)
    await talk.came(ours_too)
    for actor, id, author in ((talk.phone, theirs, other), (talk.phone, ours, own), (me, ours_too, own)):
        target = Target(id, author)
        acts: list[tuple[str, dict[str, object], Act]] = [
            ("react", {"emoji": "❤️"}, Reaction(target, "❤️")),
            ("react", {"emoji": ""}, Reaction(target, None)),
            ("pin", {"for_s": 604_800}, Pin(target, 604_800)),
            ("pin", {"for_s": 0}, Pin(target, None)),
            ("edit", {"text": "better"}, Edit(target, Text("better"))),
            ("revoke", {}, Revocation(target)),
        ]
        for act, fields, expected in acts:
            news = await talk.came(await actor.act(act, id, **fields))
            assert isinstance(news.content, Act)
            assert _untimed(news.content) == expected
            assert (news.from_me, news.chat) == (actor is me, other)


def _untimed(said: Act) -> Act:
    """The same act without the time that was told; only a revocation has none."""
    assert (said.at is None) is isinstance(said, Revocation)
    return type(said)(**{name: getattr(said, name) for name in said.__slots__ if name != "at"})


async def test_votes_pass_both_ways(desk: Desk) -> None:
    await desk.pair()
    talk = Talk(desk)
    other, own = await talk.lids()
    ours = await talk.out(Poll("Lunch?", ("Pizza", "Sushi", "Salad"), 2))
    await talk.shown(ours)
    vote = await talk.came(await talk.phone.act("vote", ours, options=["Salad", "Pizza"]))
    assert isinstance(vote.content, PollVote)
    assert (vote.content.target, vote.content.selected) == (Target(ours, own), ("Pizza", "Salad"))

    theirs = await talk.phone.say(OWN, "poll", question="Dinner?", options=["Soup", "Bread"])
    assert (await talk.came(theirs)).content == Poll("Dinner?", ("Soup", "Bread"), 1)
    await desk.close()
    await desk.open()
    await desk.is_in(SessionState.CONNECTED)
    told = await talk.shown(await talk.out(PollVote(Target(theirs, other), ("Soup",))))
    assert (told.kind, told.target, told.vote) == ("poll_vote", theirs, ("Soup",))
    taken_back = await talk.came(await talk.phone.act("vote", theirs, options=[]))
    assert isinstance(taken_back.content, PollVote)
    assert taken_back.content.selected == ()


async def test_a_vote_in_an_unknown_poll_is_told_without_its_choice(desk: Desk) -> None:
    poll = await desk.control.phone(OTHER).say(OWN, "poll", question="Before?", options=["Yes", "No"])
    await desk.pair()
    talk = Talk(desk)
    vote = await talk.came(await talk.phone.act("vote", poll, options=["Yes"]))
    assert isinstance(vote.content, PollVote)
    assert vote.content.selected is None
    with pytest.raises(SendImpossible, match="secret"):
        await talk.out(PollVote(Target(poll, vote.sender), ("Yes",)))
    for said in (Deleted("text"), Buttons("x"), ButtonReply("a", "b")):
        with pytest.raises(UnsupportedByEngine):
            await talk.out(said)
    assert desk.of_kind(SendStarted) == []


async def test_a_group_is_spoken_in_like_a_chat(desk: Desk, emulator: Emulator) -> None:
    await desk.pair()
    group = (await desk.control.phone(OTHER).create_group("Sales", [OWN])).jid
    talk = Talk(desk, to=group)
    other, own = await talk.lids()
    theirs = await talk.phone.type(group, "hello")
    hello = await talk.came(theirs)
    target = Target(theirs, hello.sender)
    reaction = await talk.shown(await talk.out(Reaction(target, "👍")))
    assert (reaction.kind, reaction.text, reaction.target, reaction.chat) == ("reaction", "👍", theirs, group)
    reply = await talk.shown(await talk.out(Text("hi", (hello.sender,)), quoted=Quoted(theirs, hello.sender, "hello")))
    assert (reply.quoted, reply.mentions) == (theirs, (str(hello.sender),))
    by_number = Text(f"@{OTHER} well?", (Jid.from_phone(OTHER),))
    called = await talk.shown(await talk.out(by_number))  # the group knows people by their LIDs, and so do its phones
    assert (called.text, called.mentions) == (f"@{other.user} well?", (str(other),))
    named = await talk.out(Pin(Target(theirs, Jid.from_phone(OTHER)), 86_400))
    assert (await talk.shown(named)).target == theirs
    (pin,) = [shown.message for shown in emulator.world.phone(OTHER).inbox if shown.id == named]
    assert pin.pin_in_chat_message.key.participant == other
    ours = await talk.out(Poll("Lunch?", ("Pizza", "Sushi")))
    await talk.shown(ours)
    vote = await talk.came(await talk.phone.act("vote", ours, options=["Sushi"]))
    assert isinstance(vote.content, PollVote)
    assert (vote.chat, vote.content.target, vote.content.selected) == (Jid(group), Target(ours, own), ("Sushi",))
    gone = await talk.came(await talk.phone.act("revoke", theirs))
    assert gone.content == Revocation(Target(theirs, other))
