"""A worker whose library follows a script instead of a network: for faults that nobody can order from neonize.

The script is JSON in the variable SCRIPT: ``device`` (what is in whatsmeow's file, or nothing), ``run`` (steps that a
line takes once it connects) and ``sends`` (by a message's text: the error, or one of the words below).
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from typing_extensions import override

from engines.neonize.letters import body_of, text_in
from wagate.adapters.engines.neonize.link.messages import (
    Arrived,
    Ask,
    Event,
    GroupMember,
    GroupTold,
    LineEvent,
    Linked,
    Nothing,
    Post,
    Shipped,
)
from wagate.adapters.engines.neonize.link.people import CallNews, PersonTold, PresenceTold
from wagate.adapters.engines.neonize.worker.__main__ import main
from wagate.adapters.engines.neonize.worker.line import (
    CALL_OFFER,
    DEVICE,
    KEPT,
    MESSAGE,
    PRESENCE,
    Accepted,
    EventUnreadable,
    InGroups,
    Library,
    Line,
    Listener,
    Refused,
    WithPeople,
)
from whatsapp_wire.media.kinds import MediaKind
from whatsapp_wire.media.sealing import MediaSealer

SCRIPT: Final[dict[str, Any]] = json.loads(os.environ.get("SCRIPT", "{}"))
DEVICE_JID: Final = "5511900000001:1@s.whatsapp.net"
OTHER_LID: Final = "222@lid"

TABLES: Final = """
    CREATE TABLE IF NOT EXISTS whatsmeow_device (jid TEXT);
    CREATE TABLE IF NOT EXISTS whatsmeow_message_secrets (message_id TEXT, key BLOB);
"""


def whatsmeow(database: str) -> sqlite3.Connection:
    return sqlite3.connect(database, timeout=5)


class ScriptedLine(Line):
    """Does as the script says."""

    def __init__(self, database: str, listener: Listener) -> None:
        self._database = database
        self._listener = listener
        self._stopped = threading.Event()
        with closing(whatsmeow(database)) as file:
            file.executescript(TABLES)

    @override
    def run(self, proxy: str) -> str:
        for what, *rest in SCRIPT.get("run", [["connected"]]):
            if what == "return":
                return str(rest[0])
            self._step(what, *rest)
        self._stopped.wait()
        return ""

    def _step(self, what: str, *rest: Any) -> None:
        heard = self._listener
        steps: dict[str, Callable[..., None]] = {
            "event": lambda kind, value: heard.on_event(kind, value.encode()),
            "qr": heard.on_qr,
            "qr_end": heard.on_pairing_end,
            "log": lambda level, text: heard.on_log(level, "Client", text),
            "print": _print,
            "linked": self._link,
            "flood": self._flood,
            "abort": _abort,
            "wait_for": self._wait_for,
        }
        if what in steps:
            steps[what](*rest)
        else:
            heard.on_event(99, json.dumps({"what": what}).encode())

    def _link(self) -> None:
        with closing(whatsmeow(self._database)) as file, file:
            file.execute("DELETE FROM whatsmeow_device")
            file.execute("INSERT INTO whatsmeow_device VALUES (?)", (DEVICE_JID,))
        self._listener.on_event(DEVICE, b"{}")

    def _flood(self, count: int, size: int) -> None:
        for n in range(count):
            self._listener.on_event(MESSAGE, json.dumps({"id": f"{n}", "text": "x" * size}).encode())

    def _wait_for(self, name: str) -> None:
        while not Path(name).exists():
            self._stopped.wait(0.01)

    @override
    def disconnect(self) -> None:
        self._stopped.set()

    @override
    def send(self, post: Post) -> Accepted:
        text = text_in(post.body) or ""
        outcome = SCRIPT.get("sends", {}).get(text, "")
        id = f"3EB0{post.message}"
        if outcome == "untagged":
            self._listener.on_log(
                "WARN", "Client", f"Failed to store message secret key for outgoing message {id}: full"
            )
            os.abort()
        with closing(whatsmeow(self._database)) as file, file:
            file.execute("INSERT INTO whatsmeow_message_secrets VALUES (?, ?)", (id, bytes.fromhex(post.tag)))
        match outcome:
            case "abort":
                os.abort()
            case "hang":
                self._stopped.wait()
            case "unreached":
                self._listener.on_log("WARN", "Client", f"Failed to encrypt {id} for 222:0@lid: no signal session")
            case "wait":
                self._wait_for("go")
            case "once":
                if not Path("failed").exists():
                    Path("failed").touch()
                    raise Refused("websocket not connected")
            case "":
                pass
            case error:
                raise Refused(error)
        with Path("sent").open("a") as sent:
            sent.write(text + "\n")
        return Accepted(id, 1_700_000_000)

    @override
    def reaches(self, recipient: str, failed: frozenset[str]) -> bool:
        return "222:0@lid" not in failed

    @override
    def knows(self, phone: str) -> bool:
        return True

    @override
    def pairing_code(self, phone: str) -> str:
        return "ABCD-EFGH"

    @override
    def in_manners(self, ask: Ask) -> None:
        raise Refused("websocket not connected")

    @override
    def show_typing(self, chat: str, activity: str) -> None:
        raise Refused("websocket not connected")

    @override
    def in_groups(self, ask: Ask) -> InGroups:
        return groups_of(ask, SCRIPT.get("groups", 0))

    @override
    def with_people(self, ask: Ask) -> WithPeople:
        """The word for an errand is an error; no word is no answer. Who is watched is ``seen`` before the answer."""
        with Path("asked").open("a") as asked:
            asked.write(f"{ask.what} {ask.subject} {ask.text}\n")
        if ask.what == "identify" and "seen" in SCRIPT:
            return WithPeople(people=(PersonTold(OTHER_LID, ask.subject),))
        if ask.what == "watch" and "seen" in SCRIPT:
            self._listener.on_event(PRESENCE, SCRIPT["seen"].encode())
            self._wait_for("go")
            return WithPeople()
        raise Refused(SCRIPT.get("people", {}).get(ask.what, "info query returned status 406: not-acceptable"))

    @override
    def upload(self, file: Path, kind: str) -> Shipped:
        """The word for uploads is an error, or what to do with one."""
        content, word = file.read_bytes(), SCRIPT.get("upload", "")
        with Path("uploaded").open("a") as uploaded:
            uploaded.write(f"{kind} {len(content)}\n")
        match word:
            case "abort":
                _abort()
            case "wait":
                self._wait_for("go")
            case "hang":
                self._stopped.wait()
            case "other":
                content = b"other"
            case "":
                pass
            case error:
                raise Refused(error)
        return shipped_of(content, kind)

    @override
    def log_out(self) -> None:
        raise Refused("info query timed out")


def shipped_of(content: bytes, kind: str) -> Shipped:
    """What a host would say."""
    key = bytes(32)
    sealer = MediaSealer(key, MediaKind(kind))
    sealer.update(content)
    sealed = sealer.finish()[1]
    return Shipped("", "/v/t62/a", key.hex(), sealed.sha256.hex(), sealed.enc_sha256.hex(), len(content))


def groups_of(ask: Ask, count: int) -> InGroups:
    """So many groups, each of so many people that not all fit a frame."""
    if ask.what != "groups":
        raise Refused("info query returned status 403: forbidden")
    people = tuple(GroupMember(f"{n}@lid", f"55119{n}@s.whatsapp.net") for n in range(1_000))
    return InGroups(
        groups=tuple(GroupTold(f"{n}@g.us", f"Group {n}", "", "", "", 5, False, False, 0, people) for n in range(count))
    )


def _print(text: str) -> None:
    os.write(1, text.encode() + b"\n")


def _abort() -> None:
    os.write(2, b"fatal error: concurrent map read and map write\n")
    os.abort()


class ScriptedLibrary(Library):
    """Events are JSON."""

    @override
    def open(self, database: str, device_name: str, platform: str, listener: Listener, history: str) -> Line:
        return ScriptedLine(database, listener)

    @override
    def read_kept(self, kind: int, value: bytes, *, offline: bool) -> Event:
        assert kind in KEPT
        try:
            told = json.loads(value)
        except ValueError as error:
            raise EventUnreadable("no JSON") from error
        if kind == DEVICE:
            return Linked(DEVICE_JID, "111@lid", "", "android")
        if kind == CALL_OFFER:
            return CallNews("offer", told, OTHER_LID, "", "", round(time.time()), False, offline)
        if kind != MESSAGE or not told:
            return Nothing()
        return Arrived(told["id"], OTHER_LID, OTHER_LID, False, 5, body_of(told["text"]), offline=offline)

    @override
    def read_seen(self, kind: int, value: bytes) -> PresenceTold | None:
        return PresenceTold(OTHER_LID, "", value.decode()) if value else None

    @override
    def read_line(self, kind: int, value: bytes) -> LineEvent | None:
        if kind != 99:
            return None
        told = json.loads(value)
        return LineEvent(told["what"], told.get("code", 0), told.get("detail", ""))


def library() -> Library:
    if SCRIPT.get("missing"):
        raise ImportError("No module named 'neonize'")
    device = SCRIPT.get("device")
    if device is not None and not Path("device.db").exists():
        with closing(whatsmeow("device.db")) as file, file:
            file.executescript(TABLES)
            file.executemany("INSERT INTO whatsmeow_device VALUES (?)", [(jid,) for jid in device])
    return ScriptedLibrary()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], library))
