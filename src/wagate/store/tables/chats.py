"""How each conversation stands: when something was last said in it, and what of it has not been read.

A table of its own, because it changes with every message while ``chat`` hardly ever does.
"""

from sqlalchemy import Index, Table
from sqlalchemy import text as raw

from wagate.store.tables.metadata import METADATA, number, text

CHAT_ACTIVITY = Table(
    "chat_activity",
    METADATA,
    text("chat_id", primary_key=True),
    text("tenant_id"),
    text("session_id"),
    # The ULID of the newest message, or the chat's own as long as there is none: chats are listed by it.
    text("activity"),
    number("unread"),
    # The id of the message up to which everything was read. Beyond it, a received message is unread unless it has a
    # ``read_at``, which is only needed where two chats became one.
    text("read_until"),
    Index("chat_activity_session_id_activity", "session_id", "activity"),
    Index(
        "chat_activity_unread",
        "session_id",
        "activity",
        sqlite_where=raw("unread > 0"),
        postgresql_where=raw("unread > 0"),
    ),
    sqlite_with_rowid=False,
)
