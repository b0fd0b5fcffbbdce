"""Messages may have been forwarded, edited and deleted; what people do to them is kept beside them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NEW = ("context", "edited_at", "deleted_at", "act_on")
_OLD = (
    "id, tenant_id, session_id, chat_id, sender_id, direction, origin, wa_id, client_ref, content, quoted, status,"
    " status_reason, failure, accepted_at, sent_at, delivered_at, read_at"
)

# SQLite puts a new column behind the constraints, so the table is made anew to look as it is described.
_ON_SQLITE = (
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
    CONSTRAINT message_pkey PRIMARY KEY (id),
    CONSTRAINT message_session_id_wa_id_chat_id_sender_id_key UNIQUE (session_id, wa_id, chat_id, sender_id)
)""",
    f"INSERT INTO message_new ({_OLD}) SELECT {_OLD} FROM message",  # noqa: S608  constants
    "DROP TABLE message",
    "ALTER TABLE message_new RENAME TO message",
    "CREATE INDEX message_chat_id_id ON message (chat_id, id)",
    "CREATE INDEX message_session_id_id ON message (session_id, id)",
    "CREATE INDEX message_tenant_id_id ON message (tenant_id, id)",
)


def upgrade() -> None:
    """Add the columns, and the table of acts."""
    if op.get_context().dialect.name == "sqlite":
        for statement in _ON_SQLITE:
            op.execute(statement)
    else:
        for name in _NEW:
            kind = sa.BigInteger() if name.endswith("_at") else sa.Text()
            op.add_column("message", sa.Column(name, kind, nullable=True))
    op.create_table(
        "act",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("wa_id", sa.Text(), nullable=False),
        sa.Column("sender_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("chat_id", sa.Text(), nullable=False),
        sa.Column("act_wa_id", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("is_known", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("session_id", "wa_id", "sender_id", "kind", name=op.f("act_pkey")),
        sqlite_with_rowid=False,
    )
    op.create_index("act_session_id_chat_id", "act", ["session_id", "chat_id"], unique=False)
    op.create_index(
        "act_orphans",
        "act",
        ["session_id", "at"],
        unique=False,
        sqlite_where=sa.text("is_known = 0"),
        postgresql_where=sa.text("is_known = 0"),
    )
