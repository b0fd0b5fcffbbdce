"""A message may have no WhatsApp id yet: some engines learn it only when the message is on its way."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# SQLite cannot drop a NOT NULL, so the table is made anew (the procedure of its page on ALTER TABLE, §7).
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
    CONSTRAINT message_pkey PRIMARY KEY (id),
    CONSTRAINT message_session_id_wa_id_chat_id_sender_id_key UNIQUE (session_id, wa_id, chat_id, sender_id)
)""",
    "INSERT INTO message_new SELECT * FROM message",
    "DROP TABLE message",
    "ALTER TABLE message_new RENAME TO message",
    "CREATE INDEX message_chat_id_id ON message (chat_id, id)",
    "CREATE INDEX message_session_id_id ON message (session_id, id)",
    "CREATE INDEX message_tenant_id_id ON message (tenant_id, id)",
)


def upgrade() -> None:
    """Let ``message.wa_id`` be empty."""
    if op.get_context().dialect.name == "sqlite":
        for statement in _ON_SQLITE:
            op.execute(statement)
    else:
        op.alter_column("message", "wa_id", nullable=True)
