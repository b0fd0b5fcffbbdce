"""What is said at once or not at all: that a message was read, that we are writing."""

from __future__ import annotations

from typing import Protocol

from wagate.domain.content import Video, Voice
from wagate.domain.errors import (
    InvalidRecipient,
    InvalidRequest,
    MessageNotFound,
    SessionNotFound,
    SessionNotRunning,
    UnsupportedByEngine,
)
from wagate.domain.ids import SessionId
from wagate.domain.jid import Jid
from wagate.domain.message import Direction
from wagate.features.access import Principal
from wagate.features.messaging.recipients import Recipient
from wagate.features.messaging.repository import chats, messages, outbox
from wagate.features.messaging.wishes import author_of
from wagate.ports.abilities import Activity, MarksPlayed, MarksRead, ShowsTyping
from wagate.ports.engine import Connection
from wagate.store.database import Database


class Lines(Protocol):
    """Who knows the live connections."""

    def connection(self, session: SessionId) -> Connection | None:
        """The connection of a session that can send right now."""
        ...


class Signals:
    """Signals of all tenants; every verb is narrowed to the principal's."""

    def __init__(self, database: Database, lines: Lines) -> None:
        """Send over ``lines``."""
        self._database = database
        self._lines = lines

    async def mark_read(self, principal: Principal, message: str) -> None:
        """Tell the writer of a message that it was read, as far as the account's privacy settings allow.

        What came before it in its chat counts as read from then on, too.

        Raises MessageNotFound, InvalidRequest (it is our own), SessionNotRunning, NotSent, UnsupportedByEngine.
        """
        found = await self._database.read(messages.get_message(principal, message))
        if found is None:
            raise MessageNotFound(f"There is no message {message!r}")
        author = author_of(found)
        if found.direction is not Direction.IN or author is None or found.wa_id is None:
            raise InvalidRequest("Only messages of others can be read")
        connection = self._connection(found.session)
        if not isinstance(connection, MarksRead):
            raise UnsupportedByEngine("The session's engine cannot mark messages as read")
        await connection.mark_read(found.chat.jid or author, author, [found.wa_id])
        await self._database.write(chats.read_until(principal, found.chat.id, found.id))

    async def mark_played(self, principal: Principal, message: str) -> None:
        """Tell the sender of a voice or video note that it was played, as far as the account's privacy settings allow.

        Raises MessageNotFound, InvalidRequest (it is our own, or no note), SessionNotRunning, NotSent,
        UnsupportedByEngine.
        """
        found = await self._database.read(messages.get_message(principal, message))
        if found is None:
            raise MessageNotFound(f"There is no message {message!r}")
        author, said = author_of(found), found.content
        is_note = isinstance(said, Voice) or (isinstance(said, Video) and said.note)
        if found.direction is not Direction.IN or author is None or found.wa_id is None or not is_note:
            raise InvalidRequest("Only voice and video notes of others can be played")
        connection = self._connection(found.session)
        if not isinstance(connection, MarksPlayed):
            raise UnsupportedByEngine("The session's engine cannot mark messages as played")
        await connection.mark_played(found.chat.jid or author, author, [found.wa_id])

    async def show_typing(self, principal: Principal, session: str, chat: str, activity: Activity) -> None:
        """Show what we seem to be doing in a chat (whatever ``to`` takes). Phones forget it after some seconds.

        Raises SessionNotFound, InvalidRecipient, SessionNotRunning, NotSent, NotOnWhatsApp, UnsupportedByEngine.
        """
        recipient = Recipient.read(chat)
        target = await self._database.read(outbox.find_target(principal, session, recipient.road, recipient.word))
        if target is None:
            raise SessionNotFound(f"There is no session {session!r}")
        if target.contact is not None:
            to = outbox.address_of(target.contact.phone, target.contact.lid, None)
        elif recipient.road == "address":
            to = Jid(recipient.word)
        else:
            raise InvalidRecipient(f"There is no {recipient.road} {recipient.word!r} with a person in this session")
        connection = self._connection(target.session)
        if not isinstance(connection, ShowsTyping):
            raise UnsupportedByEngine("The session's engine cannot show that we are writing")
        await connection.show_typing(to, activity)

    def _connection(self, session: SessionId) -> Connection:
        connection = self._lines.connection(session)
        if connection is None:
            raise SessionNotRunning("The session is not connected here; start it, or wait until it is connected again")
        return connection
