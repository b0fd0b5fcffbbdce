import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whatsapp_wire.errors import MalformedFrame
from whatsapp_wire.frames import MAX_FRAME, FrameReader, frame, split_prologue

PROLOGUE = b"WA\x06\x03"


def test_a_frame_is_a_length_and_a_body() -> None:
    assert frame(b"") == b"\0\0\0"
    assert frame(b"abc") == b"\0\0\x03abc"
    assert frame(bytes(0x012345))[:3] == b"\x01\x23\x45"


def test_the_longest_frame_passes_and_one_byte_more_does_not() -> None:
    longest = bytes(MAX_FRAME)
    assert FrameReader().feed(frame(longest)) == [longest]
    with pytest.raises(MalformedFrame):
        frame(longest + b"!")


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=8), st.data())
def test_bodies_come_back_wherever_the_stream_is_split(bodies: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(map(frame, bodies))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    reader = FrameReader()
    received = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        received += reader.feed(stream[start:end])
    assert received == bodies


def test_bodies_come_back_from_single_bytes_as_soon_as_they_are_complete() -> None:
    bodies = [b"", b"abc", b"", bytes(300)]
    reader = FrameReader()
    completed = [reader.feed(bytes((byte,))) for body in bodies for byte in frame(body)]
    assert [received for received in completed if received] == [[body] for body in bodies]
    assert completed[-1] == [bodies[-1]]


def test_a_long_frame_in_many_pieces_is_not_copied_again_for_each() -> None:
    stream = frame(bytes(MAX_FRAME))
    reader = FrameReader()
    received = [body for at in range(0, len(stream), 4096) for body in reader.feed(stream[at : at + 4096])]
    assert [len(body) for body in received] == [MAX_FRAME]


def test_the_prologue_is_split_off_once_it_is_complete() -> None:
    sent = PROLOGUE + frame(b"hello")
    assert [split_prologue(sent[:size]) for size in range(4)] == [None] * 4
    assert split_prologue(PROLOGUE) == (PROLOGUE, b"")
    assert split_prologue(sent) == (PROLOGUE, frame(b"hello"))


def test_a_routing_hint_before_the_prologue_is_dropped() -> None:
    hint = b"ED\x00\x01" + frame(b"WA-routing")
    sent = hint + PROLOGUE + frame(b"hello")
    assert all(split_prologue(sent[:size]) is None for size in range(4, len(hint) + 4))
    assert split_prologue(sent) == (PROLOGUE, frame(b"hello"))
