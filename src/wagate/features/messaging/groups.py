"""The verbs for groups. Lists are served from what is kept; the session's engine makes changes, while it is live."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import cast

from wagate.domain.errors import (
    GroupNotFound,
    InvalidContent,
    InvalidRecipient,
    SessionNotRunning,
    UnsupportedByEngine,
)
from wagate.domain.ids import SessionId
from wagate.domain.jid import Jid, parse_recipient
from wagate.domain.page import DEFAULT_LIMIT, Order, Page, read_cursor, write_cursor
from wagate.domain.people import (
    MAX_DESCRIPTION,
    MAX_SUBJECT,
    Group,
    GroupEdit,
    GroupSettings,
    JoinedGroup,
    JoinRequest,
    MemberOutcome,
    MembersAction,
    NewGroup,
    RequestDecision,
)
from wagate.domain.session import LIVE, Session
from wagate.features.access import Principal
from wagate.features.messaging.group_ledger import GroupLedger
from wagate.features.messaging.group_shape import StoredGroup, StoredMember
from wagate.features.messaging.repository import groups, people
from wagate.features.messaging.repository.outbox import address_of
from wagate.features.sessions.service import Sessions
from wagate.features.sessions.supervisor import Supervisor
from wagate.ports.abilities import ApprovesMembers, InvitesToGroups, ListsGroups, ManagesGroups
from wagate.ports.clock import Clock
from wagate.ports.engine import Connection, Engine, NotSent
from wagate.store.database import Database
from wagate.store.scoped import SessionScope
from wagate.store.script import Script


class Groups:
    """Groups of all tenants; every verb is narrowed to the principal's.

    ``session`` is an id or a name, ``group`` an address or the id of a chat; people are named as in ``to``. Every verb
    raises SessionNotFound; those that need the engine raise UnsupportedByEngine, SessionNotRunning, NotSent, and what
    the ability raises (`wagate.ports.abilities`).
    """

    def __init__(
        self,
        database: Database,
        sessions: Sessions,
        supervisor: Supervisor,
        ledger: GroupLedger,
        engines: Mapping[str, Engine],
        clock: Clock,
    ) -> None:
        """``engines`` says what the sessions' engines can do, also while nobody runs them."""
        self._database = database
        self._sessions = sessions
        self._supervisor = supervisor
        self._ledger = ledger
        self._engines = engines
        self._clock = clock
        self._listed: dict[SessionId, int] = {}
        """For each session the epoch of the line over which all groups were last asked for."""

    async def list(
        self,
        principal: Principal,
        session: str,
        *,
        refresh: bool = False,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
        order: Order = Order.ASC,
    ) -> Page[StoredGroup]:
        """The groups that the account is in, without their members.

        WhatsApp is asked for all of them the first time after the session's start, and with ``refresh``; in between,
        they are kept current by what it tells. Raises InvalidCursor.
        """
        found = await self._sessions.get(principal, session)
        listed = f"groups.{order.value}"
        after = read_cursor(listed, cursor) if cursor is not None else "" if order is Order.ASC else "~"
        if cursor is None:
            await self._fetch_all(found, required=refresh)
        rows: builtins.list[StoredGroup] = await self._database.read(
            groups.list_groups(_inside(found), order, after, limit + 1)
        )
        following = write_cursor(listed, rows[limit - 1].id) if len(rows) > limit else None
        return Page(tuple(rows[:limit]), following)

    async def get(self, principal: Principal, session: str, group: str, *, refresh: bool = False) -> StoredGroup:
        """One group; WhatsApp is asked when we do not know it yet, and with ``refresh``. Raises GroupNotFound."""
        found = await self._sessions.get(principal, session)
        stored = await self._database.read(self._find(_inside(found), group))
        if stored is not None and not refresh:
            return stored
        jid = stored.group.jid if stored is not None else await self._jid(found, group)
        await self._lists(found).group(jid)
        return await self._stored(found, jid)

    async def members(self, principal: Principal, stored: StoredGroup) -> builtins.list[StoredMember]:
        """Who is in a group."""
        return await self._database.read(groups.named_members(principal, stored.id))

    async def create(
        self,
        principal: Principal,
        session: str,
        subject: str,
        named: builtins.list[str],
        settings: GroupSettings,
    ) -> tuple[StoredGroup, builtins.list[MemberOutcome]]:
        """Make a group; returns who could not be added, too. Raises InvalidContent, InvalidRecipient."""
        found = await self._sessions.get(principal, session)
        manages = self._manages(found)
        _check(subject, "/subject", MAX_SUBJECT)
        jids = await self._people(found, named, "/participants")
        made = await manages.create_group(NewGroup(subject, jids, settings))
        return await self._stored(found, made.group.jid), [*made.refused]

    async def edit(self, principal: Principal, session: str, group: str, edit: GroupEdit) -> StoredGroup:
        """Change what is given. Raises InvalidContent, GroupNotFound."""
        found = await self._sessions.get(principal, session)
        manages = self._manages(found)
        if edit.subject is not None:
            _check(edit.subject, "/subject", MAX_SUBJECT)
        if edit.description:
            _check(edit.description, "/description", MAX_DESCRIPTION)
        jid = await self._jid(found, group)
        await manages.edit_group(jid, edit)
        return await self._stored(found, jid)

    async def leave(self, principal: Principal, session: str, group: str) -> None:
        """Go. Raises GroupNotFound."""
        found = await self._sessions.get(principal, session)
        await self._manages(found).leave_group(await self._jid(found, group))

    async def change_members(
        self, principal: Principal, session: str, group: str, action: MembersAction, named: builtins.list[str]
    ) -> builtins.list[MemberOutcome]:
        """Add, remove, promote or demote people; what became of each. Raises GroupNotFound, InvalidRecipient."""
        found = await self._sessions.get(principal, session)
        manages = self._manages(found)
        jids = await self._people(found, named, "/participants")
        return await manages.change_members(await self._jid(found, group), action, jids)

    async def invite(self, principal: Principal, session: str, group: str, *, reset: bool = False) -> str:
        """The code of the group's invite link; with ``reset`` a new one. Raises GroupNotFound."""
        found = await self._sessions.get(principal, session)
        invites = self._invites(found)
        return await invites.invite_code(await self._jid(found, group), reset=reset)

    async def behind(self, principal: Principal, session: str, code: str) -> Group:
        """The group that an invite link leads to. Raises InviteInvalid."""
        found = await self._sessions.get(principal, session)
        return await self._invites(found).group_behind(code)

    async def join(self, principal: Principal, session: str, code: str) -> tuple[JoinedGroup, StoredGroup | None]:
        """Follow an invite link; the group, unless admins have to approve first. Raises InviteInvalid."""
        found = await self._sessions.get(principal, session)
        joined = await self._invites(found).join_group(code)
        return joined, None if joined.pending else await self._stored(found, joined.group)

    async def requests(self, principal: Principal, session: str, group: str) -> tuple[JoinRequest, ...]:
        """Who wants to join. Raises GroupNotFound."""
        found = await self._sessions.get(principal, session)
        return await self._approves(found).join_requests(await self._jid(found, group))

    async def decide(
        self, principal: Principal, session: str, group: str, decision: RequestDecision, named: builtins.list[str]
    ) -> builtins.list[MemberOutcome]:
        """Let people in, or not; what became of each. Raises GroupNotFound, InvalidRecipient."""
        found = await self._sessions.get(principal, session)
        approves = self._approves(found)
        jids = await self._people(found, named, "/participants")
        return await approves.decide_requests(await self._jid(found, group), decision, jids)

    # ---- inside

    def _lists(self, session: Session) -> ListsGroups:
        return cast(ListsGroups, self._able(session, ListsGroups))

    def _manages(self, session: Session) -> ManagesGroups:
        return cast(ManagesGroups, self._able(session, ManagesGroups))

    def _invites(self, session: Session) -> InvitesToGroups:
        return cast(InvitesToGroups, self._able(session, InvitesToGroups))

    def _approves(self, session: Session) -> ApprovesMembers:
        return cast(ApprovesMembers, self._able(session, ApprovesMembers))

    def _able(self, session: Session, ability: type) -> Connection:
        """The session's connection, which has an ability. Raises UnsupportedByEngine, SessionNotRunning."""
        self._insist(session, ability)
        running = self._supervisor.running(session.id)
        if running is None or running.connection is None:
            raise SessionNotRunning(f"The session is {session.state.value}; start it, then ask again")
        return running.connection

    def _insist(self, session: Session, ability: type) -> None:
        engine = self._engines.get(session.engine)
        if engine is None or not issubclass(engine.connection, ability):
            raise UnsupportedByEngine(f"The engine {session.engine!r} cannot do this with groups")

    async def _fetch_all(self, session: Session, *, required: bool) -> None:
        """Ask for every group: always when it is ``required``, else once for each line, and only while it is up."""
        self._insist(session, ListsGroups)
        running = self._supervisor.running(session.id)
        epoch = None if running is None or session.state not in LIVE else running.scope.epoch
        if not required and (epoch is None or self._listed.get(session.id) == epoch):
            return
        asked_at = self._clock.now_ms()
        try:
            found = await self._lists(session).groups()
        except NotSent:
            if required:
                raise
            return
        if epoch is not None:
            self._listed[session.id] = epoch
        jids = {group.jid for group in found}
        await self._database.write(self._ledger.only(_inside(session), jids, asked_at))

    def _find(self, scope: SessionScope, group: str) -> Script[StoredGroup | None]:
        if "@" in group:
            return (yield from groups.find_group(scope, Jid(group)))
        return (yield from groups.get_group(scope, group))

    async def _jid(self, session: Session, group: str) -> Jid:
        jid: Jid | None = None
        if "@" in group:
            try:
                jid = parse_recipient(group)
            except InvalidRecipient:
                jid = None
        else:
            jid = await self._database.read(groups.chat_address(_inside(session), group))
        if jid is None or not jid.is_group:
            raise GroupNotFound(f"There is no group {group!r} in this session")
        return jid

    async def _stored(self, session: Session, jid: Jid) -> StoredGroup:
        stored = await self._database.read(groups.find_group(_inside(session), jid))
        if stored is None:
            raise GroupNotFound(f"There is no group {jid!r} in this session")
        return stored

    async def _people(self, session: Session, named: builtins.list[str], pointer: str) -> tuple[Jid, ...]:
        found = [await self._person(session, text, f"{pointer}/{index}") for index, text in enumerate(named)]
        return tuple(dict.fromkeys(found))

    async def _person(self, session: Session, text: str, pointer: str) -> Jid:
        if text.startswith("con_"):
            known = await self._database.read(people.get_contact(_inside(session), text))
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


def _inside(session: Session) -> SessionScope:
    return SessionScope(session.tenant, session.id, 0)


def _check(text: str, pointer: str, limit: int) -> None:
    if not text.strip():
        raise InvalidContent("It is empty", pointer=pointer)
    if len(text) > limit:
        raise InvalidContent(f"It is longer than {limit} characters", pointer=pointer)
