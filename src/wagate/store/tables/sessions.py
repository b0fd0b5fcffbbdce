"""Sessions, and the gateway processes that hold them."""

from sqlalchemy import Index, Table, UniqueConstraint
from sqlalchemy import text as sql_text

from wagate.store.tables.metadata import METADATA, maybe_number, maybe_text, number, text

NODE = Table(
    "node",
    METADATA,
    text("id", primary_key=True),
    number("started_at"),
    number("expires_at"),
)

SESSION = Table(
    "session",
    METADATA,
    text("id", primary_key=True),
    text("tenant_id"),
    text("name"),
    text("engine"),
    number("wanted"),
    text("state"),
    number("state_since"),
    maybe_text("reason_code"),
    maybe_text("reason_detail"),
    maybe_text("me_phone"),
    maybe_text("me_lid"),
    maybe_text("me_name"),
    maybe_text("me_platform"),
    text("settings"),
    text("metadata"),
    maybe_text("owner"),
    number("epoch"),
    number("created_at"),
    maybe_number("last_seen_at"),
    maybe_text("device"),
    UniqueConstraint("tenant_id", "name"),
    Index("session_owner", "owner"),
    Index(
        "session_device",
        "device",
        unique=True,
        sqlite_where=sql_text("device IS NOT NULL"),
        postgresql_where=sql_text("device IS NOT NULL"),
    ),
)

SESSION_MOVE = Table(
    "session_move",
    METADATA,
    text("session_id", primary_key=True),
    text("tenant_id"),
    text("origin"),
    text("target"),
    text("phase"),
    number("begun_at"),
)

SESSION_COUNTER = Table(
    "session_counter",
    METADATA,
    text("session_id", primary_key=True),
    number("seq"),
    sqlite_with_rowid=False,
)
