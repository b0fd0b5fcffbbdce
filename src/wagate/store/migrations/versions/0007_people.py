"""What people show of themselves, and scopes of their own for keys that could do everything so far."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_EVERYTHING_BEFORE = (
    "events:read",
    "groups:read",
    "groups:write",
    "keys:manage",
    "media:read",
    "media:write",
    "messages:read",
    "messages:send",
    "sessions:pair",
    "sessions:read",
    "sessions:write",
)

# Scopes are kept as a sorted list; whatever else a key may do stays where it is.
_ADD = (
    """UPDATE api_key SET scopes = REPLACE(scopes, '"events:read"', """
    """'"contacts:read","contacts:write","events:read"') WHERE """
)


def upgrade() -> None:
    """Make the table; a key that may do everything goes on doing so."""
    op.create_table(
        "contact_detail",
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=True),
        sa.Column("about_at", sa.BigInteger(), nullable=True),
        sa.Column("picture_id", sa.Text(), nullable=True),
        sa.Column("blocked", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("contact_id", name=op.f("contact_detail_pkey")),
    )
    op.create_index("contact_detail_session_id", "contact_detail", ["session_id"], unique=False)
    op.execute(_ADD + " AND ".join(f"""REPLACE(scopes, '"{scope}"', '') <> scopes""" for scope in _EVERYTHING_BEFORE))
