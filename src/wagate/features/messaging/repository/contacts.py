"""Contacts as a list, and the rows of what they show of themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from wagate.domain.ids import ContactId
from wagate.domain.message import Contact
from wagate.domain.page import Order
from wagate.features.messaging.repository.people import InSession, contact_of
from wagate.store.scoped import Scoped, ScopedStatement, scoped
from wagate.store.script import Row, Script


@dataclass(frozen=True, slots=True)
class Detail:
    """What somebody shows of themselves, as far as it was told. ``about_at`` is in ms since 1970."""

    about: str | None = None
    about_at: int | None = None
    picture_id: str | None = None
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class StoredContact:
    """A contact with what is known of them; ``detail`` is None where nothing was ever told."""

    contact: Contact
    detail: Detail | None


@dataclass(frozen=True, slots=True)
class ContactFilter:
    """Which contacts: ``search`` is part of a name or of a number."""

    search: str | None = None
    blocked: bool | None = None


_VIEW = (
    "SELECT p.id, p.phone, p.lid, p.push_name, p.is_me, d.contact_id, d.about, d.about_at, d.picture_id, d.blocked"
    " FROM contact p LEFT JOIN contact_detail d ON d.contact_id = p.id"
    " WHERE p.tenant_id = :tenant AND p.session_id = :session"
)
_GET = scoped(_VIEW, "AND p.id = (SELECT COALESCE(a.merged_into, a.id) FROM contact a WHERE a.id = :id)")
_SEARCHES = {
    False: "",
    True: "AND (LOWER(COALESCE(p.push_name, '')) LIKE :name ESCAPE '!' OR COALESCE(p.phone, '') LIKE :digits)",
}
_BLOCKED = {
    None: "",
    True: "AND d.blocked = 1",
    False: "AND COALESCE(d.blocked, 0) = 0",
}
_ORDERS = {
    Order.ASC: "AND p.id > :after ORDER BY p.id LIMIT :limit",
    Order.DESC: "AND p.id < :after ORDER BY p.id DESC LIMIT :limit",
}
_LISTS: dict[tuple[bool, bool | None, Order], ScopedStatement] = {
    (searching, blocked, order): scoped(
        _VIEW, "AND p.merged_into IS NULL AND p.is_me = 0", _SEARCHES[searching], _BLOCKED[blocked], _ORDERS[order]
    )
    for searching, blocked, order in product(_SEARCHES, _BLOCKED, _ORDERS)
}
_DETAIL = scoped(
    "SELECT d.contact_id, d.about, d.about_at, d.picture_id, d.blocked FROM contact_detail d",
    "WHERE d.tenant_id = :tenant AND d.contact_id = :contact",
)
_PUT = scoped(
    "INSERT INTO contact_detail (contact_id, tenant_id, session_id, about, about_at, picture_id, blocked, updated_at)",
    "VALUES (:contact, :tenant, :session, :about, :about_at, :picture_id, :blocked, :now)",
    "ON CONFLICT (contact_id) DO UPDATE SET about = excluded.about, about_at = excluded.about_at,",
    "picture_id = excluded.picture_id, blocked = excluded.blocked, updated_at = excluded.updated_at",
)
_DROP = scoped("DELETE FROM contact_detail WHERE tenant_id = :tenant AND contact_id = :contact")
_BLOCKED_NOW = scoped(
    "SELECT d.contact_id FROM contact_detail d",
    "WHERE d.tenant_id = :tenant AND d.session_id = :session AND d.blocked = 1",
)
_DELETE = scoped(
    "DELETE FROM contact_detail WHERE tenant_id = :tenant AND contact_id IN",
    "(SELECT contact_id FROM contact_detail WHERE session_id = :session LIMIT :limit) RETURNING contact_id",
)


def get_contact(scope: InSession, contact: str) -> Script[StoredContact | None]:
    """One contact; for one that turned out to be another, that other one."""
    rows = yield _GET(scope, session=scope.session, id=contact)
    return _stored(rows[0]) if rows else None


def list_contacts(
    scope: InSession, wanted: ContactFilter, order: Order, after: str, limit: int
) -> Script[list[StoredContact]]:
    """Contacts beyond the id ``after``, without ourselves and without those that are others by now."""
    statement = _LISTS[wanted.search is not None, wanted.blocked, order]
    parameters: dict[str, object] = {"session": scope.session, "after": after, "limit": limit}
    if wanted.search is not None:
        digits = "".join(letter for letter in wanted.search if letter.isascii() and letter.isdigit())
        parameters["name"] = f"%{_literal(wanted.search.lower())}%"
        parameters["digits"] = f"%{digits}%" if digits else ""
    rows = yield statement(scope, **parameters)
    return [_stored(row) for row in rows]


def get_detail(scope: Scoped, contact: ContactId) -> Script[Detail | None]:
    """What somebody shows of themselves."""
    rows = yield _DETAIL(scope, contact=contact)
    return _detail_of(rows[0]) if rows else None


def put_detail(scope: InSession, contact: ContactId, detail: Detail, now_ms: int) -> Script[None]:
    """Keep what somebody shows of themselves."""
    yield _PUT(
        scope,
        session=scope.session,
        contact=contact,
        about=detail.about,
        about_at=detail.about_at,
        picture_id=detail.picture_id,
        blocked=int(detail.blocked),
        now=now_ms,
    )


def merge_details(scope: InSession, gone: ContactId, kept: ContactId, now_ms: int) -> Script[None]:
    """Two contacts are one: what only the other one shows is kept, and who was blocked stays so."""
    lost = yield from get_detail(scope, gone)
    if lost is None:
        return
    yield _DROP(scope, contact=gone)
    own = yield from get_detail(scope, kept)
    whole = lost
    if own is not None:
        about, about_at = (lost.about, lost.about_at) if own.about is None else (own.about, own.about_at)
        whole = Detail(about, about_at, own.picture_id or lost.picture_id, own.blocked or lost.blocked)
    yield from put_detail(scope, kept, whole, now_ms)


def blocked_contacts(scope: InSession) -> Script[set[ContactId]]:
    """Who is blocked, as far as we know."""
    rows = yield _BLOCKED_NOW(scope, session=scope.session)
    return {ContactId(row["contact_id"]) for row in rows}


def delete_details(scope: InSession, limit: int) -> Script[int]:
    """Remove at most so many details of a session; how many there were."""
    rows: Iterable[Row] = yield _DELETE(scope, session=scope.session, limit=limit)
    return len(list(rows))


def _stored(row: Row) -> StoredContact:
    return StoredContact(contact_of(row), None if row["contact_id"] is None else _detail_of(row))


def _detail_of(row: Row) -> Detail:
    return Detail(row["about"], row["about_at"], row["picture_id"], bool(row["blocked"]))


def _literal(text: str) -> str:
    """A text in which LIKE finds no signs of its own."""
    for sign in "!%_":
        text = text.replace(sign, f"!{sign}")
    return text
