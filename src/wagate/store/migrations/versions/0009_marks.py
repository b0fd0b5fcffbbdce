"""Chats may be archived, pinned, muted, unread, cleared; messages starred; contacts have names of an address book."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_NEW = {
    "contact": ("name", "first_name"),
    "chat": ("archived", "pinned", "muted_until", "marked_unread", "cleared_until", "removed_until"),
    "message": ("starred_at",),
}
_CONTACT = "id, tenant_id, session_id, phone, lid, push_name, is_me, merged_into, created_at, updated_at"
_CHAT = "id, tenant_id, session_id, kind, contact_id, jid, created_at, name"
_MESSAGE = (
    "id, tenant_id, session_id, chat_id, sender_id, direction, origin, wa_id, client_ref, content, "
    "quoted, status, status_reason, failure, accepted_at, sent_at, delivered_at, read_at, context, "
    "edited_at, deleted_at, act_on"
)

# SQLite puts new columns behind the constraints, so the tables are made anew to look as they are described.
_ON_SQLITE = (
    """
CREATE TABLE contact_new (
    id TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    phone TEXT,
    lid TEXT,
    push_name TEXT,
    is_me BIGINT NOT NULL,
    merged_into TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    name TEXT,
    first_name TEXT,
    CONSTRAINT contact_pkey PRIMARY KEY (id)
)""",
    f"INSERT INTO contact_new ({_CONTACT}) SELECT {_CONTACT} FROM contact",  # noqa: S608  constants
    "DROP TABLE contact",
    "ALTER TABLE contact_new RENAME TO contact",
    "CREATE INDEX contact_session_id_id ON contact (session_id, id)",
    """
CREATE TABLE chat_new (
    id TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    contact_id TEXT,
    jid TEXT,
    created_at BIGINT NOT NULL,
    name TEXT,
    archived BIGINT,
    pinned BIGINT,
    muted_until BIGINT,
    marked_unread BIGINT,
    cleared_until BIGINT,
    removed_until BIGINT,
    CONSTRAINT chat_pkey PRIMARY KEY (id)
)""",
    f"INSERT INTO chat_new ({_CHAT}) SELECT {_CHAT} FROM chat",  # noqa: S608  constants
    "DROP TABLE chat",
    "ALTER TABLE chat_new RENAME TO chat",
    "CREATE UNIQUE INDEX chat_session_id_contact_id ON chat (session_id, contact_id) WHERE contact_id IS NOT NULL",
    "CREATE UNIQUE INDEX chat_session_id_jid ON chat (session_id, jid) WHERE jid IS NOT NULL",
    """
CREATE TABLE message_new (
    id TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    chat_id TEXT NOT NULL,
    sender_id TEXT NOT NULL,
    direction TEXT NOT NULL,
    origin TEXT NOT NULL,
    wa_id TEXT,
    client_ref TEXT,
    content TEXT NOT NULL,
    quoted TEXT,
    status TEXT NOT NULL,
    status_reason TEXT,
    failure TEXT,
    accepted_at BIGINT NOT NULL,
    sent_at BIGINT,
    delivered_at BIGINT,
    read_at BIGINT,
    context TEXT,
    edited_at BIGINT,
    deleted_at BIGINT,
    act_on TEXT,
    starred_at BIGINT,
    CONSTRAINT message_pkey PRIMARY KEY (id),
    CONSTRAINT message_session_id_wa_id_chat_id_sender_id_key UNIQUE (session_id, wa_id, chat_id, sender_id)
)""",
    f"INSERT INTO message_new ({_MESSAGE}) SELECT {_MESSAGE} FROM message",  # noqa: S608  constants
    "DROP TABLE message",
    "ALTER TABLE message_new RENAME TO message",
    "CREATE INDEX message_chat_id_id ON message (chat_id, id)",
    "CREATE INDEX message_session_id_id ON message (session_id, id)",
    "CREATE INDEX message_tenant_id_id ON message (tenant_id, id)",
)


def upgrade() -> None:
    """Add the columns."""
    if op.get_context().dialect.name == "sqlite":
        for statement in _ON_SQLITE:
            op.execute(statement)
        return
    for table, names in _NEW.items():
        for name in names:
            kind = sa.Text() if table == "contact" else sa.BigInteger()
            op.add_column(table, sa.Column(name, kind, nullable=True))
