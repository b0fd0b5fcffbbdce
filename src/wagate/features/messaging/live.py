"""The live connection of a session, if it has an ability: how the rooms ask WhatsApp something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from wagate.domain.errors import InvalidRecipient, SessionNotRunning, UnsupportedByEngine
from wagate.domain.jid import Jid, parse_recipient
from wagate.domain.session import Session
from wagate.features.messaging.repository import people
from wagate.features.messaging.repository.outbox import address_of
from wagate.features.sessions.service import Sessions
from wagate.features.sessions.supervisor import Supervisor
from wagate.ports.abilities import (
    BlocksPeople,
    GivesGroupsPictures,
    KeepsName,
    KeepsPrivacy,
    KeepsProfile,
    LooksUpPeople,
    RejectsCalls,
    ShowsPresence,
)
from wagate.ports.engine import Connection, Engine
from wagate.store.database import Database
from wagate.store.scoped import SessionScope


class LiveSessions:
    """What rooms that ask engines have in common."""

    def __init__(
        self, database: Database, sessions: Sessions, supervisor: Supervisor, engines: Mapping[str, Engine]
    ) -> None:
        """``engines`` says what the sessions' engines can do, also while nobody runs them."""
        self.database = database
        self.sessions = sessions
        self._supervisor = supervisor
        self._engines = engines

    # Each of these is the session's connection. All raise UnsupportedByEngine, SessionNotRunning.

    def looks_up(self, session: Session) -> LooksUpPeople:
        """Asks what people show."""
        return cast(LooksUpPeople, self._able(session, LooksUpPeople))

    def blocks(self, session: Session) -> BlocksPeople:
        """Blocks people."""
        return cast(BlocksPeople, self._able(session, BlocksPeople))

    def keeps_profile(self, session: Session) -> KeepsProfile:
        """Changes what the account shows."""
        return cast(KeepsProfile, self._able(session, KeepsProfile))

    def keeps_name(self, session: Session) -> KeepsName:
        """Changes the account's name."""
        return cast(KeepsName, self._able(session, KeepsName))

    def gives_groups_pictures(self, session: Session) -> GivesGroupsPictures:
        """Changes the pictures of groups."""
        return cast(GivesGroupsPictures, self._able(session, GivesGroupsPictures))

    def keeps_privacy(self, session: Session) -> KeepsPrivacy:
        """Changes who may see what."""
        return cast(KeepsPrivacy, self._able(session, KeepsPrivacy))

    def shows_presence(self, session: Session) -> ShowsPresence:
        """Shows who is there."""
        return cast(ShowsPresence, self._able(session, ShowsPresence))

    def rejects_calls(self, session: Session) -> RejectsCalls:
        """Turns calls down."""
        return cast(RejectsCalls, self._able(session, RejectsCalls))

    def epoch(self, session: Session) -> int | None:
        """Which line of the session this is; None while there is none here."""
        running = self._supervisor.running(session.id)
        return None if running is None else running.scope.epoch

    async def person(self, session: Session, text: str, pointer: str | None = None) -> Jid:
        """The address of somebody named as in ``to``. Raises InvalidRecipient."""
        if text.startswith("con_"):
            known = await self.database.read(people.get_contact(inside(session), text))
            if known is None:
                raise InvalidRecipient(f"There is no contact {text!r} in this session", pointer=pointer)
            return address_of(known.contact.phone, known.contact.lid, None)
        try:
            jid = parse_recipient(text)
        except InvalidRecipient as error:
            raise InvalidRecipient(error.detail, pointer=pointer) from error
        if not jid.is_person:
            raise InvalidRecipient(f"{text!r} is not a person", pointer=pointer)
        return jid

    def _able(self, session: Session, ability: type) -> Connection:
        engine = self._engines.get(session.engine)
        if engine is None or not issubclass(engine.connection, ability):
            raise UnsupportedByEngine(f"The engine {session.engine!r} cannot do this")
        running = self._supervisor.running(session.id)
        if running is None or running.connection is None:
            raise SessionNotRunning(f"The session is {session.state.value}; start it, then ask again")
        return running.connection


def inside(session: Session) -> SessionScope:
    """What narrows statements to a session."""
    return SessionScope(session.tenant, session.id, 0)
