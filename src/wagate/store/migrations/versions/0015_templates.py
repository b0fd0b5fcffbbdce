"""Stored templates, and the scopes to read and to change them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_EVERYTHING_BEFORE = (
    "contacts:read",
    "contacts:write",
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

# Scopes are kept as a sorted list, of which this is the last before the new ones.
_ADD = (
    """UPDATE api_key SET scopes = REPLACE(scopes, '"sessions:write"', """
    """'"sessions:write","templates:read","templates:write"') WHERE """
)


def upgrade() -> None:
    """Make the table; a key that may do everything goes on doing so."""
    op.create_table(
        "template",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("template_pkey")),
    )
    op.create_index("template_tenant_id_id", "template", ["tenant_id", "id"], unique=False)
    op.create_index("template_tenant_id_name_language", "template", ["tenant_id", "name", "language"], unique=True)
    op.execute(_ADD + " AND ".join(f"""REPLACE(scopes, '"{scope}"', '') <> scopes""" for scope in _EVERYTHING_BEFORE))
