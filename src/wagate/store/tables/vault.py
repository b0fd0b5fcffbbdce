"""What the engines keep, sealed."""

from sqlalchemy import Table

from wagate.store.tables.metadata import METADATA, blob, number, text

VAULT_RECORD = Table(
    "vault_record",
    METADATA,
    text("session_id", primary_key=True),
    text("kind", primary_key=True),
    text("address", primary_key=True),
    blob("data"),
    number("updated_at"),
    sqlite_with_rowid=False,
)

SEALING_KEY = Table(
    "sealing_key",
    METADATA,
    text("id", primary_key=True),
    number("created_at"),
)
