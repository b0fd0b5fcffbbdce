"""From where on entries of PostgreSQL are marked with pairs of short words: those that are there stay as they are."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The indexer marks what it reads from now on; phrases in what is older are looked for without."""
    op.execute(
        "INSERT INTO search_state (name, position) SELECT 'pairs', position FROM search_state WHERE name = 'indexer'"
    )
