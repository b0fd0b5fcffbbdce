"""The verbs for contacts. Lists are served from what is kept; what people show of themselves is asked for."""

from __future__ import annotations

import builtins

from wagate.domain.contacts import NumberCheck, Picture
from wagate.domain.errors import (
    ContactNotFound,
    InvalidRecipient,
    RefusedByWhatsApp,
    SessionNotRunning,
    UnsupportedByEngine,
)
from wagate.domain.ids import SessionId
from wagate.domain.jid import Jid, parse_recipient
from wagate.domain.page import DEFAULT_LIMIT, Order, Page, read_cursor, write_cursor
from wagate.domain.session import LIVE, Session
from wagate.features.access import Principal
from wagate.features.messaging.contact_ledger import CALL_PREFIX
from wagate.features.messaging.live import LiveSessions, inside
from wagate.features.messaging.repository import contacts, people
from wagate.features.messaging.repository.contacts import ContactFilter, StoredContact
from wagate.ports.engine import NotSent
from wagate.store.script import Script

_NO_FILTER = ContactFilter()


class Contacts:
    """Contacts of all tenants; every verb is narrowed to the principal's.

    ``session`` is an id or a name; ``contact`` is an id, a phone number in any sane form, a JID or a LID. Every verb
    raises SessionNotFound; those that need the engine raise UnsupportedByEngine, SessionNotRunning, NotSent, and what
    the ability raises (`wagate.ports.abilities`).
    """

    def __init__(self, live: LiveSessions) -> None:
        """``live`` knows the sessions and their lines."""
        self._live = live
        self._listed: dict[SessionId, int] = {}
        """For each session the epoch of the line over which the blocklist was last asked for."""

    async def list(
        self,
        principal: Principal,
        session: str,
        wanted: ContactFilter = _NO_FILTER,
        *,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
        order: Order = Order.ASC,
    ) -> Page[StoredContact]:
        """The people whom the session knows. Raises InvalidCursor.

        Whom the account has blocked is asked the first time after the session's start; after that it is told.
        """
        found = await self._live.sessions.get(principal, session)
        listed = f"contacts.{order.value}"
        after = read_cursor(listed, cursor) if cursor is not None else "" if order is Order.ASC else "~"
        if cursor is None:
            await self._fetch_blocked(found)
        rows: builtins.list[StoredContact] = await self._live.database.read(
            contacts.list_contacts(inside(found), wanted, order, after, limit + 1)
        )
        following = write_cursor(listed, rows[limit - 1].contact.id) if len(rows) > limit else None
        return Page(tuple(rows[:limit]), following)

    async def get(self, principal: Principal, session: str, contact: str) -> StoredContact:
        """One contact, as far as is known. Raises ContactNotFound."""
        return await self._stored(await self._live.sessions.get(principal, session), contact)

    async def check(
        self, principal: Principal, session: str, named: builtins.list[str]
    ) -> builtins.list[tuple[str, NumberCheck]]:
        """Which numbers have an account, each beside how it was written. Raises InvalidRecipient."""
        found = await self._live.sessions.get(principal, session)
        able = self._live.looks_up(found)
        asked = [_digits(text, f"/phones/{index}") for index, text in enumerate(named)]
        checks = {check.digits: check for check in await able.check_numbers(tuple(dict.fromkeys(asked)))}
        return [(text, checks[digits]) for text, digits in zip(named, asked, strict=True)]

    async def look_up(self, principal: Principal, session: str, contact: str) -> StoredContact:
        """Ask what somebody shows of themselves, and keep it. Raises ContactNotFound, NotOnWhatsApp."""
        found = await self._live.sessions.get(principal, session)
        able = self._live.looks_up(found)
        profile = await able.profile(await self._person(found, contact))
        return await self._stored(found, profile.lid or profile.jid)

    async def picture(self, principal: Principal, session: str, contact: str, *, preview: bool) -> Picture:
        """Ask where somebody's picture lies. Raises ContactNotFound, PictureNotFound."""
        found = await self._live.sessions.get(principal, session)
        able = self._live.looks_up(found)
        return await able.picture(await self._person(found, contact), preview=preview)

    async def block(self, principal: Principal, session: str, contact: str, *, blocked: bool) -> StoredContact:
        """Block somebody, or do so no longer. Raises ContactNotFound, NotOnWhatsApp."""
        found = await self._live.sessions.get(principal, session)
        able = self._live.blocks(found)
        jid = await self._person(found, contact)
        await able.block(jid, blocked=blocked)
        return await self._stored(found, jid)

    async def watch(self, principal: Principal, session: str, contact: str) -> None:
        """Ask to be told when somebody comes and goes. Raises ContactNotFound, NotOnWhatsApp."""
        found = await self._live.sessions.get(principal, session)
        able = self._live.shows_presence(found)
        await able.watch_presence(await self._person(found, contact))

    async def show_presence(self, principal: Principal, session: str, *, available: bool) -> None:
        """Show the account online, or not any more."""
        found = await self._live.sessions.get(principal, session)
        await self._live.shows_presence(found).show_presence(available=available)

    async def reject_call(self, principal: Principal, session: str, call: str) -> None:
        """Turn down a call that is ringing. Raises CallNotFound."""
        found = await self._live.sessions.get(principal, session)
        await self._live.rejects_calls(found).reject_call(call.removeprefix(CALL_PREFIX))

    # ---- inside

    async def _fetch_blocked(self, session: Session) -> None:
        """Ask whom we have blocked: once for each line, and only while it is up."""
        epoch = self._live.epoch(session)
        if epoch is None or session.state not in LIVE or self._listed.get(session.id) == epoch:
            return
        try:
            await self._live.blocks(session).blocked()
        except (UnsupportedByEngine, SessionNotRunning, NotSent, RefusedByWhatsApp):
            return
        self._listed[session.id] = epoch

    async def _stored(self, session: Session, contact: str) -> StoredContact:
        stored = await self._live.database.read(_find(session, contact, _address(contact)))
        if stored is None:
            raise ContactNotFound(f"There is no contact {contact!r} in this session")
        return stored

    async def _person(self, session: Session, contact: str) -> Jid:
        try:
            return await self._live.person(session, contact)
        except InvalidRecipient as error:
            raise ContactNotFound(error.detail) from error


def _find(session: Session, contact: str, address: Jid | None) -> Script[StoredContact | None]:
    scope = inside(session)
    if address is None:
        return (yield from contacts.get_contact(scope, contact))
    found = yield from people.find_people(scope, address, address)
    known = found.get(address)
    return None if known is None else (yield from contacts.get_contact(scope, known.contact.id))


def _address(contact: str) -> Jid | None:
    """The address that somebody was named by; None for an id. Raises ContactNotFound."""
    if contact.startswith("con_"):
        return None
    try:
        return parse_recipient(contact)
    except InvalidRecipient as error:
        raise ContactNotFound(error.detail) from error


def _digits(text: str, pointer: str) -> str:
    try:
        jid = parse_recipient(text)
    except InvalidRecipient as error:
        raise InvalidRecipient(error.detail, pointer=pointer) from error
    if not jid.is_phone:
        raise InvalidRecipient(f"{text!r} is not a phone number", pointer=pointer)
    return jid.user
