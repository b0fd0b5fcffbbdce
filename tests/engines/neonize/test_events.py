"""neonize's own events, as its protobuf has them, in the words of the link."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from engines.neonize.desk import TESTS
from engines.neonize.letters import text_in


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """How each of them is read, by a process that has neonize."""
    path = os.pathsep.join([str(TESTS), str(TESTS.parent / "src")])
    command = [sys.executable, "-m", "engines.neonize.events_report"]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("@@")]
    assert lines, done.stderr
    read: dict[str, Any] = json.loads(lines[0][2:])
    return read


def test_a_message_has_its_writer_under_both_addresses(told: dict[str, Any]) -> None:
    kind, text = told["text"]
    assert kind == "Arrived"
    assert (text["wa_id"], text_in(text["body"]), text["kind"], text["timestamp"]) == ("3EB0", "hi", "conversation", 5)
    assert (text["chat"], text["sender"], text["from_me"]) == ("222@lid", "222@lid", False)
    assert text["sender_alt"] == text["chat_alt"] == "5522@s.whatsapp.net"
    assert (text["push_name"], text["view_once"], text["by_admin"]) == ("Other", False, False)


def test_chats_are_told_apart_from_their_writers(told: dict[str, Any]) -> None:
    _, mine = told["mine"]
    assert (mine["from_me"], mine["chat"], mine["chat_alt"]) == (True, "222@lid", "5522@s.whatsapp.net")
    _, group = told["group"]
    assert (group["chat"], group["sender"], group["chat_alt"]) == ("9@g.us", "222@lid", "")
    assert group["sender_alt"] == "5522@s.whatsapp.net"


@pytest.mark.parametrize(
    ("name", "kind"), [("image", "image"), ("reaction", "reaction"), ("unheard", "request_phone_number")]
)
def test_what_it_holds_has_its_name(told: dict[str, Any], name: str, kind: str) -> None:
    assert (told[name][0], told[name][1]["kind"]) == ("Arrived", kind)


def test_what_the_stanza_and_its_wrappers_said_comes_along(told: dict[str, Any]) -> None:
    assert (told["once"][1]["view_once"], told["once"][1]["by_admin"]) == (True, False)
    assert (told["admins"][1]["view_once"], told["admins"][1]["by_admin"]) == (False, True)


def test_what_fits_no_frame_comes_without_its_plaintext(told: dict[str, Any]) -> None:
    assert (told["huge"][0], told["huge"][1]["body"], told["huge"][1]["kind"]) == ("Arrived", "", "conversation")


@pytest.mark.parametrize("name", ["key_share", "group_key", "empty", "sender", "unchanged", "nowhere"])
def test_what_is_for_no_human_means_nothing(told: dict[str, Any], name: str) -> None:
    assert told[name] == ["Nothing", {}]


def test_what_was_read_on_our_phone_is_told(told: dict[str, Any]) -> None:
    for name in ("read_self", "read_by_us"):
        assert told[name] == ["ReadByUs", {"wa_ids": ["A", "B"], "chat": "222@lid"}]


@pytest.mark.parametrize("name", ["garbage", "cut", "nobodys", "crowd"])
def test_what_cannot_be_read_is_said_to_be_so(told: dict[str, Any], name: str) -> None:
    assert told[name][0] == "EventUnreadable"


@pytest.mark.parametrize("kind", ["delivered", "read", "played", "retry"])
def test_receipts_say_how_far_a_message_got(told: dict[str, Any], kind: str) -> None:
    receipt = {"kind": kind, "wa_ids": ["A", "B"], "chat": "222@lid", "by": "222@lid", "timestamp": 9}
    assert told[kind] == ["Receipt", receipt]


def test_the_rest_of_what_is_kept(told: dict[str, Any]) -> None:
    unreadable = {"wa_id": "3EB0", "chat": "222@lid", "sender": "222@lid", "timestamp": 5}
    assert told["undecryptable"] == ["Unreadable", unreadable]
    device = {"device": "5511:4@s.whatsapp.net", "lid": "111@lid", "name": "Me", "platform": "android"}
    assert told["device"] == ["Linked", device]


def test_groups_are_told(told: dict[str, Any]) -> None:
    kind, entered = told["entered"]
    assert kind == "GroupEntered"
    assert (entered["by"], entered["by_alt"]) == ("222@lid", "5522@s.whatsapp.net")
    group = entered["group"]
    assert (group["jid"], group["subject"], group["description"], group["owner"]) == ("9@g.us", "Sales", "", "222@lid")
    assert (group["announce"], group["locked"], group["timer"]) == (True, False, 0)
    assert [(one["jid"], one["alt"], one["role"]) for one in group["members"]] == [
        ("222@lid", "5522@s.whatsapp.net", "owner"),
        ("111@lid", "", "member"),
    ]
    kind, changed = told["changed"]
    assert (kind, changed["group"], changed["by"], changed["timestamp"]) == ("GroupEvent", "9@g.us", "222@lid", 9)
    assert [(note["what"], note["text"], note["people"]) for note in changed["changes"]] == [
        ("subject", "Sales 2", []),
        ("description", "", []),
        ("lock", "on", []),
        ("announce", "off", []),
        ("timer", "60", []),
        ("link", "", []),
        ("add", "", ["333@lid"]),
        ("remove", "", ["444@lid"]),
        ("end", "", []),
    ]


def test_pictures_and_blocking_are_told(told: dict[str, Any]) -> None:
    shown = {"subject": "222@lid", "by": "", "timestamp": 9, "is_removed": False}
    assert told["shown"] == ["PictureNews", shown]
    assert told["groups_picture"] == [
        "PictureNews",
        {"subject": "9@g.us", "by": "222@lid", "timestamp": 9, "is_removed": True},
    ]
    assert told["nobodys_picture"][0] == "Nothing"
    changes = [{"person": "222@lid", "is_blocked": blocked} for blocked in (True, False)]
    assert told["blocked"] == ["BlocklistNews", {"changes": changes}]
    assert told["other_list"] == ["BlocklistNews", {"changes": []}]


def test_calls_are_told(told: dict[str, Any]) -> None:
    steps = {name: told[name][1] for name in ("rang", "offline_rang", "answered", "gave_up")}
    assert {(one["call"], one["creator"], one["creator_alt"], one["timestamp"]) for one in steps.values()} == {
        ("C1", "222@lid", "5522@s.whatsapp.net", 9)
    }
    assert [one["step"] for one in steps.values()] == ["offer", "offer", "accept", "terminate"]
    assert [one["is_video"] for one in steps.values()] == [True, False, False, False]
    assert [one["is_offline"] for one in steps.values()] == [False, True, False, False]
    assert [one["group"] for one in steps.values()] == ["", "9@g.us", "", ""]
    assert steps["gave_up"]["reason"] == "timeout"
    assert told["nobody_rang"][0] == "EventUnreadable"


def test_who_is_there_is_told(told: dict[str, Any]) -> None:
    writes = {"person": "222@lid", "alt": "5522@s.whatsapp.net", "chat": "222@lid", "last_seen": 0}
    for name, whereabouts in (("writes", "composing"), ("records", "recording"), ("stopped", "paused")):
        assert told[f"seen_{name}"] == {**writes, "whereabouts": whereabouts}
    assert told["seen_we_write"] is None
    there = {"person": "222@lid", "alt": "", "chat": "", "last_seen": 0}
    assert told["seen_online"] == {**there, "whereabouts": "online"}
    assert told["seen_gone"] == {**there, "whereabouts": "offline", "last_seen": 9}
    assert told["seen_hidden"] == {**there, "whereabouts": "offline"}


def test_what_is_about_the_line(told: dict[str, Any]) -> None:
    assert told["line_connected"]["what"] == "connected"
    assert told["line_banned"] == {"what": "banned", "code": 1, "detail": "send to too many people, for 60 s"}
    assert (told["line_removed"]["what"], told["line_removed"]["code"]) == ("removed", 2)
    assert (told["line_refused"]["what"], told["line_refused"]["code"]) == ("refused", 4)
    assert told["line_replaced"]["what"] == "replaced"
    assert told["line_outdated"]["what"] == "outdated"
    assert told["line_disconnected"]["what"] == "disconnected"
    assert told["line_nothing"] is None
