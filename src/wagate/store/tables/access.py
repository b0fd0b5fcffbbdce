"""Tenants and their API keys."""

from sqlalchemy import Index, Table

from wagate.store.tables.metadata import METADATA, blob, maybe_number, number, text

TENANT = Table(
    "tenant",
    METADATA,
    text("id", primary_key=True),
    text("name"),
    number("created_at"),
)

API_KEY = Table(
    "api_key",
    METADATA,
    text("id", primary_key=True),
    text("tenant_id"),
    text("name"),
    blob("hash"),
    text("scopes"),
    number("created_at"),
    maybe_number("last_used_at"),
    maybe_number("expires_at"),
    maybe_number("revoked_at"),
    Index("api_key_tenant_id_id", "tenant_id", "id"),
)
