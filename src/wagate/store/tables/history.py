"""Histories that are being read."""

from sqlalchemy import Table

from wagate.store.tables.metadata import METADATA, number, text

HISTORY = Table(
    "history",
    METADATA,
    text("session_id", primary_key=True),
    # What the engine calls it.
    text("name", primary_key=True),
    text("tenant_id"),
    number("chats"),
    number("messages"),
    # Of those, the ones that were not here already.
    number("added"),
    sqlite_with_rowid=False,
)
