"""Plaintexts as the network may bring them: whole, damaged, wrapped, from the future, and noise."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from whatsapp_wire.contents import acts, cards, interactive, invites, places, polls
from whatsapp_wire.contents.interactive import Choice, Chosen, Menu
from whatsapp_wire.jid import Jid
from whatsapp_wire.media.content import MediaDetails, MediaFile, media_message
from whatsapp_wire.media.kinds import MediaKind
from whatsapp_wire.media.opening import MediaSecret
from whatsapp_wire.message import text_message
from whatsapp_wire.proto.message_pb2 import (
    ButtonsResponseMessage,
    DocumentMessage,
    ExtendedTextMessage,
    ImageMessage,
    ListMessage,
    Message,
    PollEncValue,
    StickerPackMessage,
)

ALICE = Jid("100000000000001@lid")
SECRET, NONCE = bytes(range(32)), bytes(12)

_FILE = MediaFile(MediaSecret(MediaKind.IMAGE, SECRET, SECRET, SECRET, 5), "/v/a?b=c", "https://a.example/v/a", 1)
_DETAILS = MediaDetails("image/jpeg", "look", "a.jpg", "a", 1, 2, 3, 4, b"small", bytes(64), b"side", is_voice=True)


def _media(kind: MediaKind, details: MediaDetails = _DETAILS) -> Message:
    return media_message(replace(_FILE, secret=replace(_FILE.secret, kind=kind)), details)


_seeds = st.sampled_from(
    [
        _media(MediaKind.IMAGE),
        _media(MediaKind.IMAGE, replace(_DETAILS, view_once=True)),
        _media(MediaKind.VIDEO, replace(_DETAILS, is_gif=True)),
        _media(MediaKind.VIDEO, replace(_DETAILS, is_round=True)),
        _media(MediaKind.AUDIO),
        _media(MediaKind.DOCUMENT),
        _media(MediaKind.STICKER, replace(_DETAILS, is_animated=True)),
        Message(
            image_message=ImageMessage(file_length=2**64 - 1, width=2**32 - 1, mimetype="a\nb", caption="x" * 5_000)
        ),
        Message(document_message=DocumentMessage(file_name="../" * 999, direct_path="//evil", media_key=SECRET)),
        Message(sticker_pack_message=StickerPackMessage(name="pack")),
        places.location_message(places.Place(1, 2, "a", "b")),
        cards.cards_message([cards.Card("a", "b")] * 3),
        polls.poll_message(polls.Poll("?", ("a", "b"), 1), SECRET),
        invites.event_message(invites.Event("x", 1, 2, "d", "p", "l"), SECRET),
        interactive.buttons_message(Menu("t", "b", "f", (Choice("1", "one"),))),
        interactive.list_message(Menu("t", "b", "f", opens_with="o", sections=(("s", (Choice("1", "one"),)),))),
        interactive.button_reply_message(Chosen("a", "b")),
        acts.edit_message(acts.key_of(ALICE, "A", from_me=True), text_message("x"), 1),
        acts.pin_message(acts.key_of(ALICE, "A", from_me=True), 1, 1),
        polls.vote_message(acts.key_of(ALICE, "A", from_me=True), PollEncValue(enc_payload=b"x", enc_iv=NONCE), 1),
        Message(extended_text_message=ExtendedTextMessage(text="x" * 5_000)),
        Message(list_message=ListMessage(sections=[ListMessage.Section(title=str(n)) for n in range(600)])),
        Message(buttons_response_message=ButtonsResponseMessage(selected_button_id="x")),
    ]
).map(lambda message: message.SerializeToString())


@st.composite
def plaintexts(draw: st.DrawFn) -> bytes:
    """A plaintext, whole, cut off, with bytes changed, wrapped, or with fields that nobody knows."""
    whole = draw(_seeds)
    how = draw(st.sampled_from(["whole", "cut", "changed", "wrapped", "unknown", "noise"]))
    if how == "cut":
        return whole[: draw(st.integers(0, len(whole)))]
    if how == "changed":
        place = draw(st.integers(0, len(whole) - 1))
        return whole[:place] + draw(st.binary(min_size=1, max_size=4)) + whole[place + 1 :]
    if how == "wrapped":
        return Message(ephemeral_message={"message": Message.FromString(whole)}).SerializeToString()
    if how == "unknown":
        return whole + b"\xfa\x3f\x04" + draw(st.binary(min_size=4, max_size=4))
    return draw(st.binary(max_size=200)) if how == "noise" else whole
