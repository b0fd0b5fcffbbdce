"""Asking the phone for older messages of a chat."""

from __future__ import annotations

from dataclasses import dataclass

from wagate.domain.errors import InvalidRecipient, NothingKnown, SessionNotFound, SessionNotRunning, UnsupportedByEngine
from wagate.domain.message import Direction
from wagate.features.access import Principal
from wagate.features.messaging.recipients import Recipient
from wagate.features.messaging.repository import messages, outbox
from wagate.features.messaging.repository.outbox import Target
from wagate.features.messaging.signals import Lines
from wagate.ports.abilities import Oldest, QueriesHistory
from wagate.store.database import Database
from wagate.store.script import Script

MAX_COUNT = 500
"""Messages that may be asked for at a time."""


@dataclass(frozen=True, slots=True)
class HistoryRequest:
    """A request that is on its way to the phone: the word for it, which chat (its id), and how many messages."""

    id: str
    chat: str
    count: int


class History:
    """Older messages, for all tenants; every verb is narrowed to the principal's."""

    def __init__(self, database: Database, lines: Lines) -> None:
        """Ask over ``lines``."""
        self._database = database
        self._lines = lines

    async def ask(self, principal: Principal, session: str, chat: str, count: int) -> HistoryRequest:
        """Ask the phone for up to so many messages before the oldest one that is known of a chat.

        What comes of it is told by `history.synced`, within a deadline in any case. Raises SessionNotFound,
        InvalidRecipient, NothingKnown, SessionNotRunning, NotSent, UnsupportedByEngine, TooBusy.
        """
        target, oldest = await self._database.read(self._find(principal, session, chat))
        connection = self._lines.connection(target.session)
        if connection is None:
            raise SessionNotRunning("The session is not connected here; start it, or wait until it is connected again")
        if not isinstance(connection, QueriesHistory):
            raise UnsupportedByEngine("The session's engine cannot ask the phone for older messages")
        assert target.chat is not None
        address = outbox.address_of(
            None if target.contact is None else target.contact.phone,
            None if target.contact is None else target.contact.lid,
            target.jid,
        )
        return HistoryRequest(await connection.ask_for_history(address, oldest, count), target.chat, count)

    def _find(self, principal: Principal, session: str, chat: str) -> Script[tuple[Target, Oldest]]:
        recipient = Recipient.read(chat)
        target = yield from outbox.find_target(principal, session, recipient.road, recipient.word)
        if target is None:
            raise SessionNotFound(f"There is no session {session!r}")
        if target.chat is None:
            raise InvalidRecipient(f"There is no chat {chat!r} in this session")
        found = yield from messages.oldest_in(principal, target.chat)
        if found is None:
            raise NothingKnown("No message of this chat is known here, and the phone tells only what was before one")
        wa_id, direction, sent_at = found
        return target, Oldest(wa_id, direction is Direction.OUT, sent_at)
