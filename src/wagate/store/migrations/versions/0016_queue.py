"""Messages go out under conditions: priorities, moments, what becomes of the unknown; and queues are paced."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_MESSAGE = (
    "id, tenant_id, session_id, chat_id, sender_id, direction, origin, wa_id, client_ref, content, "
    "quoted, status, status_reason, failure, accepted_at, sent_at, delivered_at, read_at, context, "
    "edited_at, deleted_at, act_on, starred_at"
)
_OUTBOX = "position, message_id, tenant_id, session_id, chat_id, state, attempt, epoch, due_at"

# SQLite puts new columns behind the constraints, so the tables are made anew to look as they are described.
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
    starred_at BIGINT,
    conditions TEXT,
    due_at BIGINT,
    timeline TEXT,
    CONSTRAINT message_pkey PRIMARY KEY (id),
    CONSTRAINT message_session_id_wa_id_chat_id_sender_id_key UNIQUE (session_id, wa_id, chat_id, sender_id)
)""",
    f"INSERT INTO message_new ({_MESSAGE}) SELECT {_MESSAGE} FROM message",  # noqa: S608  constants
    "DROP TABLE message",
    "ALTER TABLE message_new RENAME TO message",
    "CREATE INDEX message_chat_id_id ON message (chat_id, id)",
    "CREATE INDEX message_session_id_id ON message (session_id, id)",
    "CREATE INDEX message_tenant_id_id ON message (tenant_id, id)",
    """
CREATE TABLE outbox_new (
    position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    message_id TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    chat_id TEXT NOT NULL,
    state TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    priority BIGINT NOT NULL,
    expires_at BIGINT,
    CONSTRAINT outbox_message_id_key UNIQUE (message_id)
)""",
    f"INSERT INTO outbox_new ({_OUTBOX}, priority) SELECT {_OUTBOX}, 1 FROM outbox",  # noqa: S608  constants
    "DROP TABLE outbox",
    "ALTER TABLE outbox_new RENAME TO outbox",
)
_READY = sa.text("state = 'queued'")
_DUE = sa.text("state IN ('later', 'unknown')")
_EXPIRES = sa.text("expires_at IS NOT NULL")


def upgrade() -> None:
    """Add the columns, the table, and the indexes by which they are read."""
    if op.get_context().dialect.name == "sqlite":
        for statement in _ON_SQLITE:
            op.execute(statement)
    else:
        op.add_column("message", sa.Column("conditions", sa.Text(), nullable=True))
        op.add_column("message", sa.Column("due_at", sa.BigInteger(), nullable=True))
        op.add_column("message", sa.Column("timeline", sa.Text(), nullable=True))
        op.add_column("outbox", sa.Column("priority", sa.BigInteger(), nullable=False, server_default="1"))
        op.alter_column("outbox", "priority", server_default=None)
        op.add_column("outbox", sa.Column("expires_at", sa.BigInteger(), nullable=True))
        op.drop_index("outbox_ready", "outbox")
    op.create_index(
        "outbox_ready", "outbox", ["session_id", "priority", "position"], sqlite_where=_READY, postgresql_where=_READY
    )
    op.create_index("outbox_due", "outbox", ["due_at"], sqlite_where=_DUE, postgresql_where=_DUE)
    op.create_index("outbox_expiry", "outbox", ["expires_at"], sqlite_where=_EXPIRES, postgresql_where=_EXPIRES)
    op.create_table(
        "session_queue",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("halted_at", sa.BigInteger(), nullable=True),
        sa.Column("pace", sa.Text(), nullable=True),
        sa.Column("guard", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("session_id", name=op.f("session_queue_pkey")),
    )
