"""What is said once is remembered for a while; other programs may leave messages in a table."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_QUEUED = sa.text("status = 'QUEUED'")
_AUTO = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# One line: statements are told apart by the ends of lines.
_TELL = (
    "CREATE FUNCTION wagate_tell_inbox() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN PERFORM pg_notify('wagate_inbox', ''); RETURN NULL; END $$"
)
_WHEN = (
    "CREATE TRIGGER outbox_inbox_tell AFTER INSERT ON outbox_inbox "
    "FOR EACH STATEMENT EXECUTE FUNCTION wagate_tell_inbox()"
)


def upgrade() -> None:
    """Add the tables, and on PostgreSQL what tells of new rows."""
    op.create_table(
        "duplicate",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("likeness", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "likeness", name=op.f("duplicate_pkey")),
        sqlite_with_rowid=False,
    )
    op.create_index("duplicate_created_at", "duplicate", ["created_at"])
    op.create_table(
        "outbox_inbox",
        sa.Column("id", _AUTO, sa.Identity(), primary_key=True),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("to", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("priority", sa.Text(), nullable=True),
        sa.Column("send_at", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.Text(), nullable=True),
        sa.Column("client_ref", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False, server_default="QUEUED"),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Text(), nullable=False, server_default=sa.text("CURRENT_TIMESTAMP")),
        sa.Column("changed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("outbox_inbox_pkey")),
        sqlite_autoincrement=True,
    )
    op.create_index("outbox_inbox_queued", "outbox_inbox", ["id"], sqlite_where=_QUEUED, postgresql_where=_QUEUED)
    op.create_index("outbox_inbox_message_id", "outbox_inbox", ["message_id"])
    op.create_index("outbox_inbox_changed_at", "outbox_inbox", ["changed_at"])
    op.create_table(
        "journal_cursor",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("journal_cursor_pkey")),
    )
    if op.get_context().dialect.name == "postgresql":
        op.execute(_TELL)
        op.execute(_WHEN)
