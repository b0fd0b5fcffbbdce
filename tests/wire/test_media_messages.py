"""What messages say of files, asking for hosts, and asking the phone for a file again."""

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whatsapp_wire.crypto.ciphers import aes_gcm_encrypt
from whatsapp_wire.crypto.kdf import hkdf
from whatsapp_wire.decoding import decode
from whatsapp_wire.encoding import encode
from whatsapp_wire.errors import DecryptionFailed, MalformedCiphertext, StanzaRefused
from whatsapp_wire.jid import SERVER, Jid
from whatsapp_wire.media.content import Media, MediaDetails, MediaFile, media_message, read_media, read_thumbnail
from whatsapp_wire.media.kinds import MediaKind
from whatsapp_wire.media.opening import MediaSecret
from whatsapp_wire.media.retry import (
    RetryAnswer,
    RetryResult,
    SealedRetry,
    open_answer,
    open_request,
    seal_answer,
    seal_request,
)
from whatsapp_wire.message import Kind, StanzaKind, parse, read, stanza_kind
from whatsapp_wire.node import Attribute, Node
from whatsapp_wire.proto.media_pb2 import MediaRetryNotification, ServerErrorReceipt
from whatsapp_wire.proto.message_pb2 import (
    ContextInfo,
    ExtendedTextMessage,
    FutureProofMessage,
    ImageMessage,
    Message,
    StickerPackMessage,
    VideoMessage,
)
from whatsapp_wire.stanza import media
from whatsapp_wire.stanza.media import MediaConnection, MediaMessage, MediaRetried
from whatsapp_wire.stanza.notification import parse_notification

KEY = bytes(range(32))
ALICE, GROUP, ME = Jid("100000000000001@lid"), Jid("1@g.us"), Jid("4917001:3@s.whatsapp.net")
ID = "3EB0AA11BB22CC33DD44"
SENDABLE = [MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO, MediaKind.DOCUMENT, MediaKind.STICKER]


def file_of(kind: MediaKind, **changes: object) -> MediaFile:
    secret = MediaSecret(kind, KEY, b"p" * 32, b"e" * 32, 5)
    return replace(MediaFile(secret, "/v/t62.7118-24/1.enc?oh=1", "https://host/v", 1_700_000_000), **changes)  # type: ignore[arg-type]  # fields by name


FULL = {
    MediaKind.IMAGE: MediaDetails("image/jpeg", caption="look", width=4, height=3, preview=b"jpeg"),
    MediaKind.VIDEO: MediaDetails("video/mp4", "look", width=4, height=3, seconds=9, preview=b"j", sidecar=b"s" * 10),
    MediaKind.AUDIO: MediaDetails(
        "audio/ogg; codecs=opus", seconds=3, waveform=b"\x00\x64", sidecar=b"s" * 10, is_voice=True
    ),
    MediaKind.DOCUMENT: MediaDetails(
        "application/pdf", file_name="a.pdf", title="A", page_count=2, caption="read", preview=b"j"
    ),
    MediaKind.STICKER: MediaDetails("image/webp", width=512, height=512, preview=b"png", is_animated=True),
}


@pytest.mark.parametrize("kind", SENDABLE)
def test_what_is_built_is_what_is_read(kind: MediaKind) -> None:
    message = media_message(file_of(kind), FULL[kind])
    assert read_media(message) == Media(kind, file_of(kind), FULL[kind])
    assert read(message).kind is Kind(kind.value)
    assert read(message).text == FULL[kind].caption


@pytest.mark.parametrize(
    ("kind", "details", "word"),
    [
        (MediaKind.IMAGE, MediaDetails(), "image"),
        (MediaKind.VIDEO, MediaDetails(), "video"),
        (MediaKind.VIDEO, MediaDetails(is_gif=True), "gif"),
        (MediaKind.AUDIO, MediaDetails(), "audio"),
        (MediaKind.AUDIO, MediaDetails(is_voice=True), "ptt"),
        (MediaKind.DOCUMENT, MediaDetails(caption="read"), "document"),
        (MediaKind.STICKER, MediaDetails(), "sticker"),
        (MediaKind.IMAGE, MediaDetails(view_once=True), "image"),
    ],
)
def test_the_stanza_names_the_kind(kind: MediaKind, details: MediaDetails, word: str) -> None:
    assert stanza_kind(media_message(file_of(kind), details)) == StanzaKind("media", word)


def test_a_round_video_and_what_is_seen_once_and_a_captioned_document_have_forms_of_their_own() -> None:
    round_video = media_message(file_of(MediaKind.VIDEO), MediaDetails(is_round=True))
    assert round_video.HasField("ptv_message")
    once = media_message(file_of(MediaKind.IMAGE), MediaDetails(view_once=True))
    assert once.view_once_message.message.image_message.view_once
    titled = media_message(file_of(MediaKind.DOCUMENT), MediaDetails(caption="read"))
    assert titled.document_with_caption_message.message.document_message.caption == "read"
    for message, details in ((round_video, MediaDetails(is_round=True)), (once, MediaDetails(view_once=True))):
        found = read_media(message)
        assert found is not None
        assert found.details == details


def test_a_wrapper_alone_says_that_it_is_to_be_seen_once() -> None:
    bare = media_message(file_of(MediaKind.AUDIO), MediaDetails(is_voice=True))
    for wrapper in ("view_once_message", "view_once_message_v2", "view_once_message_v2_extension"):
        wrapped = Message()
        getattr(wrapped, wrapper).CopyFrom(FutureProofMessage(message=bare))
        found = read_media(wrapped)
        assert found is not None
        assert found.details.view_once


def test_a_reply_with_a_file_quotes() -> None:
    message = media_message(file_of(MediaKind.IMAGE), MediaDetails(), ContextInfo(stanza_id="3EB0AA"))
    assert message.image_message.context_info.stanza_id == "3EB0AA"
    quoted = read(message).quoted
    assert quoted is not None
    assert quoted.id == "3EB0AA"


def test_kinds_that_no_message_carries_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="hist"):
        media_message(file_of(MediaKind.HISTORY), MediaDetails())


@pytest.mark.parametrize("lacking", ["media_key", "file_sha256", "file_enc_sha256", "direct_path"])
def test_a_file_that_cannot_be_got_or_checked_is_none(lacking: str) -> None:
    message = media_message(file_of(MediaKind.IMAGE), MediaDetails("image/png"))
    message.image_message.ClearField(lacking)
    assert read_media(message) == Media(MediaKind.IMAGE, None, MediaDetails("image/png"))
    relative = media_message(file_of(MediaKind.IMAGE, direct_path="v/1"), MediaDetails())
    found = read_media(relative)
    assert found is not None
    assert found.file is None


def test_thumbnails_have_the_messages_key_and_their_own_kind() -> None:
    larger: dict[str, Any] = {
        "media_key": KEY,
        "thumbnail_direct_path": "/t",
        "thumbnail_sha256": b"p" * 32,
        "thumbnail_enc_sha256": b"e" * 32,
    }
    assert read_thumbnail(Message(image_message=ImageMessage(**larger))) == MediaFile(
        MediaSecret(MediaKind.IMAGE_THUMBNAIL, KEY, b"p" * 32, b"e" * 32), "/t"
    )
    assert read_thumbnail(Message(video_message=VideoMessage(**larger))) == MediaFile(
        MediaSecret(MediaKind.VIDEO_THUMBNAIL, KEY, b"p" * 32, b"e" * 32), "/t"
    )
    link = read_thumbnail(Message(extended_text_message=ExtendedTextMessage(text="https://x", **larger)))
    assert link is not None
    assert link.secret.kind is MediaKind.LINK_THUMBNAIL
    assert read_thumbnail(Message(image_message=ImageMessage(media_key=KEY))) is None
    assert read_thumbnail(media_message(file_of(MediaKind.AUDIO), MediaDetails())) is None
    assert read_thumbnail(Message(conversation="hi")) is None


@pytest.mark.parametrize("kind", [MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.DOCUMENT])
def test_a_thumbnail_is_told_with_its_file(kind: MediaKind) -> None:
    file = file_of(kind)
    secret = MediaSecret(MediaKind(f"thumbnail-{kind.value}"), KEY, b"t" * 32, b"u" * 32)
    thumbnail = MediaFile(secret, "/v/t", key_made_at=file.key_made_at)
    assert read_thumbnail(media_message(file, FULL[kind], thumbnail=thumbnail)) == thumbnail
    for wrong in (replace(secret, media_key=bytes(32)), replace(secret, kind=MediaKind.LINK_THUMBNAIL)):
        with pytest.raises(ValueError, match=kind.value):
            media_message(file, FULL[kind], thumbnail=replace(thumbnail, secret=wrong))


def test_a_sticker_pack_is_a_kind() -> None:
    pack = Message(sticker_pack_message=StickerPackMessage(name="Cats", media_key=KEY, direct_path="/p"))
    assert read(pack).kind is Kind.STICKER_PACK
    found = read_media(pack)
    assert found is not None
    assert (found.kind, found.file) == (MediaKind.STICKER_PACK, None)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80), st.sampled_from([3, 5, 7, 8, 9, 26, 37, 53, 66, 86]))
def test_reading_never_raises(content: bytes, field: int) -> None:
    framed = bytes((field << 3 | 2,)) if field < 16 else bytes(((field << 3 | 2) & 0x7F | 0x80, field >> 4))
    try:
        message = parse(framed + bytes((len(content),)) + content)
    except MalformedCiphertext:
        return
    read_media(message)
    read_thumbnail(message)


# -- hosts


def test_hosts_are_asked_for_and_told() -> None:
    asked = media.connection_query("1")
    assert (asked.get("xmlns"), asked.get("type"), asked.get("to")) == ("w:m", "set", SERVER)
    assert asked.children == [Node("media_conn")]
    connection = MediaConnection("word", 300, 60, ("a.whatsapp.net", "localhost:1"))
    answer = Node("iq", {"id": "1", "type": "result"}, [media.connection_node(connection)])
    assert media.parse_connection(decode(encode(answer))) == connection
    assert connection.life_s == 60
    assert "word" not in repr(connection)


@pytest.mark.parametrize(
    "answer",
    [
        Node("iq"),
        Node("iq", None, [Node("media_conn", {"auth": "a", "ttl": 1})]),
        Node("iq", None, [Node("media_conn", {"auth": "a"}, [Node("host", {"hostname": "h"})])]),
        Node("iq", None, [Node("media_conn", {"ttl": 1}, [Node("host", {"hostname": "h"})])]),
        Node("iq", None, [Node("media_conn", {"auth": "a", "ttl": 1}, [Node("host")])]),
    ],
)
def test_an_answer_that_lacks_something_is_refused(answer: Node) -> None:
    with pytest.raises(StanzaRefused):
        media.parse_connection(answer)


def test_a_word_for_uploads_lives_as_long_as_the_hosts_unless_told_otherwise() -> None:
    told = Node("media_conn", {"auth": "a", "ttl": 9}, [Node("host", {"hostname": "h"})])
    assert media.parse_connection(Node("iq", None, [told])).life_s == 9


# -- asking the phone


def test_baileys_asks_in_the_same_words() -> None:
    """What `encryptMediaRetryRequest` of Baileys 7.0.0-rc14 made for this key and id."""
    made = SealedRetry(
        bytes.fromhex("40e69240962240d3cfe7c31b59a6c176c9381cdac0dab440a2a89b5c756ae1cf28e622f11e62"),
        bytes.fromhex("433c7ee19d5dced1ed8825dc"),
    )
    open_request(KEY, ID, made)
    for key, id in ((bytes(32), ID), (KEY, "3EB0AA")):
        with pytest.raises(DecryptionFailed):
            open_request(key, id, made)


def test_a_request_that_names_another_message_is_refused() -> None:
    key, nonce = hkdf(KEY, b"WhatsApp Media Retry Notification", 32), bytes(12)
    for inside, is_right in ((ID, True), ("3EB0AA", False)):
        plaintext = ServerErrorReceipt(stanza_id=inside).SerializeToString()
        sealed = SealedRetry(aes_gcm_encrypt(key, nonce, plaintext, ID.encode()), nonce)
        with nullcontext() if is_right else pytest.raises(DecryptionFailed, match="another message"):
            open_request(KEY, ID, sealed)


def test_a_request_reaches_the_phone_whole() -> None:
    message = MediaMessage(ID, GROUP, True, ALICE)
    stanza = decode(encode(media.retry_receipt(ME, message, seal_request(KEY, ID))))
    assert {name: stanza.get(name) for name in ("id", "to", "type")} == {
        "id": ID,
        "to": "4917001@s.whatsapp.net",
        "type": "server-error",
    }
    about, sealed = media.parse_retry_receipt(stanza)
    assert about == message
    open_request(KEY, ID, sealed)
    direct = decode(encode(media.retry_receipt(ME, MediaMessage(ID, ALICE, False), seal_request(KEY, ID))))
    assert direct.require("rmr").attrs == {"jid": ALICE, "from_me": "false"}


@pytest.mark.parametrize("result", list(RetryResult))
def test_an_answer_comes_back_whole(result: RetryResult) -> None:
    path = "/v/new?oh=2" if result is RetryResult.SUCCESS else None
    sealed = seal_answer(KEY, ID, RetryAnswer(result, path))
    assert open_answer(KEY, ID, sealed) == RetryAnswer(result, path)
    message = MediaMessage(ID, ALICE, False)
    for answer in (sealed, result):
        head: dict[str, Attribute] = {"from": ME.bare, "id": ID, "t": 9, "type": "mediaretry"}
        stanza = Node("notification", head, media.retried_children(message, answer))
        assert parse_notification(decode(encode(stanza))).content == MediaRetried(message, answer)


def test_success_without_a_path_and_results_of_the_future_are_errors() -> None:
    assert open_answer(KEY, ID, seal_answer(KEY, ID, RetryAnswer(RetryResult.SUCCESS))).result == "general_error"
    assert MediaRetryNotification.FromString(b"\x18\x63").result == 99


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60), st.binary(max_size=14))
def test_a_forged_answer_is_refused(ciphertext: bytes, nonce: bytes) -> None:
    for read_it in (open_answer, open_request):
        with pytest.raises(DecryptionFailed):
            read_it(KEY, ID, SealedRetry(ciphertext, nonce))


@pytest.mark.parametrize(
    "children",
    [
        [],
        [Node("rmr", {"jid": ALICE})],
        [Node("rmr", {"jid": "text"}), Node("error", {"code": 2})],
        [Node("rmr", {"jid": ALICE}), Node("error")],
        [Node("rmr", {"jid": ALICE}), Node("encrypt")],
        [Node("rmr", {"jid": ALICE}), Node("encrypt", None, [Node("enc_p", None, b"1"), Node("enc_iv")])],
        [Node("error", {"code": 2})],
    ],
)
def test_an_incomplete_answer_is_refused(children: list[Node]) -> None:
    with pytest.raises(StanzaRefused):
        media.parse_retried(Node("notification", {"id": ID}, children))
