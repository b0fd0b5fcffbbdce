"""Our own engine as a client under test: driven through its port, with a vault in memory, and no gateway around it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from typing_extensions import override

from contracts.kept import Files
from judges.client import Client
from judges.kinds import BY_NAME
from judges.native_people import with_people
from wagate.adapters.engines.native import NativeEngine
from wagate.adapters.engines.native.connection import NativeConnection
from wagate.adapters.vault.memory import MemoryStorage
from wagate.domain.acts import Edit, Pin, PollVote, Reaction, Revocation, Said, Target
from wagate.domain.content import (
    PLAIN_CONTEXT,
    Attached,
    Audio,
    Captioned,
    Card,
    Contacts,
    Context,
    Document,
    Image,
    Location,
    Poll,
    Quoted,
    Sticker,
    Text,
    Video,
)
from wagate.domain.ids import MessageId, SessionId, wa_id
from wagate.domain.jid import STATUS_LIST, Jid
from wagate.domain.looks import Look
from wagate.domain.media import MediaKind
from wagate.domain.people import GroupEdit, MembersAction, NewGroup
from wagate.domain.session import FINAL, SessionState
from wagate.ports.abilities import LogsOut, ManagesGroups, MarksRead, Oldest, PairsDevices
from wagate.ports.device import LinkedDevice
from wagate.ports.engine import Connection, Line, NotSent, Outgoing
from wagate.ports.news import DurableNews, LineNews, MessageArrived, QrShown, SendAccepted, StateChanged
from whatsapp_emulator.whereabouts import Whereabouts

_T = TypeVar("_T")

_PATIENCE_S = 30.0
_MIMETYPES = {
    "image": "image/png",
    "video": "video/mp4",
    "audio": "audio/ogg; codecs=opus",
    "document": "application/octet-stream",
    "sticker": "image/webp",
}

_CONTENTS: dict[str, Attached] = {
    "image": Image(),
    "video": Video(),
    "audio": Audio(),
    "document": Document(),
    "sticker": Sticker(),
}


class NativeClient(Client):
    """One line of the engine, and everything that it told."""

    def __init__(self, phone: str) -> None:
        """Made by `NativeClients.open`."""
        self.phone = phone
        self.files = Files()
        self.told: list[LineNews] = []
        self.committed: list[DurableNews] = []
        self.connection: Connection | None = None
        self._news = asyncio.Event()

    @property
    def accepted(self) -> set[str]:
        """The ids of the messages that the network took."""
        return {news.wa_id for news in self.committed if isinstance(news, SendAccepted)}

    def of_kind(self, kind: type[_T]) -> list[_T]:
        """All durable news of a kind."""
        return [news for news in self.committed if isinstance(news, kind)]

    @property
    def arrived(self) -> list[MessageArrived]:
        """The messages that arrived, copies of our own included."""
        return [news for news in self.committed if isinstance(news, MessageArrived)]

    @override
    async def qr_text(self) -> str:
        """The first QR code."""
        return await self.until(lambda: next((news.text for news in self.told if isinstance(news, QrShown)), ""))

    @override
    async def pairing_code(self) -> str:
        """Ask for a code, once the connection is there."""
        await self.qr_text()
        code = await cast(PairsDevices, self.connection).request_pairing_code(Jid.from_phone(self.phone))
        return code.code

    @override
    async def send(self, to: str, text: str) -> str:
        """Send a text, as often as it takes to get it out, always under the same id."""
        return await self.say(to, Text(text))

    @override
    async def mention(self, to: str, text: str, person: str) -> str:
        """Send a text that names somebody."""
        return await self.say(to, Text(text, (Jid.from_phone(person),)))

    @override
    async def reply(self, to: str, text: str, answered: str) -> str:
        """Answer a message that arrived."""
        message = next(message for message in self.arrived if message.wa_id == answered)
        author = message.sender_alt or message.sender
        return await self.say(to, Text(text), Quoted(message.wa_id, author, message.content.text))

    @override
    async def send_file(self, to: str, kind: str, path: Path, caption: str) -> str:
        """Upload a file and send it."""
        content = _CONTENTS[kind]
        media = self.files.keep(
            MediaKind(content.type), _MIMETYPES[kind], await asyncio.to_thread(path.read_bytes), is_measured=False
        )
        if isinstance(content, Captioned):
            content = replace(content, caption=caption)
        if isinstance(content, Document):
            content = replace(content, filename=path.name)
        return await self.say(to, replace(content, media=media))

    @override
    async def fetch(self, id: str) -> str:
        """Get a file; our phone is asked for what is gone from the hosts."""
        file, digest = next(message.file for message in self.arrived if message.wa_id == id), sha256()
        assert file is not None
        assert file.reference is not None
        async for piece in self._native.fetch_file(file.reference):
            digest.update(piece)
        return digest.hexdigest()

    @override
    async def shows_file(self, id: str) -> None:
        """Wait until a message with a file has arrived."""
        await self.until(lambda: any(message.wa_id == id and message.file for message in self.arrived))

    @property
    def _native(self) -> NativeConnection:
        assert isinstance(self.connection, NativeConnection)
        return self.connection

    @override
    async def create_group(self, subject: str, people: list[str]) -> str:
        """Make a group."""
        made = await cast(ManagesGroups, self.connection).create_group(NewGroup(subject, tuple(map(Jid, people))))
        return made.group.jid

    @override
    async def change_group(self, group: str, action: str, person: str) -> None:
        """Change who is in a group, or as what."""
        manages = cast(ManagesGroups, self.connection)
        [outcome] = await manages.change_members(Jid(group), MembersAction(action), (Jid(person),))
        assert outcome.code is None, outcome

    @override
    async def rename_group(self, group: str, subject: str) -> None:
        """Give a group another name."""
        await cast(ManagesGroups, self.connection).edit_group(Jid(group), GroupEdit(subject=subject))

    @override
    async def leave_group(self, group: str) -> None:
        """Leave a group."""
        await cast(ManagesGroups, self.connection).leave_group(Jid(group))

    @override
    async def read(self, chat: str, id: str) -> None:
        """Mark a message as read."""
        await cast(MarksRead, self.connection).mark_read(Jid(chat), Jid(chat), [id])

    @override
    async def react(self, chat: str, id: str, emoji: str) -> str:
        """React to a message of the other person."""
        return await self.say(chat, Reaction(Target(id, Jid(chat)), emoji or None))

    @override
    async def edit(self, chat: str, id: str, text: str) -> str:
        """Put another text in the place of our own."""
        return await self.say(chat, Edit(self._own(id), Text(text)))

    @override
    async def revoke(self, chat: str, id: str) -> str:
        """Take our own message back."""
        return await self.say(chat, Revocation(self._own(id)))

    @override
    async def poll(self, to: str, question: str, options: Sequence[str]) -> str:
        """Ask a question with one answer."""
        return await self.say(to, Poll(question, tuple(options)))

    @override
    async def vote(self, chat: str, id: str, options: Sequence[str]) -> str:
        """Vote in a poll of the other person."""
        await self.until(lambda: any(message.wa_id == id for message in self.arrived))
        return await self.say(chat, PollVote(Target(id, Jid(chat)), tuple(options)))

    @override
    async def location(self, to: str, latitude: float, longitude: float, name: str) -> str:
        """Send a place."""
        return await self.say(to, Location(latitude, longitude, name))

    @override
    async def contact(self, to: str, name: str, vcard: str) -> str:
        """Send a contact card."""
        return await self.say(to, Contacts((Card(name, vcard),)))

    @override
    async def say_kind(self, kind: str, to: str, audience: Sequence[str] = ()) -> str:
        """Send a kind of content; a status post for an audience."""
        said = BY_NAME[kind]
        content = said.said
        if said.file is not None:
            content = said.with_media(self.files.keep(MediaKind(content.type), said.file.mime, said.file.data))
        return await self.say(to, content, audience=tuple(map(Jid, audience)), context=said.context)

    @override
    async def with_people(self, what: str, **given: object) -> dict[str, Any]:
        """Do something with people."""
        return await with_people(self._native, what, given)

    @override
    async def log_out(self) -> None:
        """Unlink this device."""
        await cast(LogsOut, self.connection).log_out()

    @override
    async def shows(self, text: str) -> None:
        """Wait for a text."""
        await self.until(lambda: any(shown == text for _, shown in self._shown()))

    @override
    async def shown(self) -> list[tuple[str, str]]:
        """The texts that arrived from contacts."""
        return self._shown()

    def _shown(self) -> list[tuple[str, str]]:
        return [(message.wa_id, message.content.text) for message in self.arrived if not message.from_me]

    async def until(self, look: Callable[[], _T], timeout_s: float = _PATIENCE_S) -> _T:
        """Look again after all that is told, until there is something to see. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while not (seen := look()):
                self._news.clear()
                await self._news.wait()
        return seen

    def take_line_news(self, news: LineNews) -> None:
        """Hear how the line is doing."""
        self.told.append(news)
        self._news.set()

    def take_durable_news(self, news: DurableNews) -> None:
        """Hear what was committed."""
        self.committed.append(news)
        self._news.set()

    def _own(self, id: str) -> Target:
        return Target(id, Jid.from_phone(self.phone))

    @property
    def is_connected(self) -> bool:
        """Whether the line was up when it was last heard of."""
        states = [news.state for news in self.told if isinstance(news, StateChanged)]
        assert not states or states[-1] not in FINAL, self.told[-1]
        return bool(states) and states[-1] in (SessionState.CONNECTED, SessionState.DEGRADED)

    async def post_text(self, text: str, audience: Sequence[Jid]) -> str:
        """Post a status for these people; returns its id."""
        return await self.say(STATUS_LIST, Text(text, look=Look("#102030")), audience=tuple(audience))

    @override
    async def post_status(self, kind: str, audience: Sequence[str]) -> str:
        """Post a kind of content as a status for these people."""
        return await self.say_kind(kind, STATUS_LIST, audience)

    @override
    async def look(self, id: str, author: str) -> None:
        """Tell the author of a status post that we have looked at it."""
        await self._native.mark_read(STATUS_LIST, Jid(author), [id])

    @override
    async def pin(self, chat: str, id: str, author: str | None, seconds: int) -> str:
        """Pin a message, or do so no longer."""
        target = self._own(id) if author is None else Target(id, Jid(author))
        return await self.say(chat, Pin(target, seconds or None))

    @override
    async def play(self, chat: str, id: str) -> None:
        """Say that a voice note was played."""
        await self._native.mark_played(Jid(chat), Jid(chat), [id])

    @override
    async def set_timer(self, chat: str, seconds: int) -> None:
        """Set the timer of a chat."""
        await self._native.set_timer(Jid(chat), seconds)

    async def ask_for_history(self, chat: str, oldest: Oldest, count: int) -> None:
        """Ask our phone for older messages of a chat."""
        await self._native.ask_for_history(Jid(chat), oldest, count)

    async def say(
        self,
        to: str,
        content: Said,
        quoted: Quoted | None = None,
        audience: tuple[Jid, ...] = (),
        context: Context = PLAIN_CONTEXT,
    ) -> str:
        """Send anything, an act included; returns its id."""
        id = wa_id()
        assert self.connection is not None
        while True:
            try:
                await self.connection.send(Outgoing(MessageId(id), id, Jid(to), content, quoted, context, audience))
            except NotSent:
                await self.until(lambda: self.is_connected)
                # The machine may be between two connections while it still counts as connected.
                await asyncio.sleep(0)
            else:
                return id


async def _no_gate() -> None:
    """Every login may begin at once."""


class NativeClients:
    """The engine, and the memory in which its sessions survive from one connection to the next. Use ``async with``."""

    def __init__(self, emulator: Whereabouts) -> None:
        """Point the engine at an emulator's door without TLS."""
        self._engine = NativeEngine(
            url=emulator.plain_url, root_key=bytes.fromhex(emulator.root_key), ca_file=Path(emulator.ca_file)
        )
        self._clients: dict[SessionId, NativeClient] = {}
        self._storage = MemoryStorage(on_news=self._pass_on)

    @asynccontextmanager
    async def open(self, phone: str) -> AsyncIterator[NativeClient]:
        """Take up the session of a phone number."""
        session = SessionId(f"ses_{phone}")
        client = self._clients[session] = NativeClient(phone)
        vault = self._storage.open(session)
        line = Line(session, vault, None, client.take_line_news, _no_gate, media=client.files)
        client.connection = await self._engine.connect(line)
        try:
            yield client
        finally:
            await client.connection.close()
            await vault.close()

    async def take_over(self, phone: str, device: LinkedDevice) -> None:
        """Keep a linked device for a phone number's session."""
        vault = self._storage.open(session := SessionId(f"ses_{phone}"))
        await self._engine.import_device(session, vault, device)
        assert self._engine.holdable(device).prekeys == (await self._engine.export_device(session, vault)).prekeys
        await vault.close()

    async def hand_over(self, phone: str) -> LinkedDevice:
        """The linked device of a phone number's session, whose line is closed."""
        vault = self._storage.open(session := SessionId(f"ses_{phone}"))
        device = await self._engine.export_device(session, vault)
        await self._engine.discard_device(session, vault)
        await vault.close()
        return device

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._engine.close()

    def _pass_on(self, session: SessionId, news: DurableNews) -> None:
        self._clients[session].take_durable_news(news)
