"""The verbs for chats, stars and names that all devices of an account share; the session's engine does them at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from wagate.domain.errors import (
    ChatNotFound,
    ContactNotFound,
    InvalidContent,
    InvalidRecipient,
    MessageNotFound,
    MessageUnavailable,
    SessionNotFound,
    SessionNotRunning,
    UnsupportedByEngine,
)
from wagate.domain.ids import ChatId, SessionId
from wagate.domain.jid import Jid
from wagate.domain.marks import MAX_NAME, ChatMarks, ContactName, NamedMessage
from wagate.domain.message import Contact, Direction, Message
from wagate.domain.page import Order
from wagate.domain.people import GroupEdit
from wagate.features.access import Principal, Scope
from wagate.features.messaging.groups import Groups
from wagate.features.messaging.recipients import Recipient
from wagate.features.messaging.repository import marks, messages, outbox, people
from wagate.features.messaging.repository.marks import StoredMarks
from wagate.features.messaging.repository.outbox import Target
from wagate.features.messaging.signals import Lines
from wagate.features.messaging.wishes import author_of
from wagate.features.sessions.service import Sessions
from wagate.ports.abilities import MarksChats, SavesContacts, SetsTimers, StarsMessages
from wagate.ports.engine import Connection, Engine
from wagate.store.database import Database
from wagate.store.scoped import SessionScope


class ChatMarking:
    """Marks of all tenants; every verb is narrowed to the principal's.

    ``session`` is an id or a name; ``chat`` takes what ``to`` takes. Whatever needs the engine raises
    UnsupportedByEngine, SessionNotRunning, NotSent, NotOnWhatsApp and AppStateUnavailable.
    """

    def __init__(
        self, database: Database, sessions: Sessions, groups: Groups, lines: Lines, engines: Mapping[str, Engine]
    ) -> None:
        """Do it over ``lines``; ``engines`` says what the sessions' engines can do, also while nobody runs them.

        ``groups`` sets what is a group's own.
        """
        self._database = database
        self._sessions = sessions
        self._groups = groups
        self._lines = lines
        self._engines = engines

    async def mark(self, principal: Principal, session: str, chat: str, wanted: ChatMarks) -> StoredMarks:
        """Archive, pin, mute or mark a chat as unread; or set its timer, which is no mark for WhatsApp.

        A group's timer is one of the group's settings: it is changed as `Groups.edit` changes it, raises what that
        does, and needs the same scope (Forbidden). Raises SessionNotFound, ChatNotFound, InvalidRecipient.
        """
        scope, target, jid = await self._chat(principal, session, chat)
        timer, others = wanted.disappearing_s, replace(wanted, disappearing_s=None)
        # Whoever is to do it is asked for before anything is done, so that nothing is done by half.
        times = marking = None
        if timer is not None and not jid.is_group:
            times = cast(SetsTimers, await self._able(principal, scope.session, SetsTimers))
        if others != ChatMarks() or timer is None:
            marking = cast(MarksChats, await self._able(principal, scope.session, MarksChats))
        if timer is not None and jid.is_group:
            principal.require(Scope.GROUPS_WRITE)
            await self._groups.edit(principal, scope.session, jid, GroupEdit(disappearing_s=timer))
        if marking is not None and others != ChatMarks():
            await marking.mark_chat(jid, others, await self._newest(scope, target, jid))
        if times is not None and timer is not None:
            await times.set_timer(jid, timer)
        found = await self._database.read(marks.get_marks(scope, ChatId(target.chat or "")))
        if found is None:
            raise ChatNotFound(f"There is no chat {chat!r} in this session any more")
        return found

    async def clear(self, principal: Principal, session: str, chat: str, *, with_starred: bool) -> None:
        """Delete the messages of a chat for us. Raises SessionNotFound, ChatNotFound, InvalidRecipient."""
        scope, target, jid = await self._chat(principal, session, chat)
        connection = cast(MarksChats, await self._able(principal, scope.session, MarksChats))
        await connection.clear_chat(jid, await self._newest(scope, target, jid), with_starred=with_starred)

    async def delete(self, principal: Principal, session: str, chat: str) -> None:
        """Delete a chat for us. Raises SessionNotFound, ChatNotFound, InvalidRecipient."""
        scope, target, jid = await self._chat(principal, session, chat)
        connection = cast(MarksChats, await self._able(principal, scope.session, MarksChats))
        await connection.delete_chat(jid, await self._newest(scope, target, jid))

    async def star(self, principal: Principal, message: str, *, starred: bool) -> Message:
        """Give a message a star, or take it away. Raises MessageNotFound, MessageUnavailable."""
        found, named = await self._message(principal, message)
        connection = cast(StarsMessages, await self._able(principal, found.session, StarsMessages))
        await connection.star_message(named, starred=starred)
        return (await self._message(principal, message))[0]

    async def hide(self, principal: Principal, message: str) -> Message:
        """Delete a message for us alone. Raises MessageNotFound, MessageUnavailable."""
        found, named = await self._message(principal, message)
        connection = cast(StarsMessages, await self._able(principal, found.session, StarsMessages))
        await connection.hide_message(named)
        return (await self._message(principal, message))[0]

    async def save_contact(
        self, principal: Principal, session: str, contact: str, name: ContactName | None
    ) -> tuple[Contact, ContactName | None]:
        """Save a person under a name, or (None) remove them from the address book.

        ``contact`` is the id of one, or whatever ``to`` takes for a person. Raises SessionNotFound, ContactNotFound,
        InvalidRecipient, InvalidContent.
        """
        if name is not None:
            _check(name.full, "/name")
            _check(name.first or name.full, "/first_name")
        recipient = Recipient.read(contact)
        target = await self._target(principal, session, recipient)
        if recipient.road == "contact" and target.contact is None:
            raise ContactNotFound(f"There is no contact {contact!r} in this session")
        if target.contact is not None:
            jid = outbox.address_of(target.contact.phone, target.contact.lid, None)
        else:
            jid = Jid(recipient.word) if recipient.road == "address" else Jid("@invalid")
        if not jid.is_person:
            raise InvalidRecipient(f"{contact!r} is not a person", pointer="/contact")
        connection = cast(SavesContacts, await self._able(principal, target.session, SavesContacts))
        await connection.save_contact(jid, name)
        scope = SessionScope(principal.tenant, target.session, 0)
        known = (await self._database.read(people.find_people(scope, jid, jid))).get(jid)
        if known is None:
            raise ContactNotFound(f"There is no contact {contact!r} in this session")
        return known.contact, await self._database.read(marks.get_name(scope, known.contact.id))

    # ---- inside

    async def _target(self, principal: Principal, session: str, recipient: Recipient) -> Target:
        target = await self._database.read(outbox.find_target(principal, session, recipient.road, recipient.word))
        if target is None:
            raise SessionNotFound(f"There is no session {session!r}")
        return target

    async def _chat(self, principal: Principal, session: str, chat: str) -> tuple[SessionScope, Target, Jid]:
        """A chat that we know, and how WhatsApp names it."""
        target = await self._target(principal, session, Recipient.read(chat))
        if target.chat is None:
            raise ChatNotFound(f"There is no chat {chat!r} in this session")
        if target.contact is not None:
            jid = outbox.address_of(target.contact.phone, target.contact.lid, None)
        else:
            assert target.jid is not None, "a chat that is with nobody has an address"
            jid = target.jid
        return SessionScope(principal.tenant, target.session, 0), target, jid

    async def _newest(self, scope: SessionScope, target: Target, jid: Jid) -> NamedMessage | None:
        """The last message of a chat that WhatsApp has, if there is one among the last we know."""
        script = messages.list_messages(scope, ("chat", target.chat or ""), {}, Order.DESC, "~", 1)
        found = await self._database.read(script)
        return _named(found[0], jid) if found else None

    async def _message(self, principal: Principal, message: str) -> tuple[Message, NamedMessage]:
        found = await self._database.read(messages.get_message(principal, message))
        if found is None:
            raise MessageNotFound(f"There is no message {message!r}")
        chat = found.chat
        jid = chat.jid
        if chat.contact is not None:
            jid = outbox.address_of(chat.contact.phone, chat.contact.lid, None)
        named = None if jid is None else _named(found, jid)
        if named is None:
            raise MessageUnavailable("WhatsApp has no such message (yet)")
        return found, named

    async def _able(self, principal: Principal, session: SessionId, ability: type) -> Connection:
        found = await self._sessions.get(principal, session)
        engine = self._engines.get(found.engine)
        if engine is None or not issubclass(engine.connection, ability):
            raise UnsupportedByEngine(f"The engine {found.engine!r} cannot do this")
        connection = self._lines.connection(session)
        if connection is None:
            raise SessionNotRunning("The session is not connected here; start it, or wait until it is connected again")
        return connection


def _named(message: Message, chat: Jid) -> NamedMessage | None:
    """A message as WhatsApp names it; None while it has no name there."""
    if message.wa_id is None:
        return None
    from_me = message.direction is Direction.OUT
    return NamedMessage(chat, message.wa_id, from_me, None if from_me else author_of(message), message_time(message))


def message_time(message: Message) -> int:
    """When a message was said (ms since 1970): by the server's clock, where it has told."""
    return message.sent_at or message.accepted_at


def _check(text: str, pointer: str) -> None:
    if not text.strip():
        raise InvalidContent("It is empty", pointer=pointer)
    if len(text) > MAX_NAME:
        raise InvalidContent(f"It is longer than {MAX_NAME} characters", pointer=pointer)
