"""Contents survive the wire, and what the wire brings never hurts: readers take any bytes that parse."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from whatsapp_wire.contents import acts, cards, interactive, invites, places, polls
from whatsapp_wire.contents.context import Context, context_info, read_context, with_context
from whatsapp_wire.contents.interactive import Choice, Chosen, Menu
from whatsapp_wire.contents.polls import Ballot
from whatsapp_wire.errors import DecryptionFailed, MalformedCiphertext
from whatsapp_wire.jid import Jid
from whatsapp_wire.message import Kind, Quote, Target, device_sent, parse, read, stanza_kind, text_message, unwrap
from whatsapp_wire.proto.message_pb2 import (
    ExtendedTextMessage,
    FutureProofMessage,
    InteractiveMessage,
    InteractiveResponseMessage,
    LiveLocationMessage,
    Message,
    PollEncValue,
    TemplateButtonReplyMessage,
    TemplateMessage,
)
from wire.plaintexts import plaintexts

ALICE, BOB = Jid("100000000000001@lid"), Jid("100000000000002@lid")
GROUP = Jid("120363000000000000@g.us")
SECRET, NONCE = bytes(range(32)), bytes(12)

words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40)
lines = st.just("") | words


def there_and_back(message: Message) -> Message:
    """As it arrives on another device of ours, after the wire."""
    return unwrap(parse(device_sent(message, ALICE).SerializeToString()))


@given(
    st.builds(
        places.Place,
        st.floats(-90, 90),
        st.floats(-180, 180),
        lines,
        lines,
        st.booleans(),
    )
)
def test_places(place: places.Place) -> None:
    message = there_and_back(places.location_message(place))
    assert places.read_place(message) == place
    assert read(message).kind is Kind.LOCATION


@given(st.lists(st.builds(cards.Card, words, words), min_size=1, max_size=5))
def test_cards(found: list[cards.Card]) -> None:
    message = there_and_back(cards.cards_message(found))
    assert list(cards.read_cards(message)) == found
    assert stanza_kind(message).media_type == ("vcard" if len(found) == 1 else "contact_array")


@given(st.builds(polls.Poll, words, st.lists(words, max_size=12).map(tuple), st.integers(0, 12)))
def test_polls(poll: polls.Poll) -> None:
    message = polls.poll_message(poll, SECRET)
    assert polls.read_poll(there_and_back(message)) == poll
    copy = device_sent(message, ALICE)
    assert polls.secret_of(copy, unwrap(copy)) == SECRET
    assert polls.secret_of(Message(), there_and_back(text_message("x"))) is None


@given(
    st.builds(invites.Event, words, st.integers(0, 2**33), st.integers(0, 2**33), lines, lines, lines, st.booleans())
)
def test_events(event: invites.Event) -> None:
    assert invites.read_event(there_and_back(invites.event_message(event, SECRET))) == event


choices = st.lists(st.builds(Choice, words, words), max_size=4).map(tuple)


@given(words, choices, lines, lines)
def test_buttons(body: str, found: tuple[Choice, ...], title: str, footer: str) -> None:
    menu = Menu(title, body, footer, found)
    assert interactive.read_menu(there_and_back(interactive.buttons_message(menu))) == menu


@given(words, words, st.lists(st.tuples(words, choices), min_size=1, max_size=3).map(tuple))
def test_lists(body: str, button: str, sections: tuple[tuple[str, tuple[Choice, ...]], ...]) -> None:
    menu = Menu("", body, "", opens_with=button, sections=sections)
    assert interactive.read_menu(there_and_back(interactive.list_message(menu))) == menu


@given(words, words)
def test_choices(id: str, title: str) -> None:
    pressed, chosen = Chosen(id, title), Chosen(id, title, from_list=True)
    assert interactive.read_choice(there_and_back(interactive.button_reply_message(pressed))) == pressed
    assert interactive.read_choice(there_and_back(interactive.list_reply_message(chosen))) == chosen


@given(st.booleans(), words, st.integers(1, 2**41), st.integers(1, 2**31))
def test_acts(from_me: bool, emoji: str, at_ms: int, for_s: int) -> None:
    key = acts.key_of(ALICE.with_device(3), "3EB0AA", from_me=from_me)
    about = acts.Act(Target("3EB0AA", from_me, None), at_ms)
    for message in (
        acts.reaction_message(key, emoji, at_ms),
        acts.edit_message(key, text_message(emoji), at_ms),
        acts.pin_message(key, for_s, at_ms),
        polls.vote_message(key, PollEncValue(), at_ms),
    ):
        assert acts.read_act(there_and_back(message)) == about
    assert acts.read_act(there_and_back(acts.revoke_message(key))) == acts.Act(about.target, 0)
    assert key.remote_jid == str(ALICE)


def test_a_key_in_a_group_names_who_wrote_the_message_unless_we_did() -> None:
    assert acts.key_of(GROUP, "A", from_me=False, author=BOB.with_device(2)).participant == str(BOB)
    assert not acts.key_of(GROUP, "A", from_me=True, author=BOB).HasField("participant")
    assert not acts.key_of(ALICE, "A", from_me=False, author=ALICE).HasField("participant")


def test_a_pin_says_for_how_long() -> None:
    key = acts.key_of(ALICE, "A", from_me=False)
    assert acts.pinned_for_s(unwrap(acts.pin_message(key, 86_400, 1))) == 86_400
    assert acts.pinned_for_s(unwrap(acts.pin_message(key, 0, 1))) is None


@pytest.mark.parametrize("id", ["", "x" * 129, "a\0b", "ä", "a\nb"])
def test_an_act_on_what_cannot_be_a_message_is_none(id: str) -> None:
    assert acts.read_act(unwrap(acts.revoke_message(acts.key_of(ALICE, id, from_me=True)))) is None


# ---- votes


@given(st.lists(words, min_size=1, max_size=12, unique=True), st.data())
def test_votes(options: list[str], data: st.DataObject) -> None:
    chosen = data.draw(st.sets(st.sampled_from(options)))
    ballot = Ballot("3EB0AA", SECRET, ALICE, BOB)
    sealed = ballot.seal(chosen, NONCE)
    assert set(ballot.open(sealed, options)) == chosen
    assert set(Ballot("3EB0AA", SECRET, ALICE.with_device(4), BOB.with_device(7)).open(sealed, options)) == chosen


def test_a_vote_is_sealed_as_whatsapp_seals_it() -> None:
    """Worked out by hand from the facts, with nothing of ours but the primitives' libraries."""
    import hashlib
    import hmac

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    extracted = hmac.digest(bytes(32), SECRET, "sha256")
    info = b"3EB0AA" + b"100000000000001@lid" + b"100000000000002@lid" + b"Poll Vote"
    key = hmac.digest(extracted, info + b"\x01", "sha256")
    vote = b"\x0a\x20" + hashlib.sha256(b"Pizza").digest()
    sealed = AESGCM(key).encrypt(NONCE, vote, b"3EB0AA\x00100000000000002@lid")
    ballot = Ballot("3EB0AA", SECRET, ALICE, BOB)
    assert ballot.seal(["Pizza"], NONCE) == PollEncValue(enc_payload=sealed, enc_iv=NONCE)


@pytest.mark.parametrize(
    "other",
    [
        Ballot("3EB0AB", SECRET, ALICE, BOB),
        Ballot("3EB0AA", bytes(32), ALICE, BOB),
        Ballot("3EB0AA", SECRET, BOB, BOB),
        Ballot("3EB0AA", SECRET, ALICE, ALICE),
    ],
)
def test_a_vote_opens_for_nobody_else(other: Ballot) -> None:
    sealed = Ballot("3EB0AA", SECRET, ALICE, BOB).seal(["a"], NONCE)
    with pytest.raises(DecryptionFailed):
        other.open(sealed, ["a"])
    with pytest.raises(DecryptionFailed):
        Ballot("3EB0AA", SECRET, ALICE, BOB).open(PollEncValue(enc_payload=sealed.enc_payload), ["a"])


# ---- context


@pytest.mark.parametrize(
    "message",
    [
        text_message("hi"),
        places.location_message(places.Place(1, 2)),
        cards.cards_message([cards.Card("a", "b")]),
        cards.cards_message([cards.Card("a", "b")] * 2),
        polls.poll_message(polls.Poll("?", ("a", "b"), 1), SECRET),
        invites.event_message(invites.Event("x", 1), SECRET),
        interactive.button_reply_message(Chosen("a", "b")),
    ],
)
def test_every_kind_has_a_context(message: Message) -> None:
    context = Context(6, 86_400, mentions_all=True)
    with_context(message, context, Quote("3EB0AA", BOB, text_message("question")), [ALICE.with_device(2)])
    arrived = there_and_back(message)
    assert read_context(arrived) == context
    found = read(arrived)
    assert found.quoted is not None
    assert (found.quoted.id, found.quoted.sender, found.quoted.text) == ("3EB0AA", BOB, "question")
    assert found.mentions == (ALICE,)


def test_nothing_special_adds_nothing() -> None:
    message = text_message("hi")
    with_context(message, Context())
    assert message == Message(conversation="hi")


@pytest.mark.parametrize("wrapper", ["view_once_message", "view_once_message_v2", "view_once_message_v2_extension"])
def test_what_is_shown_once_says_so(wrapper: str) -> None:
    once = Message()
    getattr(once, wrapper).message.CopyFrom(text_message("look"))
    for message in (once, device_sent(once, ALICE), Message(ephemeral_message=FutureProofMessage(message=once))):
        assert read_context(message).is_view_once
    assert not read_context(text_message("look")).is_view_once


@pytest.mark.parametrize("part", ["image_message", "video_message", "ptv_message", "audio_message"])
def test_a_file_may_say_by_itself_that_it_is_shown_once(part: str) -> None:
    once, often = Message(), Message()
    getattr(once, part).view_once = True
    getattr(often, part).view_once = False
    assert read_context(device_sent(once, ALICE)).is_view_once
    assert not read_context(often).is_view_once


# ---- what the wire may bring


def test_other_generations_of_choices_are_read() -> None:
    quick = TemplateMessage.HydratedTemplateButton(quick_reply_button={"id": "y", "display_text": "Yes"})
    link = TemplateMessage.HydratedTemplateButton(url_button={"display_text": "Shop", "url": "https://x.example"})
    call = TemplateMessage.HydratedTemplateButton(call_button={"display_text": "Call", "phone_number": "+55"})
    template = TemplateMessage.HydratedFourRowTemplate(
        hydrated_content_text="Well?", hydrated_buttons=[quick, link, call]
    )
    found = interactive.read_menu(Message(template_message=TemplateMessage(hydrated_template=template)))
    assert found == Menu(
        "",
        "Well?",
        "",
        (Choice("y", "Yes"), Choice("", "Shop", url="https://x.example"), Choice("", "Call", phone="+55")),
    )
    params = '{"display_text":"Yes","id":"y"}'
    flow = InteractiveMessage(
        body={"text": "Well?"},
        native_flow_message={"buttons": [{"name": "quick_reply", "button_params_json": params}, {"name": "odd"}]},
    )
    assert interactive.read_menu(Message(interactive_message=flow)) == Menu(
        "", "Well?", "", (Choice("y", "Yes"), Choice("", "odd"))
    )
    reply = TemplateButtonReplyMessage(selected_id="y", selected_display_text="Yes")
    assert interactive.read_choice(Message(template_button_reply_message=reply)) == Chosen("y", "Yes")
    answer = InteractiveResponseMessage(
        body={"text": "Yes"}, native_flow_response_message={"params_json": '{"id":"y"}'}
    )
    assert interactive.read_choice(Message(interactive_response_message=answer)) == Chosen("y", "Yes")


@pytest.mark.parametrize("params", ["", "[]", "{", "nul", '{"id":7}', "[" * 30_000, '{"id":' + "9" * 5_000 + "}"])
def test_json_that_is_none_chooses_nothing(params: str) -> None:
    answer = InteractiveResponseMessage(native_flow_response_message={"name": "flow", "params_json": params})
    assert interactive.read_choice(Message(interactive_response_message=answer)) == Chosen("flow", "")


def test_text_that_is_not_utf_8_is_mended() -> None:
    spoilt = text_message("caf", mentions=[ALICE]).SerializeToString().replace(b"caf", b"ca\xff")
    context = (
        ExtendedTextMessage(context_info={"mentioned_jid": ["caf"]}).SerializeToString().replace(b"caf", b"ca\xff")
    )
    assert read(parse(spoilt)).text == "ca\N{REPLACEMENT CHARACTER}"
    message = parse(Message(extended_text_message=ExtendedTextMessage.FromString(context)).SerializeToString())
    assert list(message.extended_text_message.context_info.mentioned_jid) == ["ca\N{REPLACEMENT CHARACTER}"]
    read(message)


@pytest.mark.parametrize("degrees", [float("nan"), float("inf"), 91.0])
def test_a_place_that_is_not_on_earth_is_none(degrees: float) -> None:
    live = LiveLocationMessage(degrees_latitude=degrees, degrees_longitude=0)
    assert places.read_place(Message(live_location_message=live)) is None


_READERS: tuple[Callable[[Message], object], ...] = (
    acts.read_act,
    acts.pinned_for_s,
    cards.read_cards,
    context_info,
    interactive.read_choice,
    interactive.read_menu,
    invites.read_event,
    places.read_place,
    polls.read_poll,
)


@settings(max_examples=5_000, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(plaintexts())
def test_whatever_arrives_is_read_or_refused(plaintext: bytes) -> None:
    try:
        message = parse(plaintext)
    except MalformedCiphertext:
        return
    inner = unwrap(message)
    for reader in _READERS:
        reader(inner)
    read(message)
    read_context(message)
    stanza_kind(message)
    polls.secret_of(message, inner)
