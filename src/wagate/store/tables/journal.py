"""The journal of events."""

from sqlalchemy import Column, Index, Table, UniqueConstraint

from wagate.store.tables.metadata import AUTO, METADATA, maybe_text, number, text

EVENT = Table(
    "event",
    METADATA,
    Column("position", AUTO, primary_key=True, autoincrement=True),
    text("id"),
    text("tenant_id"),
    maybe_text("session_id"),
    number("seq"),
    text("type"),
    number("occurred_at"),
    text("data"),
    UniqueConstraint("id"),
    Index("event_tenant_id_position", "tenant_id", "position"),
    Index("event_session_id_position", "session_id", "position"),
    # Positions are never given out twice, even when the newest events were deleted: readers' cursors rely on it.
    sqlite_autoincrement=True,
)
