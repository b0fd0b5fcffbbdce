"""The rows of groups and their members."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from wagate.domain.ids import ChatId, ContactId
from wagate.domain.jid import Jid
from wagate.domain.page import Order
from wagate.domain.people import Group, GroupRole, GroupSettings, Participant
from wagate.features.messaging.group_shape import StoredGroup, StoredMember
from wagate.features.messaging.repository.people import InSession
from wagate.store.scoped import Scoped, scoped
from wagate.store.script import Row, Script

_VIEW = (
    "SELECT g.id, g.jid, g.subject, g.description, g.owner, g.owner_alt, g.founded_at, g.admins_send, g.admins_edit,"
    " g.admins_add, g.approval, g.disappearing_s, g.is_member,"
    " (SELECT COUNT(*) FROM group_member m WHERE m.group_id = g.id) AS size"
    " FROM group_info g"
)
_FIND = scoped(_VIEW, "WHERE g.tenant_id = :tenant AND g.session_id = :session AND g.jid = :jid")
_GET = scoped(_VIEW, "WHERE g.tenant_id = :tenant AND g.session_id = :session AND g.id = :id")
_LISTS = {
    Order.ASC: scoped(
        _VIEW,
        "WHERE g.tenant_id = :tenant AND g.session_id = :session",
        "AND g.is_member = 1 AND g.id > :after ORDER BY g.id LIMIT :limit",
    ),
    Order.DESC: scoped(
        _VIEW,
        "WHERE g.tenant_id = :tenant AND g.session_id = :session",
        "AND g.is_member = 1 AND g.id < :after ORDER BY g.id DESC LIMIT :limit",
    ),
}
_PUT = scoped(
    "INSERT INTO group_info (id, tenant_id, session_id, jid, subject, description, owner, owner_alt, founded_at,",
    "admins_send, admins_edit, admins_add, approval, disappearing_s, is_member, updated_at)",
    "VALUES (:id, :tenant, :session, :jid, :subject, :description, :owner, :owner_alt, :founded_at, :admins_send,",
    ":admins_edit, :admins_add, :approval, :disappearing_s, :is_member, :now)",
    "ON CONFLICT (id) DO UPDATE SET subject = excluded.subject, description = excluded.description,",
    "owner = excluded.owner, owner_alt = excluded.owner_alt, founded_at = excluded.founded_at,",
    "admins_send = excluded.admins_send, admins_edit = excluded.admins_edit, admins_add = excluded.admins_add,",
    "approval = excluded.approval, disappearing_s = excluded.disappearing_s, is_member = excluded.is_member,",
    "updated_at = excluded.updated_at",
)
_JIDS = scoped(
    "SELECT jid FROM group_info WHERE tenant_id = :tenant AND session_id = :session AND is_member = 1",
    "AND updated_at < :before",
)
_CHAT_JID = scoped("SELECT jid FROM chat WHERE tenant_id = :tenant AND session_id = :session AND id = :id")

_MEMBERS = scoped(
    "SELECT m.address, m.alt, m.role FROM group_member m WHERE m.tenant_id = :tenant AND m.group_id = :group",
    "ORDER BY m.address",
)
_NAMED_MEMBERS = scoped(
    "SELECT m.address, m.alt, m.role, p.id AS contact_id, p.push_name FROM group_member m",
    "LEFT JOIN contact_address a ON a.session_id = m.session_id AND a.address = m.address",
    "LEFT JOIN contact p ON p.id = a.contact_id",
    "WHERE m.tenant_id = :tenant AND m.group_id = :group ORDER BY m.address",
)
_PUT_MEMBER = scoped(
    "INSERT INTO group_member (group_id, address, tenant_id, session_id, alt, role)",
    "VALUES (:group, :address, :tenant, :session, :alt, :role)",
    "ON CONFLICT (group_id, address) DO UPDATE SET alt = COALESCE(excluded.alt, group_member.alt),",
    "role = excluded.role",
)
_DROP_MEMBER = scoped("DELETE FROM group_member WHERE tenant_id = :tenant AND group_id = :group AND address = :address")
_ROLE = scoped(
    "SELECT m.role FROM group_member m",
    "JOIN contact_address a ON a.session_id = m.session_id AND a.address IN (m.address, m.alt)",
    "WHERE m.tenant_id = :tenant AND m.group_id = :group AND a.contact_id = :contact LIMIT 1",
)
_ALT = scoped("SELECT alt FROM group_member WHERE tenant_id = :tenant AND group_id = :group AND address = :address")
_DELETE_MEMBERS = scoped(
    "DELETE FROM group_member WHERE (group_id, address) IN (SELECT group_id, address FROM group_member",
    "WHERE tenant_id = :tenant AND session_id = :session LIMIT :limit) RETURNING address",
)
_DELETE_GROUPS = scoped(
    "DELETE FROM group_info WHERE tenant_id = :tenant AND id IN",
    "(SELECT id FROM group_info WHERE session_id = :session LIMIT :limit) RETURNING id",
)


def find_group(scope: InSession, jid: Jid) -> Script[StoredGroup | None]:
    """A group by its address."""
    rows = yield _FIND(scope, session=scope.session, jid=jid)
    return _group_of(rows[0]) if rows else None


def get_group(scope: InSession, group: str) -> Script[StoredGroup | None]:
    """A group by the id of its chat."""
    rows = yield _GET(scope, session=scope.session, id=group)
    return _group_of(rows[0]) if rows else None


def list_groups(scope: InSession, order: Order, after: str, limit: int) -> Script[list[StoredGroup]]:
    """Groups that our account is in, beyond the id ``after``."""
    rows = yield _LISTS[order](scope, session=scope.session, after=after, limit=limit)
    return [_group_of(row) for row in rows]


def joined_groups(scope: InSession, before_ms: int) -> Script[set[Jid]]:
    """The addresses of the groups that our account is in, of those that were last heard of before a moment."""
    rows = yield _JIDS(scope, session=scope.session, before=before_ms)
    return {Jid(row["jid"]) for row in rows}


def chat_address(scope: InSession, chat: str) -> Script[Jid | None]:
    """The address of a chat that is not with one person."""
    rows = yield _CHAT_JID(scope, session=scope.session, id=chat)
    return Jid(rows[0]["jid"]) if rows and rows[0]["jid"] is not None else None


def put_group(scope: InSession, stored: StoredGroup, now_ms: int) -> Script[None]:
    """Keep a group, new or changed, without its members."""
    group, settings, owner = stored.group, stored.group.settings, stored.group.owner
    yield _PUT(
        scope,
        session=scope.session,
        id=stored.id,
        jid=group.jid,
        subject=group.subject,
        description=group.description,
        owner=None if owner is None else owner.jid,
        owner_alt=None if owner is None else owner.alt,
        founded_at=group.created_at,
        admins_send=int(settings.admins_send),
        admins_edit=int(settings.admins_edit),
        admins_add=int(settings.admins_add),
        approval=int(settings.approval),
        disappearing_s=settings.disappearing_s,
        is_member=int(stored.is_member),
        now=now_ms,
    )


def members(scope: Scoped, group: ChatId) -> Script[dict[Jid, Participant]]:
    """Who is in a group, by address."""
    rows = yield _MEMBERS(scope, group=group)
    return {Jid(row["address"]): _participant_of(row) for row in rows}


def named_members(scope: Scoped, group: ChatId) -> Script[list[StoredMember]]:
    """Who is in a group, with what is known of them as contacts."""
    rows = yield _NAMED_MEMBERS(scope, group=group)
    return [StoredMember(_participant_of(row), row["contact_id"], row["push_name"]) for row in rows]


def role_of(scope: Scoped, group: ChatId, contact: ContactId) -> Script[GroupRole | None]:
    """What somebody is in a group; None when that, or the group, is not known."""
    rows = yield _ROLE(scope, group=group, contact=contact)
    return GroupRole(rows[0]["role"]) if rows else None


def alt_of(scope: Scoped, group: ChatId, address: Jid) -> Script[Jid | None]:
    """A member's other kind of address, if it is known."""
    rows = yield _ALT(scope, group=group, address=address)
    return Jid(rows[0]["alt"]) if rows and rows[0]["alt"] is not None else None


def put_members(scope: InSession, group: ChatId, people: Sequence[Participant]) -> Script[None]:
    """Keep people as members, or in another role."""
    if people:
        yield _PUT_MEMBER.many(
            scope,
            [
                {
                    "group": group,
                    "session": scope.session,
                    "address": person.jid,
                    "alt": person.alt,
                    "role": person.role.value,
                }
                for person in people
            ],
        )


def drop_members(scope: Scoped, group: ChatId, addresses: Iterable[Jid]) -> Script[None]:
    """People are not members any more."""
    gone = [{"group": group, "address": address} for address in addresses]
    if gone:
        yield _DROP_MEMBER.many(scope, gone)


def delete_groups(scope: InSession, limit: int) -> Script[int]:
    """Remove groups and their members of a session; at most ``limit`` of one kind, and that kind's number."""
    for statement in (_DELETE_MEMBERS, _DELETE_GROUPS):
        rows = yield statement(scope, session=scope.session, limit=limit)
        if len(rows) == limit:
            return limit
    return 0


def with_members(stored: StoredGroup, people: Iterable[Participant]) -> StoredGroup:
    """The same with its participants."""
    participants = tuple(people)
    return replace(stored, group=replace(stored.group, participants=participants, size=len(participants)))


def _group_of(row: Row) -> StoredGroup:
    owner, alt = row["owner"], row["owner_alt"]
    group = Group(
        jid=Jid(row["jid"]),
        subject=row["subject"],
        description=row["description"],
        owner=None if owner is None else Participant(Jid(owner), None if alt is None else Jid(alt), GroupRole.OWNER),
        created_at=row["founded_at"],
        settings=GroupSettings(
            admins_send=bool(row["admins_send"]),
            admins_edit=bool(row["admins_edit"]),
            admins_add=bool(row["admins_add"]),
            approval=bool(row["approval"]),
            disappearing_s=row["disappearing_s"],
        ),
        participants=(),
        size=row["size"],
    )
    return StoredGroup(ChatId(row["id"]), group, bool(row["is_member"]))


def _participant_of(row: Row) -> Participant:
    alt = row["alt"]
    return Participant(Jid(row["address"]), None if alt is None else Jid(alt), GroupRole(row["role"]))
