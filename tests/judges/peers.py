"""Starts and drives a judge: an unmodified neonize or Baileys client in a process of its own, over JSON lines."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from typing_extensions import override

from judges.client import Client
from judges.kinds import BY_NAME
from services.node import baileys_home, node
from wagate.domain.jid import STATUS_LIST
from whatsapp_emulator.whereabouts import Whereabouts, client_environment
from whatsapp_wire.message import Kind, parse, read
from whatsapp_wire.proto.message_pb2 import Message

_HERE = Path(__file__).parent
Event = dict[str, Any]

_LONGEST_LINE = 1 << 22
_PLAIN_FILES = ("image", "document")
"""What neonize sends without ffmpeg."""
_COMPLAINT = re.compile(r"WARN|ERROR|[Ee]rror")


class PeerRefused(Exception):
    """The client did not do what it was asked; the text says why, in its own words."""


class Peer(Client):
    """A running judge. ``seen`` keeps every event in order."""

    def __init__(self, phone: str, process: Process, log: Path) -> None:
        """Take over a process that was just started and that writes to a log."""
        self.phone = phone
        self._log = log
        self.seen: list[Event] = []
        self._process = process
        self._news = asyncio.Condition()
        self._tickets = count(1)
        self._asked: dict[int, asyncio.Future[Event]] = {}

    async def listen(self) -> None:
        """Collect events until the process ends."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            if line.startswith(b"@@"):
                await self._take(json.loads(line[2:]))
        await self._take({"event": "ended"})
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(PeerRefused(f"{self.phone} ended; it said {self.seen[-5:]}"))

    async def do(self, what: str, *, timeout_s: float = 90, **arguments: object) -> Event:
        """Have a command carried out and return what came of it. Raises PeerRefused, TimeoutError."""
        assert self._process.stdin is not None
        ticket = next(self._tickets)
        answer: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        self._asked[ticket] = answer
        self._process.stdin.write(json.dumps({"do": what, "ticket": ticket, **arguments}).encode() + b"\n")
        async with asyncio.timeout(timeout_s):
            return await answer

    async def wait(
        self, event: str, matches: Callable[[Event], bool] = lambda _: True, *, since: int = 0, timeout_s: float = 30
    ) -> Event:
        """The first event of a kind that fits, from a position in ``seen`` on; waits if it is not there yet."""
        async with asyncio.timeout(timeout_s), self._news:
            start = since
            while True:
                for candidate in self.seen[start:]:
                    if candidate["event"] == event and matches(candidate):
                        return candidate
                start = len(self.seen)
                if self.seen and self.seen[-1]["event"] == "ended":
                    raise PeerRefused(f"{self.phone} ended; it said {self.seen[-5:]}")
                await self._news.wait()

    @override
    async def qr_text(self) -> str:
        """The first QR code."""
        return str((await self.wait("qr"))["text"])

    @override
    async def pairing_code(self) -> str:
        """Ask for a code, once the connection is there (the first QR code shows that)."""
        await self.wait("qr")
        return str((await self.do("pairing_code", phone=self.phone))["code"])

    @override
    async def send(self, to: str, text: str) -> str:
        """Send a text and wait until the client says that it is sent. Raises PeerRefused."""
        return str((await self.do("send", to=to, text=text))["id"])

    @override
    async def mention(self, to: str, text: str, person: str) -> str:
        """Send a text; neonize finds the number in it by itself."""
        assert f"@{person}" in text
        return await self.send(to, text)

    @override
    async def reply(self, to: str, text: str, answered: str) -> str:
        """Answer a message that this client has shown."""
        return str((await self.do("reply", to=to, text=text, answered=answered))["id"])

    @override
    async def send_file(self, to: str, kind: str, path: Path, caption: str) -> str:
        """Send a file. Raises PeerRefused."""
        told = await self.do(f"send_{kind}", to=to, path=str(path), caption=caption, name=path.name)
        return str(told["id"])

    @override
    async def fetch(self, id: str) -> str:
        """Get a file. Raises PeerRefused."""
        return str((await self.do("fetch", id=id))["sha256"])

    @override
    async def shows_file(self, id: str) -> None:
        """Wait until a message with a file has been shown."""
        await self.file_from(id)

    async def file_from(self, id: str) -> Event:
        """Wait until a message with a file has been shown: its `kind` and `caption`."""
        return await self.wait("file", lambda event: event["id"] == id)

    async def mute(self, chat: str, until: int) -> None:
        """Mute a chat until a moment (ms since 1970), on all devices of the account (Baileys only). Raises PeerRefused.

        neonize has a call for it, which forgets the name of the collection.
        """
        await self.do("mute", chat=chat, until=until)

    async def rename(self, name: str) -> None:
        """Change the name that others see, on all devices of the account. Raises PeerRefused."""
        await self.do("rename", name=name)

    async def agreed(self, chat: str) -> Event:
        """What it read: `muted` (ms since 1970) and `archived` of a chat, the `names` of contacts, our `own` name."""
        return await self.do("agreed", chat=chat)

    async def ask_phone(self, id: str) -> None:
        """Have the phone upload the file of a message again (Baileys only: neonize has no call for it)."""
        await self.do("ask_phone", id=id)

    @override
    async def create_group(self, subject: str, people: list[str]) -> str:
        """Make a group."""
        return str((await self.do("create_group", subject=subject, people=people))["group"])

    @override
    async def change_group(self, group: str, action: str, person: str) -> None:
        """Change who is in a group, or as what."""
        await self.do("change_group", group=group, action=action, person=person)

    @override
    async def rename_group(self, group: str, subject: str) -> None:
        """Give a group another name."""
        await self.do("rename_group", group=group, subject=subject)

    @override
    async def leave_group(self, group: str) -> None:
        """Leave a group."""
        await self.do("leave_group", group=group)

    @override
    async def read(self, chat: str, id: str) -> None:
        """Mark a message as read."""
        await self.do("read", chat=chat, id=id)

    @override
    async def react(self, chat: str, id: str, emoji: str) -> str:
        """React to a message of the other person."""
        return await self._said("react", chat=chat, id=id, emoji=emoji)

    @override
    async def edit(self, chat: str, id: str, text: str) -> str:
        """Put another text in the place of one's own."""
        return await self._said("edit", chat=chat, id=id, text=text)

    @override
    async def revoke(self, chat: str, id: str) -> str:
        """Take one's own message back."""
        return await self._said("revoke", chat=chat, id=id)

    @override
    async def poll(self, to: str, question: str, options: Sequence[str]) -> str:
        """Ask a question with one answer."""
        return await self._said("poll", to=to, question=question, options=list(options))

    @override
    async def vote(self, chat: str, id: str, options: Sequence[str]) -> str:
        """Vote in a poll that this client has shown; Baileys cannot."""
        await self.wait("content", lambda event: event["id"] == id)
        return await self._said("vote", chat=chat, id=id, options=list(options))

    @override
    async def location(self, to: str, latitude: float, longitude: float, name: str) -> str:
        """Send a place."""
        return await self._said("location", to=to, latitude=latitude, longitude=longitude, name=name)

    @override
    async def contact(self, to: str, name: str, vcard: str) -> str:
        """Send a contact card."""
        return await self._said("contact", to=to, name=name, vcard=vcard)

    async def hears(self, id: str, how: str) -> None:
        """Wait until a message of its own is known as `delivered`, `read` or `played`."""
        await self.wait("proof", lambda event: (event["id"], event.get("how")) == (id, how))

    @override
    async def play(self, chat: str, id: str) -> None:
        """Tell the author of a voice note that it was played."""
        await self.do("read", chat=chat, id=id, played=True)

    @override
    async def look(self, id: str, author: str) -> None:
        """Tell the author of a status post that we have looked at it."""
        await self.do("read", chat=STATUS_LIST, id=id, author=author)

    @override
    async def set_timer(self, chat: str, seconds: int) -> None:
        """Have what is said in a chat disappear after so many seconds."""
        await self.do("set_timer", chat=chat, seconds=seconds)

    @override
    async def pin(self, chat: str, id: str, author: str | None, seconds: int) -> str:
        """Pin a message, its own (no author) or another's; for no seconds, pin it no longer. Returns the act's id."""
        key = {"remoteJid": chat, "id": id, "fromMe": author is None}
        if author is not None and author != chat:
            key["participant"] = author
        pinned = {"key": key, "type": 1 if seconds else 2, "senderTimestampMs": 1_795_000_000_000}
        fields = {"pinInChatMessage": pinned, "messageContextInfo": {"messageAddOnDurationInSecs": seconds}}
        content = {"pin": key, "type": pinned["type"], "time": seconds}
        return await self._said("say", to=chat, fields=fields, content=content)

    async def delete_of(self, group: str, id: str, author: str) -> str:
        """Take back what somebody else said in a group, as its admin; returns the act's id."""
        return await self._said("revoke", chat=group, id=id, author=author)

    @override
    async def post_status(self, kind: str, audience: Sequence[str]) -> str:
        """Post one of `kinds.KINDS` or `kinds.POSTS` as a status for these people; returns its id."""
        return await self.say_kind(kind, STATUS_LIST, audience=audience)

    @override
    async def say_kind(self, kind: str, to: str, audience: Sequence[str] = ()) -> str:
        """Send a kind of content, by the judge's own words for it where it has some. Raises PeerRefused."""
        made = BY_NAME[kind]
        given: dict[str, object] = {"fields": made.fields, "content": made.content}
        if audience:
            given["audience"] = list(audience)
        if made.file is not None:
            path = self._log.with_suffix(f".{made.file.medium}")
            await asyncio.to_thread(path.write_bytes, made.file.data)
            given |= {"path": str(path), "medium": made.file.medium, "part": made.part}
        return await self._said("say", to=to, **given)

    async def is_seen_once(self, id: str) -> bool:
        """Whether this client says of a message that it is to be seen once (neonize only; it takes the wrapper off)."""
        return bool((await self.wait("content", lambda event: event["id"] == id)).get("once"))

    async def content(self, id: str) -> tuple[Message, list[bytes]]:
        """What a message says as this client decrypted it, and the hashes of the options if it is a vote."""
        event = await self.wait("content", lambda event: event["id"] == id and not _is_only_a_key(event["raw"]))
        return parse(bytes.fromhex(event["raw"])), [bytes.fromhex(digest) for digest in event["vote"]]

    async def _said(self, what: str, **arguments: Any) -> str:
        return str((await self.do(what, **arguments))["id"])

    @override
    async def with_people(self, what: str, **given: object) -> dict[str, Any]:
        """Do something with people."""
        arguments: dict[str, Any] = given
        return await self.do("people", act=what, **arguments)

    @override
    async def log_out(self) -> None:
        """Unlink this device."""
        await self.do("log_out")

    @override
    async def shows(self, text: str) -> None:
        """Wait for a text."""
        await self.wait("message", lambda event: event["text"] == text and not event["from_me"])

    @override
    async def shown(self) -> list[tuple[str, str]]:
        """The messages from contacts that this client has shown."""
        return [
            (event["id"], event["text"]) for event in self.seen if event["event"] == "message" and not event["from_me"]
        ]

    def complaints(self) -> str:
        """What the client's own log warns of, for whoever has to find out why it did something."""
        lines = self._log.read_text(errors="replace").splitlines()
        return "\n".join(line for line in lines if _COMPLAINT.search(line))

    async def _take(self, event: Event) -> None:
        if event["event"] == "answer":
            asked = self._asked.pop(event["ticket"])
            if asked.done():
                return
            if "refused" in event:
                asked.set_exception(PeerRefused(event["refused"]))
            else:
                asked.set_result(event)
            return
        async with self._news:
            self.seen.append(event)
            self._news.notify_all()


def _is_only_a_key(raw: str) -> bool:
    """Whether a message is a sender key alone, which neonize tells of before the message that it came with."""
    return read(parse(bytes.fromhex(raw))).kind is Kind.SENDER_KEY


@dataclass(frozen=True, slots=True)
class Judge:
    """An unmodified client, ready to be started as the companion of a phone number.

    A second start for one number goes on where the first ended. ``awaits_acks``: what it calls sent the network has,
    so that nothing may get lost when its own connection is cut. ``pause_s``: how long to wait at most between texts,
    for a client that damages its own sessions when much goes on at once. ``files`` are the kinds that it can send.
    """

    name: str
    open: Callable[[str], AbstractAsyncContextManager[Peer]]
    awaits_acks: bool
    pause_s: float
    files: tuple[str, ...]


def neonize(emulator: Whereabouts, folder: Path) -> Judge:
    """whatsmeow in Python's clothes; it finds the emulator by its environment, which Go reads at exec."""
    path = os.pathsep.join([str(_HERE.parent), str(_HERE.parents[1] / "src")])
    environment = {**client_environment(emulator), "PYTHONPATH": path}
    launch = [sys.executable, "-m", "whatsapp_emulator.launch", "--root", emulator.root_key, "--"]

    def opened(phone: str) -> AbstractAsyncContextManager[Peer]:
        database = str(folder / f"{phone}.db")
        return _running(phone, [*launch, "judges.neonize_driver", phone, database], environment, folder)

    return Judge("neonize", opened, awaits_acks=True, pause_s=0.02, files=_PLAIN_FILES)


def baileys(emulator: Whereabouts, folder: Path) -> Judge:
    """Baileys, on the Node.js of the wheel. Raises NoNode."""
    driver = [str(node().binary), str(_HERE / "baileys" / "driver.mjs"), emulator.plain_url, emulator.root_key]
    modules, environment = str(baileys_home()), {**os.environ, "NODE_EXTRA_CA_CERTS": emulator.ca_file}

    def opened(phone: str) -> AbstractAsyncContextManager[Peer]:
        return _running(phone, [*driver, str(folder / f"baileys-{phone}"), modules], environment, folder)

    return Judge("baileys", opened, awaits_acks=False, pause_s=0.08, files=(*_PLAIN_FILES, "video", "audio", "sticker"))


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for what a judge keeps, in memory where the system has such a place.

    neonize commits each of its 812 prekeys by itself, which takes many seconds on a busy disk and proves nothing.
    """
    memory = Path("/dev/shm")
    place = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="wagate-judge-", dir=place) as folder:
        yield Path(folder)


JUDGES: Mapping[str, Callable[[Whereabouts, Path], Judge]] = {"neonize": neonize, "baileys": baileys}


@asynccontextmanager
async def _running(phone: str, command: list[str], environment: Mapping[str, str], folder: Path) -> AsyncIterator[Peer]:
    path = folder / f"{phone}.log"
    with path.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, stderr=log, env=dict(environment), limit=_LONGEST_LINE
        )
        peer = Peer(phone, process, path)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(peer.listen())
            try:
                yield peer
            finally:
                if process.returncode is None:
                    process.kill()
                await process.wait()
