"""Whom status posts are for, and after how long messages of a chat vanish."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, and add the column."""
    op.add_column("chat", sa.Column("disappearing_s", sa.BigInteger(), nullable=True))
    op.create_table(
        "status_audience",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("people", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("status_audience_pkey")),
    )
    op.create_index("status_audience_session_id", "status_audience", ["session_id"], unique=False)
