"""How each chat stands: its last activity, and what is unread in it; and what messages are found by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

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


# FTS5 reads the words from the table beside it, so whatever changes a row there has to say so here.
_WORDS_ON_SQLITE = (
    "CREATE VIRTUAL TABLE search_word USING fts5(words, content='search_entry', content_rowid='position',"
    " columnsize=0, tokenize=\"ascii tokenchars '_'\")",
    "CREATE TRIGGER search_word_added AFTER INSERT ON search_entry BEGIN"
    " INSERT INTO search_word (rowid, words) VALUES (new.position, new.words); END",
    "CREATE TRIGGER search_word_removed AFTER DELETE ON search_entry BEGIN"
    " INSERT INTO search_word (search_word, rowid, words) VALUES ('delete', old.position, old.words); END",
    "CREATE TRIGGER search_word_changed AFTER UPDATE OF words ON search_entry BEGIN"
    " INSERT INTO search_word (search_word, rowid, words) VALUES ('delete', old.position, old.words);"
    " INSERT INTO search_word (rowid, words) VALUES (new.position, new.words); END",
)


def upgrade() -> None:
    """Make the tables, and write down how the chats stand that there are. The indexer reads the journal by itself."""
    _make_chat_activity()
    _make_search()


def _make_search() -> None:
    on_sqlite = op.get_context().dialect.name == "sqlite"
    op.create_table(
        "search_entry",
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("chat_id", sa.Text(), nullable=False),
        sa.Column("words", sa.Text().with_variant(TSVECTOR(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("search_entry_pkey")),
        sa.UniqueConstraint("message_id", name=op.f("search_entry_message_id_key")),
    )
    for place in ("tenant_id", "session_id", "chat_id"):
        op.create_index(f"search_entry_{place}_position", "search_entry", [place, "position"], unique=False)
    op.create_table(
        "search_state",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("search_state_pkey")),
    )
    op.execute("INSERT INTO search_state (name, position) VALUES ('indexer', 0)")
    if on_sqlite:
        for statement in _WORDS_ON_SQLITE:
            op.execute(statement)
    else:
        op.create_index(
            "search_entry_words",
            "search_entry",
            ["words"],
            unique=False,
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        )


def _make_chat_activity() -> None:
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
