"""The words of content and acts: plain fields and back, readable texts, and contact cards."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagate.domain import vcard
from wagate.domain.acts import Act, Edit, Pin, PollVote, Reaction, Revocation, Said, Target
from wagate.domain.content import (
    UNKEPT,
    Audio,
    Button,
    ButtonReply,
    Buttons,
    Card,
    Contacts,
    Content,
    Deleted,
    Document,
    EventInvite,
    Image,
    ListMenu,
    ListReply,
    Location,
    Poll,
    Row,
    Section,
    Sticker,
    Text,
    Unsupported,
    Video,
    Voice,
    as_sent,
)
from wagate.domain.ids import MediaId
from wagate.domain.jid import Jid
from wagate.domain.plain import all_fields, plain, said_of

words = st.text(max_size=30)
maybe = st.none() | words
jids = st.sampled_from([Jid("5511900000001@s.whatsapp.net"), Jid("1@lid"), Jid("1@g.us")])
moments = st.integers(0, 2**45)
targets = st.builds(Target, words, jids, maybe)
texts = st.builds(Text, words, st.lists(jids, max_size=3).map(tuple), st.booleans())
files = st.sampled_from([UNKEPT, MediaId("med_1")])
captions = (maybe, st.lists(jids, max_size=3).map(tuple), st.booleans())
degrees = st.floats(-90, 90)
rows = st.builds(Row, words, words, maybe)
sections = st.builds(Section, maybe, st.lists(rows, max_size=3).map(tuple))

CONTENTS: dict[type[Content], st.SearchStrategy[Content]] = {
    Text: texts,
    Image: st.builds(Image, files, *captions),
    Video: st.builds(Video, files, *captions, st.booleans(), st.booleans()),
    Audio: st.builds(Audio, files),
    Voice: st.builds(Voice, files),
    Document: st.builds(Document, files, maybe, *captions),
    Sticker: st.builds(Sticker, files, st.booleans()),
    Location: st.builds(Location, degrees, degrees, maybe, maybe, st.booleans()),
    Contacts: st.builds(Contacts, st.lists(st.builds(Card, words, words), max_size=3).map(tuple)),
    Poll: st.builds(Poll, words, st.lists(words, max_size=5).map(tuple), st.integers(0, 12)),
    EventInvite: st.builds(EventInvite, words, moments, st.none() | moments, maybe, maybe, maybe, st.booleans()),
    Buttons: st.builds(
        Buttons, words, st.lists(st.builds(Button, words, words, maybe, maybe), max_size=3).map(tuple), maybe, maybe
    ),
    ListMenu: st.builds(ListMenu, words, words, st.lists(sections, max_size=3).map(tuple), maybe, maybe, maybe),
    ButtonReply: st.builds(ButtonReply, words, words),
    ListReply: st.builds(ListReply, words, words, maybe),
    Unsupported: st.builds(Unsupported, words),
    Deleted: st.builds(Deleted, words),
}
ACTS: dict[type[Act], st.SearchStrategy[Act]] = {
    Reaction: st.builds(Reaction, targets, maybe, st.none() | moments),
    Edit: st.builds(Edit, targets, texts, st.none() | moments),
    Revocation: st.builds(Revocation, targets, st.none() | moments),
    PollVote: st.builds(PollVote, targets, st.none() | st.lists(words).map(tuple), st.none() | moments),
    Pin: st.builds(Pin, targets, st.none() | st.integers(0, 2**31), st.none() | moments),
}


def test_every_kind_is_tried_here() -> None:
    assert set(CONTENTS) | set(ACTS) == set(Said.__args__)
    types = [kind.type for kind in (*CONTENTS, *ACTS)]
    assert len(types) == len(set(types))


@given(st.one_of(*CONTENTS.values(), *ACTS.values()))
def test_what_is_said_survives_as_plain_fields(said: Said) -> None:
    fields = json.loads(json.dumps(plain(said)))
    assert said_of(fields) == said
    assert said_of({**fields, "of a later version": 1}) == said
    assert json.loads(json.dumps(all_fields(said))).keys() == {name for name in type(said).__slots__}


@given(st.one_of(*CONTENTS.values(), *ACTS.values()))
def test_there_is_always_something_to_read(said: Said) -> None:
    assert said.text


def test_a_type_of_a_later_version_is_unsupported() -> None:
    assert said_of({"type": "hologram", "depth": 3}) == Unsupported("hologram")


def test_choices_are_numbered_for_those_who_cannot_press_them() -> None:
    buttons = Buttons("Well?", (Button("y", "Yes"), Button("s", "Shop", "https://x.example")), "Bye", "text")
    assert as_sent(buttons) == Text("Well?\n\n1. Yes\n2. Shop: https://x.example\n\nBye")
    menu = ListMenu(
        "When?", "Choose", (Section("Mo", (Row("1", "9:00"),)), Section(None, (Row("2", "10:00", "late"),)))
    )
    assert menu.text == "When?\n\nMo\n1. 9:00\n\n2. 10:00: late"
    assert as_sent(menu) is menu


# ---- contact cards

people = st.builds(
    vcard.Person,
    st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs")), min_size=1, max_size=20),
    st.lists(st.from_regex(r"\+[1-9][0-9]{7,13}", fullmatch=True), max_size=3).map(tuple),
    st.lists(st.sampled_from(["a@x.example", "b@x.example"]), max_size=2).map(tuple),
    st.none() | st.sampled_from(["Acme; Sons, Ltd", "Back\\slash", "Two\nlines"]),
)


@given(people)
def test_a_card_that_was_written_is_read_back(person: vcard.Person) -> None:
    assert vcard.read(vcard.written(person)) == person


def test_nobody_writes_lines_into_a_card() -> None:
    card = vcard.written(vcard.Person("Ana\r\nTEL:+1\nEND:VCARD", ("+5511988888888",)))
    assert [line.partition(":")[0].partition(";")[0] for line in card.split("\n")] == [
        "BEGIN",
        "VERSION",
        "N",
        "FN",
        "TEL",
        "END",
    ]
    assert "waid=5511988888888:+5511988888888" in card


def test_cards_of_others_are_read_as_far_as_they_go() -> None:
    card = (
        "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Lima;Ana;;;\r\nitem1.TEL;waid=55:+55 11\r\n  98888\r\n"
        "item1.X-ABLabel:Mobile\r\nno colon\r\nORG:Acme\\, Ltd\r\nEND:VCARD"
    )
    assert vcard.read(card) == vcard.Person("Lima Ana", ("+55 11 98888",), (), "Acme, Ltd")


@pytest.mark.parametrize("text", ["", "hello", "x" * 100, "BEGIN:VCARD" + "x" * vcard.MAX_BYTES])
def test_what_is_no_card_is_none(text: str) -> None:
    assert vcard.read(text) is None


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    vcard.read(text)
    vcard.read("BEGIN:VCARD\n" + text)
