"""The rows of people and conversations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from wagate.domain.ids import ChatId, ContactId, SessionId
from wagate.domain.jid import Jid
from wagate.domain.message import Chat, Contact
from wagate.store.scoped import Scoped, scoped
from wagate.store.script import Row, Script


class InSession(Scoped, Protocol):
    """Whatever knows its tenant and its session."""

    @property
    def session(self) -> SessionId:
        """The session whose people are meant."""
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """A person we know, and our direct chat with them if there is one."""

    contact: Contact
    chat: ChatId | None = None


_FIND = scoped(
    "SELECT a.address, p.id, p.phone, p.lid, p.push_name, p.is_me, c.id AS chat_id",
    "FROM contact_address a JOIN contact p ON p.id = a.contact_id",
    "LEFT JOIN chat c ON c.session_id = a.session_id AND c.contact_id = p.id",
    "WHERE p.tenant_id = :tenant AND a.session_id = :session AND a.address IN (:first, :second)",
)
_GET = scoped(
    "SELECT p.id, p.phone, p.lid, p.push_name, p.is_me, c.id AS chat_id",
    "FROM contact p LEFT JOIN chat c ON c.session_id = p.session_id AND c.contact_id = p.id",
    "WHERE p.tenant_id = :tenant AND p.session_id = :session AND p.id = :id",
)
_ADD_CONTACT = scoped(
    "INSERT INTO contact (id, tenant_id, session_id, phone, lid, push_name, is_me, created_at, updated_at)",
    "VALUES (:id, :tenant, :session, :phone, :lid, :push_name, :is_me, :now, :now)",
    "ON CONFLICT (id) DO UPDATE SET phone = excluded.phone, lid = excluded.lid, push_name = excluded.push_name,",
    "is_me = excluded.is_me, updated_at = excluded.updated_at",
)
_ADDRESS = scoped(
    "INSERT INTO contact_address (session_id, address, contact_id)",
    "SELECT :session, :address, id FROM contact WHERE tenant_id = :tenant AND id = :contact",
    "ON CONFLICT (session_id, address) DO UPDATE SET contact_id = excluded.contact_id",
)
_DROP_ADDRESS = scoped(
    "DELETE FROM contact_address WHERE session_id = :session AND address = :address",
    "AND contact_id IN (SELECT id FROM contact WHERE tenant_id = :tenant AND id = :contact)",
)
_ALIAS = scoped(
    "UPDATE contact SET merged_into = :kept, phone = :phone, lid = :lid, push_name = :push_name, updated_at = :now",
    "WHERE tenant_id = :tenant AND (id = :gone OR merged_into = :gone)",
)
_ADD_DIRECT_CHAT = scoped(
    "INSERT INTO chat (id, tenant_id, session_id, kind, contact_id, created_at)",
    "VALUES (:id, :tenant, :session, 'direct', :contact, :now)",
)
_FIND_CHAT = scoped(
    "SELECT id, kind, name FROM chat WHERE tenant_id = :tenant AND session_id = :session AND jid = :jid",
)
_ADD_CHAT = scoped(
    "INSERT INTO chat (id, tenant_id, session_id, kind, jid, created_at)",
    "VALUES (:id, :tenant, :session, :kind, :jid, :now)",
)
_NAME_CHAT = scoped(
    "UPDATE chat SET name = :name WHERE tenant_id = :tenant AND id = :chat AND (name IS NULL OR name <> :name)"
)
_GIVE_CHAT = scoped("UPDATE chat SET contact_id = :kept WHERE tenant_id = :tenant AND id = :chat")
_DROP_TWINS = scoped(
    "DELETE FROM message WHERE tenant_id = :tenant AND chat_id = :gone_chat AND EXISTS (",
    "SELECT 1 FROM message k WHERE k.session_id = :session AND k.wa_id = message.wa_id AND k.chat_id = :kept_chat",
    "AND k.direction = message.direction)",
)
_MOVE_MESSAGES = scoped(
    "UPDATE message SET chat_id = :kept_chat, sender_id = CASE sender_id WHEN :gone THEN :kept ELSE sender_id END",
    "WHERE tenant_id = :tenant AND chat_id = :gone_chat",
)
_CLAIM_MESSAGES = scoped(
    "UPDATE message SET sender_id = :kept WHERE tenant_id = :tenant AND chat_id = :chat AND sender_id = :gone"
)
_MOVE_QUEUE = scoped(
    "UPDATE outbox SET chat_id = :kept_chat WHERE tenant_id = :tenant AND session_id = :session",
    "AND chat_id = :gone_chat",
)
_DROP_CHAT = scoped("DELETE FROM chat WHERE tenant_id = :tenant AND id = :chat")

_DELETE_ADDRESSES = scoped(
    "DELETE FROM contact_address WHERE (session_id, address) IN (SELECT a.session_id, a.address",
    "FROM contact_address a JOIN session s ON s.id = a.session_id",
    "WHERE s.tenant_id = :tenant AND a.session_id = :session LIMIT :limit) RETURNING address",
)
_DELETE_CONTACTS = scoped(
    "DELETE FROM contact WHERE tenant_id = :tenant AND id IN",
    "(SELECT id FROM contact WHERE session_id = :session LIMIT :limit) RETURNING id",
)
_DELETE_CHATS = scoped(
    "DELETE FROM chat WHERE tenant_id = :tenant AND id IN",
    "(SELECT id FROM chat WHERE session_id = :session LIMIT :limit) RETURNING id",
)


def find_people(scope: InSession, first: Jid, second: Jid) -> Script[dict[str, Known]]:
    """Who is known under these two addresses, by address."""
    rows = yield _FIND(scope, session=scope.session, first=first, second=second)
    return {row["address"]: Known(contact_of(row), row["chat_id"]) for row in rows}


def get_contact(scope: InSession, contact: str) -> Script[Known | None]:
    """One contact."""
    rows = yield _GET(scope, session=scope.session, id=contact)
    return Known(contact_of(rows[0]), rows[0]["chat_id"]) if rows else None


def put_contact(scope: InSession, contact: Contact, now_ms: int) -> Script[None]:
    """Keep a contact, new or changed."""
    yield _ADD_CONTACT(
        scope,
        session=scope.session,
        id=contact.id,
        phone=contact.phone,
        lid=contact.lid,
        push_name=contact.push_name,
        is_me=int(contact.is_me),
        now=now_ms,
    )


def put_address(scope: InSession, address: Jid, contact: ContactId) -> Script[None]:
    """An address means this contact from now on."""
    yield _ADDRESS(scope, session=scope.session, address=address, contact=contact)


def drop_address(scope: InSession, address: Jid, contact: ContactId) -> Script[None]:
    """An address does not mean this contact any more."""
    yield _DROP_ADDRESS(scope, session=scope.session, address=address, contact=contact)


def make_alias(scope: InSession, gone: ContactId, kept: Contact, now_ms: int) -> Script[None]:
    """A contact turned out to be another one: what still refers to it shows that one."""
    yield _ALIAS(scope, gone=gone, kept=kept.id, phone=kept.phone, lid=kept.lid, push_name=kept.push_name, now=now_ms)


def add_direct_chat(scope: InSession, chat: ChatId, contact: ContactId, now_ms: int) -> Script[None]:
    """Keep a new chat with a person."""
    yield _ADD_DIRECT_CHAT(scope, session=scope.session, id=chat, contact=contact, now=now_ms)


def find_chat(scope: InSession, jid: Jid) -> Script[Chat | None]:
    """The chat with this address: a group, list or channel."""
    rows = yield _FIND_CHAT(scope, session=scope.session, jid=jid)
    return Chat(ChatId(rows[0]["id"]), rows[0]["kind"], None, jid, rows[0]["name"]) if rows else None


def name_chat(scope: InSession, chat: ChatId, name: str) -> Script[None]:
    """A chat is called something (else) from now on."""
    yield _NAME_CHAT(scope, chat=chat, name=name)


def add_chat(scope: InSession, chat: Chat, now_ms: int) -> Script[None]:
    """Keep a new chat that is not with one person."""
    yield _ADD_CHAT(scope, session=scope.session, id=chat.id, kind=chat.kind, jid=chat.jid, now=now_ms)


def give_chat(scope: InSession, chat: ChatId, gone: ContactId, kept: ContactId) -> Script[None]:
    """A chat with ``gone`` is one with ``kept``."""
    yield _GIVE_CHAT(scope, chat=chat, kept=kept)
    yield _CLAIM_MESSAGES(scope, chat=chat, gone=gone, kept=kept)


def fuse_chats(scope: InSession, gone: Known, kept: Known) -> Script[None]:
    """Move everything from one person's chat into another's. A message that is in both stays once."""
    yield _DROP_TWINS(scope, session=scope.session, gone_chat=gone.chat, kept_chat=kept.chat)
    yield _MOVE_MESSAGES(scope, gone_chat=gone.chat, kept_chat=kept.chat, gone=gone.contact.id, kept=kept.contact.id)
    yield _MOVE_QUEUE(scope, session=scope.session, gone_chat=gone.chat, kept_chat=kept.chat)
    yield _DROP_CHAT(scope, chat=gone.chat)


def delete_people(scope: InSession, limit: int) -> Script[int]:
    """Remove chats, contacts and addresses of a session; at most ``limit`` of one kind, and that kind's number."""
    for statement in (_DELETE_CHATS, _DELETE_CONTACTS, _DELETE_ADDRESSES):
        rows = yield statement(scope, session=scope.session, limit=limit)
        if len(rows) == limit:
            return limit
    return 0


def contact_of(row: Row) -> Contact:
    """A contact from a row with its columns."""
    return Contact(row["id"], row["phone"], row["lid"], row["push_name"], bool(row["is_me"]))
