"""How each chat stands: its last activity, and what is unread in it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# Nobody knows what was read of the messages that are there already: they count as read.
_FILL = """
INSERT INTO chat_activity (chat_id, tenant_id, session_id, activity, unread, read_until)
SELECT c.id, c.tenant_id, c.session_id, substr(COALESCE(MAX(CASE WHEN m.act_on IS NULL THEN m.id END), c.id), 5), 0,
       COALESCE(MAX(m.id), '')
  FROM chat c LEFT JOIN message m ON m.chat_id = c.id GROUP BY c.id, c.tenant_id, c.session_id
"""


def upgrade() -> None:
    """Make the table, and write down how the chats stand that there are."""
    op.create_table(
        "chat_activity",
        sa.Column("chat_id", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("activity", sa.Text(), nullable=False),
        sa.Column("unread", sa.BigInteger(), nullable=False),
        sa.Column("read_until", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", name=op.f("chat_activity_pkey")),
        sqlite_with_rowid=False,
    )
    op.create_index("chat_activity_session_id_activity", "chat_activity", ["session_id", "activity"], unique=False)
    op.create_index(
        "chat_activity_unread",
        "chat_activity",
        ["session_id", "activity"],
        unique=False,
        sqlite_where=sa.text("unread > 0"),
        postgresql_where=sa.text("unread > 0"),
    )
    op.execute(_FILL)
