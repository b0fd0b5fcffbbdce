"""What messages say: texts as they are built, and every kind as it is read."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whatsapp_wire.errors import MalformedCiphertext
from whatsapp_wire.jid import Jid
from whatsapp_wire.message import (
    Content,
    Kind,
    Quote,
    Quoted,
    StanzaKind,
    Target,
    device_sent,
    parse,
    read,
    stanza_kind,
    text_message,
)
from whatsapp_wire.proto.message_pb2 import (
    AudioMessage,
    ContextInfo,
    DocumentMessage,
    ExtendedTextMessage,
    FutureProofMessage,
    ImageMessage,
    Message,
    MessageContextInfo,
    MessageKey,
    PinInChatMessage,
    PollCreationMessage,
    PollUpdateMessage,
    ProtocolMessage,
    ReactionMessage,
    SenderKeyDistribution,
    VideoMessage,
)

ALICE, BOB = Jid("100000000000001@lid"), Jid("100000000000002@lid")
KEY = MessageKey(remote_jid=str(ALICE), from_me=True, id="3EB0AA")
GROUP_KEY = SenderKeyDistribution(group_id="1@g.us", axolotl_sender_key_distribution_message=b"\x33")


def edited(text: str) -> Message:
    protocol = ProtocolMessage(key=KEY, type=ProtocolMessage.MESSAGE_EDIT, edited_message=Message(conversation=text))
    return Message(edited_message=FutureProofMessage(message=Message(protocol_message=protocol)))


def protocol(type: int) -> Message:
    return Message(protocol_message=ProtocolMessage(key=KEY, type=type))


def reaction(text: str) -> Message:
    return Message(reaction_message=ReactionMessage(key=KEY, text=text, sender_timestamp_ms=1))


def test_a_plain_text_is_a_conversation() -> None:
    assert text_message("hi") == Message(conversation="hi")
    assert text_message("hi").SerializeToString() == b"\x0a\x02hi"


def test_a_reply_quotes_and_a_mention_names() -> None:
    quote = Quote("3EB0AA", BOB.with_device(5), Message(conversation="question"))
    context = ContextInfo(
        stanza_id="3EB0AA",
        participant=str(BOB),
        quoted_message=Message(conversation="question"),
        mentioned_jid=[str(ALICE)],
    )
    expected = Message(extended_text_message=ExtendedTextMessage(text="answer", context_info=context))
    message = text_message("answer", quote, [ALICE.with_device(2)])
    assert message == expected
    assert read(message) == Content(Kind.TEXT, "answer", Quoted("3EB0AA", BOB, "question"), (ALICE,))


def test_a_reply_to_something_forgotten_still_refers_to_it() -> None:
    content = read(text_message("answer", Quote("3EB0AA", BOB)))
    assert content.quoted == Quoted("3EB0AA", BOB, "")


def test_a_copy_from_our_own_device_says_where_it_went() -> None:
    secret = MessageContextInfo(message_secret=bytes(32))
    copy = device_sent(Message(conversation="hi", message_context_info=secret), ALICE)
    assert copy.message_context_info == secret
    assert read(copy) == Content(Kind.TEXT, "hi", destination=ALICE)


@pytest.mark.parametrize("wrapper", ["ephemeral_message", "view_once_message", "view_once_message_v2"])
def test_wrappers_are_looked_through(wrapper: str) -> None:
    wrapped = Message()
    getattr(wrapped, wrapper).message.image_message.caption = "look"
    assert read(device_sent(wrapped, BOB)) == Content(Kind.IMAGE, "look", destination=BOB)


@pytest.mark.parametrize(
    ("message", "content"),
    [
        (edited("better"), Content(Kind.EDIT, "better", target=Target("3EB0AA", True, None))),
        (protocol(ProtocolMessage.REVOKE), Content(Kind.REVOKE, target=Target("3EB0AA", True, None))),
        (protocol(ProtocolMessage.APP_STATE_SYNC_KEY_SHARE), Content(Kind.APP_STATE_KEYS)),
        (protocol(ProtocolMessage.HISTORY_SYNC_NOTIFICATION), Content(Kind.HISTORY)),
        (protocol(ProtocolMessage.EPHEMERAL_SETTING), Content(Kind.PROTOCOL)),
        (protocol(99), Content(Kind.PROTOCOL)),
        (Message(protocol_message=ProtocolMessage()), Content(Kind.PROTOCOL)),
        (reaction("👍"), Content(Kind.REACTION, "👍", target=Target("3EB0AA", True, None))),
        (reaction(""), Content(Kind.REACTION, "", target=Target("3EB0AA", True, None))),
        (Message(document_message=DocumentMessage(file_name="a.pdf")), Content(Kind.DOCUMENT)),
        (Message(sender_key_distribution_message=GROUP_KEY), Content(Kind.SENDER_KEY, has_sender_key=True)),
        (
            Message(sender_key_distribution_message=GROUP_KEY, conversation="hi"),
            Content(Kind.TEXT, "hi", has_sender_key=True),
        ),
        (Message(), Content(Kind.UNKNOWN)),
    ],
)
def test_every_kind_is_told_apart(message: Message, content: Content) -> None:
    assert read(message) == content


def test_an_unknown_kind_beside_a_sender_key_is_not_swallowed() -> None:
    newer = b"\xfa\x3f\x02hi"  # field 1023
    message = parse(Message(sender_key_distribution_message=GROUP_KEY).SerializeToString() + newer)
    assert read(message) == Content(Kind.UNKNOWN, has_sender_key=True)
    assert newer in message.SerializeToString()


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (text_message("hi"), StanzaKind("text")),
        (text_message("hi", mentions=[ALICE]), StanzaKind("text")),
        (Message(extended_text_message=ExtendedTextMessage(text="x", title="X")), StanzaKind("media", "url")),
        (Message(image_message=ImageMessage()), StanzaKind("media", "image")),
        (Message(audio_message=AudioMessage(ptt=True)), StanzaKind("media", "ptt")),
        (Message(video_message=VideoMessage(gif_playback=True)), StanzaKind("media", "gif")),
        (reaction("👍"), StanzaKind("reaction", hide_failure=True)),
        (reaction(""), StanzaKind("reaction", edit="7", hide_failure=True)),
        (edited("better"), StanzaKind("text", edit="1", hide_failure=True)),
        (protocol(ProtocolMessage.REVOKE), StanzaKind("text", edit="7", hide_failure=True)),
        (protocol(ProtocolMessage.APP_STATE_SYNC_KEY_SHARE), StanzaKind("text")),
        (Message(poll_update_message=PollUpdateMessage()), StanzaKind("poll", hide_failure=True, poll_type="vote")),
        (Message(poll_creation_message=PollCreationMessage()), StanzaKind("poll", poll_type="creation")),
        (Message(pin_in_chat_message=PinInChatMessage(key=KEY)), StanzaKind("text", edit="2", hide_failure=True)),
    ],
)
def test_the_stanza_says_what_whatsmeow_says(message: Message, kind: StanzaKind) -> None:
    assert stanza_kind(message) == kind
    assert stanza_kind(device_sent(message, ALICE)) == kind


def test_an_admins_revoke_has_its_own_number() -> None:
    key = MessageKey(id="3EB0AA", from_me=False, participant=str(BOB))
    message = Message(protocol_message=ProtocolMessage(key=key, type=ProtocolMessage.REVOKE))
    assert stanza_kind(message).edit == "8"
    assert read(message).target == Target("3EB0AA", False, BOB)


def test_addresses_that_are_none_are_left_out() -> None:
    context = ContextInfo(stanza_id="3EB0AA", participant="nobody", mentioned_jid=["nobody", str(BOB)])
    content = read(Message(extended_text_message=ExtendedTextMessage(text="x", context_info=context)))
    assert content.quoted == Quoted("3EB0AA", None, None)
    assert content.mentions == (BOB,)


def test_endless_wrapping_ends() -> None:
    message = Message(conversation="deep")
    for _ in range(40):
        message = Message(ephemeral_message=FutureProofMessage(message=message))
    assert read(message).kind is Kind.UNKNOWN


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80))
def test_any_plaintext_is_read_or_refused(plaintext: bytes) -> None:
    try:
        message = parse(plaintext)
    except MalformedCiphertext:
        return
    read(message)
    stanza_kind(message)
