"""Status posts: whom each is for."""

from sqlalchemy import Index, Table

from wagate.store.tables.metadata import METADATA, text

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
