"""Histories as they are inflated: every cut, bombs, and whatever else somebody may send."""

from __future__ import annotations

import tracemalloc
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp_wire.errors import StanzaRefused
from whatsapp_wire.history.notices import HistoryKind, HistoryNotice, OlderWanted, parse_notice, parse_wish
from whatsapp_wire.history.reading import HistoryReader, MalformedHistory, ToldMessage, ToldPart
from whatsapp_wire.jid import Jid
from whatsapp_wire.media.content import MediaFile
from whatsapp_wire.media.kinds import MediaKind
from whatsapp_wire.media.opening import MediaSecret
from whatsapp_wire.proto.history_pb2 import Conversation, HistorySync, Pushname

ANA = "1555@s.whatsapp.net"


def history(chats: int = 3, messages: int = 4) -> HistorySync:
    sync = HistorySync(sync_type=HistorySync.RECENT, progress=40)
    for chat in range(chats):
        told = sync.conversations.add(id=f"{chat}@s.whatsapp.net", unread_count=chat, name=f"chat {chat}")
        for number in range(messages):
            info = told.messages.add().message
            info.key.id, info.message.conversation = f"A{chat}-{number}", "words " * number
            info.message_timestamp = 1_700_000_000 + number
    sync.pushnames.add(id=ANA, pushname="Ana")
    sync.phone_number_to_lid_mappings.add(pn_jid=ANA, lid_jid="7@lid")
    return sync


def read(deflated: bytes, piece: int = 1 << 20, **limits: int) -> list[ToldPart]:
    reader = HistoryReader(**limits)
    parts = [part for at in range(0, len(deflated), piece) for part in reader.feed(deflated[at : at + piece])]
    reader.finish()
    return parts


@given(st.integers(1, 80))
def test_a_history_reads_the_same_however_it_is_cut(piece: int) -> None:
    sync = history()
    parts = read(zlib.compress(sync.SerializeToString()), piece)
    messages = [part for part in parts if isinstance(part, ToldMessage)]
    assert [part.message.key.id for part in messages] == [
        told.message.key.id for chat in sync.conversations for told in chat.messages
    ]
    assert {part.chat for part in messages} == {chat.id for chat in sync.conversations}
    chats = [part for part in parts if isinstance(part, Conversation)]
    assert [(chat.id, chat.name, chat.unread_count) for chat in chats] == [
        (chat.id, chat.name, chat.unread_count) for chat in sync.conversations
    ]
    assert [part.pushname for part in parts if isinstance(part, Pushname)] == ["Ana"]


@given(st.binary(max_size=200), st.integers(0, 400))
def test_no_bytes_do_more_than_be_refused(noise: bytes, at: int) -> None:
    raw = history().SerializeToString()
    for content in (noise, raw[: at % len(raw)] + noise + raw[at % len(raw) :]):
        for deflated in (content, zlib.compress(content)):
            with suppress(MalformedHistory):
                read(deflated)


@pytest.mark.parametrize("cut", [1, 10, 100])
def test_a_history_that_is_cut_short_is_refused(cut: int) -> None:
    whole = history().SerializeToString()
    with pytest.raises(MalformedHistory):
        read(zlib.compress(whole)[:-cut])
    with pytest.raises(MalformedHistory):
        read(zlib.compress(whole[:-cut]))


def test_a_bomb_is_refused_without_being_held() -> None:
    sync = HistorySync()
    sync.conversations.add(id=ANA).messages.add().message.message.conversation = "x" * (8 << 20)
    deflated = zlib.compress(sync.SerializeToString(), 9)
    del sync
    tracemalloc.start()
    with pytest.raises(MalformedHistory):
        read(deflated, largest=4 << 20)
    assert tracemalloc.get_traced_memory()[1] < 2 << 20
    tracemalloc.stop()


def test_a_part_that_is_too_large_is_passed_over_and_what_follows_is_read() -> None:
    sync = history(chats=1, messages=2)
    sync.conversations[0].messages[0].message.message.conversation = "x" * 5000
    reader = HistoryReader(largest_part=1000)
    parts = list(reader.feed(zlib.compress(sync.SerializeToString())))
    reader.finish()
    assert reader.skipped == 1
    assert [part.message.key.id for part in parts if isinstance(part, ToldMessage)] == ["A0-1"]


def test_a_large_history_is_never_held_as_a_whole() -> None:
    one = history(chats=1, messages=500).conversations[0].SerializeToString()
    whole = HistorySync()
    for _ in range(12):
        whole.conversations.append(Conversation.FromString(one))
    deflated = zlib.compress(whole.SerializeToString())
    del whole
    tracemalloc.start()
    reader, count = HistoryReader(), 0
    for at in range(0, len(deflated), 65536):
        for part in reader.feed(deflated[at : at + 65536]):
            count += isinstance(part, ToldMessage)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 6_000
    assert peak < 1 << 20


def test_notices_and_wishes_read_as_they_were_written() -> None:
    secret = MediaSecret(MediaKind.HISTORY, b"k" * 32, b"a" * 32, b"b" * 32, 77)
    for notice in (
        HistoryNotice(HistoryKind.BOOTSTRAP, 1, 30, inline=b"deflated"),
        HistoryNotice(HistoryKind.ON_DEMAND, file=MediaFile(secret, "/v/1"), request="3EB0"),
    ):
        told = notice.message().protocol_message.history_sync_notification
        assert parse_notice(told) == notice
    wish = OlderWanted(Jid(ANA), "3EB0", oldest_from_me=True, oldest_at_ms=1_700_000_000_000, count=50)
    assert parse_wish(wish.message().protocol_message) == wish
    with pytest.raises(StanzaRefused):
        parse_notice(b"\xff")
