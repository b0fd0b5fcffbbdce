"""The language between gateway and worker: what is said arrives as it was said, and nothing else gets through."""

import json
import random
from pathlib import Path

import pytest

from wagate.adapters.engines.neonize.link import messages
from wagate.adapters.engines.neonize.link.frames import (
    MAX_FRAME,
    PREFIX,
    LinkBroken,
    decode,
    decode_event,
    encode,
    encode_event,
    length_of,
)
from wagate.adapters.engines.neonize.link.messages import (
    Arrived,
    Begin,
    Entry,
    Found,
    Hello,
    Message,
    Post,
    QrCode,
    Recall,
    Recalled,
    SendEnded,
    Sent,
)
from wagate.adapters.engines.neonize.link.tokens import Door, read_token

MEMBER = messages.GroupMember("1@lid", "2@s.whatsapp.net", "admin")
GROUP = messages.GroupTold("9@g.us", "Sales", "", "3@lid", "", 5, True, False, 60, (MEMBER,))
CAME = messages.GroupNote("add", people=("1@lid", "2@lid"))
SAID: list[Message] = [
    Hello(1, "token", "spool", 7),
    Begin("1:2@s.whatsapp.net", "", "wagate", "chrome"),
    Recall((Sent("msg_1", "00"), Sent("msg_2", "ff"))),
    Recalled((Found("msg_1", "noted", "3EB0"), Found("msg_2", "absent"))),
    Post("msg_1", "00", "1@lid", "ünï \x00 \ud83d text"),
    Entry(3, Arrived("3EB0", "1@lid", "1@lid", False, 5, "text", "kind", by_admin=True)),
    Entry(4, SendEnded("msg_1", error="no")),
    Entry(5, messages.GroupEntered(GROUP, "3@lid")),
    Entry(6, messages.GroupEvent("9@g.us", "3@lid", 5, "invite", (CAME,))),
    messages.Answer(1, "code", "", (GROUP, GROUP), GROUP.members, more=True),
    messages.Stop(),
]


@pytest.mark.parametrize("message", SAID, ids=lambda message: type(message).__name__)
def test_what_is_said_arrives(message: Message) -> None:
    frame = encode(message)
    assert length_of(frame[:PREFIX]) == len(frame) - PREFIX
    assert decode(frame[PREFIX:]) == message


def test_an_event_is_kept_as_it_is() -> None:
    event = SendEnded("msg_1", "3EB0", 5)
    assert decode_event(encode_event(event)) == event


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b'["Stop"]',
        b'["Stop",[]]',
        b'["Stop",{"more":1}]',
        b'["Nobody",{}]',
        b'["Ping",{}]',
        b'["Ping",{"number":"1"}]',
        b'["Ping",{"number":true}]',
        b'["Ping",{"number":1.5}]',
        b'["Committed",{"number":null}]',
        b'["Entry",{"number":1,"event":{}}]',
        b'["Recall",{"sends":{}}]',
        b'["Recall",{"sends":[{"message":1,"tag":""}]}]',
        b"[" * 100_000,
    ],
    ids=lambda body: body[:40].decode(errors="replace"),
)
def test_anything_else_breaks_the_link(body: bytes) -> None:
    with pytest.raises(LinkBroken):
        decode(body)


def test_mutilated_frames_break_the_link_and_nothing_else() -> None:
    dice = random.Random(11)
    for _ in range(3000):
        body = bytearray(encode(dice.choice(SAID))[PREFIX:])
        for _ in range(dice.randrange(1, 4)):
            body[dice.randrange(len(body))] = dice.randrange(256)
        try:
            decode(bytes(body))
        except LinkBroken:
            continue


def test_a_frame_has_a_limit() -> None:
    with pytest.raises(LinkBroken):
        encode(Post("msg_1", "00", "1@lid", "x" * MAX_FRAME))
    with pytest.raises(LinkBroken):
        length_of((MAX_FRAME + 1).to_bytes(PREFIX, "big"))


def test_no_secret_is_in_what_a_message_looks_like() -> None:
    said: list[Message] = [Hello(1, "SECRET", "", 0), Begin("", "http://u:SECRET@h", "", ""), QrCode("SECRET", 0)]
    said_more: list[object] = [Post("m", "SECRET", "t", "SECRET"), Sent("m", "SECRET"), messages.Answer(1, "SECRET")]
    assert "SECRET" not in repr([*said, *said_more])
    assert "SECRET" in json.dumps(encode(said[0]).decode("latin-1"))


def test_a_token_opens_the_door_once(tmp_path: Path) -> None:
    door = Door(tmp_path)
    first = read_token(tmp_path)
    assert not door.opens_for("")
    assert not door.opens_for(first[:-1] + ("0" if first[-1] != "0" else "1"))
    assert door.opens_for(first)
    assert not door.opens_for(first)
    assert door.opens_for(read_token(tmp_path))
    assert (tmp_path / "token").stat().st_mode & 0o077 == 0


def test_without_a_worker_there_is_no_token(tmp_path: Path) -> None:
    with pytest.raises(LinkBroken):
        read_token(tmp_path)
