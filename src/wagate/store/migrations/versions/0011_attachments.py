"""Which files messages show, and where the bytes of those can be had that arrived."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables, and find who needs a media by the holder."""
    op.create_table(
        "attachment",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("media_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("attachment_pkey")),
    )
    op.create_index("attachment_media_id", "attachment", ["media_id"], unique=False)
    op.create_index("attachment_session_id", "attachment", ["session_id"], unique=False)
    op.create_table(
        "media_origin",
        sa.Column("media_id", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("reference", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("media_id", name=op.f("media_origin_pkey")),
    )
    op.create_index("media_origin_session_id_due_at", "media_origin", ["session_id", "due_at"], unique=False)
    op.create_index("media_origin_due_at", "media_origin", ["due_at"], unique=False)
    op.create_index("media_reference_holder", "media_reference", ["holder"], unique=False)
