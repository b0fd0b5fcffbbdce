"""Chats as people see them: the list with the last message and what is unread, one chat, its messages, reading it."""

from __future__ import annotations

import builtins
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from wagate.domain.errors import ChatNotFound, MessageNotFound, SessionNotFound, SessionNotRunning, UnsupportedByEngine
from wagate.domain.jid import Jid, parse_recipient
from wagate.domain.message import Message
from wagate.domain.page import DEFAULT_LIMIT, Order, Page, read_cursor, write_cursor
from wagate.features.access import Principal
from wagate.features.messaging.repository import chats, messages, outbox
from wagate.features.messaging.repository.chats import StandingChat, Unread
from wagate.features.messaging.repository.outbox import Target, address_of
from wagate.features.messaging.signals import Lines
from wagate.ports.abilities import MarksRead
from wagate.store.database import Database
from wagate.store.scoped import SessionScope
from wagate.store.script import Script

MAX_RECEIPTS = 1_000
"""For how many messages receipts are sent when a chat is read: the newest. Phones take older ones for read as well."""

_RECEIPT_IDS = 100
_LISTED = "chats"
_SCAN = 500
_SCANS = 20
"""A page that looks for a name ends early rather than walk through more chats; its cursor goes on from there."""


@dataclass(frozen=True, slots=True)
class ChatFilter:
    """Which chats: of one kind, only unread ones, with a text in their name (in whatever case, or accents).

    ``archived``: only those that are, or are not; None: all.
    """

    kind: str | None = None
    unread: bool = False
    name: str | None = None
    archived: bool | None = None


EVERY_CHAT = ChatFilter()


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Some of a chat's messages. ``following`` goes on in the same order, ``back`` in the opposite one."""

    items: tuple[Message, ...]
    following: str | None
    back: str | None = None


class Chats:
    """Chats of all tenants; every verb is narrowed to the principal's.

    ``session`` is an id or a name; ``chat`` the id of a chat or contact, a phone number in any sane form, a JID or a
    LID. Every verb raises SessionNotFound, InvalidRecipient, StorageUnavailable.
    """

    def __init__(self, database: Database, lines: Lines) -> None:
        """Receipts are sent over ``lines``."""
        self._database = database
        self._lines = lines

    async def list(
        self,
        principal: Principal,
        session: str,
        only: ChatFilter = EVERY_CHAT,
        *,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[StandingChat]:
        """The chats of a session, the one in which something was said last first.

        Going on with a cursor, a chat is never seen twice; one in which something was said meanwhile has moved to the
        front. A page that looks for a name may hold fewer than ``limit``, and still have a next one.
        Raises InvalidCursor.
        """
        after = read_cursor(_LISTED, cursor) if cursor is not None else "~"
        scope = await self._scope(principal, session)
        wanted = None if only.name is None else folded(only.name)
        chunk = limit + 1 if wanted is None else _SCAN
        found: builtins.list[StandingChat] = []
        for _ in range(_SCANS):
            script = chats.list_chats(scope, only.kind, after, chunk, unread=only.unread, archived=only.archived)
            scanned = await self._database.read(script)
            for standing in scanned:
                if len(found) == limit:
                    return Page(tuple(found), write_cursor(_LISTED, after))
                after = standing.activity
                if wanted is None or any(wanted in folded(name) for name in names_of(standing)):
                    found.append(standing)
            if len(scanned) < chunk:
                return Page(tuple(found), None)
        return Page(tuple(found), write_cursor(_LISTED, after))

    async def get(self, principal: Principal, session: str, chat: str) -> StandingChat:
        """One chat. Raises ChatNotFound."""
        return await self._standing(principal, await self._place(principal, session, chat), chat)

    async def messages(
        self,
        principal: Principal,
        session: str,
        chat: str,
        *,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
        order: Order = Order.DESC,
    ) -> Excerpt:
        """A chat's messages in the order in which we learnt of them. Raises ChatNotFound, InvalidCursor."""
        after = read_cursor(_excerpts(order), cursor) if cursor is not None else "" if order is Order.ASC else "~"
        place = await self._place(principal, session, chat)
        found = await self._walk(principal, place, order, after, limit + 1)
        return Excerpt(tuple(found[:limit]), _on(order, found, limit))

    async def around(
        self, principal: Principal, session: str, chat: str, message: str, *, limit: int, order: Order = Order.DESC
    ) -> Excerpt:
        """A message of a chat in the middle of what was said before and after it.

        Raises ChatNotFound, MessageNotFound.
        """
        place = await self._place(principal, session, chat)
        middle = await self._database.read(messages.get_message(principal, message))
        if middle is None or middle.chat.id != place.chat or middle.act_on is not None:
            raise MessageNotFound(f"There is no message {message!r} in this chat")
        half = max(limit // 2, 1)
        opposite = Order.ASC if order is Order.DESC else Order.DESC
        before = await self._walk(principal, place, opposite, middle.id, half + 1)
        beyond = await self._walk(principal, place, order, middle.id, half + 1)
        items = (*reversed(before[:half]), middle, *beyond[:half])
        return Excerpt(items, _on(order, beyond, half), _on(opposite, before, half))

    async def mark_read(self, principal: Principal, session: str, chat: str) -> StandingChat:
        """Read everything in a chat: its writers are told as far as the account's privacy settings allow.

        A chat in which nothing is unread is left alone. Raises ChatNotFound, SessionNotRunning, NotSent,
        UnsupportedByEngine.
        """
        place = await self._place(principal, session, chat)
        assert place.chat is not None, "a place has a chat"
        unread = await self._database.read(chats.unread_in(principal, place.chat, MAX_RECEIPTS))
        if unread:
            await self._send_receipts(place, unread)
            await self._database.write(chats.read_until(principal, place.chat, unread[0].id))
        return await self._standing(principal, place, chat)

    # ---- inside

    async def _send_receipts(self, place: Target, unread: builtins.list[Unread]) -> None:
        connection = self._lines.connection(place.session)
        if connection is None:
            raise SessionNotRunning("The session is not connected here; start it, or wait until it is connected again")
        if not isinstance(connection, MarksRead):
            raise UnsupportedByEngine("The session's engine cannot mark messages as read")
        for author, wa_ids in _by_author(reversed(unread)):
            for first in range(0, len(wa_ids), _RECEIPT_IDS):
                await connection.mark_read(place.jid or author, author, wa_ids[first : first + _RECEIPT_IDS])

    async def _scope(self, principal: Principal, session: str) -> SessionScope:
        target = await self._database.read(outbox.find_target(principal, session, "chat", ""))
        if target is None:
            raise SessionNotFound(f"There is no session {session!r}")
        return SessionScope(principal.tenant, target.session, 0)

    async def _place(self, principal: Principal, session: str, chat: str) -> Target:
        target = await self._database.read(find_place(principal, session, chat))
        if target.chat is None:
            raise ChatNotFound(f"There is no chat {chat!r} in this session")
        return target

    async def _standing(self, principal: Principal, place: Target, chat: str) -> StandingChat:
        assert place.chat is not None, "a place has a chat"
        found = await self._database.read(chats.get_chat(principal, place.chat))
        if found is None:
            raise ChatNotFound(f"There is no chat {chat!r} in this session")
        return found

    async def _walk(
        self, principal: Principal, place: Target, order: Order, after: str, limit: int
    ) -> builtins.list[Message]:
        return await self._database.read(
            messages.list_messages(principal, ("chat", place.chat or ""), {}, order, after, limit)
        )


def find_place(principal: Principal, session: str, chat: str) -> Script[Target]:
    """Where a chat is, however it is named. Raises SessionNotFound, InvalidRecipient."""
    road, word = road_to(chat)
    target = yield from outbox.find_target(principal, session, road, word)
    if target is None:
        raise SessionNotFound(f"There is no session {session!r}")
    return target


def names_of(standing: StandingChat) -> Iterable[str]:
    """What a chat may be looked for by: its name, or the person's name and number."""
    contact = standing.chat.contact
    known = (standing.chat.name,) if contact is None else (standing.saved_name, contact.push_name, contact.phone)
    return (name for name in known if name)


def folded(text: str) -> str:
    """Text without case and accents."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in parts if not unicodedata.combining(char))


def road_to(chat: str) -> tuple[str, str]:
    """Which road of the repository leads to a chat or person, and the word to look up. Raises InvalidRecipient."""
    if chat.startswith("cht_"):
        return "chat", chat
    if chat.startswith("con_"):
        return "contact", chat
    jid = parse_recipient(chat)
    return ("address" if jid.is_person else "group"), jid


def _by_author(unread: Iterable[Unread]) -> Iterable[tuple[Jid, builtins.list[str]]]:
    found: dict[Jid, builtins.list[str]] = {}
    for message in unread:
        if message.wa_id is not None:
            found.setdefault(address_of(message.phone, message.lid, None), []).append(message.wa_id)
    return found.items()


def _excerpts(order: Order) -> str:
    return f"chat_messages.{order.value}"


def _on(order: Order, found: builtins.list[Message], limit: int) -> str | None:
    return write_cursor(_excerpts(order), found[limit - 1].id) if len(found) > limit else None
