"""How far messages of ours got with each of those whom they were for, in groups and as status posts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "receipt",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("delivered_at", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.BigInteger(), nullable=True),
        sa.Column("played_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("message_id", "contact_id", name=op.f("receipt_pkey")),
        sqlite_with_rowid=False,
    )
    op.create_index("receipt_session_id_contact_id", "receipt", ["session_id", "contact_id"], unique=False)
