"""What messages are found by. SQLite has a full-text index beside it (``search_word``), PostgreSQL one on it."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import TSVECTOR

from wagate.store.tables.metadata import METADATA, number, text

SEARCH_ENTRY = Table(
    "search_entry",
    METADATA,
    # The place in the journal of the event that told of the message first: what was said later has a higher one.
    Column("position", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False),
    text("message_id"),
    text("tenant_id"),
    text("session_id"),
    text("chat_id"),
    # Folded words, and marks for what can be filtered by; made by ``features/messaging/words.py``.
    Column("words", Text().with_variant(TSVECTOR(), "postgresql"), nullable=False),
    UniqueConstraint("message_id"),
    Index("search_entry_tenant_id_position", "tenant_id", "position"),
    Index("search_entry_session_id_position", "session_id", "position"),
    Index("search_entry_chat_id_position", "chat_id", "position"),
    Index(
        "search_entry_words",
        "words",
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
        info={"only": "postgresql"},
    ),
)

SEARCH_STATE = Table(
    "search_state",
    METADATA,
    text("name", primary_key=True),
    # Up to where the indexer has read the journal.
    number("position"),
)
