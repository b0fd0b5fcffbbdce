"""Sessions, and the gateway processes that hold them."""

from sqlalchemy import Index, Table, UniqueConstraint

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
    UniqueConstraint("tenant_id", "name"),
    Index("session_owner", "owner"),
)

SESSION_COUNTER = Table(
    "session_counter",
    METADATA,
    text("session_id", primary_key=True),
    number("seq"),
    sqlite_with_rowid=False,
)
