"""What people show of themselves, as far as it was told. Apart from ``contact``, which every message touches."""

from sqlalchemy import Index, Table

from wagate.store.tables.metadata import METADATA, maybe_number, maybe_text, number, text

CONTACT_DETAIL = Table(
    "contact_detail",
    METADATA,
    text("contact_id", primary_key=True),
    text("tenant_id"),
    text("session_id"),
    maybe_text("about"),
    # Milliseconds since 1970; when they wrote it.
    maybe_number("about_at"),
    maybe_text("picture_id"),
    number("blocked"),
    number("updated_at"),
    Index("contact_detail_session_id", "session_id"),
)
