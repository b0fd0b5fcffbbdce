"""Groups with their members, names for chats, and scopes of their own for keys that could do everything so far."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# With media and without: 0004 gave nobody a scope.
_EVERYTHING_SO_FAR = (
    '["events:read","keys:manage","messages:read","messages:send","sessions:pair","sessions:read","sessions:write"]',
    '["events:read","keys:manage","media:read","media:write","messages:read","messages:send","sessions:pair",'
    '"sessions:read","sessions:write"]',
)
_EVERYTHING_NOW = (
    '["events:read","groups:read","groups:write","keys:manage","media:read","media:write","messages:read",'
    '"messages:send","sessions:pair","sessions:read","sessions:write"]'
)

# SQLite writes a column that is added behind the constraints, so the table is made anew (see 0002).
_CHAT_ON_SQLITE = (
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
    CONSTRAINT chat_pkey PRIMARY KEY (id)
)""",
    "INSERT INTO chat_new SELECT id, tenant_id, session_id, kind, contact_id, jid, created_at, NULL FROM chat",
    "DROP TABLE chat",
    "ALTER TABLE chat_new RENAME TO chat",
    "CREATE UNIQUE INDEX chat_session_id_contact_id ON chat (session_id, contact_id) WHERE contact_id IS NOT NULL",
    "CREATE UNIQUE INDEX chat_session_id_jid ON chat (session_id, jid) WHERE jid IS NOT NULL",
)


def upgrade() -> None:
    """Make the tables, and let ``chat`` have a ``name``."""
    if op.get_context().dialect.name == "sqlite":
        for statement in _CHAT_ON_SQLITE:
            op.execute(statement)
    else:
        op.add_column("chat", sa.Column("name", sa.Text(), nullable=True))
    op.create_table(
        "group_info",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("jid", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("owner_alt", sa.Text(), nullable=True),
        sa.Column("founded_at", sa.BigInteger(), nullable=False),
        sa.Column("admins_send", sa.BigInteger(), nullable=False),
        sa.Column("admins_edit", sa.BigInteger(), nullable=False),
        sa.Column("admins_add", sa.BigInteger(), nullable=False),
        sa.Column("approval", sa.BigInteger(), nullable=False),
        sa.Column("disappearing_s", sa.BigInteger(), nullable=False),
        sa.Column("is_member", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("group_info_pkey")),
    )
    op.create_index("group_info_session_id_id", "group_info", ["session_id", "id"], unique=False)
    op.create_index("group_info_session_id_jid", "group_info", ["session_id", "jid"], unique=True)
    op.create_table(
        "group_member",
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("alt", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("group_id", "address", name=op.f("group_member_pkey")),
        sqlite_with_rowid=False,
    )
    op.create_index("group_member_session_id", "group_member", ["session_id"], unique=False)
    for scopes in _EVERYTHING_SO_FAR:
        op.execute(f"UPDATE api_key SET scopes = '{_EVERYTHING_NOW}' WHERE scopes = '{scopes}'")  # noqa: S608  constants
