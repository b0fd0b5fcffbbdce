"""Stored templates."""

from sqlalchemy import Index, Table

from wagate.store.tables.metadata import METADATA, number, text

TEMPLATE = Table(
    "template",
    METADATA,
    text("id", primary_key=True),
    text("tenant_id"),
    text("name"),
    # Empty where there is none.
    text("language"),
    text("content"),
    number("created_at"),
    number("updated_at"),
    Index("template_tenant_id_name_language", "tenant_id", "name", "language", unique=True),
    Index("template_tenant_id_id", "tenant_id", "id"),
)
