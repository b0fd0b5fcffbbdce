"""Status posts: whom each is for, and who has looked at it."""

from sqlalchemy import Index, Table

from wagate.store.tables.metadata import METADATA, number, text

STATUS_AUDIENCE = Table(
    "status_audience",
    METADATA,
    text("message_id", primary_key=True),
    text("tenant_id"),
    text("session_id"),
    # Addresses with spaces between them.
    text("people"),
    Index("status_audience_session_id", "session_id"),
)

STATUS_VIEW = Table(
    "status_view",
    METADATA,
    text("message_id", primary_key=True),
    text("contact_id", primary_key=True),
    text("tenant_id"),
    text("session_id"),
    number("viewed_at"),
    Index("status_view_session_id_contact_id", "session_id", "contact_id"),
    sqlite_with_rowid=False,
)
"""Who told that they have looked at a status post of ours, and when first (ms since 1970)."""
